/* Groups by Guid, the groups of staff, and the active members of all of them. */
#include <string.h>

#include "producer/rock/rock_read_p.h"

static int by_guid(const void *x, const void *y)
{
    return guid_cmp(&((const struct rock_group *)x)->guid, &((const struct rock_group *)y)->guid);
}

const struct rock_group *rock_find_group(const struct rock_read *r, const struct guid *guid)
{
    struct rock_group key = {.guid = *guid};

    return r->groups.n ? bsearch(&key, r->groups.v, r->groups.n, sizeof(key), by_guid) : NULL;
}

bool rock_group_usable(const struct rock_read *r, const struct rock_group *g)
{
    return g->active && !g->archived && !g->security_role && g->type != r->server.security_type &&
           g->type != r->server.family_type;
}

/* ---- groups ---- */

struct batch { /* some chosen groups, and the eligible one with each of them */
    struct rock_read *r;
    struct rock_filter filter;
    bool complete; /* the eligible group came with it */
};

static void on_group(const struct js *row, int64_t id, void *user)
{
    struct batch *b = user;
    struct rock_group g;

    rock_decode_group(row, id, b->r->keep, &g);
    b->complete |= guid_cmp(&g.guid, &b->r->rq->eligible_group) == 0;
    vec_push(&b->r->groups, g);
}

static int no_eligible_group(const struct rock_read *r, const char *why, struct err *err)
{
    char guid[GUID_TEXT];

    return err_set(err, SCOPE_REMOTE, WHEN_LATER, "rock.eligible_group",
                   "the eligible group %s %s (/api/Groups)",
                   guid_format(&r->rq->eligible_group, guid), why);
}

/*
 * The eligible group is asked for in every batch: an answer without it is no answer, and the chosen
 * groups of that batch would else count as deleted.
 */
static int read_by_guid(struct rock_read *r, struct err *err)
{
    const struct source_request *rq = r->rq;
    struct rock_filter empty = ROCK_FILTER_INIT;
    struct guid guids[ROCK_TERMS_MAX];
    size_t room = rock_filter_room(&empty, &rock_col_guid) - 1;
    size_t n = (rq->n_groups + room - 1) / room, at = 0;

    n = n ? n : 1;
    struct batch *batches = arena_alloc(r->keep, n * sizeof(*batches));
    struct rock_walk *walks = arena_alloc(r->keep, n * sizeof(*walks));
    for (size_t i = 0; i < n; i++) {
        size_t k = 0;
        guids[k++] = rq->eligible_group;
        for (; at < rq->n_groups && k <= room; at++)
            if (guid_cmp(&rq->groups[at], &rq->eligible_group) != 0)
                guids[k++] = rq->groups[at];
        batches[i] = (struct batch){.r = r, .filter = ROCK_FILTER_INIT};
        rock_filter_guids(&batches[i].filter, &rock_col_guid, guids, k);
        walks[i] = (struct rock_walk){.list = &rock_groups,
                                      .filter = batches[i].filter.text.p,
                                      .expect = k,
                                      .row = on_group,
                                      .user = &batches[i]};
    }
    int rc = rock_fetch_run(r->f, walks, n, NULL, err);
    for (size_t i = 0; i < n; i++) {
        rock_filter_release(&batches[i].filter);
        if (rc == 0 && !batches[i].complete)
            rc = no_eligible_group(r, "is not in Rock, or it is archived", err);
    }
    return rc;
}

static void on_staff_group(const struct js *row, int64_t id, void *user)
{
    struct rock_read *r = user;
    struct rock_group g;

    rock_decode_group(row, id, r->keep, &g);
    if (g.active && !g.archived && g.type == r->server.unit_type)
        vec_push(&r->staff_groups, id);
}

static int read_staff_groups(struct rock_read *r, struct err *err)
{
    autovalue(rock_filter_release) struct rock_filter filter = ROCK_FILTER_INIT;

    rock_filter_ids(&filter, &rock_col_group_type, &r->server.unit_type, 1);
    rock_filter_raw(&filter, "IsActive eq true");
    return rock_table_walk(r->f, &rock_groups, &filter, on_staff_group, r, err);
}

int rock_read_groups(struct rock_read *r, struct err *err)
{
    if (read_by_guid(r, err) < 0 || (r->rq->staff && read_staff_groups(r, err) < 0))
        return -1;
    qsort(r->groups.v, r->groups.n, sizeof(*r->groups.v), by_guid);
    size_t n = 0;
    for (size_t i = 0; i < r->groups.n; i++)
        if (!n || by_guid(&r->groups.v[n - 1], &r->groups.v[i]) != 0)
            r->groups.v[n++] = r->groups.v[i];
    r->groups.n = n;
    rock_ids_sort(&r->staff_groups);
    const struct rock_group *eligible = rock_find_group(r, &r->rq->eligible_group);
    if (eligible && eligible->active && !eligible->archived)
        return 0;
    return no_eligible_group(r, "is not active", err);
}

/* ---- members ---- */

struct reading {
    struct rock_read *r;
    const struct rock_ids *groups;
};

static void on_member(const struct js *row, int64_t id, void *user)
{
    const struct reading *rd = user;
    struct rock_member m;

    rock_decode_member(row, id, &m);
    if (rock_ids_has(rd->groups, m.group) && rock_decode_active(row, &m))
        vec_push(&rd->r->members, m);
}

static int by_group(const void *x, const void *y)
{
    const struct rock_member *a = x, *b = y;

    if (a->group != b->group)
        return a->group < b->group ? -1 : 1;
    return a->person < b->person ? -1 : a->person > b->person;
}

int rock_read_members(struct rock_read *r, struct err *err)
{
    autovalue(rock_ids_release) struct rock_ids groups = {0};
    autovalue(rock_filter_release) struct rock_filter active = ROCK_FILTER_INIT;
    const struct rock_group *eligible = rock_find_group(r, &r->rq->eligible_group);
    const struct reading rd = {r, &groups};

    vec_push(&groups, eligible->id);
    vec_foreach (g, &r->groups)
        if (rock_group_usable(r, g))
            vec_push(&groups, g->id);
    vec_foreach (id, &r->staff_groups)
        vec_push(&groups, *id);
    rock_ids_sort(&groups);
    rock_filter_raw(&active, "GroupMemberStatus eq 'Active'");
    const struct rock_table t = {.list = &rock_members,
                                 .base = &active,
                                 .key = &rock_col_group,
                                 .ids = &groups,
                                 .row = on_member,
                                 .user = (void *)(uintptr_t)&rd};
    const struct rock_progress pr = rock_progress_of(r, "group members", 0);
    if (rock_table_read(r->f, &t, &pr, err) < 0)
        return -1;
    if (r->members.n)
        qsort(r->members.v, r->members.n, sizeof(*r->members.v), by_group);
    vec_foreach (m, &r->members)
        if (m->group == eligible->id)
            vec_push(&r->eligible, m->person);
    rock_ids_sort(&r->eligible);
    return rock_confirm_empty(r, &rock_members, r->members.n, 1, err);
}
