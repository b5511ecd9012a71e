#!/usr/bin/env python3
"""Lists the functions that a proxied request spends its user-space instructions in, by callgrind.

    tests/bench/profile.py --binary build/bench/verbgate [--most 10]

As in guard.py, each figure is the difference between two runs that differ only in how many requests they serve.
A function that was inlined counts as a part of the one that it was inlined into.
"""
import argparse
import collections
import os
import re
import sys

import guard

# With those of guard.FIELDS, what a browser sends.
BROWSER = (b"Connection: keep-alive\r\nCache-Control: max-age=0\r\nUpgrade-Insecure-Requests: 1\r\n"
           b"Sec-Fetch-Site: same-origin\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: document\r\n"
           b"Referer: https://shop.example.com/\r\nAccept-Language: en-GB,en;q=0.8,de;q=0.5\r\n"
           b"Cookie: session=5f0c7a1e9b3d4c2f8a6e; theme=dark\r\n")


def callgrind(report):
    return ["valgrind", "--tool=callgrind", "--callgrind-out-file=" + report, "--log-file=/dev/null"]


def own_instructions(report):
    """(function, object) -> instructions, without those of the functions it calls."""
    names = {}
    spent = collections.Counter()
    place = {"ob": "", "fn": ""}
    is_call = False
    for line in report.splitlines():
        named = re.match(r"(c?)(ob|fn)=\((\d+)\)(?: (.*))?$", line)
        if named:
            of_callee, kind, number, name = named.groups()
            if name:
                names[kind, number] = name
            if not of_callee:
                place[kind] = names[kind, number]
        elif line.startswith("calls="):
            is_call = True  # the next line is what the callee spent
        elif re.match(r"[\d+*-]", line):
            if not is_call:
                spent[place["fn"], os.path.basename(place["ob"])] += int(line.split()[1])
            is_call = False
    return spent


def measure(binary):
    """(function, object) -> instructions of one request."""
    guard.SCENARIOS["browser"] = (guard.GET + BROWSER, 200, 0, False, 1)
    few, many = (own_instructions(guard.run(binary, callgrind, "browser", count))
                 for count in (guard.FEW, guard.MANY))
    return {key: (many[key] - few[key]) / (guard.MANY - guard.FEW) for key in many}


def main():
    parser = argparse.ArgumentParser(description="Where the instructions of a proxied request go.")
    parser.add_argument("--binary", default="build/bench/verbgate", help="a Release build")
    parser.add_argument("--most", type=int, default=10, help="functions to list")
    arguments = parser.parse_args()
    missing = guard.missing_tool("valgrind")
    if missing:
        print("profile.py: " + missing)
        return 2
    spent = measure(os.path.abspath(arguments.binary))
    total = sum(spent.values())
    objects = collections.Counter()
    for (_, place), count in spent.items():
        objects[place] += count
    print("%d instructions: %s\n" % (total, ", ".join(
        "%s %.1f %%" % (place, 100 * count / total) for place, count in objects.most_common(4))))
    print("| function | of | instructions | % |\n|---|---|--:|--:|")
    for (name, place), count in sorted(spent.items(), key=lambda pair: -pair[1])[:arguments.most]:
        print("| `%s` | %s | %d | %.1f |" % (name, place, count, 100 * count / total))
    return 0


if __name__ == "__main__":
    sys.exit(main())
