#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""An honest Linux guest on the back end: every kind of queue, a back end killed under load, disks unplugged.

usage: honest.py [--full] [--accel kvm|tcg] BACKEND

BACKEND is the program, or qemu-storage-daemon to see what this does with another one
(which has no packed queues, and does not survive being killed). What the guest does is
in init; here is when, and what has to be true of the images afterwards. Without --full,
two disks lose their back end and two are unplugged; with it all of them, over and over,
and more shapes of queues. The status is 0 when all held.
"""
import argparse
import itertools
import random
import shutil
import signal
import subprocess
import sys
import time

from disk import BUILD, Backend, Disk, Failure
from machine import Guest, accelerator

OUT = BUILD / "linux" / "honest"
FEATURES = {"indirect_desc": 28, "event_idx": 29, "packed": 34}
OTHERS = {"qemu-storage-daemon"}
# Below this a back end waits before each call that moves data: with requests that it has taken and not answered.
SLOW = ["strace", "-D", "-o", "/dev/null", "-e", "trace=io_uring_enter,preadv,pwritev2",
        "-e", "inject=io_uring_enter,preadv,pwritev2:delay_enter=100000"]


def say(text):
    print(text, flush=True)


def kinds(backend, full):
    """Properties of the disks of the first guest."""
    forms = [False] if backend in OTHERS else [False, True]
    found = [{"packed": p, "indirect_desc": i, "event_idx": e, "num-queues": 1, "queue-size": 128}
             for p, i, e in itertools.product(forms, [True, False], [True, False])]
    if full and backend not in OTHERS:
        found += [{"packed": p, "indirect_desc": True, "event_idx": True, "num-queues": q, "queue-size": n}
                  for p, (q, n) in itertools.product(forms, [(2, 16), (2, 128), (1, 1024)])]
    return found


def described(properties):
    words = ["packed" if properties["packed"] else "split "]
    words += [text if properties[key] else " " * len(text)
              for key, text in (("indirect_desc", "indirect"), ("event_idx", "event_idx"))]
    if properties["num-queues"] != 1 or properties["queue-size"] != 128:
        words.append(f"{properties['num-queues']} x {properties['queue-size']}")
    return " ".join(words)


def make_disk(args, number, device="vhost-user-blk-pci", options=(), **properties):
    image = OUT / f"d{number}.img"
    with open(image, "wb") as file:
        file.truncate(64 << 20)
    if args.backend not in OTHERS:
        options = [*options, "--queues", properties["num-queues"]]
    backend = Backend(args.backend, OUT, f"d{number}", image, *options)
    return Disk(backend, 0x10 + number, device, **properties)


def each(guest, disks, command, answer, seconds=60):
    """One command on every disk, at the same time; the answers in the order of the disks."""
    first = len(guest.lines)
    for disk in disks:
        guest.send(command.format(disk.name))
    return [guest.expect(f"{answer} {disk.name}", seconds, first) for disk in disks]


def find(guest, disk):
    """The guest has the disk, with the features that it was to have."""
    said = guest.do(f"find_disk {disk.name} {disk.parent()}", f"find {disk.name}")
    bits = said.split()[-1]
    for name, bit in FEATURES.items():
        if int(bits[bit]) != disk.properties[name]:
            raise Failure(f"{disk.name}: {name} is {bits[bit]} in the guest; the console is {guest.log}")
    if disk.backend.kind not in OTHERS and f"serial '{disk.name}'" not in said:
        raise Failure(f"{disk.name}: another serial number: {said}")


def more_rounds(guest, disk, count):
    """Waits until the load has written and read back `count` times more."""
    first = len(guest.lines)
    guest.expect(f"round {disk.name}", 60, first, count)


def stopped(disk):
    """The back end is stopped, wherever it is in its work."""
    disk.backend.process.send_signal(signal.SIGSTOP)


def fill(guest, disk):
    """Stops the back end until the guest's load has filled the queue; leaves it stopped, and returns the requests."""
    for _ in range(20):
        stopped(disk)
        said = guest.do(f"flight {disk.name}", f"flight {disk.name}")
        there, room = map(int, said.split()[-3::2])
        if there >= room:
            return there
        # The load was between two rounds, or waits for its last few requests.
        disk.backend.process.send_signal(signal.SIGCONT)
        time.sleep(random.uniform(0.0, 0.3))
    raise Failure(f"{disk.name}: the load does not fill the queue; the console is {guest.log}")


def load(guest, disks):
    """Has the queues full and the writes read back; returns the number of requests of each full queue."""
    found = []
    each(guest, disks, "load {} pages", "round")
    for disk in disks:
        found.append(fill(guest, disk))
        disk.backend.process.send_signal(signal.SIGCONT)
        more_rounds(guest, disk, 1)
    end_load(guest, disks)
    return found


def end_load(guest, disks):
    each(guest, disks, "stop_load {}", "load")
    each(guest, disks, "check {}", "check")


def resumed(disk):
    """Requests of processes that were killed, which the next ones have found in flight."""
    return sum(queue["resumed"] for queue in disk.backend.events("queue"))


def kill(guest, disk, *before):
    """Kills the back end with requests in flight, as the guest sees it, and starts another."""
    disk.backend.kill()
    said = guest.do(f"flight {disk.name} 1", f"flight {disk.name}")
    if said.endswith(" 0 of 1"):
        raise Failure(f"{disk.name}: nothing was in flight; the console is {guest.log}")
    queues = len(disk.backend.events("queue"))
    disk.backend.start(*before)
    until = time.monotonic() + 20 * guest.patience
    while len(disk.backend.events("queue")) == queues:
        if time.monotonic() > until:
            raise Failure(f"{disk.name}: QEMU does not come back; the events are {disk.backend.json}")
        time.sleep(0.02)


def kill_full(guest, disk):
    """With the queue full."""
    fill(guest, disk)
    kill(guest, disk)


def kill_busy(guest, disk):
    """At any time; then with requests that the back end has taken. Of a split queue it is seen that there were some."""
    kill(guest, disk, *SLOW)
    before = resumed(disk)
    for _ in range(5):
        time.sleep(random.uniform(0.05, 0.3))
        kill(guest, disk)
        if disk.properties["packed"] or resumed(disk) > before:
            return
        kill(guest, disk, *SLOW)
    raise Failure(f"{disk.name}: no request was taken up again; the events are {disk.backend.json}")


def kill_under_load(guest, disk, times):
    """Kills the back end over and over while the guest writes and reads back."""
    for kind, deed in (("pages", kill_full), ("flushes", kill_busy)):
        each(guest, [disk], "load {} " + kind, "round")
        for _ in range(times):
            deed(guest, disk)
            # The first of these may have been read back before the kill; the second was not.
            more_rounds(guest, disk, 2)
        end_load(guest, [disk])


def replug(guest, disk):
    """Unplugs the disk while it is being read, and plugs it in again."""
    each(guest, [disk], "leave {}", "leave")
    each(guest, [disk], "hammer {}", "hammer")
    time.sleep(0.3)
    disk.unplug(guest)
    disk.plug(guest)
    find(guest, disk)
    each(guest, [disk], "mount_disk {}", "mount")
    each(guest, [disk], "check {}", "check")


def judge_read_only(disk):
    """Nothing has written to it."""
    with open(disk.backend.image, "rb") as file:
        while part := file.read(1 << 20):
            if part.count(0) != len(part):
                raise Failure(f"{disk.name}: a disk that may only be read was written")
    disk.backend.image.unlink()


def judge_image(disk):
    """What the guest has written, read without the guest and without the back end."""
    image, copy = disk.backend.image, OUT / f"{disk.name}.files"
    checked = subprocess.run(["e2fsck", "-fn", image], capture_output=True, text=True)
    if checked.returncode != 0:
        raise Failure(f"{disk.name}: e2fsck -fn {image}: {checked.stdout.strip()[-300:]}")
    shutil.rmtree(copy, ignore_errors=True)
    copy.mkdir()
    for name in ("sums", "files"):
        subprocess.run(["debugfs", "-R", f"rdump /{name} {copy}", image], check=True, capture_output=True)
    sums = subprocess.run(["sha256sum", "--quiet", "-c", "sums"], cwd=copy, capture_output=True, text=True)
    if sums.returncode != 0:
        raise Failure(f"{disk.name}: on the host, {sums.stdout.strip()[-300:]}")
    count = len((copy / "sums").read_text().splitlines())
    shutil.rmtree(copy)
    image.unlink()
    return count


def judge_backend(disk):
    """It saw no violation, and the queues that were asked for; returns the requests of its last process."""
    backend = disk.backend
    status = backend.stop()
    if status != 0:
        raise Failure(f"{disk.name}: the back end ended with {status}; its log is {backend.log}")
    if backend.kind in OTHERS:
        return None
    broken = backend.events("violation")
    if broken:
        raise Failure(f"{disk.name}: an honest guest broke {broken[0]}; the events are {backend.json}")
    if not backend.events("queue") or not backend.events("end"):
        raise Failure(f"{disk.name}: the back end did not say what it served; the events are {backend.json}")
    queue = backend.events("queue")[-1]  # the firmware has had the first ones, and wants less
    seen = (queue["format"] == "packed", queue["indirect"], queue["event_idx"])
    if seen != tuple(disk.properties[k] for k in ("packed", "indirect_desc", "event_idx")):
        raise Failure(f"{disk.name}: the back end saw {queue}")
    return backend.events("end")[-1]["requests"]


def play(args, name, disks, killed, replugged, times, machine="q35", read_only=()):
    """One guest on these disks, from file systems to what is left of them."""
    began = time.monotonic()
    for disk in (*disks, *read_only):
        disk.backend.start()
    guest = Guest(OUT, name, [*disks, *read_only], args.accel, machine=machine)
    notes = {disk.name: [] for disk in disks}
    try:
        guest.expect("boot", 30)
        for disk in (*disks, *read_only):
            find(guest, disk)
        each(guest, read_only, "refuse_writes {}", "refuse_writes")
        each(guest, disks, "make {}", "mount")
        each(guest, disks, "files {} 60", "files")
        each(guest, disks, "check {}", "check")
        full = []
        for pair in (disks[n:n + 2] for n in range(0, len(disks), 2)):  # as many as the guest has processors
            full += load(guest, pair)
        for disk in killed:
            kill_under_load(guest, disk, times)
            starts = len(disk.backend.events("ready"))
            taken = "" if disk.properties["packed"] else f", {resumed(disk)} requests taken up again"
            notes[disk.name].append(f"killed {starts - 1}x under load{taken}")
        for disk in replugged:
            for _ in range(times):
                replug(guest, disk)
            notes[disk.name].append(f"unplugged {times}x")
        each(guest, disks, "trim {}", "trim")
        each(guest, disks, "leave {}", "leave")
        guest.end()
        if guest.complaints():
            raise Failure(f"the guest's kernel says: {guest.complaints()[0]}; the console is {guest.log}")
    finally:
        guest.kill()
    for disk in read_only:
        judge_backend(disk)
        judge_read_only(disk)
        say(f"ok {described(disk.properties)}: read-only, and not written")
    for disk, most in zip(disks, full):
        requests = judge_backend(disk)
        files = judge_image(disk)
        served = "" if requests is None else f", {requests} requests"
        say(f"ok {described(disk.properties)}: {most} requests fill the queue; {files} files intact, fsck clean{served}"
            + "".join(f"; {note}" for note in notes[disk.name]))
    say(f"DONE pass {name}: {time.monotonic() - began:.0f} s")


def main():
    parser = argparse.ArgumentParser(usage=__doc__.partition("usage: ")[2].partition("\n")[0])
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--accel", choices=["kvm", "tcg"], default=accelerator())
    parser.add_argument("backend")
    args = parser.parse_args()
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir(parents=True)
    say(f"honest guest, by {args.accel}")
    disks = [make_disk(args, n, **properties) for n, properties in enumerate(kinds(args.backend, args.full))]
    ours = args.backend not in OTHERS
    some = disks if args.full else [disks[0], disks[len(disks) // 2]]
    play(args, "pci", disks, some if ours else [], some, 4 if args.full else 1,
         read_only=[make_disk(args, len(disks), options=["--read-only"], **disks[-1].properties)] if ours else [])
    # Over virtio-mmio QEMU offers 1024 elements whatever is asked for, but keeps as many for a reconnection as were.
    both = [p for p in kinds(args.backend, False) if p["indirect_desc"] and p["event_idx"]]
    for properties in both if args.full else both[-1:]:
        disk = make_disk(args, 0, "vhost-user-blk", **{**properties, "queue-size": 1024})
        play(args, "mmio-" + described(properties).split()[0], [disk], [disk] if ours else [], [], 1, "microvm")


if __name__ == "__main__":
    try:
        main()
    except Failure as failure:
        print(failure if str(failure).startswith("FAIL") else f"FAIL {failure}", file=sys.stderr)
        sys.exit(1)
