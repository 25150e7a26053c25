/*
 * business_server: business numbers by templates that only Rock can render.
 *
 * Rock is asked only for people of whom something changed since it was last asked, or whose answer
 * is older than the setting allows: what such a template looks up beside the person (groups,
 * campuses) is not part of what the sync reads, so an answer grows old.
 */
#ifndef SYNC_PRODUCER_BUSINESS_SERVER_H
#define SYNC_PRODUCER_BUSINESS_SERVER_H

#include "producer/business.h"

struct business_server;

/* @keep_ms  how long an answer is good for an unchanged person */
struct business_server *business_server_new(const char *lava, int64_t keep_ms);
void business_server_free(struct business_server *s); /* NULL is fine */

/* As business_render. */
int business_server_render(struct business_server *s,
                           struct directory_source *source,
                           const struct dir_person *people,
                           size_t n,
                           int64_t now_ms,
                           struct arena *a,
                           struct business_text *ret,
                           struct err *failed,
                           struct err *err) must_check;

#endif
