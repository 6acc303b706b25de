#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the back end costs, beside qemu-storage-daemon and beside itself without checks.

usage: bench.py [--full] [--accel kvm|tcg] --unchecked PROGRAM BACKEND

One Linux guest has three disks of the same content, in memory: by BACKEND, by the same
with every rule taken for granted (PROGRAM), and by qemu-storage-daemon. fio reads and
writes 4 KiB at random places, 32 at a time, on one disk after the other, slice by slice;
requests/s are the median of the slices, and a ratio is the median of the ratios of slices
beside each other. CPU time is that of the back end's process on the host, over all of its
slices. Then callgrind counts the instructions of both builds for as many requests. The status is 0 when the
back end serves at least 0.9 times the requests of qemu-storage-daemon.
"""
import argparse
import atexit
import json
import pathlib
import re
import shutil
import statistics
import sys
import time

from disk import BUILD, Backend, Disk, Failure
from machine import Guest, accelerator

OUT = BUILD / "linux" / "bench"
IMAGES = pathlib.Path("/dev/shm")
SIZE = 256 << 20
WANTED = 0.9
JOB = "--bs=4k --iodepth=32 --direct=1 --ioengine=libaio --norandommap --randrepeat=0"
OURS, UNCHECKED, PEER = "guarded", "unchecked", "qemu-storage-daemon"


def say(text=""):
    print(text, flush=True)


def make_disks(kinds, first=0):
    """A disk per (name, kind), the same bytes in each; the queue is the device's default of 128."""
    disks = []
    for number, (name, kind) in enumerate(kinds, first):
        image = IMAGES / f"vqguard-bench-{number}.img"
        atexit.register(image.unlink, missing_ok=True)
        with open(image, "wb") as file:
            block = bytes(range(256)) * 4096
            for _ in range(SIZE // len(block)):
                file.write(block)
        backend = Backend(kind, OUT, f"d{number}", image)
        disks.append((name, Disk(backend, 0x10 + number, **{"num-queues": 1, "queue-size": 128})))
    return disks


def boot(args, name, disks):
    # One processor, so that the back end has the host's other one. QEMU emulates barriers only where there may be two;
    # without them a guest does not see that it is to notify another process, and waits for ever.
    guest = Guest(OUT, name, [disk for _, disk in disks], args.accel, cpus="1,maxcpus=2")
    guest.expect("boot", 30)
    for _, disk in disks:
        said = guest.do(f"find_disk {disk.name} {disk.parent()}", f"find {disk.name}")
        disk.node = re.search(r": (vd\w+),", said).group(1)
    return guest


def run(guest, direction, jobs):
    """fio's jobs, one after the other, each a (disk, limit): [(requests, seconds) of each]."""
    words = [f"--name={n} --filename=/dev/{disk.node} --stonewall {limit}" for n, (disk, limit) in enumerate(jobs)]
    first = len(guest.lines)
    guest.do(f"fio_run --rw=rand{direction} {JOB} {' '.join(words)}", "fio", 60)
    found = []
    for said in guest.answers(first)[:len(jobs)]:
        fields = [int(n) for n in said.split()[-1].split(";")]
        kib, _, _, ms = fields[1:5] if direction == "read" else fields[5:]
        if fields[0] != len(found) or not kib or not ms:
            raise Failure(f"fio says {said}; the console is {guest.log}")
        found.append((kib // 4, ms / 1000))
    return found


def slices(args, disks):
    """{direction: {name: (requests/s of each slice, user and system microseconds a request)}}."""
    count, limit = (40, "--time_based --runtime=1s") if args.full else (8, "--time_based --runtime=400ms")
    found = {d: {} for d in ("read", "write")}
    for _, disk in disks:
        disk.backend.start()
    guest = boot(args, "slices", disks)
    try:
        run(guest, "read", [(disk, limit) for _, disk in disks])  # to warm up
        for direction, per_name in found.items():
            before = [disk.backend.cpu() for _, disk in disks]
            # Who is first changes from one slice to the next.
            turns = [(n + turn) % len(disks) for turn in range(count) for n in range(len(disks))]
            served = run(guest, direction, [(disks[n][1], limit) for n in turns])
            for n, (name, disk) in enumerate(disks):
                mine = [job for turn, job in zip(turns, served) if turn == n]
                requests = sum(job[0] for job in mine)
                cpu = [(b - a) * 1e6 / requests for a, b in zip(before[n], disk.backend.cpu())]
                per_name[name] = ([job[0] / job[1] for job in mine], *cpu)
        guest.end()
    finally:
        guest.kill()
    for _, disk in disks:
        disk.backend.stop()
    say(f"{count} slices for each disk and direction, {limit}")
    return found


def rate_ratio(ours, theirs):
    return statistics.median(a / b for a, b in zip(ours[0], theirs[0]))


def table(found):
    say(f"{'4 KiB, 32 at a time':27}{'requests/s':>12}{'user us':>10}{'system us':>11}{'both us':>9}")
    for direction, per_name in found.items():
        for name, (rates, user, system) in per_name.items():
            rate = statistics.median(rates)
            say(f"{direction:7}{name:20}{rate:12.0f}{user:10.2f}{system:11.2f}{user + system:9.2f}")


def ratios(found):
    """Prints ours over theirs; returns whether it is enough."""
    enough = True
    for direction, per_name in found.items():
        ours, theirs = per_name[OURS], per_name[PEER]
        rate, cpu = rate_ratio(ours, theirs), sum(ours[1:]) / sum(theirs[1:])
        say(f"{'ok  ' if rate >= WANTED else 'FAIL'} {direction}: {rate:.2f} times the requests/s of {PEER} "
            f"(wanted: {WANTED}), {cpu:.2f} times its CPU time a request")
        enough = enough and rate >= WANTED
    return enough


def counted(disk):
    """What callgrind has counted, when the back end has ended."""
    return int(re.search(r"Collected : (\d+)", disk.backend.log.read_text()).group(1))


def instructions(args):
    """{direction: {name: user instructions a request}}: of a disk that is used, without those of one that is not."""
    requests = 100000 if args.full else 20000
    uses = ("nothing", "read", "write")
    disks = {(name, use): disk for use in uses for name, disk in
             make_disks([(OURS, args.backend), (UNCHECKED, args.unchecked)], uses.index(use) * 2)}
    for disk in disks.values():
        disk.backend.start("valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null")
    guest = boot(args, "instructions", list(disks.items()))
    served = {}
    try:
        for (name, use), disk in disks.items():
            if use != "nothing":
                served[name, use] = run(guest, use, [(disk, f"--io_size={requests * 4}k")])[0][0]
        guest.end()
    finally:
        guest.kill()
    for disk in disks.values():
        disk.backend.stop()
    return {use: {name: (counted(disks[name, use]) - counted(disks[name, "nothing"])) / served[name, use]
                  for name in (OURS, UNCHECKED)} for use in uses[1:]}


def cost(found, counts):
    """What the checks cost, as a share of a request."""
    for direction, per_name in counts.items():
        ours, unchecked = per_name[OURS], per_name[UNCHECKED]
        say(f"checks, {direction}: {ours - unchecked:.0f} of {ours:.0f} user instructions a request, "
            f"{(ours - unchecked) / ours:.1%}")
        guarded, plain = found[direction][OURS], found[direction][UNCHECKED]
        say(f"checks, {direction}: {sum(guarded[1:]) - sum(plain[1:]):.2f} of {sum(guarded[1:]):.2f} us of CPU time a "
            f"request, {1 - sum(plain[1:]) / sum(guarded[1:]):.1%}; "
            f"{rate_ratio(guarded, plain):.2f} times the requests/s of the unchecked build")


def main():
    parser = argparse.ArgumentParser(usage=__doc__.partition("usage: ")[2].partition("\n")[0])
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--accel", choices=["kvm", "tcg"], default=accelerator())
    parser.add_argument("--unchecked", required=True)
    parser.add_argument("backend")
    args = parser.parse_args()
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir(parents=True)
    began = time.monotonic()
    disks = make_disks([(OURS, args.backend), (UNCHECKED, args.unchecked), (PEER, PEER)])
    say("Linux guest, by KVM" if args.accel == "kvm" else "Linux guest, emulated: it is slower than any back end")
    found = slices(args, disks)
    table(found)
    enough = ratios(found)
    counts = instructions(args)
    cost(found, counts)
    results = {"accel": args.accel, "slices": found, "instructions": counts}
    (OUT / "bench.json").write_text(json.dumps(results, indent=1))
    say(f"DONE {'pass' if enough else 'FAIL'} bench: {time.monotonic() - began:.0f} s")
    return 0 if enough else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failure as failure:
        print(failure if str(failure).startswith("FAIL") else f"FAIL {failure}", file=sys.stderr)
        sys.exit(1)
