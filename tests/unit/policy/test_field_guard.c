/* What becomes of guarded fields on their way to a server. */
#include <criterion/criterion.h>

#include "verbgate/http/guarded.h"
#include "verbgate/policy/field_guard.h"

static struct policy *policy;
static struct policy_translation translation;
static struct verdict verdict;

static void start(void)
{
    policy = policy_create((size_t)64 * 1024);
    cr_assert_not_null(policy);
    translation = (struct policy_translation){.odd_names = ODD_NAMES_DROP};
    verdict = (struct verdict){
        .kind = VERDICT_FORWARD,
        .method = METHOD_POST,
        .translation = &translation,
        .strips_override = true,
        .drops_odd_names = true,
    };
}

static void stop(void)
{
    policy_release(policy);
}

TestSuite(field_guard, .init = start, .fini = stop);

static enum field_fate fate_of(const char *name, bool is_trusted)
{
    struct field items[1];
    struct fields fields;
    fields_init(&fields, items, 1);
    cr_assert_eq(fields_add(&fields, slice_of(name), SLICE("1")), FAULT_NONE);
    enum field_fate fate = field_guard_fate(policy, &verdict, is_trusted, &items[0]);
    cr_expect(field_guard_is_needed(&fields) || fate == FIELD_PASSED_FATE, "%s", name);
    unsigned dropped[FIELD_FATE_COUNT] = {0};
    field_guard_apply(policy, &verdict, is_trusted, &fields, dropped);
    cr_expect_eq(items[0].is_hop_by_hop, fate != FIELD_PASSED_FATE, "%s", name);
    cr_expect_eq(dropped[fate], fate != FIELD_PASSED_FATE, "%s", name);
    return fate;
}

static void expect(const char *name, bool is_trusted, enum field_fate fate)
{
    enum field_fate found = fate_of(name, is_trusted);
    cr_expect_eq(found, fate, "%s: %s", name, field_fate_reason(found));
}

static const char *const claims[] = {
    "X-Forwarded-For",  "X-Forwarded-Host",        "X-Forwarded-Proto",
    "X-Forwarded-Port", "X-FORWARDED-PREFIX",      "x-forwarded-server",
    "X-Forwarded-Ssl",  "X-Forwarded-Scheme",      "X-Forwarded-By",
    "X-Forwarded",      "X-Forwarded-a_b",         "Forwarded",
    "X-Real-IP",        "X-Forwarded-Client-Cert", "X-Scheme",
    "X-Url-Scheme",     "Front-End-Https",         "X-Proxied-Https",
};

enum { CLAIM_COUNT = sizeof claims / sizeof claims[0] };

Test(field_guard, who_the_client_is_comes_from_trusted_proxies_only)
{
    for (size_t i = 0; i < CLAIM_COUNT; i++) {
        bool is_odd = strchr(claims[i], '_') != NULL;
        policy->gateway.forwarded = FORWARDED_APPEND;
        expect(claims[i], false, is_odd ? FIELD_ODD_NAME_FATE : FIELD_CLAIM_FATE);
        expect(claims[i], true, is_odd ? FIELD_ODD_NAME_FATE : FIELD_PASSED_FATE);
        verdict.drops_odd_names = false;
        expect(claims[i], false, FIELD_CLAIM_FATE);
        policy->gateway.forwarded = FORWARDED_REPLACE;
        expect(claims[i], false, FIELD_CLAIM_FATE);
        expect(claims[i], true, FIELD_CLAIM_FATE);
        policy->gateway.forwarded = FORWARDED_OFF;
        expect(claims[i], false, FIELD_PASSED_FATE);
        expect(claims[i], true, FIELD_PASSED_FATE);
        verdict.drops_odd_names = true;
    }
}

Test(field_guard, client_certificates_come_from_trusted_proxies_in_every_mode)
{
    for (int mode = FORWARDED_APPEND; mode <= FORWARDED_OFF; mode++) {
        policy->gateway.forwarded = (enum forwarded_mode)mode;
        expect("Client-Cert", false, FIELD_CLAIM_FATE);
        expect("CLIENT-CERT-CHAIN", false, FIELD_CLAIM_FATE);
        expect("Client-Cert", true, FIELD_PASSED_FATE);
        expect("Client_Cert", true, FIELD_ODD_NAME_FATE);
    }
}

Test(field_guard, x_real_ip_is_the_gateways_where_it_sets_it)
{
    policy->gateway.observation.sets_real_ip = true;
    policy->gateway.forwarded = FORWARDED_OFF;
    expect("X-Real-IP", false, FIELD_CLAIM_FATE);
    expect("X-Real-IP", true, FIELD_CLAIM_FATE);
}

Test(field_guard, odd_names_are_dropped_unless_they_may_pass)
{
    static const char *const odd[] = {
        "X_Forwarded_For",
        "X-Forwarded_Host",
        "x.forwarded.proto",
        "X_FORWARDED_PORT",
        "X~Real~IP",
        "X_Request_ID",
        "Client_Cert_Chain",
        "Keep_Alive",
        "Max.Forwards",
        "Proxy_Connection",
        "HTTP2_Settings",
        "X_Forwarded",
        "WebHook_Request_Origin",
        "Access_Control_Request_Method",
    };
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        verdict.drops_odd_names = true;
        expect(odd[i], false, FIELD_ODD_NAME_FATE);
        expect(odd[i], true, FIELD_ODD_NAME_FATE);
        verdict.drops_odd_names = false;
        expect(odd[i], false, FIELD_PASSED_FATE);
    }
}

Test(field_guard, what_asks_for_another_method_goes_no_further_in_any_spelling)
{
    static const char *const overrides[] = {"X-HTTP-Method", "x-http-method-override",
                                            "X-METHOD-OVERRIDE", "X_HTTP_Method_Override",
                                            "x.http-method"};
    for (size_t i = 0; i < sizeof overrides / sizeof overrides[0]; i++) {
        verdict.strips_override = true;
        expect(overrides[i], true, FIELD_OVERRIDE_FATE);
        verdict.strips_override = false;
        verdict.drops_odd_names = false;
        expect(overrides[i], true, FIELD_PASSED_FATE);
        method_set_add(&translation.send_as_post, METHOD_POST);
        expect(overrides[i], true, FIELD_OVERRIDE_FATE);
        translation.send_as_post = (struct method_set){.any = false};
    }
    verdict.drops_odd_names = true;
    expect("X_HTTP_Method", true, FIELD_ODD_NAME_FATE);
}

Test(field_guard, what_asks_for_another_target_goes_no_further_where_a_rule_depends_on_paths)
{
    static const char *const targets[] = {"X-Original-URL", "x-rewrite-url", "X_Original_Url",
                                          "X-Rewrite_URL"};
    for (size_t i = 0; i < sizeof targets / sizeof targets[0]; i++) {
        bool is_odd = strchr(targets[i], '_') != NULL;
        policy->judges_paths = true;
        expect(targets[i], true, FIELD_OVERRIDE_FATE);
        policy->judges_paths = false;
        expect(targets[i], true, is_odd ? FIELD_ODD_NAME_FATE : FIELD_PASSED_FATE);
        policy->judges_paths = true;
        verdict.strips_override = verdict.drops_odd_names = false;
        expect(targets[i], true, FIELD_PASSED_FATE);
        verdict.strips_override = verdict.drops_odd_names = true;
    }
}

Test(field_guard, proxy_goes_no_further)
{
    verdict.strips_override = verdict.drops_odd_names = false;
    policy->gateway.forwarded = FORWARDED_OFF;
    expect("Proxy", true, FIELD_PROXY_FATE);
    expect("PROXY", false, FIELD_PROXY_FATE);
    expect("Proxy-Status", false, FIELD_PASSED_FATE);
}

Test(field_guard, all_else_passes)
{
    static const char *const names[] = {"Accept",  "X_Api_Key",       "User_Agent",   "X-Forward",
                                        "Cookie",  "X-Client-IP",     "X-Request-ID", "traceparent",
                                        "X-Own-A", "Accept_Encoding", "Authorization"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        expect(names[i], false, FIELD_PASSED_FATE);
    }
}
