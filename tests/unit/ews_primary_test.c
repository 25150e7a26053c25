#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "common/base/arena.h"
#include "common/base/cleanup.h"

#include "worker/ews/ews_decode.h"
#include "worker/ews/ews_primary.h"

Test(ews_primary, is_remembered_for_a_mailbox_and_the_address_it_came_with)
{
    struct ews_primaries *p = ews_primaries_new();
    cr_expect_str_eq(ews_primaries_get(p, 1, "b@x.example"), "b@x.example");
    ews_primaries_put(p, 1, "b@x.example", "a@x.example");
    cr_expect_str_eq(ews_primaries_get(p, 1, "b@x.example"), "a@x.example");
    cr_expect_str_eq(ews_primaries_get(p, 1, "c@x.example"), "c@x.example", "it changed in Rock");
    cr_expect_str_eq(ews_primaries_get(p, 2, "b@x.example"), "b@x.example");
    ews_primaries_put(p, 1, "c@x.example", "d@x.example");
    cr_expect_str_eq(ews_primaries_get(p, 1, "c@x.example"), "d@x.example");
    ews_primaries_put(p, 0, "e@x.example", "a@x.example"); /* a test without a row */
    cr_expect_str_eq(ews_primaries_get(p, 0, "e@x.example"), "e@x.example");
    ews_primaries_free(p);
    ews_primaries_free(NULL);
}

Test(ews_primary, takes_the_place_of_the_other_in_a_request)
{
    static const char before[] = "<x><t:PrimarySmtpAddress>b@x.example</t:PrimarySmtpAddress></x>";
    autovalue(str_release) struct str body = STR_INIT(200), none = STR_INIT(200),
                                      tight = STR_INIT(sizeof(before));
    str_puts(&body, before);
    cr_expect(ews_primary_rewrite(&body, "o'neil&co@x.example"));
    cr_expect_not_null(strstr(body.p, "neil&amp;co@x.example</t:PrimarySmtpAddress></x>"), "%s",
                       body.p);
    cr_expect_null(strstr(body.p, "b@x.example"));
    str_puts(&none, "<x/>");
    cr_expect_not(ews_primary_rewrite(&none, "a@x.example"));
    str_puts(&tight, before);
    cr_expect_not(ews_primary_rewrite(&tight, "a.very.much.longer.one@x.example"));
    cr_expect_str_eq(tight.p, before, "nothing changes");
}

/* What the server says goes into the next request: only a plain address is believed. */
static const struct said_case {
    const char *said, *want;
} said[] = {
    {"pat@church.example", "pat@church.example"},
    {"o'neil+x@church.example", "o'neil+x@church.example"},
    {"", NULL},
    {"pat", NULL},
    {"@church.example", NULL},
    {"pat@", NULL},
    {"pat@x@church.example", NULL},
    {"pat @church.example", NULL},
    {"pat@church.example&#10;X-Evil: 1", NULL},
    {"pat&lt;b&gt;@church.example", NULL},
    {"p\xC3\xA4t@church.example", NULL},
};

Test(ews_primary, is_believed_when_it_is_a_plain_address)
{
    for (size_t i = 0; i < ARRAY_LEN(said); i++) {
        autoptr(arena_free) struct arena *a = arena_new("test", EWS_ARENA_BYTES);
        char xml[1000];
        struct ews_response r;
        struct err err;
        snprintf(xml, sizeof(xml),
                 "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Body>"
                 "<s:Fault><faultcode>x</faultcode><detail>"
                 "<e:ResponseCode "
                 "xmlns:e=\"http://schemas.microsoft.com/exchange/services/2006/errors\">"
                 "ErrorNonPrimarySmtpAddress</e:ResponseCode><t:MessageXml "
                 "xmlns:t=\"http://schemas.microsoft.com/exchange/services/2006/types\">"
                 "<t:Value Name=\"Primary\">%s</t:Value></t:MessageXml></detail></s:Fault>"
                 "</s:Body></s:Envelope>",
                 said[i].said);
        cr_assert_eq(ews_decode(xml, strlen(xml), a, &r, &err), 0, "%zu: %s", i, err.text);
        cr_expect(r.fault);
        if (said[i].want)
            cr_expect_str_eq(r.problem.primary, said[i].want);
        else
            cr_expect_null(r.problem.primary, "%s", said[i].said);
    }
}
