/*
 * The small readers (first byte G Guids, D dates and instants, A address ranges, B base64 and hex,
 * C text of people, S the scrubbing of what was sent and answered): no crash; what is taken comes
 * back the same from its own writing.
 */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "common/base/arena.h"
#include "common/base/digest.h"
#include "common/base/guid.h"
#include "common/base/str.h"
#include "common/base/text.h"
#include "common/base/tm.h"

#include "common/net/address.h"
#include "worker/ews/ews_scrub.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_guid(const char *s)
{
    struct guid g, again;
    char text[GUID_TEXT];

    if (guid_parse(s, &g))
        assert(strcasecmp(guid_format(&g, text), s) == 0 && guid_parse(text, &again) &&
               guid_cmp(&g, &again) == 0);
}

static void check_dates(const char *s)
{
    struct tm_civil c;
    int64_t ms, again;
    char text[TM_TEXT];

    if (tm_parse_naive(s, &c))
        assert(tm_date_valid(c.year, c.month, c.day) && c.hour < 24 && c.minute < 60 &&
               c.second <= 60 && c.ms < 1000);
    if (tm_parse_utc(s, &ms)) {
        tm_format_utc(ms, text);
        assert(tm_parse_utc(text, &again)
                   ? again == ms
                   : ms < INT64_C(-62135596800000) + 86400000 || ms > INT64_C(253402300799999));
    }
}

static void check_bytes(const char *s, size_t n)
{
    autofree uint8_t *out = malloc(n + 1);
    autovalue(str_release) struct str again = STR_INIT(1 << 20);
    long got = base64_decode(s, n, out, n + 1);

    assert(got <= (long)n);
    if (got >= 0) {
        base64_encode(&again, out, (size_t)got);
        assert(again.n == n && (n == 0 || memcmp(again.p, s, n) == 0));
    }
    hex_decode(s, n / 2, out);
}

static void check_clean(const char *s, size_t n, struct arena *a)
{
    for (int multiline = 0; multiline < 2; multiline++) {
        const char *once = text_clean(a, s, n, 64, multiline);
        if (!once)
            continue;
        assert(strlen(once) <= 64 && text_is_utf8(once, strlen(once)));
        const char *twice = text_clean(a, once, strlen(once), 64, multiline);
        assert(twice && strcmp(once, twice) == 0);
        text_fold(a, once);
    }
    size_t cut = text_cut(s, n, 7);
    assert(cut <= 7 && cut <= n);
}

static void check_scrub(const char *s, size_t n)
{
    autovalue(str_release) struct str out = STR_INIT(1 << 20);

    ews_scrub(s, n, 4096, &out);
    assert(!out.over);
    for (size_t i = 0; i < out.n; i++)
        assert(out.p[i] == '\n' || (out.p[i] >= ' ' && out.p[i] != 127));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    autoptr(arena_free) struct arena *a = NULL;
    autofree char *text = NULL;
    struct address_range range;
    struct err err;

    if (!size)
        return 0;
    a = arena_new("fuzz", 16 << 20);
    size_t n = size - 1;
    text = xalloc(n + 1);
    memcpy(text, data + 1, n);
    switch (*data) {
    case 'G':
        check_guid(text);
        break;
    case 'D':
        check_dates(text);
        break;
    case 'A':
        if (address_range_parse(text, &range, &err) == 0)
            assert(range.bits <= 128);
        break;
    case 'B':
        check_bytes(text, n);
        break;
    case 'S':
        check_scrub(text, n);
        break;
    default:
        check_clean(text, n, a);
        break;
    }
    return 0;
}
