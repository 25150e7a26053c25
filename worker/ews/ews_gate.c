#include "worker/ews/ews_gate.h"

#include <string.h>

#include "common/base/clock.h"
#include "common/base/guid.h"

#include "common/drv/login_memory.h"
#include "common/port/login.h"
#include "worker/ews/ews_oauth.h"
#include "worker/ews/ews_p.h"

enum {
    WAIT_MAX_MS = 2000, /* of a call at the door */
    ASK_AGAIN_MS = 200,
    LOOK_AGAIN_MS = 3000, /* whether a stopped account is resumed */
    SWITCHES_MAX = 2,
};

enum gate_state {
    GATE_SHUT,   /* not asked; or asked, and told to wait */
    GATE_ASKING, /* the port is asked, or told */
    GATE_TRYING, /* trier is out */
    GATE_OPEN,
    GATE_STOPPED, /* and looked at again by timer */
};

struct ews_gate {
    struct ews_store *s;
    struct login *port, *own; /* own: the one to free */
    char owner[GUID_TEXT];
    enum gate_state state;
    bool was_stopped;
    struct ews_call *trier;
    struct loop_timer *timer;
    void (*resumed)(void *user);
    void *user;
};

static void ask(struct ews_gate *g);
static void told(enum login_answer a, void *user);

static struct login_key key_of(const struct ews_gate *g)
{
    return (struct login_key){ews_auth_name(g->s->auth), ews_auth_fingerprint(g->s->auth),
                              g->owner};
}

static int64_t now_of(const struct ews_gate *g)
{
    return clock_now(loop_clock(g->s->l));
}

/* --- those who wait --- */

static struct ews_call *first_waiting(const struct ews_gate *g)
{
    struct ews_call *c;
    TAILQ_FOREACH(c, &g->s->calls, list)
    {
        if (c->at_door)
            return c;
    }
    return NULL;
}

static void wait_here(struct ews_call *c)
{
    if (!c->at_door)
        c->at_door_ms = now_of(c->s->gate);
    c->at_door = true;
}

static void go(struct ews_call *c)
{
    c->at_door = false;
    if (ews_gate_pass(c))
        ews_call_go(c);
}

static void stop_call(struct ews_call *c)
{
    struct err err;
    c->at_door = false;
    ews_auth_refusal(c->s->auth, &err);
    ews_call_fail_later(c, OUT_STOP, &err);
}

static void each_waiting(struct ews_gate *g, void (*fn)(struct ews_call *))
{
    struct ews_call *c, *next;
    for (c = TAILQ_FIRST(&g->s->calls); c; c = next) { /* fn frees none: what ends, ends later */
        next = TAILQ_NEXT(c, list);
        if (c->at_door)
            fn(c);
    }
}

static void give_up(struct ews_call *c)
{
    struct err err;
    if (now_of(c->s->gate) - c->at_door_ms < WAIT_MAX_MS)
        return;
    c->at_door = false;
    err_set(&err, SCOPE_MAILBOX, WHEN_LATER, "auth.waiting",
            "not sent: whether the account may log in is not known yet");
    ews_call_fail_later(c, OUT_NOT_TRIED, &err);
}

/* --- asking the port --- */

static void on_timer(void *user)
{
    struct ews_gate *g = user;
    g->timer = NULL;
    each_waiting(g, give_up);
    if (g->state == GATE_STOPPED || (g->state == GATE_SHUT && first_waiting(g)))
        ask(g);
    else if (first_waiting(g))
        g->timer = loop_after(g->s->l, ASK_AGAIN_MS, on_timer, g);
}

static void look_again(struct ews_gate *g, enum gate_state state, uint32_t ms)
{
    g->state = state;
    loop_cancel(g->timer);
    g->timer = loop_after(g->s->l, ms, on_timer, g);
}

static void opened(struct ews_gate *g)
{
    bool news = g->was_stopped;
    g->state = GATE_OPEN;
    g->was_stopped = false;
    each_waiting(g, go);
    if (news && g->resumed)
        g->resumed(g->user);
}

static void tell(struct ews_gate *g, enum login_report what)
{
    struct login_key k = key_of(g);
    g->port->ops->report(g->port, &k, what, told, g);
}

/* This process is the one that tries. */
static void try_one(struct ews_gate *g)
{
    struct ews_call *c = first_waiting(g);
    if (!c && g->was_stopped) { /* resumed: the calls come once the worker hears of it */
        g->was_stopped = false;
        g->state = GATE_SHUT;
        tell(g, LOGIN_UNCLEAR);
        if (g->resumed)
            g->resumed(g->user);
        return;
    }
    g->state = c ? GATE_TRYING : GATE_SHUT;
    g->trier = c;
    if (c)
        go(c);
    else
        tell(g, LOGIN_UNCLEAR);
}

static void stopped(struct ews_gate *g)
{
    g->was_stopped = true;
    look_again(g, GATE_STOPPED, LOOK_AGAIN_MS);
    each_waiting(g, stop_call);
}

static void asked(enum login_answer a, void *user)
{
    struct ews_gate *g = user;
    if (a == LOGIN_GO)
        opened(g);
    else if (a == LOGIN_TRY)
        try_one(g);
    else if (a == LOGIN_STOPPED)
        stopped(g);
    else
        look_again(g, g->was_stopped ? GATE_STOPPED : GATE_SHUT, ASK_AGAIN_MS);
}

static void ask(struct ews_gate *g)
{
    struct login_key k = key_of(g);
    loop_cancel(g->timer);
    g->timer = NULL;
    g->state = GATE_ASKING;
    g->port->ops->ask(g->port, &k, asked, g);
}

/* The port knows what came of a try. Only after a refusal somebody waits for that. */
static void told(enum login_answer a, void *user)
{
    struct ews_gate *g = user;
    if (g->state != GATE_ASKING)
        return;
    if (a == LOGIN_STOPPED)
        stopped(g);
    else
        look_again(g, GATE_SHUT, 0);
}

/* --- calls --- */

bool ews_gate_pass(struct ews_call *c)
{
    struct ews_gate *g = c->s->gate;
    if (g->state == GATE_STOPPED) {
        stop_call(c);
        return false;
    }
    if (g->state != GATE_OPEN && g->trier != c) {
        wait_here(c);
        if (g->state == GATE_SHUT && !g->timer)
            ask(g);
        else if (!g->timer)
            g->timer = loop_after(c->s->l, WAIT_MAX_MS, on_timer, g);
        return false;
    }
    c->method = ews_auth_method(c->s->auth);
    c->needs_token = c->s->oauth && !ews_oauth_token(c->s->oauth, &c->token);
    return !c->needs_token;
}

static void refused(struct ews_call *c)
{
    struct ews_gate *g = c->s->gate;
    bool counts = g->trier == c || g->state == GATE_OPEN;
    c->retried = true;
    if (g->state == GATE_STOPPED) {
        stop_call(c);
        return;
    }
    wait_here(c);
    if (counts) {
        g->trier = NULL;
        g->state = GATE_ASKING;
        tell(g, LOGIN_REFUSED);
    } else if (g->state == GATE_SHUT && !g->timer) { /* that was the password before */
        ask(g);
    }
}

static void not_offered(struct ews_call *c, unsigned offers)
{
    struct err err;
    ews_gate_answered(c, false);
    ews_auth_not_offered(c->s->auth, offers, &err);
    ews_call_fail_later(c, OUT_STOP, &err);
}

void ews_gate_refused(struct ews_call *c, const struct http_response *r)
{
    struct ews_auth *a = c->s->auth;
    bool offered = !r->offers || (r->offers & HTTP_OFFERS(c->method));
    if (c->method != ews_auth_method(a)) {
        go(c); /* somebody has found out what the server offers */
    } else if (!offered) {
        if (c->switched++ < SWITCHES_MAX && ews_auth_switch(a, r->offers))
            go(c);
        else
            not_offered(c, r->offers);
    } else if (c->s->oauth && !c->renewed) { /* its token ended, or was taken back */
        c->renewed = true;
        ews_oauth_drop(c->s->oauth, c->token);
        go(c);
    } else {
        refused(c);
    }
}

void ews_gate_answered(struct ews_call *c, bool accepted)
{
    struct ews_gate *g = c->s->gate;
    if (g->trier != c)
        return;
    g->trier = NULL;
    tell(g, accepted ? LOGIN_ACCEPTED : LOGIN_UNCLEAR);
    if (accepted)
        opened(g);
    else
        look_again(g, GATE_SHUT, 0);
}

void ews_gate_forget(struct ews_call *c)
{
    c->at_door = c->needs_token = false;
    ews_gate_answered(c, false);
}

void ews_gate_token(struct ews_gate *g, const struct err *err)
{
    struct ews_call *c, *next;
    for (c = TAILQ_FIRST(&g->s->calls); c; c = next) {
        next = TAILQ_NEXT(c, list);
        if (!c->needs_token)
            continue;
        c->needs_token = false;
        if (!err) {
            go(c);
        } else if (err->when == WHEN_NEVER) {
            refused(c);
        } else {
            ews_gate_answered(c, false);
            ews_call_fail_later(c, OUT_RETRY_LATER, err);
        }
    }
}

/* --- life --- */

struct ews_gate *
ews_gate_new(struct ews_store *s, struct login *port, void (*resumed)(void *user), void *user)
{
    struct ews_gate *g = xalloc(sizeof(*g));
    struct guid guid;
    g->s = s;
    g->own = port ? NULL : login_memory_new(s->l);
    g->port = port ? port : g->own;
    g->resumed = resumed;
    g->user = user;
    guid_random(&guid);
    guid_format(&guid, g->owner);
    return g;
}

void ews_gate_renew(struct ews_gate *g)
{
    g->port->ops->forget(g->port, g);
    g->trier = NULL; /* its answer is about the old one */
    g->state = GATE_SHUT;
    loop_cancel(g->timer);
    g->timer = NULL;
    if (g->was_stopped || first_waiting(g))
        ask(g);
}

void ews_gate_free(struct ews_gate *g)
{
    if (!g)
        return;
    loop_cancel(g->timer);
    g->port->ops->forget(g->port, g);
    login_free(g->own);
    free(g);
}
