#include <criterion/criterion.h>

#include "decide_fixture.h"

TestSuite(decide, .init = start, .fini = finish);

Test(decide, judges_the_version_first)
{
    static const struct wish wishes[] = {
        {WISH("GET", "2.0", NULL, VERSION_MAJOR, 505, 0)},
        {WISH("BREW", "2.0", "/ro/x", VERSION_MAJOR, 505, 0)},
        {WISH("CONNECT", "3.0", NULL, VERSION_MAJOR, 505, 0)},
        {WISH("PRI", "2.0", NULL, VERSION_MAJOR, 505, 0)},
        {WISH("GET", "0.9", "/c/x", VERSION_MAJOR, 505, 0)},
        {WISH("GET", "1.2", "/c/x", FORWARD, 0, 50)},
        {WISH("GET", "1.9", "/c/x", FORWARD, 0, 50)},
        {WISH("GET", "1.0", "/c/x", FORWARD, 0, 50)},
        /* Only the chosen upstream refuses 1.0: known after the route, before the method. */
        {WISH("GET", "1.0", "/x", VERSION_UPSTREAM, 505, 22), .host = "new.example"},
        {WISH("POST", "1.0", "/x", VERSION_UPSTREAM, 505, 22), .host = "new.example"},
        {WISH("CONNECT", "1.0", "a:1", METHOD_CONNECT, 501, 0), .host = "new.example"},
        {WISH("GET", "1.2", "/x", FORWARD, 0, 80), .host = "new.example"},
    };
    EXPECT_ALL(wishes);
}

Test(decide, a_version_that_no_upstream_takes_comes_before_the_method)
{
    for (unsigned i = 0; i < 3; i++) {
        upstreams[i].versions = POLICY_VERSION_1_1;
    }
    policy->versions = POLICY_VERSION_1_1;
    static const struct wish wishes[] = {
        {WISH("BREW", "1.0", "/c/x", VERSION_UPSTREAM, 505, 0)},
        {WISH("CONNECT", "1.0", "a:1", VERSION_UPSTREAM, 505, 0)},
        {WISH("OPTIONS", "1.0", "*", VERSION_UPSTREAM, 505, 0)},
        {WISH("GET", "1.1", "/c/x", FORWARD, 0, 50)},
    };
    EXPECT_ALL(wishes);
    /* With one upstream there is a line to name. */
    upstreams[0].versions_source = line(13);
    leave_one_upstream();
    static const struct wish alone = {WISH("GET", "1.0", "/", VERSION_UPSTREAM, 505, 13)};
    expect(&alone);
}

Test(decide, a_method_of_no_upstream_is_501_whatever_the_path)
{
    upstreams[1].implements.any = false; /* else every token is implemented somewhere */
    policy->implemented.any = false;
    static const struct wish wishes[] = {
        {WISH("BREW", "1.1", "/c/x", METHOD_NOWHERE, 501, 0)},
        {WISH("BREW", "1.0", "/ro/x", METHOD_NOWHERE, 501, 0)},
        {WISH("BREW", "1.1", "/nowhere", METHOD_NOWHERE, 501, 0)},
        {WISH("BREW", "1.1", "/a%00b", METHOD_NOWHERE, 501, 0)},
        {WISH("PROPFIND", "1.1", "/ro/x", METHOD_NOWHERE, 501, 0)},
        {WISH("get", "1.1", "/c/x", METHOD_NOWHERE, 501, 0), .suggestion = "GET"},
        {WISH("Get", "1.1", "/nowhere", METHOD_NOWHERE, 501, 0), .suggestion = "GET"},
        {WISH("POTS", "1.1", "/c/x", METHOD_NOWHERE, 501, 0), .suggestion = "POST"},
        {WISH("purge", "1.1", "/c/x", METHOD_NOWHERE, 501, 0), .suggestion = "PURGE"},
        {WISH("delete", "1.1", "/c/x", METHOD_NOWHERE, 501, 0)}, /* nobody implements it */
        {WISH("BREW", "1.1", "/c/x", METHOD_NOWHERE, 501, 0), .has_max_forwards = 1},
        {WISH("CONNECT", "1.1", "a.example:443", METHOD_CONNECT, 501, 0)},
        {WISH("PURGE", "1.1", "/c/x", FORWARD, 0, 50)},
    };
    EXPECT_ALL(wishes);
}

Test(decide, connect_is_501_even_when_it_is_configured)
{
    method_set_add(&upstreams[0].implements, METHOD_CONNECT);
    method_set_add(&policy->implemented, METHOD_CONNECT);
    static const struct wish wish = {WISH("CONNECT", "1.1", "a:443", METHOD_CONNECT, 501, 0)};
    expect(&wish);
}

Test(decide, answers_options_of_the_whole_server)
{
    static const struct wish wish = {WISH("OPTIONS", "1.1", "*", OPTIONS_SERVER, 200, 0),
                                     .allow = "GET, HEAD, OPTIONS, PATCH, POST, PUT, TRACE, PURGE"};
    expect(&wish);
    /* Even where no upstream implements it: the answer is the implementation. */
    method_set_remove(&policy->implemented, METHOD_OPTIONS);
    method_set_remove(&upstreams[0].implements, METHOD_OPTIONS);
    expect(&wish);
    static const struct wish other = {WISH("OPTIONS", "1.1", "/c/x", METHOD_NOWHERE, 501, 0)};
    expect(&other);
}

Test(decide, judges_route_then_upstream_then_resource)
{
    static const struct wish wishes[] = {
        {WISH("GET", "1.1", "/", NO_ROUTE, 404, 0)},
        {WISH("POST", "1.1", "/roX", NO_ROUTE, 404, 0)},
        {WISH("GET", "1.1", "/ro/x", FORWARD, 0, 40)},
        {WISH("HEAD", "1.1", "/ro/x", FORWARD, 0, 40)}, /* GET implies HEAD */
        {WISH("GET", "1.1", "/ro", FORWARD, 0, 40)},
        {WISH("GET", "1.1", "/ro?/c/x", FORWARD, 0, 40)},
        {WISH("POST", "1.1", "/c/x?/ro/x", FORWARD, 0, 50)},
        {WISH("POST", "1.1", "/ro/x", METHOD_ROUTE, 405, 42), .allow = "GET, HEAD, OPTIONS, TRACE"},
        {WISH("PURGE", "1.1", "/ro/x", METHOD_ROUTE, 405, 42),
         .allow = "GET, HEAD, OPTIONS, TRACE"},
        {WISH("HEAD", "1.1", "/put/x", METHOD_ROUTE, 405, 92), .allow = "POST, PUT"},
        {WISH("GET", "1.1", "/shut/x", METHOD_ROUTE, 405, 72), .allow = ""},
        /* Implemented elsewhere, not by this upstream: 501, whatever the route allows. */
        {WISH("PATCH", "1.1", "/ro/x", METHOD_UPSTREAM, 501, 11)},
        {WISH("PATCH", "1.1", "/c/x", METHOD_UPSTREAM, 501, 11)},
        {WISH("PUT", "1.1", "/hook", METHOD_UPSTREAM, 501, 31)},
        {WISH("BREW", "1.1", "/c/x", METHOD_UPSTREAM, 501, 11)},
        {WISH("post", "1.1", "/hook", METHOD_UPSTREAM, 501, 31), .suggestion = "POST"},
        {WISH("get", "1.1", "/hook", METHOD_UPSTREAM, 501, 31)},
        {WISH("BREW", "1.1", "/x", FORWARD, 0, 80), .host = "NEW.example"},
        /* GET and HEAD are never 501. */
        {WISH("GET", "1.1", "/hook", METHOD_GENERAL, 405, 31), .allow = "POST"},
        {WISH("HEAD", "1.1", "/hook", METHOD_GENERAL, 405, 31), .allow = "POST"},
        {WISH("GET", "1.1", "http://new.example/ro/x", FORWARD, 0, 80)},
        {WISH("POST", "1.1", "http://b.example/ro/x", METHOD_ROUTE, 405, 42),
         .allow = "GET, HEAD, OPTIONS, TRACE"},
    };
    EXPECT_ALL(wishes);
}

Test(decide, ends_max_forwards_zero_after_the_method_and_before_the_body)
{
    static const struct wish wishes[] = {
        {WISH("OPTIONS", "1.1", "/ro/x", OPTIONS_HERE, 200, 40),
         .allow = "GET, HEAD, OPTIONS, TRACE", .has_max_forwards = 1},
        {WISH("OPTIONS", "1.1", "/ro/x", OPTIONS_HERE, 200, 40),
         .allow = "GET, HEAD, OPTIONS, TRACE", .has_max_forwards = 1, .content_length = 5000},
        {WISH("OPTIONS", "1.1", "/ro/x", FORWARD, 0, 40)},
        {WISH("OPTIONS", "1.1", "/put/x", METHOD_ROUTE, 405, 92), .allow = "POST, PUT",
         .has_max_forwards = 1},
        {WISH("OPTIONS", "1.1", "/hook", METHOD_UPSTREAM, 501, 31), .has_max_forwards = 1},
        {WISH("OPTIONS", "1.1", "*", OPTIONS_SERVER, 200, 0),
         .allow = "GET, HEAD, OPTIONS, PATCH, POST, PUT, TRACE, PURGE", .has_max_forwards = 1},
        {WISH("TRACE", "1.1", "/ro/x", MAX_FORWARDS, 405, 40), .allow = "GET, HEAD, OPTIONS",
         .has_max_forwards = 1},
        {WISH("TRACE", "1.1", "/ro/x", FORWARD, 0, 40)},
        {WISH("TRACE", "1.1", "/put/x", METHOD_ROUTE, 405, 92), .allow = "POST, PUT",
         .has_max_forwards = 1},
        {WISH("GET", "1.1", "/ro/x", FORWARD, 0, 40), .has_max_forwards = 1},
    };
    EXPECT_ALL(wishes);
}

Test(decide, judges_the_body_last)
{
    static const struct wish wishes[] = {
        {WISH("POST", "1.1", "/c/x", FORWARD, 0, 50), .content_length = 500},
        {WISH("POST", "1.1", "/c/x", BODY_TOO_LARGE, 413, 50), .content_length = 501},
        {WISH("PUT", "1.1", "/put/x", FORWARD, 0, 90), .content_length = 1000},
        {WISH("PUT", "1.1", "/put/x", BODY_TOO_LARGE, 413, 90), .content_length = UINT64_MAX},
        {WISH("POST", "1.1", "/ro/x", METHOD_ROUTE, 405, 42), .allow = "GET, HEAD, OPTIONS, TRACE",
         .content_length = 5000},
    };
    EXPECT_ALL(wishes);
    routes[1].settings.limits.max_body = UINT64_MAX;
    static const struct wish unlimited = {WISH("POST", "1.1", "/c/x", FORWARD, 0, 50),
                                          .content_length = UINT64_MAX};
    expect(&unlimited);
}

Test(decide, sends_everything_to_the_only_upstream_without_routes)
{
    leave_one_upstream();
    static const struct wish wishes[] = {
        {WISH("GET", "1.1", "/", FORWARD, 0, 10)},
        {WISH("PURGE", "1.0", "/anything/at/all", FORWARD, 0, 10), .host = ""},
        {WISH("POST", "1.1", "/a%00b", FORWARD, 0, 10)}, /* no rule depends on the path */
        {WISH("POST", "1.1", "/%61/./b", FORWARD, 0, 10)},
        {WISH("PATCH", "1.1", "/", METHOD_NOWHERE, 501, 11)},
        {WISH("POST", "1.1", "/", BODY_TOO_LARGE, 413, 10), .content_length = 1001},
        {WISH("OPTIONS", "1.1", "/", OPTIONS_HERE, 200, 10), .allow = LEGACY_TEXT,
         .has_max_forwards = 1},
        {WISH("TRACE", "1.1", "/", MAX_FORWARDS, 405, 10),
         .allow = "GET, HEAD, OPTIONS, POST, PUT, PURGE", .has_max_forwards = 1},
    };
    EXPECT_ALL(wishes);

    upstreams[0].implements = read_set("GET POST");
    upstreams[0].implements_source = line(0);
    seal(NULL, 0);
    static const struct wish general = {WISH("HEAD", "1.1", "/", METHOD_GENERAL, 405, 10),
                                        .allow = "GET, POST"};
    expect(&general);
    upstreams[0].implements = read_set("POST");
    seal(NULL, 0);
    static const struct wish get = {WISH("GET", "1.1", "/", METHOD_GENERAL, 405, 10),
                                    .allow = "POST"};
    expect(&get);
}

Test(decide, without_routes_and_with_two_upstreams_there_is_no_route)
{
    policy->route_count = 0;
    static const struct wish wish = {WISH("GET", "1.1", "/", NO_ROUTE, 404, 0)};
    expect(&wish);
}
