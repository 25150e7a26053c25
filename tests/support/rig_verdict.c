/* The verdict: what mailboxes hold, against what the rows want. Nothing of the worker's is used. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/drv/ledger_memory_p.h"
#include "tests/support/worker_rig_p.h"

enum { CONTACT_BYTES = 1 << 20 };

static bool __attribute__((format(printf, 2, 3))) bad(struct rig *r, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(r->wrong, sizeof(r->wrong), fmt, ap);
    va_end(ap);
    return false;
}

static bool has_line(const char *text, const char *line, size_t n)
{
    for (const char *p = text; *p; p += *p == '\n') {
        size_t len = strcspn(p, "\n");
        if (len == n && memcmp(p, line, n) == 0)
            return true;
        p += len;
    }
    return false;
}

/* Equal but for the order of lines; no line stands in one of them twice. */
static bool same_lines(const char *x, const char *y)
{
    if (strlen(x) != strlen(y))
        return false;
    for (const char *p = x; *p; p += *p == '\n') {
        size_t n = strcspn(p, "\n");
        if (!has_line(y, p, n))
            return false;
        p += n;
    }
    return true;
}

static bool
fields_right(struct rig *r, const struct ledger_memory_link *l, const struct memory_item *it)
{
    autoptr(arena_free) struct arena *a = arena_new("verdict", CONTACT_BYTES);
    const char *body = memory_body(r->rows, &l->want.content);
    struct contact c;
    struct err err;
    if (!body || contact_decode(body, strlen(body), a, &c, &err) < 0)
        return bad(r, "person %lld: no content", (long long)l->person);
    for (int f = 0; f < CONTACT_FIELD_COUNT; f++) {
        const char *x = c.f[f] ? c.f[f] : "", *y = it->field[f] ? it->field[f] : "";
        if (strcmp(x, y) != 0)
            return bad(r, "person %lld: %s is '%s', wanted '%s'", (long long)l->person,
                       contact_field_name((enum contact_field)f), y, x);
    }
    if (!same_lines(l->want.cats, it->categories))
        return bad(r, "person %lld: categories '%s', wanted '%s'", (long long)l->person,
                   it->categories, l->want.cats);
    return true;
}

static bool there(struct rig *r,
                  const struct ledger_memory_mailbox *mb,
                  const struct ledger_memory_link *l,
                  const struct memory_item *it)
{
    char hash[ITEM_HASH_TEXT];
    struct sha256 state = memory_want(r->rows, l);
    if (!it)
        return bad(r, "mailbox %lld: person %lld is missing", (long long)mb->id,
                   (long long)l->person);
    if (!fields_right(r, l, it))
        return false;
    if (!mb->folder_id)
        return bad(r, "mailbox %lld: its folder is not known", (long long)mb->id);
    item_hash_format(mb->folder_id, &state, hash);
    if (!it->hash || strcmp(it->hash, hash) != 0)
        return bad(r, "mailbox %lld: person %lld: wrong hash", (long long)mb->id,
                   (long long)l->person);
    if (!l->item_id || strcmp(l->item_id, it->id) != 0)
        return bad(r, "mailbox %lld: person %lld: the row names another item", (long long)mb->id,
                   (long long)l->person);
    return rig_photo_right(r, l, it) || bad(r, "mailbox %lld: person %lld: another picture",
                                            (long long)mb->id, (long long)l->person);
}

/* After a merge an item may still carry the key of the person that is no more. */
static bool
is_anothers(struct rig *r, const struct ledger_memory_mailbox *mb, const struct memory_item *it)
{
    const struct ledger_memory_link *l;
    for (size_t i = 0; (l = ledger_memory_link_at(r->rows, mb->id, i)); i++) {
        if (l->have.set && l->item_id && strcmp(l->item_id, it->id) == 0)
            return true;
    }
    return false;
}

static bool link_right(struct rig *r,
                       const struct ledger_memory_mailbox *mb,
                       const struct ledger_memory_link *l)
{
    if (l->state != LINK_ACTIVE || l->dead || l->held)
        return true;
    const struct guid *key = memory_key(r->rows, l->person);
    const struct memory_item *it = memory_store_by_key(r->store, mb->address, key);
    if (l->intent || memory_dirty(r->rows, l))
        return bad(r, "mailbox %lld: the row of person %lld is not clean", (long long)mb->id,
                   (long long)l->person);
    if (l->want.set)
        return there(r, mb, l, it);
    return !it || is_anothers(r, mb, it) ||
           bad(r, "mailbox %lld: person %lld is still there", (long long)mb->id,
               (long long)l->person);
}

static bool box_right(struct rig *r, const struct rig_box *b)
{
    const struct ledger_memory_mailbox *mb = ledger_memory_mailbox(r->rows, b->id);
    const struct ledger_memory_link *l;
    const struct memory_item *const *items;
    size_t wanted = 0, ours = 0, n = memory_store_items(r->store, mb->address, &items);
    for (size_t i = 0; (l = ledger_memory_link_at(r->rows, b->id, i)); i++) {
        wanted += l->have.set;
        if (!link_right(r, mb, l))
            return false;
    }
    for (size_t i = 0; i < n; i++)
        ours += items[i]->ours;
    if (ours != wanted)
        return bad(r, "mailbox %lld: %zu items of ours, the rows know %zu", (long long)b->id, ours,
                   wanted);
    return n - ours == b->foreign || bad(r, "mailbox %lld: %zu items of the user's, %zu were there",
                                         (long long)b->id, n - ours, b->foreign);
}

const char *rig_wrong(struct rig *r)
{
    if (r->wrong[0])
        return r->wrong;
    vec_foreach (b, &r->boxes) {
        if (!box_right(r, b))
            return r->wrong;
    }
    if (memory_store_doubles(r->store))
        bad(r, "%zu doubles", memory_store_doubles(r->store));
    else if (memory_store_foreign_touched(r->store))
        bad(r, "foreign items were written");
    else if (r->early_acks)
        bad(r, "%zu messages acked before their rows were done", r->early_acks);
    return r->wrong[0] ? r->wrong : NULL;
}

size_t rig_creates(const struct rig *r, int person)
{
    struct guid key = rig_key(person);
    return (size_t)(uintptr_t)map_get(r->creates, key.b, sizeof(key.b));
}

size_t rig_writes(const struct rig *r)
{
    return r->writes;
}

size_t rig_early_acks(const struct rig *r)
{
    return r->early_acks;
}

size_t rig_bytes_acked(const struct rig *r)
{
    return r->bytes_acked;
}

void rig_foreign(struct rig *r, int64_t mailbox, size_t n)
{
    rig_box(r, mailbox)->foreign = n;
}
