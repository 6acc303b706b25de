#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes the disk of a scene, and judges the scene from the victim's side.

usage: judge.py disk DIR           makes DIR/disk.img
       judge.py SCENE DIR          judges: unguarded, honest, honest-split, hostile, and the parts of the next
       judge.py cost-table DIR     of what was counted in DIR/../cost*, as a table

DIR has victim.bin and payload.bin; after a scene also its console (console.log),
app1's RAM (victim.ram) and the disk's image. What is expected is said, and so is
what is not as expected; the status is 0 when all is.
"""
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "baremetal"))
import check_image  # noqa: E402

ENOUGH = 3  # beats, to call it a heartbeat
STACK = 4096  # of app1's RAM, its end
# honest.c has the same: per way to the disk its files, as (first sector, bytes), and a client's first tag
FILES = [(0, 512), (1, 1536), (4, 4 << 10), (12, 64 << 10), (140, 1000 * 512), (1140, 1 << 20)]
WAYS = ["request level", "queue level, plain driver", "queue level, split", "queue level, packed"]
WAY_SECTORS = 3200
TAGS = {"driver": 1, "client": 17}
# hostile.c: what app0 writes when it keeps to the rules, as (tag, sector)
CHECK = (30, 12000)
# hostile*.c: each attack and the rule that must stop it; none: it does no harm
ATTACKS = {
    "request: read into app1's code": "C5",
    "request: read into my last 40 bytes and on into app1": "M1",
    "request: write app1's code to the disk": "C5",
    "request: write the kernel to the disk": "C5",
    "request: write the monitor to the disk": "C5",
    "request: read into the console's registers": "C5",
    "request: read beyond my part of the disk": "B4",
    "request: write to the other client's sectors": "B4",
    "request: write to the shared sectors": "B5",
    "plain driver: read into app1's code": "C5",
    "plain driver: write app1's code to the disk": "C5",
    "packed: read into app1's code": "C5",
    "packed: read into my last 40 bytes and on into app1": "M1",
    "packed: write the kernel to the disk": "C5",
    "queue: an address of mine, with bit 32 set": "C5",
    "queue: read into the used ring": "X8",
    "queue: a chain that is a loop": "C2",
    "queue: a chain of 64": "C2",
    "queue: an element that wraps": "C4",
    "queue: lengths that add up to more than 32 bits": "C3",
    "queue: a reserved flag": "C7",
    "queue: a next that is out of the table": "C1",
    "queue: a head that is out of the table": "S2",
    "queue: a head twice": "S4",
    "queue: an index that jumps": "S1",
    "queue: a table in app1": "I4",
    "queue: a table that names app1's code": "C5",
    "queue: a table in a table": "I5",
    "queue: a table of 64 entries": "I3",
    "queue: the used ring in app1": "Q6",
    "queue: the descriptor table in app1": "Q6",
    "queue: the used ring from my last 40 bytes on": "Q6",
    "queue: the used ring in the descriptor table": "Q7",
    "time: a descriptor rewritten after the kick": "C5",
    "time: a table rewritten after the kick": "C5",
    "time: the index rewritten after the kick": "S1",
    "time: a capability given up under way": "C5",
    "time: kicks without work for a second": None,
}
OWN, TAKEN = "victim: this is app1's own code", "payload: I have taken over app1"


def layout():
    """The numbers of layout.h, which the applications have."""
    text = (HERE / "include" / "layout.h").read_text()
    return {name: int(value, 0) for name, value in re.findall(r"^#define (\w+) (\w+)", text, re.M) if value[0].isdigit()}


L = layout()
SECTOR = L["SECTOR_SIZE"]


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

    def disk(self, changed):
        """Every sector is as the disk was made, but for those in `changed`."""
        image = self.file("disk.img")
        made = fresh_disk(self.payload)
        wrong = [s for s in range(L["DISK_SECTORS"]) if sector(image, s) != changed.get(s, sector(made, s))]
        where = f"; first at sector {wrong[0]}" if wrong else ""
        self.expect(len(image) == len(made) and not wrong, f"the disk's image is as expected{where}")


def sector(image, number):
    return image[number * SECTOR : (number + 1) * SECTOR]


def fresh_disk(payload):
    image = bytearray(b"".join(s.to_bytes(8, "little") * (SECTOR // 8) for s in range(L["DISK_SECTORS"])))
    first = (L["DRIVER_FIRST"] + L["PAYLOAD_SECTOR"]) * SECTOR
    image[first : first + SECTOR] = payload
    return bytes(image)


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


def written_files(names, files):
    """What honest clients leave on the disk."""
    changed = {}
    for name in names:
        for way in range(len(WAYS)):
            for first, size in files:
                for number in range(way * WAY_SECTORS + first, way * WAY_SECTORS + first + size // SECTOR):
                    place = L[f"{name.upper()}_FIRST"] + number
                    changed[place] = check_image.sector_data(TAGS[name] + way, number)
    return changed


def honest(folder):
    scene = Scene(folder)
    text = scene.console()
    for name in TAGS:
        for way in WAYS:
            said = f"{name}: {way}: {len(FILES)} of {len(FILES)} files written and read back"
            scene.expect(f"\n{said}\n" in text, said)
    scene.expect("refused" not in text, "nothing was refused")
    scene.unharmed(text)
    scene.disk(written_files(TAGS, FILES))
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
    rounds = re.findall(r"^client: round \d+: .*: (\d) of 4 files", text, re.M)
    scene.expect(set(rounds) == {"4"}, f"the other client had all its files right, in {len(rounds)} rounds")
    scene.expect("process 4 refused" not in text, "the other client was never refused")
    scene.unharmed(text)
    place = L["DRIVER_FIRST"] + CHECK[1]
    scene.disk({**written_files(["client"], FILES[:4]), place: check_image.sector_data(*CHECK)})
    return int(scene.failed)


COUNT = re.compile(r"^driver: cost: (.+), (\d+) bytes: good, all (\d+) ask (\d+) move (\d+)$", re.M)


def counted(folder):
    """Of each way to the disk and size of a read: all instructions, asking the kernel, judging and moving."""
    return {(way, int(size)): tuple(map(int, rest)) for way, size, *rest in COUNT.findall(Scene(folder).console())}


def cost(folder):
    scene = Scene(folder)
    text = scene.console()
    scene.expect("bad" not in text and "refused" not in text, "all that was counted was read as it should be")
    scene.expect(len(counted(folder)) >= 8, "all ways to the disk were counted")
    return int(scene.failed)


def cost_table(folder):
    guarded, trusting = (counted(folder.parent / name) for name in ("cost", "cost-trusting"))
    text = Scene(folder.parent / "cost").console()
    trip = int(re.search(r"a round trip of IPC: (\d+)", text)[1])
    stack = int(re.search(r"monitor: stack (\d+) bytes", text)[1])
    print("| a read, instructions | bytes | all | monitor: checks | asking the kernel | the rest | IPC and driver |")
    print("|---|---|---|---|---|---|---|")
    for (way, size), (total, _, _) in counted(folder.parent / "cost-unguarded").items():
        print(f"| {way} | {size} | {total} | - | - | - | {total} |")
    for (way, size), (total, ask, move) in guarded.items():
        checks = move - trusting[way, size][2]
        print(f"| {way} | {size} | {total} | {checks} | {ask} | {move - checks} | {total - ask - move} |")
    print(f"\nA round trip of IPC: {trip} instructions. The monitor's stack: {stack} bytes at most. Data is never copied.")
    return 0


SCENES = {
    "disk": make_disk,
    "unguarded": unguarded,
    "honest": honest,
    "honest-split": honest,
    "hostile": hostile,
    "cost-unguarded": cost,
    "cost": cost,
    "cost-trusting": cost,
    "cost-table": cost_table,
}

if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] not in SCENES:
        sys.exit(__doc__)
    sys.exit(SCENES[sys.argv[1]](pathlib.Path(sys.argv[2])))
