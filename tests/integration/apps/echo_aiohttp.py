"""What echo_wsgi.py is, for aiohttp: ECHO_PORT and ECHO_JOURNAL say where."""
import json
import os

from aiohttp import web


async def echo(request):
    seen = {"method": request.method, "ran": request.method.upper(), "path": request.path,
            "fields": {name: ", ".join(request.headers.getall(name)) for name in set(request.headers)},
            "content": (await request.read()).decode("latin-1")}
    with open(os.environ["ECHO_JOURNAL"], "a", encoding="ascii") as journal:
        journal.write(json.dumps(seen) + "\n")
    return web.json_response(seen)


app = web.Application()
app.router.add_route("*", "/{any:.*}", echo)
web.run_app(app, host="127.0.0.1", port=int(os.environ["ECHO_PORT"]), print=None, access_log=None)
