#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Lets each mutant live alone, in every test that passes it by, until one fails.

  run BUILD LIST EXPLAINED REPORT [--again] [HEADER...]

BUILD has the tests and the fuzz harnesses, built with all mutants; LIST names those; EXPLAINED says which may
survive, and why; REPORT gets a line for each other survivor. With --again only those in REPORT are tried. The exit status is 0 when every survivor is explained, every explanation
has a survivor, and the score is what is promised.
"""
import collections
import concurrent.futures
import os
import pathlib
import subprocess
import sys
import tempfile
import time

PROMISED = 95.0
Mutant = collections.namedtuple("Mutant", "number header line function was now")
# A test that has come to no end after so many times its usual time has noticed.
PATIENCE = 20.0
ARGUMENTS = {"model_": ["--operations", "20000"], "monitor_soak": ["--operations", "10000"]}
ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
TESTS = ("test_*", "model_*", "monitor_soak")


def arguments(program):
    """A harness plays what is committed for it."""
    if program.name.endswith("_fuzzer"):
        name = program.name.removesuffix("_fuzzer")
        return sorted(file for kind in ("corpus", "regressions") for file in (ROOT / "fuzz" / kind / name).glob("*"))
    return next((more for name, more in ARGUMENTS.items() if program.name.startswith(name)), [])


def programs_in(build):
    found = [p for pattern in TESTS for p in (build / "tests").glob(pattern)] + list((build / "fuzz").glob("*_fuzzer"))
    return sorted(p for p in found if p.is_file() and os.access(p, os.X_OK) and "_port_" not in p.name)


def play(program, limit=120.0, **environment):
    """How a program ends: 0 as it should, and how long it took."""
    env = dict(os.environ, CMOCKA_MESSAGE_OUTPUT="stdout", **environment)
    begun = time.monotonic()
    try:
        status = subprocess.run([program, *arguments(program)], env=env, stdout=subprocess.DEVNULL,
                                stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, timeout=limit,
                                check=False).returncode
    except subprocess.TimeoutExpired:
        status = -1
    return status, time.monotonic() - begun


def trace(program):
    """Seconds that a program takes, and the mutants that it passes by."""
    with tempfile.NamedTemporaryFile() as file:
        status, seconds = play(program, VQG_MUTANT_TRACE=file.name)
        if status != 0:
            sys.exit(f"mutate: {program.name} fails without any mutant (status {status})")
        return seconds, {i for i, passed in enumerate(pathlib.Path(file.name).read_bytes()) if passed}


def killer(mutant, programs, traces, past):
    """The first program that fails with this mutant, and how many there were. First those that found its like soon."""
    near = [p for p in programs if mutant.number in traces[p][1]]

    def promise(program):
        killed, played = past[mutant.header, program]
        return (killed + 1) / (played + 2) / (traces[program][0] + 0.01)

    for program in sorted(near, key=promise, reverse=True):
        limit = 2.0 + PATIENCE * traces[program][0]
        dead = play(program, limit, VQG_MUTANT=str(mutant.number))[0] != 0
        past[mutant.header, program][0] += dead
        past[mutant.header, program][1] += 1
        if dead:
            return program, len(near)
    return None, len(near)


def read_explained(path):
    """Rows 'HEADER: FUNCTION: WAS => NOW :: WHY'."""
    rows = {}
    for line in path.read_text().splitlines():
        if line and not line.startswith("#"):
            change, _, reason = line.partition(" :: ")
            if not reason:
                sys.exit(f"mutate: {path.name}: no reason in '{line}'")
            rows[change] = reason
    return rows


def main():
    if len(sys.argv) < 5:
        print(__doc__, file=sys.stderr)
        return 2
    build, listing, explained_at, report = map(pathlib.Path, sys.argv[1:5])
    headers = sys.argv[5:]
    mutants = [Mutant(int(number), *rest)
               for number, *rest in (line.split("\t") for line in listing.read_text().splitlines())]
    whole = not headers
    if "--again" in headers:
        headers.remove("--again")
        tried = {tuple(line.split("\t")) for line in report.read_text().splitlines()}
        mutants = [m for m in mutants if (m.header, m.function, m.was, m.now) in tried]
    if headers:
        mutants = [m for m in mutants if m.header in headers]
    programs = programs_in(build)
    if not programs or not mutants:
        sys.exit("mutate: no programs, or no mutants")
    with concurrent.futures.ThreadPoolExecutor(int(os.environ.get("JOBS", os.cpu_count()))) as pool:
        traces = dict(zip(programs, pool.map(trace, programs)))
        past = collections.defaultdict(lambda: [0, 0])
        found = dict(zip(mutants, pool.map(lambda m: killer(m, programs, traces, past), mutants)))
    explained = read_explained(explained_at)
    survivors = [m for m in mutants if found[m][0] is None]
    changes = {m: f"{m.header}: {m.function}: {m.was} => {m.now}" for m in survivors}
    open_ones = [m for m in survivors if changes[m] not in explained]
    report.write_text("".join("\t".join((m.header, m.function, m.was, m.now)) + "\n" for m in open_ones))
    idle = [row for row in explained if row not in changes.values()] if whole else []
    score = 100.0 * (len(mutants) - len(survivors)) / len(mutants)
    for header in sorted({m.header for m in mutants}):
        of = [m for m in mutants if m.header == header]
        left = sum(1 for m in of if m in changes)
        print(f"| {header} | {len(of)} | {len(of) - left} | {100.0 * (len(of) - left) / len(of):.1f} |")
    print(f"{len(mutants)} mutants, {len(survivors)} survived ({len(open_ones)} unexplained): {score:.1f} %")
    for change in idle:
        print(f"explained, and killed or gone: {change}")
    for m in open_ones:
        print(f"survived: {changes[m]} (line {m.line}; {found[m][1]} programs pass it by)")
    return 1 if open_ones or idle or (whole and score < PROMISED) else 0


sys.exit(main())
