/* The people of a snapshot: the union of all who are wanted, survivors of merges, and keys. */
#include <string.h>

#include "producer/rock/rock_read_p.h"

enum {
    ROUNDS = 3,          /* a survivor may have been merged in turn */
    VANISHED_FLOOR = 5,  /* people who may stay away without failing the run */
    VANISHED_PERCENT = 2 /* or this share */
};

struct rock_person *rock_find_person(const struct rock_read *r, int64_t id)
{
    long i = rock_ids_row(r->people.v, r->people.n, sizeof(*r->people.v), id);

    return i < 0 ? NULL : &r->people.v[i];
}

const struct rock_origin *rock_find_origin(const struct rock_read *r, int64_t of)
{
    long i = rock_ids_row(r->origins.v, r->origins.n, sizeof(*r->origins.v), of);

    return i < 0 ? NULL : &r->origins.v[i];
}

struct rock_person *rock_person_now(const struct rock_read *r, int64_t id)
{
    for (int i = 0; i <= ROUNDS; i++) {
        struct rock_person *p = rock_find_person(r, id);
        if (p)
            return p;
        const struct rock_origin *o = rock_find_origin(r, id);
        if (!o || o->person == id)
            return NULL;
        id = o->person;
    }
    return NULL;
}

/* ---- rows ---- */

struct reading {
    struct rock_read *r;
    const struct rock_ids *ids;
    struct rock_codes codes;
};

static void on_person(const struct js *row, int64_t id, void *user)
{
    const struct reading *rd = user;
    struct rock_person p;

    if (!rock_ids_has(rd->ids, id))
        return;
    rock_decode_person(row, id, &rd->codes, rd->r->keep, &p);
    if (!js_failed(row))
        vec_push(&rd->r->people, p);
}

static int read_rows(struct rock_read *r, const struct rock_ids *ids, struct err *err)
{
    const struct rock_server *sv = &r->server;
    struct reading rd = {
        r,
        ids,
        {sv->phone_types.v, sv->phone_types.n, sv->business, sv->formats, r->s->default_country}};
    const struct rock_table t = {.list = &rock_people,
                                 .key = &rock_col_id,
                                 .ids = ids,
                                 .unique = true,
                                 .row = on_person,
                                 .user = &rd};
    const struct rock_progress pr = rock_progress_of(r, "people", ids->n);

    if (rock_table_read(r->f, &t, &pr, err) < 0)
        return -1;
    r->people.n = rock_ids_unique_rows(r->people.v, r->people.n, sizeof(*r->people.v));
    return 0;
}

/* ---- those who did not come ---- */

static void on_origin(const struct js *row, int64_t id, void *user)
{
    struct rock_read *r = user;
    struct rock_alias a;

    rock_decode_alias(row, id, &a);
    if (!js_failed(row) && a.of)
        vec_push(&r->origins, (struct rock_origin){a.of, a.person, a.id, a.guid});
}

int rock_read_origins(struct rock_read *r, const struct rock_ids *of, struct err *err)
{
    const struct rock_table t = {.list = &rock_aliases,
                                 .key = &rock_col_alias_person,
                                 .ids = of,
                                 .unique = true,
                                 .row = on_origin,
                                 .user = r};

    if (rock_table_read(r->f, &t, NULL, err) < 0)
        return -1;
    r->origins.n = rock_ids_unique_rows(r->origins.v, r->origins.n, sizeof(*r->origins.v));
    return 0;
}

static void on_former(const struct js *row, int64_t id, void *user)
{
    struct rock_read *r = user;
    struct rock_alias a;

    rock_decode_alias(row, id, &a);
    if (!js_failed(row) && a.of && a.person && a.of != a.person)
        vec_push(&r->former, (struct dir_former){a.of, a.person});
}

int rock_read_former(struct rock_read *r, struct err *err)
{
    autovalue(rock_filter_release) struct rock_filter merged = ROCK_FILTER_INIT;

    if (!r->rq->former)
        return 0;
    rock_filter_raw(&merged, "AliasPersonId ne PersonId");
    if (rock_table_walk(r->f, &rock_aliases, &merged, on_former, r, err) < 0) {
        /* A comparison of two columns is OData, but no client is known that asks Rock for one: a
         * server that refuses it costs some contacts their recognition, never the run. */
        if (strcmp(err->code, "rock.400") != 0)
            return -1;
        vec_clear(&r->former);
    }
    r->former.n = rock_ids_unique_rows(r->former.v, r->former.n, sizeof(*r->former.v));
    return 0;
}

/*
 * asked: replaced by those to read next: survivors of merges, and once more those who should be
 * there. Returns how many are nowhere.
 */
static int trace(struct rock_read *r, struct rock_ids *asked, size_t *nowhere, struct err *err)
{
    autovalue(rock_ids_release) struct rock_ids missing = {0};

    rock_ids_missing(asked, r->people.v, r->people.n, sizeof(*r->people.v), &missing);
    vec_clear(asked);
    if (!missing.n)
        return 0;
    if (rock_read_origins(r, &missing, err) < 0)
        return -1;
    vec_foreach (id, &missing) {
        const struct rock_origin *o = rock_find_origin(r, *id);
        if (!o)
            ++*nowhere;
        else if (!rock_find_person(r, o->person))
            vec_push(asked, o->person);
    }
    rock_ids_sort(asked);
    return 0;
}

static int read_all(struct rock_read *r, struct err *err)
{
    autovalue(rock_ids_release) struct rock_ids asked = {0};
    size_t vanished = 0;

    vec_foreach (id, &r->wanted)
        vec_push(&asked, *id);
    for (int i = 0; i < ROUNDS && asked.n; i++)
        if (read_rows(r, &asked, err) < 0 || trace(r, &asked, &vanished, err) < 0)
            return -1;
    vanished += asked.n;
    if (vanished <= VANISHED_FLOOR || vanished * 100 <= r->wanted.n * VANISHED_PERCENT)
        return 0;
    return err_set(err, SCOPE_REMOTE, WHEN_LATER, "rock.vanished",
                   "Rock's /api/People leaves out %zu of %zu people who are members or followed",
                   vanished, r->wanted.n);
}

int rock_read_people(struct rock_read *r, struct err *err)
{
    size_t phones = 0;

    vec_foreach (m, &r->members)
        vec_push(&r->wanted, m->person);
    vec_foreach (f, &r->follows)
        if (f->person)
            vec_push(&r->wanted, f->person);
    rock_ids_sort(&r->wanted);
    if (read_all(r, err) < 0)
        return -1;
    vec_foreach (p, &r->people)
        phones += p->p.n_phones;
    r->counts.phones = phones;
    static const struct rock_list rock_phones = {.controller = "PhoneNumbers"};
    return rock_confirm_empty(r, &rock_phones, phones, r->s->last.phones, err);
}

/* ---- keys ---- */

static bool has_key(const struct rock_person *p)
{
    return !guid_is_nil(&p->p.key);
}

/* The alias that Rock calls primary; it must still be this person's. */
static void key_by_alias(const struct rock_read *r, struct rock_person *p)
{
    const struct rock_alias *a = p->alias ? rock_find_alias(r, p->alias) : NULL;

    if (a && a->person == p->id)
        p->p.key = a->guid;
}

static void without_key(const struct rock_read *r, struct rock_ids *out)
{
    vec_clear(out);
    vec_foreach (p, &r->people)
        if (!has_key(p) && !p->p.deceased)
            vec_push(out, p->id);
}

static void on_any_alias(const struct js *row, int64_t id, void *user)
{
    const struct reading *rd = user;
    struct rock_alias a;

    rock_decode_alias(row, id, &a);
    if (js_failed(row) || !rock_ids_has(rd->ids, a.person))
        return;
    struct rock_person *p = rock_find_person(rd->r, a.person);
    if (p && (!has_key(p) || a.id < p->alias)) {
        p->p.key = a.guid;
        p->alias = a.id;
    }
}

/* Rows that old imports wrote name no primary alias: it is the one that was made for the person;
 * failing that, the oldest. */
static int keys_without_primary(struct rock_read *r, struct err *err)
{
    autovalue(rock_ids_release) struct rock_ids ids = {0};

    without_key(r, &ids);
    if (rock_read_origins(r, &ids, err) < 0)
        return -1;
    vec_foreach (id, &ids) {
        const struct rock_origin *o = rock_find_origin(r, *id);
        if (o && o->person == *id)
            rock_find_person(r, *id)->p.key = o->guid;
    }
    without_key(r, &ids);
    struct reading rd = {.r = r, .ids = &ids};
    const struct rock_table t = {.list = &rock_aliases,
                                 .key = &rock_col_person,
                                 .ids = &ids,
                                 .row = on_any_alias,
                                 .user = &rd};
    if (rock_table_read(r->f, &t, NULL, err) < 0)
        return -1;
    without_key(r, &ids);
    if (!ids.n)
        return 0;
    return err_set(err, SCOPE_REMOTE, WHEN_LATER, "rock.no_alias",
                   "Rock's /api/PersonAlias has no row for Person %lld (and %zu more); Rock's job "
                   "Rock Cleanup adds them",
                   (long long)ids.v[0], ids.n - 1);
}

int rock_read_keys(struct rock_read *r, struct err *err)
{
    autovalue(rock_ids_release) struct rock_ids ids = {0};

    vec_foreach (p, &r->people)
        if (p->alias)
            vec_push(&ids, p->alias);
    rock_ids_sort(&ids);
    if (rock_read_aliases(r, &ids, err) < 0)
        return -1;
    vec_foreach (p, &r->people)
        key_by_alias(r, p);
    return keys_without_primary(r, err);
}
