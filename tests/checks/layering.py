#!/usr/bin/env python3
"""Include arrows go down only; libuv, llhttp and jansson stay in the layers that own them."""
import pathlib
import re

from lib import Problem, c_files, main, read

# From the bottom up. A layer may include itself and those before it.
LAYERS = ("base", "http", "policy", "config", "learn", "net", "builtin", "context", "upstream", "exchange", "downstream",
          "proxy", "telemetry", "admin", "server", "cli", "main")
# Layers that stand beside the others: the only ones that may include them.
USED_BY = {"builtin": ("server",)}
UV_LAYERS = ("net", "builtin", "context", "upstream", "exchange", "downstream", "proxy", "telemetry", "admin", "server")
LLHTTP_LAYERS = ("http",)
JANSSON_LAYERS = ("learn",)
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"\n]+)[>"]', re.M)


def layer_of(path):
    """The layer of a path relative to the root; None outside the layers."""
    parts = path.parts
    if parts[:2] == ("include", "verbgate") and len(parts) >= 4:
        return parts[2]
    if parts == ("src", "main.c"):
        return "main"
    if parts[:1] == ("src",) and len(parts) >= 3:
        return parts[1]
    return None


def included_layer(path, quote, name):
    """(the layer of an included header or None, whether it is a private header)."""
    if name.startswith("verbgate/"):
        parts = name.split("/")
        return (parts[1] if len(parts) > 2 else "include/verbgate", False)
    if quote != '"':
        return None, False
    # A private header: named from src, or beside the file.
    first = name.split("/")[0]
    if "/" in name and first in LAYERS:
        return first, True
    return layer_of(pathlib.PurePosixPath(normal(path.parent / name))), True


def normal(path):
    parts = []
    for part in path.parts:
        if part == "..":
            parts = parts[:-1]
        elif part != ".":
            parts.append(part)
    return "/".join(parts)


def judge(path, own, quote, name):
    """What is wrong with one include, or None."""
    if name == "uv.h" or name.startswith("uv/"):
        if own not in UV_LAYERS:
            return "uv.h belongs to %s, not to %s" % (", ".join(UV_LAYERS), own)
    if name == "llhttp.h" or name.startswith("llhttp/"):
        if own not in LLHTTP_LAYERS or path.parts[0] != "src":
            return "llhttp.h belongs to src/http only"
    if name == "jansson.h":
        if own not in JANSSON_LAYERS or path.parts[0] != "src":
            return "jansson.h belongs to src/learn only"
    layer, is_private = included_layer(path, quote, name)
    if layer is None:
        return None
    if layer not in LAYERS:
        return "%s is in no known layer" % name
    if is_private and layer != own:
        return "%s is private to src/%s" % (name, layer)
    if is_private and path.parts[0] == "include":
        return "a public header includes the private %s" % name
    if LAYERS.index(layer) > LAYERS.index(own):
        return "%s may not include %s: arrows go down only" % (own, layer)
    if layer != own and own not in USED_BY.get(layer, LAYERS):
        return "%s may not include %s, which belongs to %s" % (own, layer, ", ".join(USED_BY[layer]))
    return None


def check(root):
    problems = []
    for path in c_files(root, ("src", "include")):
        own = layer_of(path)
        if own not in LAYERS:
            problems.append(Problem(str(path), 1, "not in a known layer"))
            continue
        text = read(root, path)
        for match in INCLUDE.finditer(text):
            fault = judge(path, own, match.group(1), match.group(2))
            if fault:
                line = text.count("\n", 0, match.start()) + 1
                problems.append(Problem(str(path), line, fault))
    return problems


BAD = [
    ("an arrow up", {"src/http/a.c": '#include "verbgate/policy/policy.h"\n'}, "arrows go down only"),
    ("an arrow up in a header", {"include/verbgate/net/a.h": '#include "verbgate/proxy/b.h"\n'},
     "arrows go down only"),
    ("server from proxy", {"src/proxy/a.c": '#include <verbgate/server/b.h>\n'}, "arrows go down only"),
    ("server from telemetry", {"src/telemetry/a.c": '#include "verbgate/server/b.h"\n'}, "arrows go down only"),
    ("the built-in backend from admin", {"src/admin/a.c": '#include "verbgate/builtin/b.h"\n'}, "belongs to server"),
    ("libuv in cli", {"src/cli/run.c": "#include <uv.h>\n"}, "uv.h belongs to"),
    ("libuv in a header of base", {"include/verbgate/base/a.h": "#  include <uv.h>\n"}, "uv.h belongs to"),
    ("llhttp in proxy", {"src/proxy/a.c": "#include <llhttp.h>\n"}, "llhttp.h belongs to"),
    ("llhttp in a public header", {"include/verbgate/http/a.h": "#include <llhttp.h>\n"},
     "llhttp.h belongs to"),
    ("jansson in server", {"src/server/a.c": "#include <jansson.h>\n"}, "jansson.h belongs to"),
    ("learn from config", {"src/config/a.c": '#include "verbgate/learn/b.h"\n'}, "arrows go down only"),
    ("a private header of another layer", {"src/server/a.c": '#include "../proxy/inner.h"\n'},
     "private to src/proxy"),
    ("a private header named from src", {"src/server/a.c": '#include "net/inner.h"\n'},
     "private to src/net"),
    ("a public header that includes a private one",
     {"include/verbgate/net/a.h": '#include "../../../src/net/inner.h"\n'}, "public header"),
    ("an unknown layer", {"src/utils/a.c": "\n"}, "not in a known layer"),
]
GOOD = {
    "src/main.c": '#include "verbgate/cli/cli.h"\n',
    "src/cli/run.c": '#include "verbgate/server/gateway.h"\n#include "verbgate/base/log.h"\n#include "inner.h"\n',
    "src/net/stream.c": '#include "verbgate/net/stream.h"\n#include <uv.h>\n#include <stdio.h>\n',
    "src/server/a.c": '#include "verbgate/builtin/b.h"\n#include "verbgate/admin/c.h"\n',
    "src/http/message.c": "#include <llhttp.h>\n",
    "include/verbgate/proxy/a.h": '#include "verbgate/net/b.h"\n#include <uv.h>\n',
}

if __name__ == "__main__":
    main(check, BAD, GOOD)
