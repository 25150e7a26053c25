/*
 * Any bytes as a date and, behind a line end, a format: no crash; what is a date has a reading that
 * comes back from its parts and from its own ISO text; a format fills no more than it was given.
 */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "common/core/lava/lava_date.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int zone_offset(const void *zone, int64_t ticks)
{
    (void)zone;
    return ticks % (2 * LAVA_TICKS_DAY) < LAVA_TICKS_DAY ? -300 : -240;
}

static void check_date(const struct lava_date *d)
{
    char text[64];
    struct lava_civil c;
    struct lava_date back;
    int64_t ticks;

    lava_date_split(d->ticks, &c);
    bool ok = lava_date_join(&c, &ticks);
    assert(ok && ticks == d->ticks);
    long n = lava_date_format(d, "o", 1, text, sizeof(text));
    assert(n == 33);
    ok = lava_date_parse(text, (size_t)n, NULL, &back);
    assert(ok && back.ticks == d->ticks && back.offset_min == d->offset_min);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    const uint8_t *cut = size ? memchr(data, '\n', size) : NULL;
    size_t n = cut ? (size_t)(cut - data) : size;
    struct lava_clock clock = {
        .known = true, .now = {637278048000000000, 0}, .offset = zone_offset};
    struct lava_date d = clock.now;
    char out[80];

    if (lava_date_parse(text, n, &clock, &d))
        check_date(&d);
    if (!cut)
        return 0;
    size_t max = size % sizeof(out);
    memset(out, 0x7e, sizeof(out));
    long len = lava_date_format(&d, text + n + 1, size - n - 1, out, max);
    assert(len >= -1);
    for (size_t i = max; i < sizeof(out); i++)
        assert(out[i] == 0x7e);
    assert(len < 0 || lava_date_format(&d, text + n + 1, size - n - 1, NULL, 0) >= 0);
    struct lava_date moved = d;
    if (lava_date_add_months(&moved, (int64_t)size * (data[0] & 1 ? 1 : -1)))
        check_date(&moved);
    return 0;
}
