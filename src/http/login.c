#include "verbgate/http/login.h"

#include "verbgate/http/token.h"

/* Those of Windows and of GSS-API, with the names that old servers and clients have for them. WinRM uses CredSSP. */
static bool is_of_connection(struct slice scheme)
{
    static const char *const schemes[] = {"ntlm",    "negotiate", "nego2",        "kerberos",
                                          "credssp", "pku2u",     "gss-negotiate"};
    for (unsigned i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
        if (slice_equal_ignoring_case(scheme, slice_of(schemes[i]))) {
            return true;
        }
    }
    return false;
}

/* Takes the next word off the front of *rest. Quotation marks count as white space: whoever reads them in
 * another way reads no more schemes than we do. */
static bool next_word(struct slice *rest, struct slice *word)
{
    size_t start = 0;
    while (start < rest->length && !token_is_character(rest->data[start])) {
        start++;
    }
    size_t end = start;
    while (end < rest->length && token_is_character(rest->data[end])) {
        end++;
    }
    *word = slice_make(rest->data + start, end - start);
    *rest = slice_after(*rest, end);
    return end > start;
}

static bool has_token_behind(struct slice rest)
{
    rest = slice_trim(rest);
    return rest.length > 0 && rest.data[0] != ',';
}

enum login login_in_challenges(struct slice value)
{
    enum login login = LOGIN_NONE;
    struct slice word;
    while (next_word(&value, &word)) {
        if (is_of_connection(word)) {
            if (has_token_behind(value)) {
                return LOGIN_UNDERWAY;
            }
            login = LOGIN_NAMED;
        }
    }
    return login;
}

/* Each element by itself, and of that the first word only: credentials may be long. */
enum login login_in_credentials(struct slice value)
{
    while (value.length > 0) {
        size_t length = slice_find(value, ',');
        struct slice element = slice_make(value.data, length);
        struct slice word;
        if (next_word(&element, &word) && is_of_connection(word)) {
            return has_token_behind(element) ? LOGIN_UNDERWAY : LOGIN_NAMED;
        }
        value = slice_after(value, length < value.length ? length + 1 : length);
    }
    return LOGIN_NONE;
}

enum login login_of_fields(const struct fields *fields, uint64_t ids,
                           enum login (*read)(struct slice))
{
    enum login login = LOGIN_NONE;
    for (unsigned i = 0; i < fields->count; i++) {
        const struct field *field = &fields->items[i];
        if ((ids >> field->id & 1) != 0) {
            enum login found = read(field->value);
            login = found > login ? found : login;
        }
    }
    return login;
}
