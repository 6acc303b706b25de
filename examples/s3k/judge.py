#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes the disk of a scene, and judges the scene from the victim's side.

usage: judge.py disk DIR           makes DIR/disk.img
       judge.py SCENE DIR          judges: unguarded, honest, honest-split, hostile, loans, lies,
                                   cost-unguarded, cost, cost-trusting (the last three: see cost.py)

DIR has victim.bin and payload.bin; after a scene also its console (console.log),
app1's RAM (victim.ram), what was lent to app0 (loans.ram) and the disk's image. What is expected is said, and so is
what is not as expected; the status is 0 when all is.
"""
import pathlib
import re
import sys

from expected import ATTACKS, CLIENTS, FILES, L, LIES, SECTOR, SMALL, WAYS
from expected import checked, fresh_disk, sector, written_files

ENOUGH = 3  # beats, to call it a heartbeat
STACK = 4096  # of app1's RAM, its end
OWN, TAKEN = "victim: this is app1's own code", "payload: I have taken over app1"


def fnv1a(data):
    value = 0xCBF29CE484222325
    for byte in data:
        value = (value ^ byte) * 0x100000001B3 % 2**64
    return value


class Scene:
    """A scene's files, and the tally of what was looked at."""

    def __init__(self, folder):
        self.folder = folder
        self.failed = False
        self.code = self.file("victim.bin")
        self.payload = self.file("payload.bin")

    def file(self, name):
        return (self.folder / name).read_bytes()

    def console(self):
        text = (self.folder / "console.log").read_bytes().decode("ascii", "replace").replace("\r\n", "\n")
        return text[: text.rfind("\n") + 1]  # QEMU may have been ended within a line

    def expect(self, held, what):
        print("  ok  " if held else "  FAIL", what)
        self.failed = self.failed or not held

    def heartbeat(self, when, text, code):
        hashes = [int(value, 16) for value in re.findall(r"^victim: beat \d+ hash ([0-9a-f]+)$", text, re.M)]
        self.expect(len(hashes) >= ENOUGH, f"{when}, app1's heart beats: {len(hashes)} times")
        said = ", ".join(sorted({f"{value:x}" for value in hashes}))
        self.expect(set(hashes) == {fnv1a(code)}, f"{when}, app1 says that its code hashes to {said}")

    def in_order(self, text):
        beats = [int(n) for n in re.findall(r"^victim: beat (\d+) ", text, re.M)]
        self.expect(beats == list(range(1, len(beats) + 1)), "no beat is left out")

    def memory(self, code, what):
        ram = self.file("victim.ram")
        rest = ram[len(code) : -STACK]
        self.expect(ram[: len(code)] == code and not any(rest), f"app1's memory, as QEMU saved it, is {what}")

    def unharmed(self, text):
        self.heartbeat("all the time", text, self.code)
        self.expect("payload:" not in text, "app2 has not spoken")
        self.in_order(text)
        self.memory(self.code, "app1 and nothing else")

    def served(self, of):
        """The other client all the time: the results of its rounds, of files that are to be good."""
        text = self.console()
        rounds = [int(good) for good in re.findall(r"^client: round \d+: .*: (\d) of 4 files", text, re.M)]
        self.expect("process 4 refused" not in text, "the other client was never refused")
        self.expect(len(rounds) >= of, f"the other client wrote and read files in {len(rounds)} rounds")
        return rounds

    def disk(self, changed):
        """Every sector is as the disk was made, but for those in `changed`."""
        image = self.file("disk.img")
        made = fresh_disk(self.payload)
        wrong = [s for s in range(L["DISK_SECTORS"]) if sector(image, s) != changed.get(s, sector(made, s))]
        where = f"; first at sector {wrong[0]}" if wrong else ""
        self.expect(len(image) == len(made) and not wrong, f"the disk's image is as expected{where}")


def make_disk(folder):
    (folder / "disk.img").write_bytes(fresh_disk((folder / "payload.bin").read_bytes()))
    return 0


def unguarded(folder):
    scene = Scene(folder)
    text = scene.console()
    before, started, after = text.partition("open: app0 has the disk's registers, its RAM and the console: yes\n")
    attack = "driver: read a sector of its disk to app1's code: done\n"
    _, done, after = after.partition(attack)
    taken = scene.payload + scene.code[SECTOR:]
    loot = L["DRIVER_FIRST"] + L["LOOT_SECTOR"]

    scene.expect(bool(started and done), "app0 had the disk do what the PMP keeps it from")
    scene.heartbeat("before", before, scene.code)
    scene.expect(OWN in before and "payload:" not in before, "before, app1 runs its own code")
    scene.heartbeat("after", after, taken)
    scene.expect(after.count(TAKEN) >= ENOUGH and OWN not in after, "after, app2 speaks in app1's place")
    scene.in_order(text)
    scene.memory(taken, "app2 in the first sector, and app1 behind it")
    scene.disk({loot: scene.code[:SECTOR]})
    scene.expect(sector(scene.file("disk.img"), loot) == scene.code[:SECTOR], "app1's code is on app0's disk")
    return int(scene.failed)


def honest(folder):
    scene = Scene(folder)
    text = scene.console()
    for name in CLIENTS:
        for way in WAYS:
            said = f"{name.lower()}: {way}: {len(FILES)} of {len(FILES)} files written and read back"
            scene.expect(f"\n{said}\n" in text, said)
    scene.expect("refused" not in text, "nothing was refused")
    scene.unharmed(text)
    scene.disk(written_files(CLIENTS, FILES))
    return int(scene.failed)


def hostile(folder):
    scene = Scene(folder)
    text = scene.console()
    tries = text.split("driver: try: ")[1:]
    scene.expect([t.partition("\n")[0] for t in tries] == list(ATTACKS), f"all {len(ATTACKS)} attacks were tried")
    for part in tries:
        name = part.partition("\n")[0]
        rules = set(re.findall(r"^monitor: process 2 refused: (\S+) ", part, re.M))
        wanted = {ATTACKS.get(name)} - {None}
        seen = ", ".join(rules) or ("nothing to refuse" if not wanted else "not refused")
        scene.expect(
            rules == wanted
            and "\ndriver: stopped; works again\n" in part
            and re.search(r"^client: round ", part, re.M),
            f"{name}: {seen}; app0 works again, and the other client meanwhile",
        )
    lines = text.count("\nmonitor: process 2 refused: ")
    scene.expect(lines == L["LINES_MOST"], f"app0 has {lines} lines on the console, and then no more")
    scene.expect(set(scene.served(len(tries))) == {4}, "all of its files were right, each time")
    scene.unharmed(text)
    scene.disk({**written_files(["CLIENT"], SMALL), **checked()})
    return int(scene.failed)


def loans(folder):
    """Memory goes from app0 to app1 while the disk has it."""
    scene = Scene(folder)
    text = scene.console()
    for loan, tried, forced in (0, "give loan 0 up while the disk has it: given up", False), (
        1,
        "keep loan 1 with the disk while it is taken away: lent",
        True,
    ):
        scene.expect(f"\ndriver: try: {tried}\n" in text, tried)
        line = rf"^monitor: loan {loan} is app1's: yes; busy (\d+) times before(, and app0 was reset)?$"
        moved = re.search(line, text, re.M)
        busy = int(moved[1]) if moved else 0
        scene.expect(busy > 0, f"it is app1's after process 1 was told {busy} times that the disk has it still (M3)")
        scene.expect(bool(moved) and bool(moved[2]) == forced, f"app0 was {'' if forced else 'not '}reset for it")
        told = "cut off" if forced else "done"
        scene.expect(f"\ndriver: loan {loan}: reads {told}\n" in text, f"app0 was told that its reads are {told}")
        _, _, again = text.partition(f"\ndriver: try: lend loan {loan} again: asked\n")
        again, _, _ = again.partition("driver: try")
        base = L["LOAN_BASE"] + loan * L["LOAN_SIZE"]
        refused = re.findall(r"^monitor: process 2 refused: (\S+) \S+ value (\w+)", again, re.M)
        scene.expect(refused == [("C5", hex(base))], "app0 lends it once more: C5")
        scene.expect(f"\ndriver: loan {loan}: works again\n" in again, "app0 works again")
    ram = scene.file("loans.ram")
    whole = len(ram) == L["LOANS"] * L["LOAN_SIZE"]
    scene.expect(whole and not any(ram), "to what is app1's now, the disk did not write")
    scene.unharmed(text)
    scene.disk(checked())
    return int(scene.failed)


def lies(folder):
    """The disk breaks rules."""
    scene = Scene(folder)
    text = scene.console()
    tries = text.split("driver: try: the disk says ")[1:]
    scene.expect([t.partition("\n")[0] for t in tries] == list(LIES), f"all {len(LIES)} lies were told")
    resets = 0
    for part in tries:
        name = part.partition("\n")[0]
        rules = re.findall(r"^monitor: the disk broke a rule: (\S+) ", part, re.M)
        resets += len(rules)
        failed = re.search(r"^driver: in round \d+, (\d+) of \d+ reads failed, and all came back$", part, re.M)
        scene.expect(
            set(rules) == {LIES.get(name)} and failed and int(failed[1]) > 0 and "\ndriver: works again\n" in part,
            f"{name}: {', '.join(set(rules))}; the disk is reset, app0 has all of its buffers back and works again",
        )
    scene.expect(text.count("\nmonitor: the disk was reset, and its clients") == resets, "each time, it came up again")
    rounds = scene.served(len(tries) + len(WAYS))
    scene.expect(set(rounds[-len(WAYS) :]) == {4}, "all of its files were right in the end")
    scene.expect(sum(good < 4 for good in rounds) <= resets, "and before, but for those that the disk was reset under")
    scene.expect("refused" not in text, "no client was refused")
    scene.unharmed(text)
    scene.disk({**written_files(["CLIENT"], SMALL), **checked()})
    return int(scene.failed)


def cost(folder):
    scene = Scene(folder)
    text = scene.console()
    scene.expect("bad" not in text and "refused" not in text, "all that was counted was read as it should be")
    scene.expect(text.count(" bytes: good, all ") >= 8, "all ways to the disk were counted")
    return int(scene.failed)


SCENES = {
    "disk": make_disk,
    "unguarded": unguarded,
    "honest": honest,
    "honest-split": honest,
    "hostile": hostile,
    "loans": loans,
    "lies": lies,
    "cost-unguarded": cost,
    "cost": cost,
    "cost-trusting": cost,
}

if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] not in SCENES:
        sys.exit(__doc__)
    try:
        sys.exit(SCENES[sys.argv[1]](pathlib.Path(sys.argv[2])))
    except FileNotFoundError as missing:
        sys.exit(f"judge.py: {missing.filename} is not there: the scene did not get so far")
