/* What became of people who would leave a mailbox, or whose key nobody knows. */
#include <string.h>

#include "producer/rock/rock_read_p.h"

struct named { /* an alias that was asked for by Guid */
    int64_t person;
    int64_t of;
    struct guid guid;
};

struct brief {
    int64_t id, alias;
    bool deceased;
};

struct reading {
    struct rock_read *r;
    vec(struct named) named;  /* ascending Guids */
    vec(struct brief) people; /* ascending ids */
};

static int by_guid(const void *x, const void *y)
{
    return guid_cmp(&((const struct named *)x)->guid, &((const struct named *)y)->guid);
}

static void on_named(const struct js *row, int64_t id, void *user)
{
    struct reading *rd = user;
    struct rock_alias a;

    rock_decode_alias(row, id, &a);
    if (!js_failed(row))
        vec_push(&rd->named, (struct named){a.person, a.of, a.guid});
}

static void on_brief(const struct js *row, int64_t id, void *user)
{
    struct reading *rd = user;
    const struct brief b = {id, rock_decode_id_opt(row, "PrimaryAliasId"),
                            js_bool(row, "IsDeceased")};

    if (!js_failed(row))
        vec_push(&rd->people, b);
}

static const struct named *find_named(const struct reading *rd, const struct guid *guid)
{
    const struct named key = {.guid = *guid};

    return rd->named.n ? bsearch(&key, rd->named.v, rd->named.n, sizeof(key), by_guid) : NULL;
}

static int read_keys(struct reading *rd, const struct guid *keys, size_t n, struct err *err)
{
    if (rock_table_read_guids(rd->r->f, &rock_aliases, keys, n, on_named, rd, err) < 0)
        return -1;
    if (rd->named.n)
        qsort(rd->named.v, rd->named.n, sizeof(*rd->named.v), by_guid);
    return rock_confirm_empty(rd->r, &rock_aliases, rd->named.n, 1, err);
}

static int read_people(struct reading *rd, struct err *err)
{
    autovalue(rock_ids_release) struct rock_ids ids = {0};

    vec_foreach (a, &rd->named)
        vec_push(&ids, a->person);
    rock_ids_sort(&ids);
    const struct rock_table t = {.list = &rock_people_brief,
                                 .key = &rock_col_id,
                                 .ids = &ids,
                                 .unique = true,
                                 .row = on_brief,
                                 .user = rd};
    if (rock_table_read(rd->r->f, &t, NULL, err) < 0)
        return -1;
    rd->people.n = rock_ids_unique_rows(rd->people.v, rd->people.n, sizeof(*rd->people.v));
    /* Hidden people have no row; their own alias says who they are. */
    autovalue(rock_ids_release) struct rock_ids own = {0};
    rock_ids_missing(&ids, rd->people.v, rd->people.n, sizeof(*rd->people.v), &own);
    vec_foreach (p, &rd->people)
        if (!p->alias)
            vec_push(&own, p->id);
    rock_ids_sort(&own);
    if (rock_read_origins(rd->r, &own, err) < 0)
        return -1;
    vec_clear(&ids);
    vec_foreach (p, &rd->people)
        if (p->alias)
            vec_push(&ids, p->alias);
    rock_ids_sort(&ids);
    return rock_read_aliases(rd->r, &ids, err);
}

/* Guid of the person's primary alias; NULL when no row says. */
static const struct guid *primary(const struct reading *rd, int64_t person, const struct brief *b)
{
    const struct rock_alias *a = b && b->alias ? rock_find_alias(rd->r, b->alias) : NULL;

    if (a && a->person == person)
        return &a->guid;
    const struct rock_origin *o = rock_find_origin(rd->r, person);
    return o && o->person == person ? &o->guid : NULL;
}

static struct source_resolved fate_of(const struct reading *rd, const struct guid *key)
{
    struct source_resolved res = {.fate = SOURCE_GONE};
    const struct named *a = find_named(rd, key);

    if (!a)
        return res;
    long i = rock_ids_row(rd->people.v, rd->people.n, sizeof(*rd->people.v), a->person);
    const struct brief *b = i < 0 ? NULL : &rd->people.v[i];
    const struct guid *now = primary(rd, a->person, b);
    if (b && b->deceased) {
        res.fate = SOURCE_DECEASED;
    } else if (now && guid_cmp(now, key) != 0) {
        res.fate = SOURCE_MERGED;
        res.survivor = *now;
    } else if (now || a->of == a->person) {
        res.fate = SOURCE_THERE;
    }
    return res;
}

int rock_resolve(struct rock_read *r,
                 const struct guid *keys,
                 size_t n,
                 struct source_resolved *ret,
                 struct err *err)
{
    struct reading rd = {.r = r};
    int rc = 0;

    if (n)
        rc = read_keys(&rd, keys, n, err) < 0 || read_people(&rd, err) < 0 ? -1 : 0;
    for (size_t i = 0; rc == 0 && i < n; i++)
        ret[i] = fate_of(&rd, &keys[i]);
    vec_release(&rd.named);
    vec_release(&rd.people);
    return rc;
}
