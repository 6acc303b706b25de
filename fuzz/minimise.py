#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Make a script that fails shorter, step by step, for as long as it fails in the same way.

  minimise.py HARNESS FILE OUT

HARNESS plays FILE, built for any engine. The exit status is 1, and OUT is not written, when FILE does not fail.
"""

import pathlib
import re
import subprocess
import sys
import tempfile
import time

HEAD, STEP = 16, 8  # fuzz/script.h
BUDGET = 20
SAID = re.compile(r"^\w+: step \d+ \(.*?\): (.*)$|^SUMMARY: (.*?)[ (]", re.M)


def player(harness, environment=None):
    """How `harness` fails with a script: a text, or None."""

    def play(data):
        with tempfile.NamedTemporaryFile() as file:
            file.write(data)
            file.flush()
            try:
                done = subprocess.run([harness, file.name], env=environment, capture_output=True, text=True,
                                      errors="replace", timeout=30)
            except subprocess.TimeoutExpired:
                return "no end"
        if done.returncode in (0, 2):  # 2: it was not played
            return None
        said = SAID.search(done.stderr)
        # Numbers differ from script to script.
        return re.sub(r"0x[0-9a-f]+|\d+", "N", next(filter(None, said.groups()))) if said else "a crash"

    return play


def minimise(play, data):
    """The shortest script found that fails like `data`; None: it does not fail."""
    data = data.ljust(HEAD, b"\0")  # what is missing is 0
    how = play(data)
    if how is None:
        return None
    end = time.monotonic() + BUDGET
    chunk = max(1, (len(data) - HEAD) // STEP // 2)
    while chunk:
        at = HEAD
        while at < len(data) and time.monotonic() < end:
            less = data[:at] + data[at + STEP * chunk:]
            if play(less) == how:
                data = less
            else:
                at += STEP * chunk
        chunk //= 2
    for at in range(min(HEAD, len(data))):
        plain = data[:at] + b"\0" + data[at + 1:]
        if data[at] and time.monotonic() < end and play(plain) == how:
            data = plain
    return data


def main():
    if len(sys.argv) != 4:
        print(__doc__, file=sys.stderr)
        return 2
    less = minimise(player(sys.argv[1]), pathlib.Path(sys.argv[2]).read_bytes())
    if less is None:
        print(f"minimise: {sys.argv[2]} does not fail", file=sys.stderr)
        return 1
    pathlib.Path(sys.argv[3]).write_bytes(less)
    return 0


if __name__ == "__main__":
    sys.exit(main())
