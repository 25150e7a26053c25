/*
 * States that read Exchange: which folder this mailbox is (IDENTIFYING), which items carry our keys
 * and what that means (LISTING).
 */
#include <stdio.h>
#include <string.h>

#include "common/base/log.h"
#include "common/base/str.h"

#include "worker/dispatch_p.h"
#include "worker/hand_p.h"
#include "worker/mailbox_p.h"
#include "worker/worker_p.h"

enum { SAME_MAILBOX_PARK_MS = 3600 * 1000, FORMER_MAX = 64 << 10 };

void mailbox_forget_folder(struct mailbox *mb)
{
    autovalue(str_release) struct str s = STR_INIT(FORMER_MAX);
    if (!mb->folder_id)
        return;
    str_puts(&s, mb->folder_id);
    if (mb->former && *mb->former) {
        str_putc(&s, '\n');
        str_puts(&s, mb->former);
    }
    if (!s.over) {
        free(mb->former);
        mb->former = xstrdup(s.p);
    }
    free(mb->folder_id);
    mb->folder_id = NULL;
}

void mailbox_read_failed(struct mailbox *mb, enum outcome o, const struct err *err)
{
    if (o == OUT_UNKNOWN || o == OUT_RETRY_SOON || o == OUT_NOT_TRIED)
        o = OUT_RETRY_SOON;
    mailbox_request_result(mb, o, err);
    if (!mb->pause_ms && o != OUT_FOLDER_LOST)
        mb->pause_ms = mailbox_jitter(mb, OUT_RETRY_LATER, mb->park_attempts + 1, err->after_ms);
    if (mb->folder_lost) {
        mailbox_forget_folder(mb);
        mb->folder_lost = false;
    }
    uint32_t ms = mb->pause_ms;
    mb->pause_ms = 0;
    if (mb->pause_parks)
        mailbox_park(mb, ms, err->code);
    else
        mailbox_pause(mb, ms ? ms : 1, err->code, mailbox_load);
}

/* --- identify -------------------------------------------------------------------------- */

static void identity_recorded(enum ledger_status st, const struct err *err, void *user)
{
    struct mailbox *mb = user;
    if (st != LEDGER_OK) { /* ours only once the row says so: another mailbox may have it */
        free(mb->folder_id);
        mb->folder_id = NULL;
    }
    if (!mailbox_ledger_ok(mb, st, err, mailbox_load))
        return;
    if (st == LEDGER_CONFLICT) {
        log_warn("two addresses of one mailbox; the second one rests", kv("mailbox", mb->id));
        mailbox_park(mb, SAME_MAILBOX_PARK_MS, "mailbox.same_folder");
        return;
    }
    mb->folder_checked = true;
    mb->verified = false; /* the row knows better: the next take or this listing says so */
    mailbox_list_all(mb);
}

/* The folder that the row knows, and that was listed before: nothing is new. */
static bool known_folder(const struct mailbox *mb, const struct store_identity *id)
{
    return mb->folder_id && mb->verified && !strcmp(mb->folder_id, id->folder_id);
}

static void
identified(const struct store_identity *id, enum outcome outcome, const struct err *err, void *user)
{
    struct mailbox *mb = user;
    struct worker *w = mb->w;
    dispatch_slot_free(mb);
    observe_call(w, "identify", 0);
    if (mb->fenced) {
        mailbox_lost(mb);
        return;
    }
    if (outcome != OUT_DONE) {
        mailbox_read_failed(mb, outcome, err);
        return;
    }
    mailbox_request_result(mb, OUT_DONE, NULL);
    if (known_folder(mb, id)) {
        mb->folder_checked = true;
        mailbox_load(mb);
        return;
    }
    if (mb->folder_id && strcmp(mb->folder_id, id->folder_id) != 0)
        mailbox_forget_folder(mb);
    free(mb->folder_id);
    mb->folder_id = xstrdup(id->folder_id);
    w->p.ledger->ops->identify(w->p.ledger, mb->lease, id->folder_id, id->server_version,
                               identity_recorded, mb);
}

void mailbox_identify(struct mailbox *mb)
{
    struct worker *w = mb->w;
    if (!dispatch_slot(mb, mailbox_decide))
        return;
    mailbox_enter(mb, MB_IDENTIFYING);
    w->p.store->ops->identify(w->p.store, mailbox_store(mb), identified, mb);
}

/* --- list ------------------------------------------------------------------------------ */

static void keep_items(struct mailbox *mb, const struct store_listed *items, size_t n)
{
    struct store_listed *copy = arena_memdup(mb->work, items, n * sizeof(*items));
    for (size_t i = 0; i < n; i++) {
        copy[i].item_id = arena_strdup(mb->work, copy[i].item_id);
        copy[i].version = arena_strdup(mb->work, copy[i].version);
        copy[i].hash = arena_strdup(mb->work, copy[i].hash);
    }
    mb->listed = copy;
    mb->n_listed = n;
}

struct settle_rules mailbox_settle_rules(const struct mailbox *mb)
{
    const struct worker *w = mb->w;
    return (struct settle_rules){.gap_ms = w->s.settle_gap_ms,
                                 .look_again_ms = w->s.look_again_ms,
                                 .now_ms = clock_wall(loop_clock(w->p.loop)),
                                 .former = mb->former,
                                 .recreate = w->s.recreate,
                                 .own_trash = w->p.store->ops->limits(w->p.store)->own_trash};
}

static void list_everything(struct mailbox *mb, store_list_done done);

/* Ends a listing that failed; true: it did not. */
static bool listing_ok(struct mailbox *mb, enum outcome outcome, const struct err *err)
{
    observe_call(mb->w, "list", 0);
    if (mb->fenced) {
        dispatch_slot_free(mb);
        mailbox_lost(mb);
        return false;
    }
    if (outcome != OUT_DONE) {
        dispatch_slot_free(mb);
        mailbox_read_failed(mb, outcome, err);
        return false;
    }
    mailbox_request_result(mb, OUT_DONE, NULL);
    settle_plan_release(&mb->settle);
    mb->extras_done = 0;
    return true;
}

/* --- some links: settle -------------------------------------------------------------------- */

static void settle_by(struct mailbox *mb, const struct settle_rules *rules)
{
    settle_links(mb->links, mb->n_links, mb->listed, mb->n_listed, mb->folder_id, rules,
                 &mb->settle);
}

/* All items of the mailbox are listed: are few missing, or many? */
static void census_listed(const struct store_listed *items,
                          size_t n,
                          enum outcome outcome,
                          const struct err *err,
                          void *user)
{
    struct mailbox *mb = user;
    if (!listing_ok(mb, outcome, err))
        return;
    keep_items(mb, items, n);
    struct settle_rules rules = mailbox_settle_rules(mb);
    rules.missing = settle_census(mb->known, mb->n_known, mb->listed, mb->n_listed);
    settle_by(mb, &rules);
    if (rules.missing == SETTLE_FEW || mb->settle.rebuilt)
        settle_rest(mb->known, mb->n_known, mb->listed, mb->n_listed, &rules, &mb->settle);
    mailbox_tidy(mb);
}

static void settle_listed(const struct store_listed *items,
                          size_t n,
                          enum outcome outcome,
                          const struct err *err,
                          void *user)
{
    struct mailbox *mb = user;
    if (!listing_ok(mb, outcome, err))
        return;
    keep_items(mb, items, n);
    mb->listing_all = false;
    const struct settle_rules rules = mailbox_settle_rules(mb);
    settle_by(mb, &rules);
    if (mb->settle.missing)
        list_everything(mb, census_listed);
    else
        mailbox_tidy(mb);
}

/* Rule 2: what may still land comes first. true: it is over. */
static bool flight_over(struct mailbox *mb)
{
    int64_t now = worker_now(mb->w);
    if (mb->flight_until_ms <= now)
        return true;
    mailbox_pause(mb, (uint32_t)(mb->flight_until_ms - now), "flight", mailbox_load);
    return false;
}

void mailbox_settle(struct mailbox *mb)
{
    struct worker *w = mb->w;
    if (!flight_over(mb) || !dispatch_slot(mb, mailbox_decide))
        return;
    mailbox_enter(mb, MB_LISTING);
    arena_reset(mb->work);
    struct guid *keys = arena_alloc(mb->work, (2 * mb->n_links + 1) * sizeof(*keys));
    size_t n = settle_keys(mb->links, mb->n_links, keys);
    w->p.store->ops->list(w->p.store, mailbox_store(mb), keys, n, settle_listed, mb);
}

/* --- everything: a first contact, a restore, a Clear ----------------------------------------- */

void mailbox_judge_all(struct mailbox *mb)
{
    const struct settle_rules rules = mailbox_settle_rules(mb);
    settle_mailbox(mb->known, mb->n_known, mb->listed, mb->n_listed, mb->folder_id, &rules,
                   &mb->settle);
    mailbox_legacy_adopt(mb);
    mailbox_clear_found(mb);
    mailbox_tidy(mb);
}

/* What the mailbox holds, against what the rows know. */
static void all_listed(const struct store_listed *items,
                       size_t n,
                       enum outcome outcome,
                       const struct err *err,
                       void *user)
{
    struct mailbox *mb = user;
    if (!listing_ok(mb, outcome, err))
        return;
    keep_items(mb, items, n);
    mb->listing_all = true;
    mailbox_legacy(mb);
}

static void known_loaded(enum ledger_status st,
                         const struct ledger_known *rows,
                         size_t n,
                         const struct err *err,
                         void *user)
{
    struct mailbox *mb = user;
    struct worker *w = mb->w;
    if (st != LEDGER_OK)
        dispatch_slot_free(mb);
    if (!mailbox_ledger_ok(mb, st, err, mailbox_load))
        return;
    mb->known = arena_memdup(mb->work, rows, n * sizeof(*rows));
    mb->n_known = n;
    for (size_t i = 0; i < n; i++) {
        mb->known[i].item_id = arena_strdup(mb->work, rows[i].item_id);
        mb->known[i].cats = arena_strdup(mb->work, rows[i].cats);
        mb->known[i].former = arena_strdup(mb->work, rows[i].former);
    }
    w->p.store->ops->list(w->p.store, mailbox_store(mb), NULL, 0, mb->then_listed, mb);
}

static void list_everything(struct mailbox *mb, store_list_done done)
{
    struct worker *w = mb->w;
    mb->then_listed = done;
    w->p.ledger->ops->known(w->p.ledger, mb->lease, known_loaded, mb);
}

void mailbox_list_all(struct mailbox *mb)
{
    if (!flight_over(mb) || !dispatch_slot(mb, mailbox_decide))
        return;
    mailbox_enter(mb, MB_LISTING);
    arena_reset(mb->work);
    list_everything(mb, all_listed);
}
