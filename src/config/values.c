/* Values by type: numbers with units, and nothing about which option they belong to. */
#include "verbgate/config/schema.h"

struct unit {
    const char *suffix;
    uint64_t factor;
};

/* Splits digits from the suffix. False when there is no digit. */
static bool split_number(struct slice text, struct slice *digits, struct slice *suffix)
{
    size_t end = 0;
    while (end < text.length && text.data[end] >= '0' && text.data[end] <= '9') {
        end++;
    }
    *digits = slice_make(text.data, end);
    *suffix = slice_after(text, end);
    return end > 0;
}

static const struct unit *find_unit(const struct unit *units, struct slice suffix)
{
    for (; units->suffix != NULL; units++) {
        if (slice_equal(slice_of(units->suffix), suffix)) {
            return units;
        }
    }
    return NULL;
}

static bool multiply(struct slice digits, uint64_t factor, uint64_t *value)
{
    uint64_t number;
    uint64_t product;
    if (!slice_to_number(digits, &number) || __builtin_mul_overflow(number, factor, &product)) {
        return false;
    }
    *value = product;
    return true;
}

const char *schema_read_count(struct slice text, uint64_t *value)
{
    struct slice digits;
    struct slice suffix;
    if (!split_number(text, &digits, &suffix) || suffix.length > 0) {
        return "this is not a whole number";
    }
    return multiply(digits, 1, value) ? NULL : "the number is too large";
}

const char *schema_read_size(struct slice text, uint64_t *bytes)
{
    static const struct unit units[] = {
        {"", 1}, {"k", 1024}, {"m", 1024 * 1024}, {"g", 1024 * 1024 * 1024}, {NULL, 0}};
    if (slice_equal(text, SLICE("unlimited"))) {
        *bytes = UINT64_MAX;
        return NULL;
    }
    struct slice digits;
    struct slice suffix;
    const struct unit *unit = NULL;
    if (split_number(text, &digits, &suffix)) {
        unit = find_unit(units, suffix);
    }
    if (unit == NULL) {
        return "this is not a size: write bytes as 512, or 16k, 4m, 2g";
    }
    return multiply(digits, unit->factor, bytes) ? NULL : "the size is too large";
}

const char *schema_read_time(struct slice text, uint64_t *milliseconds)
{
    static const struct unit units[] = {
        {"ms", 1}, {"s", 1000}, {"m", 60 * 1000}, {"h", 60 * 60 * 1000}, {NULL, 0}};
    struct slice digits;
    struct slice suffix;
    if (!split_number(text, &digits, &suffix)) {
        return "this is not a time: write 250ms, 5s, 2m or 1h";
    }
    if (suffix.length == 0) {
        return "the time has no unit: write 250ms, 5s, 2m or 1h";
    }
    const struct unit *unit = find_unit(units, suffix);
    if (unit == NULL) {
        return "this is not a time: write 250ms, 5s, 2m or 1h";
    }
    return multiply(digits, unit->factor, milliseconds) ? NULL : "the time is too long";
}

const char *schema_read_mode(struct slice text, unsigned *mode)
{
    unsigned bits = 0;
    bool is_octal = text.length == 3 || (text.length == 4 && text.data[0] == '0');
    for (size_t i = 0; is_octal && i < text.length; i++) {
        is_octal = text.data[i] >= '0' && text.data[i] <= '7';
        bits = bits * 8 + (unsigned)(text.data[i] - '0');
    }
    if (!is_octal) {
        return "permissions are three octal digits, such as 0660";
    }
    *mode = bits;
    return NULL;
}
