#include "matrix_model.h"

enum { LABEL_COUNT = 4, LABEL_MAX = 40, CELL_WIDTH_MIN = 4, CELL_WIDTH_LONG = 6 };

/* Route, hosts, paths and upstream of a row, each cut to LABEL_MAX bytes. */
struct labels {
    char text[LABEL_COUNT][LABEL_MAX];
    struct slice items[LABEL_COUNT];
};

/* The first of several, and how many more there are. */
static struct slice write_list(char *text, const struct slice *items, unsigned count)
{
    struct writer writer = writer_make(text, LABEL_MAX);
    struct slice first = count == 0 ? SLICE("*") : items[0];
    size_t most = LABEL_MAX - (count > 1 ? sizeof " (+65536)" : 0);
    if (first.length > most) {
        writer_put(&writer, slice_make(first.data, most - 3));
        writer_literal(&writer, "...");
    } else {
        writer_put(&writer, first);
    }
    if (count > 1) {
        writer_literal(&writer, " (+");
        writer_number(&writer, count - 1);
        writer_byte(&writer, ')');
    }
    return writer_slice(&writer);
}

static void make_labels(const struct matrix_row *row, struct labels *labels)
{
    const struct policy_route *route = row->route;
    struct slice name = route == NULL ? SLICE("-") : route->name;
    labels->items[0] = write_list(labels->text[0], &name, 1);
    labels->items[1] = write_list(labels->text[1], route == NULL ? NULL : route->hosts,
                                  route == NULL ? 0 : route->host_count);
    labels->items[2] = write_list(labels->text[2], route == NULL ? NULL : route->paths,
                                  route == NULL ? 0 : route->path_count);
    labels->items[3] = write_list(labels->text[3], &row->upstream->name, 1);
}

static const struct slice heads[LABEL_COUNT] = {
    {"route", 5}, {"host", 4}, {"path", 4}, {"upstream", 8}};

/* Whether cells may say "report" or "close". */
static bool has_long_cells(const struct policy_settings *settings)
{
    bool is_long = settings->methods.is_report_only;
    for (unsigned i = 0; i < REFUSAL_COUNT; i++) {
        is_long |= settings->answers.status[i] == ANSWERS_CLOSE;
    }
    return is_long;
}

static void measure(struct matrix *matrix, size_t *widths)
{
    matrix->cell_width =
        has_long_cells(&matrix->policy->gateway.settings) ? CELL_WIDTH_LONG : CELL_WIDTH_MIN;
    for (unsigned label = 0; label < LABEL_COUNT; label++) {
        widths[label] = heads[label].length;
    }
    for (unsigned i = 0; i < matrix->row_count; i++) {
        struct matrix_row row = matrix_row_at(matrix, i);
        struct labels labels;
        make_labels(&row, &labels);
        if (has_long_cells(row.route == NULL ? &row.upstream->settings : &row.route->settings)) {
            matrix->cell_width = CELL_WIDTH_LONG;
        }
        for (unsigned label = 0; label < LABEL_COUNT; label++) {
            size_t length = labels.items[label].length;
            widths[label] = length > widths[label] ? length : widths[label];
        }
    }
}

static void pad(struct matrix *matrix, struct slice text, size_t width)
{
    writer_put(&matrix->writer, text);
    for (size_t i = text.length; i < width + 2; i++) {
        writer_byte(&matrix->writer, ' ');
    }
}

static size_t column_width(const struct matrix *matrix, unsigned column)
{
    size_t length = matrix_column_name(matrix, column).length;
    return length < matrix->cell_width ? matrix->cell_width : length;
}

/* Blanks at the end of a line are of no use to anyone. */
static void end_line(struct writer *writer)
{
    while (writer->length > 0 && writer->data[writer->length - 1] == ' ') {
        writer->length--;
    }
    writer_byte(writer, '\n');
}

static void write_cell(struct matrix *matrix, const struct matrix_row *row, unsigned column)
{
    char text[16];
    struct writer cell = writer_make(text, sizeof text);
    if (!row->is_reached) {
        writer_byte(&cell, '-');
    } else {
        struct verdict verdict = matrix_cell(matrix, row, matrix->columns[column]);
        if (verdict.is_reported) {
            writer_literal(&cell, "report");
        } else if (verdict.status == ANSWERS_CLOSE) {
            writer_literal(&cell, "close");
        } else if (verdict.kind == VERDICT_REFUSE) {
            writer_number(&cell, verdict.status);
        } else {
            writer_string(&cell, verdict.kind == VERDICT_FORWARD ? "yes" : "here");
        }
    }
    pad(matrix, writer_slice(&cell), column_width(matrix, column));
}

void matrix_write_text(struct matrix *matrix)
{
    size_t widths[LABEL_COUNT];
    matrix_fold_columns(matrix);
    measure(matrix, widths);
    for (unsigned label = 0; label < LABEL_COUNT; label++) {
        pad(matrix, heads[label], widths[label]);
    }
    for (unsigned column = 0; column < matrix->column_count; column++) {
        pad(matrix, matrix_column_name(matrix, column), column_width(matrix, column));
    }
    end_line(&matrix->writer);
    bool has_dead_row = false;
    for (unsigned i = 0; i < matrix->row_count && matrix_has_room(matrix); i++) {
        struct matrix_row row = matrix_row_at(matrix, i);
        struct labels labels;
        make_labels(&row, &labels);
        for (unsigned label = 0; label < LABEL_COUNT; label++) {
            pad(matrix, labels.items[label], widths[label]);
        }
        for (unsigned column = 0; column < matrix->column_count; column++) {
            write_cell(matrix, &row, column);
        }
        end_line(&matrix->writer);
        has_dead_row |= !row.is_reached;
    }
    if (matrix_has_room(matrix)) {
        writer_literal(&matrix->writer,
                       "\nyes: forwarded; here: answered by the gateway; a number: "
                       "refused with this status\n");
        writer_string(&matrix->writer,
                      matrix->cell_width == CELL_WIDTH_LONG
                          ? "report: forwarded, and logged as what would be refused; "
                            "close: the connection is closed without an answer\n"
                          : "");
        writer_string(&matrix->writer,
                      has_dead_row ? "-: other routes take every request for this one\n" : "");
    }
}
