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
};

struct schema_option {
    unsigned sections; /* enum schema_section bits */
    const char *key;
    enum schema_type type;
    const char *fallback; /* the default as it would be written; NULL: required; "": unset. An
                             option of [gateway] and other sections is inherited by these. */
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

/* Writes config/reference.ini: every option with its help, choices and default. */
void schema_write_reference(struct writer *writer);

/* Values by type. Each returns NULL and fills the result, or a sentence (static) on bad text. */
MUST_CHECK const char *schema_read_count(struct slice text, uint64_t *value);
MUST_CHECK const char *schema_read_size(struct slice text,
                                        uint64_t *bytes); /* "unlimited": UINT64_MAX */
MUST_CHECK const char *schema_read_time(struct slice text, uint64_t *milliseconds);
MUST_CHECK const char *schema_read_mode(struct slice text, unsigned *mode);

#endif
