#include "matrix_model.h"

#include "verbgate/policy/route_table.h"

/* Longer than any method that a policy can name, so it is never one of those. */
static const char other_method[] =
    "OTHER-METHOD-OTHER-METHOD-OTHER-METHOD-OTHER-METHOD-OTHER-METHOD-";
_Static_assert(sizeof other_method - 1 > METHOD_TOKEN_MAX, "no policy names it");

/* The methods that everybody looks for first are shown even where they say nothing more than "other". */
static bool is_core(enum method method)
{
    switch (method) {
    case METHOD_GET:
    case METHOD_HEAD:
    case METHOD_POST:
    case METHOD_PUT:
    case METHOD_PATCH:
    case METHOD_DELETE:
    case METHOD_OPTIONS:
        return true;
    default:
        return false;
    }
}

static void add_column(struct matrix *matrix, const struct method_set *set, enum method method)
{
    if (method_set_has(set, method) &&
        method_extensions_name(&matrix->policy->extensions, method).length > 0) {
        matrix->columns[matrix->column_count++] = method;
    }
}

void matrix_find_columns(struct matrix *matrix)
{
    const struct policy *policy = matrix->policy;
    struct method_set set = policy->implemented;
    for (unsigned i = 0; i < policy->route_count; i++) {
        method_set_unite(&set, &policy->routes[i].answer);
    }
    method_set_remove(&set, METHOD_CONNECT);
    method_set_remove(&set, METHOD_PRI);
    add_column(matrix, &set, METHOD_GET);
    add_column(matrix, &set, METHOD_HEAD);
    for (unsigned id = 0; id < METHOD_UNKNOWN; id++) {
        if (id != METHOD_GET && id != METHOD_HEAD) {
            add_column(matrix, &set, (enum method)id);
        }
    }
    matrix->columns[matrix->column_count++] = METHOD_UNKNOWN;
}

/* A host that the pattern takes and hardly any other pattern does. */
static struct slice sample_host(struct matrix *matrix, struct slice pattern)
{
    struct writer writer = writer_make(matrix->host_text, sizeof matrix->host_text);
    if (pattern.length == 0) {
        writer_literal(&writer, "any-host.invalid");
    } else if (slice_starts_with(pattern, SLICE("*."))) {
        writer_literal(&writer, "any-host-of");
        writer_put(&writer, slice_after(pattern, 1));
    } else {
        writer_put(&writer, pattern);
    }
    return writer_slice(&writer);
}

static struct slice sample_path(struct matrix *matrix, struct slice pattern)
{
    struct writer writer = writer_make(matrix->path_text, sizeof matrix->path_text);
    bool is_prefix = pattern.length > 0 && pattern.data[pattern.length - 1] == '*';
    writer_put(&writer, slice_make(pattern.data, pattern.length - (is_prefix ? 1 : 0)));
    if (pattern.length == 0) {
        writer_byte(&writer, '/');
    }
    if (pattern.length == 0 || is_prefix) {
        writer_literal(&writer, "any-path");
    }
    return writer_slice(&writer);
}

/* A route with many patterns is reached by one of the first, or by none. */
enum { SAMPLES_MAX = 64 };

static bool find_request(struct matrix *matrix, const struct policy_route *route)
{
    static const struct slice any = {"", 0};
    unsigned hosts = route->host_count > 0 ? route->host_count : 1;
    unsigned paths = route->path_count > 0 ? route->path_count : 1;
    for (unsigned i = 0; i < SAMPLES_MAX && i < hosts * (uint64_t)paths; i++) {
        matrix->host = sample_host(matrix, route->host_count > 0 ? route->hosts[i / paths] : any);
        matrix->path = sample_path(matrix, route->path_count > 0 ? route->paths[i % paths] : any);
        if (route_table_find(matrix->policy->table, matrix->host, matrix->path) == route) {
            return true;
        }
    }
    return false;
}

struct matrix_row matrix_row_at(struct matrix *matrix, unsigned index)
{
    const struct policy *policy = matrix->policy;
    if (policy->route_count == 0) {
        static const struct slice any = {"", 0};
        matrix->host = sample_host(matrix, any);
        matrix->path = sample_path(matrix, any);
        return (struct matrix_row){.upstream = &policy->upstreams[0], .is_reached = true};
    }
    const struct policy_route *route = &policy->routes[index];
    return (struct matrix_row){
        .route = route, .upstream = route->upstream, .is_reached = find_request(matrix, route)};
}

struct verdict matrix_cell(const struct matrix *matrix, const struct matrix_row *row,
                           enum method method)
{
    struct target target = {
        .form = TARGET_ORIGIN, .path = matrix->path, .path_query = matrix->path};
    struct decide_request request = {
        .method = method == METHOD_UNKNOWN
                      ? slice_of(other_method)
                      : method_extensions_name(&matrix->policy->extensions, method),
        .version_major = 1,
        .version_minor = (row->upstream->versions & POLICY_VERSION_1_1) != 0,
        .target = &target,
        .host = matrix->host,
        .max_forwards = -1,
    };
    struct verdict verdict;
    decide(matrix->policy, &request, &verdict);
    return verdict;
}

struct slice matrix_column_name(const struct matrix *matrix, unsigned column)
{
    enum method method = matrix->columns[column];
    return method == METHOD_UNKNOWN ? SLICE("other")
                                    : method_extensions_name(&matrix->policy->extensions, method);
}

void matrix_fold_columns(struct matrix *matrix)
{
    bool differs[MATRIX_COLUMNS_MAX] = {false};
    for (unsigned i = 0; i < matrix->row_count; i++) {
        struct matrix_row row = matrix_row_at(matrix, i);
        if (!row.is_reached) {
            continue;
        }
        struct verdict other = matrix_cell(matrix, &row, METHOD_UNKNOWN);
        for (unsigned column = 0; column < matrix->column_count; column++) {
            if (!differs[column]) {
                struct verdict cell = matrix_cell(matrix, &row, matrix->columns[column]);
                differs[column] = cell.kind != other.kind || cell.status != other.status;
            }
        }
    }
    unsigned kept = 0;
    for (unsigned column = 0; column < matrix->column_count; column++) {
        enum method method = matrix->columns[column];
        if (differs[column] || is_core(method) || method == METHOD_UNKNOWN) {
            matrix->columns[kept++] = method;
        }
    }
    matrix->column_count = kept;
}

bool matrix_has_room(struct matrix *matrix)
{
    if (!matrix->has_failed && matrix->writer.length > MATRIX_BUFFER_BYTES - MATRIX_PIECE_MAX) {
        matrix->has_failed = !sink_flush(matrix->sink, &matrix->writer);
    }
    return !matrix->has_failed;
}
