#include <criterion/criterion.h>

#include "common/base/str.h"
#include "common/base/text.h"

#include "common/core/contact.h"
#include "common/core/expand.h"
#include "tests/unit/core_support.h"

static struct dir_list a_list(struct directory *d, const uint32_t *v, size_t n)
{
    return (struct dir_list){arena_memdup(d->arena, v, n * sizeof(*v)), n};
}
#define people_of(d, ...)                                                                          \
    a_list(d, (const uint32_t[]){__VA_ARGS__},                                                     \
           sizeof((const uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t))

/* Group i gets guid_of(1000 + i). */
static void
add_groups(struct directory *d, const char *const *names, const struct dir_list *members, size_t n)
{
    struct dir_group *groups = arena_alloc(d->arena, n * sizeof(*groups));
    for (size_t i = 0; i < n; i++)
        groups[i] = (struct dir_group){.guid = guid_of((uint32_t)(1000 + i)),
                                       .name = names[i],
                                       .usable = true,
                                       .members = members[i]};
    d->groups = groups;
    d->n_groups = n;
}

/* "person:categories" of all, blanks between; LF shown as |. */
static const char *expanded(struct expander *x,
                            const struct directory *d,
                            const struct dir_user *u,
                            const struct prefs *p)
{
    autovalue(str_release) struct str s;
    const struct wanted *w;
    size_t n;
    struct err err;
    cr_assert_eq(expander_run(x, u, p, &w, &n, &err), 0);
    str_init(&s, 65536);
    for (size_t i = 0; i < n; i++)
        str_addf(&s, "%s%u:%s", i ? " " : "", w[i].person, expander_cats(x, w[i].cat_set));
    for (size_t i = 0; i < s.n; i++)
        s.p[i] = s.p[i] == '\n' ? '|' : s.p[i];
    return arena_strdup(d->arena, s.p);
}

#define ALL_GROUPS(n)                                                                              \
    (const struct guid[]){guid_of(1000), guid_of(1001), guid_of(1002), guid_of(1003)}, n

static struct prefs choose(bool follow, bool staff, const struct guid *groups, size_t n)
{
    return (struct prefs){.follow = follow, .staff = staff, .groups = groups, .n_groups = n};
}

Test(expand, each_reason_is_a_category)
{
    struct directory *d = a_directory(10);
    struct expand_rules r = {.categories = true};
    struct dir_user u = {.person = 0, .follows = people_of(d, 1, 2, 3)};
    d->staff = people_of(d, 2, 3, 4);
    add_groups(d, (const char *const[]){"Choir", "Ushers"},
               (struct dir_list[]){people_of(d, 3, 5), people_of(d, 5)}, 2);
    autoptr(expander_free) struct expander *x = expander_new(d, &r);
    struct prefs all = choose(true, true, ALL_GROUPS(2)), follow = choose(true, false, NULL, 0),
                 staff = choose(false, true, NULL, 0), none = {0};
    cr_expect_str_eq(
        expanded(x, d, &u, &all),
        "1:Following 2:Following|Staff 3:Choir|Following|Staff 4:Staff 5:Choir|Ushers");
    cr_expect_str_eq(expanded(x, d, &u, &follow), "1:Following 2:Following 3:Following");
    cr_expect_str_eq(expanded(x, d, &u, &staff), "2:Staff 3:Staff 4:Staff");
    cr_expect_str_eq(expanded(x, d, &u, &none), "");
    directory_free(d);
}

Test(expand, categories_can_be_switched_off)
{
    struct directory *d = a_directory(10);
    struct expand_rules r = {.categories = false};
    struct dir_user u = {.person = 0, .follows = people_of(d, 1, 2)};
    d->staff = people_of(d, 2, 4);
    autoptr(expander_free) struct expander *x = expander_new(d, &r);
    struct prefs p = choose(true, true, NULL, 0);
    cr_expect_str_eq(expanded(x, d, &u, &p), "1: 2: 4:");
    directory_free(d);
}

Test(expand, who_is_left_out)
{
    struct directory *d = a_directory(6);
    struct dir_person *people = arena_memdup(d->arena, d->people, 6 * sizeof(*people));
    people[1].deceased = true;
    people[2].opted_out = true;
    people[3].age_class = 2;
    people[4].business = true;
    d->people = people;
    d->staff = people_of(d, 0, 1, 2, 3, 4, 5);
    struct dir_user u = {.person = 0};
    struct prefs p = choose(false, true, NULL, 0);
    struct expand_rules literal = {0}, strict = {.skip_self = true, .exclude_children = true};
    autoptr(expander_free) struct expander *x = expander_new(d, &literal);
    autoptr(expander_free) struct expander *y = expander_new(d, &strict);
    cr_expect_str_eq(expanded(x, d, &u, &p), "0: 3: 4: 5:");
    cr_expect_str_eq(expanded(y, d, &u, &p), "4: 5:");
    cr_expect_str_eq(expanded(y, d, &(struct dir_user){.person = 5}, &p),
                     "0: 4:", "only the user's own card");
    directory_free(d);
}

Test(expand, a_group_that_cannot_be_used_contributes_nobody)
{
    struct directory *d = a_directory(6);
    struct expand_rules r = {.categories = true};
    add_groups(d, (const char *const[]){"Choir", "Ushers"},
               (struct dir_list[]){people_of(d, 1), people_of(d, 2)}, 2);
    struct dir_group *groups = arena_memdup(d->arena, d->groups, 2 * sizeof(*groups));
    groups[0].usable = false;
    d->groups = groups;
    autoptr(expander_free) struct expander *x = expander_new(d, &r);
    struct prefs p = choose(false, false, ALL_GROUPS(3)); /* the third is not in the directory */
    cr_expect_str_eq(expanded(x, d, &(struct dir_user){0}, &p), "2:Ushers");
    directory_free(d);
}

Test(expand, names_are_cleaned_for_exchange)
{
    struct directory *d = a_directory(8);
    struct expand_rules r = {.categories = true};
    add_groups(
        d, (const char *const[]){" Choir, first; second ", ",;", NULL, "a\nb\x01"},
        (struct dir_list[]){people_of(d, 1), people_of(d, 2), people_of(d, 3), people_of(d, 4)}, 4);
    autoptr(expander_free) struct expander *x = expander_new(d, &r);
    struct prefs p = choose(false, false, ALL_GROUPS(4));
    cr_expect_str_eq(expanded(x, d, &(struct dir_user){0}, &p),
                     "1:Choir  first  second 2: 3: 4:a b");
    directory_free(d);
}

Test(expand, names_equal_but_for_case_are_one_category)
{
    struct directory *d = a_directory(8);
    struct expand_rules r = {.categories = true};
    add_groups(d, (const char *const[]){"\u00e9coliers", "\u00c9coliers", "STAFF", "following"},
               (struct dir_list[]){people_of(d, 1, 2), people_of(d, 2, 3), people_of(d, 4),
                                   people_of(d, 5)},
               4);
    struct dir_user u = {.follows = people_of(d, 6)};
    d->staff = people_of(d, 4, 7);
    autoptr(expander_free) struct expander *x = expander_new(d, &r);
    struct prefs all = choose(true, true, ALL_GROUPS(4)),
                 groups = choose(false, false, ALL_GROUPS(4)),
                 first = choose(false, false, ALL_GROUPS(1));
    cr_expect_str_eq(
        expanded(x, d, &u, &all),
        "1:\u00c9coliers 2:\u00c9coliers 3:\u00c9coliers 4:Staff 5:Following 6:Following 7:Staff");
    cr_expect_str_eq(expanded(x, d, &u, &groups),
                     "1:\u00c9coliers 2:\u00c9coliers 3:\u00c9coliers 4:STAFF 5:following");
    cr_expect_str_eq(expanded(x, d, &u, &first), "1:\u00e9coliers 2:\u00e9coliers",
                     "what others chose does not matter");
    directory_free(d);
}

Test(expand, sets_of_names_are_sorted_bytewise_whatever_the_order_of_joining)
{
    struct directory *d = a_directory(3);
    struct expand_rules r = {.categories = true};
    struct dir_list one = people_of(d, 1);
    add_groups(d, (const char *const[]){"b", "a b", "a", "B"},
               (struct dir_list[]){one, one, one, {0}}, 4);
    struct dir_user u = {.follows = one};
    d->staff = one;
    autoptr(expander_free) struct expander *x = expander_new(d, &r);
    struct prefs p = choose(true, true, ALL_GROUPS(3));
    cr_expect_str_eq(expanded(x, d, &u, &p), "1:Following|Staff|a|a b|b");
    directory_free(d);
}

Test(expand, an_empty_directory_and_repeated_runs)
{
    struct directory *d = a_directory(0), *e = a_directory(200);
    struct expand_rules r = {.categories = true};
    struct prefs p = choose(true, true, ALL_GROUPS(4));
    uint64_t seed = 1;
    autoptr(expander_free) struct expander *x = expander_new(d, &r);
    cr_expect_str_eq(expanded(x, d, &(struct dir_user){0}, &p), "");
    e->staff = a_random_list(e, &seed, 2);
    autoptr(expander_free) struct expander *y = expander_new(e, &r);
    const char *first = expanded(y, e, &(struct dir_user){0}, &p);
    for (int i = 0; i < 3; i++)
        cr_expect_str_eq(expanded(y, e, &(struct dir_user){0}, &p), first,
                         "nothing is left over from the run before");
    directory_free(d);
    directory_free(e);
}

/* People are bits in words: nobody is lost at the end of one, and nobody comes in from beyond. */
Test(expand, everyone_is_there_whatever_their_number)
{
    static const size_t sizes[] = {1, 63, 64, 65, 127, 128, 129, 1023, 1024, 1025, 2500};
    struct expand_rules r = {.categories = true};
    for (size_t k = 0; k < ARRAY_LEN(sizes); k++) {
        struct directory *d = a_directory(sizes[k]);
        uint64_t seed = 7;
        const struct wanted *w;
        struct err err;
        size_t n;
        d->staff = a_random_list(d, &seed, 1);
        autoptr(expander_free) struct expander *x = expander_new(d, &r);
        struct prefs p = choose(false, true, NULL, 0);
        cr_assert_eq(expander_run(x, &(struct dir_user){0}, &p, &w, &n, &err), 0);
        cr_assert_eq(n, sizes[k]);
        for (size_t i = 0; i < n; i++)
            cr_assert_eq(w[i].person, i);
        directory_free(d);
    }
}

/* 90 long names that all have, and 12 that tell 4096 people apart: about 100 MB of names. */
Test(expand, too_many_names_are_an_error_and_not_the_end)
{
    enum { PERSONS = 4096, BITS = 12, COMMON = 90 };
    struct directory *d = a_directory(PERSONS);
    struct expand_rules r = {.categories = true};
    const char *names[COMMON + BITS];
    struct dir_list members[COMMON + BITS];
    struct guid chosen[COMMON + BITS];
    struct err err;
    const struct wanted *w;
    size_t n;
    for (uint32_t g = 0; g < COMMON + BITS; g++) {
        uint32_t *v = arena_alloc(d->arena, PERSONS * sizeof(*v));
        size_t k = 0;
        for (uint32_t i = 0; i < PERSONS; i++) {
            if (g < COMMON || i >> (g - COMMON) & 1)
                v[k++] = i;
        }
        names[g] = arena_printf(d->arena, "%03u%0252u", g, 0u);
        members[g] = (struct dir_list){v, k};
        chosen[g] = guid_of(1000 + g);
    }
    add_groups(d, names, members, COMMON + BITS);
    autoptr(expander_free) struct expander *x = expander_new(d, &r);
    struct prefs all = choose(false, false, chosen, COMMON + BITS),
                 few = choose(false, false, chosen + COMMON, 2);
    cr_expect_eq(expander_run(x, &(struct dir_user){0}, &all, &w, &n, &err), -1);
    cr_expect_str_eq(err.code, "expand.sets");
    cr_expect_not_null(strstr(err.text, arena_printf(d->arena, "more than %u, or %u MiB",
                                                     EXPAND_MAX_SETS, EXPAND_MAX_SET_BYTES >> 20)));
    cr_expect_eq(err.scope, SCOPE_PROCESS);
    cr_expect_eq(expander_run(x, &(struct dir_user){0}, &few, &w, &n, &err), 0,
                 "a smaller one still works");
    cr_expect_eq(n, 3 * (PERSONS / 4));
    directory_free(d);
}

Test(expand, wants_are_what_the_diff_takes)
{
    uint64_t seed = 75;
    struct directory *d = a_directory(500);
    struct expand_rules r = {.categories = true};
    autoptr(expander_free) struct expander *x = expander_new(d, &r);
    static struct sha256 contents[500];
    static int64_t ids[500];
    for (size_t i = 0; i < 500; i++) {
        contents[i].b[rnd_below(&seed, 32)] = (uint8_t)rnd(&seed);
        ids[i] = (int64_t)rnd_below(&seed, 1000);
    }
    for (int round = 0; round < 20; round++) {
        struct dir_user u = {.follows = a_random_list(d, &seed, 2)};
        struct prefs p = choose(true, round & 1, NULL, 0);
        const struct wanted *w;
        struct diff_want wants[500];
        size_t n;
        struct err err;
        d->staff = a_random_list(d, &seed, 3);
        cr_assert_eq(expander_run(x, &u, &p, &w, &n, &err), 0);
        cr_assert_lt(n, 500);
        wants[n].person = -1;
        expander_wants(x, w, n, contents, round & 2 ? ids : NULL, wants);
        cr_assert_eq(wants[n].person, -1, "no more than asked for");
        for (size_t i = 0; i < n; i++) {
            uint32_t who = w[i].person;
            struct sha256 state;
            link_state_hash(&wants[i].key, &wants[i].content, wants[i].cats, &state);
            cr_assert_eq(memcmp(&state, wants[i].state, sizeof(state)), 0);
            cr_assert_eq(guid_cmp(&wants[i].key, &d->people[who].key), 0);
            cr_assert_eq(memcmp(&wants[i].content, &contents[who], sizeof(state)), 0);
            cr_assert_eq(wants[i].person, round & 2 ? ids[who] : 0);
            cr_assert_str_eq(wants[i].cats, expander_cats(x, w[i].cat_set));
        }
    }
    directory_free(d);
}

/* ---- against a naive model: for each person, look through every list of the user ---- */

static const char *const model_names[] = {
    "Choir", "choir", "CHOIR", "Staff",      "staff ",     "Following", "a,b", "a;b",
    "a b",   "",      NULL,    "\u00c9cole", "\u00e9cole", "Z",         "z;",  "Ushers"};
enum { GROUPS = ARRAY_LEN(model_names), PEOPLE = 150 };

static bool holds(const struct dir_list *l, uint32_t person)
{
    for (size_t i = 0; i < l->n; i++) {
        if (l->v[i] == person)
            return true;
    }
    return false;
}

static const char *cleaned(struct arena *a, const char *name)
{
    char *copy = arena_strdup(a, name ? name : "");
    for (char *p = copy; *p; p++)
        *p = *p == ',' || *p == ';' ? ' ' : *p;
    return text_clean(a, copy, strlen(copy), EXPAND_CATEGORY_MAX, false);
}

/* The name that stands for a group's name among this user's choices. */
static const char *
standing(const struct directory *d, const struct prefs *p, struct arena *a, const char *name)
{
    const char *fold = text_fold(a, name), *best = name;
    if (p->follow && strcmp(fold, "following") == 0)
        return "Following";
    if (p->staff && strcmp(fold, "staff") == 0)
        return "Staff";
    for (size_t i = 0; i < p->n_groups; i++) {
        const struct dir_group *g = directory_find_group(d, &p->groups[i]);
        const char *other = g && g->usable ? cleaned(a, g->name) : NULL;
        if (other && strcmp(text_fold(a, other), fold) == 0 && strcmp(other, best) < 0)
            best = other;
    }
    return best;
}

static int by_bytes(const void *x, const void *y)
{
    return strcmp(*(const char *const *)x, *(const char *const *)y);
}

static const char *model_cats(struct arena *a, const char **names, size_t n)
{
    autovalue(str_release) struct str s;
    str_init(&s, 65536);
    qsort(names, n, sizeof(*names), by_bytes);
    for (size_t i = 0; i < n; i++) {
        if (i && strcmp(names[i], names[i - 1]) == 0)
            continue;
        str_puts(&s, s.n ? "\n" : "");
        str_puts(&s, names[i]);
    }
    return arena_strdup(a, s.p);
}

/* NULL: not wanted; else the categories. */
static const char *model(const struct directory *d,
                         const struct expand_rules *r,
                         const struct dir_user *u,
                         const struct prefs *p,
                         struct arena *a,
                         uint32_t person)
{
    const struct dir_person *who = &d->people[person];
    const char *names[GROUPS + 2];
    size_t n = 0;
    bool wanted = false;
    if (who->deceased || who->opted_out || (r->exclude_children && who->age_class == 2) ||
        (r->skip_self && person == u->person))
        return NULL;
    if (p->follow && holds(&u->follows, person)) {
        wanted = true;
        names[n++] = "Following";
    }
    if (p->staff && holds(&d->staff, person)) {
        wanted = true;
        names[n++] = "Staff";
    }
    for (size_t i = 0; i < p->n_groups; i++) {
        const struct dir_group *g = directory_find_group(d, &p->groups[i]);
        if (!g || !g->usable || !holds(&g->members, person))
            continue;
        wanted = true;
        const char *name = cleaned(a, g->name);
        if (name)
            names[n++] = standing(d, p, a, name);
    }
    return !wanted ? NULL : model_cats(a, names, r->categories ? n : 0);
}

static struct directory *a_random_church(uint64_t *seed)
{
    struct directory *d = a_directory(PEOPLE);
    struct dir_person *people = arena_memdup(d->arena, d->people, PEOPLE * sizeof(*people));
    struct dir_group *groups = arena_alloc(d->arena, GROUPS * sizeof(*groups));
    for (size_t i = 0; i < PEOPLE; i++) {
        people[i].deceased = rnd_below(seed, 20) == 0;
        people[i].opted_out = rnd_below(seed, 20) == 0;
        people[i].age_class = (int)rnd_below(seed, 3);
    }
    for (uint32_t i = 0; i < GROUPS; i++)
        groups[i] = (struct dir_group){.guid = guid_of(1000 + i),
                                       .name = model_names[i],
                                       .usable = rnd_below(seed, 6) != 0,
                                       .members = a_random_list(d, seed, 1 + rnd_below(seed, 10))};
    d->people = people;
    d->groups = groups;
    d->n_groups = GROUPS;
    d->staff = a_random_list(d, seed, 5);
    return d;
}

static void check_one_user(struct expander *x,
                           const struct directory *d,
                           const struct expand_rules *r,
                           const struct dir_user *u,
                           const struct prefs *p)
{
    autoptr(arena_free) struct arena *a = arena_new("model", 64 << 20);
    const struct wanted *w;
    size_t n, next = 0;
    struct err err;
    cr_assert_eq(expander_run(x, u, p, &w, &n, &err), 0);
    for (uint32_t i = 0; i < PEOPLE; i++) {
        const char *cats = model(d, r, u, p, a, i);
        if (!cats)
            continue;
        cr_assert(next < n && w[next].person == i, "person %u is missing", i);
        cr_assert_str_eq(expander_cats(x, w[next].cat_set), cats);
        next++;
    }
    cr_assert_eq(next, n);
}

Test(expand, agrees_with_a_naive_model)
{
    uint64_t seed = 61;
    for (int round = 0; round < 60; round++) {
        struct directory *d = a_random_church(&seed);
        struct expand_rules r = {.skip_self = rnd(&seed) & 1,
                                 .exclude_children = rnd(&seed) & 1,
                                 .categories = rnd(&seed) & 3};
        autoptr(expander_free) struct expander *x = expander_new(d, &r);
        for (int i = 0; i < 12; i++) {
            struct guid groups[GROUPS + 1];
            struct dir_user u = {.person = (uint32_t)rnd_below(&seed, PEOPLE),
                                 .follows = a_random_list(d, &seed, 4)};
            struct prefs p = {.follow = rnd(&seed) & 1, .staff = rnd(&seed) & 1, .groups = groups};
            for (uint32_t g = 0; g <= GROUPS; g++) {
                if (rnd_below(&seed, 3) == 0)
                    groups[p.n_groups++] = guid_of(1000 + g);
            }
            check_one_user(x, d, &r, &u, &p);
        }
        directory_free(d);
    }
}

/* ---- state and digest ---- */

Test(expand, state_is_the_link_state_hash_also_when_contents_change_between_runs)
{
    uint64_t seed = 71;
    struct directory *d = a_random_church(&seed);
    struct expand_rules r = {.categories = true};
    autoptr(expander_free) struct expander *x = expander_new(d, &r);
    struct sha256 contents[PEOPLE] = {0};
    for (int round = 0; round < 200; round++) {
        struct guid groups[GROUPS];
        struct dir_user u = {.follows = a_random_list(d, &seed, 3)};
        struct prefs p = {.follow = true, .groups = groups};
        const struct wanted *w;
        size_t n;
        struct err err;
        for (uint32_t g = 0; g < GROUPS; g++) {
            if (rnd(&seed) & 1)
                groups[p.n_groups++] = guid_of(1000 + g);
        }
        contents[rnd_below(&seed, PEOPLE)].b[31]++;
        cr_assert_eq(expander_run(x, &u, &p, &w, &n, &err), 0);
        for (size_t i = 0; i < n; i++) {
            struct sha256 got, want;
            expander_state(x, &w[i], contents, &got);
            link_state_hash(&d->people[w[i].person].key, &contents[w[i].person],
                            expander_cats(x, w[i].cat_set), &want);
            cr_assert_eq(memcmp(&got, &want, sizeof(got)), 0);
        }
    }
    directory_free(d);
}

static void digest_of(const struct expander *x,
                      const struct wanted *w,
                      size_t n,
                      const struct sha256 *contents,
                      uint8_t fingerprint,
                      struct sha256 *ret)
{
    struct sha256 f = {{fingerprint}};
    expander_digest(x, w, n, contents, &f, ret);
}

Test(expand, the_digest_changes_with_each_part_and_with_nothing_else)
{
    struct directory *d = a_directory(300);
    struct expand_rules r = {.categories = true};
    uint64_t seed = 81;
    static struct sha256 contents[300];
    d->staff = a_random_list(d, &seed, 1);
    struct dir_user u = {.follows = people_of(d, 7)};
    struct prefs staff = choose(false, true, NULL, 0), both = choose(true, true, NULL, 0);
    autoptr(expander_free) struct expander *x = expander_new(d, &r);
    autoptr(expander_free) struct expander *y = expander_new(d, &r);
    const struct wanted *w;
    struct wanted kept[300];
    struct sha256 base, other;
    struct err err;
    size_t n;
    cr_assert_eq(expander_run(x, &u, &staff, &w, &n, &err), 0);
    cr_assert_eq(n, 300);
    memcpy(kept, w, sizeof(kept));
    digest_of(x, kept, n, contents, 1, &base);
    for (size_t fewer = 0; fewer < n; fewer++) {
        digest_of(x, kept, fewer, contents, 1, &other);
        cr_assert(memcmp(&base, &other, sizeof(base)) != 0, "%zu people", fewer);
    }
    digest_of(x, kept, n, contents, 2, &other);
    cr_expect(memcmp(&base, &other, sizeof(base)) != 0, "fingerprint");
    contents[299].b[0] = 1;
    digest_of(x, kept, n, contents, 1, &other);
    cr_expect(memcmp(&base, &other, sizeof(base)) != 0, "content");
    contents[299].b[0] = 0;
    digest_of(x, kept, n, contents, 1, &other);
    cr_expect(memcmp(&base, &other, sizeof(base)) == 0, "and back");
    cr_assert_eq(expander_run(x, &u, &both, &w, &n, &err), 0);
    digest_of(x, w, n, contents, 1, &other);
    cr_expect(memcmp(&base, &other, sizeof(base)) != 0, "categories");
    /* Another expander, which numbers its sets in another order. */
    cr_assert_eq(expander_run(y, &u, &both, &w, &n, &err), 0);
    digest_of(y, w, n, contents, 1, &base);
    cr_expect(memcmp(&base, &other, sizeof(base)) == 0, "numbers of sets do not matter");
    cr_assert_eq(expander_run(y, &u, &staff, &w, &n, &err), 0);
    digest_of(x, kept, n, contents, 1, &base);
    digest_of(y, w, n, contents, 1, &other);
    cr_expect(memcmp(&base, &other, sizeof(base)) == 0, "numbers of sets do not matter");
    directory_free(d);
}

/* The digest is stored over releases: these bytes may only change with a reason, and then every
 * mailbox is planned once. */
Test(expand, the_digest_is_sha256_over_version_fingerprint_and_states)
{
    struct directory *d = a_directory(700);
    struct expand_rules r = {.categories = true};
    uint64_t seed = 91;
    static struct sha256 contents[700];
    d->staff = a_random_list(d, &seed, 1);
    autoptr(expander_free) struct expander *x = expander_new(d, &r);
    struct prefs staff = choose(false, true, NULL, 0);
    const struct wanted *w;
    struct sha256 got, want, state, fingerprint = {{5}};
    struct digest *model = digest_new();
    struct err err;
    size_t n;
    cr_assert_eq(expander_run(x, &(struct dir_user){0}, &staff, &w, &n, &err), 0);
    for (size_t i = 0; i < 700; i++)
        contents[i].b[0] = (uint8_t)rnd(&seed);
    digest_add(model, "\1", 1);
    digest_add(model, &fingerprint, 32);
    for (size_t i = 0; i < n; i++) {
        link_state_hash(&d->people[w[i].person].key, &contents[w[i].person], "Staff", &state);
        digest_add(model, &state, 32);
    }
    digest_finish(model, &want);
    digest_free(model);
    expander_digest(x, w, n, contents, &fingerprint, &got);
    cr_expect_eq(memcmp(&got, &want, 32), 0);
    directory_free(d);
}
