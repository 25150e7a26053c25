/* worker_support: what scenes of a worker have in common, over tests/support/worker_rig.h. */
#ifndef SYNC_TESTS_CRASH_WORKER_SUPPORT_H
#define SYNC_TESTS_CRASH_WORKER_SUPPORT_H

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "tests/support/worker_rig_use.h"

static const char *const pat = "pat@church.example";

static inline void finish(struct rig *r)
{
    const char *wrong = rig_finish(r);
    cr_assert_null(wrong, "%s", wrong);
}

static inline struct ledger_memory_link *link_of(struct rig *r, int64_t mb, int person)
{
    struct guid key = rig_key(person);
    return ledger_memory_link(rig_rows(r), mb, ledger_memory_person(rig_rows(r), &key));
}

static inline const struct memory_item *item_of(struct rig *r, const char *address, int person)
{
    struct guid key = rig_key(person);
    return memory_store_by_key(rig_server(r), address, &key);
}

/* A mailbox that holds so many contacts; calls are counted from here. */
static inline int64_t synced(struct rig *r, const char *address, int people)
{
    int64_t mb = rig_mailbox(r, address);
    for (int i = 0; i < people; i++)
        rig_want(r, mb, i, 1, false);
    finish(r);
    rig_count_from_here(r);
    return mb;
}

static inline size_t items(struct rig *r, const char *address)
{
    const struct memory_item *const *v;
    return memory_store_items(rig_server(r), address, &v);
}

#endif
