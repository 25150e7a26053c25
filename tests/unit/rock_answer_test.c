#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <criterion/parameterized.h>
#include <string.h>

#include "common/base/cleanup.h"

#include "producer/rock/rock_answer.h"

#define JSON "application/json; charset=utf-8"

static const struct answer_case {
    int status;
    const char *type, *body;
    bool key_known;
    enum rock_verdict want;
    const char *code, *text; /* of the error */
    enum err_when when;
} cases[] = {
    {200, JSON, "[]", false, ROCK_ROWS, NULL, NULL, 0},
    {200, "application/json", "[]", false, ROCK_ROWS, NULL, NULL, 0},
    {200, "Application/JSON;charset=utf-8", "[]", false, ROCK_ROWS, NULL, NULL, 0},
    {200, "text/html; charset=utf-8", "<html>", false, ROCK_RETRY, "rock.html",
     "Rock answers text/html; charset=utf-8 instead of JSON", WHEN_LATER},
    {200, "application/jsonp", "x", false, ROCK_RETRY, "rock.html", "instead of JSON", WHEN_LATER},
    {200, "application/xml", "<a/>", false, ROCK_RETRY, "rock.html", "application/xml", WHEN_LATER},
    {200, "", "", false, ROCK_RETRY, "rock.html", "no content type", WHEN_LATER},
    {401, "", "", false, ROCK_REFUSED, "rock.401",
     "Rock refuses the key of rock.token_file, or it has no View right on People", WHEN_NEVER},
    {401, "", "", true, ROCK_REFUSED, "rock.401",
     "the REST key has no View right on People in Rock", WHEN_NEVER},
    {400, JSON, "{\"Message\":\"The query specified in the URI is not valid. Some reason.\"}", true,
     ROCK_REFUSED, "rock.400", "Rock answers 400: Some reason.", WHEN_NEVER},
    {400, JSON, "{}", true, ROCK_REFUSED, "rock.400", "Rock answers 400", WHEN_NEVER},
    {404, "text/html", "<html>", true, ROCK_REFUSED, "rock.404", "Rock answers 404", WHEN_NEVER},
    {405, JSON, "{\"Message\":\"No.\"}", true, ROCK_REFUSED, "rock.405", "Rock answers 405: No.",
     WHEN_NEVER},
    {302, "text/html", "", true, ROCK_REFUSED, "rock.302", "Rock redirects", WHEN_NEVER},
    {429, "text/html", "", true, ROCK_RETRY, "rock.429", "Rock answers 429 (too many requests)",
     WHEN_LATER},
    {500, JSON, "{\"Message\":\"An error has occurred.\"}", true, ROCK_HALVE, "rock.500",
     "Rock answers 500", WHEN_LATER},
    {502, "text/html", "", true, ROCK_RETRY, "rock.502", "Rock answers 502", WHEN_LATER},
    {503, "text/html", "", false, ROCK_RETRY, "rock.503",
     "Rock answers 503 (starting or overloaded)", WHEN_LATER},
    {204, "", "", false, ROCK_REFUSED, "rock.204", "Rock answers 204", WHEN_NEVER},
};

ParameterizedTestParameters(rock_answer, means)
{
    size_t n = ARRAY_LEN(cases), *v = cr_malloc(n * sizeof(*v));
    for (size_t i = 0; i < n; i++)
        v[i] = i;
    return cr_make_param_array(size_t, v, n);
}
ParameterizedTest(size_t *i, rock_answer, means)
{
    const struct answer_case *c = &cases[*i];
    const struct http_response r = {.status = c->status,
                                    .content_type = c->type,
                                    .body = c->body,
                                    .body_len = strlen(c->body),
                                    .location = ""};
    struct err err = {0};
    enum rock_verdict v = rock_answer_judge(&r, "People", c->key_known, &err);

    cr_assert(eq(int, (int)v, (int)c->want));
    if (v == ROCK_ROWS)
        return;
    cr_expect_str_eq(err.code, c->code);
    cr_expect(strstr(err.text, c->text) != NULL, "%s", err.text);
    cr_expect(eq(int, (int)err.when, (int)c->when));
    cr_expect(err.scope == SCOPE_REMOTE);
}

Test(rock_answer, the_url_is_named_readably)
{
    struct err err;

    err_set(&err, SCOPE_REMOTE, WHEN_LATER, "x", "Rock answers 500");
    rock_answer_name_url(&err, "/api/People?$filter=Name%20eq%20%27O%27%27H%C3%A9%27%0a%2");
    cr_expect_str_eq(err.text,
                     "Rock answers 500 (GET /api/People?$filter=Name eq 'O''H%C3%A9'%0a%2)");
}

Test(rock_answer, a_long_url_is_cut_and_a_long_reason_leaves_room)
{
    char url[3000], reason[300];
    struct err err;

    memset(url, 'u', sizeof(url) - 1);
    url[sizeof(url) - 1] = '\0';
    memset(reason, 'r', sizeof(reason) - 1);
    reason[sizeof(reason) - 1] = '\0';
    for (size_t n = 0; n < sizeof(reason); n++) {
        err_set(&err, SCOPE_REMOTE, WHEN_LATER, "x", "%.*s", (int)n, reason);
        rock_answer_name_url(&err, url);
        size_t len = strlen(err.text);
        cr_assert(strcmp(err.text + len - 4, "...)") == 0, "%zu: %s", n, err.text);
        cr_assert(strstr(err.text, " (GET uuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuu") != NULL,
                  "%zu: %s", n, err.text);
    }
}
