#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What Debian's Linux does with a disk that attacks it: boots it once for each attack, and records what was seen.

usage: attacked.py [--full] [--accel kvm|tcg] [--only NAME[,NAME...]] BACKEND

Beside the hostile disk the guest has an honest one of the same content. Eight processes
read the hostile disk, compare with the honest one and write the same again, in bursts,
before and after the attack; then the honest disk is read once more. Where an attack
wants it, the driver lets go of the device and takes it again. Nothing that Linux does
here is a failure of this program: it is recorded, in build/linux/attacked/attacked.json,
from which doc.py makes a table. The status is 0 when every attack was played. Without
--full, a few of them are.
"""
import argparse
import json
import re
import shutil
import subprocess
import sys
import time

from disk import BUILD, Backend, Disk, Failure
from machine import Guest, accelerator

OUT = BUILD / "linux" / "attacked"
BYTES = 16 << 20
SOME = {("id-twice", "split"), ("used-of-the-lap-before", "packed"), ("status-never-written", "packed")}
# What a burst of init's says beside "right", and what it is called here.
FOUND = {"error": "I/O error", "wrong": "wrong data", "short": "short reads"}
BROKEN = re.compile(r"\bBUG\b|Oops|panic - not|general protection|WARNING:|list_(add|del) corruption|[Oo]verwritten")
WORST_FIRST = ["guest ended", "oops, BUG or warning", "hang", "wrong data", "short reads", "I/O error", "no disk",
               "refused by QEMU"]
AFTER, BEFORE = 3, 4  # bursts
PATIENCE = 10  # seconds; a burst takes one or two


def say(text):
    print(text, flush=True)


def attacks(backend, full, only):
    """(attack, format) of all that are to be played."""
    listed = subprocess.run([backend, "--list", "--json"], check=True, capture_output=True, text=True).stdout
    found = [json.loads(line) for line in listed.splitlines() if line]
    unknown = only - {attack["name"] for attack in found}
    if unknown:
        raise Failure(f"no attack {', '.join(sorted(unknown))} ({backend} --list)")
    return [(attack, form) for attack in found for form in attack["formats"]
            if attack["name"] in only or not only and (full or (attack["name"], form) in SOME)]


class Scene:
    """One guest, one attack."""

    def __init__(self, args, attack, form):
        self.args, self.attack, self.form = args, attack, form
        self.name = f"{attack['name']}-{form}"
        self.bursts = []
        self.seen = set()

    def disk(self, name, slot, *options):
        image = OUT / f"{name}.img"
        with open(image, "wb") as file:
            for sector in range(BYTES // 512):
                file.write(sector.to_bytes(8, "little") * 64)
        backend = Backend(self.args.backend, OUT, name, image, *options).start()
        return Disk(backend, slot, **{"packed": self.form == "packed", "indirect_desc": self.attack["indirect"],
                                      "event_idx": self.attack["event_idx"], "num-queues": 1, "queue-size": 128})

    def was_played(self):
        return bool(self.hostile.backend.events("attack"))

    def note(self, burst):
        self.bursts.append(burst)
        self.seen |= {outcome for word, outcome in FOUND.items() if word in burst}

    def burst(self, disk="hostile"):
        """One burst, or what became of it."""
        try:
            said = self.guest.do(f"burst {disk} honest", f"burst {disk}", PATIENCE / self.guest.patience)
            return said.partition(": ")[2]
        except Failure as failure:
            if self.guest.process.poll() is not None:
                self.seen.add("guest ended")
            else:
                self.seen.add("hang")
            raise StopIteration from failure

    def attacked(self):
        """The disk comes, is used, attacks, and is used again, as far as that goes."""
        try:
            self.hostile.plug(self.guest)
        except Failure as failure:
            self.seen.add("refused by QEMU")
            self.bursts.append(str(failure))
            return
        try:
            found = f"find_disk hostile {self.hostile.parent()}"
            self.guest.do(found, "find hostile", 2 * PATIENCE / self.guest.patience)
        except Failure:
            self.seen.add("no disk")
            return
        try:
            before = 0
            while not self.was_played() and before < 2 * BEFORE:
                if before == BEFORE:
                    self.rebind()
                self.note(self.burst())
                before += 1
            for _ in range(AFTER):
                self.note(self.burst())
        except StopIteration:
            pass

    def rebind(self):
        try:
            self.guest.do("rebind hostile", "find hostile", 2 * PATIENCE / self.guest.patience)
        except Failure as failure:
            self.seen.add("hang" if self.guest.process.poll() is None else "guest ended")
            raise StopIteration from failure

    def play(self):
        """Plays it; returns what was seen."""
        honest = self.disk("honest", 0x10)
        self.hostile = self.disk("hostile", 0x11, "--attack", self.attack["name"])
        # Slab debugging sees writes to freed or neighbouring memory that would pass unseen.
        self.guest = Guest(OUT, self.name, [honest], self.args.accel, fio=False, empty_ports=[self.hostile],
                           append=f"slub_debug=FZPU sysctl.kernel.hung_task_timeout_secs={PATIENCE // 2}")
        alive = False
        try:
            self.guest.expect("boot")
            self.guest.do(f"find_disk honest {honest.parent()}", "find honest")
            self.guest.do("reference honest", "reference honest")
            first = len(self.guest.lines)
            self.attacked()
            if self.guest.process.poll() is None:
                try:
                    alive = "8 right" in self.burst("honest")
                except StopIteration:
                    pass
            elif self.guest.process.returncode != 0:
                raise Failure(f"QEMU ended with {self.guest.process.returncode}; the console is {self.guest.log}")
        finally:
            self.guest.kill()
        played = self.was_played()
        for disk in (honest, self.hostile):
            disk.backend.stop()
        return self.record(played, alive, first)

    def record(self, played, alive, first):
        lines = [re.sub(r"^\[ *[\d.]+\] ", "", line) for line in self.guest.complaints(first)]
        if any(BROKEN.search(line) for line in lines):
            self.seen.add("oops, BUG or warning")
        if any("I/O error" in line for line in lines):
            self.seen.add("I/O error")
        outcome = [outcome for outcome in WORST_FIRST if outcome in self.seen] or ["goes on"]
        return {"attack": self.attack["name"], "format": self.form, "rule": self.attack["rule"],
                "deed": self.attack["deed"], "played": played, "outcome": outcome, "honest_disk": alive,
                "bursts": self.bursts, "kernel": lines[:12]}


def main():
    parser = argparse.ArgumentParser(usage=__doc__.partition("usage: ")[2].partition("\n")[0])
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--accel", choices=["kvm", "tcg"], default=accelerator())
    parser.add_argument("--only", default="")
    parser.add_argument("backend")
    args = parser.parse_args()
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir(parents=True)
    began = time.monotonic()
    records, kernel = [], "?"
    for attack, form in attacks(args.backend, args.full, set(args.only.split(",")) - {""}):
        scene = Scene(args, attack, form)
        record = scene.play()
        records.append(record)
        kernel = next((a.split()[-1] for a in scene.guest.answers() if a.startswith("ok boot")), kernel)
        say(f"{'ok  ' if record['played'] else 'FAIL'} {record['attack']}, {form}: "
            f"{', '.join(record['outcome']) if record['played'] else 'never played'}; "
            f"other disk {'works' if record['honest_disk'] else 'does not answer'}"
            + (f"; {record['kernel'][0][:100]}" if record["kernel"] else ""))
        found = {"kernel": f"Debian's Linux {kernel}", "accelerator": args.accel.upper(), "records": records}
        (OUT / "attacked.json").write_text(json.dumps(found, indent=1) + "\n")
    missed = sum(not record["played"] for record in records)
    say(f"DONE {'FAIL' if missed else 'pass'} attacked: {len(records) - missed} of {len(records)} played, "
        f"{time.monotonic() - began:.0f} s; {OUT}/attacked.json")
    return 1 if missed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failure as failure:
        print(failure if str(failure).startswith("FAIL") else f"FAIL {failure}", file=sys.stderr)
        sys.exit(1)
