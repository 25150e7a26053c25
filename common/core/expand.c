/*
 * How it is quick: membership is one bit per person, the set of categories one number per person,
 * both in scratch that a run cleans behind itself while it writes its result. A union of sets is a
 * look into a table; a link's state is an exclusive or.
 */
#include "common/core/expand.h"

#include <assert.h>
#include <string.h>

#include "common/base/arena.h"
#include "common/base/map.h"
#include "common/base/text.h"
#include "common/base/vec.h"

#include "common/core/catset.h"
#include "common/core/contact.h"

/* A person's half of a link's state, good for one content of that person. */
struct person_state {
    struct sha256 content, hash;
};

struct label { /* one reason of one user */
    const char *name, *fold;
    int rank; /* 0 Following, 1 Staff, 2 a group */
    const struct dir_list *people;
};

struct group_label { /* a group's name as category; NULL when blank */
    const char *name, *fold;
};

struct expander {
    const struct directory *d;
    struct expand_rules rules;
    struct arena *arena;        /* group_labels */
    struct group_label *groups; /* as d->groups */
    struct group_label following, staff;
    struct guid *keys;  /* per person: people are large, keys are read once per pair */
    uint64_t *eligible; /* bit per person */
    uint64_t *in;       /* bit per person; zero between runs */
    uint32_t *set;      /* per person; of this run where `in` is set */
    vec(struct label) labels;
    struct catsets *sets;
    struct wanted *wanted; /* result of the last run */
    size_t wanted_cap;
    struct person_state *people; /* per person */
    struct sha256 *states;       /* of the last expander_wants */
    size_t states_cap;
};

static size_t words(const struct directory *d)
{
    return (d->n_people + 63) / 64;
}

static bool eligible(const struct dir_person *p, const struct expand_rules *r)
{
    return !p->deceased && !p->opted_out && !(r->exclude_children && p->age_class == 2);
}

static struct group_label label_of(struct arena *a, const char *name)
{
    struct group_label l = {0};

    if (!name)
        return l;
    char *copy = arena_strdup(a, name);
    for (char *p = copy; *p; p++) {
        if (*p == ',' || *p == ';')
            *p = ' ';
    }
    l.name = text_clean(a, copy, strlen(copy), EXPAND_CATEGORY_MAX, false);
    l.fold = text_fold(a, l.name);
    return l;
}

static size_t label_bytes(const struct directory *d)
{
    size_t n = 65536;
    for (size_t i = 0; i < d->n_groups; i++)
        n += 64 * (d->groups[i].name ? strlen(d->groups[i].name) + 1 : 1);
    return n;
}

/* All for the content of 32 zeros, which is as good as any. */
static struct person_state *people_new(const struct guid *keys, size_t n)
{
    struct person_state *v = xalloc((n + 1) * sizeof(*v));

    for (size_t i = 0; i < n; i++)
        link_person_hash(&keys[i], &v[i].content, &v[i].hash);
    return v;
}

struct expander *expander_new(const struct directory *d, const struct expand_rules *r)
{
    struct expander *x = xalloc(sizeof(*x));

    x->d = d;
    x->rules = *r;
    x->arena = arena_new("categories", label_bytes(d));
    x->following = label_of(x->arena, "Following");
    x->staff = label_of(x->arena, "Staff");
    x->groups = xalloc(d->n_groups * sizeof(*x->groups) + 1);
    for (size_t i = 0; i < d->n_groups; i++)
        x->groups[i] = label_of(x->arena, d->groups[i].name);
    x->keys = xalloc(d->n_people * sizeof(*x->keys) + 1);
    x->eligible = xalloc(words(d) * sizeof(*x->eligible) + 1);
    x->in = xalloc(words(d) * sizeof(*x->in) + 1);
    x->set = xalloc(d->n_people * sizeof(*x->set) + 1);
    for (size_t i = 0; i < d->n_people; i++) {
        x->keys[i] = d->people[i].key;
        x->eligible[i / 64] |= (uint64_t)eligible(&d->people[i], r) << i % 64;
    }
    x->sets = catsets_new(EXPAND_MAX_SETS, EXPAND_MAX_SET_BYTES);
    x->people = people_new(x->keys, d->n_people);
    return x;
}

void expander_free(struct expander *x)
{
    if (!x)
        return;
    catsets_free(x->sets);
    arena_free(x->arena);
    vec_release(&x->labels);
    free(x->groups);
    free(x->keys);
    free(x->eligible);
    free(x->in);
    free(x->set);
    free(x->wanted);
    free(x->people);
    free(x->states);
    free(x);
}

static int label_order(const void *p, const void *q)
{
    const struct label *x = p, *y = q;

    if (x->rank != y->rank)
        return x->rank - y->rank;
    if (!x->name || !y->name)
        return !x->name - !y->name;
    return strcmp(x->name, y->name);
}

/* The user's reasons, each with the name that stands for it; ordered so that the first of equal
 * folds is that name. */
static void collect(struct expander *x, const struct dir_user *user, const struct prefs *p)
{
    vec_clear(&x->labels);
    if (p->follow)
        vec_push(&x->labels,
                 (struct label){x->following.name, x->following.fold, 0, &user->follows});
    if (p->staff)
        vec_push(&x->labels, (struct label){x->staff.name, x->staff.fold, 1, &x->d->staff});
    for (size_t i = 0; i < p->n_groups; i++) {
        const struct dir_group *g = directory_find_group(x->d, &p->groups[i]);
        if (!g || !g->usable)
            continue;
        const struct group_label *l = &x->groups[g - x->d->groups];
        vec_push(&x->labels, (struct label){l->name, l->fold, 2, &g->members});
    }
    if (x->labels.n > 1)
        qsort(x->labels.v, x->labels.n, sizeof(*x->labels.v), label_order);
}

/* The category of label i: its own name, or the first one that is equal but for case. */
static uint32_t category(struct expander *x, struct map *folds, size_t i)
{
    struct label *l = &x->labels.v[i];

    if (!x->rules.categories || !l->name)
        return 0;
    size_t n = strlen(l->fold);
    struct label *first = map_get(folds, l->fold, n);
    if (!first)
        map_put(folds, l->fold, n, l);
    return catsets_category(x->sets, first ? first->name : l->name);
}

/* Adds a list under one category. False when there is no room for another set. */
static bool add_list(struct expander *x, const struct dir_list *list, uint32_t cat)
{
    uint32_t last = CATSET_NONE, last_sum = 0; /* neighbours mostly have the same reasons */

    for (size_t i = 0; i < list->n; i++) {
        uint32_t p = list->v[i];
        uint64_t bit = UINT64_C(1) << p % 64;
        assert(p < x->d->n_people);
        if (!(x->in[p / 64] & bit)) {
            x->in[p / 64] |= bit;
            x->set[p] = cat;
            continue;
        }
        if (x->set[p] != last) {
            last = x->set[p];
            last_sum = catsets_add(x->sets, last, cat);
            if (last_sum == CATSET_NONE)
                return false;
        }
        x->set[p] = last_sum;
    }
    return true;
}

/* Writes the result and leaves `in` empty. */
static size_t harvest(struct expander *x, const struct dir_user *user)
{
    size_t n = 0, n_words = words(x->d);

    if (x->rules.skip_self)
        x->in[user->person / 64] &= ~(UINT64_C(1) << user->person % 64);
    for (size_t w = 0; w < n_words; w++) {
        uint64_t bits = x->in[w] & x->eligible[w];
        x->in[w] = 0;
        if (n + 64 > x->wanted_cap) {
            x->wanted_cap = x->wanted_cap ? x->wanted_cap * 2 : 1024;
            x->wanted = xrealloc(x->wanted, x->wanted_cap * sizeof(*x->wanted));
        }
        for (; bits; bits &= bits - 1) {
            uint32_t p = (uint32_t)(w * 64) + (uint32_t)__builtin_ctzll(bits);
            x->wanted[n++] = (struct wanted){p, x->set[p]};
        }
    }
    return n;
}

int expander_run(struct expander *x,
                 const struct dir_user *user,
                 const struct prefs *p,
                 const struct wanted **ret,
                 size_t *ret_n,
                 struct err *err)
{
    autoptr(map_free) struct map *folds = map_new();
    bool room = true;

    collect(x, user, p);
    for (size_t i = 0; i < x->labels.n && room; i++) {
        uint32_t cat = category(x, folds, i);
        room = cat != CATSET_NONE && add_list(x, x->labels.v[i].people, cat);
    }
    size_t n = harvest(x, user);
    if (!room)
        return err_set(err, SCOPE_PROCESS, WHEN_NEVER, "expand.sets",
                       "too many different sets of categories (more than %u, or %u MiB of names)",
                       EXPAND_MAX_SETS, EXPAND_MAX_SET_BYTES >> 20);
    *ret = x->wanted;
    *ret_n = n;
    return 0;
}

const char *expander_cats(const struct expander *x, uint32_t cat_set)
{
    return catsets_text(x->sets, cat_set);
}

static void state_of(const struct expander *x,
                     const struct wanted *w,
                     const struct sha256 *contents,
                     struct sha256 *ret)
{
    struct person_state *s = &x->people[w->person];

    if (memcmp(s->content.b, contents[w->person].b, sizeof(s->content.b)) != 0) {
        s->content = contents[w->person];
        link_person_hash(&x->keys[w->person], &s->content, &s->hash);
    }
    link_state_of(&s->hash, catsets_hash(x->sets, w->cat_set), ret);
}

void expander_state(const struct expander *x,
                    const struct wanted *w,
                    const struct sha256 *contents,
                    struct sha256 *ret)
{
    state_of(x, w, contents, ret);
}

/* People and sets lie far apart, and each is looked at once: what is needed soon is asked for now.
 */
enum { AHEAD = 12 };

static void
prefetch(const struct expander *x, const struct wanted *w, const struct sha256 *contents)
{
    __builtin_prefetch(&x->people[w->person].content);
    __builtin_prefetch(&x->people[w->person].hash);
    __builtin_prefetch(&contents[w->person]);
    __builtin_prefetch(catsets_hash(x->sets, w->cat_set));
}

static void states_of(const struct expander *x,
                      const struct wanted *w,
                      size_t n,
                      const struct sha256 *contents,
                      struct sha256 *ret)
{
    for (size_t i = 0; i < n; i++) {
        if (i + AHEAD < n)
            prefetch(x, &w[i + AHEAD], contents);
        state_of(x, &w[i], contents, &ret[i]);
    }
}

void expander_wants(struct expander *x,
                    const struct wanted *w,
                    size_t n,
                    const struct sha256 *contents,
                    const int64_t *rows,
                    struct diff_want *ret)
{
    if (x->states_cap < n) {
        x->states_cap = n + n / 2;
        x->states = xrealloc(x->states, x->states_cap * sizeof(*x->states));
    }
    states_of(x, w, n, contents, x->states);
    for (size_t i = 0; i < n; i++) {
        uint32_t p = w[i].person;
        ret[i] = (struct diff_want){
            .key = x->keys[p],
            .person = rows ? rows[p] : 0,
            .content = contents[p],
            .cats = expander_cats(x, w[i].cat_set),
            .state = &x->states[i],
        };
    }
}

void expander_digest(const struct expander *x,
                     const struct wanted *w,
                     size_t n,
                     const struct sha256 *contents,
                     const struct sha256 *fingerprint,
                     struct sha256 *ret)
{
    struct digest *d = digest_new();
    struct sha256 block[256]; /* one call of libcrypto for many */

    digest_add(d, "\1", 1);
    digest_add(d, fingerprint->b, sizeof(fingerprint->b));
    for (size_t i = 0; i < n; i += ARRAY_LEN(block)) {
        size_t k = n - i < ARRAY_LEN(block) ? n - i : ARRAY_LEN(block);
        states_of(x, w + i, k, contents, block);
        digest_add(d, block, k * sizeof(*block));
    }
    digest_finish(d, ret);
    digest_free(d);
}
