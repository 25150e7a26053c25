#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

#include "common/base/err.h"
#include "common/base/text.h"

Test(err, set_fills_everything_and_returns_minus_one)
{
    struct err err = {.after_ms = 77};
    int r = err_set(&err, SCOPE_REMOTE, WHEN_LATER, "http.503", "rock: %d", 503);

    cr_expect(eq(int, r, -1));
    cr_expect(eq(int, err.scope, SCOPE_REMOTE));
    cr_expect(eq(int, err.when, WHEN_LATER));
    cr_expect(eq(u32, err.after_ms, 0));
    cr_expect(eq(str, err.code, "http.503"));
    cr_expect(eq(str, err.text, "rock: 503"));
}

Test(err, set_may_use_its_own_text)
{
    struct err err;

    err_set(&err, SCOPE_ITEM, WHEN_NEVER, "a", "inner");
    err_set(&err, SCOPE_PROCESS, WHEN_NEVER, err.code, "outer (%s)", err.text);
    cr_expect(eq(str, err.text, "outer (inner)"));
    cr_expect(eq(str, err.code, "a"));
}

Test(err, text_is_one_line)
{
    struct err err;

    err_set(&err, SCOPE_ITEM, WHEN_NEVER, "x\ny", "one\r\ntwo\x1b[31m\x7f");
    cr_expect(eq(str, err.text, "one  two [31m "));
    cr_expect(eq(str, err.code, "x y"));
}

Test(err, long_texts_are_cut_on_a_character)
{
    struct err err;
    char big[4096];

    for (int shift = 0; shift < 4; shift++) {
        memset(big, 'x', sizeof(big));
        for (size_t i = (size_t)shift; i + 3 < sizeof(big); i += 3)
            memcpy(big + i, "\xe2\x82\xac", 3);
        big[sizeof(big) - 1] = '\0';
        err_set(&err, SCOPE_ITEM, WHEN_NEVER, big, "%s", big);
        cr_expect(gt(sz, strlen(err.text), sizeof(err.text) - 4));
        cr_expect(text_is_utf8(err.text, strlen(err.text)));
        cr_expect(text_is_utf8(err.code, strlen(err.code)));
        err_prefix(&err, "%s", big);
        cr_expect(gt(sz, strlen(err.text), sizeof(err.text) - 4));
        cr_expect(text_is_utf8(err.text, strlen(err.text)));
    }
}

Test(err, prefix_keeps_the_rest)
{
    struct err err;
    int r;

    err_set(&err, SCOPE_MAILBOX, WHEN_UNKNOWN, "ews.timeout", "no answer");
    err.after_ms = 5;
    r = err_prefix(&err, "batch %d", 7);
    cr_expect(eq(int, r, -1));
    cr_expect(eq(str, err.text, "batch 7: no answer"));
    cr_expect(eq(str, err.code, "ews.timeout"));
    cr_expect(eq(u32, err.after_ms, 5));
    cr_expect(eq(int, err.scope, SCOPE_MAILBOX));
    cr_expect(eq(int, err.when, WHEN_UNKNOWN));
    err_prefix(&err, "%s", err.text);
    cr_expect(eq(str, err.text, "batch 7: no answer: batch 7: no answer"));
}
