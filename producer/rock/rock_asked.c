/* Person attributes that the request names. */
#include <stdlib.h>
#include <string.h>

#include "producer/rock/rock_read_p.h"

enum {
    ATTRIBUTES_AT_ONCE = 5, /* leaves room for ids of people in a filter */
    ENTRIES_MAX = 2000      /* of lists that attributes refer to */
};

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

/* ---- values that refer to entries of a list ---- */

struct entry { /* a defined value by its Guid */
    struct guid guid;
    const char *text;
};

struct entries {
    struct rock_read *r;
    vec(struct entry) v; /* by Guid once all are there */
    vec(struct guid) wanted;
};

/* The next of the Guids joined by commas; false at the end, and *text NULL when it is something
 * else. */
static bool next_guid(const char **text, struct guid *ret)
{
    char one[GUID_TEXT];

    if (!**text)
        return false;
    if (strlen(*text) < GUID_TEXT - 1 || !strchr(",", (*text)[GUID_TEXT - 1])) {
        *text = NULL;
        return false;
    }
    memcpy(one, *text, GUID_TEXT - 1);
    one[GUID_TEXT - 1] = '\0';
    if (!guid_parse(one, ret)) {
        *text = NULL;
        return false;
    }
    *text += GUID_TEXT - 1 + ((*text)[GUID_TEXT - 1] == ',');
    return true;
}

static void want(struct entries *es, const char *text)
{
    struct guid guid;
    size_t before = es->wanted.n;

    while (next_guid(&text, &guid))
        vec_push(&es->wanted, guid);
    if (!text)
        es->wanted.n = before;
}

static int by_guid(const void *x, const void *y)
{
    return guid_cmp(&((const struct entry *)x)->guid, &((const struct entry *)y)->guid);
}

static void on_entry(const struct js *row, int64_t id, void *user)
{
    struct entries *es = user;
    struct rock_lookup l;

    rock_decode_lookup(row, id, "Value", es->r->keep, &l);
    if (!js_failed(row))
        vec_push(&es->v, (struct entry){l.guid, l.name});
}

/* What Rock shows for the value: the entries' texts; NULL when it does not refer to entries. */
static const char *shown(const struct entries *es, const char *text)
{
    const char *out = NULL;
    struct entry key;

    while (next_guid(&text, &key.guid)) {
        const struct entry *e = bsearch(&key, es->v.v, es->v.n, sizeof(key), by_guid);
        if (!e)
            return NULL;
        out = out ? arena_printf(es->r->keep, "%s, %s", out, e->text) : e->text;
    }
    return text ? out : NULL;
}

static int compare_guids(const void *x, const void *y)
{
    return guid_cmp(x, y);
}

static size_t unique_guids(struct guid *v, size_t n)
{
    size_t kept = 0;

    qsort(v, n, sizeof(*v), compare_guids);
    for (size_t i = 0; i < n; i++)
        if (!kept || guid_cmp(&v[kept - 1], &v[i]) != 0)
            v[kept++] = v[i];
    return kept;
}

/* Nothing to read where nothing was found or far too much: lists have few entries, so that many
 * Guids refer to something else. */
static int read_entries(struct entries *es, struct err *err)
{
    vec_foreach (p, &es->r->people)
        for (size_t i = 0; i < p->p.n_attributes; i++)
            want(es, p->p.attributes[i].value);
    if (es->wanted.n)
        es->wanted.n = unique_guids(es->wanted.v, es->wanted.n);
    if (!es->wanted.n || es->wanted.n > ENTRIES_MAX)
        return 0;
    if (rock_table_read_guids(es->r->f, &rock_defined_values, es->wanted.v, es->wanted.n, on_entry,
                              es, err) < 0)
        return -1;
    if (es->v.n)
        qsort(es->v.v, es->v.n, sizeof(*es->v.v), by_guid);
    return 0;
}

/* An attribute that is chosen from a list holds Guids: people see the entries' texts. */
static int show_entries(struct rock_read *r, struct err *err)
{
    struct entries es = {.r = r};
    int rc = read_entries(&es, err);

    vec_foreach (p, &r->people)
        for (size_t i = 0; es.v.n && i < p->p.n_attributes; i++) {
            const char *text = shown(&es, p->p.attributes[i].value);
            if (text)
                set(r, &p->p, p->p.attributes[i].key, text);
        }
    vec_release(&es.v);
    vec_release(&es.wanted);
    return rc;
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
    return show_entries(r, err);
}
