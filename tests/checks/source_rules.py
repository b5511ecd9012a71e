#!/usr/bin/env python3
"""Rules of style that a machine can judge: banned calls, sizes, marks of unfinished work, paths."""
import pathlib
import re

from lib import Problem, c_files, main, read, without_comments_and_strings

BANNED = ("strcpy", "strcat", "sprintf", "vsprintf", "atoi", "atol", "atoll", "strtok", "gets", "alloca",
          "umask")  # it is the whole process's, and other threads make files
BANNED_CALL = re.compile(r"(?<![\w.>])(%s)\s*\(" % "|".join(BANNED))
# Tests have tables of cases inside of functions, and one setting for many tests in a file.
FUNCTION_LINES_MAX = {"src": 55, "include": 55, "tests": 80}
FILE_LINES_MAX = {"src": 450, "include": 450, "tests": 600}
# Written in pieces, so that this file does not accuse itself.
UNFINISHED = re.compile(r"\b(%s)\b" % "|".join(("TO" "DO", "FIX" "ME", "XX" "X")))
MACHINE_PATH = re.compile(r"(?<![\w.:<>*/-])/(%s)/" % "|".join(("wor" "k", "far" "m", "ho" "me", "ro" "ot")))
TEXT_SUFFIXES = {".c", ".h", ".py", ".sh", ".md", ".txt", ".ini", ".cmake", ".yml", ".yaml", ".lua", ""}


def text_files(root):
    """Every text file of the tree that a commit could hold."""
    root = pathlib.Path(root)
    for path in sorted(root.rglob("*")):
        relative = path.relative_to(root)
        first = relative.parts[0]
        if first == ".git" or first.startswith("build") or "__pycache__" in relative.parts:
            continue
        if "corpus" in relative.parts or path.suffix not in TEXT_SUFFIXES or not path.is_file():
            continue
        try:
            yield relative, path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue


def find_all(expression, path, text, sentence):
    for match in expression.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        yield Problem(str(path), line, sentence % match.group(1))


def long_functions(path, text):
    """The formatter puts a function's braces alone at the start of a line."""
    lines = text.split("\n")
    start = None
    for number, line in enumerate(lines, 1):
        if line == "{":
            start = signature_line(lines, number)
        elif line == "}" and start is not None:
            length = number - start + 1
            most = FUNCTION_LINES_MAX[path.parts[0]]
            if length > most:
                yield Problem(str(path), start, "function of %d lines (at most %d)" % (length, most))
            start = None


def signature_line(lines, brace):
    """The first line of the signature whose body opens at line number `brace`."""
    number = brace
    while number > 1 and re.match(r"[\w ].*[^;}]$|\w", lines[number - 2]):
        number -= 1
    return number


def file_sizes(path, text):
    length = text.count("\n")
    most = FILE_LINES_MAX[path.parts[0]]
    if length > most:
        yield Problem(str(path), 1, "file of %d lines (at most %d)" % (length, most))


def check(root):
    problems = []
    for path in c_files(root):
        text = read(root, path)
        code = without_comments_and_strings(text)
        problems += find_all(BANNED_CALL, path, code, "%s() is banned")
        problems += long_functions(path, code)
        problems += file_sizes(path, text)
    for path, text in text_files(root):
        problems += find_all(UNFINISHED, path, text, "%s marks unfinished work")
        problems += find_all(MACHINE_PATH, path, text, "/%s is a path of one machine")
    return problems


LONG = "int f(int a,\n      int b)\n{\n%s}\n"
BAD = [
    ("banned " + name, {"src/base/a.c": "void f(void)\n{\n    %s (a);\n}\n" % name}, name + "() is banned")
    for name in BANNED
] + [
    ("a banned call in a test", {"tests/unit/base/test_a.c": "int x = atoi(text);\n"}, "banned"),
    ("a long function", {"src/base/a.c": LONG % ("    a++;\n" * 52)}, "function of 56 lines"),
    ("a long function of a test", {"tests/unit/base/a.c": LONG % ("    a++;\n" * 77)}, "function of 81 lines"),
    ("a long file", {"src/base/a.c": "int a;\n" * 451}, "file of 451 lines"),
    ("a long header", {"include/verbgate/base/a.h": "int a;\n" * 451}, "file of 451 lines"),
    ("a long test", {"tests/unit/base/a.c": "int a;\n" * 601}, "file of 601 lines"),
    ("unfinished work", {"src/base/a.c": "/* TO" "DO: more */\n"}, "unfinished"),
    ("unfinished work in a script", {"tests/run.sh": "# FIX" "ME\n"}, "unfinished"),
    ("unfinished work in a page", {"README.md": "XX" "X\n"}, "unfinished"),
    ("a machine path", {"config/a.ini": "access-log = /wor" "k/log\n"}, "path of one machine"),
]
GOOD = {
    "tests/unit/base/a.c": LONG % ("    a++;\n" * 76) + "int a;\n" * 520,
    "src/base/a.c": "/* strcpy(a, b) and atoi(c) are banned. */\n" + LONG % ("    a++;\n" * 51)
                    + 'const char *b = "sprintf(";\nvoid g(void)\n{\n    snprintf(b);\n    x->gets(1);\n}\n',
    "tests/a.sh": "mktemp /tmp/verbgate." + 6 * "X" + "\n",
    "README.md": "network/work, see https://example.com/work/x\n",
}

if __name__ == "__main__":
    main(check, BAD, GOOD)
