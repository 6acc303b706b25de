#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Measures every shape with programs that scripts/bench has built; prints tables, writes CSV, judges the bounds."""
import argparse
import collections
import concurrent.futures
import csv
import os
import re
import subprocess
import sys

import plot

# One request: what the ring looks like, what is done with it, and where the buffers lie.
Row = collections.namedtuple("Row", "format side table size segments batch capabilities place")

SEGMENTS = (1, 3, 8, 16)
CAPABILITIES = (1, 64, 1024, 1000000)
SIZES = tuple(2**n for n in range(4, 16))


def row(side, segments, table="direct", size=256, batch=None, capabilities=None, place="scattered", form="split"):
    """A row with the usual values: batches of 64 or of what fits, 64 capabilities for a device."""
    batch = batch or min(64, size if table == "indirect" else size // segments)
    capabilities = capabilities or (64 if side == "device" else 1)
    return Row(form, side, table, size, segments, batch, capabilities, place)


TABLES = ("direct", "indirect")
FORMATS = ("split", "packed")
SECTIONS = {
    "segments": [row(side, n, table, form=form) for form in FORMATS for side in ("driver", "device")
                 for table in TABLES for n in SEGMENTS]
    + [row("ledger", n, form=form) for form in FORMATS for n in SEGMENTS],
    "in-order": [row(side, n, form=form + "-in-order") for form in FORMATS for side in ("driver", "device")
                 for n in (1, 3)],
    "capabilities": [row("device", n, table, capabilities=c, place=place, form=form) for form in FORMATS
                     for n, table, place in ((1, "direct", "scattered"), (3, "direct", "scattered"),
                                             (3, "direct", "near"), (1, "indirect", "scattered"),
                                             (3, "indirect", "scattered"))
                     for c in CAPABILITIES],
    # The batch is what fits the smallest queue, so that nothing but the size changes.
    "size": [row(side, 3, size=size, batch=5, form=form) for form in FORMATS for side in ("driver", "device", "ledger")
             for size in SIZES],
}

# Instructions of a request, all rules on, at -O2 on x86-64 with gcc 12: what is wanted, and what it was when it was
# last looked at.
Figure = collections.namedtuple("Figure", "wanted today")
FIGURES = {
    row("driver", 1): Figure(110, 190),
    row("driver", 3): Figure(180, 260),
    row("driver", 3, "indirect"): Figure(300, 264),
    row("device", 1): Figure(200, 465),
    row("device", 3): Figure(350, 1057),
    row("device", 3, place="near"): Figure(None, 743),
    row("ledger", 1): Figure(None, 137),
    row("ledger", 3): Figure(None, 193),
    row("driver", 1, form="packed"): Figure(120, 236),
    row("driver", 3, form="packed"): Figure(190, 309),
    row("driver", 3, "indirect", form="packed"): Figure(300, 292),
    row("device", 1, form="packed"): Figure(None, 504),
    row("device", 3, form="packed"): Figure(None, 1081),
    row("device", 3, place="near", form="packed"): Figure(None, 770),
    row("ledger", 1, form="packed"): Figure(None, 180),
    row("ledger", 3, form="packed"): Figure(None, 180),
    row("driver", 1, form="split-in-order"): Figure(None, 197),
    row("driver", 3, form="split-in-order"): Figure(None, 268),
    row("device", 1, form="split-in-order"): Figure(None, 516),
    row("device", 3, form="split-in-order"): Figure(None, 1121),
    row("driver", 1, form="packed-in-order"): Figure(None, 231),
    row("driver", 3, form="packed-in-order"): Figure(None, 304),
    row("device", 1, form="packed-in-order"): Figure(None, 552),
    row("device", 3, form="packed-in-order"): Figure(None, 1129),
}
# What it may cost: so many times today's figure, and the same code that takes every rule for granted, ...
TODAY_LIMIT = 1.05
RATIO_LIMIT = 1.3
# ... a packed queue so many times a split one (wanted: 1.1 on every side), ...
PACKED_LIMIT = {"driver": 1.25, "device": 1.1, "ledger": 1.35}
# ... and so many times another shape.
AT_MOST_TIMES = {
    row("device", n, capabilities=c, form=form): (times, row("device", n, form=form))
    for form in FORMATS for n in (1, 3) for c, times in ((1024, 1.15), (1000000, 2.0))
}
AT_MOST_TIMES.update({
    row(side, 3, size=size, batch=5, form=form): (1.1, row(side, 3, batch=5, form=form))
    for form in FORMATS for side in ("driver", "device", "ledger") for size in SIZES if size != 256
})

QUICK = list(dict.fromkeys([*FIGURES, *(r for pair in AT_MOST_TIMES.items() if pair[0].size in (16, 256, 32768)
                                       for r in (pair[0], pair[1][1]))]))

CORES = [(form, table, n, depth) for form in FORMATS for depth in (1, 8, 64)
         for table, n in (("direct", 1), ("direct", 3), ("indirect", 3))]

# Program, format, side, tables, chain lengths, regions that the device may touch.
PEERS = [
    ("linux", "split", "driver", TABLES, (1, 3, 8, 16), (1,)),
    ("linux", "packed", "driver", TABLES, (1, 3, 8, 16), (1,)),
    ("ringtest", "split", "driver", TABLES[:1], (1,), (1,)),
    ("vringh", "split", "device", TABLES, (1, 3), (1, 64, 1024)),
]

BUILDS = ("guarded", "unguarded")


def run(arguments, **more):
    done = subprocess.run([str(a) for a in arguments], capture_output=True, text=True, check=False, **more)
    if done.returncode != 0:
        sys.exit(f"bench: {' '.join(str(a) for a in arguments)}: {done.stderr.strip()}")
    return done


def count(program, arguments):
    """Instructions of one request."""
    done = run(["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", "--toggle-collect=measured",
                program, *arguments, 4096])
    collected = re.search(r"Collected : (\d+)", done.stderr)
    return round(int(collected.group(1)) / int(done.stdout.split()[0]))


def nanoseconds(program, arguments, requests):
    return float(run([program, *arguments, requests]).stdout.split()[1])


def best_times(programs, arguments, requests=60000, rounds=3):
    """Nanoseconds of one request in each program: in turn, and the best of each, so that a busy moment hits both."""
    best = [float("inf")] * len(programs)
    for _ in range(rounds):
        for i, program in enumerate(programs):
            best[i] = min(best[i], nanoseconds(program, arguments, requests))
    return best


def measure(out, rows, jobs, with_time):
    """Figures of each row: instructions in both builds, and nanoseconds if asked for."""
    rows = list(dict.fromkeys(rows))
    programs = [os.path.join(out, "bench-" + build) for build in BUILDS]
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        counts = list(pool.map(lambda job: count(*job), [(p, r) for r in rows for p in programs]))
    figures = {r: {"guarded": counts[2 * i], "unguarded": counts[2 * i + 1]} for i, r in enumerate(rows)}
    for r, f in figures.items():
        if with_time:
            f["guarded_ns"], f["unguarded_ns"] = best_times(programs, r)
    return figures


def split_of(r):
    return r._replace(format=r.format.replace("packed", "split"))


def bounds_of(r, figures):
    """The bounds of a row, and where they come from."""
    yield figures[r]["unguarded"] * RATIO_LIMIT, f"{RATIO_LIMIT} times the unguarded {figures[r]['unguarded']}"
    if r in FIGURES:
        yield FIGURES[r].today * TODAY_LIMIT, f"{TODAY_LIMIT} times the {FIGURES[r].today} of bench/run.py"
    others = [AT_MOST_TIMES[r]] if r in AT_MOST_TIMES else []
    if r.format.startswith("packed"):
        others.append((PACKED_LIMIT[r.side], split_of(r)))
    for times, base in others:
        yield figures[base]["guarded"] * times, f"{times} times the {figures[base]['guarded']} of {name(base)}"


def judge(figures):
    """Notes the tightest bound of each row, in instructions; gives how many bounds there are, and what is broken."""
    judged, broken = 0, []
    for r, f in figures.items():
        bounds = list(bounds_of(r, figures))
        f["wanted"] = FIGURES[r].wanted or "-" if r in FIGURES else "-"
        f["gate"] = int(min(bounds)[0])
        judged += len(bounds)
        broken += [f"{name(r)}: {f['guarded']} instructions, more than {int(b)}, {why}"
                   for b, why in bounds if f["guarded"] > int(b)]
    return judged, broken


def name(r):
    return (f"{r.format} {r.side} {r.table}, size {r.size}, segments {r.segments}, batch {r.batch}, "
            f"capabilities {r.capabilities} {r.place}")


def show(title, columns, lines):
    """Prints a table, numbers to the right."""
    text = [list(columns)] + [[f"{v:.2f}" if isinstance(v, float) else str(v) for v in line] for line in lines]
    widths = [max(len(line[i]) for line in text) for i in range(len(columns))]
    print(f"\n{title}")
    for line in text:
        print("  ".join(v.rjust(w) if i > 1 else v.ljust(w) for i, (v, w) in enumerate(zip(line, widths))).rstrip())


def write_csv(path, columns, lines):
    with open(path, "w", newline="", encoding="ascii") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([f"{v:.2f}" if isinstance(v, float) else v for v in line] for line in lines)


def report_requests(out, sections, figures):
    columns = list(Row._fields) + ["guarded", "unguarded", "ratio", "wanted", "gate"]
    with_time = all("guarded_ns" in f for f in figures.values())
    if with_time:
        columns += ["guarded_ns", "unguarded_ns", "ratio_ns"]
    every = []
    for title, rows in sections.items():
        lines = []
        for r in rows:
            f = figures[r]
            line = list(r) + [f["guarded"], f["unguarded"], f["guarded"] / f["unguarded"], f["wanted"],
                              f["gate"]]
            if with_time:
                line += [f["guarded_ns"], f["unguarded_ns"], f["guarded_ns"] / f["unguarded_ns"]]
            lines.append(line)
        show(f"Instructions{' and nanoseconds' if with_time else ''} of a request: {title}", columns, lines)
        every += [[title] + line for line in lines]
    write_csv(os.path.join(out, "requests.csv"), ["section"] + columns, every)


def report_cores(out):
    columns = ["format", "table", "segments", "depth", "guarded_ns", "unguarded_ns", "ratio", "guarded_per_s"]
    programs = [os.path.join(out, "two_cores-" + build) for build in BUILDS]
    lines = []
    for shape in CORES:
        guarded, unguarded = best_times(programs, shape, 500000, 7)
        lines.append([*shape, guarded, unguarded, guarded / unguarded, round(1e9 / guarded)])
    show("Driver endpoint against device endpoint on two cores, both polling: nanoseconds of a request", columns, lines)
    write_csv(os.path.join(out, "two_cores.csv"), columns, lines)


def report_peers(out, figures, jobs):
    """Other implementations in the same shapes, beside ours."""
    columns = ["peer", "format", "side", "table", "segments", "regions", "instructions", "vqguard", "ns"]
    jobs_of = [(program, form, side, table, n, regions)
               for program, form, side, tables, lengths, all_regions in PEERS
               for table in tables for n in lengths for regions in all_regions]
    arguments = [(os.path.join(out, "peer-" + job[0]), [job[1], job[3], job[4], job[5]]) for job in jobs_of]
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        counts = list(pool.map(lambda job: count(*job), arguments))
    lines, linux = [], {}
    for (program, form, side, table, n, regions), (path, shape), instructions in zip(jobs_of, arguments, counts):
        same = row(side, n, table, capabilities=regions, form=form)
        ours = figures.get(same, {}).get("guarded", "-")
        lines.append([program, form, side, table, n, regions, instructions, ours, *best_times([path], shape)])
        if program != "ringtest":
            linux[same] = instructions
    show("Other implementations, in the same run; vqguard's guarded instructions beside them", columns, lines)
    write_csv(os.path.join(out, "peers.csv"), columns, lines)
    return linux


def report_wanted(out, figures, linux):
    """The figures that are wanted, how far away they are, and what Linux takes."""
    columns = ["format", "side", "table", "segments", "wanted", "guarded", "times", "linux"]
    lines = [[r.format, r.side, r.table, r.segments, wanted, figures[r]["guarded"], figures[r]["guarded"] / wanted,
              linux.get(r, "-")] for r, (wanted, _) in FIGURES.items() if wanted is not None]
    show("What is wanted", columns, lines)
    write_csv(os.path.join(out, "wanted.csv"), columns, lines)


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--out", required=True)
    options.add_argument("--jobs", type=int, default=1)
    options.add_argument("--quick", action="store_true")
    options.add_argument("--peers", action="store_true")
    chosen = options.parse_args()
    sections = {"quick": QUICK} if chosen.quick else SECTIONS
    figures = measure(chosen.out, [r for rows in sections.values() for r in rows], chosen.jobs, not chosen.quick)
    judged, broken = judge(figures)
    report_requests(chosen.out, sections, figures)
    linux = {}
    if not chosen.quick:
        report_cores(chosen.out)
        if chosen.peers:
            linux = report_peers(chosen.out, figures, chosen.jobs)
        plot.draw(chosen.out, FORMATS)
    report_wanted(chosen.out, figures, linux)
    print()
    for line in broken:
        print(f"bound broken: {line}")
    if broken:
        sys.exit(f"bench: {len(broken)} of {judged} bounds are broken")
    print(f"{judged} bounds hold")


if __name__ == "__main__":
    main()
