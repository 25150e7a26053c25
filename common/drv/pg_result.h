/*
 * pg_result: rows of a PostgreSQL statement, read from the binary format.
 *
 * Everything read is borrowed until the result is freed (in callbacks: until the callback returns).
 * Readers of a value that is null, or of another type than they read, give 0 / NULL / false: ask
 * pg_null where null means something.
 */
#ifndef SYNC_DRV_PG_RESULT_H
#define SYNC_DRV_PG_RESULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/cleanup.h"
#include "common/base/digest.h"
#include "common/base/guid.h"

struct pg_result;

/* All steps; NULL is fine. Only for results that a pg_call handed over. */
void pg_result_free(struct pg_result *r);
/* The result of another step of the same call, 0 first; NULL when there is none. */
const struct pg_result *pg_result_of(const struct pg_result *r, size_t step);
size_t pg_rows(const struct pg_result *r);
/* Rows inserted, updated, deleted or selected by the step's command. */
int64_t pg_affected(const struct pg_result *r);

bool pg_null(const struct pg_result *r, size_t row, int col);
/* smallint, integer, bigint */
int64_t pg_i64(const struct pg_result *r, size_t row, int col);
bool pg_bool(const struct pg_result *r, size_t row, int col);
/* text, varchar, name: NUL-terminated; NULL: null */
const char *pg_text(const struct pg_result *r, size_t row, int col);
/* Raw bytes of any type, *n of them; NULL: null */
const void *pg_bytes(const struct pg_result *r, size_t row, int col, size_t *n);
/* false and *ret zero: null, or not 32 bytes */
bool pg_sha(const struct pg_result *r, size_t row, int col, struct sha256 *ret);
/* false and *ret zero: null */
bool pg_uuid(const struct pg_result *r, size_t row, int col, struct guid *ret);
/* timestamptz as Unix ms; -infinity: INT64_MIN, infinity: INT64_MAX */
int64_t pg_ms(const struct pg_result *r, size_t row, int col);

CLEANUP_DEFINE(struct pg_result, pg_result_free);

#endif
