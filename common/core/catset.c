#include "common/core/catset.h"

#include <assert.h>
#include <string.h>

#include "common/base/arena.h"
#include "common/base/vec.h"

#include "common/core/contact.h"

struct set {
    const char *text;
    size_t n; /* bytes of text */
    struct sha256 hash;
};

/*
 * Two tables with open addressing, powers of two, at most half full. `by_text` holds numbers of
 * sets (0 = free: the empty set needs no entry). `sums` remembers unions by set << 32 | category (0
 * = free: nobody asks for the sum with the empty set).
 */
struct sum {
    uint64_t key;
    uint32_t set;
};

struct catsets {
    uint32_t max_sets;
    size_t max_bytes, bytes;
    struct arena *arena; /* the texts */
    vec(struct set) sets;
    uint32_t *by_text;
    size_t text_mask;
    struct sum *sums;
    size_t n_sums, sum_mask;
};

enum { FIRST_SIZE = 1024 };

struct catsets *catsets_new(uint32_t max_sets, size_t max_bytes)
{
    struct catsets *c = xalloc(sizeof(*c));
    struct set none = {.text = ""};

    c->max_sets = max_sets;
    c->max_bytes = max_bytes;
    c->arena = arena_new("category sets", max_bytes + max_sets);
    c->text_mask = c->sum_mask = FIRST_SIZE - 1;
    c->by_text = xalloc(FIRST_SIZE * sizeof(*c->by_text));
    c->sums = xalloc(FIRST_SIZE * sizeof(*c->sums));
    link_cats_hash("", &none.hash);
    vec_push(&c->sets, none);
    return c;
}

void catsets_free(struct catsets *c)
{
    if (!c)
        return;
    arena_free(c->arena);
    vec_release(&c->sets);
    free(c->by_text);
    free(c->sums);
    free(c);
}

const char *catsets_text(const struct catsets *c, uint32_t set)
{
    assert(set < c->sets.n);
    return c->sets.v[set].text;
}

const struct sha256 *catsets_hash(const struct catsets *c, uint32_t set)
{
    assert(set < c->sets.n);
    return &c->sets.v[set].hash;
}

/* The hash of a set, known or new, also places it: names may be chosen by anybody, its bits may
 * not. */
static uint32_t *
text_slot(const struct catsets *c, const char *text, size_t n, const struct sha256 *hash)
{
    size_t i;

    memcpy(&i, hash->b, sizeof(i));
    for (i &= c->text_mask; c->by_text[i]; i = (i + 1) & c->text_mask) {
        const struct set *s = &c->sets.v[c->by_text[i]];
        if (s->n == n && memcmp(s->text, text, n) == 0)
            break;
    }
    return &c->by_text[i];
}

static void grow_texts(struct catsets *c)
{
    c->text_mask = c->text_mask * 2 + 1;
    free(c->by_text);
    c->by_text = xalloc((c->text_mask + 1) * sizeof(*c->by_text));
    for (size_t i = 1; i < c->sets.n; i++) {
        const struct set *s = &c->sets.v[i];
        *text_slot(c, s->text, s->n, &s->hash) = (uint32_t)i;
    }
}

static uint32_t intern(struct catsets *c, const char *text)
{
    struct set s = {.n = strlen(text)};

    link_cats_hash(text, &s.hash);
    uint32_t *slot = text_slot(c, text, s.n, &s.hash), set = *slot;
    if (set)
        return set;
    if (c->sets.n > c->max_sets || s.n > c->max_bytes - c->bytes)
        return CATSET_NONE;
    set = *slot = (uint32_t)c->sets.n;
    s.text = arena_memdup(c->arena, text, s.n + 1);
    c->bytes += s.n;
    vec_push(&c->sets, s);
    if (c->sets.n * 2 > c->text_mask)
        grow_texts(c);
    return set;
}

uint32_t catsets_category(struct catsets *c, const char *name)
{
    assert(*name && !strchr(name, '\n'));
    return intern(c, name);
}

/* Bytewise order of a line and a name; the line ends at LF or NUL. */
static int line_cmp(const char *line, size_t n_line, const char *name, size_t n_name)
{
    int c = memcmp(line, name, n_line < n_name ? n_line : n_name);
    return c ? c : (n_line > n_name) - (n_line < n_name);
}

/* The set's text with the name in it, at its place. */
static uint32_t compute(struct catsets *c, const struct set *set, const struct set *category)
{
    autofree char *joined = xalloc(set->n + category->n + 2);
    const char *at = set->text; /* where the name goes: before the first line that is not less */
    int order = 1;

    while (*at) {
        size_t n_line = strcspn(at, "\n");
        order = line_cmp(at, n_line, category->text, category->n);
        if (order >= 0)
            break;
        at += n_line + (at[n_line] == '\n');
    }
    if (*at && order == 0)
        return intern(c, set->text);
    char *to = mempcpy(joined, set->text, (size_t)(at - set->text));
    if (!*at)
        *to++ = '\n';
    to = mempcpy(to, category->text, category->n);
    if (*at)
        *to++ = '\n';
    memcpy(to, at, set->n - (size_t)(at - set->text));
    return intern(c, joined);
}

static struct sum *sum_slot(const struct catsets *c, uint64_t key)
{
    size_t i = key * UINT64_C(0x9E3779B97F4A7C15) >> 20 & c->sum_mask;

    while (c->sums[i].key && c->sums[i].key != key)
        i = (i + 1) & c->sum_mask;
    return &c->sums[i];
}

static void grow_sums(struct catsets *c)
{
    struct sum *old = c->sums;
    size_t n = c->sum_mask + 1;

    c->sum_mask = c->sum_mask * 2 + 1;
    c->sums = xalloc((c->sum_mask + 1) * sizeof(*c->sums));
    for (size_t i = 0; i < n; i++) {
        if (old[i].key)
            *sum_slot(c, old[i].key) = old[i];
    }
    free(old);
}

uint32_t catsets_add(struct catsets *c, uint32_t set, uint32_t category)
{
    if (set == 0 || category == 0)
        return set + category;
    uint64_t key = (uint64_t)set << 32 | category;
    struct sum *known = sum_slot(c, key);
    if (known->key)
        return known->set;
    struct set s = c->sets.v[set], k = c->sets.v[category]; /* copies: sets move */
    uint32_t sum = compute(c, &s, &k);
    if (sum == CATSET_NONE)
        return sum;
    *known = (struct sum){key, sum};
    if (++c->n_sums * 2 > c->sum_mask)
        grow_sums(c);
    return sum;
}
