"""The results as Markdown tables: medians, ratios, budgets."""
import statistics

PEER_NAMES = ("verbgate", "nginx", "HAProxy")
OWN = "verbgate"


def median(results, key, peer, figure):
    """The median of a figure over the rounds; None when it was not measured."""
    values = [one[figure] for one in results.get(key, {}).get(peer, ()) if figure in one]
    return statistics.median(values) if values else None


def medians(results, case, figure):
    return {name: median(results, case.key, name, figure) for name in PEER_NAMES}


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


def verdict(case, values):
    """The budget in words, and whether it is met."""
    if not case.budget:
        return "", ""
    if case.budget_of == "better peer":
        ratios = [one for one in (ratio(values, "nginx"), ratio(values, "HAProxy")) if one is not None]
        reached = max(ratios) if len(ratios) == 2 else None
    else:
        reached = ratio(values, case.budget_of)
    met = "-" if reached is None else "yes" if reached <= case.budget else "**no** (%.2f)" % reached
    return "≤ %.2f × %s" % (case.budget, case.budget_of), met


def row(title, values, scale, budget="", met=""):
    cells = [title] + [number(values[name], scale) for name in PEER_NAMES]
    cells += [shown_ratio(ratio(values, "nginx")), shown_ratio(ratio(values, "HAProxy")), budget, met]
    return "| " + " | ".join(cells) + " |"


def table(heading, rows):
    head = "| | verbgate | nginx | HAProxy | verbgate / nginx | verbgate / HAProxy | budget | met? |"
    return ["", "### " + heading, "", head, "|---|--:|--:|--:|--:|--:|---|---|"] + rows


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


def growth_rows(cases, results):
    rows = []
    for case in cases:
        cpu = median(results, case.key, OWN, "cpu_us")
        if cpu is not None:
            rows.append("| %s | %s | %s | %s |" % (case.group, case.title, number(cpu),
                                                   number(median(results, case.key, OWN, "rps"))))
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
    grown = [case for case in cases if case.group != "compare"]
    lines = ["%s: %s" % pair for pair in everything["about"].items()]
    lines = ["- " + line for line in lines] + ["- rounds: %d; every figure is their median" % everything["rounds"]]
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
    rows = growth_rows(grown, results)
    if rows:
        lines += ["", "### Growth (verbgate)", "", "| against | | CPU for each request, µs | requests per second |",
                  "|---|---|--:|--:|"] + rows + routes_verdict(results)
    if everything["notes"]:
        lines += ["", "### Notes", ""] + ["- " + note for note in everything["notes"]]
    return "\n".join(lines) + "\n"
