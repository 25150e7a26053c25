#include "common/drv/report_audit.h"

#include "common/base/arena.h"

#include "common/drv/pg.h"

static void read_row(const struct pg_result *r, size_t i, struct audit_row *row, bool *open)
{
    row->person = pg_i64(r, i, 0);
    (void)pg_uuid(r, i, 1, &row->key);
    (void)pg_sha(r, i, 2, &row->have);
    row->hidden = pg_bool(r, i, 3);
    *open = pg_bool(r, i, 4);
}

int report_audit_rows(
    struct pg *pg, struct arena *a, int64_t mailbox, struct report_audit *ret, struct err *err)
{
    static const struct pg_stmt box = {
        "report_audit_mailbox",
        "SELECT m.folder_id, coalesce(e.url, m.endpoint) FROM mailbox m"
        " LEFT JOIN endpoint e ON e.mailbox = m.id WHERE m.id = $1::bigint"};
    static const struct pg_stmt rows = {
        "report_audit_rows",
        "SELECT l.person, coalesce(l.have_key, p.key), CASE WHEN length(l.have) = 32 THEN l.have "
        "END,"
        " l.have IS NULL, i.person IS NOT NULL FROM link l JOIN person p ON p.id = l.person"
        " LEFT JOIN intent i ON i.mailbox = l.mailbox AND i.person = l.person"
        " WHERE l.mailbox = $1::bigint"
        " AND (l.have IS NOT NULL OR l.state = 'hidden' OR i.person IS NOT NULL) ORDER BY "
        "l.person"};
    autovalue(pg_params_release) struct pg_params p = {0};
    autoptr(pg_result_free) struct pg_result *r = NULL;
    pg_put_i64(&p, mailbox);
    const struct pg_step steps[] = {{&box, &p}, {&rows, &p}};
    if (pg_call_steps(pg, steps, 2, &r, err) < 0)
        return -1;
    const struct pg_result *of_box = pg_result_of(r, 0);
    ret->folder_id = pg_rows(of_box) ? arena_strdup(a, pg_text(of_box, 0, 0)) : NULL;
    ret->endpoint = pg_rows(of_box) ? arena_strdup(a, pg_text(of_box, 0, 1)) : NULL;
    ret->n = pg_rows(r);
    ret->rows = arena_alloc(a, (ret->n + 1) * sizeof(*ret->rows));
    ret->open = arena_alloc(a, ret->n + 1);
    for (size_t i = 0; i < ret->n; i++)
        read_row(r, i, &ret->rows[i], &ret->open[i]);
    return 0;
}

int report_audit_repair(struct pg *pg, int64_t mailbox, bool *ret_asked, struct err *err)
{
    static const struct pg_stmt unverify = {
        "report_audit_unverify", "UPDATE mailbox SET verified = 0 WHERE id = $1::bigint"};
    static const struct pg_stmt look = {
        "report_audit_look",
        "UPDATE link l SET look_at = now(), retry_at = NULL FROM (SELECT person FROM link"
        "  WHERE mailbox = $1::bigint AND state = 'active' ORDER BY have IS NULL, person LIMIT 1) "
        "one"
        " WHERE l.mailbox = $1::bigint AND l.person = one.person"};
    autovalue(pg_params_release) struct pg_params p = {0};
    autoptr(pg_result_free) struct pg_result *r = NULL;
    pg_put_i64(&p, mailbox);
    const struct pg_step steps[] = {{&unverify, &p}, {&look, &p}};
    if (pg_call_steps(pg, steps, 2, &r, err) < 0)
        return -1;
    *ret_asked = pg_affected(r) > 0;
    return 0;
}
