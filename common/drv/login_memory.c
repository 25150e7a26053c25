#include "common/drv/login_memory.h"

#include <string.h>
#include <sys/queue.h>

#include "common/base/clock.h"

struct row {
    char *account, *secret, *trier;
    int refusals;
    bool stopped, proven;
    int64_t proven_ms, try_until_ms;
    LIST_ENTRY(row) list;
};

struct answer { /* on its way */
    struct login_memory *l;
    struct loop_timer *timer;
    enum login_answer a;
    login_done done;
    void *user;
    LIST_ENTRY(answer) list;
};

struct login_memory {
    struct login base;
    struct loop *loop;
    LIST_HEAD(, row) rows;
    LIST_HEAD(, answer) answers;
};

static void deliver(void *user)
{
    struct answer *w = user;
    login_done done = w->done;
    void *done_user = w->user;
    enum login_answer a = w->a;
    LIST_REMOVE(w, list);
    free(w);
    if (done)
        done(a, done_user);
}

static void answer(struct login_memory *l, enum login_answer a, login_done done, void *user)
{
    struct answer *w = xalloc(sizeof(*w));
    *w = (struct answer){.l = l, .a = a, .done = done, .user = user};
    LIST_INSERT_HEAD(&l->answers, w, list);
    w->timer = loop_after(l->loop, 0, deliver, w);
}

static struct row *row_of(struct login_memory *l, const struct login_key *k)
{
    struct row *r;
    LIST_FOREACH(r, &l->rows, list)
    {
        if (strcmp(r->account, k->account) == 0 && strcmp(r->secret, k->secret) == 0)
            return r;
    }
    r = xalloc(sizeof(*r));
    r->account = xstrdup(k->account);
    r->secret = xstrdup(k->secret);
    LIST_INSERT_HEAD(&l->rows, r, list);
    return r;
}

static void set_trier(struct row *r, const char *trier, int64_t until_ms)
{
    free(r->trier);
    r->trier = xstrdup(trier);
    r->try_until_ms = until_ms;
}

static bool tries(const struct row *r, const struct login_key *k)
{
    return r->trier && strcmp(r->trier, k->owner) == 0;
}

static void memory_ask(struct login *base, const struct login_key *k, login_done done, void *user)
{
    struct login_memory *l = (struct login_memory *)base;
    struct row *r = row_of(l, k);
    int64_t now = clock_now(loop_clock(l->loop));
    enum login_answer a = LOGIN_WAIT;
    if (r->stopped) {
        a = LOGIN_STOPPED;
    } else if (r->proven && now - r->proven_ms < LOGIN_PROVEN_MS) {
        a = LOGIN_GO;
    } else if (!r->trier || tries(r, k) || now >= r->try_until_ms) {
        set_trier(r, k->owner, now + LOGIN_TRY_MS);
        a = LOGIN_TRY;
    }
    answer(l, a, done, user);
}

static void refused(struct row *r, const struct login_key *k)
{
    if (r->stopped || !(tries(r, k) || r->proven))
        return;
    r->stopped = ++r->refusals >= LOGIN_REFUSALS;
    r->proven = false;
    set_trier(r, NULL, 0);
}

static void memory_report(struct login *base,
                          const struct login_key *k,
                          enum login_report what,
                          login_done done,
                          void *user)
{
    struct login_memory *l = (struct login_memory *)base;
    struct row *r = row_of(l, k);
    if (what == LOGIN_ACCEPTED && !r->stopped) {
        r->refusals = 0;
        r->proven = true;
        r->proven_ms = clock_now(loop_clock(l->loop));
        set_trier(r, NULL, 0);
    } else if (what == LOGIN_REFUSED) {
        refused(r, k);
    } else if (tries(r, k)) {
        set_trier(r, NULL, 0);
    }
    answer(l, r->stopped ? LOGIN_STOPPED : r->proven ? LOGIN_GO : LOGIN_WAIT, done, user);
}

static void memory_forget(struct login *base, void *user)
{
    struct answer *w;
    LIST_FOREACH(w, &((struct login_memory *)base)->answers, list)
    {
        if (w->user == user)
            w->done = NULL;
    }
}

static void memory_free(struct login *base)
{
    struct login_memory *l = (struct login_memory *)base;
    struct row *r;
    struct answer *w;
    if (!l)
        return;
    while ((w = LIST_FIRST(&l->answers))) {
        loop_cancel(w->timer);
        LIST_REMOVE(w, list);
        free(w);
    }
    while ((r = LIST_FIRST(&l->rows))) {
        LIST_REMOVE(r, list);
        free(r->account);
        free(r->secret);
        free(r->trier);
        free(r);
    }
    free(l);
}

struct login *login_memory_new(struct loop *loop)
{
    static const struct login_ops ops = {
        .ask = memory_ask, .report = memory_report, .forget = memory_forget, .free = memory_free};
    struct login_memory *l = xalloc(sizeof(*l));
    l->base.ops = &ops;
    l->loop = loop;
    LIST_INIT(&l->rows);
    LIST_INIT(&l->answers);
    return &l->base;
}

void login_memory_resume(struct login *base)
{
    struct login_memory *l = (struct login_memory *)base;
    struct row *r;
    LIST_FOREACH(r, &l->rows, list)
    {
        r->stopped = false;
        r->refusals = 0;
    }
}
