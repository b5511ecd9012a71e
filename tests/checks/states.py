#!/usr/bin/env python3
"""A state is assigned by its setter only, so that one place sees each change, and can check and trace it."""
import re

from lib import Problem, c_files, main, read, without_comments_and_strings


class State:
    """`owner` and `member`: what stands before and behind the arrow or dot, as regular expressions. `file` has the
    setter, a function named `setter`. Only the folders `within` have such owners; empty: all. A designated initialiser is
    the start of a state, and no assignment."""

    def __init__(self, owner, member, file, setter, within=""):
        self.file = file
        self.within = re.compile(within)
        self.setter = setter
        self.name = "%s->%s" % (owner, member)
        self.assigned = re.compile(r"\b(?:%s)(?:\[[^\]]*\])?(?:->|\.)(?:%s)\s*(?:[|&+-]?=(?!=)|\+\+|--)" % (owner, member))


STATES = (
    State("reload", "state", "src/server/gateway_policy.c", "set_state"),
    State("upgrade", "state", "src/server/upgrade.c", "set_state"),
    State("context", "phase", "src/context/context.c", "context_enter_phase"),
    State("connection", "state", "src/upstream/connection.c", "set_state", "/(upstream|exchange|downstream|proxy)/"),
    State("flow|onward|back", "state", "include/verbgate/exchange/exchange.h", "exchange_move"),
    State("exchange", "end", "include/verbgate/exchange/exchange.h", "exchange_end_with"),
    State("downstream", "state", "src/downstream/life.c", "set_state"),
)


def body_of(text, name):
    """(first line, last line) of a function's body, by the formatter's braces; None: it is not defined here."""
    match = re.search(r"^[^\n;{}#]*\b%s\([^;{}]*\)\n\{\n.*?^\}$" % re.escape(name), text, re.S | re.M)
    if not match:
        return None
    return text.count("\n", 0, match.start()) + 1, text.count("\n", 0, match.end()) + 1


def check(root):
    problems = []
    texts = {path.as_posix(): without_comments_and_strings(read(root, path)) for path in c_files(root, ("src", "include"))}
    for state in STATES:
        setter = body_of(texts[state.file], state.setter) if state.file in texts else None
        if setter is None:
            problems.append(Problem(state.file, 1, "%s(), which sets %s, is not here" % (state.setter, state.name)))
            continue
        for path, text in texts.items():
            if not state.within.search(path):
                continue
            for match in state.assigned.finditer(text):
                line = text.count("\n", 0, match.start()) + 1
                if path != state.file or not setter[0] <= line <= setter[1]:
                    problems.append(Problem(path, line, "%s is assigned by %s() of %s only"
                                            % (state.name, state.setter, state.file)))
    return problems


SETTER = "static void set_state(struct upgrade *upgrade,\n    int state)\n{\n    upgrade->state = state;\n}\n"
FILE = "src/server/upgrade.c"
OTHERS = {}
for other in STATES:
    if other.file != FILE:
        OTHERS[other.file] = OTHERS.get(other.file, "") + "static void %s(void)\n{\n}\n\n" % other.setter
BAD = [
    ("an assignment beside the setter", {FILE: SETTER + "void a(void)\n{\n    upgrade->state = 1;\n}\n"}, "upgrade.c:8"),
    ("an assignment in another file", {FILE: SETTER, "src/server/a.c": "void a(void)\n{\n    g->upgrade.state = 1;\n}\n"},
     "a.c:3: error: upgrade->state is assigned by set_state()"),
    ("a bit that is set", {FILE: SETTER + "void a(void)\n{\n    upgrade->state |= 1;\n}\n"}, "upgrade.c:8"),
    ("no setter", {FILE: "int a;\n"}, "set_state(), which sets upgrade->state, is not here"),
]
GOOD = {
    **OTHERS,
    FILE: SETTER + "void a(void)\n{\n    *upgrade = (struct upgrade){.state = 1};\n    /* upgrade->state = 2 */\n"
                   "    return upgrade->state == 2 || other->state;\n}\n",
    "src/server/a.c": "void a(void)\n{\n    other->state = upgrade->state;\n}\n",
}

if __name__ == "__main__":
    main(check, BAD, GOOD)
