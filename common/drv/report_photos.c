#include "common/drv/report_photos.h"

#include "common/base/arena.h"

#include "common/drv/pg.h"

static int counts(struct pg *pg, struct report_photos *ret, struct err *err)
{
    static const struct pg_stmt stmt = {
        "report_photos",
        "SELECT (SELECT count(*) FROM person_photo p WHERE NOT p.got AND EXISTS (SELECT FROM link l"
        "  WHERE l.person = p.person AND l.state = 'active' AND l.want IS NOT NULL)),"
        " (SELECT count(*) FROM mailbox WHERE photo_requested > photo_done),"
        " (SELECT count(*) FROM link_photo WHERE length(hash) = 32)"};
    autoptr(pg_result_free) struct pg_result *r = NULL;
    if (pg_call(pg, &stmt, NULL, &r, err) < 0)
        return -1;
    ret->people = pg_i64(r, 0, 0);
    ret->mailboxes = pg_i64(r, 0, 1);
    ret->held = pg_i64(r, 0, 2);
    return 0;
}

static int codes(struct pg *pg,
                 const struct pg_stmt *stmt,
                 struct arena *a,
                 struct report_photo_code **ret,
                 size_t *n,
                 struct err *err)
{
    autoptr(pg_result_free) struct pg_result *r = NULL;
    if (pg_call(pg, stmt, NULL, &r, err) < 0)
        return -1;
    *n = pg_rows(r);
    *ret = arena_alloc(a, (*n + 1) * sizeof(**ret));
    for (size_t i = 0; i < *n; i++)
        (*ret)[i] = (struct report_photo_code){arena_strdup(a, pg_text(r, i, 0)), pg_i64(r, i, 1)};
    return 0;
}

int report_photos(struct pg *pg, struct arena *a, struct report_photos *ret, struct err *err)
{
    static const struct pg_stmt unread = {"report_photos_unread",
                                          "SELECT failure, count(*) FROM person_photo"
                                          " WHERE failure IS NOT NULL GROUP BY 1 ORDER BY 1"};
    static const struct pg_stmt left = {"report_photos_left",
                                        "SELECT coalesce(left_code, ''), count(*) FROM link_photo"
                                        " WHERE left_for IS NOT NULL GROUP BY 1 ORDER BY 1"};
    if (counts(pg, ret, err) < 0 || codes(pg, &unread, a, &ret->unread, &ret->n_unread, err) < 0)
        return -1;
    return codes(pg, &left, a, &ret->left, &ret->n_left, err);
}
