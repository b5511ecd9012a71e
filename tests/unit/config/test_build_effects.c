/* Warnings about settings that have no effect, or less than they say. */
#include "policy_fixture.h"

#define NO_EFFECT "it has no effect: no handshake is answered without webhook-origins"
#define CUT       "buffers content, of which more than buffer-max = 16777216 bytes gets 413"

static void expect_nothing(const char *text)
{
    struct policy *policy = load(text);
    cr_assert_eq(diagnostics.count, 0, "%s%s", text, memory_report(&diagnostics));
    drop(policy);
}

Test(build_effects, a_rate_needs_senders_at_its_level_or_below)
{
    expect_only("[gateway]\nwebhook-rate = 5\n" LISTENER UPSTREAM, "2:1: warning: " NO_EFFECT);
    expect_only(LISTENER UPSTREAM "[route a]\nwebhook-rate = 5\n[route b]\npath = /b\n"
                                  "webhook-origins = *\n",
                "6:1: warning: " NO_EFFECT);
    expect_only(LISTENER UPSTREAM "webhook-rate = 5\n[upstream b]\nserver = 127.0.0.1:1\n"
                                  "[route a]\npath = /a\nupstream = app\n"
                                  "[route b]\npath = /b\nupstream = b\nwebhook-origins = *\n",
                "5:1: warning: " NO_EFFECT);
    expect_nothing("[gateway]\nwebhook-rate = 5\n" LISTENER UPSTREAM "webhook-origins = *\n");
    expect_nothing(LISTENER UPSTREAM "webhook-rate = 5\n[route a]\nwebhook-origins = a.example\n");
    expect_nothing(LISTENER UPSTREAM "webhook-origins = *\n[route a]\nwebhook-rate = 5\n");
    expect_nothing(LISTENER UPSTREAM "webhook-rate = *\n");
}

Test(build_effects, max_body_above_buffer_max_is_said_where_content_is_buffered)
{
    expect_only(LISTENER UPSTREAM "buffer-request = all\nmax-body = 32m\n",
                "6:12: warning: [upstream app] " CUT);
    expect_only(LISTENER UPSTREAM "max-body = 32m\n[route a]\nbuffer-request = chunked\n",
                "5:12: warning: [route a] " CUT);
    expect_only("[gateway]\nmax-body = 32m\nbuffer-request = all\n" LISTENER UPSTREAM
                "[upstream b]\nserver = 127.0.0.1:1\n[route a]\npath = /a\nupstream = app\n"
                "[route b]\npath = /b\nupstream = b\n",
                "2:12: warning: [upstream app] " CUT);
    expect_nothing(LISTENER UPSTREAM "buffer-request = all\n");
    expect_nothing(LISTENER UPSTREAM "max-body = 32m\nbuffer-max = 1m\n");
    expect_nothing(LISTENER UPSTREAM "buffer-request = all\nmax-body = 32m\nbuffer-max = 32m\n");
    expect_nothing("[gateway]\nmax-body = 32m\nbuffer-request = all\n" LISTENER UPSTREAM
                   "buffer-max = unlimited\n[route a]\n");
}
