#include "common/drv/report_lacks.h"

#include "common/base/arena.h"

#include "common/drv/pg.h"

int report_lacks(
    struct pg *pg, struct arena *a, struct report_lack **ret, size_t *n, struct err *err)
{
    static const struct pg_stmt stmt = {"report_lacks",
                                        "SELECT m.address, l.lacks, count(*) FROM link l"
                                        " JOIN mailbox m ON m.id = l.mailbox"
                                        " WHERE l.lacks IS NOT NULL AND l.have IS NOT NULL"
                                        " GROUP BY 1, 2 ORDER BY 1, 2 LIMIT 1000"};
    autoptr(pg_result_free) struct pg_result *r = NULL;
    if (pg_call(pg, &stmt, NULL, &r, err) < 0)
        return -1;
    *n = pg_rows(r);
    *ret = arena_alloc(a, (*n + 1) * sizeof(**ret));
    for (size_t i = 0; i < *n; i++)
        (*ret)[i] = (struct report_lack){arena_strdup(a, pg_text(r, i, 0)),
                                         arena_strdup(a, pg_text(r, i, 1)), pg_i64(r, i, 2)};
    return 0;
}
