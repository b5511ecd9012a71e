"""The results as Markdown tables: medians, ratios, budgets."""
import statistics

PEER_NAMES = ("verbgate", "nginx", "HAProxy")
OWN = "verbgate"
FLOOR = "relay"  # no peer: what passing on the bytes costs without being a proxy
BODY_BYTES_MIN = 1 << 16  # of bodies whose cost is told for each MiB, too
COLUMNS = PEER_NAMES + (FLOOR,)


def median(results, key, peer, figure):
    """The median of a figure over the rounds; None when it was not measured."""
    values = [one[figure] for one in results.get(key, {}).get(peer, ()) if figure in one]
    return statistics.median(values) if values else None


def medians(results, case, figure):
    return {name: median(results, case.key, name, figure) for name in COLUMNS}


def number(value, scale=1.0):
    if value is None:
        return "-"
    value *= scale
    return format(value, ",.0f") if value >= 1000 else "%.0f" % value if value >= 100 else "%.3g" % value


def ratio(values, other):
    if values[OWN] is None or not values[other]:
        return None
    return values[OWN] / values[other]


def shown_ratio(value):
    return "-" if value is None else "%.2f" % value


def compared_with(case, values):
    """The figure that the budget is a share of; None when it was not measured. The relay is no peer."""
    if case.budget_of != "better peer":
        return values.get(case.budget_of)
    peers = [values["nginx"], values["HAProxy"]]
    return None if None in peers else min(peers)


def verdict(case, values):
    """The budget in words, and whether it is met."""
    if not case.budget:
        return "", ""
    other = compared_with(case, values)
    reached = values[OWN] / other if other and values[OWN] is not None else None
    met = "-" if reached is None else "yes" if reached <= case.budget else "**no** (%.2f)" % reached
    return "≤ %.2f × %s" % (case.budget, case.budget_of), met


def line(cells):
    return "| " + " | ".join(cells) + " |"


def row(title, values, scale, budget="", met=""):
    cells = [title] + [number(values[name], scale) for name in COLUMNS]
    return cells + [shown_ratio(ratio(values, "nginx")), shown_ratio(ratio(values, "HAProxy")), budget, met]


def table(heading, rows):
    """The relay's column and those of the budgets stand only where there is something in them."""
    head = ["", *COLUMNS, "verbgate / nginx", "verbgate / HAProxy", "budget", "met?"]
    marks = ["---"] + ["--:"] * 6 + ["---"] * 2
    shown = [index for index, name in enumerate(head)
             if name not in (FLOOR, "budget", "met?") or any(cells[index] not in ("", "-") for cells in rows)]
    return ["", "### " + heading, ""] + [line([cells[index] for index in shown]) for cells in [head, marks] + rows]


def rows_of(cases, results, figure, scale, with_budget=False, suffix=""):
    rows = []
    for case in cases:
        values = medians(results, case, figure)
        if any(value is not None for value in values.values()):
            rows.append(row(case.title + suffix, values, scale, *(verdict(case, values) if with_budget else ())))
    return rows


def memory_rows(cases, results):
    rows = []
    for moment, words in (("start", "after the start"), ("idle", "all idle, each served once"),
                          ("burst", "after a request on all at once"), ("gone", "all gone")):
        for figure in ("rss", "pss"):
            budgeted = (moment, figure) == ("idle", "rss")
            rows += rows_of(cases, results, moment + "_" + figure, 1 / (1 << 20), budgeted,
                            ", %s, %s" % (words, figure.upper()))
    return rows


def floor_section(cases, results):
    """How much of each one's cost is above the relay's, and how much the budget leaves above it."""
    rows = []
    for case in cases:
        figure = "cpu_s" if case.kind == "download" else "cpu_us"
        values = medians(results, case, figure)
        floor = values[FLOOR]
        if floor is None:
            continue
        cells = [case.title + (", s" if case.kind == "download" else ", µs"), number(floor)]
        for name in PEER_NAMES:
            above = None if values[name] is None else values[name] - floor
            cells.append("-" if not above else "%s (%.0f %%)" % (number(above), 100 * above / values[name]))
        other = compared_with(case, values) if case.budget else None
        cells += ["-", "-"] if other is None else [number(case.budget * other), number(case.budget * other - floor)]
        rows.append(line(cells))
    if not rows:
        return []
    return ["", "### What is above the floor: CPU, and its part of each one's cost", "",
            "| | relay | verbgate | nginx | HAProxy | budget | budget above the relay |",
            "|---|--:|--:|--:|--:|--:|--:|"] + rows + [
            "", "*relay* is `tests/bench/floor.c`, which is no proxy: each client paired with one connection to the "
            "backend, two reads and two writes of up to 64 KiB for a request and its response, nothing parsed, nothing "
            "shared. No proxy that reads and writes can cost less for small requests on this kernel; what is above it is "
            "parsing, policy, pools, metrics and limits, and where a budget leaves less above the relay than that takes, "
            "or less than nothing, it can't be met here. For the long download larger buffers or splice can go below it. "
            "It is left out of every ratio."]


def fairness_section(cases, results):
    """Each proxy beside itself: small requests alone, and while one other client takes all it can."""
    if not any(case.key in results for case in cases):
        return []
    rows = []
    for words, figure, scale, is_compared in (
            ("p99, ms", "p99_us", 0.001, True), ("p99.9, ms", "p999_us", 0.001, True),
            ("requests per second", "rps", 1, True), ("the other's MiB per second", "hog_mib_s", 1, False),
            ("the other's requests per second", "hog_rps", 1, False)):
        alone = medians(results, cases[0], figure)
        for case in cases:
            values = medians(results, case, figure)
            if all(value is None for value in values.values()):
                continue
            cells = [words, case.title]
            for name in PEER_NAMES:
                times = values[name] / alone[name] if is_compared and values[name] and alone[name] else None
                cells.append(number(values[name], scale) +
                             ("" if times is None or case is cases[0] else " (%.2f ×)" % times))
            rows.append(line(cells))
    return ["", "### Fairness: 32 connections with small requests, beside one client that takes all it can", "",
            "| | beside | verbgate | nginx | HAProxy |", "|---|---|--:|--:|--:|"] + rows + [
            "", "× is against the same proxy's own figure alone. wrk, the backend and the other client share the load's "
            "cores, so a part of each rise is theirs and not the proxy's."]


def grown(cases):
    """The points of the growth charts."""
    return [case for case in cases if case.group not in ("compare", "fairness")]


def cpu_per_mib(results, case):
    """CPU in µs for each MiB of a response's body; None where the head is most of it."""
    if not case.load.path.startswith("/files/"):
        return None
    size = int(case.load.path.rpartition("/")[2])
    cpu = median(results, case.key, OWN, "cpu_us")
    return None if cpu is None or size < BODY_BYTES_MIN else cpu * (1 << 20) / size


def growth_rows(cases, results):
    rows = []
    for case in cases:
        cpu = median(results, case.key, OWN, "cpu_us")
        if cpu is not None:
            rows.append(line([case.group, case.title, number(cpu), number(cpu_per_mib(results, case)),
                              number(median(results, case.key, OWN, "rps"))]))
    return rows


def routes_verdict(results):
    few, many = (median(results, key, OWN, "cpu_us") for key in ("routes10", "routes10000"))
    if few is None or many is None:
        return []
    change = 100 * (many / few - 1)
    return ["", "10,000 routes cost %+.1f %% of 10 routes for each request; budget: within 5 %%: %s. The figure without "
            "a clock is in `tests/bench/guard.py`." % (change, "met" if change <= 5 else "**not met**")]


def tables(cases, everything):
    """The whole page."""
    results = everything["results"]
    compared = [case for case in cases if case.group == "compare"]
    lines = ["%s: %s" % pair for pair in everything["about"].items()]
    lines = ["- " + one for one in lines] + ["- rounds: %d; every figure is their median" % everything["rounds"]]
    timed = [case for case in compared if case.kind == "wrk"]
    sections = [("CPU for each request, µs", rows_of(timed, results, "cpu_us", 1, True)),
                ("CPU for a long download, s", rows_of(compared, results, "cpu_s", 1, True)),
                ("Wall time of a long download, s", rows_of(compared, results, "wall_s", 1)),
                ("User-space instructions for each proxied request (callgrind)",
                 rows_of(compared, results, "instructions", 1, True)),
                ("System calls for each proxied request (strace)",
                 rows_of(compared, results, "data_calls", 1, suffix=", reads and writes") +
                 rows_of(compared, results, "all_calls", 1, suffix=", all")),
                ("Requests per second", rows_of(timed, results, "rps", 1))]
    sections += [("Latency, %s, ms" % words, rows_of(timed, results, figure, 0.001))
                 for words, figure in (("p50", "p50_us"), ("p99", "p99_us"), ("p99.9", "p999_us"))]
    sections += [("Memory, MiB", memory_rows(compared, results)),
                 ("Start to first answer, ms", rows_of(compared, results, "start_ms", 1)),
                 ("Reload to first answer under the new rules, ms", rows_of(compared, results, "reload_ms", 1))]
    for heading, rows in sections:
        lines += table(heading, rows) if rows else []
        if heading.startswith("Wall time"):
            lines += floor_section(compared, results)
    lines += fairness_section([case for case in cases if case.group == "fairness"], results)
    rows = growth_rows(grown(cases), results)
    if rows:
        lines += ["", "### Growth (verbgate)", "",
                  "| against | | CPU for each request, µs | CPU for each MiB, µs | requests per second |",
                  "|---|---|--:|--:|--:|"] + rows + routes_verdict(results)
    if everything["notes"]:
        lines += ["", "### Notes", ""] + ["- " + note for note in everything["notes"]]
    return "\n".join(lines) + "\n"
