#include "matrix_model.h"

#include "verbgate/base/json.h"

static void write_list(struct matrix *matrix, const char *key, const struct slice *items,
                       unsigned count)
{
    json_write_key(&matrix->writer, key);
    writer_byte(&matrix->writer, '[');
    for (unsigned i = 0; i < count && matrix_has_room(matrix); i++) {
        if (i > 0) {
            writer_byte(&matrix->writer, ',');
        }
        json_write_text(&matrix->writer, items[i]);
    }
    writer_byte(&matrix->writer, ']');
}

static void write_cell(struct matrix *matrix, const struct matrix_row *row, unsigned column)
{
    struct verdict verdict = matrix_cell(matrix, row, matrix->columns[column]);
    if (column > 0) {
        writer_byte(&matrix->writer, ',');
    }
    json_write_text(&matrix->writer, matrix_column_name(matrix, column));
    writer_byte(&matrix->writer, ':');
    if (verdict.is_reported) {
        writer_literal(&matrix->writer, "\"report\"");
    } else if (verdict.status == ANSWERS_CLOSE) {
        writer_literal(&matrix->writer, "\"close\"");
    } else if (verdict.kind == VERDICT_REFUSE) {
        writer_number(&matrix->writer, verdict.status);
    } else {
        writer_string(&matrix->writer,
                      verdict.kind == VERDICT_FORWARD ? "\"forward\"" : "\"answer\"");
    }
}

static void write_row(struct matrix *matrix, const struct matrix_row *row)
{
    struct writer *writer = &matrix->writer;
    const struct policy_route *route = row->route;
    writer_literal(writer, "{\"route\":");
    if (route == NULL) {
        writer_literal(writer, "null");
    } else {
        json_write_text(writer, route->name);
    }
    write_list(matrix, "hosts", route == NULL ? NULL : route->hosts,
               route == NULL ? 0 : route->host_count);
    write_list(matrix, "paths", route == NULL ? NULL : route->paths,
               route == NULL ? 0 : route->path_count);
    if (!matrix_has_room(matrix)) {
        return;
    }
    json_write_key(writer, "upstream");
    json_write_text(writer, row->upstream->name);
    json_write_key(writer, "source");
    verdict_write_source_json(writer, route == NULL ? &row->upstream->source : &route->source);
    writer_string(writer, row->is_reached ? ",\"reachable\":true" : ",\"reachable\":false");
    writer_literal(writer, ",\"methods\":{");
    for (unsigned column = 0;
         row->is_reached && column < matrix->column_count && matrix_has_room(matrix); column++) {
        write_cell(matrix, row, column);
    }
    writer_literal(writer, "}}");
}

void matrix_write_json(struct matrix *matrix)
{
    writer_literal(&matrix->writer, "{\"generation\":");
    writer_number(&matrix->writer, matrix->policy->generation);
    json_write_key(&matrix->writer, "methods");
    writer_byte(&matrix->writer, '[');
    for (unsigned column = 0; column < matrix->column_count; column++) {
        json_write_comma(&matrix->writer);
        json_write_text(&matrix->writer, matrix_column_name(matrix, column));
    }
    writer_literal(&matrix->writer, "],\"routes\":[");
    for (unsigned i = 0; i < matrix->row_count && matrix_has_room(matrix); i++) {
        struct matrix_row row = matrix_row_at(matrix, i);
        writer_string(&matrix->writer, i > 0 ? ",\n" : "\n");
        write_row(matrix, &row);
    }
    if (matrix_has_room(matrix)) {
        writer_literal(&matrix->writer, "\n]}\n");
    }
}
