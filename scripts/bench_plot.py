"""Plots for the benchmarks' report, as SVG that is readable in any viewer, on white and on black: bars, dots, lines. No library.

Each function returns the text of one picture. Numbers are written beside what they belong to, so that no axis has to be read.
"""
import html
import math

OURS, OTHER, GOAL, INK, FAINT, GROUND = "#2563eb", "#94a3b8", "#dc2626", "#1e293b", "#e2e8f0", "#ffffff"
SERIES = (OURS, "#0d9488", "#d97706", "#7c3aed")
WIDTH, ROW, TOP, LABEL, MARGIN = 760, 30, 74, 250, 24


def text(x, y, words, size=13, anchor="start", fill=INK, weight="normal"):
    return (f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" fill="{fill}" font-weight="{weight}" '
            f'paint-order="stroke" stroke="{GROUND}" stroke-width="3">' # not lost on a line
            f"{html.escape(str(words))}</text>")


def line(x1, y1, x2, y2, stroke=FAINT, width=1.0, dash=""):
    dashes = f' stroke-dasharray="{dash}"' if dash else ""
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{stroke}" stroke-width="{width}"{dashes}/>'


def picture(title, subtitle, height, parts):
    head = (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" width="{WIDTH}" height="{height:.0f}" '
            f'role="img" aria-label="{html.escape(title)}" font-family="system-ui, Segoe UI, DejaVu Sans, sans-serif">\n'
            f'<rect width="{WIDTH}" height="{height:.0f}" rx="8" fill="{GROUND}"/>\n')
    parts = [text(MARGIN, 28, title, 16, weight="bold"), text(MARGIN, 47, subtitle, 12, fill="#64748b"), *parts]
    return head + "\n".join(parts) + "\n</svg>\n"


def short(value):
    """Three digits, thousands with a comma."""
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def goal_mark(x, bottom, words):
    anchor = "end" if x > WIDTH - 150 else "middle"
    return [line(x, TOP - 4, x, bottom, GOAL, 1.5, "5 4"), text(x, bottom + 15, words, 12, anchor, GOAL)]


def bars(title, subtitle, rows, goal=None, goal_words=""):
    """rows: (label, value, words behind the bar, is it ours). goal: a line at that value."""
    most = max([value for _, value, _, _ in rows] + ([goal] if goal else [])) or 1
    room = WIDTH - LABEL - MARGIN - 130
    bottom = TOP + len(rows) * ROW
    parts = goal_mark(LABEL + goal / most * room, bottom, goal_words) if goal else []
    for i, (label, value, words, ours) in enumerate(rows):
        y = TOP + i * ROW
        parts += [text(LABEL - 10, y + 18, label, 13, "end"),
                  f'<rect x="{LABEL}" y="{y + 4}" width="{max(1.5, value / most * room):.1f}" height="{ROW - 10}" rx="3" '
                  f'fill="{OURS if ours else OTHER}"/>',
                  text(LABEL + value / most * room + 8, y + 18, words, 12)]
    return picture(title, subtitle, bottom + (30 if goal else 14), parts)


def step(span):
    """A round distance between marks on an axis: five of them, more or less."""
    size = 10 ** math.floor(math.log10(span / 4))
    return next(k * size for k in (1, 2, 2.5, 5, 10) if k * size * 5 >= span)


def marks(low, high):
    """Round values within."""
    size = step(high - low)
    first = math.ceil(low / size - 1e-9)
    return [k * size for k in range(first, math.floor(high / size + 1e-9) + 1)]


def dots(title, subtitle, rows, low, high, goal, goal_words):
    """rows: (label, values, words). One dot a value, from low (or the least value) to high; those below the goal are hollow."""
    low = min([low, *(v for _, values, _ in rows for v in values)])
    room = WIDTH - LABEL - MARGIN - 80
    bottom = TOP + len(rows) * ROW
    at = lambda v: LABEL + (min(high, max(low, v)) - low) / (high - low) * room  # noqa: E731
    parts = []
    for value in marks(low, high):
        parts += [line(at(value), TOP, at(value), bottom), text(at(value), TOP - 6, f"{value:.3g}", 11, "middle", "#64748b")]
    for i, (label, values, words) in enumerate(rows):
        y = TOP + i * ROW + ROW / 2
        parts += [text(LABEL - 10, y + 5, label, 13, "end"), line(LABEL, y, LABEL + room, y),
                  text(LABEL + room + 12, y + 5, words, 12)]
        parts += [f'<circle cx="{at(v):.1f}" cy="{y:.1f}" r="6" fill="{OURS if v >= goal else GROUND}" stroke="{OURS}" '
                  f'stroke-width="2"/>' for v in values]
    parts += goal_mark(at(goal), bottom, goal_words)
    return picture(title, subtitle, bottom + 30, parts)


def lines(title, subtitle, series, x_words, y_words):
    """series: (name, [(x, y)], dashed). Axes from 0."""
    left, right, top, bottom = 80, WIDTH - 150, TOP + 6, 330
    x_most = max(x for _, points, _ in series for x, _ in points)
    y_most = max(y for _, points, _ in series for _, y in points) * 1.08
    at_x = lambda x: left + x / x_most * (right - left)  # noqa: E731
    at_y = lambda y: bottom - y / y_most * (bottom - top)  # noqa: E731
    parts = []
    for value in marks(0, y_most):
        parts += [line(left, at_y(value), right, at_y(value)), text(left - 8, at_y(value) + 4, short(value), 11, "end", "#64748b")]
    for x in sorted({x for _, points, _ in series for x, _ in points if x}):
        parts.append(text(at_x(x), bottom + 18, short(x), 11, "middle", "#64748b"))
    parts += [text((left + right) / 2, bottom + 38, x_words, 12, "middle"), text(left, top - 8, y_words, 12)]
    for i, (name, points, dashed) in enumerate(series):
        colour = OTHER if dashed else SERIES[i % len(SERIES)]
        path = " ".join(f"{at_x(x):.1f},{at_y(y):.1f}" for x, y in points)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2.5"'
                     + (' stroke-dasharray="6 5"/>' if dashed else "/>"))
        if not dashed:
            parts += [f'<circle cx="{at_x(x):.1f}" cy="{at_y(y):.1f}" r="5" fill="{colour}"/>' for x, y in points if x]
            parts += [text(at_x(x) - 4, at_y(y) - 12, short(y), 12, "end", colour) for x, y in points if x]
        parts.append(text(right + 10, at_y(points[-1][1]) + (18 if dashed else -2), name, 12, fill=colour))
    return picture(title, subtitle, bottom + 54, parts)
