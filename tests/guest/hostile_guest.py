# SPDX-License-Identifier: MIT
"""A guest that attacks the back end on one queue: what is asserted of both, and of the disk."""

import itertools
import re
from collections import Counter

from machine import DISK_FIRST, DISK_SPAN, SECTOR, Backend, Failure, boot, make_image, sector_data

IMAGE_SECTORS = 131072  # 64 MiB: what takes time to read is read once only
SECONDS = 60

LIFE = re.compile(
    r"life (?P<life>\d+) (?P<kind>attack|request|missed) (?P<name>\S+) rule (?P<rule>\S+)"
    r" expects (?P<expects>\S+) saw (?P<saw>\S+) honest (?P<honest>\d+)$"
)
CANNOT = re.compile(r"cannot (?P<name>\S+): (?P<why>.*)$")
LAST = re.compile(r"last tag (?P<tag>\d+) life (?P<life>\d+)$")

# The tables' attacks meet the strict profile. The back end has the specification's, and drops a chain that breaks a
# rule: what that profile allows is served, or breaks a later rule. By format: the rule; None: it is to be served.
OTHERWISE = {
    "empty-buffer": {"split": "B3", "packed": "B3"},  # left out, and a read of nothing is left
    "table-longer-than-the-queue": {"split": None, "packed": "C6"},  # the rest of the page: unlinked, or empty headers
    "table-after-direct-elements": {"split": "C10"},  # an empty table: no room for the status
    "entry-with-next": {"packed": None},
    "entry-marked-used": {"packed": None},
}


class TooQuick(Failure):
    """The storage answered before the guest could do anything: on a machine that still has the image in memory."""


def expectation(found, form):
    """The rule that is to be reported, if any, and what the guest may have seen."""
    refused = {"violation": {"silence", "dropped", "error"}, "refusal": {"silence"}}
    rule, seen = found["rule"], refused.get(found["expects"], {"service"})
    if found["kind"] == "missed":
        return None, {"silence", "service", "dropped", "error", "other"}
    if found["expects"] == "unsupp":
        return None, {"unsupp"}
    if found["expects"] not in refused:
        return None, seen
    if found["name"] in OTHERWISE and form in OTHERWISE[found["name"]]:
        rule = OTHERWISE[found["name"]][form]
        return (rule, seen) if rule else (None, {"service"})
    return rule, seen


def judge_image(path, before, last):
    """The disk holds what the last life wrote, and else what it held before, byte for byte."""
    legal = b"".join(sector_data(int(last["tag"]), s) for s in range(DISK_FIRST, DISK_FIRST + DISK_SPAN))
    at = DISK_FIRST * SECTOR
    want = before[:at] + legal + before[at + len(legal) :]
    with open(path, "rb") as image:
        now = image.read()
    if len(now) != len(want):
        raise Failure(f"the image has {len(now)} bytes, not {len(want)}")
    for sector in range(0 if now != want else len(want), len(want), SECTOR):
        if now[sector : sector + SECTOR] != want[sector : sector + SECTOR]:
            raise Failure(f"sector {sector // SECTOR} of the image is not what it is to be")


def parse(lines):
    """Lives, what cannot be played, and the last line; anything broken is a failure."""
    lives, cannot, last = {}, {}, None
    for line in lines:
        if match := LIFE.match(line):
            lives[int(match["life"])] = match.groupdict()
        elif match := CANNOT.match(line):
            cannot[match["name"]] = match["why"]
        elif match := LAST.match(line):
            last = match.groupdict()
        elif line.endswith("found nothing in flight"):
            raise TooQuick(f"the guest: {line}")
        elif "broken" in line or line in ("timeout", "DONE fail") or line.startswith("TRAP"):
            raise Failure(f"the guest: {line}")
    if last is None or "DONE pass" not in lines:
        raise Failure("the guest did not come to its end: " + " / ".join(lines[-3:]))
    return lives, cannot, last


def play(program, out, form, engine):
    """One boot: every attack, and every request that is wrong, in one format."""
    log = out / f"hostile-{form}-{engine}.log"
    image = out / "hostile.img"
    before = make_image(image, IMAGE_SECTORS)
    arguments = ["--queues", "2", "--engine", engine]
    with Backend(program, out, image, arguments) as backend:
        lines = boot(  # fmt: skip
            backend, out / "hostile.elf", SECONDS, word=int(engine == "sync"),
            packed="on" if form == "packed" else "off", **{"num-queues": 2}
        )
        log.write_text("\n".join(lines) + "\n")
        if backend.process.poll() is not None:
            raise Failure(f"the back end did not survive: {backend.said()}")
        if backend.end() != 0:
            raise Failure("the back end did not end as it is to")
    lives, cannot, last = parse(lines)
    judge_image(image, before, last)

    reported = {}
    now = 0  # the life; queue 0 starts first, and always
    for event in backend.events:
        if event["event"] == "queue" and event["queue"] == 0:
            now = event["life"]
        elif event["event"] in ("violation", "refused"):
            if event["queue"] != 1:
                raise Failure(f"the back end accuses the honest queue: {event}")
            reported.setdefault(now, event["rule"])
    wrong = []
    for life, found in lives.items():
        rule, seen = expectation(found, form)
        if found["kind"] != "missed" and (reported.get(life) != rule or found["saw"] not in seen):
            wrong.append(
                f"{form} {found['name']}: reported {reported.get(life, 'nothing')}, not {rule or 'nothing'};"
                f" the guest saw {found['saw']}"
            )
        if int(found["honest"]) < 16:
            wrong.append(f"{form} {found['name']}: the honest queue served {found['honest']} requests only")
    return {
        "format": form,
        "engine": engine,
        "lives": lives,
        "reported": reported,
        "cannot": cannot,
        "wrong": wrong,
        "kinds": Counter(found["kind"] for found in lives.values()),
    }


def play_unhurried(program, out, form, engine):
    """Once more, if need be, with the image written anew."""
    for _ in range(2):
        try:
            return play(program, out, form, engine)
        except TooQuick:
            continue
    return play(program, out, form, engine)


def run(program, out, short, verbose):
    """Both formats, and both ways to the storage unless it is to be short; what did not hold, and the results."""
    wrong, results = [], []
    for form, engine in itertools.product(("split", "packed"), ("io_uring",) if short else ("io_uring", "sync")):
        result = play_unhurried(program, out, form, engine)
        results.append(result)
        wrong += result["wrong"]
        kinds = result["kinds"]
        if verbose:
            for life, found in result["lives"].items():
                rule = result["reported"].get(life, "-")
                print(f"   {form:6} {found['kind']:7} {found['name']:40} {rule:4} {found['saw']}")
            for name, why in result["cannot"].items():
                print(f"   {form:6} cannot  {name:40} {why}")
        print(
            f"   {form}, {engine}: {kinds['attack']} attacks and {kinds['request']} wrong requests on queue 1,"
            f" {'each with its rule' if not result['wrong'] else 'NOT each with its rule'};"
            f" queue 0 and the image as they must; a guest cannot play {len(result['cannot'])}"
        )
    return wrong, results
