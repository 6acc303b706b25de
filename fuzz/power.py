#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Take each rule out and see which harness notices, and how soon.

  power.py FOLDER OUT [RULE...]

FOLDER has the harnesses, built for libFuzzer with VQG_FUZZ_ABLATION; OUT becomes a table. For each rule every harness
is run in turn, from nothing, with a fixed seed, in slices that grow, until one of them notices or a minute is over: so
the seconds are those of one core for all of them. The exit status is 0 when every rule that is not in UNSEEN is noticed.
"""

import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
SLICES = (1, 3, 6)
BUDGET = 60
SAID = re.compile(r"^\w+: step \d+ \(.*?\): .*$", re.M)
RUNS = re.compile(r"stat::number_of_executed_units:\s*(\d+)")

# What a rule refuses, another one that is tested right behind it refuses as well: only the name is another.
UNSEEN = {
    "AVAIL_JUMP": "S3 refuses all that it refuses: more than the queue has waits, whatever is in flight",
    "TOTAL_LENGTH": "M9 refuses all that it refuses: no policy allows more bytes than 32 bits count",
}


def run(harness, rule, seconds, folder):
    """Whether the harness notices, what it says, and how many scripts it played."""
    env = dict(os.environ, VQG_FUZZ_ASSUME=rule)
    command = [harness, "-seed=1", "-len_control=0", "-max_len=528", f"-max_total_time={seconds}", "-timeout=10",
               "-print_final_stats=1", "-print_funcs=0", f"-artifact_prefix={folder}/"]
    done = subprocess.run(command, env=env, capture_output=True, text=True, errors="replace", cwd=folder)
    said = SAID.search(done.stderr)
    runs = RUNS.search(done.stderr)
    words = said.group(0).split("): ", 1)[1] if said else "a crash"
    if done.returncode and not said and "deadly signal" not in done.stderr and "SEGV" not in done.stderr:
        words = "no end" if "timeout" in done.stderr else f"exit status {done.returncode}"
    return done.returncode != 0, words, int(runs.group(1)) if runs else 0


def try_rule(harnesses, rule, folder):
    began = time.monotonic()
    for seconds in SLICES:
        for harness in harnesses:
            if time.monotonic() - began > BUDGET:
                return None
            noticed, words, runs = run(harness, rule, seconds, folder)
            if noticed:
                return harness.name.removesuffix("_fuzzer"), time.monotonic() - began, runs, words
    return None


def main():
    if len(sys.argv) < 3:
        print(__doc__, file=sys.stderr)
        return 2
    harnesses = sorted(p for p in pathlib.Path(sys.argv[1]).glob("*_fuzzer") if os.access(p, os.X_OK))
    if not harnesses:
        sys.exit(f"power: no harness in {sys.argv[1]}; scripts/fuzz --power builds them")
    listed = subprocess.run([ROOT / "scripts" / "rules-doc", "--list"], check=True, capture_output=True, text=True)
    rows = [line.split() for line in listed.stdout.splitlines()]
    rows = [row for row in rows if row[2] not in ("BUILT", "LEFT")]
    unknown = set(sys.argv[3:]) - {name for row in rows for name in row[:2]}
    if unknown:
        sys.exit(f"power: no rule that can be taken out is called {', '.join(sorted(unknown))}")
    if sys.argv[3:]:
        rows = [row for row in rows if {row[0], row[1]} & set(sys.argv[3:])]
    lost = 0
    lines = ["| rule | name | harness | seconds | executions | what it sees |", "|---|---|---|---|---|---|"]
    with tempfile.TemporaryDirectory() as folder:
        for harness in harnesses:
            bad, words, _ = run(harness, "", 2, folder)
            if bad:
                sys.exit(f"power: {harness.name} fails with every rule on: {words}")
        for name, number, _ in rows:
            found = try_rule(harnesses, name, folder)
            if found:
                harness, seconds, runs, words = found
                lines.append(f"| {number} | `{name}` | {harness} | {seconds:.1f} | {runs} | {words} |")
            else:
                lost += name not in UNSEEN
                lines.append(f"| {number} | `{name}` | - | - | - | {UNSEEN.get(name, 'NOT NOTICED')} |")
            print(f"{number:<4} {name:<20} {lines[-1].split('|', 3)[3].strip(' |')}", flush=True)
    out = pathlib.Path(sys.argv[2])
    out.write_text("\n".join(lines) + "\n")
    print(f"{len(rows)} rules taken out one at a time, {lost} not noticed; the table is in {out}")
    return 1 if lost else 0


sys.exit(main())
