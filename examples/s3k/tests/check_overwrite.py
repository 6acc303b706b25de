#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Judges app1's console before and after its first sector was replaced.

usage: check_overwrite.py LOG VICTIM-CODE PAYLOAD
"""
import re
import sys

SECTOR = 512
ENOUGH = 3  # beats, to call it a heartbeat


def fnv1a(data):
    value = 0xCBF29CE484222325
    for byte in data:
        value = (value ^ byte) * 0x100000001B3 % 2**64
    return value


def problems(text, code, payload):
    before, marker, after = text.partition("overwrite: one sector written")
    if not marker or "overwrite: done" not in after:
        yield "the test did not come to its end"
    if len(payload) != SECTOR:
        yield f"the payload has {len(payload)} bytes, not a sector"
    for when, part, image, speaks, silent in (
        ("before", before, code, "victim: this is app1's own code", "payload:"),
        ("after", after, payload + code[SECTOR:], "payload: I have taken over app1", "own code"),
    ):
        hashes = re.findall(r"^victim: beat \d+ hash ([0-9a-f]+)$", part, re.M)
        if len(hashes) < ENOUGH:
            yield f"{when}: {len(hashes)} beats, {ENOUGH} at least are expected"
        for value in sorted(set(hashes)):
            if int(value, 16) != fnv1a(image):
                yield f"{when}: app1 says its code hashes to {value}, its image to {fnv1a(image):x}"
        if part.count(speaks) < ENOUGH:
            yield f"{when}: '{speaks}' is not said"
        if silent in part:
            yield f"{when}: '{silent}' is said"
    beats = [int(n) for n in re.findall(r"^victim: beat (\d+) ", text, re.M)]
    if beats != list(range(1, len(beats) + 1)):
        yield "app1's beats are not all there, in order"


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    with open(sys.argv[1], encoding="ascii", errors="replace", newline="") as log:
        text = log.read().replace("\r\n", "\n")
    text = text[: text.rfind("\n") + 1]  # QEMU may have been ended within a line
    with open(sys.argv[2], "rb") as victim, open(sys.argv[3], "rb") as payload:
        found = list(problems(text, victim.read(), payload.read()))
    for problem in found:
        print("check_overwrite:", problem, file=sys.stderr)
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
