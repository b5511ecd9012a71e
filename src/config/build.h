/*
 * From a document to a policy: every value is read by the type of its option, every reference is
 * followed, and everything that is wrong is reported. Problems never stop the work before the end,
 * so that one run shows them all; the policy is then dropped.
 */
#ifndef VERBGATE_CONFIG_BUILD_H
#define VERBGATE_CONFIG_BUILD_H

#include "document.h"
#include "verbgate/config/load.h"
#include "verbgate/policy/policy.h"

struct own_body;

struct builder {
    struct config_document *document; /* its arena is the scratch memory of the build */
    const struct config_environment *environment;
    struct diagnostics *diagnostics;
    struct policy *policy;
    bool is_out_of_memory;
    struct own_body *own_bodies; /* files that were read already; build_answers.c */
    unsigned own_body_count;
};

/* A sealed policy with one reference, or NULL when there was an error. `document` is indexed. */
MUST_CHECK struct policy *build_policy(struct config_document *document,
                                       const struct config_environment *environment,
                                       struct diagnostics *diagnostics);

/* Reports that the configuration is too large for its memory. */
void build_report_memory(const struct config_document *document, struct diagnostics *diagnostics);

/* Steps of build_policy, each in a file of its own; the later ones need the earlier. */
void build_gateway(struct builder *builder);

/* What a section sets, and `inherited` for the rest; NULL for [gateway]. */
void build_settings(struct builder *builder, const struct config_section *section,
                    const struct policy_settings *inherited, struct policy_settings *settings);

/* The readings that [gateway] asks for, as PATH_READING_* bits. */
unsigned build_path_readings(struct builder *builder, const struct config_section *section);

/* [gateway] observe. */
void build_observe(struct builder *builder, const struct config_section *section);
/* How refusals are answered. */
void build_answers(struct builder *builder, const struct config_section *section,
                   struct policy_answers *answers);
void build_method_rules(struct builder *builder, const struct config_section *section,
                        struct method_rules *rules);

/* The part of build_gateway that is about what is seen of requests. */
void build_observation(struct builder *builder, const struct config_section *section);

/* The part of build_settings that is about legacy backends. */
void build_translation(struct builder *builder, const struct config_section *section,
                       struct policy_translation *translation);

/* A method that is sent as POST needs a backend that implements POST. */
void build_warn_post(struct builder *builder, const struct config_section *section,
                     const struct policy_upstream *upstream);

void build_listeners(struct builder *builder);

/* Whether two sockets cannot be bound at both. Names are compared as they are. */
MUST_CHECK bool build_is_same_address(const struct address *a, const struct address *b);

/* The admin and the health listener; after the listeners. */
void build_admin(struct builder *builder);
void build_upstreams(struct builder *builder);
/* Returns the patterns of all routes in scratch memory, `*count` of them; NULL when none. */
const struct route_pattern *build_routes(struct builder *builder, unsigned *count);

/* Warns about settings that have no effect, or less than they say. For a policy without errors. */
void build_warn_effects(struct builder *builder);

#endif
