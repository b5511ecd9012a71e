#include "method_fields.h"

#include "verbgate/policy/cors.h"

void method_fields_withhold(struct exchange *exchange, struct slice name)
{
    if (exchange->response != NULL) {
        (void)fields_withhold(&exchange->response->fields, name);
    }
}

static void put_cors(struct exchange *exchange, struct writer *writer,
                     const struct cors_rules *cors)
{
    const struct verdict *verdict = &exchange->verdict;
    if (verdict->rule == VERDICT_CORS_PREFLIGHT_RULE) {
        cors_write_preflight(writer, cors, verdict->is_granted, &verdict->allow,
                             &exchange->snapshot->policy->extensions, &exchange->facts.options);
        return;
    }
    method_fields_withhold(exchange, SLICE("access-control-allow-origin"));
    method_fields_withhold(exchange, SLICE("access-control-allow-credentials"));
    method_fields_withhold(exchange, SLICE("access-control-expose-headers"));
    cors_write_actual(writer, cors, method_rules_single_field(&exchange->fields, SLICE("origin")));
}

static void put_static(struct exchange *exchange, struct writer *writer,
                       const struct static_fields *fields)
{
    for (unsigned i = 0; i < fields->count; i++) {
        method_fields_withhold(exchange, fields->names[i]);
    }
    writer_put(writer, fields->lines);
}

void method_fields_put(struct exchange *exchange, struct writer *writer)
{
    if (!exchange->has_verdict) {
        return;
    }
    const struct verdict *verdict = &exchange->verdict;
    /* A refusal that is hidden behind a 404 has no field that a true one would not have. */
    const struct policy_settings *settings = verdict_settings(exchange->snapshot->policy, verdict);
    const struct method_rules *rules = &settings->methods;
    const struct cors_rules *cors =
        settings == verdict->settings ? verdict->cors : method_rules_cors(rules);
    if (cors != NULL && exchange->progress >= PROGRESS_HEAD) {
        put_cors(exchange, writer, cors);
    }
    if (verdict->rule == VERDICT_WEBHOOK_HANDSHAKE_RULE && verdict->is_granted) {
        webhook_write(writer, rules->webhook, &exchange->facts.options);
    }
    if (rules->fields != NULL) {
        put_static(exchange, writer, rules->fields);
    }
}
