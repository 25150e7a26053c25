/*
 * ews_version: which RequestServerVersion a mailbox is asked with. Pure but for its memory.
 *
 * The oldest version that has what we need is the one to send. A server that does not know it gets
 * the next older one, and the mailbox is remembered: in one organisation servers of several ages
 * may answer.
 * @source  reference/ews.md section 2
 */
#ifndef SYNC_WORKER_EWS_VERSION_H
#define SYNC_WORKER_EWS_VERSION_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/cleanup.h"

/*
 * The RequestServerVersion for a setting: the schema's own names ("Exchange2010_SP2"), or "2007",
 * "2010", "2013", "2016", "2019", "SE", "online"; any case. NULL: unknown. Static.
 */
const char *ews_version_of(const char *setting);
/* The next older one to try; NULL: there is none. Static. */
const char *ews_version_below(const char *version);
/* Does this code say that the version is too new? */
bool ews_version_refused(const char *code);

struct ews_versions;                                        /* by mailbox */
struct ews_versions *ews_versions_new(const char *version); /* of all others; static */
void ews_versions_free(struct ews_versions *v);             /* NULL is fine */
const char *ews_versions_get(const struct ews_versions *v, int64_t mailbox);
/* Remembers it where it is older than the one that is set; unknown ones are ignored. */
void ews_versions_put(struct ews_versions *v, int64_t mailbox, const char *version);
CLEANUP_DEFINE(struct ews_versions, ews_versions_free);

/* Is this URL one of Exchange Online, where EWS ends? */
bool ews_is_online(const char *url);
/* What a church must know about it: one line. */
extern const char ews_online_notice[];

#endif
