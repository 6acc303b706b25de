# SPDX-License-Identifier: MIT
"""Where figures go: a part of docs/assurance.md, between two marks."""

import pathlib

PAGE = pathlib.Path(__file__).resolve().parent.parent / "docs" / "assurance.md"


def write(part, text):
    begin, end = f"<!-- {part}: begin -->", f"<!-- {part}: end -->"
    before, rest = PAGE.read_text().split(begin)
    PAGE.write_text(f"{before}{begin}\n\n{text}\n\n{end}{rest.split(end)[1]}")
    print(f"the table is in docs/{PAGE.name}")
