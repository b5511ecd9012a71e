#include <criterion/criterion.h>

#include "verbgate/exchange/reason.h"

#include <string.h>

/* The error types of RFC 9209 section 2.3 that the table may use. */
static const char *const registered[] = {
    "destination_not_found", "destination_unavailable",  "connection_refused",
    "connection_terminated", "connection_timeout",       "http_request_error",
    "http_request_denied",   "http_response_incomplete", "http_response_header_section_size",
    "http_response_timeout", "http_protocol_error",      "connection_limit_reached",
    "proxy_internal_error",
};

static bool is_registered(const char *error)
{
    for (unsigned i = 0; i < sizeof registered / sizeof registered[0]; i++) {
        if (strcmp(registered[i], error) == 0) {
            return true;
        }
    }
    return false;
}

Test(reason, has_a_name_and_a_text_without_full_stop_for_each)
{
    for (unsigned i = 0; i < REASON_COUNT; i++) {
        const char *text = reason_text(i);
        cr_assert(strlen(text) > 0 && text[strlen(text) - 1] != '.', "%u", i);
        cr_assert(strlen(reason_name(i)) > 0);
        for (unsigned j = 0; j < i; j++) {
            cr_assert_str_neq(text, reason_text(j));
            cr_assert_str_neq(reason_name(i), reason_name(j));
        }
    }
    cr_assert_str_eq(reason_name(REASON_UPSTREAM_REFUSED), "UPSTREAM_REFUSED");
}

Test(reason, tells_a_client_why_it_gets_a_status)
{
    for (unsigned i = 0; i < REASON_COUNT; i++) {
        unsigned status = reason_status(i);
        const char *error = reason_proxy_error(i);
        cr_assert_eq(status == 0, error == NULL, "%s", reason_name(i));
        cr_assert(status == 0 || (status >= 400 && status <= 599), "%s", reason_name(i));
        cr_assert(error == NULL || is_registered(error), "%s: %s", reason_name(i), error);
    }
}

Test(reason, blames_the_gateways_own_side_only_for_errors)
{
    for (unsigned i = 0; i < REASON_COUNT; i++) {
        cr_assert_eq(reason_is_error(i), reason_status(i) >= 500, "%s", reason_name(i));
    }
}
