#include "../config/policy_fixture.h"
#include "verbgate/policy/upgrades.h"

#include <stdio.h>

static void expect_offer(const struct upgrade_protocols *protocols, uint32_t allowed,
                         const char *value, const char *wanted)
{
    struct slice offer = upgrades_offer(protocols, allowed, slice_of(value));
    cr_expect(slice_equal(offer, slice_of(wanted)), "%s: %.*s", value, SLICE_PRINT(offer));
}

Test(upgrades, offers_what_is_allowed_and_nothing_else)
{
    static const struct upgrade_protocols protocols = {{{"websocket", 9}, {"mqtt", 4}}, 2};
    static const char *const cases[][2] = {
        {"websocket", "websocket"},
        {"WebSocket", "WebSocket"},
        {"websocket/13", "websocket/13"},
        {"foo, websocket", "websocket"},
        {"websocket, foo", "websocket"},
        {" websocket , mqtt ", "websocket , mqtt"},
        {"websocket, foo, mqtt", "websocket"},
        {"h2c, websocket", "websocket"},
        {"h2c", ""},
        {"TLS/1.0", ""},
        {"HTTP/2.0", ""},
        {"anything", ""},
        {"websockets", ""},
        {"web socket", ""},
        {"\"websocket\"", ""},
        {"websocket;a", ""},
        {",,", ""},
        {"", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        expect_offer(&protocols, 3, cases[i][0], cases[i][1]);
    }
    expect_offer(&protocols, 2, "websocket, mqtt", "mqtt");
    expect_offer(&protocols, 0, "websocket", "");
}

Test(upgrades, allow_is_websocket_and_a_list_names_others)
{
    static const struct {
        const char *words;
        const char *offered; /* of all there are below */
    } cases[] = {
        {"allow", "websocket"},
        {"websocket", "websocket"},
        {"refuse", ""},
        {"mqtt", "mqtt"},
        {"mqtt websocket", "websocket, mqtt"},
        {"allow, mqtt", "websocket, mqtt"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[256];
        snprintf(text, sizeof text, LISTENER "[upstream app]\nserver = h:1\nupgrade = %s\n",
                 cases[i].words);
        struct policy *policy = load(text);
        struct slice offer =
            upgrades_offer(&policy->protocols, policy->upstreams[0].settings.limits.upgrades,
                           SLICE("foo, websocket, mqtt, h2c"));
        cr_expect(slice_equal(offer, slice_of(cases[i].offered)), "%s: %.*s", cases[i].words,
                  SLICE_PRINT(offer));
        drop(policy);
    }
    expect_only(LISTENER UPSTREAM "upgrade = h2c\n", "it would carry requests past the policy");
    expect_only(LISTENER UPSTREAM "upgrade = websocket TLS\n", "it would carry requests");
    expect_only(LISTENER UPSTREAM "upgrade = websocket/13\n", "without its version");
    expect_only(LISTENER UPSTREAM "upgrade = refuse mqtt\n", "allow, refuse, or names");
}
