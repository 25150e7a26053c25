/*
 * sealed_pg: sealed secrets (common/app/sealed.h) in the table sealed_secret: bytes that nobody can
 * read here.
 */
#ifndef SYNC_DRV_SEALED_PG_H
#define SYNC_DRV_SEALED_PG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"

struct pg;

/*
 * Replaces; every worker that watches hears of it, and mailboxes that are parked for `why` are due.
 *
 * @by   who gave it, for people
 * @why  code of the refusal that a new secret mends
 */
int sealed_pg_put(struct pg *pg,
                  const char *name,
                  const uint8_t *box,
                  size_t n,
                  const char *by,
                  const char *why,
                  struct err *err) must_check;
/* *n 0: there is none. err: also "seal.closed", longer than max. */
int sealed_pg_get(struct pg *pg,
                  const char *name,
                  uint8_t *box,
                  size_t max,
                  size_t *n,
                  struct err *err) must_check;
int sealed_pg_remove(struct pg *pg, const char *name, bool *was_there, struct err *err) must_check;

struct sealed_row {
    const char *name, *by; /* borrowed for the call */
    int64_t at_ms;         /* Unix */
};
int sealed_pg_each(struct pg *pg,
                   void (*fn)(const struct sealed_row *row, void *user),
                   void *user,
                   struct err *err) must_check;

/*
 * Tells, from the loop, of each secret that was given, and after each reconnect of what is there:
 * the box as it is now (n 0: none). For the life of the pool.
 *
 * @name  static
 */
typedef void (*sealed_changed)(const uint8_t *box, size_t n, void *user);
struct sealed_watch;
struct sealed_watch *
sealed_pg_watch(struct pg *pg, const char *name, sealed_changed fn, void *user);
void sealed_watch_free(struct sealed_watch *w); /* after the pool; NULL is fine */

#endif
