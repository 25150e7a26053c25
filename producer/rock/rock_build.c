/* The directory out of what was read. */
#include <string.h>

#include "producer/rock/rock_read_p.h"

struct place { /* where a person of Rock is in the directory */
    int64_t id;
    int64_t index; /* -1: not there, deceased */
};

struct build {
    struct rock_read *r;
    struct directory *d;
    struct place *places; /* ascending id */
    size_t n_places;
};

static int by_key(const void *x, const void *y)
{
    return guid_cmp(&((const struct dir_person *)x)->key, &((const struct dir_person *)y)->key);
}

static int by_place(const void *x, const void *y)
{
    const struct place *a = x, *b = y;
    return a->id < b->id ? -1 : a->id > b->id;
}

static int by_index(const void *x, const void *y)
{
    const uint32_t *a = x, *b = y;
    return *a < *b ? -1 : *a > *b;
}

static int build_people(struct build *b, struct err *err)
{
    struct rock_read *r = b->r;
    struct dir_person *people = arena_alloc(r->keep, (r->people.n + 1) * sizeof(*people));
    size_t n = 0;

    vec_foreach (p, &r->people)
        if (!p->p.deceased)
            people[n++] = p->p;
    qsort(people, n, sizeof(*people), by_key);
    b->places = xalloc((n + 1) * sizeof(*b->places));
    b->n_places = n;
    for (size_t i = 0; i < n; i++) {
        if (i && by_key(&people[i - 1], &people[i]) == 0)
            return err_set(err, SCOPE_REMOTE, WHEN_LATER, "rock.same_key",
                           "Rock's People %lld and %lld have the same primary alias",
                           (long long)people[i - 1].rock_id, (long long)people[i].rock_id);
        b->places[i] = (struct place){people[i].rock_id, (int64_t)i};
    }
    qsort(b->places, n, sizeof(*b->places), by_place);
    b->d->people = people;
    b->d->n_people = n;
    return 0;
}

static int64_t index_of(const struct build *b, int64_t person)
{
    const struct rock_person *p = rock_person_now(b->r, person);
    long i = p ? rock_ids_row(b->places, b->n_places, sizeof(*b->places), p->id) : -1;

    return i < 0 ? -1 : b->places[i].index;
}

/* Ascending indexes of the ids that are there; ids may hold doubles. */
static struct dir_list list_of(const struct build *b, const int64_t *ids, size_t n)
{
    uint32_t *v = arena_alloc(b->r->keep, (n + 1) * sizeof(*v));
    size_t k = 0, kept = 0;

    for (size_t i = 0; i < n; i++) {
        int64_t index = index_of(b, ids[i]);
        if (index >= 0)
            v[k++] = (uint32_t)index;
    }
    qsort(v, k, sizeof(*v), by_index);
    for (size_t i = 0; i < k; i++)
        if (!kept || v[kept - 1] != v[i])
            v[kept++] = v[i];
    return (struct dir_list){v, kept};
}

static void add_members(const struct rock_read *r, int64_t group, struct rock_ids *out)
{
    size_t low = 0, high = r->members.n;

    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (r->members.v[mid].group < group)
            low = mid + 1;
        else
            high = mid;
    }
    for (; low < r->members.n && r->members.v[low].group == group; low++)
        vec_push(out, r->members.v[low].person);
}

static void build_groups(struct build *b)
{
    const struct source_request *rq = b->r->rq;
    struct dir_group *groups = arena_alloc(b->r->keep, (rq->n_groups + 1) * sizeof(*groups));
    autovalue(rock_ids_release) struct rock_ids ids = {0};

    for (size_t i = 0; i < rq->n_groups; i++) {
        const struct rock_group *g = rock_find_group(b->r, &rq->groups[i]);
        groups[i] = (struct dir_group){.guid = rq->groups[i], .name = g ? g->name : ""};
        if (!g)
            continue;
        groups[i].rock_id = g->id;
        groups[i].usable = rock_group_usable(b->r, g);
        vec_clear(&ids);
        if (groups[i].usable)
            add_members(b->r, g->id, &ids);
        groups[i].members = list_of(b, ids.v, ids.n);
    }
    b->d->groups = groups;
    b->d->n_groups = rq->n_groups;
    vec_clear(&ids);
    vec_foreach (id, &b->r->staff_groups)
        add_members(b->r, *id, &ids);
    b->d->staff = list_of(b, ids.v, ids.n);
}

/* A following is filed under the person that its follower was when it was read. */
static void build_follows(const struct build *b, struct dir_user *users, size_t n_users)
{
    const struct rock_read *r = b->r;
    autovalue(rock_ids_release) struct rock_ids ids = {0};

    for (size_t i = 0; i < r->follows.n;) {
        int64_t follower = r->follows.v[i].follower, index = index_of(b, follower);
        vec_clear(&ids);
        for (; i < r->follows.n && r->follows.v[i].follower == follower; i++)
            if (r->follows.v[i].person)
                vec_push(&ids, r->follows.v[i].person);
        for (size_t u = 0; index >= 0 && u < n_users; u++) {
            if (users[u].person != (uint32_t)index)
                continue;
            /* Merged meanwhile: two followers are one user now. */
            vec_reserve(&ids, ids.n + users[u].follows.n);
            for (size_t k = 0; k < users[u].follows.n; k++)
                vec_push(&ids, b->d->people[users[u].follows.v[k]].rock_id);
            users[u].follows = list_of(b, ids.v, ids.n);
        }
    }
}

static void build_users(struct build *b)
{
    struct dir_list eligible = list_of(b, b->r->eligible.v, b->r->eligible.n);
    struct dir_user *users = arena_alloc(b->r->keep, (eligible.n + 1) * sizeof(*users));

    for (size_t i = 0; i < eligible.n; i++)
        users[i].person = eligible.v[i];
    build_follows(b, users, eligible.n);
    b->d->users = users;
    b->d->n_users = eligible.n;
}

static void build_unknown(const struct build *b)
{
    const char **v = arena_alloc(b->r->keep, (b->r->server.asked.n + 1) * sizeof(*v));
    size_t n = 0;

    vec_foreach (a, &b->r->server.asked)
        if (!a->id)
            v[n++] = arena_strdup(b->r->keep, a->key);
    b->d->unknown_attributes = v;
    b->d->n_unknown_attributes = n;
}

int rock_build(struct rock_read *r, int64_t read_at_ms, struct directory **ret, struct err *err)
{
    struct build b = {.r = r};

    b.d = arena_alloc(r->keep, sizeof(*b.d));
    b.d->arena = r->keep;
    b.d->read_at_ms = read_at_ms;
    b.d->opted_out = arena_memdup(r->keep, r->opted_out.v, r->opted_out.n * sizeof(int64_t));
    b.d->n_opted_out = r->opted_out.n;
    b.d->former = arena_memdup(r->keep, r->former.v, r->former.n * sizeof(*r->former.v));
    b.d->n_former = r->former.n;
    int rc = build_people(&b, err);
    if (rc == 0) {
        build_groups(&b);
        build_users(&b);
        build_unknown(&b);
        *ret = b.d;
    }
    free(b.places);
    return rc;
}
