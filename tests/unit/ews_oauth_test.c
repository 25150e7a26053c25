#include <criterion/criterion.h>
#include <string.h>

#include "common/base/secret.h"
#include "common/base/str.h"

#include "worker/ews/ews_oauth.h"

static const struct {
    const char *name;
    int status;
    const char *body;
    const char *token; /* NULL: an error */
    int64_t life_s;
    const char *code;
    enum err_when when;
} answers[] = {
    {"a token", 200, "{\"token_type\":\"Bearer\",\"expires_in\":3599,\"access_token\":\"ab.c\"}",
     "ab.c", 3599, "", 0},
    {"its life as text", 200, "{\"expires_in\":\"120\",\"access_token\":\"t\"}", "t", 120, "", 0},
    {"no life", 200, "{\"access_token\":\"t\"}", "t", 3600, "", 0},
    {"a life of nothing", 200, "{\"expires_in\":-5,\"access_token\":\"t\"}", "t", 1, "", 0},
    {"a life of years", 200, "{\"expires_in\":99999999999,\"access_token\":\"t\"}", "t", 86400, "",
     0},
    {"no token", 200, "{\"expires_in\":3599}", NULL, 0, "oauth.unreadable", WHEN_LATER},
    {"a token with a line break", 200, "{\"access_token\":\"a\\r\\nX: y\"}", NULL, 0,
     "oauth.unreadable", WHEN_LATER},
    {"an empty token", 200, "{\"access_token\":\"\"}", NULL, 0, "oauth.unreadable", WHEN_LATER},
    {"a token that is none", 200, "{\"access_token\":[1]}", NULL, 0, "oauth.unreadable",
     WHEN_LATER},
    {"a web page", 200, "<html>hello</html>", NULL, 0, "oauth.unreadable", WHEN_LATER},
    {"an array", 200, "[1]", NULL, 0, "oauth.unreadable", WHEN_LATER},
    {"nothing", 200, "", NULL, 0, "oauth.unreadable", WHEN_LATER},
    {"a wrong secret", 401,
     "{\"error\":\"invalid_client\",\"error_description\":\"AADSTS7000215: Invalid secret "
     "SECRET\"}",
     NULL, 0, "oauth.invalid_client", WHEN_NEVER},
    {"no consent", 400, "{\"error\":\"unauthorized_client\"}", NULL, 0, "oauth.unauthorized_client",
     WHEN_NEVER},
    {"an error in a 200", 200, "{\"error\":\"invalid_scope\"}", NULL, 0, "oauth.invalid_scope",
     WHEN_LATER},
    {"not now", 400, "{\"error\":\"temporarily_unavailable\"}", NULL, 0,
     "oauth.temporarily_unavailable", WHEN_LATER},
    {"too many", 429, "{\"error\":\"too_many\"}", NULL, 0, "oauth.too_many", WHEN_LATER},
    {"a broken server", 503, "<html>", NULL, 0, "oauth.http.503", WHEN_LATER},
    {"a proxy", 403, "<html>no</html>", NULL, 0, "oauth.http.403", WHEN_LATER},
    {"an error like an attack", 400, "{\"error\":\"x\\\" y\"}", NULL, 0, "oauth.http.400",
     WHEN_LATER},
};

Test(ews_oauth, reads_what_a_token_endpoint_answers)
{
    for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
        autoptr(secret_free) struct secret *token = NULL;
        struct err err = {0};
        int64_t life_s = 0;
        int r = ews_oauth_parse(answers[i].status, answers[i].body, strlen(answers[i].body), &token,
                                &life_s, &err);
        const char *name = answers[i].name;
        cr_expect_eq(r, answers[i].token ? 0 : -1, "%s: %s", name, err.text);
        if (r == 0) {
            cr_expect_str_eq(secret_text(token), answers[i].token, "%s", name);
            cr_expect_eq(life_s, answers[i].life_s, "%s", name);
        } else {
            cr_expect_str_eq(err.code, answers[i].code, "%s", name);
            cr_expect_eq(err.when, answers[i].when, "%s", name);
            cr_expect_null(strstr(err.text, "SECRET"), "%s", name);
            cr_expect_null(token, "%s", name);
        }
    }
}

Test(ews_oauth, names_microsofts_number_and_nothing_else_of_its_text)
{
    static const char body[] =
        "{\"error\":\"invalid_client\",\"error_description\":\"AADSTS7000215: for pat@church\"}";
    struct secret *token = NULL;
    struct err err;
    int64_t life_s;
    cr_assert_eq(ews_oauth_parse(401, body, sizeof(body) - 1, &token, &life_s, &err), -1);
    cr_expect_not_null(strstr(err.text, "invalid_client AADSTS7000215"), "%s", err.text);
    cr_expect_null(strstr(err.text, "pat"));
}

Test(ews_oauth, every_truncation_of_an_answer_is_an_error_or_the_token)
{
    static const char body[] = "{\"expires_in\":3599,\"access_token\":\"abc\"}";
    for (size_t n = 0; n < sizeof(body) - 1; n++) {
        struct secret *token = NULL;
        struct err err;
        int64_t life_s;
        cr_expect_eq(ews_oauth_parse(200, body, n, &token, &life_s, &err), -1);
    }
}

Test(ews_oauth, form_fields_are_escaped)
{
    autovalue(str_release) struct str form = STR_INIT(1024);
    ews_oauth_field(&form, "a", "x y&z=1/\xc3\xa9+~");
    ews_oauth_field(&form, "b", "");
    cr_expect_str_eq(form.p, "a=x%20y%26z%3D1%2F%C3%A9%2B~&b=");
}

Test(ews_oauth, an_address_in_clear_is_refused)
{
    struct ews_oauth *o = NULL;
    struct err err;
    struct loop *l = loop_new(clock_real());
    const struct ews_oauth_config c = {
        .token_url = "http://login.example.org/t", .client_id = "c", .secret = "s"};
    cr_expect_eq(ews_oauth_new(l, &c, &o, &err), -1);
    cr_expect_str_eq(err.code, "conf");
    loop_free(l);
}
