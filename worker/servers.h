/*
 * servers: the Exchange servers that this worker's mailboxes are on, each with what is of one
 * server: its breaker, its requests in flight, the mailboxes that wait for a place with it.
 *
 * One server down stops its own mailboxes and no others. Which server is a mailbox's is the store's
 * knowledge (contact_store.h, where); a store with one place for all has one server, "".
 */
#ifndef SYNC_WORKER_SERVERS_H
#define SYNC_WORKER_SERVERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/map.h"
#include "common/base/vec.h"

#include "worker/breaker.h"

struct mailbox;
struct metric_family;
struct metric_series;

/* Who waits for the same thing: a higher one goes first. */
enum line {
    LINE_PHOTOS, /* pictures: when nothing waits in the others, and few at a time */
    LINE_USUAL,
    LINE_URGENT, /* somebody waits for it */
    LINES
};

struct mailbox_line { /* first in, first out */
    vec(struct mailbox *) q;
    size_t head;
};

static inline size_t line_length(const struct mailbox_line *l) /* with stale places */
{
    return l->q.n - l->head;
}

struct server {
    char *host; /* with the port where it is not that of https, lower case */
    struct breaker breaker;
    size_t sending;                     /* requests in flight */
    size_t sending_photos;              /* those of them that carry pictures */
    int64_t wrote_ms;                   /* when it last did a write; 0: not yet */
    struct mailbox_line senders[LINES]; /* wait for a send slot */
    struct metric_series *open, *in_flight;
};

struct servers {
    struct map *by_host;
    vec(struct server *) all;
    struct metric_family *open, *in_flight;
};

/* The server of that URL; one that was not seen before is made. url NULL: the one that has no name.
 * After a few hundred all further ones are one. */
struct server *servers_of(struct servers *s, const char *url);
bool servers_stopped(const struct servers *s,
                     bool all); /* any, or all of them (and there is one) */
void servers_release(struct servers *s);

/* The gauges. Many servers share the label "other". */
void servers_observe(const struct servers *s);

#endif
