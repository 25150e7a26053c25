/* pg_params: see pg_params.h. @source PostgreSQL's *_send functions: all numbers in network order.
 */
#include "common/drv/pg_params.h"

#include <assert.h>
#include <string.h>

/* Microseconds from 1970 to 2000, where PostgreSQL's timestamps begin. */
#define PG_EPOCH_MS 946684800000LL

void pg_params_release(struct pg_params *p)
{
    free(p->buf);
    memset(p, 0, sizeof(*p));
}

static uint8_t *grow(struct pg_params *p, size_t n)
{
    if (n > PG_MAX_PARAM_BYTES - p->n)
        abort();
    if (p->cap - p->n < n) {
        size_t cap = p->cap ? p->cap * 2 : 512;
        while (cap - p->n < n)
            cap *= 2;
        p->buf = xrealloc(p->buf, cap);
        p->cap = cap;
    }
    uint8_t *at = p->buf + p->n;
    p->n += n;
    return at;
}

static void put_be(uint8_t *at, uint64_t v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        at[i] = (uint8_t)(v >> (8 * (n - 1 - i)));
}

/* Room for a value of n bytes: an element of the open array, else a parameter of its own. */
static uint8_t *begin(struct pg_params *p, enum pg_type t, size_t n)
{
    assert(n < PG_MAX_PARAM_BYTES);
    if (p->array_at) {
        assert(t == p->element);
        p->elements++;
        put_be(grow(p, 4), n, 4);
        return grow(p, n);
    }
    assert(p->count < PG_MAX_PARAMS);
    size_t at = p->n;
    uint8_t *room = grow(p, n + 1); /* never NULL for "": libpq takes a NULL pointer for null */
    p->v[p->count].oid = t;
    p->v[p->count].at = at;
    p->v[p->count].len = (int32_t)n;
    p->count++;
    return room;
}

void pg_put_null(struct pg_params *p, enum pg_type t)
{
    if (p->array_at) {
        assert(t == p->element);
        p->elements++;
        put_be(grow(p, 4), UINT32_MAX, 4);
        put_be(p->buf + p->array_at + 3, 1, 4); /* the array's flag: it holds nulls */
        return;
    }
    assert(p->count < PG_MAX_PARAMS);
    p->v[p->count].oid = t;
    p->v[p->count].at = 0;
    p->v[p->count].len = -1;
    p->count++;
}

void pg_put_i64(struct pg_params *p, int64_t v)
{
    put_be(begin(p, PG_INT8, 8), (uint64_t)v, 8);
}

void pg_put_i32(struct pg_params *p, int32_t v)
{
    put_be(begin(p, PG_INT4, 4), (uint32_t)v, 4);
}

void pg_put_bool(struct pg_params *p, bool v)
{
    *begin(p, PG_BOOL, 1) = v;
}

static void put_raw(struct pg_params *p, enum pg_type t, const void *b, size_t n)
{
    if (!b) {
        pg_put_null(p, t);
        return;
    }
    uint8_t *at = begin(p, t, n);
    if (n > 0)
        memcpy(at, b, n);
}

void pg_put_text(struct pg_params *p, const char *s)
{
    put_raw(p, PG_TEXT, s, s ? strlen(s) : 0);
}

void pg_put_bytes(struct pg_params *p, const void *b, size_t n)
{
    put_raw(p, PG_BYTEA, b, n);
}

void pg_put_uuid(struct pg_params *p, const struct guid *g)
{
    put_raw(p, PG_UUID, g, sizeof(*g));
}

void pg_put_ms(struct pg_params *p, int64_t unix_ms)
{
    put_be(begin(p, PG_TIMESTAMPTZ, 8), (uint64_t)((unix_ms - PG_EPOCH_MS) * 1000), 8);
}

/* Header of a one-dimensional array: dimensions, has-null flag, element type, length, lower bound.
 */
void pg_array(struct pg_params *p, enum pg_type element)
{
    /* @source pg_type.dat: typarray of each element type */
    static const struct {
        enum pg_type element;
        uint32_t array;
    } arrays[] = {{PG_BOOL, 1000}, {PG_BYTEA, 1001},       {PG_INT8, 1016}, {PG_INT4, 1007},
                  {PG_TEXT, 1009}, {PG_TIMESTAMPTZ, 1185}, {PG_UUID, 2951}};
    assert(!p->array_at && p->count < PG_MAX_PARAMS);
    uint32_t oid = 0;
    for (size_t i = 0; i < ARRAY_LEN(arrays); i++) {
        if (arrays[i].element == element)
            oid = arrays[i].array;
    }
    assert(oid != 0);
    p->v[p->count].oid = oid;
    p->v[p->count].at = p->n;
    p->array_at = p->n + 1;
    p->element = element;
    p->elements = 0;
    uint8_t *h = grow(p, 20);
    memset(h, 0, 20);
    put_be(h, 1, 4);
    put_be(h + 8, element, 4);
    put_be(h + 16, 1, 4);
}

void pg_array_end(struct pg_params *p)
{
    assert(p->array_at);
    size_t at = p->array_at - 1;
    put_be(p->buf + at + 12, (uint32_t)p->elements, 4);
    p->v[p->count].len = (int32_t)(p->n - at);
    p->count++;
    p->array_at = 0;
}
