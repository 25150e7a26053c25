/*
 * trace: the latest connection attempt to Exchange, for an administrator (setting "trace"): the
 * file ExchangeContactSync.txt in a folder of their choice, mode 0640, replaced as a whole, and a
 * copy for the administration page.
 *
 * What is written holds the mailbox's address, URLs, codes, times and the structure of request and
 * answer; never a secret, nothing that stands in a contact (ews_scrub.h). At most once a second;
 * the last attempt of a burst is the one that stays.
 */
#ifndef SYNC_WORKER_TRACE_H
#define SYNC_WORKER_TRACE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/cleanup.h"
#include "common/base/err.h"

struct ews_trace;
struct loop;
struct trace;

/*
 * @folder  where the file goes
 * @fixed   the URL is set, nothing is searched for
 * @keep    receives a copy of what was written; may be NULL
 * @return  -1 *err (code "conf"): the folder cannot be written to
 */
int trace_new(struct loop *l,
              const char *folder,
              bool fixed,
              void (*keep)(const char *text, void *user),
              void *user,
              struct trace **ret,
              struct err *err) must_check;
void trace_free(struct trace *t); /* writes what waits; NULL is fine */
void trace_attempt(struct trace *t, const struct ews_trace *a);
/*
 * One step of a search for a mailbox's server.
 * @what  what was asked: a URL, a name
 * @last  the search is over
 */
void trace_search(
    struct trace *t, int64_t mailbox, const char *what, const char *outcome, bool last);
CLEANUP_DEFINE(struct trace, trace_free);

#endif
