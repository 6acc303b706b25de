#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Take each rule out of the library and see which harness notices, and how soon.

  power.py BUILD SEEDS OUT [RULE...]
  power.py --check BUILD

BUILD has the harnesses, for libFuzzer and with VQG_FUZZ_ABLATION, SEEDS a folder of seeds for each; results go into
OUT, a line a rule, and a rule that is there already, of the same harnesses, is not measured again. A harness gets at
most a minute; those that are likely to notice go first, and others are only tried for a moment. Each is tried with the
seeds of the known attacks, and the one that notices from nothing as well: seconds and executions are those of that one
process, in time of a core. Without RULE the table in docs/assurance.md is written. The script that gave the loss away
is minimised and kept below fuzz/regressions, unless one there does so already.

With --check, BUILD has harnesses with a main of their own: for each rule a script of fuzz/regressions fails without it.

The exit status is 0 when every rule is noticed that fuzz/unseen.txt does not list, and none that it does.
"""

import hashlib
import json
import os
import pathlib
import re
import resource
import subprocess
import sys
import tempfile

import minimise
import page

ROOT = pathlib.Path(__file__).resolve().parent.parent
REGRESSIONS = ROOT / "fuzz" / "regressions"
ROW = re.compile(r"^\| (\w+) \| `(\w+)` .*? \| \w+ \| (\S.*?) \| \S+ \| (\S.*?) \| .* \|$", re.M)
SAID = re.compile(r"^\w+: step \d+ \(.*?\): .*$", re.M)
RUNS = re.compile(r"stat::number_of_executed_units:\s*(\d+)")
SLICES = (2, 10, 60)

# Who meets the rules of a header, by how the names of both begin. The first that fits; "" is any other.
LIKELY = (
    ("mmio_device", ("mmio",)),
    ("mmio", ("mmio",)),
    ("blk", ("blk", "monitor")),
    ("client", ("monitor",)),
    ("monitor", ("monitor",)),
    ("driver", ("driver",)),
    ("completion", ("driver", "ledger")),
    ("ledger", ("ledger",)),
    ("cap", ("cap", "device")),
    ("layout", ("cap", "driver", "device")),
    ("policy", ("driver", "ledger", "device")),
    ("", ("device",)),
)


def rules():
    """(ID, name, headers) of each rule that can be taken out, as docs/rules.md has them."""
    rows = []
    for number, name, kind, where in ROW.findall((ROOT / "docs" / "rules.md").read_text()):
        if kind not in ("by construction", "left out"):
            rows.append((number, name, re.findall(r"(\w+)\.h: ", where)))
    return rows


def likely(headers):
    """How their names begin."""
    return {p for h in headers for p in next(who for prefix, who in LIKELY if h.startswith(prefix))}


def fit(harnesses, headers):
    """Those that are likely to notice."""
    return [h for h in harnesses if h.name.startswith(tuple(likely(headers)))]


def built(build):
    harnesses = sorted(p for p in build.glob("*_fuzzer") if os.access(p, os.X_OK))
    if not harnesses:
        sys.exit(f"power: no harness in {build}; scripts/fuzz builds them")
    return harnesses


def unseen():
    rows = {}
    for line in (ROOT / "fuzz" / "unseen.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            number, reason = line.split(" ", 1)
            rows[number] = reason
    return rows


def run(harness, rule, seconds, seeds):
    """Whether the harness notices, and if so: seconds, scripts played, what it says, and the script."""
    env = dict(os.environ, VQG_FUZZ_ASSUME=rule)
    with tempfile.TemporaryDirectory() as folder:
        found = pathlib.Path(folder, "found")
        grown = pathlib.Path(folder, "grown")
        found.mkdir()
        grown.mkdir()
        command = [harness, "-seed=1", "-len_control=0", "-max_len=528", f"-max_total_time={seconds}", "-timeout=10",
                   "-print_final_stats=1", "-print_funcs=0", f"-artifact_prefix={found}/", grown]
        began = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run(command + ([seeds] if seeds else []), env=env, capture_output=True, text=True,
                              errors="replace", cwd=folder)
        ended = resource.getrusage(resource.RUSAGE_CHILDREN)
        took = ended.ru_utime + ended.ru_stime - began.ru_utime - began.ru_stime
        scripts = [file.read_bytes() for file in found.iterdir()]
    if done.returncode == 0:
        return None
    said = SAID.search(done.stderr)
    runs = RUNS.search(done.stderr)
    if said:
        words = said.group(0).split("): ", 1)[1]
    elif "libFuzzer: timeout" in done.stderr:
        words = "a script that does not end"
    elif "deadly signal" in done.stderr or "SEGV" in done.stderr:
        words = "a crash"
    else:
        sys.exit(f"power: {harness} ended with status {done.returncode}:\n{done.stderr[-800:]}")
    if not scripts:
        sys.exit(f"power: {harness} kept no script of what it noticed:\n{done.stderr[-800:]}")
    return {"seconds": round(took, 2), "runs": int(runs.group(1)) if runs else 0, "words": words, "script": scripts[0]}


def name_of(harness):
    return harness.name.removesuffix("_fuzzer")


def measure(number, rule, headers, harnesses, seeds):
    """Who notices, with the seeds and from nothing."""
    first = fit(harnesses, headers)
    rest = [h for h in harnesses if h not in first]
    plan = [(h, s) for s in SLICES[:1] for h in first + rest] + [(h, s) for s in SLICES[1:] for h in first]
    for harness, seconds in plan:
        with_seeds = run(harness, rule, seconds, seeds / name_of(harness))
        if with_seeds:
            without = run(harness, rule, SLICES[-1], None)
            keep(harness, rule, number, with_seeds.pop("script"))
            if without:
                del without["script"]
            return {"harness": name_of(harness), "with": with_seeds, "without": without}
    return {}


def kept(number):
    return sorted(REGRESSIONS.glob(f"*/without_{number.lower()}"))


def gives_away(number, rule, build):
    """One of the committed scripts fails without the rule."""
    environment = dict(os.environ, VQG_FUZZ_ASSUME=rule)
    return any(minimise.player(build / f"{file.parent.name}_fuzzer", environment)(file.read_bytes())
               for file in kept(number))


def keep(harness, rule, number, script):
    if not gives_away(number, rule, harness.parent):
        play = minimise.player(harness, dict(os.environ, VQG_FUZZ_ASSUME=rule))
        to = REGRESSIONS / name_of(harness) / f"without_{number.lower()}"
        to.parent.mkdir(parents=True, exist_ok=True)
        to.write_bytes(minimise.minimise(play, script) or script)


def check(build):
    """One of the committed scripts fails without each rule. With all of them, scripts/fuzz --check has played it."""
    rows, reasons, tried, lost = rules(), unseen(), 0, 0
    harnesses = built(build)
    for number, name, headers in rows:
        wrong = None
        if number in reasons:
            wrong = f"{number} is in fuzz/unseen.txt, and there is {kept(number)[0]}" if kept(number) else None
        elif fit(harnesses, headers):
            tried += 1
            if not gives_away(number, name, build):
                wrong = f"without {number} no script of fuzz/regressions fails; scripts/fuzz --power {number}"
        if wrong:
            lost += 1
            print(f"power: {wrong}", file=sys.stderr)
    print(f"{tried} rules taken out one at a time; of {lost} no committed script sees the loss")
    return 1 if lost or not tried else 0


def cells(result):
    return f"{result['seconds']:.2f} | {result['runs']}" if result else "> 60 | -"


def table(rows, results, reasons, absent):
    seen = [row for row in rows if results.get(row[1])]
    lines = [f"Without one of {len(seen)} rules, a harness notices:", "",
             "| rule | name | harness | seconds | executions | seconds, without seeds | executions | what it sees |",
             "|---|---|---|---|---|---|---|---|"]
    for number, name, _ in seen:
        r = results[name]
        words = r["with"]["words"].replace("|", "\\|")
        lines.append(f"| {number} | `{name}` | {r['harness']} | {cells(r['with'])} | {cells(r['without'])} | {words} |")
    hidden = [row for row in rows if row[0] in reasons and not results.get(row[1]) and row[1] not in absent]
    lines += ["", f"{len(hidden)} whose loss no harness can see:", "", "| rule | name | why |", "|---|---|---|"]
    lines += [f"| {number} | `{name}` | {reasons[number]} |" for number, name, _ in hidden]
    if absent:
        lines += ["", f"{len(absent)} have no harness yet: {', '.join(r[0] for r in rows if r[1] in absent)}."]
    return "\n".join(lines)


def digest(harnesses):
    """Of what is measured: these harnesses."""
    total = hashlib.sha256()
    for harness in harnesses:
        total.update(harness.read_bytes())
    return total.hexdigest()[:16]


def remembered(out, marks):
    results = {}
    if out.exists():
        for line in out.read_text().splitlines():
            try:
                row = json.loads(line)
            except ValueError:
                continue  # the last time ended in the middle of it
            if row["of"] == marks.get(row["rule"]):
                results[row["rule"]] = row["result"]
    return results


def main():
    if len(sys.argv) == 3 and sys.argv[1] == "--check":
        return check(pathlib.Path(sys.argv[2]).resolve())
    if len(sys.argv) < 4:
        print(__doc__, file=sys.stderr)
        return 2
    build, seeds, out = (pathlib.Path(arg).resolve() for arg in sys.argv[1:4])
    harnesses = built(build)
    rows, reasons = rules(), unseen()
    wanted = set(sys.argv[4:])
    unknown = (wanted | set(reasons)) - {name for row in rows for name in row[:2]}
    if unknown:
        sys.exit(f"power: no rule that can be taken out is called {', '.join(sorted(unknown))}")
    marks = {name: digest(who) for _, name, headers in rows if (who := fit(harnesses, headers))}
    absent = {row[1] for row in rows} - set(marks)
    chosen = [row for row in rows if not wanted or wanted & set(row[:2])]
    results = remembered(out, marks)
    for harness in harnesses:
        failed = not results and run(harness, "", 2, seeds / name_of(harness))
        if failed:
            sys.exit(f"power: {harness.name} fails with every rule on: {failed['words']}")
    wrong = 0
    for number, name, headers in chosen:
        if name in absent:
            print(f"{number:<4} {name:<20} left out: none of the harnesses that are built meets it", flush=True)
            continue
        if name not in results:
            results[name] = measure(number, name, headers, harnesses, seeds)
            with out.open("a") as file:
                file.write(json.dumps({"of": marks[name], "rule": name, "result": results[name]}) + "\n")
        r = results[name]
        verdict = f"{r['harness']}: {cells(r['with'])} | {cells(r['without'])} | {r['with']['words']}" if r else "-"
        if bool(r) == (number in reasons):
            wrong += 1
            verdict = ("NOTICED, and fuzz/unseen.txt says that it cannot be: " if r else "NOT NOTICED ") + verdict
        print(f"{number:<4} {name:<20} {verdict}", flush=True)
    if not wanted:
        page.write("power", table(rows, results, reasons, absent))
    left = sum(row[1] in absent for row in chosen)
    print(f"{len(chosen) - left} rules taken out one at a time, {left} left out; of {wrong} the verdict is not as it "
          "should be")
    return 1 if wrong else 0


sys.exit(main())
