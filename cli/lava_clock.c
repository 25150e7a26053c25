#include "cli/lava_clock.h"

#include "common/base/tm.h"

static const int64_t EPOCH_S = INT64_C(62135596800); /* 0001-01-01 to 1970-01-01 */

static int offset_min(const void *zone, int64_t ticks)
{
    struct tz_local l = tz_local(zone, ticks / LAVA_TICKS_SECOND - EPOCH_S);

    return tz_offset(zone, l.first) / 60;
}

bool lava_clock_set(const char *iso, int64_t now_ms, const struct tz *z, struct lava_clock *ret)
{
    struct tm_civil civil;
    int64_t local_s;

    *ret = (struct lava_clock){.known = true, .offset = offset_min, .zone = z};
    if (!iso || tm_parse_utc(iso, &now_ms)) {
        int64_t s = now_ms / 1000 - (now_ms % 1000 < 0);
        local_s = s + tz_offset(z, s);
    } else if (tm_parse_naive(iso, &civil)) {
        local_s = tm_days_from_civil(civil.year, civil.month, civil.day) * 86400 +
                  civil.hour * 3600 + civil.minute * 60 + civil.second;
        now_ms = civil.ms;
    } else {
        return false;
    }
    ret->now.ticks = (local_s + EPOCH_S) * LAVA_TICKS_SECOND +
                     (now_ms % 1000 + 1000) % 1000 * (LAVA_TICKS_SECOND / 1000);
    ret->now.offset_min = offset_min(z, ret->now.ticks);
    return true;
}
