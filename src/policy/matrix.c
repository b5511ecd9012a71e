#include "matrix_model.h"

#include <stdlib.h>

bool matrix_write(const struct policy *policy, enum matrix_format format, const struct sink *sink)
{
    char *buffer = malloc(MATRIX_BUFFER_BYTES);
    struct matrix *matrix = malloc(sizeof *matrix);
    bool is_done = false;
    if (buffer != NULL && matrix != NULL) {
        *matrix = (struct matrix){.policy = policy,
                                  .sink = sink,
                                  .writer = writer_make(buffer, MATRIX_BUFFER_BYTES),
                                  .row_count = policy->route_count > 0 ? policy->route_count : 1};
        matrix_find_columns(matrix);
        switch (format) {
        case MATRIX_TEXT:
            matrix_write_text(matrix);
            break;
        case MATRIX_JSON:
            matrix_write_json(matrix);
            break;
        case MATRIX_HTML:
            matrix_write_html(matrix);
            break;
        }
        is_done = !matrix->has_failed && sink_flush(sink, &matrix->writer);
    }
    free(matrix);
    free(buffer);
    return is_done;
}
