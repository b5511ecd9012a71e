#!/usr/bin/env python3
"""Rules for pages (*.md): lines that a terminal shows whole, and links that lead somewhere."""
import pathlib
import re

from lib import Problem, main, read

COLUMNS_MAX = 120
LINK = re.compile(r"(?<!!)\[[^\]\n]*\]\(([^()\s]+)\)")
HEADING = re.compile(r"^#{1,6} +(.*)$")


def pages(root):
    root = pathlib.Path(root)
    for path in sorted(root.rglob("*.md")):
        relative = path.relative_to(root)
        if relative.parts[0] != ".git" and not relative.parts[0].startswith("build"):
            yield relative


def prose(text):
    """(number, line) of all lines but those of code, which is shown as it is."""
    is_code = False
    for number, line in enumerate(text.split("\n"), 1):
        if line.lstrip().startswith("```"):
            is_code = not is_code
        elif not is_code and not line.startswith("    "):
            yield number, line


def anchor(heading):
    """As GitHub and its like make it of a heading."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def anchors(text):
    return {anchor(match.group(1)) for _, line in prose(text) for match in [HEADING.match(line)] if match}


def long_lines(path, text):
    """Rows of tables cannot be broken."""
    for number, line in prose(text):
        if len(line) > COLUMNS_MAX and not line.startswith("|"):
            yield Problem(str(path), number, "line of %d columns (at most %d)" % (len(line), COLUMNS_MAX))


def dead_links(root, path, text):
    for number, line in prose(text):
        for match in LINK.finditer(re.sub(r"`[^`]*`", "", line)):
            target, _, part = match.group(1).partition("#")
            if "://" in target or target.startswith("mailto:"):
                continue
            found = pathlib.Path(root, path.parent, target) if target else pathlib.Path(root, path)
            if not found.exists():
                yield Problem(str(path), number, "link to %s, which does not exist" % target)
            elif part and part not in anchors(found.read_text(encoding="utf-8")):
                yield Problem(str(path), number, "link to #%s, which no heading of %s has" % (part, found.name))


def check(root):
    problems = []
    for path in pages(root):
        text = read(root, path)
        problems += long_lines(path, text)
        problems += dead_links(root, path, text)
    return problems


BAD = [
    ("a long line", {"README.md": "a" * 121 + "\n"}, "line of 121 columns"),
    ("a link to a file that is not there", {"README.md": "see [it](src/gone.md)\n"}, "src/gone.md"),
    ("a link to a heading that is not there", {"README.md": "# One\n\n[it](#two)\n"}, "#two"),
    ("a link to another page's missing heading",
     {"README.md": "[it](src/a.md#two)\n", "src/a.md": "# One\n"}, "no heading of a.md"),
]
GOOD = {
    "README.md": "# A page: with marks\n\n%s\n\n| %s |\n\n    %s\n\n```\n[x](nowhere.md) %s\n```\n"
                 "[here](#a-page-with-marks) [there](src/a.md) [web](https://example.com/x) `[no](link)`\n"
                 % ("a" * 120, "b" * 200, "c" * 200, "d" * 200),
    "src/a.md": "one\n",
}

if __name__ == "__main__":
    main(check, BAD, GOOD)
