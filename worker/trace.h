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

#include <stddef.h>
#include <stdint.h>

#include "common/base/cleanup.h"
#include "common/base/err.h"

struct loop;
struct trace;

struct trace_attempt {     /* borrowed for the call */
    const char *mailbox;   /* address */
    const char *url;       /* of the service */
    const char *found;     /* "set", or where the URL comes from: the Autodiscover URL */
    const char *operation; /* "CreateItem" ... */
    int status;            /* of HTTP; 0: no answer, see err */
    const struct err *err; /* NULL: there was an answer */
    uint32_t took_ms;
    const char *request, *answer; /* as sent and received */
    size_t n_request, n_answer;
};

/*
 * @folder  where the file goes
 * @keep    receives a copy of what was written; may be NULL
 * @return  -1 *err (code "conf"): the folder cannot be written to
 */
int trace_new(struct loop *l,
              const char *folder,
              void (*keep)(const char *text, void *user),
              void *user,
              struct trace **ret,
              struct err *err) must_check;
void trace_free(struct trace *t); /* writes what waits; NULL is fine */
void trace_attempt(struct trace *t, const struct trace_attempt *a);
/* One step of a search for a mailbox's server. first: of a new search. */
void trace_search(
    struct trace *t, const char *mailbox, const char *step, const char *outcome, int first);
CLEANUP_DEFINE(struct trace, trace_free);

#endif
