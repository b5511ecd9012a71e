/* The access log, ids, and the proxies to believe. */
#include "build.h"

#include "options.h"

#include <stdio.h>

enum { HINT_BYTES = 256 };

/* A path has a slash, so that a misspelt "stdout" is not taken for a file's name. */
static struct slice read_access_log(struct builder *builder, const struct config_section *section)
{
    const struct config_entry *entry = options_entry(section, "access-log");
    struct slice text = options_text(section, "access-log");
    bool is_fine = slice_equal(text, SLICE("off")) || slice_equal(text, SLICE("stdout")) ||
                   slice_find(text, '/') < text.length;
    if (entry != NULL && !is_fine) {
        struct slice near = schema_nearest_word(entry->option->words, text);
        char hint[HINT_BYTES] = "a file in the working directory is written ./NAME";
        if (near.length > 0) {
            snprintf(hint, sizeof hint, "did you mean %.*s?", SLICE_PRINT(near));
        }
        options_refuse(builder, entry, text, "this is not a path: it has no '/'", hint);
    }
    return options_copy(builder, text);
}

/* ---- the format of the access log */

static void refuse_format(struct builder *builder, const struct config_entry *entry,
                          struct slice part, const char *problem)
{
    bool is_variable = part.length > 1 && part.data[0] == '$';
    struct slice near = is_variable ? schema_nearest_word(access_format_names, slice_after(part, 1))
                                    : schema_nearest_word(entry->option->words, part);
    char hint[HINT_BYTES];
    snprintf(hint, sizeof hint, "did you mean %s%.*s?", is_variable ? "$" : "", SLICE_PRINT(near));
    options_refuse(builder, entry, part, problem, near.length > 0 ? hint : NULL);
}

/* The pieces point into `text`, which lives as long as the policy. */
static void read_pieces(struct builder *builder, const struct config_entry *entry,
                        struct slice text)
{
    struct access_piece pieces[ACCESS_PIECES_MAX];
    unsigned count = 0;
    struct slice part;
    const char *problem = access_format_read(text, pieces, &count, &part);
    if (problem != NULL) {
        /* The part is one of the copy: its like in the entry is what can be pointed at. */
        size_t offset = (size_t)(part.data - text.data);
        refuse_format(builder, entry, slice_make(entry->value.data + offset, part.length), problem);
        return;
    }
    struct access_piece *copy = arena_take_array(&builder->policy->arena, count, sizeof copy[0]);
    if (copy == NULL) {
        builder->is_out_of_memory = true;
        return;
    }
    memcpy(copy, pieces, count * sizeof copy[0]);
    builder->policy->gateway.observation.access_format = (struct access_format){copy, count};
}

static void read_format(struct builder *builder, const struct config_section *section)
{
    const struct config_entry *entry = options_entry(section, "access-log-format");
    struct slice text = options_text(section, "access-log-format");
    if (slice_equal(text, SLICE("json"))) {
        return;
    }
    if (slice_equal(text, SLICE("common"))) {
        read_pieces(builder, entry, slice_of(access_format_common));
    } else if (slice_equal(text, SLICE("combined"))) {
        read_pieces(builder, entry, slice_of(access_format_combined));
    } else if (slice_find(text, '$') == text.length) {
        refuse_format(builder, entry, text, "it is no format's name and has no $variable");
    } else {
        struct slice copy = options_copy(builder, text);
        if (copy.data != NULL) {
            read_pieces(builder, entry, copy);
        }
    }
}

/* ---- trusted proxies */

/* The networks so far, and where each was written. */
struct network_reader {
    struct builder *builder;
    struct network *networks;
    const struct config_entry *entries[POLICY_NETWORKS_MAX];
    unsigned count;
};

/* Networks that are written twice, and networks that no gateway should trust, but may. */
static void warn_about(struct network_reader *reader, const struct config_entry *entry,
                       struct slice word, const struct network *network)
{
    struct diagnostic place = document_at_part(entry, word, DIAGNOSTIC_WARNING);
    char text[NETWORK_TEXT_MAX];
    network_text(network, text);
    struct slice written = slice_of(text);
    if (slice_equal(written, SLICE("0.0.0.0/0")) || slice_equal(written, SLICE("::/0"))) {
        diagnostics_add(reader->builder->diagnostics, &place,
                        "name only the networks of your proxies",
                        "every client is trusted to say who it is");
        return;
    }
    for (unsigned i = 0; i < reader->count; i++) {
        const struct network *other = &reader->networks[i];
        bool is_inside = network_holds(other, network);
        if (is_inside || network_holds(network, other)) {
            char other_text[NETWORK_TEXT_MAX];
            char hint[HINT_BYTES];
            network_text(other, other_text);
            snprintf(hint, sizeof hint, "%s is at %s:%u", other_text,
                     reader->entries[i]->file->path, reader->entries[i]->line);
            diagnostics_add(reader->builder->diagnostics, &place, hint,
                            "%s is in %s: it adds nothing", is_inside ? text : other_text,
                            is_inside ? other_text : text);
            return;
        }
    }
}

static void read_network(struct network_reader *reader, const struct config_entry *entry,
                         struct slice word)
{
    struct network network = {.prefix = 0};
    const char *problem = network_parse(word, &network);
    if (problem == NULL && reader->count == POLICY_NETWORKS_MAX) {
        problem = "there are more than 256 networks";
    }
    if (problem != NULL) {
        char meant[NETWORK_TEXT_MAX];
        char hint[HINT_BYTES];
        network_text(&network, meant);
        snprintf(hint, sizeof hint, "the network is %s", meant);
        options_refuse(reader->builder, entry, word, problem, network.prefix > 0 ? hint : NULL);
        return;
    }
    warn_about(reader, entry, word, &network);
    reader->entries[reader->count] = entry;
    reader->networks[reader->count++] = network;
}

static void read_trusted(struct builder *builder, const struct config_section *section)
{
    struct network_list *trusted = &builder->policy->gateway.observation.trusted;
    const struct config_entry *entry = options_entry(section, "trusted-proxies");
    if (entry == NULL) {
        return;
    }
    struct network_reader reader = {.builder = builder};
    reader.networks =
        arena_take_array(&builder->policy->arena, POLICY_NETWORKS_MAX, sizeof reader.networks[0]);
    if (reader.networks == NULL) {
        builder->is_out_of_memory = true;
        return;
    }
    for (; entry != NULL; entry = document_next_entry(entry)) {
        struct slice rest = entry->value;
        struct slice word;
        bool has_word = false;
        while (options_next_word(&rest, " \t,", &word)) {
            has_word = true;
            if (slice_equal(word, SLICE("unix"))) {
                trusted->has_unix = true;
            } else {
                read_network(&reader, entry, word);
            }
        }
        if (!has_word) {
            options_refuse(builder, entry, entry->value, "it is empty", NULL);
        }
    }
    trusted->items = reader.networks;
    trusted->count = reader.count;
}

void build_observation(struct builder *builder, const struct config_section *section)
{
    struct policy_observation *observation = &builder->policy->gateway.observation;
    builder->policy->process.access_log = read_access_log(builder, section);
    builder->policy->process.access_log_source =
        options_source(options_entry(section, "access-log"));
    read_format(builder, section);
    observation->makes_request_ids = options_word(builder, section, "request-id") == 1;
    observation->sets_real_ip = options_word(builder, section, "x-real-ip") == 1;
    observation->makes_trace_parents = options_word(builder, section, "traceparent") == 1;
    read_trusted(builder, section);
}
