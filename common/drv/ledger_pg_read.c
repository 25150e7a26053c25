/* ledger_pg_read: rows as the port's structs. Columns as in ledger_pg_sql.c. */
#include <string.h>

#include "common/core/contact.h"
#include "common/drv/ledger_pg_p.h"

static uint32_t u32(int64_t v)
{
    return v < 0 ? 0 : v > UINT32_MAX ? UINT32_MAX : (uint32_t)v;
}

void ledger_read_mailbox(const struct pg_result *r, struct ledger_mailbox *ret)
{
    *ret = (struct ledger_mailbox){.lease = {pg_i64(r, 0, 0), pg_i64(r, 0, 1)},
                                   .address = pg_text(r, 0, 2),
                                   .folder_id = pg_text(r, 0, 3),
                                   .endpoint = pg_text(r, 0, 4),
                                   .gen = pg_i64(r, 0, 5),
                                   .verified = pg_bool(r, 0, 6),
                                   .flight_ms = u32(pg_i64(r, 0, 7)),
                                   .parked_ms = u32(pg_i64(r, 0, 8)),
                                   .park_attempts = u32(pg_i64(r, 0, 10)),
                                   .former = pg_text(r, 0, 11),
                                   .clear = pg_bool(r, 0, 12),
                                   .photos = pg_bool(r, 0, 13)};
    ret->parked_why = ret->parked_ms ? pg_text(r, 0, 9) : NULL;
}

static enum intent_op read_op(const char *name)
{
    if (name && strcmp(name, "create") == 0)
        return INTENT_CREATE;
    return name && strcmp(name, "delete") == 0 ? INTENT_DELETE : INTENT_UPDATE;
}

static const char *text_or_empty(const struct pg_result *r, size_t row, int col)
{
    const char *s = pg_text(r, row, col);
    return s ? s : "";
}

static void read_link(const struct pg_result *r, size_t i, struct ledger_link *l)
{
    l->person = pg_i64(r, i, 0);
    l->gen = pg_i64(r, i, 1);
    l->urgent = pg_bool(r, i, 2);
    l->look = pg_bool(r, i, 3);
    l->dirty = pg_bool(r, i, 4);
    l->attempts = u32(pg_i64(r, i, 5));
    pg_uuid(r, i, 6, &l->want.key);
    l->want.set = !pg_null(r, i, 7);
    pg_sha(r, i, 8, &l->want.content);
    l->want.body = pg_text(r, i, 9);
    l->want.cats = text_or_empty(r, i, 10);
    l->have.set = !pg_null(r, i, 11);
    pg_sha(r, i, 12, &l->have.content);
    l->have.body = pg_text(r, i, 13);
    l->have.cats = text_or_empty(r, i, 14);
    pg_uuid(r, i, 15, &l->have.key);
    l->item_id = pg_text(r, i, 16);
    l->version = pg_text(r, i, 17);
    l->intent = !pg_null(r, i, 18);
    l->intent_op = read_op(pg_text(r, i, 18));
    l->intended.set = l->intent && l->intent_op != INTENT_DELETE;
    pg_uuid(r, i, 19, &l->intended.key);
    pg_sha(r, i, 20, &l->intended.content);
    l->intended.body = pg_text(r, i, 21);
    l->intended.cats = text_or_empty(r, i, 22);
    l->intent_looks = u32(pg_i64(r, i, 23));
    l->intent_age_ms = pg_i64(r, i, 24);
    l->lacks = contact_named(pg_text(r, i, 25));
}

struct ledger_link *ledger_read_links(const struct pg_result *r, size_t n)
{
    struct ledger_link *links = xalloc((n + 1) * sizeof(*links));
    for (size_t i = 0; i < n; i++)
        read_link(r, i, &links[i]);
    return links;
}

struct ledger_known *ledger_read_known(const struct pg_result *r)
{
    size_t n = pg_rows(r);
    struct ledger_known *rows = xalloc((n + 1) * sizeof(*rows));
    for (size_t i = 0; i < n; i++) {
        struct ledger_known *k = &rows[i];
        k->person = pg_i64(r, i, 0);
        pg_uuid(r, i, 1, &k->key);
        k->wanted = pg_sha(r, i, 2, &k->want);
        k->has = !pg_null(r, i, 3);
        pg_sha(r, i, 3, &k->have); /* all zero: content not known */
        pg_sha(r, i, 4, &k->intended);
        k->intent = !pg_null(r, i, 5);
        k->intent_op = read_op(pg_text(r, i, 5));
        k->item_id = pg_text(r, i, 6);
        k->cats = text_or_empty(r, i, 7);
        k->rock_id = pg_i64(r, i, 8);
        k->former = text_or_empty(r, i, 9);
        pg_uuid(r, i, 10, &k->own);
    }
    return rows;
}
