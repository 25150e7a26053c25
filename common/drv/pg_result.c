/* pg_result: see pg_result.h. @source PostgreSQL's *_recv functions: all numbers in network order.
 */
#include "common/drv/pg_result.h"

#include <assert.h>
#include <string.h>

#include "common/drv/pg_p.h"

#define PG_EPOCH_MS 946684800000LL /* where PostgreSQL's timestamps begin, as Unix time */

struct pg_result *pg_result_new(size_t n)
{
    assert(n > 0 && n <= PG_MAX_STEPS);
    struct pg_result *all = xalloc(n * sizeof(*all));
    for (size_t i = 0; i < n; i++) {
        all[i].all = all;
        all[i].n = n;
    }
    return all;
}

struct pg_result *pg_result_take(const struct pg_result *r)
{
    struct pg_result *all = pg_result_new(r->n);
    for (size_t i = 0; i < r->n; i++)
        all[i].res = steal(r->all[i].res);
    return &all[r->n - 1];
}

void pg_result_free(struct pg_result *r)
{
    if (!r)
        return;
    struct pg_result *all = r->all;
    for (size_t i = 0; i < all->n; i++)
        PQclear(all[i].res);
    free(all);
}

const struct pg_result *pg_result_of(const struct pg_result *r, size_t step)
{
    return r && step < r->n ? &r->all[step] : NULL;
}

size_t pg_rows(const struct pg_result *r)
{
    return r && r->res ? (size_t)PQntuples(r->res) : 0;
}

int64_t pg_affected(const struct pg_result *r)
{
    char *text = r && r->res ? PQcmdTuples(r->res) : NULL;
    return text && *text ? strtoll(text, NULL, 10) : 0;
}

/* A value of exactly n bytes; n 0: of any length. NULL: null or not that. */
static const uint8_t *value(const struct pg_result *r, size_t row, int col, size_t n)
{
    if (!r || row >= pg_rows(r) || col < 0 || col >= PQnfields(r->res) ||
        PQgetisnull(r->res, (int)row, col))
        return NULL;
    if (n > 0 && (size_t)PQgetlength(r->res, (int)row, col) != n)
        return NULL;
    return (const uint8_t *)PQgetvalue(r->res, (int)row, col);
}

static uint64_t get_be(const uint8_t *p, size_t n)
{
    uint64_t v = 0;
    for (size_t i = 0; i < n; i++)
        v = v << 8 | p[i];
    return v;
}

bool pg_null(const struct pg_result *r, size_t row, int col)
{
    return !value(r, row, col, 0);
}

int64_t pg_i64(const struct pg_result *r, size_t row, int col)
{
    const uint8_t *p = value(r, row, col, 0);
    if (!p)
        return 0;
    switch (PQgetlength(r->res, (int)row, col)) {
    case 8:
        return (int64_t)get_be(p, 8);
    case 4:
        return (int32_t)get_be(p, 4);
    case 2:
        return (int16_t)get_be(p, 2);
    default:
        return 0;
    }
}

bool pg_bool(const struct pg_result *r, size_t row, int col)
{
    const uint8_t *p = value(r, row, col, 1);
    return p && *p;
}

const char *pg_text(const struct pg_result *r, size_t row, int col)
{
    return (const char *)value(r, row, col, 0); /* libpq puts a NUL behind each value */
}

const void *pg_bytes(const struct pg_result *r, size_t row, int col, size_t *n)
{
    const uint8_t *p = value(r, row, col, 0);
    *n = p ? (size_t)PQgetlength(r->res, (int)row, col) : 0;
    return p;
}

static bool fixed(const struct pg_result *r, size_t row, int col, void *ret, size_t n)
{
    const uint8_t *p = value(r, row, col, n);
    memset(ret, 0, n);
    if (p)
        memcpy(ret, p, n);
    return p != NULL;
}

bool pg_sha(const struct pg_result *r, size_t row, int col, struct sha256 *ret)
{
    return fixed(r, row, col, ret, sizeof(*ret));
}

bool pg_uuid(const struct pg_result *r, size_t row, int col, struct guid *ret)
{
    return fixed(r, row, col, ret, sizeof(*ret));
}

int64_t pg_ms(const struct pg_result *r, size_t row, int col)
{
    const uint8_t *p = value(r, row, col, 8);
    int64_t us = p ? (int64_t)get_be(p, 8) : 0;
    if (!p || us == INT64_MIN || us == INT64_MAX)
        return us;
    /* Whole milliseconds, rounded down on either side of 2000. */
    int64_t ms = us / 1000 - (us % 1000 < 0);
    return ms + PG_EPOCH_MS;
}
