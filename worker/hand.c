/*
 * Contacts that the program before this one made (reference/rock.md section 15): found at the first
 * contact with a mailbox, by that program's own marks, and taken over: the item stays, with the
 * user's notes and photo in it, and is written like one of ours whose content is not known. Its old
 * marks go with that write.
 *
 * As long as that program runs, it writes into the same mailbox: then everything waits. It runs
 * while its marks move: each contact says when it was written last.
 */
#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "common/base/map.h"

#include "worker/dispatch_p.h"
#include "worker/hand_p.h"
#include "worker/mailbox_p.h"
#include "worker/worker_p.h"

enum { LOOK_AGAIN_MS = 3600 * 1000, SECOND_MS = 1000 };

/* Categories that are not the user's on such a contact: two names that the original plugin used as
 * we do. Those of groups cannot be told. */
static const char legacy_cats[] = "Following\nStaff";

static bool asked_for(const struct mailbox *mb)
{
    const struct worker *w = mb->w;
    return w->p.store->ops->legacy && w->s.legacy != LEGACY_IGNORE && !mb->clear;
}

static void keep_legacy(struct mailbox *mb, const struct store_legacy *items, size_t n)
{
    struct store_legacy *copy = arena_memdup(mb->work, items, n * sizeof(*items));
    for (size_t i = 0; i < n; i++) {
        copy[i].item_id = arena_strdup(mb->work, items[i].item_id);
        copy[i].version = arena_strdup(mb->work, items[i].version);
        copy[i].mark = arena_strdup(mb->work, items[i].mark);
    }
    mb->legacy = copy;
    mb->n_legacy = n;
}

/* --- does that program still run? ---------------------------------------------------------- */

/* The newest mark, Unix milliseconds; -1: there is one that cannot be read. */
static int64_t newest_mark(const struct mailbox *mb)
{
    int64_t newest = 0;
    for (size_t i = 0; i < mb->n_legacy; i++) {
        if (!mb->legacy[i].mark_ms)
            return -1;
        newest = mb->legacy[i].mark_ms > newest ? mb->legacy[i].mark_ms : newest;
    }
    return newest;
}

static bool long_ago(const struct mailbox *mb)
{
    int64_t newest = newest_mark(mb), now = clock_wall(loop_clock(mb->w->p.loop));
    return newest >= 0 && now - newest > (int64_t)mb->w->s.legacy_quiet_ms;
}

static void marks_of(const struct mailbox *mb, struct sha256 *ret)
{
    struct digest *d = digest_new();
    for (size_t i = 0; i < mb->n_legacy; i++) {
        const struct store_legacy *it = &mb->legacy[i];
        digest_add(d, &it->rock_person, sizeof(it->rock_person));
        digest_add(d, it->mark, strlen(it->mark) + 1);
    }
    digest_finish(d, ret);
    digest_free(d);
}

static void marks_known(enum ledger_status st, int64_t quiet_ms, const struct err *err, void *user)
{
    struct mailbox *mb = user;
    const struct worker *w = mb->w;
    int64_t rest = (int64_t)w->s.legacy_quiet_ms - quiet_ms;
    if (st != LEDGER_OK || rest > 0)
        dispatch_slot_free(mb);
    if (!mailbox_ledger_ok(mb, st, err, mailbox_load))
        return;
    if (rest <= 0) {
        mailbox_judge_all(mb);
        return;
    }
    log_info("the program before this one may still be writing here; waiting until its marks rest",
             kv("mailbox", mb->id), kv("contacts", mb->n_legacy), kv("ms", rest));
    uint32_t ms = rest < LOOK_AGAIN_MS ? (uint32_t)rest + SECOND_MS : LOOK_AGAIN_MS;
    mailbox_park(mb, ms, "legacy.running");
}

/* --- ask ----------------------------------------------------------------------------------- */

static void legacy_listed(const struct store_legacy *items,
                          size_t n,
                          enum outcome outcome,
                          const struct err *err,
                          void *user)
{
    struct mailbox *mb = user;
    struct worker *w = mb->w;
    observe_call(w, "legacy", 0);
    if (mb->fenced || outcome != OUT_DONE)
        dispatch_slot_free(mb);
    if (mb->fenced) {
        mailbox_lost(mb);
        return;
    }
    if (outcome != OUT_DONE) {
        mailbox_read_failed(mb, outcome, err);
        return;
    }
    keep_legacy(mb, items, n);
    if (!n || w->s.legacy == LEGACY_ADOPT || long_ago(mb)) {
        mailbox_judge_all(mb);
        return;
    }
    struct sha256 marks;
    marks_of(mb, &marks);
    w->p.ledger->ops->legacy(w->p.ledger, mb->lease, &marks, n, marks_known, mb);
}

void mailbox_legacy(struct mailbox *mb)
{
    struct worker *w = mb->w;
    mb->n_legacy = 0;
    if (asked_for(mb))
        w->p.store->ops->legacy(w->p.store, mailbox_store(mb), legacy_listed, mb);
    else
        mailbox_judge_all(mb);
}

/* --- take over ----------------------------------------------------------------------------- */

static struct map *keys_listed(struct mailbox *mb)
{
    struct map *keys = map_new();
    for (size_t i = 0; i < mb->n_listed; i++)
        if (mb->listed[i].place != STORE_IN_TRASH)
            map_put(keys, mb->listed[i].key.b, sizeof(mb->listed[i].key.b), mb);
    return keys;
}

/* The contact of this person, by the id of now or by one of before a merge; NULL: none. */
static const struct store_legacy *
legacy_of(const struct mailbox *mb, const struct map *by_person, const struct ledger_known *row)
{
    uintptr_t slot = (uintptr_t)map_get_u64(by_person, (uint64_t)row->rock_id);
    for (const char *p = row->former; !slot && p && *p; p += *p == ',') {
        char *end;
        unsigned long long id = strtoull(p, &end, 10);
        if (end == p)
            break;
        slot = (uintptr_t)map_get_u64(by_person, id);
        p = end;
    }
    return slot ? &mb->legacy[slot - 1] : NULL;
}

static void
take_over(struct mailbox *mb, const struct ledger_known *row, const struct store_legacy *it)
{
    vec_push(&mb->settle.results,
             (struct ledger_result){.person = row->person,
                                    .set_have = true,
                                    .have = {.set = true, .key = row->key, .cats = legacy_cats},
                                    .have_content_unknown = true,
                                    .item_id = it->item_id,
                                    .version = it->version,
                                    .op = "adopt",
                                    .outcome = "done",
                                    .code = "legacy"});
}

void mailbox_legacy_adopt(struct mailbox *mb)
{
    if (!mb->n_legacy)
        return;
    autoptr(map_free) struct map *by_person = map_new(), *have = keys_listed(mb);
    size_t taken = 0;
    for (size_t i = mb->n_legacy; i-- > 0;) /* of two the first one stays: the older */
        if (mb->legacy[i].rock_person > 0)
            map_put_u64(by_person, (uint64_t)mb->legacy[i].rock_person, (void *)(uintptr_t)(i + 1));
    for (size_t i = 0; i < mb->n_known; i++) {
        const struct ledger_known *row = &mb->known[i];
        const struct store_legacy *it = NULL;
        if (row->wanted && !row->intent && row->rock_id > 0 &&
            !map_get(have, row->key.b, sizeof(row->key.b)))
            it = legacy_of(mb, by_person, row);
        if (!it)
            continue;
        take_over(mb, row, it);
        taken++;
    }
    log_info("contacts of the program before this one are taken over", kv("mailbox", mb->id),
             kv("contacts", taken), kv("left", mb->n_legacy - taken));
}
