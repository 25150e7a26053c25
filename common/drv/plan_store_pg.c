/* plan_store_pg: see plan_store_pg.h; what its files share: plan_store_pg_p.h. */
#include "common/drv/plan_store_pg.h"

#include <assert.h>
#include <string.h>

#include "common/drv/plan_store_pg_p.h"

#define LEADER_LOCK PLAN_STORE_PG_LEADER_LOCK

/* ---- leadership ---- */

static void step_down(struct plan_store_pg *s)
{
    pg_session_free(steal(s->session));
    s->epoch = 0;
}

static int deposed(struct plan_store_pg *s, struct err *err)
{
    step_down(s);
    return err_set(err, SCOPE_PROCESS, WHEN_LATER, "plan.deposed",
                   "this producer does not schedule any more");
}

int plan_pg_leads(struct plan_store_pg *s, struct err *err)
{
    return s->epoch && pg_session_alive(s->session) ? 0 : deposed(s, err);
}

static int session_open(struct plan_store_pg *s, struct err *err)
{
    if (s->session && !pg_session_alive(s->session))
        step_down(s);
    if (!s->session)
        s->session = pg_session_open(s->pg, err);
    return s->session ? 0 : -1;
}

/* The lock, then the epoch: nobody else can take the one or raise the other in between. */
static int take_over(struct plan_store_pg *s, bool *ret, struct err *err)
{
    static const struct pg_stmt lock = {"plan_lock",
                                        "SELECT pg_try_advisory_lock(" LEADER_LOCK "::bigint)"};
    static const struct pg_stmt epoch = {
        "plan_epoch", "UPDATE cluster SET plan_epoch = plan_epoch + 1 RETURNING plan_epoch"};
    autoptr(pg_result_free) struct pg_result *got = NULL, *r = NULL;
    if (pg_session_call(s->session, &lock, NULL, &got, err) < 0)
        return -1;
    if (!pg_bool(got, 0, 0))
        return 0;
    if (pg_session_call(s->session, &epoch, NULL, &r, err) < 0)
        return -1;
    s->epoch = pg_i64(r, 0, 0);
    *ret = true;
    return 0;
}

static int op_lead(struct plan_store *store, bool *ret, struct err *err)
{
    struct plan_store_pg *s = plan_pg(store);
    *ret = s->epoch && pg_session_alive(s->session);
    if (*ret)
        return 0;
    if (session_open(s, err) < 0)
        return -1;
    if (take_over(s, ret, err) == 0)
        return 0;
    step_down(s); /* whatever it holds goes with it */
    return -1;
}

/* ---- changes ---- */

int plan_pg_refused(struct plan_store_pg *s, struct err *err)
{
    return strcmp(err->code, PLAN_PG_DEPOSED) == 0 ? deposed(s, err) : -1;
}

static const struct pg_stmt check = {
    "plan_check", "SELECT demand((SELECT true FROM cluster WHERE plan_epoch = $1::bigint"
                  " FOR SHARE), 'CS001')"};

int plan_pg_change_steps(struct plan_store_pg *s,
                         const struct pg_step *steps,
                         size_t n,
                         struct pg_result **ret,
                         struct err *err)
{
    assert(n <= PLAN_PG_MAX_STEPS);
    if (plan_pg_leads(s, err) < 0)
        return -1;
    autovalue(pg_params_release) struct pg_params p = {0};
    pg_put_i64(&p, s->epoch);
    struct pg_step all[PG_MAX_STEPS] = {{&check, &p}};
    memcpy(all + 1, steps, n * sizeof(*steps));
    if (pg_call_steps(s->pg, all, n + 1, ret, err) < 0)
        return plan_pg_refused(s, err);
    return 0;
}

int plan_pg_change(struct plan_store_pg *s,
                   const struct pg_stmt *stmt,
                   const struct pg_params *p,
                   struct pg_result **ret,
                   struct err *err)
{
    const struct pg_step step = {stmt, p};
    return plan_pg_change_steps(s, &step, 1, ret, err);
}

int plan_pg_change_locked(struct plan_store_pg *s,
                          const struct pg_step *lock,
                          const struct pg_step *step,
                          struct pg_result **ret,
                          struct err *err)
{
    if (plan_pg_leads(s, err) < 0)
        return -1;
    autovalue(pg_params_release) struct pg_params p = {0};
    pg_put_i64(&p, s->epoch);
    const struct pg_step all[] = {*lock, {&check, &p}, *step};
    if (pg_call_steps(s->pg, all, ARRAY_LEN(all), ret, err) < 0)
        return plan_pg_refused(s, err);
    return 0;
}

/* ---- the store ---- */

static void requested(const char *payload, void *user)
{
    (void)payload;
    struct plan_store_pg *s = user;
    s->on_request(s->user);
}

void plan_store_pg_on_request(struct plan_store *store, void (*fn)(void *user), void *user)
{
    struct plan_store_pg *s = plan_pg(store);
    assert(!s->on_request);
    s->on_request = fn;
    s->user = user;
    pg_listen(s->pg, "contact_sync_run", requested, s);
}

static bool op_healthy(struct plan_store *store)
{
    return pg_healthy(plan_pg(store)->pg);
}

static void op_free(struct plan_store *store)
{
    if (!store)
        return;
    struct plan_store_pg *s = plan_pg(store);
    pg_session_free(s->session);
    plan_pg_offers_free(s);
    free(s);
}

struct plan_store *plan_store_pg_new(struct loop *l, struct pg *pg)
{
    struct plan_store_pg *s = xalloc(sizeof(*s));
    s->ops = (struct plan_store_ops){.lead = op_lead, .healthy = op_healthy, .free = op_free};
    plan_pg_add_run(&s->ops);
    plan_pg_add_users(&s->ops);
    plan_pg_add_people(&s->ops);
    plan_pg_add_apply(&s->ops);
    plan_pg_add_offer(&s->ops);
    plan_pg_add_photo(&s->ops);
    plan_pg_add_sweep(&s->ops);
    s->base.ops = &s->ops;
    s->loop = l;
    s->pg = pg;
    return &s->base;
}
