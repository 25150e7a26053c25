/*
 * pg_params: parameters of one PostgreSQL statement in the server's binary format.
 *
 * They are added in the order $1, $2, ...; between pg_array and pg_array_end the same pg_put_*
 * functions add elements of one array parameter, so that a set-based statement (`FROM
 * unnest($2::bigint[], $3::uuid[])`) costs one loop per column. Types travel with the parameters:
 * the server is told them when the statement is prepared (the first call decides: a statement is
 * always called with the same types). Write the cast ($1::bigint) for the reader, it changes
 * nothing. jsonb: pass text and write `$1::text::jsonb`. Times: prefer the server's clock;
 * pg_put_ms is for those that come from outside.
 */
#ifndef SYNC_DRV_PG_PARAMS_H
#define SYNC_DRV_PG_PARAMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/cleanup.h"
#include "common/base/digest.h"
#include "common/base/guid.h"

#define PG_MAX_PARAMS 24
/* Of one statement; exceeding it ends the process: bound batches before. */
#define PG_MAX_PARAM_BYTES (256u * 1024 * 1024)

/* @source pg_type.dat of PostgreSQL: object ids of built-in types never change */
enum pg_type {
    PG_BOOL = 16,
    PG_BYTEA = 17,
    PG_INT8 = 20,
    PG_INT4 = 23,
    PG_TEXT = 25,
    PG_TIMESTAMPTZ = 1184,
    PG_UUID = 2950
};

/* Zero is empty: `autovalue(pg_params_release) struct pg_params p = {0};`. Fields are private. */
struct pg_params {
    uint8_t *buf;
    size_t n, cap;
    struct {
        uint32_t oid;
        size_t at;
        int32_t len; /* -1: null */
    } v[PG_MAX_PARAMS];
    int count;
    size_t array_at; /* of the open array, + 1; 0: none */
    int32_t elements;
    enum pg_type element;
};

void pg_params_release(struct pg_params *p);
void pg_put_null(struct pg_params *p, enum pg_type t);
void pg_put_i64(struct pg_params *p, int64_t v); /* bigint */
void pg_put_i32(struct pg_params *p, int32_t v); /* integer */
void pg_put_bool(struct pg_params *p, bool v);
void pg_put_text(struct pg_params *p, const char *s);            /* NULL: null */
void pg_put_bytes(struct pg_params *p, const void *b, size_t n); /* bytea; NULL: null */
void pg_put_uuid(struct pg_params *p, const struct guid *g);     /* NULL: null */
void pg_put_ms(struct pg_params *p, int64_t unix_ms);            /* timestamptz */
void pg_array(struct pg_params *p, enum pg_type element);
void pg_array_end(struct pg_params *p);
/* One array: put adds the element that `row` points to, for each of rows[0..n-1]. */
#define PG_COLUMN(p, type, rows, n, put)                                                           \
    do {                                                                                           \
        pg_array((p), (type));                                                                     \
        for (size_t i_ = 0; i_ < (n); i_++) {                                                      \
            const __typeof__(*(rows)) *row = &(rows)[i_];                                          \
            put;                                                                                   \
        }                                                                                          \
        pg_array_end(p);                                                                           \
    } while (0)
static inline void pg_put_sha(struct pg_params *p, const struct sha256 *h) /* bytea; NULL: null */
{
    pg_put_bytes(p, h, sizeof(*h));
}
CLEANUP_VALUE(struct pg_params, pg_params_release);

#endif
