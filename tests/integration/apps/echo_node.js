// What echo_wsgi.py is, for node: with `express` behind it, the handlers of Express answer.
// ECHO_PORT and ECHO_JOURNAL say where.
'use strict';
const fs = require('fs');
const http = require('http');

function answer(request, response, more) {
    const pieces = [];
    request.on('data', (piece) => pieces.push(piece));
    request.on('end', () => {
        const seen = {method: request.method, ran: request.method.toUpperCase(), fields: request.headers,
                      content: Buffer.concat(pieces).toString('latin1'), ...more};
        fs.appendFileSync(process.env.ECHO_JOURNAL, JSON.stringify(seen) + '\n');
        const body = JSON.stringify(seen);
        response.writeHead(200, {'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body)});
        response.end(body);
    });
}

// The site as the URL standard reads the Host field; null where that is none.
function siteOf(request) {
    try {
        return new URL(request.url, 'http://' + request.headers.host).hostname;
    } catch (error) {
        return null;
    }
}

function serveNode(request, response) {
    answer(request, response, {path: request.url, site: siteOf(request)});
}

function makeExpress() {
    const app = require('express')();
    const handle = (handler) => (request, response) =>
        answer(request, response, {path: request.path, site: siteOf(request), handler});
    app.all('/admin/users', handle('/admin/users'));
    app.all('/report', handle('/report'));
    app.use(handle('none'));
    return app;
}

http.createServer(process.argv[2] === 'express' ? makeExpress() : serveNode)
    .listen(Number(process.env.ECHO_PORT), '127.0.0.1');
