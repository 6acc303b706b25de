#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How many scripts of 32 steps a harness plays in a second of one core's time: the best of three runs.

  speed.py BUILDS NAME...

BUILDS has the builds of scripts/fuzz --speed. Writes the table in docs/assurance.md. The exit status is 0 when each is
above its bound.
"""

import pathlib
import re
import resource
import subprocess
import sys
import tempfile

import page

BOUNDS = {"none": 50000, "address": 10000}
# Each of its scripts makes sockets, files and mappings: the kernel sets the pace.
SYSTEM = {"vhost": {"none": 500, "address": 200}}
SYSTEM_RUNS = 2000


def made(harness):
    """Scripts of 32 steps as the mutator makes them, one after the other, without an engine."""
    said = subprocess.run([harness, "--random", "1"], check=True, capture_output=True, text=True).stdout
    return int(re.search(r"(\d+) scripts of 32 steps a second", said)[1])


def guided(harness, runs):
    """Scripts of up to 32 steps in a campaign, which keeps what it learns in memory."""
    with tempfile.TemporaryDirectory() as folder:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([harness, f"-runs={runs}", "-seed=1", "-len_control=0", "-max_len=272", "-entropic=0"],
                       check=True, capture_output=True, cwd=folder)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return int(runs / (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime))


def main():
    if len(sys.argv) < 3:
        print(__doc__, file=sys.stderr)
        return 2
    builds = pathlib.Path(sys.argv[1]).resolve()
    lines = ["| harness | made | made, sanitizers | guided | guided, sanitizers |", "|---|---|---|---|---|"]
    slow = []
    for name in sys.argv[2:]:
        row = []
        runs = SYSTEM_RUNS if name in SYSTEM else 0
        for build, bound, figure in (
            ("fuzz-plain", "none", made),
            ("fuzz-gcc", "address", made),
            ("fuzz-none", "none", lambda harness: guided(harness, runs or 100000)),
            ("fuzz-address", "address", lambda harness: guided(harness, runs or 50000)),
        ):
            # What else runs on the machine only makes it slower.
            row.append(max(figure(builds / build / "fuzz" / f"{name}_fuzzer") for _ in range(3)))
            least = SYSTEM.get(name, BOUNDS)[bound]
            if row[-1] < least:
                slow.append(f"{name} in {build}: {row[-1]}, and not {least}")
        lines.append(f"| {name} | " + " | ".join(str(n) for n in row) + " |")
        print(lines[-1], flush=True)
    if slow:
        sys.exit("speed: too slow: " + "; ".join(slow))
    page.write("speed", "\n".join(lines))
    return 0


sys.exit(main())
