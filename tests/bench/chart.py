"""The results as SVG, readable on a light and on a dark page."""
import math
from xml.sax.saxutils import escape

import report

COLOURS = {"verbgate": "#2f81f7", "nginx": "#3a9a5b", "HAProxy": "#c9741d", "relay": "#8b949e"}
WIDTH = 760
LABELS = 270       # width of the column of titles
BAR = 11
STYLE = ("<style>text{font:12px sans-serif;fill:#1f2328}.small{font-size:11px}.big{font-size:15px;font-weight:600}"
         ".axis{stroke:#8b949e;fill:none}.line{stroke:%s;stroke-width:2;fill:none}"
         "@media(prefers-color-scheme:dark){text{fill:#e6edf3}}</style>" % COLOURS["verbgate"])


def svg(height, parts):
    return ('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img">\n%s\n%s\n'
            "</svg>\n" % (WIDTH, height, WIDTH, height, STYLE, "\n".join(parts)))


def text(x, y, content, anchor="start", kind=""):
    return '<text x="%.1f" y="%.1f" text-anchor="%s" class="%s">%s</text>' % (x, y, anchor, kind, escape(content))


def legend(y):
    """Only the relay has a note: it is no proxy."""
    parts, x = [], LABELS
    for name, colour in COLOURS.items():
        parts.append('<rect x="%d" y="%d" width="11" height="11" fill="%s"/>' % (x, y - 10, colour))
        parts.append(text(x + 16, y, name + (" (no proxy)" if name == report.FLOOR else "")))
        x += 100
    return parts


def bars(y, title, values):
    """One group of bars; its longest one has the full width, since cases can't share a scale."""
    names = [name for name in report.COLUMNS if values[name] is not None]
    parts = [text(LABELS - 10, y + (len(names) + 1) * BAR // 2 - 2, title, "end")]
    most = max(values[name] for name in names) or 1
    for name in names:
        width = (WIDTH - LABELS - 80) * values[name] / most
        parts.append('<rect x="%d" y="%d" width="%.1f" height="%d" fill="%s"/>'
                     % (LABELS, y, width, BAR - 1, COLOURS[name]))
        parts.append(text(LABELS + width + 5, y + BAR - 2, report.number(values[name]), kind="small"))
        y += BAR
    return parts, y


def comparison(cases, results):
    """CPU for each request, case by case."""
    parts = [text(10, 24, "CPU time of the proxy, less is better", kind="big"),
             text(10, 42, "µs a request, where nothing else is said; each group has its own scale; medians", kind="small")] + legend(64)
    y = 80
    for case in cases:
        figure = "cpu_s" if case.kind == "download" else "cpu_us"
        values = report.medians(results, case, figure)
        if case.group == "compare" and any(value is not None for value in values.values()):
            more, y = bars(y, case.title + (", s" if figure == "cpu_s" else ""), values)
            parts += more
            y += 12
    return svg(y + 10, parts)


def panel(x, y, width, height, title, points, is_log):
    """One curve: points are (label, value), evenly spaced."""
    parts = [text(x, y - 10, title, kind="small"),
             '<path class="axis" d="M%d %dV%dH%d"/>' % (x, y, y + height, x + width)]
    most = max(value for _, value in points) or 1
    least = min(value for _, value in points) if is_log else 0

    def place(value):
        if is_log:
            share = math.log(max(value, 1e-9) / least) / (math.log(most / least) or 1) if least > 0 else 0
            return y + height - 8 - share * (height - 28)
        return y + height - value / (1.25 * most) * height

    step = width / len(points)
    where = [(x + step * (index + 0.5), place(value)) for index, (_, value) in enumerate(points)]
    parts.append('<polyline class="line" points="%s"/>' % " ".join("%.1f,%.1f" % one for one in where))
    for (label, value), (left, top) in zip(points, where):
        parts.append('<circle cx="%.1f" cy="%.1f" r="3" fill="%s"/>' % (left, top, COLOURS["verbgate"]))
        parts.append(text(left, top - 8, report.number(value), "middle", "small"))
        parts.append(text(left, y + height + 16, label, "middle", "small"))
    return parts


def panels(cases, results):
    """(title, points, whether the scale is logarithmic) of all curves."""
    found = []
    for group in dict.fromkeys(case.group for case in cases):
        members = [case for case in cases if case.group == group]
        costs = [(case.title, report.median(results, case.key, report.OWN, "cpu_us")) for case in members]
        is_log = group == "body size"
        found.append(("µs a request, against " + group + (" (logarithmic)" if is_log else ""), costs, is_log))
        shares = [(case.title, report.cpu_per_mib(results, case)) for case in members]
        found.append(("µs for each MiB, against " + group, shares, False))
    measured = [(title, [point for point in points if point[1] is not None], is_log) for title, points, is_log in found]
    return [one for one in measured if one[1]]


def growth(cases, results):
    """CPU of verbgate for each request against routes, upstreams, connections and body size."""
    parts = [text(10, 24, "verbgate: CPU time, and what it grows with", kind="big")]
    found = panels(report.grown(cases), results)
    for index, (title, points, is_log) in enumerate(found):
        parts += panel(20 + index % 2 * 380, 66 + index // 2 * 210, 340, 140, title, points, is_log)
    return svg(66 + (len(found) + 1) // 2 * 210, parts)
