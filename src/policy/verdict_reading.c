#include "verbgate/policy/verdict.h"

/* What a verdict says about the way in which the path was read. */

static const char *folding_name(unsigned folding)
{
    static const char *const names[FOLDINGS] = {"", "without case", "without the slash at its end",
                                                "without case and the slash at its end"};
    return names[folding % FOLDINGS];
}

/* Many servers see the case and the slash. The operator of such a server learns which option says so. */
void verdict_write_folding(struct writer *writer, const struct verdict *verdict)
{
    if (verdict->kind == VERDICT_REFUSE && verdict->spelling.folding != 0) {
        writer_literal(writer, " The path was read ");
        writer_string(writer, folding_name(verdict->spelling.folding));
        writer_literal(writer, " (path-readings).");
    }
}

bool verdict_has_reading(const struct verdict *verdict)
{
    return verdict->spelling.form != PATH_WRITTEN || verdict->spelling.folding != 0;
}

void verdict_write_reading(struct writer *writer, const struct verdict *verdict)
{
    static const char *const names[] = {
        [PATH_WRITTEN] = "as written",
        [PATH_NORMAL] = "normal",
        [PATH_LENIENT] = "lenient",
        [PATH_CUT] = "lenient, up to an encoded '?' or '#'",
        [PATH_AUTHORITY] = "lenient, as a URL without a scheme",
    };
    writer_string(writer, names[verdict->spelling.form]);
    if (verdict->spelling.folding != 0) {
        writer_literal(writer, ", ");
        writer_string(writer, folding_name(verdict->spelling.folding));
    }
}
