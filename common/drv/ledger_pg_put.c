/* ledger_pg_put: batches as arrays, one per column, rows ascending by person. See ledger_pg_p.h. */
#include <string.h>

#include "common/core/contact.h"
#include "common/drv/ledger_pg_p.h"

static const char unknown_content[] = {0}; /* the hash of an item whose content is not known */

/* Rows of one call in the order of their persons; of two for the same person the later one. */
struct order {
    int64_t person;
    size_t at;
};

static int by_person(const void *a, const void *b)
{
    const struct order *x = a, *y = b;
    if (x->person != y->person)
        return x->person < y->person ? -1 : 1;
    return x->at < y->at ? -1 : x->at > y->at;
}

static struct order *
sorted(size_t n, int64_t (*person)(const void *, size_t), const void *rows, size_t *ret_n)
{
    struct order *o = xalloc((n + 1) * sizeof(*o));
    for (size_t i = 0; i < n; i++)
        o[i] = (struct order){person(rows, i), i};
    qsort(o, n, sizeof(*o), by_person);
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        if (i + 1 < n && o[i].person == o[i + 1].person)
            continue;
        o[kept++] = o[i];
    }
    *ret_n = kept;
    return o;
}

static int64_t intent_person(const void *rows, size_t i)
{
    return ((const struct ledger_intent *)rows)[i].person;
}

static int64_t result_person(const void *rows, size_t i)
{
    return ((const struct ledger_result *)rows)[i].person;
}

static const char *const op_names[] = {
    [INTENT_CREATE] = "create", [INTENT_UPDATE] = "update", [INTENT_DELETE] = "delete"};

/* for each element, `row` points to it */
#define COLUMN(p, type, rows, order, n, put)                                                       \
    do {                                                                                           \
        pg_array((p), (type));                                                                     \
        for (size_t i_ = 0; i_ < (n); i_++) {                                                      \
            const __typeof__(*(rows)) *row = &(rows)[(order)[i_].at];                              \
            put;                                                                                   \
        }                                                                                          \
        pg_array_end(p);                                                                           \
    } while (0)

static void put_intent_state(struct pg_params *p, const struct ledger_intent *in)
{
    if (in->op == INTENT_DELETE) {
        pg_put_bytes(p, unknown_content, 1);
        return;
    }
    struct sha256 state;
    link_state_hash(&in->key, &in->content, in->cats ? in->cats : "", &state);
    pg_put_sha(p, &state);
}

void ledger_put_intents(struct pg_params *p, const struct ledger_intent *in, size_t n)
{
    autofree struct order *o = sorted(n, intent_person, in, &n);
    COLUMN(p, PG_INT8, in, o, n, pg_put_i64(p, row->person));
    COLUMN(p, PG_TEXT, in, o, n, pg_put_text(p, op_names[row->op]));
    COLUMN(p, PG_UUID, in, o, n, pg_put_uuid(p, &row->key));
    COLUMN(p, PG_BYTEA, in, o, n, pg_put_sha(p, row->op == INTENT_DELETE ? NULL : &row->content));
    COLUMN(p, PG_TEXT, in, o, n, pg_put_text(p, row->cats));
    COLUMN(p, PG_BYTEA, in, o, n, put_intent_state(p, row));
}

static bool has_item(const struct ledger_result *r)
{
    return r->set_have && r->have.set;
}

static void put_have(struct pg_params *p, const struct ledger_result *r)
{
    struct sha256 state;
    if (!has_item(r)) {
        pg_put_null(p, PG_BYTEA);
    } else if (r->have_content_unknown) {
        pg_put_bytes(p, unknown_content, 1);
    } else {
        link_state_hash(&r->have.key, &r->have.content, r->have.cats ? r->have.cats : "", &state);
        pg_put_sha(p, &state);
    }
}

static const struct sha256 *have_content(const struct ledger_result *r)
{
    return has_item(r) && !r->have_content_unknown ? &r->have.content : NULL;
}

static const char *have_cats(const struct ledger_result *r)
{
    if (!has_item(r))
        return NULL;
    return r->have.cats ? r->have.cats : "";
}

static void put_lacks(struct pg_params *p, const struct ledger_result *r)
{
    char names[CONTACT_NAMES_MAX];
    pg_put_text(p, has_item(r) && r->lacks ? contact_names(r->lacks, names) : NULL);
}

void ledger_put_results(struct pg_params *p, const struct ledger_result *r, size_t n)
{
    autofree struct order *o = sorted(n, result_person, r, &n);
    COLUMN(p, PG_INT8, r, o, n, pg_put_i64(p, row->person));
    COLUMN(p, PG_BOOL, r, o, n, pg_put_bool(p, row->set_have));
    COLUMN(p, PG_BYTEA, r, o, n, put_have(p, row));
    COLUMN(p, PG_BYTEA, r, o, n, pg_put_sha(p, have_content(row)));
    COLUMN(p, PG_TEXT, r, o, n, pg_put_text(p, have_cats(row)));
    COLUMN(p, PG_UUID, r, o, n, pg_put_uuid(p, has_item(row) ? &row->have.key : NULL));
    COLUMN(p, PG_TEXT, r, o, n, pg_put_text(p, has_item(row) ? row->item_id : NULL));
    COLUMN(p, PG_TEXT, r, o, n, pg_put_text(p, has_item(row) ? row->version : NULL));
    COLUMN(p, PG_BOOL, r, o, n, pg_put_bool(p, row->clear_intent));
    COLUMN(p, PG_BOOL, r, o, n, pg_put_bool(p, row->look_done));
    COLUMN(p, PG_INT8, r, o, n, pg_put_i64(p, row->look_in_ms));
    COLUMN(p, PG_BOOL, r, o, n, pg_put_bool(p, row->dead));
    COLUMN(p, PG_INT8, r, o, n, pg_put_i64(p, row->retry_in_ms));
    COLUMN(p, PG_TEXT, r, o, n, pg_put_text(p, row->outcome ? row->outcome : ""));
    COLUMN(p, PG_TEXT, r, o, n, pg_put_text(p, row->code ? row->code : ""));
    COLUMN(p, PG_TEXT, r, o, n, pg_put_text(p, row->op));
    COLUMN(p, PG_BOOL, r, o, n, pg_put_bool(p, row->hide));
    COLUMN(p, PG_TEXT, r, o, n, put_lacks(p, row));
}

/* Of two items with the same key the first one is the row's. */
static bool seen_before(const struct ledger_found *f, size_t i)
{
    for (size_t k = 0; k < i; k++) {
        if (guid_cmp(&f[k].key, &f[i].key) == 0)
            return true;
    }
    return false;
}

void ledger_put_found(struct pg_params *p, const struct ledger_found *f, size_t n, bool all)
{
    autofree bool *skip = xalloc(n + 1);
    for (size_t i = 0; i < n; i++)
        skip[i] = seen_before(f, i);
    pg_array(p, PG_UUID);
    for (size_t i = 0; i < n; i++) {
        if (!skip[i])
            pg_put_uuid(p, &f[i].key);
    }
    pg_array_end(p);
    for (int column = 0; all && column < 2; column++) {
        pg_array(p, PG_TEXT);
        for (size_t i = 0; i < n; i++) {
            if (!skip[i])
                pg_put_text(p, column ? f[i].version : f[i].item_id);
        }
        pg_array_end(p);
    }
    if (!all)
        return;
    pg_array(p, PG_BOOL);
    for (size_t i = 0; i < n; i++) {
        if (!skip[i])
            pg_put_bool(p, f[i].remove);
    }
    pg_array_end(p);
}
