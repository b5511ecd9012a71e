#!/usr/bin/env python3
"""Each public header compiles alone, in any order, as C11."""
import os
import pathlib
import shlex
import subprocess

from lib import Problem, main

FLAGS = ["-std=c11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Wstrict-prototypes", "-Werror", "-fsyntax-only"]


def add_arguments(parser):
    parser.add_argument("--compiler", default=os.environ.get("CC", "cc"))
    parser.add_argument("--flags", default="", help="include directories of the libraries")


def check(root, arguments):
    problems = []
    include = pathlib.Path(root) / "include"
    for path in sorted(include.rglob("*.h")):
        # Twice, to prove the guard; with a declaration, as ISO C wants one.
        name = path.relative_to(include)
        source = '#include "%s"\n#include "%s"\nextern int nothing_else;\n' % (name, name)
        command = [arguments.compiler] + FLAGS + shlex.split(arguments.flags.replace(";", " "))
        result = subprocess.run(command + ["-I", str(include), "-x", "c", "-"], input=source, text=True,
                                capture_output=True, check=False)
        if result.returncode != 0:
            problems.append(Problem("include/%s" % name, 1, "does not compile alone:\n" + result.stderr))
    return problems


BAD = [
    ("a header that needs another one", {"include/verbgate/base/a.h": "size_t a(void);\n"}, "compile alone"),
    ("a header without a guard", {"include/verbgate/base/a.h": "struct a { int b; };\n"}, "compile alone"),
]
GOOD = {"include/verbgate/base/a.h": "#ifndef A\n#define A\n#include <stddef.h>\nsize_t a(void);\n#endif\n"}

if __name__ == "__main__":
    main(check, BAD, GOOD, add_arguments)
