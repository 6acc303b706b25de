#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Make the disk image of the bare-metal example, or check it after a run.

  check_image.py --make IMAGE SIZE    SIZE in bytes, or with K or M behind
  check_image.py IMAGE                after main.elf
  check_image.py --plain IMAGE        after plain.elf

The whole image is compared byte for byte; exit status 0 when all is as it
should be, 1 at the first difference. The layout and the mix are example.h's.
"""

import argparse
import array
import sys

SECTOR = 512
WORDS = SECTOR // 4

# tag, first sector, sectors
RETROFIT = [(8, 8192, 256)]
MAIN = [
    (1, 64, 64),
    (2, 256, 64),
    (3, 512, 128),
    (4, 1024, 512),
    (5, 2048, 2048),
    (6, 4096, 2048),
    (7, 6400, 128),
] + RETROFIT
END = 8448


def sector_data(tag, sector):
    words = array.array("I", bytes(SECTOR))
    base = (tag << 27 ^ sector << 7) & 0xFFFFFFFF
    for i in range(WORDS):
        x = base ^ i
        x ^= x >> 16
        x = x * 0x7FEB352D & 0xFFFFFFFF
        x ^= x >> 15
        x = x * 0x846CA68B & 0xFFFFFFFF
        words[i] = x ^ x >> 16
    if sys.byteorder == "big":
        words.byteswap()
    return words.tobytes()


def parse_size(text):
    units = {"K": 1 << 10, "M": 1 << 20}
    unit = units.get(text[-1:].upper(), 1)
    size = int(text if unit == 1 else text[:-1], 0) * unit
    if size % SECTOR != 0 or size < END * SECTOR:
        raise argparse.ArgumentTypeError(
            f"must be a multiple of {SECTOR} and at least {END * SECTOR}"
        )
    return size


def make(path, size):
    with open(path, "wb") as image:
        for sector in range(size // SECTOR):
            image.write(sector_data(0, sector))


def check(path, regions):
    tags = {}
    for tag, first, count in regions:
        for sector in range(first, first + count):
            tags[sector] = tag
    with open(path, "rb") as image:
        content = image.read()
    if len(content) % SECTOR != 0 or len(content) < END * SECTOR:
        return f"{path}: wrong size {len(content)}"
    for sector in range(len(content) // SECTOR):
        tag = tags.get(sector, 0)
        want = sector_data(tag, sector)
        have = content[sector * SECTOR : (sector + 1) * SECTOR]
        if have != want:
            at = next(i for i in range(SECTOR) if have[i] != want[i])
            return (
                f"{path}: sector {sector} offset {at}: "
                f"is {have[at]:#04x}, should be {want[at]:#04x} (tag {tag})"
            )
    written = sum(count for _, _, count in regions)
    print(f"{path}: {len(content) // SECTOR} sectors as expected, {written} of them written")
    return None


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--make", action="store_true", help="make IMAGE of SIZE")
    parser.add_argument("--plain", action="store_true", help="check what plain.elf wrote")
    parser.add_argument("image")
    parser.add_argument("size", nargs="?", type=parse_size)
    args = parser.parse_args()
    if args.make != (args.size is not None):
        parser.error("SIZE goes with --make")
    if args.make:
        make(args.image, args.size)
        return 0
    error = check(args.image, RETROFIT if args.plain else MAIN)
    if error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
