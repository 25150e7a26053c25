/*
 * batch: which of the loaded links go into the next request, and the store operations for them.
 * Pure.
 *
 * A request holds one verb. A link that was tried a few times without success goes alone: it may
 * be what spoils the others' requests. Order within a mailbox: urgent before the rest; deletes,
 * updates, creates (the ledger loads them so). Links with an open intent or a look to take are
 * never written here: they are settled first.
 */
#ifndef SYNC_WORKER_BATCH_H
#define SYNC_WORKER_BATCH_H

#include "common/port/contact_store.h"
#include "common/port/ledger.h"

struct batch {
    enum store_verb verb;
    size_t n;
    struct store_op *ops;          /* tag = index into links */
    struct ledger_intent *intents; /* one per op, same order */
};

enum batch_mark {
    BATCH_OPEN,
    BATCH_TAKEN,
    BATCH_UNUSABLE /* dirty, but its content cannot be read: erased meanwhile */
};
enum batch_need { BATCH_NOTHING, BATCH_NO_CONTENT, BATCH_SETTLE, BATCH_WRITE };

/* What a link asks for now. */
enum batch_need batch_need_of(const struct ledger_link *l);
enum store_verb batch_verb(const struct ledger_link *l); /* of a link that needs BATCH_WRITE */

/*
 * Builds the next batch from links that are not done yet.
 *
 * @marks   enum batch_mark per link: links of the batch become TAKEN, unreadable ones UNUSABLE
 * @a       arena for the batch, at least as long-lived as the request
 * @return  false when no link is left to write
 */
bool batch_next(const struct ledger_link *links,
                unsigned char *marks,
                size_t n,
                const struct store_limits *lim,
                uint32_t size,
                const char *folder_id,
                struct arena *a,
                struct batch *ret);

#endif
