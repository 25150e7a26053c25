/*
 * locator: knows for each mailbox where Exchange is: from the cache that all workers share, else by
 * a search, and again when it is time to.
 *
 * - An URL that is known is used, whatever its age. It is looked for again in the background when
 * it is older than max_age, or after a failure that calls for it (locator_report) when it is older
 *   than refresh_after. A search that fails changes nothing.
 * - What the cache holds is judged by today's settings before it is used.
 * - One search for each mailbox at a time; for a domain where no server is known yet, one search in
 *   all, and what it fails with holds for the domain for a while: a thousand mailboxes are not a
 *   thousand searches, and a wrong password is not sent a thousand times.
 * @source  reference/ews.md section 4 (cache)
 */
#ifndef SYNC_AUTODISCOVER_LOCATOR_H
#define SYNC_AUTODISCOVER_LOCATOR_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/cleanup.h"
#include "common/base/err.h"

#include "common/core/outcome.h"
#include "worker/autodiscover/autodiscover.h"

struct endpoint_cache;
struct metrics;
struct locator;
struct locator_wait;
struct loop;

struct locator_config {
    uint32_t max_age_ms, refresh_after_ms; /* 0: a week; an hour */
    /* Each step of each search; may be NULL. Must not call back. */
    void (*observe)(int64_t mailbox, const struct autodiscover_event *e, void *user);
    void (*freed)(void *user); /* the locator is gone; may be NULL */
    void *user;
    struct metrics *metrics; /* searches started and ended; NULL: not counted */
};

/* url is borrowed for the callback; NULL: outcome and err say what that means for a call. */
typedef void (*locator_found)(const char *url,
                              enum outcome outcome,
                              const struct err *err,
                              void *user);

/* Takes over a and cache. */
struct locator *locator_new(struct loop *l,
                            struct autodiscover *a,
                            struct endpoint_cache *cache,
                            const struct locator_config *config);
void locator_free(struct locator *l); /* who waits is not called; NULL is fine */

/* The URL, when it is at hand: NULL: ask locator_find. Borrowed until the loop turns. */
const char *locator_known(struct locator *l, int64_t mailbox, const char *address);
/* done: once, from the loop, never from inside. */
struct locator_wait *locator_find(
    struct locator *l, int64_t mailbox, const char *address, locator_found done, void *user);
void locator_cancel(struct locator_wait *w); /* no callback; NULL is fine */

enum locator_says {
    LOCATOR_OTHERWISE, /* the code says nothing about the URL */
    LOCATOR_SAME,      /* it may be the URL; nothing better is known, or it is too new to doubt */
    LOCATOR_CHANGING   /* it may be the URL: another one is used from now on, or looked for */
};
/* A call to the mailbox's URL failed with this code (struct err). */
enum locator_says locator_report(struct locator *l, int64_t mailbox, const char *code);
CLEANUP_DEFINE(struct locator, locator_free);

#endif
