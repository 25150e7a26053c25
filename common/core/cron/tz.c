#include "common/core/cron/tz.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "common/base/banned.h"
#include "common/base/tm.h"

#include "common/core/cron/tz_p.h"

enum { HEADER = 44, TYPE_BYTES = 6, MAX_TRANSITIONS = 4096 };

static int bad(struct err *err, const char *what)
{
    return err_set(err, SCOPE_PROCESS, WHEN_NEVER, "tz", "not a zone file that can be used: %s",
                   what);
}

/* ---- reading ---- */

struct block { /* counts of a header, in the file's order */
    uint32_t isut, isstd, leap, time, type, chars;
};

static uint32_t be32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static int64_t be64(const uint8_t *p)
{
    return (int64_t)((uint64_t)be32(p) << 32 | be32(p + 4));
}

/* False: no header, or counts that no zone has (so that sizes below cannot overflow). */
static bool read_header(const uint8_t *p, size_t n, struct block *b)
{
    if (n < HEADER || memcmp(p, "TZif", 4) != 0 || p[4] < '2')
        return false;
    *b = (struct block){be32(p + 20), be32(p + 24), be32(p + 28),
                        be32(p + 32), be32(p + 36), be32(p + 40)};
    return b->isut <= TZ_MAX_TYPES && b->isstd <= TZ_MAX_TYPES && b->leap <= MAX_TRANSITIONS &&
           b->time <= MAX_TRANSITIONS && b->type <= TZ_MAX_TYPES && b->chars <= TZ_ABBREV_BYTES / 2;
}

static size_t block_bytes(const struct block *b, size_t time_size)
{
    return b->time * time_size + b->time + (size_t)b->type * TYPE_BYTES + b->chars +
           b->leap * (time_size + 4) + b->isstd + b->isut;
}

static int read_types(struct tz *z, const uint8_t *p, const struct block *b, struct err *err)
{
    for (uint32_t i = 0; i < b->type; i++, p += TYPE_BYTES) {
        int32_t offset = (int32_t)be32(p);
        if (offset <= -TZ_MAX_OFFSET || offset >= TZ_MAX_OFFSET)
            return bad(err, "an offset of more than a day");
        if (p[4] > 1 || p[5] >= b->chars)
            return bad(err, "a local time type that points nowhere");
        z->types[i] = (struct tz_type){offset, p[4], p[5]};
    }
    z->n_types = b->type;
    memcpy(z->abbrevs, p, b->chars);
    if (z->abbrevs[b->chars - 1])
        return bad(err, "an abbreviation without an end");
    z->abbrevs_n = b->chars;
    return 0;
}

static int read_table(struct tz *z, const uint8_t *p, const struct block *b, struct err *err)
{
    const uint8_t *type = p + (size_t)b->time * 8;

    if (b->type == 0 || b->chars == 0)
        return bad(err, "no local time type");
    if (b->leap)
        return bad(err, "it counts leap seconds (take the zone without \"right/\")");
    if (read_types(z, type + b->time, b, err) < 0)
        return -1;
    for (uint32_t i = 0; i < b->time; i++) {
        int64_t at = be64(p + (size_t)i * 8);
        if (type[i] >= b->type)
            return bad(err, "a change to a type that is not there");
        if (at < -(INT64_C(1) << 60) || at > INT64_C(1) << 40 || (z->n && at <= z->at[z->n - 1]))
            return bad(err, "changes out of order");
        tz_add(z, at, type[i]);
    }
    return 0;
}

/* Header and block of version 1 come first and are passed over; the last line ends the file. */
static int read_file(struct tz *z, const uint8_t *p, size_t n, struct err *err)
{
    struct block b;

    for (size_t size = 4; size <= 8; size += 4) {
        if (!read_header(p, n, &b) || n - HEADER < block_bytes(&b, size))
            return bad(err, "no TZif file of version 2 or later, or cut off");
        p += HEADER, n -= HEADER;
        if (size == 8)
            break;
        n -= block_bytes(&b, size), p += block_bytes(&b, size);
    }
    if (read_table(z, p, &b, err) < 0)
        return -1;
    p += block_bytes(&b, 8), n -= block_bytes(&b, 8);
    const uint8_t *end = n > 1 && p[0] == '\n' ? memchr(p + 1, '\n', n - 1) : NULL;
    if (!end)
        return bad(err, "no last line");
    return tz_rule_expand(z, (const char *)p + 1, (size_t)(end - p) - 1, err);
}

int tz_parse(const void *bytes, size_t n, const char *name, struct tz **ret, struct err *err)
{
    autoptr(tz_free) struct tz *z = xalloc(sizeof(*z));

    snprintf(z->name, sizeof(z->name), "%s", name);
    z->end = INT64_MAX;
    if (n > TZ_MAX_BYTES)
        return bad(err, "too large");
    if (read_file(z, bytes, n, err) < 0)
        return err_prefix(err, "time zone %s", z->name);
    *ret = steal(z);
    return 0;
}

void tz_add(struct tz *z, int64_t at, uint8_t type)
{
    if (z->n && at < z->at[z->n - 1])
        return;
    if (z->n && at == z->at[z->n - 1]) {
        z->type[z->n - 1] = type;
        return;
    }
    if ((z->n & (z->n - 1)) == 0) { /* full at each power of two */
        size_t cap = z->n ? z->n * 2 : 1;
        z->at = xrealloc(z->at, cap * sizeof(*z->at));
        z->type = xrealloc(z->type, cap);
    }
    z->at[z->n] = at;
    z->type[z->n++] = type;
}

/* ---- the zone that needs no file ---- */

static struct tz utc = {.name = "UTC",
                        .end = INT64_MAX,
                        .n_types = 1,
                        .types = {{0, false, 0}},
                        .abbrevs_n = sizeof("UTC"),
                        .abbrevs = "UTC"};

const struct tz *tz_utc(void)
{
    return &utc;
}

void tz_free(struct tz *z)
{
    if (!z || z == &utc)
        return;
    free(z->at);
    free(z->type);
    free(z);
}

const char *tz_name(const struct tz *z)
{
    return z->name;
}

/* ---- looking up ---- */

/* How far to go back so that t lies within what was written out. */
static int64_t cycles(const struct tz *z, int64_t t)
{
    return t <= z->end ? 0 : ((t - z->end - 1) / TZ_CYCLE + 1) * TZ_CYCLE;
}

/* The number of transitions at or before t. */
static size_t passed(const struct tz *z, int64_t t)
{
    size_t lo = 0, n = z->n;

    while (n > 0) {
        size_t half = n / 2;
        if (z->at[lo + half] <= t) {
            lo += half + 1;
            n -= half + 1;
        } else {
            n = half;
        }
    }
    return lo;
}

/* What counts after the first i transitions. */
static const struct tz_type *after(const struct tz *z, size_t i)
{
    return &z->types[i ? z->type[i - 1] : 0];
}

static const struct tz_type *type_at(const struct tz *z, int64_t unix_s)
{
    return after(z, passed(z, unix_s - cycles(z, unix_s)));
}

int32_t tz_offset(const struct tz *z, int64_t unix_s)
{
    return type_at(z, unix_s)->offset;
}

struct tz_at tz_at(const struct tz *z, int64_t unix_s)
{
    const struct tz_type *t = type_at(z, unix_s);

    return (struct tz_at){t->offset, t->dst, z->abbrevs + t->abbrev};
}

/*
 * What period i says of a local time, after those before it said *ret (when some did): it holds the
 * time, or has not begun although the one before is over, or is over already.
 */
static bool look(const struct tz *z, size_t i, int64_t local, bool some, struct tz_local *ret)
{
    int64_t at = local - after(z, i)->offset;

    if (i > 0 && at < z->at[i - 1]) {
        if (!some) {
            int64_t before = local - after(z, i - 1)->offset;
            *ret = (struct tz_local){TZ_GAP, before, before, z->at[i - 1]};
        }
        return true;
    }
    if (i < z->n && at >= z->at[i])
        return some;
    if (!some)
        *ret = (struct tz_local){TZ_ONCE, at, at, at};
    else if (ret->kind == TZ_ONCE)
        *ret = (struct tz_local){TZ_TWICE, ret->first, at, z->at[i - 1]};
    return true;
}

/*
 * Walks the periods between changes that can touch the local time: those that begin within a day
 * and a bit of it, as no offset is larger. Nearly always that is one.
 */
struct tz_local tz_local(const struct tz *z, int64_t local_s)
{
    int64_t back = cycles(z, local_s + TZ_MAX_OFFSET), local = local_s - back;
    struct tz_local ret = {.kind = TZ_ONCE};
    size_t i = passed(z, local - TZ_MAX_OFFSET);
    bool some = look(z, i, local, false, &ret);

    for (; i < z->n && z->at[i] <= local + TZ_MAX_OFFSET; i++)
        some = look(z, i + 1, local, some, &ret);
    ret.first += back, ret.second += back, ret.change += back;
    return ret;
}

const char *tz_format(const struct tz *z, int64_t unix_s, char out[TZ_TEXT])
{
    int32_t offset = tz_offset(z, unix_s), min = (offset < 0 ? -offset : offset) / 60;
    char iso[TM_TEXT];

    tm_format_utc((unix_s + offset) * 1000, iso);
    iso[strcspn(iso, ".")] = '\0';
    if (offset == 0)
        snprintf(out, TZ_TEXT, "%sZ", iso);
    else
        snprintf(out, TZ_TEXT, "%s%c%02d:%02d", iso, offset < 0 ? '-' : '+', min / 60 % 100,
                 min % 60);
    return out;
}
