"""What the source checks share: reading C sources, reporting, and the self-test.

A check is a function from the root of a tree to a list of Problem. `--self-test` feeds it bad
samples that it must complain about, and a good one that it must not.
"""
import argparse
import pathlib
import re
import sys
import tempfile
from typing import NamedTuple

SOURCE_FOLDERS = ("src", "include", "tests")


class Problem(NamedTuple):
    path: str
    line: int
    text: str
    is_error: bool = True

    def __str__(self):
        kind = "error" if self.is_error else "warning"
        return "%s:%d: %s: %s" % (self.path, self.line, kind, self.text)


def c_files(root, folders=SOURCE_FOLDERS):
    """The C sources and headers of a tree, as paths relative to its root."""
    root = pathlib.Path(root)
    found = []
    for folder in folders:
        for path in sorted((root / folder).rglob("*.[ch]")):
            found.append(path.relative_to(root))
    return found


def read(root, path):
    return (pathlib.Path(root) / path).read_text(encoding="utf-8")


def without_comments_and_strings(text):
    """C source with comments and literals blanked out; line numbers stay."""
    token = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)

    def blank(match):
        first = match.group()[0]
        lines = "\n" * match.group().count("\n")
        return first + lines + first if first in "\"'" else " " + lines

    return token.sub(blank, text)


def self_test(check, bad, good):
    """`bad`: (name, files, text that a problem must contain). `good`: files without any problem."""
    failures = 0
    for name, files, expected in bad + [("good sample", good, None)]:
        with tempfile.TemporaryDirectory() as root:
            for path, text in files.items():
                target = pathlib.Path(root, path)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(text, encoding="utf-8")
            problems = [str(problem) for problem in check(root)]
        matches = [text for text in problems if expected and expected in text]
        is_right = bool(matches) if expected else not problems
        print("%-4s %s" % ("ok" if is_right else "FAIL", name))
        if not is_right:
            failures += 1
            print("\n".join("     " + text for text in problems) or "     no problem was found")
    return 1 if failures else 0


def main(check, bad, good, add_arguments=None):
    """The command line of a check: [--root DIR] or --self-test."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--root", default=str(pathlib.Path(__file__).resolve().parents[2]))
    parser.add_argument("--self-test", action="store_true")
    if add_arguments:
        add_arguments(parser)
    arguments = parser.parse_args()

    def run(root):
        return check(root, arguments) if add_arguments else check(root)

    if arguments.self_test:
        sys.exit(self_test(run, bad, good))
    problems = run(arguments.root)
    for problem in problems:
        print(problem)
    errors = sum(1 for problem in problems if problem.is_error)
    print("%d errors, %d warnings" % (errors, len(problems) - errors))
    sys.exit(1 if errors else 0)
