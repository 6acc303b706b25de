# SPDX-License-Identifier: MIT
"""What judge.py expects: the attacks and their rules, and what is on the disk."""
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "baremetal"))
import check_image  # noqa: E402

WAYS = ["request level", "queue level, plain driver", "queue level, split", "queue level, packed"]
# hostile*.c: each attack and the rule that must stop it; none: it does no harm
ATTACKS = {
    "request: read into app1's code": "C5",
    "request: read into my last 40 bytes and on into app1": "M1",
    "request: write app1's code to the disk": "C5",
    "request: write the kernel to the disk": "C5",
    "request: write the monitor to the disk": "C5",
    "request: read into the console's registers": "C5",
    "request: read beyond my part of the disk": "B4",
    "request: write to the other client's sectors": "B4",
    "request: write to the shared sectors": "B5",
    "plain driver: read into app1's code": "C5",
    "plain driver: write app1's code to the disk": "C5",
    "packed: read into app1's code": "C5",
    "packed: read into my last 40 bytes and on into app1": "M1",
    "packed: write the kernel to the disk": "C5",
    "queue: an address of mine, with bit 32 set": "C5",
    "queue: read into the used ring": "X8",
    "queue: a chain that is a loop": "C2",
    "queue: a chain of 64": "C2",
    "queue: an element that wraps": "C4",
    "queue: lengths that add up to more than 32 bits": "C3",
    "queue: a reserved flag": "C7",
    "queue: a next that is out of the table": "C1",
    "queue: a head that is out of the table": "S2",
    "queue: a head twice": "S4",
    "queue: an index that jumps": "S1",
    "queue: a table in app1": "I4",
    "queue: a table that names app1's code": "C5",
    "queue: a table in a table": "I5",
    "queue: a table of 64 entries": "I3",
    "queue: the used ring in app1": "Q6",
    "queue: the descriptor table in app1": "Q6",
    "queue: the used ring from my last 40 bytes on": "Q6",
    "queue: the used ring in the descriptor table": "Q7",
    "time: a descriptor rewritten after the kick": "C5",
    "time: a table rewritten after the kick": "C5",
    "time: the index rewritten after the kick": "S1",
    "time: kicks without work for a second": None,
    "time: one rule broken 500 times": "C5",
}
# deceived.c: each lie of the disk, and the rule that must notice it
LIES = {
    "an id that is not in the queue": "U2",
    "an id that is not out": "U3",
    "more bytes than were lent": "U5",
    "an index that jumps": "U1",
}
CLIENTS = ["DRIVER", "CLIENT"]

LAYOUT = (HERE / "include" / "layout.h").read_text()
# The numbers of layout.h, which the applications have.
L = {name: int(value, 0) for name, value in re.findall(r"^#define (\w+) (\w+)", LAYOUT, re.M) if value[0].isdigit()}
FILES = [(int(first, 0), int(size, 0)) for first, size in re.findall(r"X\((\w+), (\w+)\)", LAYOUT)]
SMALL = FILES[: L["SMALL_FILES"]]
SECTOR = L["SECTOR_SIZE"]


def sector(image, number):
    return image[number * SECTOR : (number + 1) * SECTOR]


def fresh_disk(payload):
    image = bytearray(b"".join(s.to_bytes(8, "little") * (SECTOR // 8) for s in range(L["DISK_SECTORS"])))
    first = (L["DRIVER_FIRST"] + L["PAYLOAD_SECTOR"]) * SECTOR
    image[first : first + SECTOR] = payload
    return bytes(image)


def written_files(names, files):
    """What clients leave on the disk that keep to the rules."""
    changed = {}
    for name in names:
        for way in range(len(WAYS)):
            for first, size in files:
                start = way * L["WAY_SECTORS"] + first
                for number in range(start, start + size // SECTOR):
                    changed[L[f"{name}_FIRST"] + number] = check_image.sector_data(L[f"{name}_TAG"] + way, number)
    return changed


def checked():
    """What app0 leaves there when it works again."""
    return {L["DRIVER_FIRST"] + L["CHECK_SECTOR"]: check_image.sector_data(L["CHECK_TAG"], L["CHECK_SECTOR"])}
