#include <criterion/criterion.h>

#include "verbgate/http/login.h"

struct login_case {
    const char *value;
    enum login login;
};

static const struct login_case challenges[] = {
    {"", LOGIN_NONE},
    {"Basic realm=\"x\"", LOGIN_NONE},
    {"Digest realm=\"x\", nonce=\"n\", qop=\"auth, auth-int\"", LOGIN_NONE},
    {"Bearer", LOGIN_NONE},
    {"NTLM", LOGIN_NAMED},
    {"ntlm", LOGIN_NAMED},
    {"Negotiate", LOGIN_NAMED},
    {"NEGOTIATE", LOGIN_NAMED},
    {"Nego2", LOGIN_NAMED},
    {"Kerberos", LOGIN_NAMED},
    {"GSS-Negotiate", LOGIN_NAMED},
    {"CredSSP", LOGIN_NAMED},
    {"PKU2U", LOGIN_NAMED},
    {"NTLM TlRMTVNTUAACAAAA", LOGIN_UNDERWAY},
    {"negotiate oYG2MIGzoAMKAQE=", LOGIN_UNDERWAY},
    {"Negotiate\tabc/+=", LOGIN_UNDERWAY},

    /* A member of a list, wherever it stands and whatever is empty. */
    {"Negotiate, NTLM", LOGIN_NAMED},
    {"Basic realm=\"x\", NTLM", LOGIN_NAMED},
    {"Basic realm=\"x\",NTLM", LOGIN_NAMED},
    {"NTLM,Basic realm=x", LOGIN_NAMED},
    {", , Negotiate ,", LOGIN_NAMED},
    {"Digest realm=\"a, b\", nonce=\"c\", Negotiate, Basic realm=\"d\"", LOGIN_NAMED},
    {"Basic realm=\"x\", NTLM TlRM", LOGIN_UNDERWAY},
    {"NTLM, Negotiate TlRM", LOGIN_UNDERWAY},
    {"Basic realm=x NTLM", LOGIN_NAMED}, /* the comma is left out */
    {"Basic realm=\"x\"NTLM", LOGIN_NAMED},

    /* In a quoted string it is no scheme, but the other error would be worse. */
    {"Basic realm=\"NTLM\"", LOGIN_UNDERWAY},
    {"Basic realm=\"a, Negotiate, b\"", LOGIN_NAMED},
    {"Basic realm=\"open, NTLM", LOGIN_NAMED},

    /* Other words. */
    {"NTLMv2", LOGIN_NONE},
    {"X-Negotiate", LOGIN_NONE},
    {"Negotiated", LOGIN_NONE},
    {"NTLM-x", LOGIN_NONE},
    {"NTL M", LOGIN_NONE},
};

static const struct login_case credentials[] = {
    {"", LOGIN_NONE},
    {"Basic bnRsbTpudGxt", LOGIN_NONE},
    {"Bearer ntlm", LOGIN_NONE},
    {"Bearer a/NTLM/b", LOGIN_NONE},
    {"Digest username=\"ntlm\", realm=\"x\"", LOGIN_NONE},
    {"NTLM TlRMTVNTUAABAAAA", LOGIN_UNDERWAY},
    {"nTLm TlRM", LOGIN_UNDERWAY},
    {"NTLM", LOGIN_NAMED},
    {"NEGOTIATE YIIJ", LOGIN_UNDERWAY},
    {"Negotiate\tYIIJ", LOGIN_UNDERWAY},
    {"kerberos YIIJ", LOGIN_UNDERWAY},
    {"CredSSP TlRM", LOGIN_UNDERWAY},
    {"pku2u YIIJ", LOGIN_UNDERWAY},
    {"Nego2 YIIJ", LOGIN_UNDERWAY},
    {"gss-negotiate YIIJ", LOGIN_UNDERWAY},
    {"Basic eDp5, NTLM TlRM", LOGIN_UNDERWAY}, /* what a server makes of two lines */
    {",NTLM TlRM", LOGIN_UNDERWAY},
    {"\"NTLM\" TlRM", LOGIN_UNDERWAY},
    {"NTLMv2 TlRM", LOGIN_NONE},
};

Test(login, finds_schemes_in_challenges)
{
    for (unsigned i = 0; i < sizeof challenges / sizeof challenges[0]; i++) {
        const struct login_case *each = &challenges[i];
        cr_assert_eq(login_in_challenges(slice_of(each->value)), each->login, "%s", each->value);
    }
}

Test(login, finds_the_scheme_of_credentials)
{
    for (unsigned i = 0; i < sizeof credentials / sizeof credentials[0]; i++) {
        const struct login_case *each = &credentials[i];
        cr_assert_eq(login_in_credentials(slice_of(each->value)), each->login, "%s", each->value);
    }
}

static void add(struct fields *fields, const char *name, const char *value)
{
    cr_assert_eq(fields_add(fields, slice_of(name), slice_of(value)), FAULT_NONE);
}

/* Windows says so of a connection that is logged in, with or without a challenge. */
Test(login, a_connection_that_is_said_to_be_logged_in_is_one)
{
    struct field items[8];
    struct fields fields;
    fields_init(&fields, items, 8);
    add(&fields, "Persistent-Auth", "true");
    cr_assert_eq(login_of_response(&fields), LOGIN_NAMED);
    cr_assert_eq(login_of_request(&fields), LOGIN_NONE);
    add(&fields, "WWW-Authenticate", "Basic realm=x");
    cr_assert_eq(login_of_response(&fields), LOGIN_NAMED);
    add(&fields, "WWW-Authenticate", "Negotiate oYG2");
    cr_assert_eq(login_of_response(&fields), LOGIN_UNDERWAY);
}

Test(login, looks_at_every_line_of_both_fields)
{
    struct field items[8];
    struct fields fields;
    fields_init(&fields, items, 8);
    add(&fields, "X-Authenticate", "NTLM");
    add(&fields, "WWW-Authenticate", "Basic realm=x");
    cr_assert_eq(login_of_response(&fields), LOGIN_NONE);
    add(&fields, "www-authenticate", "Negotiate");
    cr_assert_eq(login_of_response(&fields), LOGIN_NAMED);
    add(&fields, "PROXY-AUTHENTICATE", "NTLM TlRM");
    cr_assert_eq(login_of_response(&fields), LOGIN_UNDERWAY);
    cr_assert_eq(login_of_request(&fields), LOGIN_NONE);
    add(&fields, "Authorization", "Basic eDp5");
    cr_assert_eq(login_of_request(&fields), LOGIN_NONE);
    add(&fields, "Proxy-Authorization", "ntlm TlRM");
    cr_assert_eq(login_of_request(&fields), LOGIN_UNDERWAY);
}
