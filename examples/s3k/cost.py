#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes a table of what the scenes about cost counted, and judges it.

usage: cost.py DIR

DIR has the scenes cost, cost-unguarded and cost-trusting, each with its console.log, and
monitor.size, what `size -A` says of the monitor. A figure above its bound fails: with QEMU's -icount
they hardly differ from one run to the next, so the bounds are a few per cent above them.
"""
import pathlib
import re
import sys

# What is measured: its bound, and what was wanted of it.
BOUNDS = {
    "checks, per cent of a round trip of IPC, 32 at a time": (36, 15),
    "a read by queue, 32 at a time, instructions": (3300, None),
    "a read by request, instructions": (8000, None),
    "the monitor's text, bytes": (41000, 16384),
    "the monitor's data, bytes": (128, None),
    "the monitor's stack, bytes": (1152, None),
}
COUNT = re.compile(r"^driver: cost: (.+), (\d+) bytes: good, all (\d+) ask (\d+) move (\d+)$", re.M)


def console(folder):
    return (folder / "console.log").read_text().replace("\r\n", "\n")


def counted(folder):
    """Of each way to the disk and size of a read: all instructions, asking the kernel, judging and moving."""
    return {(way, int(size)): tuple(map(int, rest)) for way, size, *rest in COUNT.findall(console(folder))}


def sections(folder):
    text = (folder / "monitor.size").read_text()
    return {name: int(size) for name, size in re.findall(r"^\.(\w+) +(\d+)", text, re.M)}


def table(unguarded, guarded, trusting):
    print("| a read | bytes | instructions | checks | asking the kernel | monitor beside | IPC and driver |")
    print("|---|---|---|---|---|---|---|")
    for (way, size), (total, _, _) in unguarded.items():
        print(f"| {way} | {size} | {total} | - | - | - | {total} |")
    for (way, size), (total, ask, move) in guarded.items():
        checks = move - trusting[way, size][2]
        print(f"| {way} | {size} | {total} | {checks} | {ask} | {move - checks} | {total - ask - move} |")


def main(folder):
    unguarded, guarded, trusting = (counted(folder / name) for name in ("cost-unguarded", "cost", "cost-trusting"))
    text = console(folder / "cost")
    trip = int(re.search(r"a round trip of IPC: (\d+)", text)[1])
    size = sections(folder)
    many = [key for key in guarded if "32 at a time" in key[0]]
    table(unguarded, guarded, trusting)
    print(f"\nA round trip of IPC takes {trip} instructions. Data is never copied.\n")
    found = [
        round(100 * max(guarded[key][2] - trusting[key][2] for key in many) / trip),
        max(guarded[key][0] for key in many),
        max(counts[0] for (way, _), counts in guarded.items() if way == "request level"),
        size["first"] + size["text"],
        size["data"],
        int(re.search(r"monitor: stack (\d+) bytes", text)[1]),
    ]
    print("| of the monitor | measured | bound | wanted |\n|---|---|---|---|")
    for (what, (bound, wanted)), value in zip(BOUNDS.items(), found):
        print(f"| {what} | {value} | {bound} | {wanted or '-'} |")
        if value > bound:
            print(f"cost.py: {what}: {value}, more than {bound}", file=sys.stderr)
    return int(any(value > bound for (bound, _), value in zip(BOUNDS.values(), found)))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(pathlib.Path(sys.argv[1])))
