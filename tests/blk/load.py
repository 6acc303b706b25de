#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How many requests a second a back end serves when its guest is no slower than it is, beside qemu-storage-daemon and
beside itself without checks.

usage: load.py [--full] --unchecked PROGRAM --load PROGRAM BACKEND

The guest is a process of this machine, with the driver endpoint of the library. All three have the same image. 4 KiB at
random places, 32 at a time and one at a time, in turns; requests/s are the median of the slices, and a ratio is
the median of the ratios of slices beside each other. CPU time is that of the back end's process. The status is 0 when
BACKEND serves at least 0.9 times the requests of qemu-storage-daemon in each of them.
"""
import argparse
import pathlib
import shutil
import statistics
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "linux"))

from disk import Backend  # noqa: E402 (they are found by the line above)
from machine import BUILD, Failure  # noqa: E402

OUT = BUILD / "blk-load"
WANTED = 0.9
OURS, UNCHECKED, PEER = "guarded", "unchecked", "qemu-storage-daemon"
# The other one has no packed queues.
SHAPES = [("read", "split", 32), ("write", "split", 32), ("read", "split", 1), ("write", "split", 1),
          ("read", "packed", 32)]


def measure(load, backend, seconds, direction, form, depth):
    """Requests a second, and microseconds of the back end's time a request."""
    before = sum(backend.cpu())
    command = [load, backend.socket, str(seconds), direction, form, str(depth)]
    made = subprocess.run(command, capture_output=True, text=True, check=False)
    if made.returncode != 0:
        raise Failure(f"{backend.name}: the guest fails: {made.stderr}")
    rate, served = made.stdout.split()
    return float(rate), (sum(backend.cpu()) - before) * 1e6 / int(served)


def slices(args, backends, count, seconds, *shape):
    """What each back end does, slice by slice; who is first changes."""
    found = {name: [] for name in backends}
    for turn in range(count):
        for name in list(backends) if turn % 2 == 0 else reversed(backends):
            found[name].append(measure(args.load, backends[name], seconds, *shape))
    return found


def compare(args, backends, direction, form, depth):
    """Prints a line for each back end; returns whether ours is fast enough."""
    count, seconds = (16, 1) if args.full else (4, 0.3)
    some = {name: b for name, b in backends.items() if form == "split" or name != PEER}
    for again in (1, 4):  # where a few slices are not enough, more of them decide
        found = slices(args, some, count * again, seconds, direction, form, depth)
        ratios = {name: statistics.median(ours[0] / other[0] for ours, other in zip(found[OURS], found[name]))
                  for name in found}
        if ratios.get(PEER, WANTED) >= WANTED:
            break
    for name, made in found.items():
        rate, cpu = statistics.median(s[0] for s in made), statistics.median(s[1] for s in made)
        beside = "" if name == OURS else f"   guarded: {ratios[name]:.2f} times"
        what = f"{direction:6}{form:7}{depth:3} at a time  {name:20}"
        print(f"{what}{rate:10.0f} requests/s {cpu:7.2f} us{beside}", flush=True)
    if ratios.get(PEER, WANTED) < WANTED:
        print(f"FAIL {direction} {form} {depth}: {ratios[PEER]:.2f} times the requests/s of {PEER}, not {WANTED}")
        return False
    return True


def main():
    parser = argparse.ArgumentParser(usage=__doc__.partition("usage: ")[2].partition("\n")[0])
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--unchecked", required=True)
    parser.add_argument("--load", required=True)
    parser.add_argument("backend")
    args = parser.parse_args()
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir(parents=True)
    backends = {}
    for name, kind in ((OURS, args.backend), (UNCHECKED, args.unchecked), (PEER, PEER)):
        image = OUT / f"{name}.img"
        image.write_bytes(bytes(range(256)) * 4096)
        backends[name] = Backend(kind, OUT, name, image).start()
    enough = [compare(args, backends, *s) for s in SHAPES]
    for backend in backends.values():
        backend.stop()
    return 0 if all(enough) else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failure as failure:
        print(f"FAIL {failure}", file=sys.stderr)
        sys.exit(1)
