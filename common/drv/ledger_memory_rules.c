/*
 * ledger_memory_rules: what the port's operations do to rows in memory; ledger_pg_sql.c says the
 * same in SQL. See ledger_memory_p.h.
 */
#include <string.h>

#include "common/base/str.h"

#include "common/drv/ledger_memory_p.h"

enum ledger_status memory_take(struct ledger_memory_rows *rows,
                               struct ledger_memory_mailbox *row,
                               const char *owner,
                               uint32_t ttl_ms)
{
    int64_t now = memory_now(rows);
    if (row->parked_until > now)
        return LEDGER_OK;
    if (row->lease_until > now && strcmp(row->lease_owner, owner) != 0) {
        row->poke++;
        return LEDGER_BUSY;
    }
    row->lease_epoch++;
    row->lease_owner = ledger_memory_text(rows, owner);
    row->lease_until = now + ttl_ms;
    return LEDGER_OK;
}

static bool any_due(const struct ledger_memory_rows *rows, const struct memory_mailbox *mb)
{
    vec_foreach (l, &mb->links) {
        if (memory_due(rows, *l))
            return true;
    }
    return false;
}

enum ledger_status memory_release(struct ledger_memory_rows *rows,
                                  struct memory_mailbox *mb,
                                  struct ledger_lease lease,
                                  int64_t poke,
                                  uint32_t park_ms,
                                  const char *why)
{
    if (!mb || mb->row.lease_epoch != lease.epoch)
        return LEDGER_FENCED;
    struct ledger_memory_mailbox *row = &mb->row;
    if (!row->lease_until)
        return LEDGER_OK; /* a release that is repeated */
    if (!park_ms && (row->poke != poke || any_due(rows, mb)))
        return LEDGER_MORE;
    row->lease_owner = NULL;
    row->lease_until = 0;
    row->parked_until = park_ms ? memory_now(rows) + park_ms : 0;
    row->parked_why = park_ms ? ledger_memory_text(rows, why) : NULL;
    row->park_attempts = park_ms ? row->park_attempts + 1 : 0;
    return LEDGER_OK;
}

static int rank(const struct ledger_link *l)
{
    int verb = !l->want.set ? 0 : l->have.set ? 1 : 2;
    return (l->urgent ? 0 : 8) + (l->intent ? 0 : 4) + verb;
}

int memory_by_rank(const void *a, const void *b)
{
    const struct ledger_link *x = a, *y = b;
    int d = rank(x) - rank(y);
    if (d)
        return d;
    return x->person < y->person ? -1 : x->person > y->person;
}

static struct link_side
side_of(const struct ledger_memory_rows *rows, const struct link_side *s, bool known)
{
    static const struct sha256 none;
    struct link_side side = *s;
    if (!s->set || !known)
        side.content = none;
    side.body = s->set && known ? memory_body(rows, &s->content) : NULL;
    side.cats = s->cats ? s->cats : "";
    return side;
}

void memory_link_of(const struct ledger_memory_rows *rows,
                    const struct ledger_memory_link *row,
                    struct ledger_link *l)
{
    int64_t now = memory_now(rows);
    *l = (struct ledger_link){.person = row->person,
                              .gen = row->gen,
                              .urgent = row->urgent,
                              .look = row->look_at && row->look_at <= now,
                              .dirty = memory_may_write(rows, row),
                              .attempts = row->attempts,
                              .want = side_of(rows, &row->want, true),
                              .have = side_of(rows, &row->have, !row->have_unknown),
                              .item_id = row->item_id,
                              .version = row->version,
                              .lacks = row->lacks,
                              .intent = row->intent};
    l->want.key = *memory_key(rows, row->person);
    if (row->intent) {
        l->intent_op = row->intent_op;
        l->intended = side_of(rows, &row->intended, true);
        l->intended.key = row->intended.key;
        l->intent_looks = row->looks;
        l->intent_age_ms = now - row->sent_at;
    }
}

bool memory_clash(const struct memory_mailbox *mb, const struct ledger_intent *in, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const struct ledger_memory_link *row = map_get_u64(mb->by_person, (uint64_t)in[i].person);
        if (!row || row->intent || row->have.set != (in[i].op != INTENT_CREATE))
            return true;
    }
    return false;
}

void memory_fly(struct ledger_memory_rows *rows,
                struct memory_mailbox *mb,
                uint32_t deadline_ms,
                uint32_t ttl_ms,
                const struct ledger_intent *in,
                size_t n)
{
    int64_t now = memory_now(rows);
    if (mb->row.flight_until < now + deadline_ms)
        mb->row.flight_until = now + deadline_ms;
    if (mb->row.lease_until < now + ttl_ms)
        mb->row.lease_until = now + ttl_ms;
    for (size_t i = 0; i < n; i++) {
        struct ledger_memory_link *row = map_get_u64(mb->by_person, (uint64_t)in[i].person);
        row->intent = true;
        row->intent_op = in[i].op;
        row->intended = (struct link_side){.set = in[i].op != INTENT_DELETE,
                                           .key = in[i].key,
                                           .content = in[i].content,
                                           .cats = ledger_memory_text(rows, in[i].cats)};
        row->sent_at = now;
        row->looks = 0;
    }
}

static void set_have(struct ledger_memory_rows *rows,
                     struct ledger_memory_link *row,
                     const struct ledger_result *r)
{
    row->have = r->have;
    row->have.body = NULL;
    row->have.cats = ledger_memory_text(rows, r->have.cats);
    row->have_unknown = r->have.set && r->have_content_unknown;
    row->lacks = r->have.set ? r->lacks : 0;
    row->item_id = r->have.set ? ledger_memory_text(rows, r->item_id) : NULL;
    row->version = r->have.set ? ledger_memory_text(rows, r->version) : NULL;
}

static void set_times(struct ledger_memory_link *row, const struct ledger_result *r, int64_t now)
{
    if (r->look_in_ms)
        row->look_at = now + r->look_in_ms;
    else if (r->look_done && !row->intent)
        row->look_at = 0;
    if (r->look_done && row->intent && !r->clear_intent)
        row->looks++;
    row->retry_at = r->retry_in_ms ? now + r->retry_in_ms : 0;
    row->attempts = r->retry_in_ms ? row->attempts + 1 : 0;
}

static void set_state(struct ledger_memory_link *row, const struct ledger_result *r)
{
    if (r->hide && row->state == LINK_ACTIVE)
        row->state = LINK_HIDDEN;
    else if (r->set_have && r->have.set && row->state == LINK_HIDDEN)
        row->state = LINK_ACTIVE;
}

void memory_record(struct ledger_memory_rows *rows,
                   struct ledger_memory_link *row,
                   const struct ledger_result *r)
{
    if (r->set_have)
        set_have(rows, row, r);
    set_state(row, r);
    set_times(row, r, memory_now(rows));
    bool clean = !memory_dirty(rows, row);
    if (r->dead) {
        row->dead = true;
        row->dead_for = row->intent ? memory_state(&row->intended) : memory_want(rows, row);
        row->dead_code = ledger_memory_text(rows, r->code);
    } else if (clean) {
        row->dead = false;
        row->dead_code = NULL;
    }
    if (clean)
        row->urgent = false;
    if (r->clear_intent)
        row->intent = false;
    if (r->op)
        vec_push(&rows->journal,
                 (struct ledger_memory_entry){
                     row->mailbox, row->person, row->run, ledger_memory_text(rows, r->op),
                     ledger_memory_text(rows, r->outcome ? r->outcome : ""),
                     ledger_memory_text(rows, r->code ? r->code : "")});
}

bool memory_taken_elsewhere(const struct ledger_memory_rows *rows,
                            const struct memory_mailbox *mb,
                            const char *folder_id)
{
    vec_foreach (other, &rows->mailboxes) {
        const char *id = (*other)->row.folder_id;
        if (*other != mb && id && strcmp(id, folder_id) == 0)
            return true;
    }
    return false;
}

enum { FORMER_MAX = 64 << 10 };

static const char *joined(struct ledger_memory_rows *rows, const char *x, const char *y)
{
    autovalue(str_release) struct str s = STR_INIT(FORMER_MAX);
    str_puts(&s, x ? x : "");
    if (y && *y) {
        str_puts(&s, s.n ? "\n" : "");
        str_puts(&s, y);
    }
    return ledger_memory_text(rows, s.p);
}

const char *memory_cats(struct ledger_memory_rows *rows, const struct ledger_memory_link *l)
{
    return joined(rows, l->have.cats, l->intent ? l->intended.cats : "");
}

bool memory_clear_done(struct memory_mailbox *mb)
{
    bool left = false;
    vec_foreach (l, &mb->links) {
        struct ledger_memory_link *row = *l;
        if (!row->want.set && row->have.set) {
            row->state = row->state == LINK_KEPT ? LINK_ACTIVE : row->state;
            row->held = false;
            left = true;
        }
        left |= row->intent;
    }
    if (!left)
        mb->row.clear = false;
    return !left;
}

static void void_haves(struct memory_mailbox *mb, int64_t now)
{
    vec_foreach (it, &mb->links) {
        struct ledger_memory_link *row = *it;
        bool look = !row->want.set && (row->have.set || row->look_at);
        /* items that moved along still carry our categories */
        row->have = (struct link_side){.cats = row->have.cats};
        row->have_unknown = false;
        row->item_id = row->version = NULL;
        row->look_at = look ? now : 0;
    }
    mb->row.verified = 0;
    if (mb->row.folder_id) /* a first contact changes nothing that was planned */
        mb->row.planned = false;
}

void memory_identify(struct ledger_memory_rows *rows,
                     struct memory_mailbox *mb,
                     const char *folder_id,
                     const char *server_version)
{
    bool other = !mb->row.folder_id || strcmp(mb->row.folder_id, folder_id) != 0;
    if (other && mb->row.folder_id)
        mb->row.former = joined(rows, mb->row.folder_id, mb->row.former);
    if (other)
        void_haves(mb, memory_now(rows));
    mb->row.folder_id = ledger_memory_text(rows, folder_id);
    mb->row.server_version = ledger_memory_text(rows, server_version);
}

void memory_adopt(struct ledger_memory_rows *rows,
                  struct memory_mailbox *mb,
                  const struct ledger_found *f)
{
    int64_t person = ledger_memory_person(rows, &f->key);
    bool is_new = !map_get_u64(mb->by_person, (uint64_t)person);
    struct ledger_memory_link *row = memory_link_add(rows, mb, person);
    if (is_new)
        row->state = LINK_KEPT;
    if (f->remove && !row->want.set)
        row->state = LINK_ACTIVE;
    if (row->have.set || row->intent)
        return;
    const char *cats = row->have.cats ? row->have.cats : "";
    row->have = (struct link_side){.set = true, .key = f->key, .cats = cats};
    row->have_unknown = true;
    row->item_id = ledger_memory_text(rows, f->item_id);
    row->version = ledger_memory_text(rows, f->version);
}
