/* What must hold in a world, by the church and the model of Exchange alone. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "tests/support/world_p.h"

/* A worker that slept may still write what it loaded before, which nobody held. */
enum { HOLD_YOUNG_MS = 5 * 60 * 1000 };

bool world_bad(struct world *w, const char *fmt, ...)
{
    va_list ap;
    if (w->wrong[0])
        return false;
    va_start(ap, fmt);
    vsnprintf(w->wrong, sizeof(w->wrong), fmt, ap);
    va_end(ap);
    return false;
}

/* What was sent earlier must not come after what was sent later. */
static bool overtaken(struct world *w, int box, const struct guid *key)
{
    int soul = church_soul_of(key);
    if (soul == CHURCH_NOBODY)
        return false;
    int64_t *newest = &w->m.sent_at[box][soul];
    if (w->r->sent_at < *newest)
        return true;
    *newest = w->r->sent_at;
    return false;
}

/* A delete or an update that waits for an operator must not be done. A double or a copy may go. */
static bool
held_long(struct world *w, int64_t mailbox, const struct exchange_item *it, enum store_verb verb)
{
    int64_t person = ledger_memory_person(w->rows.rows, &it->key);
    const struct ledger_memory_link *l = ledger_memory_link(w->rows.rows, mailbox, person);
    if (!l || !l->held || l->want.set != (verb == STORE_UPDATE) || !l->item_id ||
        strcmp(l->item_id, it->id) != 0)
        return false;
    int64_t since = w->m.held_at[mailbox][person];
    return since && since < world_now(w) - HOLD_YOUNG_MS;
}

const char *world_judge(const struct exchange_box *b,
                        const struct exchange_item *it,
                        enum store_verb verb,
                        void *world)
{
    struct world *w = world;
    int box = church_box_of(b->address);
    if (overtaken(w, box, &it->key))
        return "an older write came after a newer one";
    if ((verb != STORE_DELETE && verb != STORE_UPDATE) || !w->rows.rows ||
        !world_mailbox_of(w, box))
        return NULL;
    return held_long(w, world_mailbox_of(w, box), it, verb) ? "what is held is written" : NULL;
}

static bool fields_right(struct world *w, const struct exchange_item *it, int box, int soul)
{
    for (int f = 0; f < CONTACT_FIELD_COUNT; f++) {
        const char *want = church_field(&w->church, soul, (enum contact_field)f);
        if (strcmp(want ? want : "", it->field[f]) != 0 && !(it->edited >> f & 1))
            return world_bad(w, "mailbox %d, person %d: %s is '%s', wanted '%s'", box, soul,
                             contact_field_name((enum contact_field)f), it->field[f],
                             want ? want : "");
    }
    return true;
}

static bool same_lines(const char *x, const char *y)
{
    for (const char *p = x; *p; p += strcspn(p, "\n"), p += *p == '\n') {
        size_t n = strcspn(p, "\n");
        const char *at = y;
        bool found = false;
        for (; *at && !found; at += strcspn(at, "\n"), at += *at == '\n')
            found = strcspn(at, "\n") == n && memcmp(at, p, n) == 0;
        if (!found)
            return false;
    }
    return strlen(x) == strlen(y);
}

struct tally {                        /* items of one key in a mailbox */
    const struct exchange_item *made; /* by us */
    size_t n_made, copies;
};

static struct tally count(const struct exchange_box *b, int soul)
{
    struct guid key = church_key(soul);
    struct tally t = {0};
    vec_foreach (i, &b->items) {
        const struct exchange_item *it = *i;
        if (!it->ours || it->place == STORE_IN_TRASH || guid_cmp(&it->key, &key))
            continue;
        t.n_made += !it->copied;
        t.copies += it->copied;
        if (!it->copied)
            t.made = it;
    }
    return t;
}

/* Delete Old Contacts is off. Who opted out goes all the same. */
static bool may_be_kept(const struct world *w, int soul)
{
    return !w->settings.run.delete_old &&
           !(church_there(&w->church, soul) && w->church.soul[soul].opted_out);
}

static bool soul_right(struct world *w, const struct exchange_box *b, int box, int soul)
{
    char cats[64];
    struct tally t = count(b, soul);
    bool want = church_wants(&w->church, box, soul, cats);
    if (t.n_made > 1)
        return world_bad(w, "mailbox %d, person %d: %zu items", box, soul, t.n_made);
    if (!want)
        return !t.made || may_be_kept(w, soul) ||
               world_bad(w, "mailbox %d, person %d is still there", box, soul);
    if (!t.made)
        return t.copies || w->m.user_deleted[box] >> soul & 1 ||
               world_bad(w, "mailbox %d, person %d is missing", box, soul);
    if (t.copies && t.made) /* which of them is the row's the mailbox alone cannot tell */
        return true;
    if (!same_lines(cats, t.made->cats))
        return world_bad(w, "mailbox %d, person %d: categories '%s', wanted '%s'", box, soul,
                         t.made->cats, cats);
    const char *why = world_picture_wrong(w, t.made, soul);
    if (why)
        return world_bad(w, "mailbox %d, person %d: item %s %s", box, soul, t.made->id, why);
    return fields_right(w, t.made, box, soul);
}

/* ---- Clear and Remove ---- */

/* By its key, or as the item that a merge gave to somebody. */
static bool wanted_item(struct world *w, int64_t mailbox, const struct exchange_item *it)
{
    const struct ledger_memory_link *l;
    for (size_t k = 0; (l = ledger_memory_link_at(w->rows.rows, mailbox, k)); k++) {
        bool same = guid_cmp(memory_key(w->rows.rows, l->person), &it->key) == 0;
        if (l->want.set && (same || (l->item_id && strcmp(l->item_id, it->id) == 0)))
            return true;
    }
    return false;
}

/* A Clear that is done has left nothing of ours that is not wanted, but for what the user copied
 * since it was asked for. */
static void judge_clear(struct world *w, int box, int64_t mailbox)
{
    char address[32];
    const struct exchange_box *b = exchange_box(w->x, church_address(box, address));
    vec_foreach (i, &b->items) {
        const struct exchange_item *it = *i;
        bool since = it->copied && it->created_ms >= w->m.cleared_at[box];
        if (!it->ours || it->place == STORE_IN_TRASH || since)
            continue;
        bool wanted = wanted_item(w, mailbox, it);
        if (!wanted)
            world_bad(w, "mailbox %d: item %s is still there after a Clear", box, it->id);
        w->seen[WORLD_SAW_CLEAR_CROSSED] += wanted;
    }
}

void world_watch_clears(struct world *w)
{
    for (int box = 0; box < CHURCH_BOXES && w->rows.rows; box++) {
        int64_t mailbox = w->m.cleared_at[box] ? world_mailbox_of(w, box) : 0;
        if (!mailbox || ledger_memory_mailbox(w->rows.rows, mailbox)->clear)
            continue;
        judge_clear(w, box, mailbox);
        w->m.cleared_at[box] = 0;
        w->seen[WORLD_SAW_CLEARED]++;
    }
}

/* ---- at rest ---- */

static bool is_own(const struct exchange_item *it)
{
    return !it->ours && !it->copied && strcmp(it->field[CONTACT_DISPLAY_NAME], "My own") == 0 &&
           strcmp(it->cats, "Family") == 0;
}

static void box_right(struct world *w, int box)
{
    char address[32];
    const struct exchange_box *b = exchange_box(w->x, church_address(box, address));
    size_t own = 0;
    for (int soul = 0; soul < CHURCH_SOULS; soul++)
        if (!soul_right(w, b, box, soul))
            return;
    vec_foreach (it, &b->items) {
        own += is_own(*it);
        if (!(*it)->ours && !(*it)->copied && !is_own(*it))
            world_bad(w, "mailbox %d: item %s lost our properties, or is not as the user left it",
                      box, (*it)->id);
    }
    if (own != w->m.foreign[box])
        world_bad(w, "mailbox %d: %zu own items, %zu were made", box, own, w->m.foreign[box]);
}

static void count_hidden(struct world *w)
{
    const struct ledger_memory_link *l;
    for (size_t m = 1; w->rows.rows && m <= w->rows.n_mailboxes; m++)
        for (size_t k = 0; (l = ledger_memory_link_at(w->rows.rows, (int64_t)m, k)); k++)
            w->seen[WORLD_SAW_HIDDEN] += l->state == LINK_HIDDEN;
}

bool world_pictured(struct world *w)
{
    char address[32], cats[64];
    for (int i = 0; i < CHURCH_BOXES * CHURCH_SOULS; i++) {
        int box = i / CHURCH_SOULS, soul = i % CHURCH_SOULS;
        struct tally t = count(exchange_box(w->x, church_address(box, address)), soul);
        bool judged = t.made && !t.copies && church_wants(&w->church, box, soul, cats);
        if (judged && world_picture_wrong(w, t.made, soul))
            return false;
    }
    return true;
}

void world_verdict(struct world *w)
{
    count_hidden(w);
    for (int box = 0; box < CHURCH_BOXES; box++)
        box_right(w, box);
    world_judge_pictures(w);
}
