/* Rows, columns and cells of the matrix, for its three writers. */
#ifndef VERBGATE_POLICY_MATRIX_MODEL_H
#define VERBGATE_POLICY_MATRIX_MODEL_H

#include "verbgate/policy/decide.h"
#include "verbgate/policy/matrix.h"

enum {
    MATRIX_COLUMNS_MAX = METHOD_UNKNOWN + 1, /* every id, and "other" */
    MATRIX_BUFFER_BYTES = 64 * 1024,
    MATRIX_PIECE_MAX = MATRIX_BUFFER_BYTES / 2, /* a host, a path, a name or a cell, escaped */
    MATRIX_HOST_MAX = 320,
    MATRIX_PATH_MAX = 16 * 1024,
};

struct matrix {
    const struct policy *policy;
    const struct sink *sink;
    struct writer writer;
    bool has_failed; /* the sink refused a piece */
    enum method columns[MATRIX_COLUMNS_MAX];
    unsigned column_count;
    size_t cell_width;  /* of the text, at least */
    unsigned row_count; /* without routes one, for everything */
    /* A request that leads to the row at hand. */
    char host_text[MATRIX_HOST_MAX];
    char path_text[MATRIX_PATH_MAX];
    struct slice host, path;
};

struct matrix_row {
    const struct policy_route *route; /* NULL: everything goes to the only upstream */
    const struct policy_upstream *upstream;
    bool is_reached; /* some request leads here; else there is nothing to ask */
};

/* Makes the columns: in the order of an Allow field, "other" last. */
void matrix_find_columns(struct matrix *matrix);

/* The row, and with it the request for its cells. */
struct matrix_row matrix_row_at(struct matrix *matrix, unsigned index);

/* What is decided about a method on the row at hand. */
struct verdict matrix_cell(const struct matrix *matrix, const struct matrix_row *row,
                           enum method method);

/* The name of a column: of a method, or "other". */
struct slice matrix_column_name(const struct matrix *matrix, unsigned column);

/* Leaves out the columns that say nothing more than "other" does. */
void matrix_fold_columns(struct matrix *matrix);

/* Makes room for another MATRIX_PIECE_MAX bytes; false once the sink has refused a piece. */
MUST_CHECK bool matrix_has_room(struct matrix *matrix);

/* The writers. */
void matrix_write_text(struct matrix *matrix);
void matrix_write_json(struct matrix *matrix);
void matrix_write_html(struct matrix *matrix);

#endif
