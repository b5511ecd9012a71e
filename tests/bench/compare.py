#!/usr/bin/env python3
"""Measures verbgate beside nginx and HAProxy; see README.md. compare.sh builds first and then runs this."""
import argparse
import json
import os
import pathlib
import platform
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from typing import NamedTuple

import chart
import counts
import load
import processes
import report
from load import Load
from peers import PEERS, SINK_BYTES_MAX, Backend, Relay, Settings, Verbgate, find

SECONDS_MAX = 14 * 60         # then the run ends with what it has
SECONDS_MAX_QUICK = 170
IDLE_WANTED = 10000
MIB = 1 << 20
WITH_FLOOR = PEERS + (Relay,)


class Case(NamedTuple):
    """One row: a configuration, a load, and the budget of the design, if it has one."""
    key: str
    title: str
    settings: Settings = Settings()
    load: Load = Load()
    kind: str = "wrk"         # or "download", "memory", "start", "counts", "busy counts"
    peers: tuple = PEERS
    group: str = "compare"    # or "fairness", or the name of a growth chart
    budget: float = 0.0       # at most this many times ...
    budget_of: str = ""       # ... "better peer", or a peer's name
    times: int = 1            # downloads
    rounds_max: int = 100     # fewer for what does not vary, or only shows an order of magnitude


def with_connections(count, **more):
    return {"settings": Settings(connections=count, **more), "load": Load(connections=count)}


def comparison():
    idle = load.connections_possible(IDLE_WANTED)
    return [
        Case("c1", "1 connection", peers=WITH_FLOOR, **with_connections(1)),
        Case("c64", "64 connections", budget=0.80, budget_of="better peer", peers=WITH_FLOOR, **with_connections(64)),
        Case("c256", "256 connections", budget=0.70, budget_of="better peer", peers=WITH_FLOOR, **with_connections(256)),
        Case("c2000", "2,000 connections", peers=WITH_FLOOR, **with_connections(2000)),
        Case("logged", "64 connections, every request logged", Settings(is_logged=True), budget=0.75,
             budget_of="better peer"),
        Case("close", "a new connection for each request", load=Load(closes=True)),
        Case("r501", "501, answered locally", Settings(answers_501=True), Load(method="PATCH", refused=True),
             budget=0.85, budget_of="HAProxy"),
        Case("k1", "1 KiB responses", load=Load(path="/files/1024")),
        Case("k64", "64 KiB responses", load=Load(path="/files/65536")),
        Case("upload", "64 KiB uploads", load=Load(method="POST", body_bytes=65536)),
        Case("unix", "upstream on a Unix socket", Settings(over_unix=True)),
        Case("workers1", "256 connections, 1 worker, logged", Settings(1, 256, True), Load(256)),
        Case("workers2", "256 connections, 2 workers, logged", Settings(2, 256, True), Load(256)),
        Case("g2", "2 GiB download", Settings(splices=True), Load(path="/files/%d" % (2048 * MIB)), "download",
             budget=0.90, budget_of="HAProxy", peers=WITH_FLOOR),
        Case("memory", "%s connections" % format(idle, ","), Settings(connections=idle), kind="memory", budget=0.35,
             budget_of="better peer", rounds_max=2),
        Case("counts", "1 connection", Settings(is_counted=True), kind="counts", budget=0.50, budget_of="nginx",
             rounds_max=1),
        Case("counts64", "64 connections", Settings(is_counted=True), kind="busy counts", rounds_max=1),
        Case("start10", "10 routes", Settings(routes=10, reloads=True), kind="start"),
        Case("start10000", "10,000 routes", Settings(routes=10000, reloads=True), kind="start"),
    ]


def fairness():
    hogs = (("alone", "nobody", ()), ("download", "one that downloads 2 GiB files", ("download", 2048 * MIB)),
            ("pipeline", "one with 4,000 requests ahead", ("pipeline",)),
            ("upload", "one that uploads 16 MiB bodies", ("upload", SINK_BYTES_MAX)))
    return [Case("fair_" + name, title, load=Load(connections=32, hog=hog), group="fairness", rounds_max=2)
            for name, title, hog in hogs]


def growth():
    most = load.connections_possible(IDLE_WANTED)
    mine = {"peers": (Verbgate,)}
    cases = [Case("routes%d" % count, format(count, ","), Settings(routes=count),
                  Load(paths=10), group="routes", **mine) for count in (10, 1000, 10000)]
    cases += [Case("used%d" % count, format(count, ","), Settings(routes=10000), Load(paths=count),
                   group="routes in use", **mine) for count in (10, 100, 1000)]
    cases += [Case("upstreams%d" % count, str(count), Settings(routes=100, upstreams=count), Load(paths=100),
                   group="upstreams", **mine) for count in (1, 100)]
    cases += [Case("connections%d" % count, format(count, ","), group="connections", **mine,
                   **with_connections(count)) for count in (1, 100, most)]
    cases += [Case("body%d" % size, name, load=Load(connections=16, path="/files/%d" % size), group="body size",
                   **mine) for size, name in ((1, "1 B"), (1024, "1 KiB"), (65536, "64 KiB"), (MIB, "1 MiB"))]
    cases += [Case("body%d" % size, name, load=Load(path="/files/%d" % size), kind="download", times=times,
                   group="body size", **mine)
              for size, name, times in ((64 * MIB, "64 MiB", 8), (1024 * MIB, "1 GiB", 1))]
    return cases


def files_of(case):
    """The sizes of the backend's files that a case asks for."""
    sizes = [int(case.load.path.rpartition("/")[2])] if case.load.path.startswith("/files/") else []
    return sizes + ([case.load.hog[1]] if case.load.hog[:1] == ("download",) else [])


def measure(case, peer, seconds):
    """One peer that is not running yet, through one case; returns numbers by name."""
    if case.kind == "counts":
        return counts.measure(peer)
    if case.kind == "busy counts":
        return counts.measure_busy(peer, case.load)
    started = peer.start()
    if case.kind == "wrk":
        return load.measure_beside(peer, case.load, seconds)
    if case.kind == "download":
        return load.measure_curl(peer, case.load.path, case.times)
    if case.kind == "memory":
        return load.measure_memory(peer, case.settings.connections)
    return {"start_ms": 1000 * started, "reload_ms": 1000 * peer.reload(), "errors": 0}


class Bench:
    """All cases, in rounds; within a case the peers take turns: A B C, A B C, ..."""

    def __init__(self, arguments, folder):
        self.folder = folder
        self.rounds = arguments.rounds or (1 if arguments.quick else 3)
        self.seconds = 1 if arguments.quick else 3
        self.deadline = time.monotonic() + (SECONDS_MAX_QUICK if arguments.quick else SECONDS_MAX)
        self.cases = [case for case in comparison() + fairness() + growth()
                      if arguments.filter in case.key + " " + case.group]
        self.grown = report.grown(self.cases)
        self.results = {}
        self.notes = []
        self.backend = Backend(folder, IDLE_WANTED)
        for case in self.cases:
            for size in files_of(case):
                self.backend.add_file(size)

    def run(self):
        for number in range(self.rounds):
            for case in self.cases:
                if number >= case.rounds_max:
                    continue
                for peer in case.peers:
                    if time.monotonic() > self.deadline:
                        self.note("The time was up in round %d at \"%s\"." % (number + 1, case.title))
                        return
                    self.run_one(number, case, peer)

    def run_one(self, number, case, kind):
        peer = kind(self.folder, self.backend, case.settings)
        # Growth points are many and need less time each; thousands of connections take time to open.
        seconds = max(1, self.seconds - 1) if case in self.grown else self.seconds
        seconds *= 2 if case.load.connections > 1000 else 1
        for size in files_of(case):
            self.backend.warm_file(size)
        try:
            result = measure(case, peer, seconds)
        except (AssertionError, RuntimeError, OSError, subprocess.SubprocessError) as problem:
            self.note(" ".join(("%s, %s: %s %s" % (case.key, kind.name, problem, peer.last_words())).split()))
            return
        finally:
            peer.stop()
        if result["errors"]:
            self.note("%s, %s, round %d: %d requests went wrong." % (case.key, kind.name, number + 1, result["errors"]))
        self.results.setdefault(case.key, {}).setdefault(kind.name, []).append(result)
        shown = ", ".join("%s %.4g" % pair for pair in result.items() if pair[0] != "errors")
        print("round %d  %-16s %-9s %s" % (number + 1, case.key, kind.name, shown), flush=True)

    def note(self, text):
        print("note: " + text, flush=True)
        self.notes.append(text)


def first_line(*command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    return done.stdout.strip().split("\n")[0]


def machine():
    """Where and with what this was measured."""
    model = "unknown processor"
    for line in pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
    return {"date": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
            "processor": "%s, %d cores" % (model, len(processes.CORES)),
            "kernel": platform.release(),
            "verbgate": first_line(Verbgate.binary, "--version"),
            "nginx": first_line(find("nginx"), "-v"),
            "HAProxy": first_line(find("haproxy"), "-v"),
            "wrk": first_line("wrk", "-v").partition("Copyright")[0].strip(),
            "load average before": "%.2f" % os.getloadavg()[0]}


def end(number, frame):
    raise KeyboardInterrupt


def main():
    parser = argparse.ArgumentParser(description="Measures verbgate beside nginx and HAProxy.")
    parser.add_argument("--binary", required=True)
    parser.add_argument("--floor", required=True, help="what floor.c was compiled to")
    parser.add_argument("--output", required=True, help="the folder for results.json, the tables and the charts")
    parser.add_argument("--quick", action="store_true", help="one short round: for a first look, not for conclusions")
    parser.add_argument("--rounds", type=int, default=0)
    parser.add_argument("--filter", default="", help="only cases whose key or group contains this text")
    arguments = parser.parse_args()
    Verbgate.binary = os.path.abspath(arguments.binary)
    Relay.binary = os.path.abspath(arguments.floor)
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, end)
    os.sched_setaffinity(0, processes.LOAD_CORES)
    about = machine()
    folder = tempfile.mkdtemp(prefix="vg-bench-")
    try:
        bench = Bench(arguments, folder)
        possible = load.connections_possible(IDLE_WANTED)
        if possible < IDLE_WANTED:
            bench.note("ulimit -n is %d, so the most connections are %d in place of %d." % (hard, possible, IDLE_WANTED))
        if os.getloadavg()[0] > 0.5:
            bench.note("The machine was not idle (load average %s): times mean little." % about["load average before"])
        bench.run()
    except KeyboardInterrupt:
        print("ended", file=sys.stderr)
        return 130
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second ctrl-C must not keep anything running
        processes.stop_all()
        shutil.rmtree(folder, ignore_errors=True)
    output = pathlib.Path(arguments.output)
    output.mkdir(parents=True, exist_ok=True)
    everything = {"about": about, "rounds": bench.rounds, "notes": bench.notes, "results": bench.results}
    (output / "results.json").write_text(json.dumps(everything, indent=1) + "\n", encoding="utf-8")
    tables = report.tables(bench.cases, everything)
    (output / "results.md").write_text(tables, encoding="utf-8")
    (output / "compare.svg").write_text(chart.comparison(bench.cases, bench.results), encoding="utf-8")
    (output / "growth.svg").write_text(chart.growth(bench.cases, bench.results), encoding="utf-8")
    print("\n" + tables)
    print("Written to %s: results.json, results.md, compare.svg, growth.svg" % arguments.output)
    return 0


if __name__ == "__main__":
    sys.exit(main())
