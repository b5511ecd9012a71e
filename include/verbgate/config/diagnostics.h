/*
 * What is wrong with a configuration, collected rather than first-only, and written like a
 * compiler:
 *
 *   gateway.ini:9:1: error: unknown key "implement" in [upstream]
 *       9 | implement = GET HEAD POST
 *         | ^~~~~~~~~
 *   hint: did you mean "implements"?
 */
#ifndef VERBGATE_CONFIG_DIAGNOSTICS_H
#define VERBGATE_CONFIG_DIAGNOSTICS_H

#include "verbgate/base/arena.h"
#include "verbgate/base/writer.h"

enum { DIAGNOSTICS_MAX = 100 }; /* more are counted, not kept */

/* From the least severe on. A note is worth knowing, and nothing is wrong. */
enum diagnostic_severity { DIAGNOSTIC_NOTE, DIAGNOSTIC_WARNING, DIAGNOSTIC_ERROR };

struct diagnostic {
    enum diagnostic_severity severity;
    struct slice file;      /* may be empty: not about a file */
    unsigned file_order;    /* of all files of one load, which came when; for sorting only */
    unsigned line;          /* 0: about the whole file */
    unsigned column;        /* 0: about the whole line */
    unsigned width;         /* bytes to underline, at least 1 when column is not 0 */
    struct slice line_text; /* may be empty */
    struct slice message;
    struct slice hint; /* may be empty */
};

struct diagnostics {
    struct arena arena; /* owns all texts */
    struct diagnostic items[DIAGNOSTICS_MAX];
    unsigned count;
    unsigned error_count; /* also of those that were not kept */
    unsigned warning_count;
    unsigned note_count;
};

void diagnostics_init(struct diagnostics *diagnostics);
void diagnostics_finish(struct diagnostics *diagnostics);

/*
 * Adds a copy of `place` (its message and hint are ignored) with a formatted message; `hint` may be
 * NULL. Control bytes of the message become '?' and a very long one is cut; a hint may have line
 * feeds. When all places are taken, what is more severe still pushes out the
 * last of the least severe.
 */
void diagnostics_add(struct diagnostics *diagnostics, const struct diagnostic *place,
                     const char *hint, const char *format, ...) PRINTF_LIKE(4, 5);

/* True when a further error would only be counted: then costly hints need not be made. */
bool diagnostics_is_full(const struct diagnostics *diagnostics);

/* Sorts the items by file, line and column; what is about a whole file comes after its lines. */
void diagnostics_sort(struct diagnostics *diagnostics);

/* Writes item `index`, ending in a newline; control bytes of the source line are shown as '?',
 * and of a very long line only the part around the column is shown. */
void diagnostics_write(const struct diagnostics *diagnostics, unsigned index,
                       struct writer *writer);

/* "note", "warning", "error". */
const char *diagnostic_severity_name(enum diagnostic_severity severity);

/* Writes item `index` as a JSON object: severity, file, line, column, message, hint. A member that does not apply is
 * null. */
void diagnostics_write_json(const struct diagnostics *diagnostics, unsigned index,
                            struct writer *writer);

#endif
