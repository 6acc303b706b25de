# SPDX-License-Identifier: MIT
"""Draws the CSV files of a run as one SVG."""
import csv
import math
import os

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 470, 320, 56, 26, 34, 46
COLOURS = {"driver": "#1f5fa8", "driver indirect": "#7fb0e3", "device": "#b3401a", "device indirect": "#f0a07c",
           "ledger": "#3a7d34"}
DASHES = {"guarded": "", "unguarded": ' stroke-dasharray="5 4"'}
STYLE = "font-family='sans-serif' font-size='12' fill='#222'"


def steps(most):
    """About five round numbers from 0 to beyond `most`."""
    raw = most / 5
    unit = 10 ** math.floor(math.log10(raw))
    step = next(m * unit for m in (1, 2, 5, 10) if m * unit >= raw)
    return [step * i for i in range(math.ceil(most / step) + 1)]


def label(x):
    return f"{x // 1000000} M" if x >= 1000000 else str(x)


def panel(left, top, title, axis, scale, series):
    """One diagram: `series` maps (what, build) to {x: y}; `scale` says where an x stands."""
    xs = sorted({x for points in series.values() for x in points})
    ticks = steps(max(y for points in series.values() for y in points.values()))
    low, high = scale(xs[0]), scale(xs[-1])

    def place(x, y):
        return (left + LEFT + (scale(x) - low) / (high - low) * (WIDTH - LEFT - RIGHT),
                top + HEIGHT - BOTTOM - y / ticks[-1] * (HEIGHT - TOP - BOTTOM))

    svg = [f"<text x='{left + LEFT}' y='{top + 20}' {STYLE} font-weight='bold'>{title}</text>"]
    for tick in ticks:
        x, y = place(xs[0], tick)
        svg.append(f"<line x1='{x:.1f}' y1='{y:.1f}' x2='{left + WIDTH - RIGHT}' y2='{y:.1f}' stroke='#ddd'/>"
                   f"<text x='{x - 6:.1f}' y='{y + 4:.1f}' {STYLE} text-anchor='end'>{tick:g}</text>")
    shown = xs if len(xs) <= 6 else xs[::3] + [xs[-1]]
    for tick in shown:
        x, y = place(tick, 0)
        svg.append(f"<text x='{x:.1f}' y='{y + 17:.1f}' {STYLE} text-anchor='middle'>{label(tick)}</text>")
    svg.append(f"<text x='{left + (LEFT + WIDTH - RIGHT) / 2}' y='{top + HEIGHT - 10}' {STYLE} "
               f"text-anchor='middle'>{axis}</text>")
    for (what, build), points in series.items():
        where = [place(x, points[x]) for x in sorted(points)]
        line = " ".join(f"{x:.1f},{y:.1f}" for x, y in where)
        svg.append(f"<polyline points='{line}' fill='none' stroke='{COLOURS[what]}' stroke-width='2'{DASHES[build]}/>")
        svg += [f"<circle cx='{x:.1f}' cy='{y:.1f}' r='2.5' fill='{COLOURS[what]}'/>" for x, y in where]
    return svg


def legend(left, top):
    svg = []
    for i, (what, colour) in enumerate(COLOURS.items()):
        x = left + 140 * i
        svg.append(f"<line x1='{x}' y1='{top}' x2='{x + 24}' y2='{top}' stroke='{colour}' stroke-width='3'/>"
                   f"<text x='{x + 30}' y='{top + 4}' {STYLE}>{what}</text>")
    x = left + 140 * len(COLOURS)
    for build, dash in DASHES.items():
        svg.append(f"<line x1='{x}' y1='{top}' x2='{x + 24}' y2='{top}' stroke='#555' stroke-width='2'{dash}/>"
                   f"<text x='{x + 30}' y='{top + 4}' {STYLE}>{build}</text>")
        x += 110
    return svg


def panels_of(lines):
    """The diagrams of one format: title, axis, scale and curves."""
    def series(section, x, keep=lambda line: True):
        found = {}
        for line in lines:
            if line["section"] == section and keep(line):
                what = line["side"] + (" indirect" if line["table"] == "indirect" else "")
                for build in DASHES:
                    found.setdefault((what, build), {})[int(line[x])] = int(line[build])
        return found

    return [("By chain length", "segments", float, series("segments", "segments")),
            ("By number of capabilities, 3 segments", "capabilities", math.log2,
             series("capabilities", "capabilities", lambda line: line["segments"] == "3")),
            ("By queue size, 3 segments, batches of 5", "descriptors", math.log2,
             series("size", "size"))]


def draw(out, formats):
    with open(os.path.join(out, "requests.csv"), newline="", encoding="ascii") as file:
        lines = [line for line in csv.DictReader(file) if line["place"] == "scattered"]
    svg, bottom = [], 60
    for form in formats:
        panels = panels_of([line for line in lines if line["format"] == form])
        svg.append(f"<text x='{LEFT}' y='{bottom + 18}' {STYLE} font-weight='bold'>Instructions of a request, {form} "
                   "ring</text>")
        for i, panel_of in enumerate(panels):
            svg += panel(i * WIDTH, bottom + 24, *panel_of)
        bottom += HEIGHT + 30
    svg = [f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {WIDTH * len(panels)} {bottom}'>",
           "<rect width='100%' height='100%' fill='white'/>", *legend(LEFT, 30), *svg, "</svg>"]
    with open(os.path.join(out, "cost.svg"), "w", encoding="ascii") as file:
        file.write("\n".join(svg) + "\n")
