# SPDX-License-Identifier: MIT
"""A back end that attacks its guest: what is asserted of a guarded one, and seen of an unguarded one."""

import itertools
import json
import re
import subprocess
from collections import Counter

from machine import Backend, Failure, boot, make_image

REQUESTS = 35  # of an honest life of the guarded guest
SECONDS = 120
RANDOM_LIVES = 8
RANDOM_ENDS = ("honest", "stopped", "hang", "error")  # what a device may bring a guarded guest to, whatever it does

LIFE = re.compile(r"life (?P<life>\d+) (?P<how>honest|stopped|refused|hang|error|broken:) ?(?P<rest>.*)$")
HARM = re.compile(r"life (?P<life>\d+) (?:harmed: (?P<how>.*)|(?P<not>not harmed))$")

SLEPT = re.compile(r"life (?P<life>\d+) slept$")
NAPS = 3  # how often an attack is played again that the guest may have slept through

# Why an attack does this driver without a guard no harm.
UNHARMED = {
    "returned-chain-in-a-circle": "a descriptor that is freed is cleared, so that the way round ends at the head",
    "address-and-length-rewritten": "neither is read back",
    "avail-ring-rewritten": "its avail index is its own",
}


def attack_list(program):
    """What the back end can do."""
    made = subprocess.run([program, "--list", "--json"], capture_output=True, text=True, check=False)
    attacks = [json.loads(line) for line in made.stdout.splitlines()]
    if made.returncode != 0 or not attacks:
        raise Failure(f"{program} --list --json says nothing: {made.stderr}")
    return attacks


def third(attacks):
    """The first attack of each rule, in either format."""
    chosen = {}
    for attack in attacks:
        chosen.setdefault((attack["rule"], attack["status"], *attack["formats"]), attack)
    return list(chosen.values())


def expected(attack):
    """How the life of a guarded guest is to go in which the attack is played."""
    if attack["status"] == "violation":
        return f"stopped {attack['rule']}"
    if attack["status"] == "refused":
        return f"refused {attack['rule']}"
    return "honest"


def how_it_went(match):
    """A guarded guest's line, as expected() has it."""
    how, rest = match["how"], match["rest"]
    if how == "honest":
        return how if rest == f"requests {REQUESTS}" else f"honest, but {rest}"
    if how in ("stopped", "refused"):
        return f"{how} {rest.split()[0]}"
    return f"{how} {rest}"


def lives_of(lines):
    lives = {}
    for line in lines:
        if match := LIFE.match(line):
            lives[int(match["life"])] = how_it_went(match)
        elif line == "timeout" or line.startswith("TRAP"):
            lives[0] = line
    return lives


def slept(lines, life):
    """The guest did not run all the time: the device may have put right what it had done before that was seen."""
    return any(match and int(match["life"]) == life for match in map(SLEPT.match, lines))


def session(program, log, elf, does, lives, **properties):
    """One back end that does that, one guest with that many lives; what both said."""
    out = log.parent
    image = out / "attacked.img"
    make_image(image)
    with Backend(program, out, image, does) as backend:
        lines = boot(backend, out / elf, SECONDS, word=lives, **properties)
        log.write_text("\n".join([*lines, *(json.dumps(event) for event in backend.events)]) + "\n")
        status = backend.end()
    return lines, backend.of("attack"), status


def attacking(names):
    return ["--attack", ",".join(names)]


def properties(form, tables):
    on = {False: "off", True: "on"}
    return {"packed": on[form == "packed"], "indirect_desc": on[tables], "event_idx": "on"}


def guarded(program, out, form, attacks):
    """All attacks that leave a process honest again: an attack, an honest life, the next. Chains have links to attack
    only without tables, so that those are for the attacks that need them."""
    results, wrong = [], []
    for tables in (False, True):
        left = [attack for attack in attacks if form in attack["formats"] and attack["indirect"] == tables]
        for nap in range(NAPS + 1):
            if left:
                log = out / f"guarded-{form}{'-tables' if tables else ''}{nap or ''}.log"
                more, bad, left = guarded_boot(program, log, form, tables, left, nap < NAPS)
                results += more
                wrong += bad
    return results, wrong


def guarded_boot(program, log, form, tables, attacks, may_sleep):
    """One boot; what did not hold, and what the guest may have slept through, which is then not judged."""
    names = [attack["name"] for attack in attacks]
    lines, played, status = session(
        program, log, "guarded.elf", attacking(names), 2 * len(names) + 2, **properties(form, tables)
    )
    lives = lives_of(lines)
    when = {event["name"]: event["life"] for event in played}
    results, wrong, left = [], [], []
    if status != 0 or 0 in lives or "DONE pass" not in lines:
        wrong.append(f"{form}: back end status {status}, guest {lives.get(0, lines[-2:])}")
    for attack in attacks:
        life = when.get(attack["name"], -1)
        went, after = lives.get(life, "not played"), lives.get(life + 1, "nothing")
        good = went == expected(attack) and after == "honest"
        if not good and may_sleep and went == "honest" and slept(lines, life):
            left.append(attack)
            continue
        results.append({"attack": attack["name"], "format": form, "went": went, "after": after, "good": good})
        if not good:
            wrong.append(f"{form} {attack['name']}: {went}, not {expected(attack)}; the life after: {after}")
    for life, went in lives.items():
        if life not in when.values() and went != "honest":
            wrong.append(f"{form}: life {life}, which is not attacked: {went}")
    return results, wrong, left


def configured(program, out, attack):
    """A lie about the disk lasts as long as the process."""
    log = out / f"guarded-{attack['name']}.log"
    lines, played, status = session(
        program, log, "guarded.elf", attacking([attack["name"]]), 1, **properties("split", True)
    )
    went = lives_of(lines).get(1, "nothing") if len(played) == 1 and status == 0 else "not played"
    good = went == expected(attack)
    result = {"attack": attack["name"], "format": "split", "went": went, "after": "-", "good": good}
    return result, [] if good else [f"{attack['name']}: {went}, not {expected(attack)}"]


def randomly(program, out, form, seed):
    """A device that does anything, from its first completions on: the guarded guest comes to the end of each life."""
    log = out / f"random-{form}-{seed}.log"
    does = ["--random", str(seed), "--after", "4"]
    lines, _, status = session(program, log, "guarded.elf", does, RANDOM_LIVES, **properties(form, True))
    lives = lives_of(lines)
    ends = Counter(went.split()[0].rstrip(",") for went in lives.values())
    if status != 0 or len(lives) != RANDOM_LIVES or not set(ends) <= set(RANDOM_ENDS) or "DONE pass" not in lines:
        return ends, [f"{form}, random {seed}: back end status {status}, guest {lives}"]
    return ends, []


def unguarded(program, out, attack):
    """A boot without a guard, or more where the guest slept; how it failed."""
    log = out / f"unguarded-{attack['name']}.log"
    for _ in range(NAPS + 1):
        lines, played, _ = session(program, log, "unguarded.elf", attacking([attack["name"]]), 3, packed="off")
        if len(played) != 1:
            return "not played"
        for match in filter(None, map(HARM.match, lines)):
            if match["how"]:
                before = int(match["life"]) < played[0]["life"]
                return f"harmed before the attack: {match['how']}" if before else match["how"]
        if "DONE pass" not in lines:
            return "nothing more was heard of it"
        if attack["name"] in UNHARMED or not slept(lines, played[0]["life"]):
            break
    return "not harmed"


def fits_unguarded(attack):
    """The driver has a split queue, no tables, no event words, and looks at no configuration."""
    return "split" in attack["formats"] and not (attack["indirect"] or attack["event_idx"] or attack["config"])


def judge_harm(attack, how):
    """What is wrong about what an unguarded driver suffered, or did not."""
    name = attack["name"]
    if how == "not played" or how.startswith("harmed before"):
        return [f"unguarded {name}: {how}"]
    if (how == "not harmed") != (name in UNHARMED):
        return [f"unguarded {name}: {how}"]
    return []


def run(program, out, short, verbose):
    """All of it; what did not hold, and the results."""
    attacks = attack_list(program)
    chosen = third(attacks) if short else attacks
    results, wrong, harm = [], [], {}
    for form in ("split", "packed"):
        more, bad = guarded(program, out, form, [attack for attack in chosen if not attack["config"]])
        results += more
        wrong += bad
    for attack in chosen:
        if attack["config"]:
            result, bad = configured(program, out, attack)
            results.append(result)
            wrong += bad
        if fits_unguarded(attack):
            how = harm[attack["name"]] = unguarded(program, out, attack)
            wrong += judge_harm(attack, how)
    ends = Counter()
    for form, seed in itertools.product(("split", "packed"), range(1, 2 if short else 6)):
        more, bad = randomly(program, out, form, seed)
        ends += more
        wrong += bad
    if ends.total() == ends["honest"]:
        wrong.append("random: nothing was ever noticed")
    rows = [
        {**attack, "guarded": {r["format"]: r for r in results if r["attack"] == attack["name"]},
         "unguarded": harm.get(attack["name"], "-")}
        for attack in chosen
    ]  # fmt: skip
    if verbose or wrong:
        for row in rows:
            went = ", ".join(f"{form} {r['went']}" for form, r in row["guarded"].items())
            print(f"   {row['name']:40} guarded: {went:40} unguarded: {row['unguarded']}")
    good = sum(result["good"] for result in results)
    harmed = sum(1 for how in harm.values() if how != "not harmed")
    print(f"   guarded: {good} of {len(results)} attacks end as they must; unguarded: {harmed} of {len(harm)} do harm")
    print(f"   guarded, random: {', '.join(f'{count} lives {how}' for how, count in sorted(ends.items()))}")
    return wrong, rows


def markdown(rows):
    """The table of docs/hostile-device.md."""
    lines = [
        "| attack | the device ... | guarded | unguarded |",
        "|---|---|---|---|",
    ]
    for row in rows:
        went = sorted({result["went"] for result in row["guarded"].values()})
        lines.append(f"| `{row['name']}` | {row['deed']} | {', '.join(went)} | {row['unguarded']} |")
    return "\n".join(lines)
