/*
 * expand_bench: 10 M (user, person) pairs through expansion, digest and diff on one core, and the
 * same answers from a naive implementation for a few users. Prints JSON lines; fails when the two
 * disagree.
 *
 * The church: 100,000 people, 2,000 users who each follow some, take the staff, and choose groups
 * of 20 to 2,000 members until about 5,000 people are in. 1 % of the people changed since the rows
 * were written; each mailbox also has rows of people who left. Rows are made outside the clock: in
 * the product they come from PostgreSQL.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "common/base/arena.h"
#include "common/base/str.h"
#include "common/base/vec.h"

#include "common/core/contact.h"
#include "common/core/diff.h"
#include "common/core/expand.h"
#include "tests/bench/bench_count.h"

enum {
    PEOPLE = 100000,
    USERS = 2000,
    GROUPS = 1500,
    STAFF = 400,
    PER_USER = 5000,
    NAIVE_USERS = 20,
    COUNTED_USERS = 20
};

struct church {
    struct directory d;
    struct prefs *prefs;         /* per user */
    struct sha256 *before, *now; /* contents per person */
};

static uint64_t seed = 2026;

static uint64_t rnd(void)
{
    uint64_t z = (seed += UINT64_C(0x9E3779B97F4A7C15));
    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return z ^ z >> 31;
}

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int order_u32(const void *x, const void *y)
{
    uint32_t a = *(const uint32_t *)x, b = *(const uint32_t *)y;
    return (a > b) - (a < b);
}

/* About n people, ascending, without doubles. */
static struct dir_list a_list(struct arena *a, size_t n)
{
    uint32_t *v = arena_alloc(a, n * sizeof(*v));
    size_t k = 0;

    for (size_t i = 0; i < n; i++)
        v[i] = (uint32_t)(rnd() % PEOPLE);
    qsort(v, n, sizeof(*v), order_u32);
    for (size_t i = 0; i < n; i++) {
        if (k == 0 || v[k - 1] != v[i])
            v[k++] = v[i];
    }
    return (struct dir_list){v, k};
}

static void random_bytes(uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        p[i] = (uint8_t)rnd();
}

static int order_guid(const void *x, const void *y)
{
    return guid_cmp(x, y); /* keys and guids stand first in their structs */
}

static void make_people(struct church *c, struct arena *a)
{
    struct dir_person *people = arena_alloc(a, PEOPLE * sizeof(*people));

    c->before = arena_alloc(a, PEOPLE * sizeof(*c->before));
    c->now = arena_alloc(a, PEOPLE * sizeof(*c->now));
    for (size_t i = 0; i < PEOPLE; i++) {
        random_bytes(people[i].key.b, 16);
        people[i].deceased = rnd() % 200 == 0;
        random_bytes(c->before[i].b, 32);
        c->now[i] = c->before[i];
        if (rnd() % 100 == 0)
            random_bytes(c->now[i].b, 32);
    }
    qsort(people, PEOPLE, sizeof(*people), order_guid);
    c->d.people = people;
    c->d.n_people = PEOPLE;
}

static void make_groups(struct church *c, struct arena *a)
{
    struct dir_group *groups = arena_alloc(a, GROUPS * sizeof(*groups));

    for (size_t i = 0; i < GROUPS; i++) {
        groups[i].name = arena_printf(a, "Group %zu of the church", i);
        groups[i].usable = true;
        groups[i].members = a_list(a, 20 + rnd() % 100 * (rnd() % 20));
        random_bytes(groups[i].guid.b, 16);
    }
    qsort(groups, GROUPS, sizeof(*groups), order_guid);
    c->d.groups = groups;
    c->d.n_groups = GROUPS;
    c->d.staff = a_list(a, STAFF);
}

static void make_users(struct church *c, struct arena *a)
{
    struct dir_user *users = arena_alloc(a, USERS * sizeof(*users));

    c->prefs = arena_alloc(a, USERS * sizeof(*c->prefs));
    for (size_t u = 0; u < USERS; u++) {
        struct guid *chosen = arena_alloc(a, 100 * sizeof(*chosen));
        size_t n = 0, members = STAFF;
        users[u] = (struct dir_user){.person = (uint32_t)(rnd() % PEOPLE),
                                     .follows = a_list(a, 10 + rnd() % 200)};
        members += users[u].follows.n;
        while (n < 100 && members < PER_USER + PER_USER / 25) {
            const struct dir_group *g = &c->d.groups[rnd() % GROUPS];
            chosen[n++] = g->guid;
            members += g->members.n;
        }
        qsort(chosen, n, sizeof(*chosen), order_guid);
        c->prefs[u] =
            (struct prefs){.follow = true, .staff = true, .groups = chosen, .n_groups = n};
    }
    c->d.users = users;
    c->d.n_users = USERS;
}

typedef vec(struct diff_row) rows;

/* What the mailbox's rows say: the state before, less 1 % of the people, and as many who are not
 * wanted any more. */
static void make_rows(
    const struct expander *x, const struct church *c, const struct wanted *w, size_t n, rows *out)
{
    struct sha256 state;

    vec_clear(out);
    for (size_t i = 0; i < n; i++) {
        uint64_t dice = rnd();
        uint32_t p = w[i].person, stranger = p + 1;
        if (dice % 100 != 0) {
            link_state_hash(&c->d.people[p].key, &c->before[p], expander_cats(x, w[i].cat_set),
                            &state);
            vec_push(out, (struct diff_row){.key = c->d.people[p].key,
                                            .person = p,
                                            .wanted = true,
                                            .want = state,
                                            .has_item = true});
        }
        if (dice >> 32 & 127 || stranger == PEOPLE || (i + 1 < n && w[i + 1].person == stranger))
            continue;
        vec_push(out, (struct diff_row){.key = c->d.people[stranger].key,
                                        .person = stranger,
                                        .wanted = true,
                                        .has_item = true});
    }
}

/* ---- the naive implementation: sort all (person, reason) pairs as text, then compare ---- */

struct pair {
    struct guid key;
    uint32_t person;
    const char *reason;
};
typedef vec(struct pair) pairs;

static int order_pair(const void *x, const void *y)
{
    const struct pair *a = x, *b = y;
    int c = guid_cmp(&a->key, &b->key);
    return c ? c : strcmp(a->reason, b->reason);
}

static void
naive_add(const struct church *c, const struct dir_list *list, const char *reason, pairs *out)
{
    for (size_t i = 0; i < list->n; i++) {
        const struct dir_person *p = &c->d.people[list->v[i]];
        if (!p->deceased && !p->opted_out)
            vec_push(out, (struct pair){p->key, list->v[i], reason});
    }
}

struct naive { /* what one user comes to */
    size_t n;
    struct sha256 digest;
    size_t added, changed, dropped;
};

static const struct diff_row *naive_find(const rows *r, const struct guid *key)
{
    return r->n ? bsearch(key, r->v, r->n, sizeof(*r->v), order_guid) : NULL;
}

static void naive_links(const struct church *c, const pairs *all, const rows *r, struct naive *ret)
{
    struct digest *d = digest_new();
    struct sha256 fingerprint = {{1}}, state;
    size_t found = 0;

    digest_add(d, "\1", 1);
    digest_add(d, fingerprint.b, 32);
    for (size_t i = 0; i < all->n;) {
        const struct pair *first = &all->v[i];
        autovalue(str_release) struct str cats;
        str_init(&cats, 65536);
        for (; i < all->n && all->v[i].person == first->person; i++)
            str_addf(&cats, "%s%s", cats.n ? "\n" : "", all->v[i].reason);
        link_state_hash(&first->key, &c->now[first->person], cats.p, &state);
        digest_add(d, state.b, 32);
        const struct diff_row *row = naive_find(r, &first->key);
        found += row != NULL;
        ret->added += row == NULL;
        ret->changed += row && memcmp(row->want.b, state.b, 32) != 0;
        ret->n++;
    }
    ret->dropped = r->n - found;
    digest_finish(d, &ret->digest);
    digest_free(d);
}

static struct naive naive_user(const struct church *c, size_t u, const rows *r)
{
    struct naive ret = {0};
    pairs all = {0};

    naive_add(c, &c->d.users[u].follows, "Following", &all);
    naive_add(c, &c->d.staff, "Staff", &all);
    for (size_t i = 0; i < c->prefs[u].n_groups; i++) {
        const struct dir_group *g = directory_find_group(&c->d, &c->prefs[u].groups[i]);
        if (i == 0 || guid_cmp(&c->prefs[u].groups[i - 1], &c->prefs[u].groups[i]) != 0)
            naive_add(c, &g->members, g->name, &all);
    }
    qsort(all.v, all.n, sizeof(*all.v), order_pair);
    naive_links(c, &all, r, &ret);
    vec_release(&all);
    return ret;
}

/* ---- the measurement ---- */

struct times {
    double expand, digest, diff, naive;
    size_t pairs, naive_pairs, changes;
};

static void die(const char *what)
{
    fprintf(stderr, "expand_bench: %s\n", what);
    exit(1);
}

struct scratch {
    rows rows;
    struct diff_want *wants;
    diff_changes changes;
};

static void compare(const struct church *c,
                    size_t u,
                    const struct scratch *s,
                    size_t n,
                    const struct sha256 *digest,
                    const struct diff_counts *counts,
                    struct times *t)
{
    double begin = seconds();
    struct naive naive = naive_user(c, u, &s->rows);

    t->naive += seconds() - begin;
    t->naive_pairs += naive.n;
    if (naive.n != n || memcmp(&naive.digest, digest, sizeof(*digest)) != 0)
        die("the naive implementation wants something else");
    if (naive.added != counts->added || naive.changed != counts->changed ||
        naive.dropped != counts->dropped)
        die("the naive implementation finds other differences");
}

static void
one_user(struct expander *x, const struct church *c, size_t u, struct scratch *s, struct times *t)
{
    static const struct sha256 fingerprint = {{1}};
    const struct wanted *w;
    struct diff_counts counts;
    struct sha256 digest;
    struct err err;
    size_t n;

    double begin = seconds();
    if (expander_run(x, &c->d.users[u], &c->prefs[u], &w, &n, &err) < 0)
        die(err.text);
    double expanded = seconds();
    expander_digest(x, w, n, c->now, &fingerprint, &digest);
    double digested = seconds();
    make_rows(x, c, w, n, &s->rows);
    double rows_made = seconds();
    s->wants = xrealloc(s->wants, (n + 1) * sizeof(*s->wants));
    expander_wants(x, w, n, c->now, NULL, s->wants);
    vec_clear(&s->changes);
    diff_mailbox(s->wants, n, s->rows.v, s->rows.n, true, &s->changes, &counts);
    double compared = seconds();

    t->expand += expanded - begin;
    t->digest += digested - expanded;
    t->diff += compared - rows_made;
    t->pairs += n;
    t->changes += s->changes.n;
    if (u % (USERS / NAIVE_USERS) == 0)
        compare(c, u, s, n, &digest, &counts, t);
}

static void report(const struct times *t)
{
    double total = t->expand + t->digest + t->diff, rate = (double)t->pairs / total;
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    printf("{\"bench\":\"expand\",\"pairs\":%zu,\"seconds\":%.3f,\"pairs_per_s\":%.0f,\"expand_s\":"
           "%.3f,\"digest_s\":%.3f,\"diff_s\":%.3f,"
           "\"changes\":%zu,\"max_rss_mb\":%.1f,\"naive_pairs_per_s\":%.0f,\"times_naive\":%.1f,"
           "\"goal\":\"10 M pairs in 5 s, 256 MB\"}\n",
           t->pairs, total, rate, t->expand, t->digest, t->diff, t->changes,
           (double)usage.ru_maxrss / 1024, (double)t->naive_pairs / t->naive,
           rate / ((double)t->naive_pairs / t->naive));
    printf("{\"bench\":\"expand_unchanged\",\"pairs\":%zu,\"seconds\":%.3f,\"pairs_per_s\":%.0f}\n",
           t->pairs, t->expand + t->digest, (double)t->pairs / (t->expand + t->digest));
}

int main(void)
{
    autoptr(arena_free) struct arena *a = arena_new("church", (size_t)1 << 30);
    struct expand_rules rules = {.categories = true};
    struct church c = {0};
    struct scratch s = {0};
    struct times t = {0};

    make_people(&c, a);
    make_groups(&c, a);
    make_users(&c, a);
    double begin = seconds();
    autoptr(expander_free) struct expander *x = expander_new(&c.d, &rules);
    t.expand = seconds() - begin;
    for (size_t u = 0; u < (bench_counting() ? COUNTED_USERS : USERS); u++)
        one_user(x, &c, u, &s, &t);
    report(&t);
    vec_release(&s.rows);
    vec_release(&s.changes);
    free(s.wants);
    return 0;
}
