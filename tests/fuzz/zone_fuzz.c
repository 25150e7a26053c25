/*
 * Any bytes as a file of a time zone (RFC 8536): no crash; what is taken answers for every instant
 * with an offset in range and a name of the zone's own, and its way from UTC to the wall and back
 * comes home.
 */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "common/core/cron/tz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_instant(const struct tz *z, int64_t t)
{
    struct tz_at at = tz_at(z, t);
    char text[TZ_TEXT];

    assert(at.offset == tz_offset(z, t) && at.offset >= -26 * 3600 && at.offset <= 26 * 3600);
    assert(at.abbrev && strlen(at.abbrev) < 512);
    assert(strlen(tz_format(z, t, text)) < TZ_TEXT);
    struct tz_local l = tz_local(z, t + at.offset);
    if (l.kind != TZ_TWICE)
        assert(l.kind == TZ_GAP || l.first + tz_offset(z, l.first) == t + at.offset);
    else
        assert(l.first <= l.second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const int64_t instants[] = {0,          -5364662400, 951782400,    1710054000,
                                       1730613600, 4102444800,  253402300799, -62135596800};
    autoptr(tz_free) struct tz *z = NULL;
    struct err err;

    if (tz_parse(data, size, "Somewhere/Else", &z, &err) < 0) {
        assert(!z && err.text[0]);
        for (const char *p = err.text; *p; p++)
            assert(*p >= ' ' && *p < 127);
        return 0;
    }
    for (size_t i = 0; i < ARRAY_LEN(instants); i++)
        check_instant(z, instants[i]);
    return 0;
}
