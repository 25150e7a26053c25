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
 *  - no item: a second look `gap` later; still none: nothing is there, if nothing was there before.
 * One key on several items: the link's own by id, else the oldest in the target folder, else the
 * oldest elsewhere: an item that the user moved stays where it is. The others are doubles (same
 * hash, made since the write in question was sent: deleted) or copies that the user made (stripped
 * of our properties). An item that was written for another mailbox is a copy too.
 *
 * An item that was there and is not any more (rule 9): in the trash, or one of a few that are
 * missing: the user deleted it, and it stays deleted (hidden). Many missing at once are no choice
 * of a user's: looked for again later, then made anew. How many are missing takes a listing of the
 * whole mailbox: settle_links says that it needs one (missing), settle_census reads it.
 */
#ifndef SYNC_WORKER_SETTLE_H
#define SYNC_WORKER_SETTLE_H

#include "common/base/vec.h"

#include "common/port/contact_store.h"
#include "common/port/ledger.h"

enum settle_missing {
    SETTLE_ASK,  /* not known how many are missing: such links get no result, they are counted */
    SETTLE_FEW,  /* the user deleted them */
    SETTLE_MANY, /* no choice of the user's */
};

struct settle_rules {
    uint32_t gap_ms;        /* between the two looks */
    uint32_t look_again_ms; /* later look after a create that had to be done again, and at many
                               that are missing */
    int64_t now_ms;         /* wall clock: when an item was made tells a double from a copy */
    const char *former;     /* folder ids of before, LF-joined; items written for them are ours too;
                               NULL none */
    bool recreate;          /* what a user deletes is made anew: nothing is ever hidden */
    bool own_trash;         /* our own deletes land in the trash: what lies there proves less */
    enum settle_missing missing;
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
    vec(char *) texts;              /* made for results; the plan's */
    size_t missing;                 /* SETTLE_ASK: links whose item is nowhere to be seen */
    size_t hidden, rebuilt, later;  /* of those that are not there any more */
    bool relist; /* an item that never was ours by its own word is gone: list the whole mailbox */
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
                    const struct settle_rules *rules,
                    struct settle_plan *ret);

/* Are the items that are missing in this mailbox few or many? After a listing of everything. */
enum settle_missing settle_census(const struct ledger_known *rows,
                                  size_t n,
                                  const struct store_listed *items,
                                  size_t n_items);
/* The same fate for the rows without an open write whose item is missing: hidden (few), made anew
 * (many). rules->missing as settle_census said. */
void settle_rest(const struct ledger_known *rows,
                 size_t n,
                 const struct store_listed *items,
                 size_t n_items,
                 const struct settle_rules *rules,
                 struct settle_plan *ret);

#endif
