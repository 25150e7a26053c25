/*
 * Clear and Remove (design section 6, rule 10): a row of the mailbox says that it is asked for and
 * that it is done; a message only says "look".
 *
 * When nothing is due any more, the whole mailbox is listed. What carries our key and is not wanted
 * gets a row (where it had none) and goes the way of every delete, with intents and all; then the
 * mailbox is listed again. It is done once a listing finds nothing that is not wanted, and no write
 * is open. So it works where the rows know nothing, stops anywhere, and a choice that is saved
 * meanwhile wins: what is wanted again stays.
 */
#include "common/base/log.h"

#include "worker/hand_p.h"
#include "worker/mailbox_p.h"
#include "worker/worker_p.h"

enum { WAIT_MS = 500, WAITS_IN_HAND = 5, STUCK_PARK_MS = 5 * 60 * 1000 };

void mailbox_sweep(struct mailbox *mb)
{
    if (!mb->folder_id)
        mailbox_identify(mb); /* goes on with the listing */
    else
        mailbox_list_all(mb);
}

bool mailbox_clear_found(struct mailbox *mb)
{
    bool found = mb->settle.results.n || mb->settle.extras.n || mb->settle.found.n;
    vec_foreach (f, &mb->settle.found)
        f->remove = mb->clear;
    if (found)
        mb->clear_waits = 0;
    return found;
}

/* Something is open that no listing shows: a write that is not settled, a delete that has to wait.
 */
static void wait_and_look_again(struct mailbox *mb)
{
    uint32_t gap = mb->w->s.settle_gap_ms;
    if (++mb->clear_waits <= WAITS_IN_HAND)
        mailbox_pause(mb, gap + WAIT_MS, "clear.waits", mailbox_load);
    else
        mailbox_park(mb, STUCK_PARK_MS, "clear.waits");
}

static void cleared(enum ledger_status st, const struct err *err, void *user)
{
    struct mailbox *mb = user;
    if (!mailbox_ledger_ok(mb, st, err, mailbox_load))
        return;
    if (st == LEDGER_MORE) {
        wait_and_look_again(mb);
        return;
    }
    log_info("Clear and Remove is done", kv("mailbox", mb->id));
    mb->clear = false;
    mb->clear_waits = 0;
    mailbox_load(mb);
}

void mailbox_swept(struct mailbox *mb)
{
    struct worker *w = mb->w;
    w->p.ledger->ops->cleared(w->p.ledger, mb->lease, cleared, mb);
}
