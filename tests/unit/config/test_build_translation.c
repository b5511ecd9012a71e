/* Options for legacy backends. */
#include "policy_fixture.h"

#include <stdio.h>

static struct policy *load_clean(const char *text)
{
    struct policy *policy = load(text);
    cr_assert_eq(diagnostics.count, 0, "%s", memory_report(&diagnostics));
    return policy;
}

Test(build_translation, everything_is_off_by_default_save_for_what_is_safer_on)
{
    struct policy *policy = load_clean(LISTENER UPSTREAM);
    const struct policy_upstream *upstream = &policy->upstreams[0];
    const struct policy_translation *translation = &upstream->settings.translation;
    cr_assert(method_set_is_empty(&translation->send_as_post));
    cr_assert_eq(translation->override_fields, OVERRIDE_FIELDS_REFUSE);
    cr_assert_eq(translation->odd_names, ODD_NAMES_DROP);
    cr_assert_not(translation->passes_trailers);
    cr_assert_not(policy->gateway.observation.sets_real_ip);
    cr_assert_eq(translation->buffer_request, BUFFER_REQUEST_OFF);
    cr_assert_eq(translation->buffer_memory, 65536);
    cr_assert_eq(translation->buffer_max, 16 * 1024 * 1024);
    cr_assert_null(translation->spellings);
    cr_assert_not(upstream->sends_http_10);
    cr_assert_str_eq(policy->gateway.buffer_directory, "/tmp");
    drop(policy);
}

Test(build_translation, guards_are_set_at_their_levels)
{
    struct policy *policy =
        load_clean("[gateway]\nodd-names = refuse\nx-real-ip = on\n" LISTENER UPSTREAM
                   "trailers = pass\noverride-fields = strip\n"
                   "[route a]\npath = /a\nodd-names = pass\n"
                   "[route b]\npath = /b\n");
    const struct policy_translation *a = &policy->routes[0].settings.translation;
    const struct policy_translation *b = &policy->routes[1].settings.translation;
    cr_assert(policy->gateway.observation.sets_real_ip);
    cr_assert_not(policy->gateway.settings.translation.passes_trailers);
    cr_assert(a->passes_trailers && b->passes_trailers);
    cr_assert_eq(a->odd_names, ODD_NAMES_PASS);
    cr_assert_eq(b->odd_names, ODD_NAMES_REFUSE);
    cr_assert_eq(b->override_fields, OVERRIDE_FIELDS_STRIP);
    drop(policy);
}

Test(build_translation, each_level_inherits_what_it_does_not_set)
{
    struct policy *policy =
        load_clean("[gateway]\nbuffer-request = chunked\nbuffer-max = 1m\nbuffer-directory = "
                   "/var/tmp\n" LISTENER UPSTREAM
                   "override-fields = refuse\nsend-version = 1.0\nsend-as-post = PATCH\n"
                   "field-names = SOAPAction, Host\n"
                   "[route a]\npath = /a\nbuffer-request = all\nsend-as-post = PUT DELETE\n"
                   "field-names = ETag\n[route b]\npath = /b\noverride-fields = pass\n"
                   "buffer-memory = 0\n");
    const struct policy_translation *a = &policy->routes[0].settings.translation;
    const struct policy_translation *b = &policy->routes[1].settings.translation;
    cr_assert_str_eq(policy->gateway.buffer_directory, "/var/tmp");
    cr_assert(policy->upstreams[0].sends_http_10);
    cr_assert_eq(a->buffer_request, BUFFER_REQUEST_ALL);
    cr_assert_eq(b->buffer_request, BUFFER_REQUEST_CHUNKED);
    cr_assert_eq(a->buffer_max, 1024 * 1024);
    cr_assert_eq(a->override_fields, OVERRIDE_FIELDS_REFUSE);
    cr_assert_eq(b->override_fields, OVERRIDE_FIELDS_PASS);
    cr_assert_eq(a->buffer_memory, 65536);
    cr_assert_eq(b->buffer_memory, 0);
    cr_assert(method_set_has(&a->send_as_post, METHOD_PUT));
    cr_assert_not(method_set_has(&a->send_as_post, METHOD_PATCH));
    cr_assert(method_set_has(&b->send_as_post, METHOD_PATCH));
    cr_assert_eq(a->spellings->count, 1);
    cr_assert_eq(b->spellings->count, 2);
    cr_assert(slice_equal(b->spellings->names[0], SLICE("SOAPAction")));
    drop(policy);
}

Test(build_translation, a_route_may_allow_what_is_sent_as_post)
{
    struct policy *policy =
        load_clean(LISTENER UPSTREAM "implements = GET HEAD POST\n[route a]\npath = /a\n"
                                     "allow = GET PATCH\nsend-as-post = PATCH\n"
                                     "[route b]\npath = /b\nsend-as-post = PUT\n");
    cr_assert(method_set_has(&policy->routes[0].answer, METHOD_PATCH));
    cr_assert_not(method_set_has(&policy->routes[0].answer, METHOD_POST));
    cr_assert(method_set_has(&policy->routes[1].answer, METHOD_PUT));
    cr_assert(method_set_has(&policy->routes[1].answer, METHOD_POST));
    cr_assert_not(method_set_has(&policy->upstreams[0].takes, METHOD_PUT));
    drop(policy);
    expect_only(LISTENER UPSTREAM "implements = GET HEAD POST\n[route a]\nallow = PATCH\n",
                "does not implement it");
}

Test(build_translation, refuses_methods_that_a_post_cannot_stand_for)
{
    static const char *const methods[] = {"GET",   "PATCH HEAD",   "OPTIONS",
                                          "TRACE", "POST",         "@webdav",
                                          "*",     "* -GET -HEAD", "PATCH @read-only"};
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        char text[256];
        snprintf(text, sizeof text, LISTENER UPSTREAM "send-as-post = %s\n", methods[i]);
        expect_only(text, "cannot be sent as POST");
    }
    expect_only(LISTENER UPSTREAM "send-as-post = CONNECT\n", "the method cannot be configured");
}

Test(build_translation, warns_where_the_backend_has_no_post)
{
    expect_only(LISTENER UPSTREAM "implements = GET HEAD\nsend-as-post = PATCH\n",
                "which [upstream app] does not implement");
    expect_only(LISTENER UPSTREAM "implements = GET HEAD\n[route a]\nsend-as-post = PATCH\n",
                "which [upstream app] does not implement");
}

Test(build_translation, refuses_field_names_that_are_none_or_too_many)
{
    expect_only(LISTENER UPSTREAM "field-names = Good Ba(d\n",
                "a character that no field name has");
    expect_only(LISTENER UPSTREAM "field-names = Host Via hOsT\n", "stands here before");
    char text[512];
    struct writer writer = writer_make(text, sizeof text - 1);
    writer_literal(&writer, LISTENER UPSTREAM "field-names =");
    for (int i = 0; i < 33; i++) {
        writer_format(&writer, " a%d", i);
    }
    writer_literal(&writer, "\n");
    text[writer.length] = '\0';
    expect_only(text, "more than 32 names");
}

Test(build_translation, refuses_a_directory_that_depends_on_where_it_was_started)
{
    expect_only("[gateway]\nbuffer-directory = tmp\n" LISTENER UPSTREAM, "start with '/'");
}
