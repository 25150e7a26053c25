/*
 * Choices that the original plugin kept in Rock's old preference store: attributes of the entity
 * type "Rock.Model.Person.Value", one per key, whose values belong to people.
 * @source reference/rock.md sections 8 and 15
 */
#include <string.h>
#include <strings.h>

#include "producer/rock/rock_read_p.h"

#define STORE  "Rock.Model.Person.Value"
#define PREFIX "MineCartStudio.SyncContacts."

enum { GROUPS_MAX = 500 /* of one person, as in preferences.v1 */ };

enum kind { KIND_FOLLOW, KIND_STAFF, KIND_GROUPS };
static const char *const suffixes[] = {
    [KIND_FOLLOW] = ".IncludeFollowing", [KIND_STAFF] = ".IncludeStaff", [KIND_GROUPS] = ".Groups"};

struct setting { /* an attribute of the store */
    int64_t id;
    enum kind kind;
};

struct choice { /* one group of one person */
    int64_t person, group;
};

struct person {
    int64_t id;
    bool follow, staff;
};

struct reading {
    struct rock_read *r;
    int64_t store;                /* entity type; 0: this Rock has no such store */
    vec(struct setting) settings; /* ascending id */
    vec(struct person) people;    /* those with any row; ascending id */
    vec(struct choice) choices;
    struct rock_ids group_ids;
    vec(struct rock_group) groups; /* ascending id */
};

/* ---- the store ---- */

static void on_store(const struct js *row, int64_t id, void *user)
{
    struct reading *rd = user;

    if (strcasecmp(js_str(row, "Name"), STORE) == 0)
        rd->store = id;
}

static void on_setting(const struct js *row, int64_t id, void *user)
{
    struct reading *rd = user;
    const char *key = js_str(row, "Key");
    size_t n = strlen(key);

    if (strncasecmp(key, PREFIX, strlen(PREFIX)) != 0)
        return;
    for (size_t i = 0; i < ARRAY_LEN(suffixes); i++) {
        size_t k = strlen(suffixes[i]);
        if (n > k && strcasecmp(key + n - k, suffixes[i]) == 0)
            vec_push(&rd->settings, (struct setting){id, (enum kind)i});
    }
}

static int read_settings(struct reading *rd, struct err *err)
{
    autovalue(rock_filter_release) struct rock_filter by_name = ROCK_FILTER_INIT;
    autovalue(rock_filter_release) struct rock_filter by_store = ROCK_FILTER_INIT;
    const char *const name = STORE;

    rock_filter_texts(&by_name, &rock_col_name, &name, 1);
    if (rock_table_walk(rd->r->f, &rock_entity_types, &by_name, on_store, rd, err) < 0)
        return -1;
    if (!rd->store)
        return 0;
    rock_filter_ids(&by_store, &rock_col_attribute_type, &rd->store, 1);
    rock_filter_raw(&by_store, "startswith(Key,'" PREFIX "')");
    return rock_table_walk(rd->r->f, &rock_attributes, &by_store, on_setting, rd, err);
}

/* ---- values ---- */

static bool is_true(const char *text)
{
    return text && strcasecmp(text, "true") == 0;
}

/* "12|15|31" */
static void add_groups(struct reading *rd, const struct js *row, int64_t person, const char *text)
{
    size_t n = 0;

    while (text && *text && n <= GROUPS_MAX) {
        char *end;
        long long id = strtoll(text, &end, 10);
        if (end == text || id < 1 || id > INT32_MAX || (*end && *end != '|')) {
            js_fail(row, "Value", "not a list of group ids joined by |");
            return;
        }
        vec_push(&rd->choices, (struct choice){person, id});
        vec_push(&rd->group_ids, (int64_t)id);
        n++;
        text = *end ? end + 1 : end;
    }
}

static void on_value(const struct js *row, int64_t id, void *user)
{
    struct reading *rd = user;
    struct rock_value v;

    rock_decode_value(row, id, &v);
    if (js_failed(row) || !rock_ids_has(&rd->r->eligible, v.entity))
        return;
    long i = rock_ids_row(rd->settings.v, rd->settings.n, sizeof(*rd->settings.v), v.attribute);
    if (i < 0)
        return;
    enum kind kind = rd->settings.v[i].kind;
    struct person p = {.id = v.entity,
                       .follow = kind == KIND_FOLLOW && is_true(v.text),
                       .staff = kind == KIND_STAFF && is_true(v.text)};
    vec_push(&rd->people, p);
    if (kind == KIND_GROUPS)
        add_groups(rd, row, v.entity, v.text);
}

static int by_person(const void *x, const void *y)
{
    const struct person *a = x, *b = y;
    return a->id < b->id ? -1 : a->id > b->id;
}

/* One entry per person; of two blocks the choices add up. */
static void join_people(struct reading *rd)
{
    size_t n = 0;

    if (rd->people.n)
        qsort(rd->people.v, rd->people.n, sizeof(*rd->people.v), by_person);
    vec_foreach (p, &rd->people) {
        if (n && rd->people.v[n - 1].id == p->id) {
            rd->people.v[n - 1].follow |= p->follow;
            rd->people.v[n - 1].staff |= p->staff;
        } else {
            rd->people.v[n++] = *p;
        }
    }
    rd->people.n = n;
    rock_ids_sort(&rd->group_ids);
}

static int read_values(struct reading *rd, struct err *err)
{
    autovalue(rock_ids_release) struct rock_ids ids = {0};

    vec_foreach (s, &rd->settings)
        vec_push(&ids, s->id);
    const struct rock_table t = {
        .list = &rock_values, .key = &rock_col_attribute, .ids = &ids, .row = on_value, .user = rd};
    if (rock_table_read(rd->r->f, &t, NULL, err) < 0)
        return -1;
    join_people(rd);
    return 0;
}

/* ---- groups and people by their Guids ---- */

static void on_group(const struct js *row, int64_t id, void *user)
{
    struct reading *rd = user;
    struct rock_group g;

    rock_decode_group(row, id, rd->r->keep, &g);
    if (!js_failed(row))
        vec_push(&rd->groups, g);
}

static int read_groups(struct reading *rd, struct err *err)
{
    const struct rock_table t = {.list = &rock_groups,
                                 .key = &rock_col_id,
                                 .ids = &rd->group_ids,
                                 .unique = true,
                                 .row = on_group,
                                 .user = rd};

    if (rock_table_read(rd->r->f, &t, NULL, err) < 0)
        return -1;
    rd->groups.n = rock_ids_unique_rows(rd->groups.v, rd->groups.n, sizeof(*rd->groups.v));
    return 0;
}

/* Groups that are gone are left out: nobody could choose them any more. */
static void
fill_groups(const struct reading *rd, int64_t person, struct arena *a, struct source_old_prefs *ret)
{
    size_t n = 0;

    vec_foreach (c, &rd->choices)
        n += c->person == person;
    struct guid *groups = arena_alloc(a, (n + 1) * sizeof(*groups));
    vec_foreach (c, &rd->choices) {
        if (c->person != person)
            continue;
        long i = rock_ids_row(rd->groups.v, rd->groups.n, sizeof(*rd->groups.v), c->group);
        if (i >= 0)
            groups[ret->n_groups++] = rd->groups.v[i].guid;
    }
    ret->groups = groups;
}

static void
fill(const struct reading *rd, struct arena *a, struct source_old_prefs **ret, size_t *n)
{
    struct source_old_prefs *all = arena_alloc(a, (rd->people.n + 1) * sizeof(*all));

    *n = 0;
    vec_foreach (p, &rd->people) {
        const struct rock_person *now = rock_person_now(rd->r, p->id);
        if (!now || now->p.deceased)
            continue;
        struct source_old_prefs *o = &all[(*n)++];
        *o =
            (struct source_old_prefs){.person = now->p.key, .follow = p->follow, .staff = p->staff};
        fill_groups(rd, p->id, a, o);
    }
    *ret = all;
}

/* The people are those of the eligible group, with their keys. */
static int read_eligible(struct rock_read *r, struct err *err)
{
    if (rock_read_server(r, err) < 0 || rock_read_groups(r, err) < 0 ||
        rock_read_members(r, err) < 0 || rock_read_people(r, err) < 0)
        return -1;
    return rock_read_keys(r, err);
}

int rock_old_prefs(
    struct rock_read *r, struct arena *a, struct source_old_prefs **ret, size_t *n, struct err *err)
{
    struct reading rd = {.r = r};
    int rc = read_settings(&rd, err);

    if (rc == 0 && rd.settings.n)
        rc = read_eligible(r, err) < 0 || read_values(&rd, err) < 0 || read_groups(&rd, err) < 0
                 ? -1
                 : 0;
    if (rc == 0)
        fill(&rd, a, ret, n);
    vec_release(&rd.settings);
    vec_release(&rd.people);
    vec_release(&rd.choices);
    vec_release(&rd.groups);
    rock_ids_release(&rd.group_ids);
    return rc;
}
