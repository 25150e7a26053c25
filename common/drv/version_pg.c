#include "common/drv/version_pg.h"

#include "common/drv/pg.h"

int version_pg_each(struct pg *pg,
                    void (*fn)(int64_t mailbox, const char *version, void *user),
                    void *user,
                    struct err *err)
{
    static const struct pg_stmt stmt = {
        "version_each",
        "SELECT id, request_version FROM mailbox WHERE request_version IS NOT NULL"};
    autoptr(pg_result_free) struct pg_result *r = NULL;
    if (pg_call(pg, &stmt, NULL, &r, err) < 0)
        return -1;
    for (size_t i = 0; i < pg_rows(r); i++)
        fn(pg_i64(r, i, 0), pg_text(r, i, 1), user);
    return 0;
}

static void
remembered(enum pg_status st, const struct pg_result *r, const struct err *err, void *user)
{
    (void)st, (void)r, (void)err, (void)user;
}

void version_pg_remember(struct pg *pg, int64_t mailbox, const char *version)
{
    static const struct pg_stmt stmt = {
        "version_remember", "UPDATE mailbox SET request_version = $2::text WHERE id = $1::bigint"};
    autovalue(pg_params_release) struct pg_params p = {0};
    pg_put_i64(&p, mailbox);
    pg_put_text(&p, version);
    pg_exec(pg, &stmt, &p, remembered, NULL);
}
