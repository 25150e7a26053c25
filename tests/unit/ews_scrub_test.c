#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

#include "tests/unit/core_support.h"
#include "worker/ews/ews_scrub.h"

static char *scrubbed(const char *text)
{
    struct str out = STR_INIT(1 << 20);
    ews_scrub(text, strlen(text), 1 << 16, &out);
    return out.n ? str_steal(&out) : xstrdup("");
}

static const struct scrub_case {
    const char *in, *out;
} cases[] = {
    {"<a><b>Aiko</b></a>", "<a>\n  <b>...</b>\n</a>"},
    {"<m:ResponseCode>ErrorServerBusy</m:ResponseCode>",
     "<m:ResponseCode>ErrorServerBusy</m:ResponseCode>"},
    {"<m:ResponseCode>tel +1 602</m:ResponseCode>", "<m:ResponseCode>...</m:ResponseCode>"},
    {"<m:MessageXml><t:Value Name=\"BackOffMilliseconds\">297749</t:Value></m:MessageXml>",
     "<m:MessageXml>\n  <t:Value Name=\"BackOffMilliseconds\">297749</t:Value>\n</m:MessageXml>"},
    {"<t:Value>16025550134</t:Value>", "<t:Value>...</t:Value>"},
    {"<t:ItemId Id=\"AAMk\" ChangeKey='EQ'/>", "<t:ItemId Id=\"...\" ChangeKey=\"...\"/>"},
    {"<t:Entry Key=\"MobilePhone\">+1 602 555 0134</t:Entry>",
     "<t:Entry Key=\"MobilePhone\">...</t:Entry>"},
    {"<t:RequestServerVersion Version=\"Exchange2013_SP1\"/>",
     "<t:RequestServerVersion Version=\"Exchange2013_SP1\"/>"},
    {"<m:ParentItemId Id=\"AAMk\" ChangeKey=\"EQ\"/><t:FileAttachment><t:ContentId>rocksync-00ff"
     "</t:ContentId><t:Content>/9j/4AAQ</t:Content></t:FileAttachment>",
     "<m:ParentItemId Id=\"...\" ChangeKey=\"...\"/>\n<t:FileAttachment>\n  <t:ContentId>..."
     "</t:ContentId>\n  <t:Content>...</t:Content>\n</t:FileAttachment>"},
    {"<t:AttachmentId Id=\"AAMk\" RootItemId=\"AAMk\" RootItemChangeKey=\"EQ\"/>",
     "<t:AttachmentId Id=\"...\" RootItemId=\"...\" RootItemChangeKey=\"...\"/>"},
    {"<t:FieldURI FieldURI=\"<Aiko\">", "<t:FieldURI FieldURI=\"...\">"},
    {"<a><![CDATA[Aiko]]></a>", "<a>\n</a>"},
    {"<a><!-- Aiko --></a>", "<a>\n</a>"},
    {"<a>Aiko", "<a>..."},
    {"<a b=\"Aiko", "\n..."},
    {"<html><body>Aiko</body></html>", "(30 bytes that are no XML)"},
    {"<!DOCTYPE html><p>Aiko", "(22 bytes that are no XML)"},
    {"Aiko", "(4 bytes that are no XML)"},
    {"", "(0 bytes that are no XML)"},
};

Test(ews_scrub, keeps_structure_and_codes_and_nothing_else)
{
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        autofree char *out = scrubbed(cases[i].in);
        cr_expect_str_eq(out, cases[i].out, "%s", cases[i].in);
    }
}

/* Whatever is around it, cut wherever it is. */
Test(ews_scrub, no_value_comes_through_a_broken_document)
{
    static const char secret[] = "Aiko_555-0134";
    static const char *const around[] = {"<a>%s</a>",
                                         "<a><b x=\"%s\"/></a>",
                                         "<a>%s<b>",
                                         "<a x='%s'>",
                                         "<x>%s</ResponseCode>",
                                         "<a><ResponseCode/>%s</a>",
                                         "<a><Value Name='x'/><Value>%s</Value></a>",
                                         "<a><![CDATA[%s]]></a>",
                                         "<a><?php %s ?></a>",
                                         "<a>&#65;%s;</a>",
                                         "<a \"%s\"></a>",
                                         "<a><Value Name='x'><b/>%s</Value></a>"};
    for (size_t i = 0; i < ARRAY_LEN(around); i++) {
        char text[256], cut[256];
        /* flawfinder: the formats are the table's */
        int n = snprintf(text, sizeof(text), "%.*s%s%s", (int)(strstr(around[i], "%s") - around[i]),
                         around[i], secret, strstr(around[i], "%s") + 2);
        for (int from = 0; from < n; from++) {
            snprintf(cut, sizeof(cut), "%s%s", from ? "<q>" : "", text + from);
            autofree char *out = scrubbed(cut);
            cr_expect_null(strstr(out, "555-0134"), "%s -> %s", cut, out);
        }
    }
}

Test(ews_scrub, takes_any_bytes_and_stops_where_told)
{
    uint64_t seed = 3;
    for (int i = 0; i < 3000; i++) {
        char bytes[200];
        struct str out = STR_INIT(1 << 16);
        for (size_t k = 0; k < sizeof(bytes); k++)
            bytes[k] = "<>/\"'= ab:!?&;x"[rnd_below(&seed, 15)];
        ews_scrub(bytes, rnd_below(&seed, sizeof(bytes)), 500, &out);
        cr_assert_leq(out.n, (size_t)1000);
        str_release(&out);
    }
}
