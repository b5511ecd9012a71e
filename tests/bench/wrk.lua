-- Arguments: METHOD BODY_BYTES PATHS CLOSE. PATHS above 0 goes through /r0/item, /r1/item, ... in turn.
-- The last line of the output is for compare.py: microseconds, counts.
function init(arguments)
    wrk.method = arguments[1]
    wrk.headers["User-Agent"] = "wrk/4"
    wrk.headers["Accept"] = "*/*"
    if arguments[4] == "close" then
        wrk.headers["Connection"] = "close"
    end
    local body_bytes = tonumber(arguments[2])
    if body_bytes > 0 then
        wrk.body = string.rep("x", body_bytes)
    end
    local paths = tonumber(arguments[3])
    if paths > 0 then
        go_through(paths)
    end
end

-- Defines request() only where it is needed: without it wrk makes its one request once.
function go_through(paths)
    local requests, index = {}, 0
    for number = 0, paths - 1 do
        requests[number] = wrk.format(nil, "/r" .. number .. "/item")
    end
    request = function()
        index = (index + 1) % paths
        return requests[index]
    end
end

function done(summary, latency)
    local errors = summary.errors
    io.write(string.format(
        "RESULT requests=%d microseconds=%d bytes=%d broken=%d refused=%d p50=%d p99=%d p999=%d\n",
        summary.requests, summary.duration, summary.bytes,
        errors.connect + errors.read + errors.write + errors.timeout, errors.status,
        latency:percentile(50), latency:percentile(99), latency:percentile(99.9)))
end
