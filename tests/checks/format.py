#!/usr/bin/env python3
"""All C files look as clang-format 14 leaves them. Exit status 77: skipped."""
import pathlib
import re
import shutil
import subprocess
import sys

from lib import Problem, c_files, main

# Other versions lay some things out differently, so only this one judges.
MAJOR = "14"
SKIP = 77


def find_formatter():
    """The clang-format to use, or None with a reason printed."""
    for name in ("clang-format-" + MAJOR, "clang-format"):
        program = shutil.which(name)
        if not program:
            continue
        version = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
        if re.search(r"version %s\." % MAJOR, version):
            return program
        print("skipped: %s is not version %s: %s" % (program, MAJOR, version.strip()))
        return None
    print("skipped: clang-format %s is not installed" % MAJOR)
    return None


def check(root):
    problems = []
    style = "file:" + str(pathlib.Path(__file__).resolve().parents[2] / ".clang-format")
    for path in c_files(root):
        result = subprocess.run([FORMATTER, "--style=" + style, "--dry-run", str(pathlib.Path(root, path))],
                                capture_output=True, text=True, check=False)
        match = re.search(r":(\d+):\d+: warning: code should be clang-formatted", result.stderr)
        if match:
            problems.append(Problem(str(path), int(match.group(1)), "not as clang-format leaves it"))
        elif result.returncode != 0:
            problems.append(Problem(str(path), 1, result.stderr.strip()))
    return problems


BAD = [
    ("a brace on the wrong line", {"src/base/a.c": "int f(void) {\n    return 1;\n}\n"}, "clang-format"),
    ("two spaces of indentation", {"include/verbgate/base/a.h": "struct a {\n  int b;\n};\n"}, "clang-format"),
]
GOOD = {"src/base/a.c": "int f(void)\n{\n    return 1;\n}\n"}

if __name__ == "__main__":
    FORMATTER = find_formatter()
    if FORMATTER is None:
        sys.exit(SKIP)
    main(check, BAD, GOOD)
