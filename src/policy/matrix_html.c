#include "matrix_model.h"

#include "verbgate/base/html.h"

static const char page_start[] =
    "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width\">\n<title>Routes and methods</title>\n"
    "<style>\n"
    ":root{color-scheme:light dark;--back:#fff;--text:#1a1a1a;--line:#d0d0d0;--head:#f3f3f3;"
    "--yes:#d8f0d8;--no:#fbe3d6;--here:#dbe7fb}\n"
    "@media(prefers-color-scheme:dark){:root{--back:#161616;--text:#e6e6e6;--line:#404040;"
    "--head:#242424;--yes:#1d3b1f;--no:#4a2a1a;--here:#1e3050}}\n"
    "body{background:var(--back);color:var(--text);font:14px/1.4 "
    "system-ui,sans-serif;margin:1.5em}\n"
    "div{overflow:auto}table{border-collapse:collapse}\n"
    "th,td{border:1px solid var(--line);padding:.25em .6em;text-align:left;vertical-align:top}\n"
    "thead th{background:var(--head);position:sticky;top:0}\n"
    "td.y{background:var(--yes)}td.n{background:var(--no)}td.h{background:var(--here)}\n"
    "code{font:12px ui-monospace,monospace}\n"
    "</style>\n</head>\n<body>\n<h1>Routes and methods</h1>\n"
    "<p>What is answered to each method on each route: forwarded, answered here by the gateway, or "
    "refused with a status; report: forwarded, and logged as what would be refused.</p>\n"
    "<div><table>\n<thead><tr><th>Route<th>Hosts<th>Paths<th>Upstream";

/* A page is for looking at: a longer text is cut, the JSON has it whole. */
static void write_shown(struct writer *writer, struct slice text)
{
    enum { SHOWN_MAX = 1024 };
    bool is_cut = text.length > SHOWN_MAX;
    writer_literal(writer, "<code>");
    html_write_text(writer, is_cut ? slice_make(text.data, SHOWN_MAX) : text);
    writer_string(writer, is_cut ? "...</code>" : "</code>");
}

static void write_list(struct matrix *matrix, const struct slice *items, unsigned count)
{
    writer_literal(&matrix->writer, "<td>");
    if (count == 0) {
        writer_literal(&matrix->writer, "any");
    }
    for (unsigned i = 0; i < count && matrix_has_room(matrix); i++) {
        writer_string(&matrix->writer, i > 0 ? "<br>" : "");
        write_shown(&matrix->writer, items[i]);
    }
}

static void write_cell(struct matrix *matrix, const struct matrix_row *row, unsigned column)
{
    if (!row->is_reached) {
        writer_literal(&matrix->writer, "<td>never");
        return;
    }
    struct verdict verdict = matrix_cell(matrix, row, matrix->columns[column]);
    switch (verdict.kind) {
    case VERDICT_FORWARD:
        writer_string(&matrix->writer,
                      verdict.is_reported ? "<td class=y>report" : "<td class=y>forward");
        break;
    case VERDICT_ANSWER:
        writer_literal(&matrix->writer, "<td class=h>here");
        break;
    case VERDICT_REFUSE:
        writer_literal(&matrix->writer, "<td class=n>");
        if (verdict.status == ANSWERS_CLOSE) {
            writer_literal(&matrix->writer, "close");
        } else {
            writer_number(&matrix->writer, verdict.status);
        }
        break;
    }
}

static void write_row(struct matrix *matrix, const struct matrix_row *row)
{
    const struct policy_route *route = row->route;
    writer_literal(&matrix->writer, "<tr><th>");
    html_write_text(&matrix->writer, route == NULL ? SLICE("everything") : route->name);
    write_list(matrix, route == NULL ? NULL : route->hosts, route == NULL ? 0 : route->host_count);
    write_list(matrix, route == NULL ? NULL : route->paths, route == NULL ? 0 : route->path_count);
    if (!matrix_has_room(matrix)) {
        return;
    }
    writer_literal(&matrix->writer, "<td>");
    html_write_text(&matrix->writer, row->upstream->name);
    for (unsigned column = 0; column < matrix->column_count && matrix_has_room(matrix); column++) {
        write_cell(matrix, row, column);
    }
    writer_byte(&matrix->writer, '\n');
}

void matrix_write_html(struct matrix *matrix)
{
    matrix_fold_columns(matrix);
    writer_string(&matrix->writer, page_start);
    for (unsigned column = 0; column < matrix->column_count; column++) {
        writer_literal(&matrix->writer, "<th>");
        html_write_text(&matrix->writer, matrix_column_name(matrix, column));
    }
    writer_literal(&matrix->writer, "</thead>\n<tbody>\n");
    for (unsigned i = 0; i < matrix->row_count && matrix_has_room(matrix); i++) {
        struct matrix_row row = matrix_row_at(matrix, i);
        write_row(matrix, &row);
    }
    if (matrix_has_room(matrix)) {
        writer_literal(&matrix->writer, "</tbody>\n</table></div>\n</body>\n</html>\n");
    }
}
