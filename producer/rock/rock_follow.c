/* Whom the eligible people follow, through all their aliases. */
#include <string.h>

#include "producer/rock/rock_read_p.h"

/* ---- aliases, as far as they are needed ---- */

static void on_alias(const struct js *row, int64_t id, void *user)
{
    struct rock_read *r = user;
    struct rock_alias a;

    rock_decode_alias(row, id, &a);
    if (!js_failed(row))
        vec_push(&r->aliases, a);
}

const struct rock_alias *rock_find_alias(const struct rock_read *r, int64_t id)
{
    long i = rock_ids_row(r->aliases.v, r->aliases.n, sizeof(*r->aliases.v), id);

    return i < 0 ? NULL : &r->aliases.v[i];
}

static void sort_aliases(struct rock_read *r)
{
    r->aliases.n = rock_ids_unique_rows(r->aliases.v, r->aliases.n, sizeof(*r->aliases.v));
}

static int read_missing_aliases(struct rock_read *r, const struct rock_ids *ids, struct err *err)
{
    autovalue(rock_ids_release) struct rock_ids missing = {0};

    rock_ids_missing(ids, r->aliases.v, r->aliases.n, sizeof(*r->aliases.v), &missing);
    const struct rock_table t = {.list = &rock_aliases,
                                 .key = &rock_col_id,
                                 .ids = &missing,
                                 .unique = true,
                                 .row = on_alias,
                                 .user = r};
    const struct rock_progress pr = rock_progress_of(r, "aliases", 0);
    if (rock_table_read(r->f, &t, &pr, err) < 0)
        return -1;
    sort_aliases(r);
    return 0;
}

/* Twice: an alias that really is gone costs a second question, one that an answer left out by
 * mistake does not cost a contact. */
int rock_read_aliases(struct rock_read *r, const struct rock_ids *ids, struct err *err)
{
    if (read_missing_aliases(r, ids, err) < 0 || read_missing_aliases(r, ids, err) < 0)
        return -1;
    size_t found = 0;
    vec_foreach (id, ids)
        found += rock_find_alias(r, *id) != NULL;
    return ids->n ? rock_confirm_empty(r, &rock_aliases, found, 1, err) : 0;
}

/* ---- followers ---- */

static void on_follower(const struct js *row, int64_t id, void *user)
{
    struct rock_read *r = user;
    struct rock_alias a;

    rock_decode_alias(row, id, &a);
    if (rock_ids_has(&r->eligible, a.person))
        vec_push(&r->followers, a.person);
}

static int read_followers(struct rock_read *r, struct err *err)
{
    if (rock_table_read_guids(r->f, &rock_aliases, r->rq->followers, r->rq->n_followers,
                              on_follower, r, err) < 0)
        return -1;
    rock_ids_sort(&r->followers);
    return rock_confirm_empty(r, &rock_aliases, r->followers.n, 1, err);
}

/* ---- followings ---- */

static void on_following(const struct js *row, int64_t id, void *user)
{
    struct rock_read *r = user;
    struct rock_following f;

    rock_decode_following(row, id, &f);
    if (js_failed(row) || !f.plain || !rock_ids_has(&r->followers, f.follower))
        return;
    struct rock_follow follow = {.follower = f.follower};
    if (f.entity_type == r->server.person_entity)
        follow.person = f.entity;
    else if (f.entity_type == r->server.alias_entity)
        follow.alias = f.entity;
    else
        return;
    vec_push(&r->follows, follow);
}

static int by_follower(const void *x, const void *y)
{
    const struct rock_follow *a = x, *b = y;
    return a->follower < b->follower ? -1 : a->follower > b->follower;
}

static int read_rows(struct rock_read *r, struct err *err)
{
    autovalue(rock_filter_release) struct rock_filter kinds = ROCK_FILTER_INIT;
    const int64_t entities[] = {r->server.alias_entity, r->server.person_entity};

    rock_filter_ids(&kinds, &rock_col_entity_type, entities, ARRAY_LEN(entities));
    const struct rock_table t = {.list = &rock_followings,
                                 .base = &kinds,
                                 .key = &rock_col_follower,
                                 .ids = &r->followers,
                                 .row = on_following,
                                 .user = r};
    const struct rock_progress pr = rock_progress_of(r, "followings", 0);
    if (rock_table_read(r->f, &t, &pr, err) < 0)
        return -1;
    r->counts.followings = r->follows.n;
    return rock_confirm_empty(r, &rock_followings, r->follows.n, r->s->last.followings, err);
}

/* Aliases that are gone leave their followings behind in Rock: such rows name nobody. */
static int resolve_aliases(struct rock_read *r, struct err *err)
{
    autovalue(rock_ids_release) struct rock_ids ids = {0};

    vec_foreach (f, &r->follows)
        if (f->alias)
            vec_push(&ids, f->alias);
    rock_ids_sort(&ids);
    if (rock_read_aliases(r, &ids, err) < 0)
        return -1;
    vec_foreach (f, &r->follows) {
        const struct rock_alias *a = f->alias ? rock_find_alias(r, f->alias) : NULL;
        if (a)
            f->person = a->person;
    }
    if (r->follows.n)
        qsort(r->follows.v, r->follows.n, sizeof(*r->follows.v), by_follower);
    return 0;
}

int rock_read_followings(struct rock_read *r, struct err *err)
{
    if (!r->rq->n_followers)
        return 0;
    if (read_followers(r, err) < 0)
        return -1;
    if (!r->followers.n)
        return 0;
    return read_rows(r, err) < 0 ? -1 : resolve_aliases(r, err);
}
