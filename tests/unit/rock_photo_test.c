#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <string.h>

#include "common/base/str.h"

#include "common/net/http.h"
#include "producer/rock/rock_photo.h"

#define GUID_TEXT_1 "5f1c7a90-2b3d-4c5e-8f60-718293a4b5c6"

Test(rock_photo, is_asked_for_by_guid_small_and_as_jpeg)
{
    autovalue(str_release) struct str out = STR_INIT(200);
    struct photo_ref ref = {.id = 5521};
    cr_assert(guid_parse(GUID_TEXT_1, &ref.guid));
    rock_photo_path(&ref, &out);
    cr_expect_str_eq(out.p,
                     "/GetImage.ashx?guid=" GUID_TEXT_1 "&maxwidth=240&maxheight=240&format=jpg");
}

Test(rock_photo, is_asked_for_by_id_where_no_guid_is_known)
{
    autovalue(str_release) struct str out = STR_INIT(200);
    rock_photo_path(&(struct photo_ref){.id = 5521}, &out);
    cr_expect_str_eq(out.p, "/GetImage.ashx?id=5521&maxwidth=240&maxheight=240&format=jpg");
    str_clear(&out);
    rock_photo_path(&(struct photo_ref){.id = 0}, &out);
    cr_expect_eq(out.n, 0u);
}

static const struct answer_case {
    int status;
    const char *type, *body, *location;
    enum source_photo_fate want;
    const char *code;
} answers[] = {
    {200, "image/jpeg", "\xff\xd8\xff\xe0 bytes", "", SOURCE_PHOTO_THERE, ""},
    {200, "application/octet-stream", "\xff\xd8\xff\xdb bytes", "", SOURCE_PHOTO_THERE, ""},
    {200, "text/html", "\xff\xd8\xff\xe0 bytes", "", SOURCE_PHOTO_THERE, ""},
    {200, "image/png", "\x89PNG\r\n\x1a\n", "", SOURCE_PHOTO_UNFIT, ""},
    {200, "image/jpeg", "\x89PNG\r\n\x1a\n", "", SOURCE_PHOTO_UNFIT, ""},
    {200, "image/jpeg", "\xff\xd8\xff", "", SOURCE_PHOTO_UNFIT, ""},
    {200, "image/jpeg", "", "", SOURCE_PHOTO_UNFIT, ""},
    {200, "image/svg+xml", "<svg/>", "", SOURCE_PHOTO_UNFIT, ""},
    {200, "text/html; charset=utf-8", "<html>Sign in</html>", "", SOURCE_PHOTO_REFUSED, "rock.200"},
    {200, "image/jpeg", "  <!DOCTYPE html><html>", "", SOURCE_PHOTO_REFUSED, "rock.200"},
    {204, "", "", "", SOURCE_PHOTO_GONE, ""},
    {301, "", "", "https://rock.church.example/Login", SOURCE_PHOTO_REFUSED, "rock.301"},
    {302, "text/html", "<html/>", "https://rock.church.example/page/3", SOURCE_PHOTO_REFUSED,
     "rock.302"},
    {400, "text/html", "<html/>", "", SOURCE_PHOTO_GONE, ""},
    {401, "", "", "", SOURCE_PHOTO_REFUSED, "rock.401"},
    {403, "text/html", "<html/>", "", SOURCE_PHOTO_REFUSED, "rock.403"},
    {404, "text/html", "<html/>", "", SOURCE_PHOTO_GONE, ""},
    {408, "", "", "", SOURCE_PHOTO_AWAY, "rock.408"},
    {429, "text/html", "", "", SOURCE_PHOTO_AWAY, "rock.429"},
    {500, "application/json", "{}", "", SOURCE_PHOTO_AWAY, "rock.500"},
    {503, "text/html", "<html/>", "", SOURCE_PHOTO_AWAY, "rock.503"},
};

ParameterizedTestParameters(rock_photo, answer_means)
{
    size_t n = ARRAY_LEN(answers), *v = cr_malloc(n * sizeof(*v));
    for (size_t i = 0; i < n; i++)
        v[i] = i;
    return cr_make_param_array(size_t, v, n);
}
ParameterizedTest(size_t *i, rock_photo, answer_means)
{
    const struct answer_case *c = &answers[*i];
    struct err err = {0};
    const struct http_response r = {.status = c->status,
                                    .content_type = c->type,
                                    .body = c->body,
                                    .body_len = strlen(c->body),
                                    .location = c->location};
    cr_expect_eq(rock_photo_judge(&r, &err), c->want, "%d %s %s", c->status, c->type, c->body);
    cr_expect_str_eq(err.code, c->code);
    cr_expect(c->want != SOURCE_PHOTO_REFUSED || strstr(err.text, "View Security"), "%s", err.text);
    cr_expect_lt(strlen(err.text), sizeof(err.text) - 1, "the text is cut off");
}
