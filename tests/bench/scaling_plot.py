#!/usr/bin/env python3
"""Draws what the benchmark `scaling` printed: scaling_plot.py SCALING.csv SCALING.svg.

A panel for each axis and subject, both scales logarithmic; a line for each number of threads; points over the trend
are ringed in red.
"""

import csv
import math
import sys
from collections import defaultdict
from xml.sax.saxutils import escape

WIDTH, HEIGHT, LEFT, TOP, GAP = 250, 170, 60, 30, 60
COLOURS = ("#1f77b4", "#ff7f0e", "#2ca02c", "#9467bd")


def read(path):
    """The rows of each panel by number of threads: {(axis, subject): {threads: [row]}}, in the file's order."""
    panels = defaultdict(lambda: defaultdict(list))
    with open(path, newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if math.isfinite(float(row["microseconds"])):
                panels[row["axis"], row["subject"]][int(row["threads"])].append(row)
    return panels


def scale(values, length, upward=False):
    """Maps the values' range onto a length, by logarithm."""
    low, high = math.log(min(values)), math.log(max(values))
    span = high - low or 1.0

    def place(value):
        part = (math.log(value) - low) / span
        return (1 - part if upward else part) * length

    return place


def text(x, y, content, anchor="middle"):
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(content)}</text>'


def ticks(values, base):
    """The powers of the base within the values' range."""
    first, last = math.log(min(values), base), math.log(max(values), base)
    return [base ** i for i in range(math.ceil(first - 1e-9), math.floor(last + 1e-9) + 1)]


def panel(title, lines, key):
    rows = [row for line in lines.values() for row in line]
    sizes = [int(row["size"]) for row in rows]
    times = [float(row["microseconds"]) for row in rows]
    x, y = scale(sizes, WIDTH), scale(times, HEIGHT, upward=True)
    out = [f'<rect width="{WIDTH}" height="{HEIGHT}" fill="none" stroke="#888"/>', text(WIDTH / 2, -8, title)]
    out += [text(x(size), HEIGHT + 14, str(size)) for size in ticks(sizes, 2)[::2]]
    out += [text(-4, y(time) + 4, f"{time:g} µs", "end") for time in ticks(times, 10)]
    for threads, line in lines.items():
        points = [(x(int(row["size"])), y(float(row["microseconds"])), row["flag"]) for row in line]
        path = " ".join(f"{a:.1f},{b:.1f}" for a, b, _ in points)
        out.append(f'<polyline points="{path}" fill="none" stroke="{key[threads]}"/>')
        out += [f'<circle cx="{a:.1f}" cy="{b:.1f}" r="1.5" fill="{key[threads]}"/>' for a, b, _ in points]
        out += [f'<circle cx="{a:.1f}" cy="{b:.1f}" r="4" fill="none" stroke="red"/>' for a, b, flag in points if flag]
    return "".join(out)


def draw(panels):
    axes = list(dict.fromkeys(axis for axis, _ in panels))
    subjects = list(dict.fromkeys(subject for _, subject in panels))
    counts = sorted({threads for lines in panels.values() for threads in lines})
    key = {threads: COLOURS[i % len(COLOURS)] for i, threads in enumerate(counts)}
    width = LEFT + len(subjects) * (WIDTH + GAP)
    height = TOP + len(axes) * (HEIGHT + GAP) + 20
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
           'font-family="sans-serif" font-size="11"><rect width="100%" height="100%" fill="white"/>']
    for (axis, subject), lines in panels.items():
        left = LEFT + subjects.index(subject) * (WIDTH + GAP)
        top = TOP + axes.index(axis) * (HEIGHT + GAP)
        out.append(f'<g transform="translate({left} {top})">{panel(f"{subject} by {axis}", lines, key)}</g>')
    for i, threads in enumerate(counts):
        label = f"{threads} thread{'s' if threads > 1 else ''}"
        out.append(f'<g fill="{key[threads]}">{text(LEFT + 90 * i, height - 12, label, "start")}</g>')
    return "\n".join(out) + "\n</svg>\n"


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    with open(sys.argv[2], "w", encoding="utf-8") as file:
        file.write(draw(read(sys.argv[1])))


if __name__ == "__main__":
    main()
