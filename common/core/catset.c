#include "common/core/catset.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

#include "common/base/arena.h"
#include "common/base/map.h"
#include "common/base/vec.h"

/* Memory of unions: open addressing, a power of two, at most half full. Key 0 (the empty set with
 * "category" 0) is never asked. */
struct memo {
    struct memo_entry {
        uint64_t key; /* set << 32 | category */
        uint32_t set;
    } * v;
    size_t n, mask;
};

struct catsets {
    uint32_t max_sets;
    size_t max_bytes, bytes;
    struct arena *arena; /* the texts */
    struct map *by_text; /* to the set's number, as a pointer */
    vec(const char *) text;
    struct memo memo;
};

struct catsets *catsets_new(uint32_t max_sets, size_t max_bytes)
{
    struct catsets *c = xalloc(sizeof(*c));

    c->max_sets = max_sets;
    c->max_bytes = max_bytes;
    /* Twice: alignment. Small sets are most of them. */
    c->arena = arena_new("category sets", 2 * max_bytes + 16 * (size_t)max_sets + 65536);
    c->by_text = map_new();
    c->memo.mask = 1023;
    c->memo.v = xalloc((c->memo.mask + 1) * sizeof(*c->memo.v));
    vec_push(&c->text, "");
    return c;
}

void catsets_free(struct catsets *c)
{
    if (!c)
        return;
    map_free(c->by_text);
    arena_free(c->arena);
    vec_release(&c->text);
    free(c->memo.v);
    free(c);
}

const char *catsets_text(const struct catsets *c, uint32_t set)
{
    assert(set < c->text.n);
    return c->text.v[set];
}

/* Takes the text, which has n bytes and lies in a buffer of the caller's. */
static uint32_t intern(struct catsets *c, const char *text, size_t n)
{
    void *known = map_get(c->by_text, text, n);

    if (known)
        return (uint32_t)(uintptr_t)known;
    if (c->text.n > c->max_sets || c->bytes + n > c->max_bytes)
        return CATSET_NONE;
    uint32_t set = (uint32_t)c->text.n;
    vec_push(&c->text, arena_strndup(c->arena, text, n));
    map_put(c->by_text, text, n, (void *)(uintptr_t)set);
    c->bytes += n;
    return set;
}

uint32_t catsets_category(struct catsets *c, const char *name)
{
    assert(*name);
    return intern(c, name, strlen(name));
}

static size_t line_length(const char *s)
{
    return strcspn(s, "\n");
}

/* Bytewise order of two names that end at LF or NUL. */
static int line_cmp(const char *x, size_t nx, const char *y, size_t ny)
{
    int c = memcmp(x, y, nx < ny ? nx : ny);
    return c ? c : (nx > ny) - (nx < ny);
}

static uint32_t compute(struct catsets *c, const char *text, const char *name)
{
    size_t n = strlen(text), n_name = strlen(name), n_line;
    autofree char *joined = xalloc(n + n_name + 2);
    const char *at = text; /* where the name goes */
    int order = 1;

    while (*at) {
        n_line = line_length(at);
        order = line_cmp(at, n_line, name, n_name);
        if (order >= 0)
            break;
        at += n_line + (at[n_line] == '\n');
    }
    if (*at && order == 0)
        return intern(c, text, n);
    size_t before = (size_t)(at - text), k = before;
    memcpy(joined, text, before);
    if (!*at && before)
        joined[k++] = '\n';
    memcpy(joined + k, name, n_name);
    k += n_name;
    if (*at)
        joined[k++] = '\n';
    memcpy(joined + k, at, n - before);
    return intern(c, joined, k + n - before);
}

static struct memo_entry *memo_slot(const struct memo *m, uint64_t key)
{
    size_t i = (key * UINT64_C(0x9E3779B97F4A7C15)) >> 20 & m->mask;

    while (m->v[i].key && m->v[i].key != key)
        i = (i + 1) & m->mask;
    return &m->v[i];
}

static void memo_grow(struct memo *m)
{
    struct memo bigger = {.n = m->n, .mask = m->mask * 2 + 1};

    bigger.v = xalloc((bigger.mask + 1) * sizeof(*bigger.v));
    for (size_t i = 0; i <= m->mask; i++) {
        if (m->v[i].key)
            *memo_slot(&bigger, m->v[i].key) = m->v[i];
    }
    free(m->v);
    *m = bigger;
}

uint32_t catsets_add(struct catsets *c, uint32_t set, uint32_t category)
{
    if (set == 0 || category == 0)
        return set + category;
    uint64_t key = (uint64_t)set << 32 | category;
    struct memo_entry *e = memo_slot(&c->memo, key);
    if (e->key)
        return e->set;
    uint32_t sum = compute(c, c->text.v[set], c->text.v[category]);
    if (sum == CATSET_NONE)
        return sum;
    e->key = key;
    e->set = sum;
    if (++c->memo.n * 2 > c->memo.mask)
        memo_grow(&c->memo);
    return sum;
}
