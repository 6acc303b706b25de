#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""doc.py DOCUMENT CSV...: writes the tables that a document asks for.

A document asks with a comment, and the table stands between it and the next `<!-- end -->`:

    <!-- table FILE.csv | COLUMN=VALUE,VALUE ... | COLUMN, COLUMN=HEADING, ... -->

The middle part says which lines: a dash for all. Tables from files that were not given stay as they are.
"""
import csv
import os
import re
import sys

MARK = re.compile(r"(<!-- table (\S+) \| ([^|\n]*) \| ([^|\n]*) -->\n).*?(<!-- end -->)", re.DOTALL)


def table(lines, where, columns):
    wanted = [condition.partition("=") for condition in where.split() if condition != "-"]
    kept = [line for line in lines if all(line[column] in values.split(",") for column, _, values in wanted)]
    names = [column.partition("=") for column in columns.split(", ")]
    if not kept or any(name not in kept[0] for name, _, _ in names):
        sys.exit(f"doc.py: no such lines or columns: {where} | {columns}")
    rows = [[heading or name for name, _, heading in names], ["---"] * len(names)]
    rows += [[line[name] for name, _, _ in names] for line in kept]
    return "".join("| " + " | ".join(cells) + " |\n" for cells in rows)


def main():
    if len(sys.argv) < 3:
        sys.exit("usage: doc.py DOCUMENT CSV...")
    files = {}
    for path in sys.argv[2:]:
        if os.path.exists(path):
            with open(path, newline="", encoding="ascii") as file:
                files[os.path.basename(path)] = list(csv.DictReader(file))

    def fill(match):
        start, name, where, columns, end = match.groups()
        return start + table(files[name], where, columns) + end if name in files else match.group(0)

    with open(sys.argv[1], encoding="utf-8") as file:
        text = MARK.sub(fill, file.read())
    with open(sys.argv[1], "w", encoding="utf-8") as file:
        file.write(text)


if __name__ == "__main__":
    main()
