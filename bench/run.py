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
SECTIONS = {
    "segments": [row(side, n, table) for side in ("driver", "device") for table in TABLES for n in SEGMENTS]
    + [row("ledger", n) for n in SEGMENTS],
    "capabilities": [row("device", n, table, capabilities=c, place=place)
                     for n, table, place in ((1, "direct", "scattered"), (3, "direct", "scattered"),
                                             (3, "direct", "near"), (1, "indirect", "scattered"),
                                             (3, "indirect", "scattered"))
                     for c in CAPABILITIES],
    # The batch is what fits the smallest queue, so that nothing but the size changes.
    "size": [row(side, n, size=size, batch=5) for side, n in (("driver", 3), ("device", 3), ("ledger", 3))
             for size in SIZES],
}

# What a request may cost: instructions, all rules on, at -O2 on x86-64 with gcc 12.
LIMIT = {
    row("driver", 1): 110,
    row("driver", 3): 180,
    row("driver", 3, "indirect"): 300,
    row("device", 1): 200,
    row("device", 3): 350,
}
# ... and what it may cost compared with another shape.
AT_MOST_TIMES = {
    row("device", 1, capabilities=1024): (1.15, row("device", 1)),
    row("device", 3, capabilities=1024): (1.15, row("device", 3)),
    row("device", 1, capabilities=1000000): (2.0, row("device", 1)),
    row("device", 3, capabilities=1000000): (2.0, row("device", 3)),
}
AT_MOST_TIMES.update({
    row(side, 3, size=size, batch=5): (1.1, row(side, 3, batch=5))
    for side in ("driver", "device", "ledger") for size in SIZES if size != 256
})
# ... and compared with the same code that takes every rule for granted.
RATIO_LIMIT = 1.3

QUICK = (list(LIMIT) + [r for r in AT_MOST_TIMES if r.size in (16, 256, 32768)]
         + [row(side, 3, batch=5) for side in ("driver", "device", "ledger")] + [row("ledger", 3)])

CORES = [(table, n, depth) for depth in (1, 8, 64) for table, n in (("direct", 1), ("direct", 3), ("indirect", 3))]

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


def judge(figures):
    """Notes the tightest bound of each row, in instructions; gives how many bounds there are, and what is broken."""
    judged, broken = 0, []
    for r, f in figures.items():
        bounds = [(f["unguarded"] * RATIO_LIMIT, f"{RATIO_LIMIT} times the unguarded {f['unguarded']}")]
        if r in LIMIT:
            bounds.append((LIMIT[r], "the limit"))
        if r in AT_MOST_TIMES:
            times, base = AT_MOST_TIMES[r]
            bounds.append((figures[base]["guarded"] * times, f"{times} times {figures[base]['guarded']} of {name(base)}"))
        f["bound"] = int(min(bounds)[0])
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
    columns = list(Row._fields) + ["guarded", "unguarded", "ratio", "bound"]
    with_time = all("guarded_ns" in f for f in figures.values())
    if with_time:
        columns += ["guarded_ns", "unguarded_ns", "ratio_ns"]
    every = []
    for title, rows in sections.items():
        lines = []
        for r in rows:
            f = figures[r]
            line = list(r) + [f["guarded"], f["unguarded"], f["guarded"] / f["unguarded"], f["bound"]]
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
    for table, segments, depth in CORES:
        guarded, unguarded = best_times(programs, ["split", table, segments, depth], 500000, 7)
        lines.append(["split", table, segments, depth, guarded, unguarded, guarded / unguarded, round(1e9 / guarded)])
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
    lines = []
    for (program, form, side, table, n, regions), (path, shape), instructions in zip(jobs_of, arguments, counts):
        ours = figures.get(row(side, n, table, capabilities=regions, form=form), {}).get("guarded", "-")
        lines.append([program, form, side, table, n, regions, instructions, ours, *best_times([path], shape)])
    show("Other implementations, in the same run; vqguard's guarded instructions beside them", columns, lines)
    write_csv(os.path.join(out, "peers.csv"), columns, lines)


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--out", required=True)
    options.add_argument("--jobs", type=int, default=1)
    options.add_argument("--quick", action="store_true")
    options.add_argument("--peers", action="store_true")
    chosen = options.parse_args()
    sections = {"quick": list(dict.fromkeys(QUICK))} if chosen.quick else SECTIONS
    figures = measure(chosen.out, [r for rows in sections.values() for r in rows] + list(LIMIT), chosen.jobs,
                      not chosen.quick)
    judged, broken = judge(figures)
    report_requests(chosen.out, sections, figures)
    if not chosen.quick:
        report_cores(chosen.out)
        if chosen.peers:
            report_peers(chosen.out, figures, chosen.jobs)
        plot.draw(chosen.out)
    print()
    for line in broken:
        print(f"bound broken: {line}")
    if broken:
        sys.exit(f"bench: {len(broken)} of {judged} bounds are broken")
    print(f"{judged} bounds hold")


if __name__ == "__main__":
    main()
