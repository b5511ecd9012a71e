"""The results as SVG, readable on a light and on a dark page."""
import math
from xml.sax.saxutils import escape

import report

COLOURS = {"verbgate": "#2f81f7", "nginx": "#3a9a5b", "HAProxy": "#c9741d"}
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
    parts, x = [], LABELS
    for name, colour in COLOURS.items():
        parts.append('<rect x="%d" y="%d" width="11" height="11" fill="%s"/>' % (x, y - 10, colour))
        parts.append(text(x + 16, y, name))
        x += 100
    return parts


def bars(y, title, values):
    """One group of three bars; its longest one has the full width, since cases can't share a scale."""
    parts = [text(LABELS - 10, y + 2 * BAR - 2, title, "end")]
    most = max(value for value in values.values() if value is not None) or 1
    for name in report.PEER_NAMES:
        if values[name] is not None:
            width = (WIDTH - LABELS - 80) * values[name] / most
            parts.append('<rect x="%d" y="%d" width="%.1f" height="%d" fill="%s"/>'
                         % (LABELS, y, width, BAR - 1, COLOURS[name]))
            parts.append(text(LABELS + width + 5, y + BAR - 2, report.number(values[name]), kind="small"))
        y += BAR
    return parts


def comparison(cases, results):
    """CPU for each request, case by case."""
    parts = [text(10, 24, "CPU time of the proxy, less is better", kind="big"),
             text(10, 42, "µs a request; each group has its own scale; medians", kind="small")] + legend(42)
    y = 60
    for case in cases:
        figure = "cpu_s" if case.kind == "download" else "cpu_us"
        values = report.medians(results, case, figure)
        if case.group == "compare" and any(value is not None for value in values.values()):
            parts += bars(y, case.title + (", s" if figure == "cpu_s" else ""), values)
            y += 3 * BAR + 12
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


def growth(cases, results):
    """CPU of verbgate for each request against routes, upstreams, connections and body size."""
    parts = [text(10, 24, "verbgate: CPU for each request, µs", kind="big")]
    groups = []
    for case in cases:
        if case.group != "compare" and case.group not in groups:
            groups.append(case.group)
    for index, group in enumerate(groups):
        points = [(case.title, report.median(results, case.key, report.OWN, "cpu_us"))
                  for case in cases if case.group == group]
        points = [point for point in points if point[1] is not None]
        if points:
            is_log = group == "body size"
            title = "against " + group + (" (logarithmic)" if is_log else "")
            parts += panel(20 + index % 2 * 380, 66 + index // 2 * 210, 340, 140, title, points, is_log)
    return svg(66 + (len(groups) + 1) // 2 * 210, parts)
