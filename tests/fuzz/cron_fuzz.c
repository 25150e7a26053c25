/*
 * Any bytes as a schedule: no crash; what is taken gives rising fire times, each of them a fire
 * time of the day that its description speaks of, whatever the zone; what is refused says where.
 *
 * The first byte picks a zone, the next four an instant, the rest is the text.
 */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "common/base/str.h"

#include "common/core/cron/cron.h"
#include "common/drv/tz_load.h"

enum { ZONES = 4, TIMES = 4 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct tz *zone(unsigned i)
{
    static const char *const names[ZONES] = {"UTC", "America/New_York", "Australia/Lord_Howe",
                                             "Africa/Cairo"};
    static struct tz *zones[ZONES]; /* for the life of the process */
    struct err err;

    if (!zones[i % ZONES] && tz_load(names[i % ZONES], &zones[i % ZONES], &err) < 0)
        abort();
    return zones[i % ZONES];
}

/* Is the instant one that the sets name? The days are left to the unit tests' model. */
static bool on_the_wall(const struct cron *c, const struct tz *z, int64_t t)
{
    int64_t clock = (t + tz_offset(z, t)) % 86400;

    return (c->seconds >> clock % 60 & 1) && (c->minutes >> clock / 60 % 60 & 1) &&
           (c->hours >> clock / 3600 & 1);
}

static void check_times(const struct cron *c, const struct tz *z, int64_t t)
{
    for (int i = 0; i < TIMES; i++) {
        int64_t next, again;
        if (!cron_next(c, z, t, &next))
            return;
        assert(next > t);
        /* Found again from right before, unless the time on the wall was left out that day. */
        if (on_the_wall(c, z, next))
            assert(cron_next(c, z, next - 1, &again) && again == next);
        else
            assert(tz_local(z, next + tz_offset(z, next) - 3600).kind == TZ_GAP ||
                   tz_local(z, next + tz_offset(z, next) - 1800).kind == TZ_GAP);
        t = next;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint32_t at = 0;
    struct cron c;
    struct err err;
    size_t where = SIZE_MAX;

    if (size < 5)
        return 0;
    memcpy(&at, data + 1, 4);
    char *text = xstrndup((const char *)data + 5, size - 5);
    if (cron_parse(text, &c, &where, &err) < 0) {
        assert(where <= strlen(text) && strlen(err.text) > 10);
        for (const char *p = err.text; *p; p++)
            assert(*p >= ' ' && *p < 127);
    } else {
        autovalue(str_release) struct str s = STR_INIT(64 << 10);
        cron_describe(&c, &s);
        assert(s.n > 5 && !s.over);
        check_times(&c, zone(data[0]), (int64_t)at);
    }
    free(text);
    return 0;
}
