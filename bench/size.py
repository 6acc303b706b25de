#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Text bytes, stack and private memory of what bench/size/*.c include, on every target; judges the bounds."""
import argparse
import collections
import os
import re
import subprocess
import sys

from run import show, write_csv

TARGETS = {
    "rv32imac": ("riscv64-unknown-elf-", ["-march=rv32imac", "-mabi=ilp32"]),
    "rv64imac": ("riscv64-unknown-elf-", ["-march=rv64imac", "-mabi=lp64"]),
    "cortex-m4": ("arm-none-eabi-", ["-mcpu=cortex-m4", "-mthumb"]),
    "x86-64": ("", ["-m64", "-fno-pie", "-fno-asynchronous-unwind-tables"]),
}
FLAGS = ["-std=c11", "-Os", "-g", "-ffreestanding", "-Wall", "-Wextra", "-Werror", "-fcallgraph-info=su"]

# What a program links: a file of bench/size each.
GROUPS = {
    "driver": "driver: init, add, kick, take, reset",
    "driver_indirect": "... and tables, least lengths, callbacks",
    "device": "device: init, enable, pop, push, notify, reset",
    "ledger": "ledger: init, publish, take, next",
    "caps": "capability table: init, replace, lookup",
}
# A program has both formats, or leaves packed queues out.
BUILDS = {"both": [], "split": ["-DVQG_CONFIG_PACKED=0"]}
# Bytes of text, read-only data included, on rv32imac: what is wanted, and what it was when it was last looked at.
Figure = collections.namedtuple("Figure", "wanted today")
FIGURES = {
    ("driver", "both"): Figure(None, 4658),
    ("driver", "split"): Figure(1536, 3310),
    ("driver_indirect", "both"): Figure(None, 5592),
    ("driver_indirect", "split"): Figure(None, 4028),
    ("device", "both"): Figure(None, 10662),
    ("device", "split"): Figure(2560, 8660),
    ("ledger", "both"): Figure(None, 3326),
    ("ledger", "split"): Figure(None, 2340),
    ("caps", "both"): Figure(None, 772),
}
# What it may be, times today's figure.
TODAY_LIMIT = 1.05


def run(arguments, text=None):
    done = subprocess.run(arguments, input=text, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"size: {' '.join(arguments)}: {done.stderr.strip()}")
    return done.stdout


def build(options, target, group, formats="both"):
    """Compiles a group for a target; gives the prefix of the tools and the path of the object without its suffix."""
    prefix, flags = TARGETS[target]
    path = os.path.join(options.out, f"{group}-{formats}-{target}")
    source = os.path.join(options.root, "bench", "size", group + ".c")
    include = os.path.join(options.root, "include")
    run([prefix + "gcc", *FLAGS, *flags, *BUILDS[formats], "-I", include, "-c", source, "-o", path + ".o"])
    return prefix, path


def text_bytes(prefix, path):
    return int(run([prefix + "size", path + ".o"]).splitlines()[1].split()[0])


def helpers(prefix, path):
    """What the compiler calls that the library does not bring."""
    return " ".join(line.split()[-1] for line in run([prefix + "nm", "-u", path + ".o"]).splitlines()) or "-"


def stack_bytes(path):
    """Bytes of the deepest call chain, by the compiler's own call graph. What is called from outside is not in it."""
    frame, calls = {}, collections.defaultdict(set)
    with open(path + ".ci", encoding="utf-8") as file:
        for line in file:
            node = re.match(r'node: { title: "([^"]+)" label: "[^"]*\\n(\d+) bytes \(([^)]*)\)', line)
            edge = re.match(r'edge: { sourcename: "([^"]+)" targetname: "([^"]+)"', line)
            if node:
                if node.group(3) not in ("static", "dynamic,bounded"):
                    sys.exit(f"size: {node.group(1)} has a frame without a bound")
                frame[node.group(1)] = int(node.group(2))
            elif edge:
                calls[edge.group(1)].add(edge.group(2))

    def depth(function, above):
        if function in above:
            sys.exit(f"size: {function} is recursive")
        return frame.get(function, 0) + max((depth(c, above + [function]) for c in calls[function]), default=0)

    return max(depth(function, []) for function in list(frame))


def report_text(options):
    columns = ["group", "formats", "target", "bytes", "wanted", "gate", "stack", "calls", "what"]
    lines, broken = [], []
    for (group, formats), (wanted, today) in FIGURES.items():
        for target in TARGETS:
            prefix, path = build(options, target, group, formats)
            text, judged = text_bytes(prefix, path), target == "rv32imac"
            gate = int(today * TODAY_LIMIT)
            lines.append([group, formats, target, text, wanted if judged and wanted else "-", gate if judged else "-",
                          stack_bytes(path), helpers(prefix, path), GROUPS[group]])
            if judged and text > gate:
                broken.append(f"{group}, {formats}, on {target}: {text} bytes, more than {gate}")
    show("Bytes of text and of stack at -Os", columns[:-1], [line[:-1] for line in lines])
    write_csv(os.path.join(options.out, "size.csv"), columns, lines)
    return broken


def report_private(options):
    names, lines = [], []
    for target in TARGETS:
        prefix, path = build(options, target, "bytes")
        sizes = {line.split()[3][len("bytes_"):]: int(line.split()[1], 16)
                 for line in run([prefix + "nm", "-S", path + ".o"]).splitlines()}
        names = ["slot"] + sorted(set(sizes) - {"slot"})
        lines.append([target] + [sizes[name] for name in names])
    show("Bytes of private memory: one slot for each queue entry, and the structures", ["target"] + names, lines)
    write_csv(os.path.join(options.out, "private.csv"), ["target"] + names, lines)


def report_where(options, group, target):
    """Bytes by the function of the source that they come from, inlined or not."""
    prefix, path = build(options, target, group)
    own, inlined = collections.Counter(), collections.Counter()
    sections = collections.defaultdict(list)
    for line in run([prefix + "objdump", "-d", path + ".o"]).splitlines():
        if line.startswith("Disassembly of section "):
            section = line.split()[-1].rstrip(":")
        code = re.match(r"\s*([0-9a-f]+):\t([0-9a-f ]+)\t", line)
        if code:
            sections[section].append((code.group(1), len(code.group(2).replace(" ", "")) // 2))
    for section, instructions in sections.items():
        answer = run([prefix + "addr2line", "-afi", "-j", section, "-e", path + ".o"],
                     "\n".join(at for at, _ in instructions) + "\n")
        stacks = re.split(r"^0x[0-9a-f]+\n", answer, flags=re.MULTILINE)[1:]
        for (_, length), stack in zip(instructions, stacks):
            functions = stack.splitlines()[0::2]
            own[functions[0]] += length
            inlined.update({function: length for function in set(functions)})
    show(f"Bytes of {group} on {target}: by function of the source, alone and with what is inlined",
         ["function", "", "alone", "inlined"], [[f, "", own[f], n] for f, n in inlined.most_common()])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--root", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--where", nargs=2, metavar=("GROUP", "TARGET"))
    options = parser.parse_args()
    if options.where:
        group, target = options.where
        if group not in GROUPS or target not in TARGETS:
            sys.exit(f"size: a group of {', '.join(GROUPS)}, and a target of {', '.join(TARGETS)}")
        report_where(options, group, target)
        return
    broken = report_text(options)
    report_private(options)
    print()
    for line in broken:
        print(f"bound broken: {line}")
    if broken:
        sys.exit(f"size: {len(broken)} of {len(FIGURES)} bounds are broken")
    print(f"{len(FIGURES)} bounds hold")


if __name__ == "__main__":
    main()
