#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Bare-metal rv64 guests against vqguard-blk, under QEMU: a hostile device, and a hostile guest.

  run.py guest    a guest attacks the back end, which must stay up, name the rule each
                  time, serve the other queue, and leave the disk alone
  run.py attacks  the back end attacks two guests: a guarded one, which must name the rule
                  and go on after a reset, and an unguarded one, to show what harm that is

Exit status 0 when all held, 1 when something did not, 2 for bad usage.
"""

import argparse
import json
import shutil
import sys
from pathlib import Path

import hostile_device
import hostile_guest
from machine import ROOT, Failure, build


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=("attacks", "guest"))
    parser.add_argument("--program", default=ROOT / "build" / "vqguard-blk", type=Path, help="the back end")
    parser.add_argument("--out", default=ROOT / "build" / "guest", type=Path, help="where logs and images go")
    parser.add_argument("--short", action="store_true", help="a representative third of the attacks on guests; one engine")
    parser.add_argument("--json", metavar="FILE", type=Path, help="the results, for other programs")
    parser.add_argument("--markdown", action="store_true", help="the table as docs/hostile-device.md has it")
    parser.add_argument("--verbose", action="store_true", help="a line for each attack")
    return parser


def main():
    parser = arguments()
    options = parser.parse_args()
    if shutil.which("qemu-system-riscv64") is None:
        parser.error("qemu-system-riscv64 not found (Debian package: qemu-system-misc)")
    if not options.program.exists():
        parser.error(f"{options.program} not found; build it first, or name it with --program")
    options.out.mkdir(parents=True, exist_ok=True)
    try:
        build(options.out)
        if options.part == "guest":
            wrong, results = hostile_guest.run(options.program, options.out, options.short, options.verbose)
        else:
            wrong, results = hostile_device.run(options.program, options.out, options.short, options.verbose)
            if options.markdown:
                print(hostile_device.markdown(results))
    except Failure as failure:
        wrong, results = [str(failure)], []
    if options.json:
        options.json.write_text(json.dumps(results, indent=1) + "\n")
    for line in wrong:
        print(f"FAIL {line}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
