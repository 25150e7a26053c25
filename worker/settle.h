/*
 * settle: what a listing by key says about links whose last write is not known, and about a mailbox
 * seen for the first time. Pure.
 *
 * The item itself tells which content it holds (RockSyncHash), so nothing is guessed (design
 * section 6, rules 6-8):
 *  - an item that carries the intended hash: the write arrived; have = what was intended;
 *  - an item that carries the hash of have: it did not; have stays;
 *  - an item with another hash: it is ours, but its content is not known: everything is written
 * again;
 *  - no item: a second look `gap` later; still none: nothing is there.
 * One key on several items: the link's own by id, else the oldest. The others are doubles (same
 * hash, made since the write in question was sent: deleted) or copies that the user made (stripped
 * of our properties).
 */
#ifndef SYNC_WORKER_SETTLE_H
#define SYNC_WORKER_SETTLE_H

#include "common/base/vec.h"

#include "common/port/contact_store.h"
#include "common/port/ledger.h"

struct settle_rules {
    uint32_t gap_ms;        /* between the two looks */
    uint32_t look_again_ms; /* later look after a create that had to be done again */
    int64_t now_ms;         /* wall clock: when an item was made tells a double from a copy */
};

struct settle_extra {              /* an item to be taken away */
    const char *item_id, *version; /* borrowed from the listing */
    struct guid key;
    bool is_double; /* delete; else strip */
};

struct settle_plan {
    vec(struct ledger_result) results;
    vec(struct settle_extra) extras;
    vec(struct ledger_found) found; /* full listing only: items that no row knows */
};

void settle_plan_release(struct settle_plan *p);

/* The keys to list for these links: those that need settling; at most 2 each. Returns how many were
 * written to keys (room for 2 * n). */
size_t settle_keys(const struct ledger_link *links, size_t n, struct guid *keys);

/* Links that need settling, after a listing of settle_keys. Strings in results are borrowed from
 * links and items. */
void settle_links(const struct ledger_link *links,
                  size_t n,
                  const struct store_listed *items,
                  size_t n_items,
                  const char *folder_id,
                  const struct settle_rules *rules,
                  struct settle_plan *ret);

/* A whole mailbox, after a listing of everything with our key. Rows with an open intent are left to
 * settle_links. */
void settle_mailbox(const struct ledger_known *rows,
                    size_t n,
                    const struct store_listed *items,
                    size_t n_items,
                    const char *folder_id,
                    struct settle_plan *ret);

#endif
