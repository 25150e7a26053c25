/* ledger_memory: the port's operations over rows in memory. See ledger_memory.h; what each promises
 * is in ledger.h, and ledger_pg_sql.c says the same in SQL. */
#include "common/drv/ledger_memory.h"

#include <string.h>

#include "common/base/arena.h"

#include "common/drv/ledger_memory_p.h"

#define CALL_MAX_BYTES (64u * 1024 * 1024)

struct ledger_memory;

struct call { /* an answer under way */
    struct ledger_memory *l;
    struct call *prev, *next;
    struct loop_timer *timer;
    struct arena *arena;
    enum { CALL_TAKE, CALL_LOAD, CALL_KNOWN, CALL_BEAT, CALL_LEGACY, CALL_PHOTOS, CALL_DONE } kind;
    union {
        ledger_taken taken;
        ledger_loaded loaded;
        ledger_listed listed;
        ledger_beat_done beat;
        ledger_legacy_done legacy;
        ledger_photos_done photos;
        ledger_done done;
    } fn;
    void *user;
    bool skip_effect;
    enum ledger_status st;
    struct ledger_mailbox mb;
    struct ledger_link *links;
    struct ledger_known *known;
    struct ledger_photo *photos;
    int64_t requested;
    size_t n;
    bool more;
    int64_t poke;
    uint32_t alive;
    int64_t quiet_ms;
};

struct ledger_memory {
    struct ledger base;
    struct ledger_memory_rows *rows;
    struct loop *loop;
    struct ledger_memory_faults faults;
    struct call *calls;
};

static struct ledger_memory *self(struct ledger *l)
{
    return (struct ledger_memory *)l;
}

static void call_free(struct call *c)
{
    if (c->next)
        c->next->prev = c->prev;
    if (c->prev)
        c->prev->next = c->next;
    else
        c->l->calls = c->next;
    loop_cancel(c->timer);
    arena_free(c->arena);
    free(c);
}

/* Off the list before the callback, which may free the ledger. */
static void answer(void *user)
{
    struct call *c = user, a = *c;
    c->timer = NULL;
    autoptr(arena_free) struct arena *arena = steal(c->arena);
    (void)arena; /* the answer lives there; clang does not see that it goes at the end */
    call_free(c);
    struct err err;
    const struct err *e = NULL;
    if (a.st == LEDGER_AWAY) {
        err_set(&err, SCOPE_REMOTE, WHEN_UNKNOWN, "memory.away", "the rows are out of reach");
        e = &err;
    }
    switch (a.kind) {
    case CALL_TAKE:
        a.fn.taken(a.st, a.st == LEDGER_OK ? &a.mb : NULL, e, a.user);
        break;
    case CALL_LOAD:
        a.fn.loaded(a.st, a.links, a.n, a.poke, a.more, e, a.user);
        break;
    case CALL_KNOWN:
        a.fn.listed(a.st, a.known, a.n, e, a.user);
        break;
    case CALL_BEAT:
        a.fn.beat(a.st, a.alive, e, a.user);
        break;
    case CALL_LEGACY:
        a.fn.legacy(a.st, a.quiet_ms, e, a.user);
        break;
    case CALL_PHOTOS:
        a.fn.photos(a.st, a.photos, a.n, a.requested, e, a.user);
        break;
    case CALL_DONE:
        a.fn.done(a.st, e, a.user);
        break;
    }
}

static struct call *call_new(struct ledger *ledger, int kind, void *user)
{
    struct ledger_memory *l = self(ledger);
    struct call *c = xalloc(sizeof(*c));
    c->l = l;
    c->kind = kind;
    c->user = user;
    c->arena = arena_new("ledger_memory call", CALL_MAX_BYTES);
    c->next = l->calls;
    if (c->next)
        c->next->prev = c;
    l->calls = c;
    l->faults.calls++;
    if (l->faults.away && l->faults.skip) {
        l->faults.skip--;
    } else if (l->faults.away) {
        l->faults.away--;
        c->st = LEDGER_AWAY;
        c->skip_effect = !l->faults.after_effect;
    }
    c->timer = loop_after(l->loop, l->faults.delay_ms, answer, c);
    return c;
}

/* What happened, unless the answer is lost. */
static void outcome(struct call *c, enum ledger_status st)
{
    if (c->st != LEDGER_AWAY)
        c->st = st;
    if (c->st != LEDGER_OK)
        c->n = 0;
}

static struct memory_mailbox *ours(struct ledger *l, struct ledger_lease lease)
{
    struct memory_mailbox *mb = memory_mailbox(self(l)->rows, lease.mailbox);
    return mb && mb->row.lease_epoch == lease.epoch && mb->row.lease_until ? mb : NULL;
}

/* ---- lease ---- */

static uint32_t left_ms(int64_t until, int64_t now)
{
    return until > now ? (uint32_t)(until - now) : 0;
}

static void
describe(struct call *c, struct ledger_memory_rows *rows, const struct ledger_memory_mailbox *row)
{
    int64_t now = memory_now(rows);
    uint32_t parked = left_ms(row->parked_until, now);
    c->mb =
        (struct ledger_mailbox){.lease = {row->id, parked ? 0 : row->lease_epoch},
                                .address = row->address,
                                .folder_id = row->folder_id,
                                .endpoint = row->endpoint,
                                .gen = row->gen,
                                .verified = row->verified == rows->generation,
                                .flight_ms = left_ms(row->flight_until, now),
                                .parked_ms = parked,
                                .parked_why = parked ? row->parked_why : NULL,
                                .park_attempts = row->park_attempts,
                                .former = row->former ? row->former : "",
                                .clear = row->clear,
                                .photos = memory_photo_open(rows, memory_mailbox(rows, row->id))};
}

static void op_take(struct ledger *l,
                    int64_t mailbox,
                    const char *owner,
                    uint32_t ttl_ms,
                    ledger_taken done,
                    void *user)
{
    struct call *c = call_new(l, CALL_TAKE, user);
    c->fn.taken = done;
    struct ledger_memory_rows *rows = self(l)->rows;
    struct memory_mailbox *mb = memory_mailbox(rows, mailbox);
    if (c->skip_effect)
        return;
    outcome(c, mb ? memory_take(rows, &mb->row, owner, ttl_ms) : LEDGER_NO_ROW);
    if (mb)
        describe(c, rows, &mb->row);
}

static void
op_renew(struct ledger *l, struct ledger_lease lease, uint32_t ttl_ms, ledger_done done, void *user)
{
    struct call *c = call_new(l, CALL_DONE, user);
    c->fn.done = done;
    struct memory_mailbox *mb = ours(l, lease);
    if (c->skip_effect)
        return;
    outcome(c, mb ? LEDGER_OK : LEDGER_FENCED);
    int64_t until = memory_now(self(l)->rows) + ttl_ms;
    if (mb && mb->row.lease_until < until)
        mb->row.lease_until = until;
}

static void op_unverify(struct ledger *l, struct ledger_lease lease, ledger_done done, void *user)
{
    struct call *c = call_new(l, CALL_DONE, user);
    c->fn.done = done;
    struct memory_mailbox *mb = ours(l, lease);
    if (c->skip_effect)
        return;
    outcome(c, mb ? LEDGER_OK : LEDGER_FENCED);
    if (mb)
        mb->row.verified = 0;
}

static void op_release(struct ledger *l,
                       struct ledger_lease lease,
                       int64_t poke,
                       uint32_t park_ms,
                       const char *why,
                       ledger_done done,
                       void *user)
{
    struct call *c = call_new(l, CALL_DONE, user);
    c->fn.done = done;
    struct ledger_memory_rows *rows = self(l)->rows;
    struct memory_mailbox *mb = memory_mailbox(rows, lease.mailbox);
    if (!c->skip_effect)
        outcome(c, memory_release(rows, mb, lease, poke, park_ms, why));
}

/* ---- rows ---- */

static void
op_load(struct ledger *l, struct ledger_lease lease, uint32_t max, ledger_loaded done, void *user)
{
    struct call *c = call_new(l, CALL_LOAD, user);
    c->fn.loaded = done;
    struct memory_mailbox *mb = ours(l, lease);
    if (c->skip_effect || !mb) {
        outcome(c, LEDGER_FENCED);
        return;
    }
    const struct ledger_memory_rows *rows = self(l)->rows;
    c->links = arena_alloc(c->arena, (mb->links.n + 1) * sizeof(*c->links));
    vec_foreach (row, &mb->links) {
        if (memory_due(rows, *row))
            memory_link_of(rows, *row, &c->links[c->n++]);
    }
    qsort(c->links, c->n, sizeof(*c->links), memory_by_rank);
    c->more = c->n > max;
    c->n = c->more ? max : c->n;
    c->poke = mb->row.poke;
    outcome(c, LEDGER_OK);
}

static void op_flight(struct ledger *l,
                      struct ledger_lease lease,
                      uint32_t deadline_ms,
                      uint32_t ttl_ms,
                      const struct ledger_intent *in,
                      size_t n,
                      ledger_done done,
                      void *user)
{
    struct call *c = call_new(l, CALL_DONE, user);
    c->fn.done = done;
    struct ledger_memory_rows *rows = self(l)->rows;
    struct memory_mailbox *mb = ours(l, lease);
    int64_t now = memory_now(rows);
    if (c->skip_effect)
        return;
    if (!mb || mb->row.lease_until <= now || memory_clash(mb, in, n)) {
        outcome(c, mb && mb->row.lease_until > now ? LEDGER_CONFLICT : LEDGER_FENCED);
        return;
    }
    memory_fly(rows, mb, deadline_ms, ttl_ms, in, n);
    outcome(c, LEDGER_OK);
}

static void op_record(struct ledger *l,
                      struct ledger_lease lease,
                      const struct ledger_result *r,
                      size_t n,
                      bool flight_over,
                      ledger_done done,
                      void *user)
{
    struct call *c = call_new(l, CALL_DONE, user);
    c->fn.done = done;
    struct memory_mailbox *mb = ours(l, lease);
    if (c->skip_effect)
        return;
    outcome(c, mb ? LEDGER_OK : LEDGER_FENCED);
    for (size_t i = 0; mb && i < n; i++) {
        struct ledger_memory_link *row = map_get_u64(mb->by_person, (uint64_t)r[i].person);
        if (!row)
            continue;
        memory_record(self(l)->rows, row, &r[i]);
        if (r[i].set_have)
            memory_photo_need(self(l)->rows, mb, row);
    }
    if (mb && flight_over)
        mb->row.flight_until = 0;
}

/* ---- the mailbox as a whole ---- */

static void op_identify(struct ledger *l,
                        struct ledger_lease lease,
                        const char *folder_id,
                        const char *server_version,
                        ledger_done done,
                        void *user)
{
    struct call *c = call_new(l, CALL_DONE, user);
    c->fn.done = done;
    struct ledger_memory_rows *rows = self(l)->rows;
    struct memory_mailbox *mb = ours(l, lease);
    if (c->skip_effect)
        return;
    if (!mb || memory_taken_elsewhere(rows, mb, folder_id)) {
        outcome(c, mb ? LEDGER_CONFLICT : LEDGER_FENCED);
        return;
    }
    memory_identify(rows, mb, folder_id, server_version);
    outcome(c, LEDGER_OK);
}

static void op_known(struct ledger *l, struct ledger_lease lease, ledger_listed done, void *user)
{
    struct call *c = call_new(l, CALL_KNOWN, user);
    c->fn.listed = done;
    struct ledger_memory_rows *rows = self(l)->rows;
    struct memory_mailbox *mb = ours(l, lease);
    if (c->skip_effect || !mb) {
        outcome(c, LEDGER_FENCED);
        return;
    }
    static const struct sha256 none;
    c->known = arena_alloc(c->arena, (mb->links.n + 1) * sizeof(*c->known));
    vec_foreach (it, &mb->links) {
        const struct ledger_memory_link *row = *it;
        if (!row->have.set && !row->want.set && !row->intent)
            continue;
        c->known[c->n++] = (struct ledger_known){
            .person = row->person,
            .key = row->have.set ? row->have.key : *memory_key(rows, row->person),
            .own = *memory_key(rows, row->person),
            .want = memory_want(rows, row),
            .have = row->have_unknown ? none : memory_state(&row->have),
            .intended = row->intent ? memory_state(&row->intended) : none,
            .wanted = row->want.set,
            .has = row->have.set,
            .intent = row->intent,
            .intent_op = row->intent ? row->intent_op : INTENT_UPDATE,
            .item_id = row->item_id,
            .cats = memory_cats(rows, row),
            .rock_id = row->person, /* there is no Rock here */
            .former = row->former ? row->former : ""};
    }
    outcome(c, LEDGER_OK);
}

static void op_adopt(struct ledger *l,
                     struct ledger_lease lease,
                     const struct ledger_found *f,
                     size_t n,
                     bool verified,
                     ledger_done done,
                     void *user)
{
    struct call *c = call_new(l, CALL_DONE, user);
    c->fn.done = done;
    struct ledger_memory_rows *rows = self(l)->rows;
    struct memory_mailbox *mb = ours(l, lease);
    if (c->skip_effect)
        return;
    outcome(c, mb ? LEDGER_OK : LEDGER_FENCED);
    for (size_t i = 0; mb && i < n; i++)
        memory_adopt(rows, mb, &f[i]);
    if (mb && verified)
        mb->row.verified = rows->generation;
    if (mb && n > 0)
        mb->row.planned = false;
}

static void op_cleared(struct ledger *l, struct ledger_lease lease, ledger_done done, void *user)
{
    struct call *c = call_new(l, CALL_DONE, user);
    c->fn.done = done;
    struct memory_mailbox *mb = ours(l, lease);
    if (c->skip_effect)
        return;
    outcome(c, !mb ? LEDGER_FENCED : memory_clear_done(mb) ? LEDGER_OK : LEDGER_MORE);
}

static void op_legacy(struct ledger *l,
                      struct ledger_lease lease,
                      const struct sha256 *marks,
                      size_t n,
                      ledger_legacy_done done,
                      void *user)
{
    struct call *c = call_new(l, CALL_LEGACY, user);
    c->fn.legacy = done;
    struct memory_mailbox *mb = ours(l, lease);
    int64_t now = memory_now(self(l)->rows);
    if (c->skip_effect)
        return;
    outcome(c, mb ? LEDGER_OK : LEDGER_FENCED);
    if (!mb)
        return;
    if (!mb->row.legacy_since || memcmp(&mb->row.legacy_marks, marks, sizeof(*marks)) != 0)
        mb->row.legacy_since = now;
    mb->row.legacy_marks = *marks;
    mb->row.legacy_count = n;
    c->quiet_ms = now - mb->row.legacy_since;
}

/* ---- pictures ---- */

static void op_photos(struct ledger *l,
                      struct ledger_lease lease,
                      uint32_t max,
                      size_t max_bytes,
                      ledger_photos_done done,
                      void *user)
{
    struct call *c = call_new(l, CALL_PHOTOS, user);
    c->fn.photos = done;
    struct memory_mailbox *mb = ours(l, lease);
    if (c->skip_effect || !mb) {
        outcome(c, LEDGER_FENCED);
        return;
    }
    c->photos = arena_alloc(c->arena, (mb->links.n + 1) * sizeof(*c->photos));
    c->n = memory_photos(self(l)->rows, mb, max, max_bytes, c->photos);
    c->requested = mb->row.photo_requested;
    outcome(c, LEDGER_OK);
}

static void op_photo_flight(struct ledger *l,
                            struct ledger_lease lease,
                            uint32_t deadline_ms,
                            uint32_t ttl_ms,
                            const struct ledger_photo *photos,
                            size_t n,
                            ledger_done done,
                            void *user)
{
    struct call *c = call_new(l, CALL_DONE, user);
    c->fn.done = done;
    struct ledger_memory_rows *rows = self(l)->rows;
    struct memory_mailbox *mb = ours(l, lease);
    if (c->skip_effect)
        return;
    bool held = mb && mb->row.lease_until > memory_now(rows);
    if (held)
        memory_photo_fly(rows, mb, deadline_ms, ttl_ms, photos, n);
    outcome(c, held ? LEDGER_OK : LEDGER_FENCED);
}

static void op_photo_record(struct ledger *l,
                            struct ledger_lease lease,
                            const struct ledger_photo_result *r,
                            size_t n,
                            bool flight_over,
                            ledger_done done,
                            void *user)
{
    struct call *c = call_new(l, CALL_DONE, user);
    c->fn.done = done;
    struct memory_mailbox *mb = ours(l, lease);
    if (c->skip_effect)
        return;
    outcome(c, mb ? LEDGER_OK : LEDGER_FENCED);
    for (size_t i = 0; mb && i < n; i++)
        memory_photo_record(self(l)->rows, mb, &r[i]);
    if (mb && flight_over)
        mb->row.photo_flight_until = 0;
}

static void op_photo_over(
    struct ledger *l, struct ledger_lease lease, int64_t requested, ledger_done done, void *user)
{
    struct call *c = call_new(l, CALL_DONE, user);
    c->fn.done = done;
    struct memory_mailbox *mb = ours(l, lease);
    if (!c->skip_effect)
        outcome(c, mb ? memory_photo_over(self(l)->rows, mb, requested) : LEDGER_FENCED);
}

/* ---- workers ---- */

static void
op_beat(struct ledger *l, const char *owner, uint32_t ttl_ms, ledger_beat_done done, void *user)
{
    struct call *c = call_new(l, CALL_BEAT, user);
    c->fn.beat = done;
    struct ledger_memory_rows *rows = self(l)->rows;
    int64_t now = memory_now(rows);
    if (c->skip_effect)
        return;
    owner = ledger_memory_text(rows, owner);
    bool found = false;
    vec_foreach (b, &rows->beats) {
        if (b->owner == owner) {
            b->until = now + ttl_ms;
            found = true;
        }
    }
    if (!found)
        vec_push(&rows->beats, (struct memory_beat){owner, now + ttl_ms});
    vec_foreach (b, &rows->beats)
        c->alive += b->until > now;
    outcome(c, LEDGER_OK);
}

static bool op_healthy(struct ledger *l)
{
    return self(l)->faults.away == 0 || self(l)->faults.skip > 0;
}

static void op_free(struct ledger *l)
{
    if (!l)
        return;
    while (self(l)->calls)
        call_free(self(l)->calls);
    free(l);
}

static const struct ledger_ops ops = {
    .name = "memory",
    .take = op_take,
    .load = op_load,
    .flight = op_flight,
    .record = op_record,
    .renew = op_renew,
    .release = op_release,
    .identify = op_identify,
    .known = op_known,
    .adopt = op_adopt,
    .unverify = op_unverify,
    .cleared = op_cleared,
    .legacy = op_legacy,
    .photos = op_photos,
    .photo_flight = op_photo_flight,
    .photo_record = op_photo_record,
    .photo_over = op_photo_over,
    .beat = op_beat,
    .healthy = op_healthy,
    .free = op_free,
};

struct ledger *ledger_memory_new(struct ledger_memory_rows *rows, struct loop *l)
{
    struct ledger_memory *m = xalloc(sizeof(*m));
    m->base.ops = &ops;
    m->rows = rows;
    m->loop = l;
    return &m->base;
}

struct ledger_memory_faults *ledger_memory_faults(struct ledger *l)
{
    return &self(l)->faults;
}
