#include "tests/sim/rock/church.h"

#include <assert.h>
#include <string.h>

#include "tests/sim/rock/lookups.h"

static const struct {
    size_t size;
    int32_t first_id;
} shapes[TABLE_COUNT] = {
    [TABLE_ENTITY_TYPE] = {sizeof(struct entity_type), 13},
    [TABLE_DEFINED_TYPE] = {sizeof(struct defined_type), 1},
    [TABLE_DEFINED_VALUE] = {sizeof(struct defined_value), 1},
    [TABLE_GROUP_TYPE] = {sizeof(struct group_type), 1},
    [TABLE_GROUP_TYPE_ROLE] = {sizeof(struct group_type_role), 1},
    [TABLE_CAMPUS] = {sizeof(struct campus), 1},
    [TABLE_BINARY_FILE] = {sizeof(struct binary_file), 5501},
    [TABLE_PERSON] = {sizeof(struct person), 11},
    [TABLE_PERSON_ALIAS] = {sizeof(struct person_alias), 10},
    [TABLE_PHONE_NUMBER] = {sizeof(struct phone_number), 9001},
    [TABLE_GROUP] = {sizeof(struct group), 2},
    [TABLE_GROUP_MEMBER] = {sizeof(struct group_member), 3},
    [TABLE_LOCATION] = {sizeof(struct location), 20},
    [TABLE_GROUP_LOCATION] = {sizeof(struct group_location), 31},
    [TABLE_FOLLOWING] = {sizeof(struct following), 5},
    [TABLE_ATTRIBUTE] = {sizeof(struct attribute), 600},
    [TABLE_ATTRIBUTE_VALUE] = {sizeof(struct attribute_value), 4000},
};

#define ARENA_MAX ((size_t)4 << 30)
#define YEAR_2026 INT64_C(739616) /* days from 0001-01-01 to 2026-01-01 */
#define NOV_21    324             /* days from New Year */

struct church *church_new(uint64_t seed, const char *domain)
{
    struct church *c = xalloc(sizeof(*c));
    c->arena = arena_new("church", ARENA_MAX);
    c->rng = seed;
    c->rng = church_random(c) ^ seed; /* neighbouring seeds would else share one stream */
    c->now = (YEAR_2026 + NOV_21) * TICKS_DAY + 3 * 3600 * TICKS_SEC;
    for (int t = 0; t < TABLE_COUNT; t++)
        c->table[t] =
            (struct table){.row_size = shapes[t].size, .next_id = shapes[t].first_id, .version = 1};
    c->domain = church_text(c, domain);
    lookups_add(c);
    return c;
}

void church_free(struct church *c)
{
    if (!c)
        return;
    for (int t = 0; t < TABLE_COUNT; t++) {
        struct table *tab = &c->table[t];
        for (size_t i = 0; i < tab->n_index; i++) {
            free(tab->index[i].heads);
            free(tab->index[i].next);
        }
        free(tab->rows);
    }
    vec_release(&c->choices);
    arena_free(c->arena);
    free(c);
}

/* splitmix64 */
uint64_t church_random(struct church *c)
{
    uint64_t z = (c->rng += UINT64_C(0x9E3779B97F4A7C15));
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

uint32_t church_below(struct church *c, uint32_t bound)
{
    return bound ? (uint32_t)((church_random(c) >> 32) * bound >> 32) : 0;
}

const char *church_text(struct church *c, const char *s)
{
    return arena_strdup(c->arena, s);
}

static struct row *row_at(const struct table *tab, size_t i)
{
    return (struct row *)((char *)tab->rows + i * tab->row_size);
}

void church_set_guid(void *row, const char *guid)
{
    bool ok = guid_parse(guid, &((struct row *)row)->guid);
    assert(ok);
    (void)ok;
}

static void guid_from_seed(struct church *c, struct guid *g)
{
    uint64_t r[2] = {church_random(c), church_random(c)};
    memcpy(g->b, r, sizeof(g->b));
    g->b[6] = (uint8_t)((g->b[6] & 0x0f) | 0x40);
    g->b[8] = (uint8_t)((g->b[8] & 0x3f) | 0x80);
}

void *church_add(struct church *c, enum table_id t)
{
    struct table *tab = &c->table[t];
    if (tab->n == tab->cap) {
        tab->cap = tab->cap ? tab->cap * 2 : 16;
        tab->rows = xrealloc(tab->rows, tab->cap * tab->row_size);
    }
    struct row *r = row_at(tab, tab->n++);
    memset(r, 0, tab->row_size);
    r->id = tab->next_id;
    tab->next_id += 1 + (church_below(c, 8) == 0 ? 1 + (int32_t)church_below(c, 5) : 0);
    tab->version++;
    guid_from_seed(c, &r->guid);
    /* SQL Server's datetime counts in 1/300 s: fractions end in 0, 3 or 7 and may have no digits at
     * all */
    c->now += TICKS_SEC / 100 * 37 + 33333;
    r->created = r->modified = c->now / 10000 * 10000;
    return r;
}

void *church_row(const struct church *c, enum table_id t, int32_t id)
{
    const struct table *tab = &c->table[t];
    size_t lo = 0, hi = tab->n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (row_at(tab, mid)->id < id)
            lo = mid + 1;
        else
            hi = mid;
    }
    if (lo == tab->n)
        return NULL;
    struct row *r = row_at(tab, lo);
    return r->id == id && !r->gone ? r : NULL;
}

void *church_next(const struct church *c, enum table_id t, const void *prev)
{
    const struct table *tab = &c->table[t];
    size_t i =
        prev ? (size_t)((const char *)prev - (const char *)tab->rows) / tab->row_size + 1 : 0;
    for (; i < tab->n; i++)
        if (!row_at(tab, i)->gone)
            return row_at(tab, i);
    return NULL;
}

void *church_by_guid(const struct church *c, enum table_id t, const char *guid)
{
    struct guid g;
    if (!guid_parse(guid, &g))
        return NULL;
    for (struct row *r = NULL; (r = church_next(c, t, r));)
        if (guid_cmp(&r->guid, &g) == 0)
            return r;
    return NULL;
}

static int32_t int_at(const struct row *r, size_t offset)
{
    int32_t v;
    memcpy(&v, (const char *)r + offset, sizeof(v));
    return v;
}

static uint32_t slot_of(const struct church_index *ix, int32_t key)
{
    return (uint32_t)key * UINT32_C(2654435769) >> 7 & ix->mask;
}

/* Chains hold row numbers + 1, smallest first, so that a walk goes by Id. */
static void index_build(const struct table *tab, struct church_index *ix)
{
    uint32_t size = 16;
    while (size < tab->n)
        size *= 2;
    ix->mask = size - 1;
    ix->heads = xrealloc(ix->heads, size * sizeof(*ix->heads));
    memset(ix->heads, 0, size * sizeof(*ix->heads));
    ix->next = xrealloc(ix->next, (tab->n + 1) * sizeof(*ix->next));
    for (size_t i = tab->n; i-- > 0;) {
        uint32_t *head = &ix->heads[slot_of(ix, int_at(row_at(tab, i), ix->offset))];
        ix->next[i] = *head;
        *head = (uint32_t)i + 1;
    }
    ix->built = tab->version;
}

static struct church_index *index_on(struct table *tab, size_t offset)
{
    size_t i = 0;
    while (i < tab->n_index && tab->index[i].offset != offset)
        i++;
    if (i == tab->n_index) {
        assert(i < CHURCH_INDEXES);
        tab->index[tab->n_index++] = (struct church_index){.offset = offset};
    }
    struct church_index *ix = &tab->index[i];
    if (ix->built != tab->version)
        index_build(tab, ix);
    return ix;
}

void *church_find(struct church *c, enum table_id t, size_t offset, int32_t key, const void *prev)
{
    struct table *tab = &c->table[t];
    const struct church_index *ix = index_on(tab, offset);
    uint32_t at =
        prev ? ix->next[((const char *)prev - (const char *)tab->rows) / (ptrdiff_t)tab->row_size]
             : ix->heads[slot_of(ix, key)];
    for (; at; at = ix->next[at - 1]) {
        struct row *r = row_at(tab, at - 1);
        if (!r->gone && int_at(r, offset) == key)
            return r;
    }
    return NULL;
}

void church_touch(struct church *c, enum table_id t, void *row)
{
    c->now += TICKS_SEC / 100 * 113 + 33333;
    ((struct row *)row)->modified = c->now / 10000 * 10000;
    c->table[t].version++;
}

void church_delete(struct church *c, enum table_id t, void *row)
{
    (void)c; /* the indexes keep the row; readers skip it */
    (void)t;
    ((struct row *)row)->gone = true;
}
