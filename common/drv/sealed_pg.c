#include "common/drv/sealed_pg.h"

#include <string.h>

#include "common/drv/pg.h"

#define CHANNEL "contact_sync_secret"

static const struct pg_stmt put_stmt = {
    "sealed_put", "INSERT INTO sealed_secret (name, box, given_by) VALUES ($1::text, $2::bytea,"
                  " $3::text) ON CONFLICT (name) DO UPDATE SET box = excluded.box,"
                  " given_by = excluded.given_by, given_at = now()"};
static const struct pg_stmt get_stmt = {"sealed_get",
                                        "SELECT box FROM sealed_secret WHERE name = $1::text"};
static const struct pg_stmt remove_stmt = {"sealed_remove",
                                           "DELETE FROM sealed_secret WHERE name = $1::text"};
static const struct pg_stmt unpark_stmt = {
    "sealed_unpark", "UPDATE mailbox SET parked_until = NULL, parked_why = NULL,"
                     " park_attempts = 0 WHERE parked_why = $1::text AND parked_until > now()"};
static const struct pg_stmt each_stmt = {
    "sealed_each", "SELECT name, given_by, given_at FROM sealed_secret ORDER BY name"};
static const struct pg_stmt notify_stmt = {"sealed_notify",
                                           "SELECT pg_notify('" CHANNEL "', $1::text)"};

int sealed_pg_put(struct pg *pg,
                  const char *name,
                  const uint8_t *box,
                  size_t n,
                  const char *by,
                  const char *why,
                  struct err *err)
{
    autovalue(pg_params_release) struct pg_params p = {0}, parked = {0}, told = {0};
    pg_put_text(&p, name);
    pg_put_bytes(&p, box, n);
    pg_put_text(&p, by);
    pg_put_text(&parked, why);
    pg_put_text(&told, name);
    const struct pg_step steps[] = {
        {&put_stmt, &p}, {&unpark_stmt, &parked}, {&notify_stmt, &told}};
    return pg_call_steps(pg, steps, ARRAY_LEN(steps), NULL, err);
}

int sealed_pg_remove(struct pg *pg, const char *name, bool *was_there, struct err *err)
{
    autovalue(pg_params_release) struct pg_params p = {0};
    autoptr(pg_result_free) struct pg_result *r = NULL;
    pg_put_text(&p, name);
    if (pg_call(pg, &remove_stmt, &p, &r, err) < 0)
        return -1;
    *was_there = pg_affected(r) > 0;
    return 0;
}

int sealed_pg_get(
    struct pg *pg, const char *name, uint8_t *box, size_t max, size_t *n, struct err *err)
{
    autovalue(pg_params_release) struct pg_params p = {0};
    autoptr(pg_result_free) struct pg_result *r = NULL;
    pg_put_text(&p, name);
    if (pg_call(pg, &get_stmt, &p, &r, err) < 0)
        return -1;
    *n = 0;
    if (!pg_rows(r))
        return 0;
    const void *bytes = pg_bytes(r, 0, 0, n);
    if (*n > max)
        return err_set(err, SCOPE_PROCESS, WHEN_NEVER, "seal.closed", "%s: longer than any secret",
                       name);
    memcpy(box, bytes, *n);
    return 0;
}

int sealed_pg_each(struct pg *pg,
                   void (*fn)(const struct sealed_row *row, void *user),
                   void *user,
                   struct err *err)
{
    autoptr(pg_result_free) struct pg_result *r = NULL;
    if (pg_call(pg, &each_stmt, NULL, &r, err) < 0)
        return -1;
    for (size_t i = 0; i < pg_rows(r); i++) {
        const struct sealed_row row = {pg_text(r, i, 0), pg_text(r, i, 1), pg_ms(r, i, 2)};
        fn(&row, user);
    }
    return 0;
}

/* --- watching -------------------------------------------------------------------------------- */

struct sealed_watch {
    struct pg *pg;
    const char *name;
    sealed_changed fn;
    void *user;
};

static void looked(enum pg_status st, const struct pg_result *r, const struct err *err, void *user)
{
    const struct sealed_watch *w = user;
    size_t n = 0;
    (void)err;
    if (st != PG_OK) /* told again after the next connect */
        return;
    const void *box = pg_rows(r) ? pg_bytes(r, 0, 0, &n) : NULL;
    w->fn(box, n, w->user);
}

static void notified(const char *name, void *user)
{
    struct sealed_watch *w = user;
    autovalue(pg_params_release) struct pg_params p = {0};
    if (name && strcmp(name, w->name) != 0)
        return;
    pg_put_text(&p, w->name);
    pg_exec(w->pg, &get_stmt, &p, looked, w);
}

struct sealed_watch *sealed_pg_watch(struct pg *pg, const char *name, sealed_changed fn, void *user)
{
    struct sealed_watch *w = xalloc(sizeof(*w));
    *w = (struct sealed_watch){pg, name, fn, user};
    pg_listen(pg, CHANNEL, notified, w);
    return w;
}

void sealed_watch_free(struct sealed_watch *w)
{
    free(w);
}
