/*
 * Every option is one row of one table: section, key, type, default, range, unit, help. The parser,
 * `verbgate check`, config/reference.ini and its test all come from it.
 */
#ifndef VERBGATE_CONFIG_SCHEMA_H
#define VERBGATE_CONFIG_SCHEMA_H

#include "verbgate/base/attributes.h"
#include "verbgate/base/slice.h"
#include "verbgate/base/writer.h"

enum schema_section {
    SCHEMA_GATEWAY = 1,
    SCHEMA_LISTENER = 2,
    SCHEMA_UPSTREAM = 4,
    SCHEMA_ROUTE = 8,
};

enum schema_type {
    SCHEMA_COUNT,     /* a whole number */
    SCHEMA_SIZE,      /* bytes: 512, 16k, 4m, 2g, or "unlimited" where the range allows it */
    SCHEMA_TIME,      /* 250ms, 5s, 2m, 1h; a bare number is an error */
    SCHEMA_WORD,      /* one of `words` */
    SCHEMA_TEXT,      /* any text */
    SCHEMA_TOKEN,     /* an HTTP token */
    SCHEMA_MODE,      /* octal permission bits: 0660 */
    SCHEMA_ADDRESS,   /* base/address.h */
    SCHEMA_METHODS,   /* methods, presets, *, -METHOD */
    SCHEMA_VERSIONS,  /* 1.0 1.1 */
    SCHEMA_HOST,      /* a host pattern */
    SCHEMA_PATH,      /* a path pattern */
    SCHEMA_REFERENCE, /* the name of an upstream */
    SCHEMA_URL,       /* with http or https, as it may stand in a field */
    SCHEMA_FILE,      /* seen from the directory of the configuration's file */
    SCHEMA_LIST,      /* what `words` says, for example a list of origins */
    SCHEMA_FORMAT,    /* one of `words`, or a text with $variables (policy/access_format.h) */
    SCHEMA_NETWORKS,  /* networks, addresses, "unix" (base/network.h) */
    SCHEMA_DIRECTORY, /* an absolute path in the file system */
    SCHEMA_NAMES,     /* names of fields */
};

struct schema_option {
    unsigned sections; /* enum schema_section bits */
    const char *key;
    enum schema_type type;
    const char *fallback; /* the default as it would be written; NULL: required; "": unset. An
                             option of a level above is inherited. */
    uint64_t least, most; /* range of counts, sizes (bytes) and times (ms) */
    const char *words;    /* SCHEMA_WORD: the choices, separated by spaces; SCHEMA_COUNT and
                             SCHEMA_TIME: one word that stands for 0, or NULL; SCHEMA_ADDRESS: the
                             same for none; SCHEMA_LIST: what it may be */
    bool repeats;         /* may be given more than once */
    const char *example;  /* a value for the reference where `fallback` gives none */
    const char *help;     /* one line */
};

/* The options in the order of the reference, which lists them by section; NULL behind the last. */
const struct schema_option *schema_option_at(size_t index);

/* What holds where a section does not set the option: `fallback`, or "" for an option that the section
 * inherits, from the upstream of a route or from [gateway]. */
const char *schema_fallback(const struct schema_option *option, enum schema_section section);

/* The sections, as bits, that `section` inherits from: [upstream] and [gateway] for a route, [gateway] for the
 * others. */
unsigned schema_levels_above(enum schema_section section);

/* Whether `section` takes the value of a level above when it does not set the option. The only rule of inheritance:
 * what prints, reads and explains the options goes by it. */
bool schema_is_inherited(const struct schema_option *option, enum schema_section section);

/* A value to show: the example of the row, or its default. Never empty. */
const char *schema_example(const struct schema_option *option);

/* The units of a type, as " (ms, s, m, h)"; empty where it has none. */
const char *schema_unit(enum schema_type type);

/* The option `key` of a section, or NULL. */
const struct schema_option *schema_find(enum schema_section section, struct slice key);

/* The key of that section nearest to `key`, for a hint; NULL when none is near. */
const char *schema_suggest(enum schema_section section, struct slice key);

/* "gateway", "listener", "upstream", "route". */
const char *schema_section_name(enum schema_section section);

/* Finds the section kind by its name; false when there is none. */
MUST_CHECK bool schema_section_find(struct slice name, enum schema_section *section);

/* The section name nearest to `name`, or NULL. */
const char *schema_section_suggest(struct slice name);

/* The word of a list separated by spaces that is nearest to `word`: equal but for case, or few
 * typing errors away. The empty slice when none is near. For hints. */
struct slice schema_nearest_word(const char *words, struct slice word);

/* Writes what an option may be: "auto, or 1 to 256", "256 to 128k bytes", "append, replace, off".
 */
void schema_write_choices(struct writer *writer, const struct schema_option *option);

/* Writes the default in words: the value, "unset", "as the level above", or that it is required. */
void schema_write_default(struct writer *writer, const struct schema_option *option,
                          enum schema_section section);

/* Writes what people want to know of an option: meaning, sections, choices, default, example. `sections` are the
 * enum schema_section bits that matter; a key may have a row of its own in each. Returns false, and writes nothing,
 * when none of them has the key. */
MUST_CHECK bool schema_write_option_page(struct writer *writer, unsigned sections,
                                         struct slice key);

/* Writes the keys of a section, each with its meaning. */
void schema_write_section_page(struct writer *writer, enum schema_section section);

/* Writes config/reference.ini: every option with its help, choices and default. */
void schema_write_reference(struct writer *writer);

/* Writes config/reference.md: a table for each section. */
void schema_write_page(struct writer *writer);

/* Values by type. Each returns NULL and fills the result, or a sentence (static) on bad text. */
MUST_CHECK const char *schema_read_count(struct slice text, uint64_t *value);
MUST_CHECK const char *schema_read_size(struct slice text,
                                        uint64_t *bytes); /* "unlimited": UINT64_MAX */
MUST_CHECK const char *schema_read_time(struct slice text, uint64_t *milliseconds);
MUST_CHECK const char *schema_read_mode(struct slice text, unsigned *mode);

#endif
