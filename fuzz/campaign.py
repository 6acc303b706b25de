#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""One campaign: run a harness for a time, show how far it is, keep what it finds, minimise what it has learnt.

  campaign.py HARNESS SECONDS GROWN FOUND BEGIN...

HARNESS is built for libFuzzer. Scripts that do something new go into the folder GROWN, where the next campaign goes on,
and one that fails into FOUND, minimised; BEGIN are folders to begin with. What fails is written to memory first, so
that a full disk does not lose it: then it is printed instead. The exit status is 0 when nothing failed.
"""

import base64
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import minimise

ROOM = 16 << 20
PROGRESS = re.compile(r"^#(\d+).*cov: (\d+).*corp: (\d+)/.*exec/s: (\d+)", re.M)
# Weighing scripts by how rare their features are takes a third of the time, and finds fewer features in the same time.
OPTIONS = ["-max_len=784", "-len_control=0", "-entropic=0", "-timeout=10", "-print_funcs=0",
           f"-dict={pathlib.Path(__file__).parent / 'vqguard.dict'}"]


def report(name, file, found, harness):
    """Says what was found and how to see it again; the script itself, where no disk takes it."""
    data = file.read_bytes()
    less = minimise.minimise(minimise.player(harness), data) or data
    kept = found / file.name
    try:
        (found / f"{file.name}.whole").write_bytes(data)
        kept.write_bytes(less)
        print(f"{name}: found something: {kept}\n  scripts/fuzz --replay {kept} {name}", flush=True)
    except OSError as error:
        print(f"{name}: found something, and {found} does not take it ({error.strerror}). This is the script:\n"
              f"  echo {base64.b64encode(less).decode()} | base64 -d >found\n"
              f"  scripts/fuzz --replay found {name}", flush=True)


def follow(process, name):
    """Shows the progress, and returns the last of what the harness said."""
    said, shown = "", time.monotonic()
    for line in process.stdout:
        said = (said + line)[-65536:]
        now = PROGRESS.match(line)
        if now and time.monotonic() - shown >= 10:
            shown = time.monotonic()
            print(f"{name}: {now[1]} scripts, {now[4]} a second, {now[3]} kept", flush=True)
    process.wait()
    return said


def main():
    if len(sys.argv) < 6 or not sys.argv[2].isdigit():
        print(__doc__, file=sys.stderr)
        return 2
    harness, seconds = pathlib.Path(sys.argv[1]).resolve(), sys.argv[2]
    grown, found = pathlib.Path(sys.argv[3]), pathlib.Path(sys.argv[4])
    name = harness.name.removesuffix("_fuzzer")
    for folder in (grown, found):
        folder.mkdir(parents=True, exist_ok=True)
    if shutil.disk_usage(grown).free < ROOM:
        sys.exit(f"campaign: less than {ROOM >> 20} MiB are free in {grown}; make room, then come again")
    memory = tempfile.mkdtemp(prefix=f"{name}.", dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None)
    process = subprocess.Popen([harness, grown, *sys.argv[5:], *OPTIONS, f"-max_total_time={seconds}",
                                "-print_final_stats=1", f"-artifact_prefix={memory}/"], stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, text=True, errors="replace")
    ended = []

    def end(number, _):
        """Whoever ends this ends the harness; what was found until then is reported."""
        ended.append(number)
        process.terminate()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, end)
    said = follow(process, name)
    files = sorted(pathlib.Path(memory).iterdir())
    for file in files:
        report(name, file, found, harness)
    shutil.rmtree(memory)
    if ended and not files:
        print(f"{name}: ended early, nothing found; what was learnt is in {grown}")
        return 128 + ended[0]
    if process.returncode or files:
        print("\n".join(re.findall(r"^(?:\w+: step .*|SUMMARY.*|.*runtime error.*|.*ERROR.*)$", said, re.M)[:5])
              or said[-2000:], file=sys.stderr)
        print(f"{name}: failed (status {process.returncode})", file=sys.stderr)
        return 1
    less = tempfile.mkdtemp(dir=grown.parent)
    merged = subprocess.run([harness, "-merge=1", less, grown, *sys.argv[5:]], capture_output=True, text=True,
                            errors="replace")
    if merged.returncode:
        shutil.rmtree(less)
        sys.exit(f"campaign: {name}: what was kept cannot be minimised:\n{merged.stderr[-500:]}")
    shutil.rmtree(grown)
    os.rename(less, grown)
    runs = re.search(r"number_of_executed_units:\s*(\d+)", said)
    print(f"{name}: {runs[1]} scripts, nothing found; {sum(1 for _ in grown.iterdir())} kept in {grown}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
