#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""doc.py DOCUMENT: writes what attacked.py has recorded between the document's two comments that name linux."""
import json
import pathlib
import re
import sys

from disk import BUILD

RECORDS = BUILD / "linux" / "attacked" / "attacked.json"
MARK = re.compile(r"(<!-- linux: begin -->\n).*?(<!-- linux: end -->)", re.DOTALL)


def cell(record):
    """What was seen with one attack on one format."""
    if record is None:
        return "-"
    seen = ", ".join(record["outcome"]) if record["played"] else "never played"
    return seen if record["honest_disk"] else seen + "; the other disk does not answer"


def table(found):
    """A line an attack: what was seen, by format, and the first that the kernel said that it does not say otherwise."""
    lines = [f"{found['kernel']}, {found['accelerator']}, {len(found['records'])} boots:", "",
             "| attack | split | packed | the kernel's first word |", "|---|---|---|---|"]
    attacks = {}
    for record in found["records"]:
        attacks.setdefault(record["attack"], {})[record["format"]] = record
    for name, formats in attacks.items():
        words = next((r["kernel"][0] for r in formats.values() if r["kernel"]), "").replace("|", "\\|")
        lines.append(f"| `{name}` | {cell(formats.get('split'))} | {cell(formats.get('packed'))} | "
                     f"{f'`{words}`' if words else ''} |")
    return "\n".join(lines) + "\n"


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: doc.py DOCUMENT")
    document = pathlib.Path(sys.argv[1])
    if not RECORDS.exists():
        sys.exit(f"doc.py: no {RECORDS}; scripts/blk --full linux makes it")
    text = document.read_text()
    if not MARK.search(text):
        sys.exit(f"doc.py: {document} has no <!-- linux: begin --> with an end")
    document.write_text(MARK.sub(lambda match: match[1] + table(json.loads(RECORDS.read_text())) + match[2], text))


if __name__ == "__main__":
    main()
