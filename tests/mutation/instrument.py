#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes the headers anew with every mutant in them, of which a program picks one when it runs.

  instrument INCLUDE OUT LIST

INCLUDE is the folder that has vqguard/, OUT gets a copy of it, LIST gets a line for each mutant:
number, header, line, function, what stood there, what stands there now; separated by tabs.
"""
import ctypes
import pathlib
import re
import sys

from clang import cindex
from clang.cindex import CursorKind as K

LIBRARY = "/usr/lib/llvm-14/lib/libclang-14.so.1"
# What is not mutated: the doors to the machine, whose orders no test in one thread can see, and tables of words.
LEFT_OUT = {"port.h", "rules.h", "port/gcc.h", "port/generic.h"}
OTHERS = {
    "<": ["<=", ">="], "<=": ["<", ">"], ">": [">=", "<="], ">=": [">", "<"], "==": ["!="], "!=": ["=="],
    "&&": ["||"], "||": ["&&"], "+": ["-"], "-": ["+"], "*": ["+"], "/": ["*"], "%": ["+"], "&": ["|"],
    "|": ["&"], "^": ["|"], "<<": [">>"], ">>": ["<<"], "+=": ["-="], "-=": ["+="], "|=": ["&="],
    "&=": ["|="], "^=": ["|="], "<<=": [">>="], ">>=": ["<<="], "++": ["--"], "--": ["++"],
}
LITERAL = re.compile(r"(0x[0-9a-f]+|[0-9]+)(u?)$", re.I)
DROPPED = (K.BINARY_OPERATOR, K.COMPOUND_ASSIGNMENT_OPERATOR, K.UNARY_OPERATOR, K.CALL_EXPR)


class Place:
    """A piece of a header's text, with what it can become."""

    def __init__(self, start, end):
        self.start, self.end, self.inside, self.mutants, self.statement = start, end, [], [], False


def offset(location):
    """File and offset where the text was written: of a macro's argument, where the argument stands."""
    file, position = ctypes.c_void_p(), ctypes.c_uint()
    cindex.conf.lib.clang_getFileLocation(location, ctypes.byref(file), None, None, ctypes.byref(position))
    return position.value


class Header:
    def __init__(self, path, text):
        self.path, self.text, self.places, self.function = path, text, {}, ""

    def extent(self, cursor):
        """Where a piece of code was written, from and to. What ends in a macro's body ends behind the macro."""
        start, end = offset(cursor.extent.start), offset(cursor.extent.end)
        name = re.compile(r"\w+").match(self.text, end)
        if name and not re.match(r"\w", self.text[end - 1]):
            end = name.end()
            if self.text[end:end + 1] == "(":
                depth = 0
                while True:
                    depth += {"(": 1, ")": -1}.get(self.text[end], 0)
                    end += 1
                    if depth == 0:
                        break
        return start, end

    def place(self, start, end):
        return self.places.setdefault((start, end), Place(start, end))

    def offer(self, start, end, mutated):
        """The text from start to end may become `mutated`."""
        place = self.place(start, end)
        if mutated not in (m[0] for m in place.mutants):
            place.mutants.append((mutated, self.function))

    def operator(self, start, end):
        """Where, between two operands, the operator stands: without the brackets that may close and open."""
        found = re.fullmatch(r"[\s)\\]*([-+*/%&|^<>=!]+)[\s(\\]*", self.text[start:end])
        return (start + found.start(1), found.group(1)) if found else (0, None)

    def binary(self, cursor):
        left, right = list(cursor.get_children())
        start, end = self.extent(cursor)
        at, sign = self.operator(self.extent(left)[1], self.extent(right)[0])
        if sign is None:
            return
        pointers = all(c.type.get_canonical().kind == cindex.TypeKind.POINTER for c in (left, right))
        for other in OTHERS.get(sign, []):
            if not (sign == "-" and pointers):
                self.offer(start, end, self.text[start:at] + other + self.text[at + len(sign):end])

    def unary(self, cursor):
        start, end = self.extent(cursor)
        text = self.text[start:end]
        if text.startswith(("++", "--")):
            self.offer(start, end, OTHERS[text[:2]][0] + text[2:])
        elif text.endswith(("++", "--")):
            self.offer(start, end, text[:-2] + OTHERS[text[-2:]][0])
        elif text.startswith("!"):
            self.offer(start, end, "!" + text)
        elif text.startswith("~"):
            self.offer(start, end, text[1:])

    def literal(self, cursor):
        start, end = self.extent(cursor)
        text = self.text[start:end]
        found = LITERAL.fullmatch(text)
        if not found:
            for word, other in (("true", "false"), ("false", "true")):
                if self.text.startswith(word, start) and not re.match(r"\w", self.text[start + len(word)]):
                    self.offer(start, start + len(word), other)
            return
        value = int(found.group(1), 0)
        for other in ([value + 1] if value != 1 else [0, 2]):
            self.offer(start, end, f"{other}{found.group(2)}")

    def condition(self, cursor):
        """A condition without an operator of its own."""
        start, end = self.extent(cursor)
        if re.match(r"[a-z_]", self.text[start:end]) and self.text[end:].lstrip()[:1] in (")", "?", ",", "&", "|"):
            self.offer(start, end, f"!({self.text[start:end]})")

    def drop(self, cursor):
        start, end = self.extent(cursor)
        before = self.text[:start].rstrip()[-1:]
        rest = self.text[end:]
        if before in "{;}/" and rest.startswith(";") and not self.text[start:end].startswith(("VQG_", "(void)")):
            self.place(start, end + 1).statement = True
            self.offer(start, end + 1, ";")

    def walk(self, cursor, parent):
        kind = cursor.kind
        start, end = self.extent(cursor)
        if kind in (K.CXX_UNARY_EXPR, K.DECL_REF_EXPR) or (kind == K.VAR_DECL and "[" in self.text[start:end]):
            return
        if parent == K.COMPOUND_STMT and kind in DROPPED:
            self.drop(cursor)
        children = list(cursor.get_children())
        if kind in (K.BINARY_OPERATOR, K.COMPOUND_ASSIGNMENT_OPERATOR) and len(children) == 2:
            self.binary(cursor)
        elif kind == K.UNARY_OPERATOR:
            self.unary(cursor)
        elif kind == K.INTEGER_LITERAL:
            self.literal(cursor)
        if kind in (K.IF_STMT, K.CONDITIONAL_OPERATOR):
            first = children[0]
            while first.kind == K.UNEXPOSED_EXPR and len(list(first.get_children())) == 1:
                first = next(first.get_children())
            if first.kind in (K.CALL_EXPR, K.DECL_REF_EXPR, K.MEMBER_REF_EXPR):
                self.condition(first)
        for i, child in enumerate(children):
            if not (kind == K.CASE_STMT and i == 0):
                self.walk(child, kind)

    def nest(self):
        """The outermost places, each with those inside it. What overlaps otherwise is left out."""
        outer, stack = [], []
        for place in sorted(self.places.values(), key=lambda p: (p.start, -p.end)):
            while stack and stack[-1].end <= place.start:
                stack.pop()
            if stack and place.end > stack[-1].end:
                continue
            (stack[-1].inside if stack else outer).append(place)
            stack.append(place)
        return outer

    def render(self, start, end, places, numbered):
        out, at = [], start
        for place in places:
            out.append(self.text[at:place.start])
            out.append(self.render_place(place, numbered))
            at = place.end
        return "".join(out) + self.text[at:end]

    def render_place(self, place, numbered):
        numbers = [numbered(self, place, mutated, function) for mutated, function in place.mutants]
        inside = self.render(place.start, place.end, place.inside, numbered)
        if place.statement:
            return f"if (!MUTANT({numbers[0]})) {{ {inside} }}"
        head = "".join(f"MUTANT({n}) ? ({mutated}) : " for n, (mutated, _) in zip(numbers, place.mutants))
        return f"({head}({inside}))" if numbers else inside


def main():
    if len(sys.argv) != 4:
        print(__doc__, file=sys.stderr)
        return 2
    include, out, listing = map(pathlib.Path, sys.argv[1:])
    cindex.Config.set_library_file(LIBRARY)
    function = cindex.conf.lib.clang_getFileLocation
    function.argtypes = [cindex.SourceLocation, *[ctypes.c_void_p] * 4]
    function.restype = None
    unit = cindex.Index.create().parse(
        str(include / "vqguard/vqguard.h"), args=["-x", "c", "-std=c11", f"-I{include}", "-DVQG_CONFIG_CROSS_ENDIAN=1"])
    for problem in unit.diagnostics:
        if problem.severity >= cindex.Diagnostic.Error:
            sys.exit(f"instrument: {problem}")
    root = include / "vqguard"
    headers = {}
    for path in root.rglob("*.h"):
        headers[str(path.resolve())] = Header(str(path.relative_to(root)), path.read_text())
    for cursor in unit.cursor.get_children():
        header = headers.get(str(pathlib.Path(str(cursor.location.file)).resolve())) if cursor.location.file else None
        if header and cursor.kind == K.FUNCTION_DECL and cursor.is_definition() and header.path not in LEFT_OUT:
            header.function = cursor.spelling
            for child in cursor.get_children():
                if child.kind == K.COMPOUND_STMT:
                    header.walk(child, K.FUNCTION_DECL)
    lines = []

    def numbered(header, place, mutated, name):
        line = header.text.count("\n", 0, place.start) + 1
        was = " ".join(header.text[place.start:place.end].split())
        lines.append("\t".join((str(len(lines) + 1), header.path, str(line), name, was, " ".join(mutated.split()))))
        return len(lines)

    for header in headers.values():
        target = out / "vqguard" / header.path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(header.render(0, len(header.text), header.nest(), numbered))
    listing.write_text("\n".join(lines) + "\n")
    print(f"{len(lines)} mutants of {sum(1 for h in headers.values() if h.places)} headers")
    return 0


sys.exit(main())
