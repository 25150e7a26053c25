/* Person attributes that the request names. */
#include <string.h>

#include "producer/rock/rock_read_p.h"

enum { ATTRIBUTES_AT_ONCE = 5 /* leaves room for ids of people in a filter */ };

struct reading {
    struct rock_read *r;
    const struct rock_ids *people;
};

static const struct rock_asked *asked_by_id(const struct rock_server *sv, int64_t id)
{
    vec_foreach (a, &sv->asked)
        if (a->id == id)
            return a;
    return NULL;
}

/* A row may come twice. */
static void set(struct rock_read *r, struct dir_person *p, const char *key, const char *value)
{
    struct dir_attribute *v = (struct dir_attribute *)(uintptr_t)p->attributes;
    size_t i = 0;

    if (!v)
        p->attributes = v = arena_alloc(r->keep, r->server.asked.n * sizeof(*v));
    while (i < p->n_attributes && v[i].key != key)
        i++;
    v[i] = (struct dir_attribute){key, value};
    if (i == p->n_attributes)
        p->n_attributes++;
}

static void on_value(const struct js *row, int64_t id, void *user)
{
    const struct reading *rd = user;
    struct rock_value v;

    rock_decode_value(row, id, &v);
    if (js_failed(row) || !v.text || !rock_ids_has(rd->people, v.entity))
        return;
    const struct rock_asked *a = asked_by_id(&rd->r->server, v.attribute);
    if (a)
        set(rd->r, &rock_find_person(rd->r, v.entity)->p, a->key,
            arena_strdup(rd->r->keep, v.text));
}

static int read_some(struct reading *rd, const int64_t *attributes, size_t n, struct err *err)
{
    autovalue(rock_filter_release) struct rock_filter base = ROCK_FILTER_INIT;
    const struct rock_ids *people = rd->people;

    rock_filter_ids(&base, &rock_col_attribute, attributes, n);
    const struct rock_table t = {.list = &rock_values,
                                 .base = &base,
                                 .key = &rock_col_entity,
                                 .ids = people,
                                 .rows_max = n * (size_t)people->v[people->n - 1],
                                 .row = on_value,
                                 .user = rd};
    const struct rock_progress pr = rock_progress_of(rd->r, "attributes of the template", 0);
    return rock_table_read(rd->r->f, &t, &pr, err);
}

static bool has(const struct dir_person *p, const char *key)
{
    for (size_t i = 0; i < p->n_attributes; i++)
        if (p->attributes[i].key == key)
            return true;
    return false;
}

/* Rock shows an attribute's default where a person has no row. */
static void set_defaults(struct rock_read *r)
{
    vec_foreach (a, &r->server.asked)
        if (a->id && a->otherwise && *a->otherwise)
            vec_foreach (p, &r->people)
                if (!has(&p->p, a->key))
                    set(r, &p->p, a->key, a->otherwise);
}

int rock_read_asked(struct rock_read *r, const struct rock_ids *people, struct err *err)
{
    struct reading rd = {r, people};
    int64_t attributes[ATTRIBUTES_AT_ONCE];
    size_t n = 0;

    for (size_t i = 0; i < r->server.asked.n; i++) {
        if (r->server.asked.v[i].id)
            attributes[n++] = r->server.asked.v[i].id;
        bool last = i + 1 == r->server.asked.n;
        if (n == ATTRIBUTES_AT_ONCE || (last && n)) {
            if (read_some(&rd, attributes, n, err) < 0)
                return -1;
            n = 0;
        }
    }
    set_defaults(r);
    return 0;
}
