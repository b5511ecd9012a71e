#!/usr/bin/env python3
"""The .c files of one folder call each other without a circle: each can be read and tested above those that it needs.

A call is the name of a function of another file, followed by "(". A name alone, as in a table of functions or in a
registration, is no call: that is how a lower file reaches a higher one. A header counts as the .c file of its name.

`circles.py src/proxy` looks at that folder only.
"""
import pathlib
import re

from lib import Problem, main, read, without_comments_and_strings

# Files that are one idea and may call each other: (folder, names of the files, the reason).
TOGETHER = ()

NAME_AND_BRACKET = re.compile(r"([A-Za-z_]\w*)\s*\(")
CALL = re.compile(r"(?<![\w.>])([A-Za-z_]\w*)\s*\(")
# They may stand before the name of a function, and have brackets.
ATTRIBUTES = re.compile(r"__attribute__\s*\(\(.*?\)\)|_Alignas\s*\([^)]*\)")


class Function:
    def __init__(self, signature, body, is_in_header):
        self.name = NAME_AND_BRACKET.search(ATTRIBUTES.sub(" ", signature)).group(1)
        # A static function of a header is called from other files, one of a .c file is not.
        self.is_shared = is_in_header or not re.search(r"\bstatic\b", signature)
        self.calls = set(CALL.findall(body))


def functions(text, is_header):
    """The functions that a file defines. The formatter puts a function's braces alone at the start of a line."""
    signature, body = [], None
    for line in without_comments_and_strings(text).split("\n"):
        if body is not None:
            if line != "}":
                body.append(line)
                continue
            if NAME_AND_BRACKET.search(" ".join(signature)):
                yield Function(" ".join(signature), "\n".join(body), is_header)
            signature, body = [], None
        elif line == "{":
            body = []
        elif line.startswith("#") or re.search(r"(^|[;{}\\])\s*$", line):
            signature = []
        else:
            signature.append(line)


def modules(root, folder):
    """{name of a .c file of the folder, without its end: the functions of it and of its headers}"""
    root = pathlib.Path(root)
    found = {}
    for place in (root / folder, root / "include" / "verbgate" / pathlib.Path(folder).name):
        for path in sorted(place.glob("*.[ch]")):
            text = read(root, path.relative_to(root))
            found.setdefault(path.stem, []).extend(functions(text, path.suffix == ".h"))
    return found


def arrows(found, together):
    """{(file, file that it calls): the functions}. Files that may call each other are one, under the first one's name."""
    as_one = {name: names[0] for names in together for name in names}
    owner = {each.name: name for name, own in found.items() for each in own if each.is_shared}
    result = {}
    for name, own in found.items():
        called = set().union(*(each.calls for each in own)) - {each.name for each in own}
        for function in sorted(called & owner.keys()):
            arrow = (as_one.get(name, name), as_one.get(owner[function], owner[function]))
            if arrow[0] != arrow[1]:
                result.setdefault(arrow, []).append(function)
    return result


def circles(edges):
    """The largest sets of files that reach each other, each of two or more (Tarjan)."""
    number, low, stack, found = {}, {}, [], []

    def visit(node):
        number[node] = low[node] = len(number)
        stack.append(node)
        for start, end in sorted(edges):
            if start == node and end not in number:
                visit(end)
            if start == node and end in stack:
                low[node] = min(low[node], low[end])
        if low[node] == number[node]:
            circle = stack[stack.index(node):]
            del stack[stack.index(node):]
            if len(circle) > 1:
                found.append(sorted(circle))

    for node in sorted({start for start, _ in edges}):
        if node not in number:
            visit(node)
    return found


def judge(root, folder, together):
    """A problem for each circle of the folder, which shows each call that is part of it."""
    edges = arrows(modules(root, folder), together)
    for circle in circles(edges):
        lines = ["%s.c -> %s.c (%s)" % (start, end, ", ".join(names)) for (start, end), names in sorted(edges.items())
                 if start in circle and end in circle]
        yield Problem(folder, 1, "%d files call each other in a circle:\n    %s"
                      % (len(circle), "\n    ".join(lines)))


def needless(root, together):
    """An exception that nothing needs any more would hide the next circle."""
    for folder, names, _ in together:
        edges = arrows(modules(root, folder), [])
        if not any(set(names) & set(circle) for circle in circles(edges)):
            yield Problem(folder, 1, "%s no longer call each other in a circle: remove the exception" % ", ".join(names))


def add_arguments(parser):
    parser.add_argument("folder", nargs="*", help="only these")


def check(root, arguments):
    problems = list(needless(root, TOGETHER)) if not arguments.folder else []
    held = [path.relative_to(root).as_posix() for path in sorted(pathlib.Path(root, "src").iterdir()) if path.is_dir()]
    for folder in arguments.folder or held:
        name = folder.rstrip("/")
        problems += judge(root, name, [names for place, names, _ in TOGETHER if place == name])
    return problems


CALLS = "static void own(void)\n{\n    %s;\n}\n\nvoid %s(int a,\n    int b)\n{\n    own();\n}\n"
BAD = [
    ("two files in a circle", {"src/base/a.c": CALLS % ("b(1, 2)", "a"), "src/base/b.c": CALLS % ("a(1, 2)", "b")},
     "a.c -> b.c (b)"),
    ("three files in a circle", {"src/base/a.c": CALLS % ("b()", "a"), "src/base/b.c": CALLS % ("c()", "b"),
                                 "src/base/c.c": CALLS % ("x = 1 + a ()", "c")}, "3 files call each other"),
    ("a circle through a function of a header",
     {"src/base/a.c": CALLS % ("b()", "a"), "include/verbgate/base/b.h": "static inline int b(void)\n{\n    a();\n}\n"},
     "b.c -> a.c (a)"),
    ("a function with an attribute", {"src/base/a.c": CALLS % ("b()", "a"),
                                      "src/base/b.c": "__attribute__((format(printf, 1, 2)))\n" + CALLS % ("a()", "b")},
     "b.c -> a.c (a)"),
]
GOOD = {
    "src/base/a.c": CALLS % ("b(&a, own)", "a"),
    # A registered name, a member, a word in a comment or a string, and a function of this file are no calls of a.c's.
    "src/base/b.c": CALLS % ("on(a); x->a(1); x.a(); say(\"a()\") /* a() */", "b"),
    "src/base/c.c": "static void a(void)\n{\n    b();\n}\n\nvoid c(void)\n{\n    a();\n}\n",
    "src/http/a.c": CALLS % ("c()", "d"),
}

if __name__ == "__main__":
    main(check, BAD, GOOD, add_arguments)
