/* The store that finds its mailboxes' servers: the whole contract over the memory store, and what
 * it does with a URL. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include "common/drv/endpoint_memory.h"
#include "tests/contract/autodiscover_fake.h"
#include "tests/contract/contact_store_contract.c"
#include "tests/contract/memory_host.h"
#include "worker/autodiscover/discover_store.h"
#include "worker/autodiscover/locator.h"

#define URL "https://mail.church.example/EWS/Exchange.asmx"

static struct contact_store *around(struct loop *loop, struct contact_store *inner)
{
    fake_loop = loop;
    return discover_store_new(inner, locator_new(loop, &the_autodiscover, endpoint_memory_new(loop),
                                                 &(struct locator_config){.refresh_after_ms = 1}));
}

ParameterizedTestParameters(contact_store_discover, keeps_the_contract)
{
    return contract_indexes();
}
ParameterizedTest(size_t *i, contact_store_discover, keeps_the_contract)
{
    autoptr(loop_free) struct loop *l = loop_new(clock_real());
    struct contract_host h;
    open_host(&h, l);
    fake_answer = URL;
    h.store = around(l, h.store);
    keep = arena_new("contract", (size_t)64 << 20);
    contact_store_contract[*i].run(&h);
    contact_store_free(h.store);
    arena_free(keep);
}

/* ---- an inner store that says what it was asked ---- */

struct inner {
    struct contact_store base;
    struct loop *l;
    char endpoint[200];
    int calls;
    enum outcome outcome; /* of the next answers */
    const char *code;
    enum err_scope scope;
    store_identify_done done;
    store_apply_done applied;
    size_t n;
    void *user;
};

static void say(void *user)
{
    struct inner *s = user;
    struct err err;
    struct store_identity id = {.folder_id = "f"};
    err_set(&err, s->scope, WHEN_NEVER, s->code ? s->code : "x", "x");
    if (s->applied) {
        struct store_result r[3] = {0};
        for (size_t i = 0; i < s->n; i++)
            r[i] = (struct store_result){.tag = i, .outcome = s->outcome, .err = err};
        s->applied(r, s->n, 1, s->user);
    } else {
        s->done(s->outcome == OUT_DONE ? &id : NULL, s->outcome,
                s->outcome == OUT_DONE ? NULL : &err, s->user);
    }
}

static void note(struct inner *s, const struct store_mailbox *mb_, void *user)
{
    s->calls++;
    s->user = user;
    s->applied = NULL;
    snprintf(s->endpoint, sizeof(s->endpoint), "%s", mb_->endpoint ? mb_->endpoint : "");
    loop_after(s->l, 0, say, s);
}

static void inner_identify(struct contact_store *base,
                           const struct store_mailbox *mb_,
                           store_identify_done done,
                           void *user)
{
    note((struct inner *)base, mb_, user);
    ((struct inner *)base)->done = done;
}

static void inner_apply(struct contact_store *base,
                        const struct store_mailbox *mb_,
                        enum store_verb verb,
                        const struct store_op *ops,
                        size_t n,
                        uint32_t timeout_ms,
                        store_apply_done done,
                        void *user)
{
    (void)verb, (void)ops, (void)timeout_ms;
    note((struct inner *)base, mb_, user);
    ((struct inner *)base)->applied = done;
    ((struct inner *)base)->n = n;
}

static void inner_nothing(struct contact_store *base)
{
    (void)base;
}

static const struct contact_store_ops inner_ops = {.name = "inner",
                                                   .identify = inner_identify,
                                                   .apply = inner_apply,
                                                   .cancel = inner_nothing,
                                                   .free = inner_nothing};

static struct inner inner;
static struct contact_store *store;
static struct clock_fake fake;
static struct store_mailbox box = {.id = 7, .address = "pat@church.example"};

struct heard {
    int n;
    enum outcome outcome, last;
    struct err err;
};

static void
identified(const struct store_identity *id, enum outcome o, const struct err *err, void *user)
{
    struct heard *h = user;
    (void)id;
    h->n++;
    h->outcome = o;
    if (err)
        h->err = *err;
}

static void applied_(const struct store_result *r, size_t n, uint32_t took_ms, void *user)
{
    struct heard *h = user;
    (void)took_ms;
    h->n++;
    h->outcome = r[0].outcome;
    h->last = r[n - 1].outcome;
    h->err = r[0].err;
}

static void up(void)
{
    clock_fake_init(&fake, 1000000);
    clock_fake_advance(&fake, 1000000000);
    inner = (struct inner){.base.ops = &inner_ops, .l = loop_new(&fake.clock), .outcome = OUT_DONE};
    inner.scope = SCOPE_REMOTE;
    store = around(inner.l, &inner.base);
}

static void down(void)
{
    contact_store_free(store);
    loop_free(inner.l);
}

TestSuite(discover_store, .init = up, .fini = down, .timeout = 20);

static void turn_all(void)
{
    while (loop_turn(inner.l, 0) > 0)
        ;
}

static struct heard who(void)
{
    struct heard h = {0};
    store->ops->identify(store, &box, identified, &h);
    cr_expect(h.n == 0, "not from inside");
    turn_all();
    return h;
}

Test(discover_store, a_call_waits_for_the_url_and_goes_there)
{
    struct heard h = {0};
    store->ops->identify(store, &box, identified, &h);
    turn_all();
    cr_expect(h.n == 0 && inner.calls == 0);
    cr_assert(searching.n == 1);
    search_answer(searching.v[0], URL);
    turn_all();
    cr_expect(h.n == 1 && h.outcome == OUT_DONE);
    cr_expect(inner.calls == 1);
    cr_expect_str_eq(inner.endpoint, URL);
    cr_expect(who().outcome == OUT_DONE);
    cr_expect(inner.calls == 2 && searches == 1);
}

Test(discover_store, a_mailbox_with_an_endpoint_of_its_own_goes_there)
{
    box.endpoint = "https://own.church.example/e";
    cr_expect(who().n == 1);
    cr_expect_str_eq(inner.endpoint, "https://own.church.example/e");
    cr_expect(searches == 0);
    inner.outcome = OUT_STOP;
    inner.code = "http.404";
    cr_expect(who().outcome == OUT_STOP, "it is nobody's guess");
}

Test(discover_store, no_url_no_request)
{
    struct heard h = {0};
    struct store_op ops[2] = {{.tag = 5}, {.tag = 6}};
    store->ops->apply(store, &box, STORE_CREATE, ops, 2, 1000, applied_, &h);
    turn_all();
    search_answer(searching.v[0], "!autodiscover.host");
    cr_expect(h.n == 1 && h.outcome == OUT_PARK && h.last == OUT_PARK && inner.calls == 0);
    cr_expect_str_eq(h.err.code, "autodiscover.host");
}

Test(discover_store, cancel_ends_who_waits)
{
    struct heard h = {0};
    store->ops->identify(store, &box, identified, &h);
    turn_all();
    store->ops->cancel(store);
    cr_expect(h.n == 1 && h.outcome == OUT_NOT_TRIED);
    cr_expect_str_eq(h.err.code, "canceled");
    search_answer(searching.v[0], URL);
    cr_expect(h.n == 1);
}

static const struct {
    const char *code;
    enum outcome from, young, old; /* the URL was found just now; a while ago */
} judged[] = {
    {"http.404", OUT_STOP, OUT_PARK, OUT_RETRY_LATER},
    {"http.302", OUT_STOP, OUT_PARK, OUT_RETRY_LATER},
    {"curl.60", OUT_STOP, OUT_PARK, OUT_RETRY_LATER},
    {"http.403", OUT_STOP, OUT_STOP, OUT_STOP},
    {"auth.refused", OUT_STOP, OUT_STOP, OUT_STOP},
    {"curl.7", OUT_RETRY_LATER, OUT_RETRY_LATER, OUT_RETRY_LATER},
    {"http.503", OUT_RETRY_LATER, OUT_RETRY_LATER, OUT_RETRY_LATER},
    {"curl.28", OUT_UNKNOWN, OUT_UNKNOWN, OUT_UNKNOWN},
};

Test(discover_store, a_wrong_url_is_one_mailboxs_trouble)
{
    fake_answer = URL;
    for (size_t i = 0; i < ARRAY_LEN(judged); i++) {
        struct heard h = {0};
        struct store_op op = {.tag = 1};
        box.id = 100 + (int64_t)i;
        inner.outcome = OUT_DONE;
        who();
        inner.outcome = judged[i].from;
        inner.code = judged[i].code;
        cr_expect(who().outcome == judged[i].young, "%s, young", judged[i].code);
        clock_fake_advance(&fake, 10);
        store->ops->apply(store, &box, STORE_UPDATE, &op, 1, 1000, applied_, &h);
        turn_all();
        cr_expect(h.outcome == judged[i].old, "%s, old: %d", judged[i].code, h.outcome);
        if (judged[i].from != judged[i].old)
            cr_expect(h.err.scope == SCOPE_MAILBOX && h.err.when == WHEN_LATER);
    }
}
