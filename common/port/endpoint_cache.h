/*
 * endpoint_cache: where Exchange is for each mailbox, as found out, shared by all workers. Drivers:
 * drv/endpoint_pg.c, drv/endpoint_memory.c.
 *
 * Also the URL that answered for a mail domain, so that the next mailbox of that domain needs one
 * question instead of a search. What is in it was checked when it was put in; who takes it out
 * checks it again, for settings change.
 *
 * Promises:
 *  1. done is called exactly once, from the loop, never from inside the call; arguments are copied.
 *  2. An error means that it is not known whether the call took effect; repeating is safe.
 *  3. Ages are by the cache's own clock, which all workers share.
 */
#ifndef SYNC_PORT_ENDPOINT_CACHE_H
#define SYNC_PORT_ENDPOINT_CACHE_H

#include <stdint.h>

#include "common/base/cleanup.h"
#include "common/base/err.h"

struct endpoint {
    const char *url;  /* of EWS; NULL: none is known */
    const char *alt;  /* to be tried when url takes no connection; NULL none */
    int64_t age_ms;   /* since url was found or confirmed */
    int64_t tried_ms; /* since the last search that failed; -1: none since url was found */
    const char *site; /* Autodiscover URL that answered last for the domain; NULL none */
};

/* e is NULL with *err: not known. Strings are borrowed for the callback. */
typedef void (*endpoint_got)(const struct endpoint *e, const struct err *err, void *user);
typedef void (*endpoint_done)(const struct err *err, void *user); /* err NULL: durable */

struct endpoint_cache;
struct endpoint_cache_ops {
    const char *name; /* "postgres", "memory" */
    /* domain: of the mailbox's address, lower case. */
    void (*get)(struct endpoint_cache *c,
                int64_t mailbox,
                const char *domain,
                endpoint_got done,
                void *user);
    /* Found, now. alt NULL: none; site NULL: as it was. An unknown mailbox is no error. */
    void (*put)(struct endpoint_cache *c,
                int64_t mailbox,
                const char *domain,
                const char *url,
                const char *alt,
                const char *site,
                endpoint_done done,
                void *user);
    /* A search came to nothing, now; the URL stays. code: of the error. */
    void (*fail)(struct endpoint_cache *c,
                 int64_t mailbox,
                 const char *code,
                 endpoint_done done,
                 void *user);
    void (*free)(struct endpoint_cache *c); /* open calls end without callbacks; NULL is fine */
};

struct endpoint_cache { /* every driver's struct begins with this */
    const struct endpoint_cache_ops *ops;
};

static inline void endpoint_cache_free(struct endpoint_cache *c)
{
    if (c)
        c->ops->free(c);
}
CLEANUP_DEFINE(struct endpoint_cache, endpoint_cache_free);

#endif
