/*
 * outcome: what the answer to one write means for the link, the batch, the mailbox, the account.
 * Neutral words that every store speaks (design section 6 rule 11; reference/graph.md section 16);
 * each store maps its own codes to them in one pure table.
 */
#ifndef SYNC_CORE_OUTCOME_H
#define SYNC_CORE_OUTCOME_H

#include <stdint.h>

enum outcome {
    OUT_DONE,        /* applied; for a delete also: was not there */
    OUT_UNKNOWN,     /* may have been applied: settle by key after the flight's deadline */
    OUT_NOT_TRIED,   /* certainly not applied, send again as it is once the cause is handled */
    OUT_RETRY_SOON,  /* not applied; again in seconds, in memory */
    OUT_RETRY_LATER, /* not applied; again later, by row (err.after_ms when the server named a time)
                      */
    OUT_GONE,        /* the item or id is not there (any more) */
    OUT_CONFLICT,    /* the item changed since the version we know */
    OUT_SPLIT,       /* the request was refused whole: halve it; alone: OUT_DEAD */
    OUT_DEAD,        /* refused for good, for this content and this release */
    OUT_PARK,        /* nothing for this mailbox for a while */
    OUT_STOP,        /* nothing for this account until someone mends it */
    OUT_FOLDER_LOST  /* the target folder id is not valid any more: identify the mailbox again */
};

const char *
outcome_name(enum outcome o); /* "done", "unknown", ... for metrics, journal and debug pages */

#endif
