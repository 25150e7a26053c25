/* What hangs on people in other tables: attributes, families and their addresses. */
#include <string.h>

#include "producer/rock/rock_read_p.h"

struct reading {
    struct rock_read *r;
    const struct rock_ids *ids;
};

/* ---- employer, position, opt-out ---- */

static void on_value(const struct js *row, int64_t id, void *user)
{
    const struct reading *rd = user;
    const struct rock_server *sv = &rd->r->server;
    struct rock_value v;

    rock_decode_value(row, id, &v);
    if (js_failed(row) || !rock_ids_has(rd->ids, v.entity))
        return;
    struct dir_person *p = &rock_find_person(rd->r, v.entity)->p;
    rd->r->counts.values++;
    if (v.attribute == sv->employer)
        p->employer = arena_strdup(rd->r->keep, v.text);
    else if (v.attribute == sv->position)
        p->position = arena_strdup(rd->r->keep, v.text);
    if (v.attribute == sv->opt_out)
        p->opted_out = rock_decode_yes(v.text);
}

static int read_values(struct rock_read *r, const struct rock_ids *people, struct err *err)
{
    autovalue(rock_filter_release) struct rock_filter base = ROCK_FILTER_INIT;
    const int64_t all[] = {r->server.employer, r->server.position, r->server.opt_out};
    struct reading rd = {r, people};
    int64_t attributes[ARRAY_LEN(all)];
    size_t n = 0;

    for (size_t i = 0; i < ARRAY_LEN(all); i++)
        if (all[i])
            attributes[n++] = all[i];
    rock_filter_ids(&base, &rock_col_attribute, attributes, n);
    const struct rock_table t = {.list = &rock_values,
                                 .base = &base,
                                 .key = &rock_col_entity,
                                 .ids = people,
                                 .rows_max = n * (size_t)people->v[people->n - 1],
                                 .row = on_value,
                                 .user = &rd};
    const struct rock_progress pr = rock_progress_of(r, "attributes", 0);
    if (rock_table_read(r->f, &t, &pr, err) < 0)
        return -1;
    return rock_confirm_empty(r, &rock_values, r->counts.values, r->s->last.values, err);
}

static void on_opt_out(const struct js *row, int64_t id, void *user)
{
    struct rock_read *r = user;
    struct rock_value v;

    rock_decode_value(row, id, &v);
    if (!js_failed(row) && v.attribute == r->server.opt_out && rock_decode_yes(v.text))
        vec_push(&r->opted_out, v.entity);
}

int rock_read_opted_out(struct rock_read *r, struct err *err)
{
    autovalue(rock_filter_release) struct rock_filter filter = ROCK_FILTER_INIT;

    if (!r->rq->opted_out || !r->server.opt_out)
        return 0;
    rock_filter_ids(&filter, &rock_col_attribute, &r->server.opt_out, 1);
    if (rock_table_walk(r->f, &rock_values, &filter, on_opt_out, r, err) < 0)
        return -1;
    rock_ids_sort(&r->opted_out);
    return 0;
}

/* ---- families ---- */

static void on_family(const struct js *row, int64_t id, void *user)
{
    const struct reading *rd = user;
    struct rock_member m;

    rock_decode_member(row, id, &m);
    if (js_failed(row) || m.archived || !rock_ids_has(rd->ids, m.person))
        return;
    vec_push(&rd->r->families, (struct rock_family){m.person, m.order, m.id, m.group, m.role});
}

/* The order in which Rock shows a person's families: GroupOrder, null last. */
static int by_rank(const void *x, const void *y)
{
    const struct rock_family *a = x, *b = y;

    if (a->person != b->person)
        return a->person < b->person ? -1 : 1;
    if (a->order != b->order)
        return a->order < b->order ? -1 : 1;
    return a->row < b->row ? -1 : a->row > b->row;
}

static int read_families(struct rock_read *r, const struct rock_ids *people, struct err *err)
{
    autovalue(rock_filter_release) struct rock_filter base = ROCK_FILTER_INIT;
    struct reading rd = {r, people};

    rock_filter_ids(&base, &rock_col_role_type, &r->server.family_type, 1);
    const struct rock_table t = {.list = &rock_members,
                                 .base = &base,
                                 .key = &rock_col_person,
                                 .ids = people,
                                 .rows_max = 2 * (size_t)people->v[people->n - 1],
                                 .row = on_family,
                                 .user = &rd};
    const struct rock_progress pr = rock_progress_of(r, "families", 0);
    if (rock_table_read(r->f, &t, &pr, err) < 0)
        return -1;
    if (r->families.n)
        qsort(r->families.v, r->families.n, sizeof(*r->families.v), by_rank);
    return 0;
}

/* ---- addresses ---- */

static void on_place(const struct js *row, int64_t id, void *user)
{
    const struct reading *rd = user;
    const struct rock_server *sv = &rd->r->server;
    struct rock_place p;

    if (!rock_ids_has(rd->ids, rock_decode_id(row, "GroupId")))
        return;
    rock_decode_place(row, id, rd->r->keep, &p);
    if (!js_failed(row) && (p.type == sv->home_place || p.type == sv->work_place))
        vec_push(&rd->r->places, p);
}

static int by_group(const void *x, const void *y)
{
    const struct rock_place *a = x, *b = y;

    if (a->group != b->group)
        return a->group < b->group ? -1 : 1;
    if (a->type != b->type)
        return a->type < b->type ? -1 : 1;
    return a->id < b->id ? -1 : a->id > b->id;
}

static int read_places(struct rock_read *r, struct err *err)
{
    autovalue(rock_ids_release) struct rock_ids groups = {0};
    autovalue(rock_filter_release) struct rock_filter base = ROCK_FILTER_INIT;
    const int64_t types[] = {r->server.home_place, r->server.work_place};
    struct reading rd = {r, &groups};

    vec_foreach (f, &r->families)
        vec_push(&groups, f->group);
    vec_foreach (p, &r->people)
        if (p->family)
            vec_push(&groups, p->family);
    rock_ids_sort(&groups);
    rock_filter_ids(&base, &rock_col_place_type, types, ARRAY_LEN(types));
    const struct rock_table t = {.list = &rock_places,
                                 .base = &base,
                                 .key = &rock_col_group,
                                 .ids = &groups,
                                 .row = on_place,
                                 .user = &rd};
    const struct rock_progress pr = rock_progress_of(r, "addresses", 0);
    if (rock_table_read(r->f, &t, &pr, err) < 0)
        return -1;
    if (r->places.n)
        qsort(r->places.v, r->places.n, sizeof(*r->places.v), by_group);
    r->counts.places = r->places.n;
    return rock_confirm_empty(r, &rock_places, r->places.n, r->s->last.places, err);
}

static const struct dir_address *place_of(const struct rock_read *r, int64_t group, int64_t type)
{
    size_t low = 0, high = r->places.n;

    while (low < high) {
        size_t mid = low + (high - low) / 2;
        const struct rock_place *p = &r->places.v[mid];
        if (p->group < group || (p->group == group && p->type < type))
            low = mid + 1;
        else
            high = mid;
    }
    const struct rock_place *p = low < r->places.n ? &r->places.v[low] : NULL;
    return p && p->group == group && p->type == type
               ? arena_memdup(r->keep, &p->address, sizeof(p->address))
               : NULL;
}

/* The first family that has one; the primary family closes the list. */
static const struct dir_address *address_of(const struct rock_read *r,
                                            const struct rock_person *p,
                                            const struct rock_family *families,
                                            size_t n,
                                            int64_t type)
{
    const struct dir_address *a = NULL;

    for (size_t i = 0; i < n && !a; i++)
        a = place_of(r, families[i].group, type);
    return a || !p->family ? a : place_of(r, p->family, type);
}

/* Both lists are in order of person. */
static void spread(struct rock_read *r)
{
    const struct rock_family *f = r->families.v, *end = f ? f + r->families.n : NULL;

    vec_foreach (p, &r->people) {
        size_t n = 0;
        while (f < end && f->person < p->id)
            f++;
        while (f + n < end && f[n].person == p->id)
            n++;
        p->p.home = address_of(r, p, f, n, r->server.home_place);
        p->p.work = address_of(r, p, f, n, r->server.work_place);
        if (p->p.age_class == 0 && n)
            p->p.age_class = f->role == r->server.child_role ? 2 : 1;
    }
}

int rock_read_details(struct rock_read *r, struct err *err)
{
    autovalue(rock_ids_release) struct rock_ids people = {0};

    vec_foreach (p, &r->people)
        vec_push(&people, p->id);
    if (!people.n)
        return 0;
    if (read_values(r, &people, err) < 0 || rock_read_asked(r, &people, err) < 0 ||
        read_families(r, &people, err) < 0 || read_places(r, err) < 0)
        return -1;
    spread(r);
    return 0;
}
