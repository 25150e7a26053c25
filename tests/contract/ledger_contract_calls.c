/* ledger_contract: the cases. Included by the test program of each driver; see ledger_contract.h.
 */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <string.h>

#include "common/base/arena.h"

#include "common/core/contact.h"
#include "tests/contract/ledger_contract.h"

#define TTL        60000u
#define CASE(name) Test(ledger, name, .init = setup, .fini = teardown, .timeout = 60)

#define ANN "{\"v\":1,\"fileAs\":\"Decker, Ann\"}"
#define BEN "{\"v\":1,\"fileAs\":\"Decker, Ben\"}"

/* ---- sequential calls ---- */

struct answer { /* of any call; copies live until the end of the test */
    bool done;
    enum ledger_status st;
    struct ledger_mailbox mb;
    struct ledger_link links[64];
    struct ledger_known known[64];
    struct ledger_photo photos[64];
    int64_t requested;
    size_t n;
    int64_t poke;
    bool more;
    uint32_t alive;
    int64_t quiet_ms;
};

static struct arena *memory;
static int64_t box;

static void setup(void)
{
    memory = arena_new("ledger contract", 1 << 24);
    fx_setup();
    box = fx_mailbox("ann@church.example");
}

static void teardown(void)
{
    fx_teardown();
    arena_free(memory);
}

static const char *keep(const char *s)
{
    return arena_strdup(memory, s);
}

static struct answer *answer_new(void)
{
    return arena_alloc(memory, sizeof(struct answer));
}

static void
on_taken(enum ledger_status st, const struct ledger_mailbox *mb, const struct err *err, void *user)
{
    struct answer *a = user;
    cr_assert(a->done == false, "answered twice");
    cr_expect(eq(int, st == LEDGER_AWAY, err != NULL));
    a->done = true;
    a->st = st;
    if (mb) {
        a->mb = *mb;
        a->mb.address = keep(mb->address);
        a->mb.folder_id = keep(mb->folder_id);
        a->mb.parked_why = keep(mb->parked_why);
        a->mb.former = keep(mb->former);
    }
}

static void on_loaded(enum ledger_status st,
                      const struct ledger_link *links,
                      size_t n,
                      int64_t poke,
                      bool more,
                      const struct err *err,
                      void *user)
{
    struct answer *a = user;
    (void)err;
    cr_assert(a->done == false, "answered twice");
    *a = (struct answer){.done = true, .st = st, .n = n, .poke = poke, .more = more};
    cr_assert(le(sz, n, 64));
    for (size_t i = 0; i < n; i++) {
        a->links[i] = links[i];
        struct link_side *sides[] = {&a->links[i].want, &a->links[i].have, &a->links[i].intended};
        for (int k = 0; k < 3; k++) {
            sides[k]->body = keep(sides[k]->body);
            sides[k]->cats = keep(sides[k]->cats);
        }
        a->links[i].item_id = keep(links[i].item_id);
        a->links[i].version = keep(links[i].version);
    }
}

static void on_listed(enum ledger_status st,
                      const struct ledger_known *rows,
                      size_t n,
                      const struct err *err,
                      void *user)
{
    struct answer *a = user;
    (void)err;
    *a = (struct answer){.done = true, .st = st, .n = n};
    cr_assert(le(sz, n, 64));
    for (size_t i = 0; i < n; i++) {
        a->known[i] = rows[i];
        a->known[i].item_id = keep(rows[i].item_id);
        a->known[i].cats = keep(rows[i].cats);
    }
}

static void on_done(enum ledger_status st, const struct err *err, void *user)
{
    struct answer *a = user;
    (void)err;
    cr_assert(a->done == false, "answered twice");
    a->done = true;
    a->st = st;
}

static void on_beat(enum ledger_status st, uint32_t alive, const struct err *err, void *user)
{
    struct answer *a = user;
    (void)err;
    a->done = true;
    a->st = st;
    a->alive = alive;
}

static struct answer *wait_for(struct answer *a)
{
    cr_assert(a->done == false, "answered from inside the call");
    cr_assert(eq(int, loop_wait(fx_loop(), &a->done, 20000), 0));
    return a;
}

static struct answer *take_as(int i, const char *owner, uint32_t ttl)
{
    struct answer *a = answer_new();
    fx_ledger(i)->ops->take(fx_ledger(i), box, owner, ttl, on_taken, a);
    return wait_for(a);
}

static struct answer *take(int i)
{
    return take_as(i, i ? "worker-b" : "worker-a", TTL);
}

static struct ledger_lease taken(void)
{
    struct answer *a = take(0);
    cr_assert(eq(int, a->st, LEDGER_OK));
    return a->mb.lease;
}

static struct answer *load(struct ledger_lease lease, uint32_t max)
{
    struct answer *a = answer_new();
    fx_ledger(0)->ops->load(fx_ledger(0), lease, max, on_loaded, a);
    return wait_for(a);
}

static enum ledger_status
flight(struct ledger_lease lease, const struct ledger_intent *in, size_t n)
{
    struct answer *a = answer_new();
    fx_ledger(0)->ops->flight(fx_ledger(0), lease, 120000, TTL, in, n, on_done, a);
    return wait_for(a)->st;
}

static enum ledger_status
record(struct ledger_lease lease, const struct ledger_result *r, size_t n, bool over)
{
    struct answer *a = answer_new();
    fx_ledger(0)->ops->record(fx_ledger(0), lease, r, n, over, on_done, a);
    return wait_for(a)->st;
}

static enum ledger_status renew(struct ledger_lease lease)
{
    struct answer *a = answer_new();
    fx_ledger(0)->ops->renew(fx_ledger(0), lease, TTL, on_done, a);
    return wait_for(a)->st;
}

static enum ledger_status release(struct ledger_lease lease, int64_t poke, uint32_t park)
{
    struct answer *a = answer_new();
    fx_ledger(0)->ops->release(fx_ledger(0), lease, poke, park, "quota", on_done, a);
    return wait_for(a)->st;
}

static enum ledger_status identify(struct ledger_lease lease, const char *folder)
{
    struct answer *a = answer_new();
    fx_ledger(0)->ops->identify(fx_ledger(0), lease, folder, "15.1", on_done, a);
    return wait_for(a)->st;
}

static struct answer *known(struct ledger_lease lease)
{
    struct answer *a = answer_new();
    fx_ledger(0)->ops->known(fx_ledger(0), lease, on_listed, a);
    return wait_for(a);
}

static enum ledger_status
adopt(struct ledger_lease lease, const struct ledger_found *f, size_t n, bool verified)
{
    struct answer *a = answer_new();
    fx_ledger(0)->ops->adopt(fx_ledger(0), lease, f, n, verified, on_done, a);
    return wait_for(a)->st;
}

static enum ledger_status unverify(struct ledger_lease lease)
{
    struct answer *a = answer_new();
    fx_ledger(0)->ops->unverify(fx_ledger(0), lease, on_done, a);
    return wait_for(a)->st;
}

static enum ledger_status cleared(struct ledger_lease lease)
{
    struct answer *a = answer_new();
    fx_ledger(0)->ops->cleared(fx_ledger(0), lease, on_done, a);
    return wait_for(a)->st;
}

static void on_legacy(enum ledger_status st, int64_t quiet_ms, const struct err *err, void *user)
{
    struct answer *a = user;
    (void)err;
    a->done = true;
    a->st = st;
    a->quiet_ms = quiet_ms;
}

static struct answer *legacy(struct ledger_lease lease, const struct sha256 *marks)
{
    struct answer *a = answer_new();
    fx_ledger(0)->ops->legacy(fx_ledger(0), lease, marks, 3, on_legacy, a);
    return wait_for(a);
}

/* ---- pictures ---- */

static void on_photos(enum ledger_status st,
                      const struct ledger_photo *photos,
                      size_t n,
                      int64_t requested,
                      const struct err *err,
                      void *user)
{
    struct answer *a = user;
    (void)err;
    cr_assert(a->done == false, "answered twice");
    *a = (struct answer){.done = true, .st = st, .n = n, .requested = requested};
    cr_assert(le(sz, n, 64));
    for (size_t i = 0; i < n; i++) {
        a->photos[i] = photos[i];
        a->photos[i].item_id = keep(photos[i].item_id);
        a->photos[i].version = keep(photos[i].version);
        a->photos[i].jpeg = arena_memdup(memory, photos[i].jpeg, photos[i].len);
    }
}

static struct answer *photos(struct ledger_lease lease, uint32_t max, size_t max_bytes)
{
    struct answer *a = answer_new();
    fx_ledger(0)->ops->photos(fx_ledger(0), lease, max, max_bytes, on_photos, a);
    return wait_for(a);
}

static enum ledger_status
photo_flight(struct ledger_lease lease, const struct ledger_photo *p, size_t n)
{
    struct answer *a = answer_new();
    fx_ledger(0)->ops->photo_flight(fx_ledger(0), lease, 120000, TTL, p, n, on_done, a);
    return wait_for(a)->st;
}

static enum ledger_status photo_record(struct ledger_lease lease,
                                       const struct ledger_photo_result *r,
                                       size_t n,
                                       bool flight_over)
{
    struct answer *a = answer_new();
    fx_ledger(0)->ops->photo_record(fx_ledger(0), lease, r, n, flight_over, on_done, a);
    return wait_for(a)->st;
}

static enum ledger_status photo_over(struct ledger_lease lease, int64_t requested)
{
    struct answer *a = answer_new();
    fx_ledger(0)->ops->photo_over(fx_ledger(0), lease, requested, on_done, a);
    return wait_for(a)->st;
}

/* ---- rows ---- */

static struct guid key_of(unsigned n)
{
    return (struct guid){{0xaa, (uint8_t)(n >> 8), (uint8_t)n}};
}

static int64_t person(unsigned n)
{
    struct guid key = key_of(n);
    return fx_person(&key);
}

static struct sha256 hash_of(const char *body)
{
    struct sha256 h;
    contact_hash(body, strlen(body), &h);
    return h;
}

static struct ledger_intent intent(enum intent_op op, unsigned n, const char *body)
{
    struct ledger_intent in = {.person = person(n), .op = op, .key = key_of(n), .cats = "Staff"};
    if (op != INTENT_DELETE)
        in.content = hash_of(body);
    return in;
}

static struct ledger_result result(unsigned n, const char *outcome)
{
    return (struct ledger_result){
        .person = person(n), .op = "create", .outcome = outcome, .code = ""};
}

/* Done: the item holds body, with the categories of intent(). */
static struct ledger_result written(unsigned n, const char *body)
{
    struct ledger_result r = result(n, "done");
    r.set_have = r.clear_intent = true;
    r.have = (struct link_side){
        .set = true, .key = key_of(n), .content = hash_of(body), .cats = "Staff"};
    r.item_id = "AAMk-1";
    r.version = "CQAA";
    return r;
}

static int64_t wanted(unsigned n, const char *body)
{
    int64_t p = person(n);
    fx_want(box, p, body, "Staff");
    return p;
}

/* A clean link with an item. */
static int64_t synced(struct ledger_lease lease, unsigned n, const char *body)
{
    int64_t p = wanted(n, body);
    struct ledger_result r = written(n, body);
    cr_assert(eq(int, record(lease, &r, 1, true), LEDGER_OK));
    return p;
}

static size_t due(struct ledger_lease lease)
{
    struct answer *a = load(lease, 50);
    cr_assert(eq(int, a->st, LEDGER_OK));
    return a->n;
}
