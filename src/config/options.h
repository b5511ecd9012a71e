/* Reads the options of a section by key: what is written, else the default of the table. */
#ifndef VERBGATE_CONFIG_OPTIONS_H
#define VERBGATE_CONFIG_OPTIONS_H

#include "build.h"

/* The first entry of `key`, which the schema has for this kind of section; NULL when not set. */
const struct config_entry *options_entry(const struct config_section *section, const char *key);

/* The same for a required key: NULL is reported at the section, unless a line
 * of the section that was refused may have been meant for it. */
const struct config_entry *options_required(struct builder *builder,
                                            const struct config_section *section, const char *key);

/* Whether the section itself says what `key` is: by a line, or by the default of the table where it inherits nothing. */
MUST_CHECK bool options_sets(const struct config_section *section, const char *key);

/* A count, size, time (in ms) or mode, within its range; what is bad is reported. */
uint64_t options_number(struct builder *builder, const struct config_section *section,
                        const char *key);

/* options_number for options whose range fits. */
unsigned options_unsigned(struct builder *builder, const struct config_section *section,
                          const char *key);

/* Which of the option's words it is, from 0. */
unsigned options_word(struct builder *builder, const struct config_section *section,
                      const char *key);

/* The text as written or by default, not copied. */
struct slice options_text(const struct config_section *section, const char *key);

/* A copy in the policy's arena. */
struct slice options_copy(struct builder *builder, struct slice text);

/* Takes the next word off *rest; words are separated by any of `separators`. False at the end. */
bool options_next_word(struct slice *rest, const char *separators, struct slice *word);

/* Reports `part` of an entry's value: bad value for "key": problem (allowed: ...). */
void options_refuse(struct builder *builder, const struct config_entry *entry, struct slice part,
                    const char *problem, const char *hint);

/* Where a section or key stands, for the policy; line 0 for an entry that is NULL. */
struct rule_source options_section_source(const struct config_section *section);
struct rule_source options_source(const struct config_entry *entry);

#endif
