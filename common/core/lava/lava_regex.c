/*
 * lava_regex: compiling and matching. See lava_regex.h.
 *
 * PCRE2 takes what a match needs from a pool on the stack, so that matching allocates nothing; only
 * deep backtracking goes to the heap, within HEAP_KIB. Its count of steps is not told, only
 * limited: a match begins with a small limit and, when it hits that, begins again with a larger
 * one, each paid from the budget before. Every step may look at the whole subject (x*+), so that a
 * step costs more in a long subject.
 */
#define PCRE2_CODE_UNIT_WIDTH 8

#include "common/core/lava/lava_regex.h"

#include <pcre2.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/arena.h"

#include "common/core/lava/lava_regex_p.h"

enum {
    POOL_BYTES = 26 * 1024, /* PCRE2's first block of frames is 20 KiB */
    HEAP_KIB = 1024,
    FIRST_LIMIT = 100,
    BYTES_PER_STEP = 256
};

struct lava_regex {
    pcre2_code *code;
    pcre2_general_context *general; /* of the compile */
    bool heap;
    size_t groups;
    uint16_t order[LAVA_REGEX_MAX_GROUPS]; /* .NET's number -> PCRE2's */
};

/* ---- memory ---- */

struct pool {
    size_t used;
    _Alignas(16) char bytes[POOL_BYTES];
};

/* PCRE2 would call a good expression bad for want of memory. */
static void *heap_take(size_t n, void *user)
{
    void *p = malloc(n);

    (void)user;
    if (!p)
        out_of_memory("pcre2");
    return p;
}

static void heap_give(void *p, void *user)
{
    (void)user;
    free(p);
}

static void *pool_take(size_t n, void *user)
{
    struct pool *pool = user;
    size_t want = (n + 15) & ~(size_t)15;

    if (want > POOL_BYTES - pool->used)
        return heap_take(n, NULL);
    pool->used += want;
    return pool->bytes + pool->used - want;
}

static void pool_give(void *p, void *user)
{
    struct pool *pool = user;
    char *c = p;

    if (c < pool->bytes || c >= pool->bytes + POOL_BYTES)
        free(p);
}

static void *arena_take(size_t n, void *user)
{
    return arena_alloc(user, n);
}

static void arena_give(void *p, void *user)
{
    (void)p;
    (void)user;
}

/* ---- compiling ---- */

static int bad(struct err *err, const char *what)
{
    return err_set(err, SCOPE_ITEM, WHEN_NEVER, "lava.regex", "regular expression: %s", what);
}

static int
compile(struct lava_regex *re, const struct str *pattern, unsigned options, struct err *err)
{
    uint32_t flags = PCRE2_UTF | PCRE2_UCP | PCRE2_MATCH_INVALID_UTF | PCRE2_NEVER_BACKSLASH_C;
    int code;
    size_t at;

    if (options & LAVA_REGEX_IGNORE_CASE)
        flags |= PCRE2_CASELESS;
    if (options & LAVA_REGEX_MULTILINE)
        flags |= PCRE2_MULTILINE;
    pcre2_compile_context *context = pcre2_compile_context_create(re->general);
    pcre2_set_newline(context, PCRE2_NEWLINE_LF);
    pcre2_set_parens_nest_limit(context, LAVA_REGEX_MAX_GROUPS);
    re->code = pcre2_compile((PCRE2_SPTR)pattern->p, pattern->n, flags, &code, &at, context);
    pcre2_compile_context_free(context);
    if (re->code == NULL) {
        char text[120];
        pcre2_get_error_message(code, (PCRE2_UCHAR *)text, sizeof(text));
        return bad(err, text);
    }
    return 0;
}

/* Groups without a name are counted first, then those with one. */
static int number_groups(struct lava_regex *re, struct err *err)
{
    uint32_t count, names, size;
    PCRE2_SPTR table;
    bool named[LAVA_REGEX_MAX_GROUPS] = {false};

    pcre2_pattern_info(re->code, PCRE2_INFO_CAPTURECOUNT, &count);
    if (count + 1 > LAVA_REGEX_MAX_GROUPS)
        return bad(err, "too many groups");
    pcre2_pattern_info(re->code, PCRE2_INFO_NAMECOUNT, &names);
    pcre2_pattern_info(re->code, PCRE2_INFO_NAMEENTRYSIZE, &size);
    pcre2_pattern_info(re->code, PCRE2_INFO_NAMETABLE, &table);
    for (uint32_t i = 0; i < names; i++)
        named[table[i * size] << 8 | table[i * size + 1]] = true;
    size_t n = 0;
    for (int pass = 0; pass < 2; pass++) {
        for (uint32_t g = 0; g <= count; g++) {
            if (named[g] == (pass == 1))
                re->order[n++] = (uint16_t)g;
        }
    }
    re->groups = n;
    return 0;
}

static int
build(struct lava_regex *re, const struct str *pattern, unsigned options, struct err *err)
{
    if (compile(re, pattern, options, err) < 0 || number_groups(re, err) < 0)
        return -1;
    return lava_regex_size(re) > LAVA_REGEX_MAX_COMPILED ? bad(err, "too large") : 0;
}

struct lava_regex *
lava_regex_new(struct arena *a, const char *pattern, size_t n, unsigned options, struct err *err)
{
    autovalue(str_release) struct str text = STR_INIT(LAVA_REGEX_MAX_PATTERN * 8);
    autoptr(lava_regex_free) struct lava_regex *re = xalloc(sizeof(*re));

    re->heap = true;
    if (n > LAVA_REGEX_MAX_PATTERN) {
        bad(err, "too long");
        return NULL;
    }
    if (lava_regex_translate(pattern, n, &text, err) < 0)
        return NULL;
    re->general = pcre2_general_context_create(heap_take, heap_give, NULL);
    if (build(re, &text, options, err) < 0)
        return NULL;
    if (a == NULL)
        return steal(re);
    /* Now that its size is known to be small, once more into the arena. */
    struct lava_regex *kept = arena_alloc(a, sizeof(*kept));
    kept->general = pcre2_general_context_create(arena_take, arena_give, a);
    return build(kept, &text, options, err) < 0 ? NULL : kept;
}

void lava_regex_free(struct lava_regex *re)
{
    if (re == NULL || !re->heap)
        return;
    pcre2_code_free(re->code);
    pcre2_general_context_free(re->general);
    free(re);
}

size_t lava_regex_size(const struct lava_regex *re)
{
    size_t size = 0;

    pcre2_pattern_info(re->code, PCRE2_INFO_SIZE, &size);
    return size;
}

size_t lava_regex_groups(const struct lava_regex *re)
{
    return re->groups;
}

int lava_regex_group_named(const struct lava_regex *re, const char *name, size_t n)
{
    uint32_t names, size;
    PCRE2_SPTR table;

    pcre2_pattern_info(re->code, PCRE2_INFO_NAMECOUNT, &names);
    pcre2_pattern_info(re->code, PCRE2_INFO_NAMEENTRYSIZE, &size);
    pcre2_pattern_info(re->code, PCRE2_INFO_NAMETABLE, &table);
    for (uint32_t i = 0; i < names; i++) {
        const char *entry = (const char *)table + i * size;
        unsigned group = (unsigned)((uint8_t)entry[0] << 8 | (uint8_t)entry[1]);
        if (strlen(entry + 2) != n || memcmp(entry + 2, name, n) != 0)
            continue;
        for (size_t g = 0; g < re->groups; g++) {
            if (re->order[g] == group)
                return (int)g;
        }
    }
    return -1;
}

/* ---- matching ---- */

static void fill(const struct lava_regex *re, pcre2_match_data *data, struct lava_match *groups)
{
    const size_t *at = pcre2_get_ovector_pointer(data);

    for (size_t i = 0; i < re->groups; i++) {
        size_t g = re->order[i];
        bool took_part = at[2 * g] != PCRE2_UNSET;
        groups[i] =
            took_part ? (struct lava_match){at[2 * g], at[2 * g + 1]} : (struct lava_match){1, 0};
    }
}

/* What PCRE2 needs for matches one after the other. */
struct matcher {
    struct pool pool;
    pcre2_general_context *general;
    pcre2_match_context *context;
    pcre2_match_data *data;
};

static void matcher_begin(struct matcher *m, const struct lava_regex *re)
{
    m->pool.used = 0;
    m->general = pcre2_general_context_create(pool_take, pool_give, &m->pool);
    m->context = pcre2_match_context_create(m->general);
    m->data = pcre2_match_data_create((uint32_t)re->groups, m->general);
    pcre2_set_heap_limit(m->context, HEAP_KIB);
}

static void matcher_end(struct matcher *m)
{
    pcre2_match_data_free(m->data);
    pcre2_match_context_free(m->context);
    pcre2_general_context_free(m->general);
}

/* As lava_regex_match. */
static int matcher_next(struct matcher *m,
                        const struct lava_regex *re,
                        uint64_t *budget,
                        const char *s,
                        size_t n,
                        size_t from,
                        struct lava_match *groups,
                        struct err *err)
{
    uint64_t price = 1 + n / BYTES_PER_STEP;
    int r = PCRE2_ERROR_MATCHLIMIT;

    for (uint32_t limit = FIRST_LIMIT; r == PCRE2_ERROR_MATCHLIMIT; limit *= 8) {
        uint64_t cost = (uint64_t)limit * price;
        if (cost > *budget) {
            if (*budget < FIRST_LIMIT * price)
                break;
            limit = (uint32_t)(*budget / price); /* the last try: with all that is left */
            cost = *budget;
        }
        *budget -= cost;
        pcre2_set_match_limit(m->context, limit);
        r = pcre2_match(re->code, (PCRE2_SPTR)(n ? s : ""), n, from, 0, m->data, m->context);
    }
    if (r == PCRE2_ERROR_NOMATCH)
        return 0;
    if (r <= 0)
        return bad(err, "takes too long on this text");
    fill(re, m->data, groups);
    return 1;
}

int lava_regex_match(const struct lava_regex *re,
                     uint64_t *budget,
                     const char *s,
                     size_t n,
                     size_t from,
                     struct lava_match *groups,
                     struct err *err)
{
    struct matcher m;

    matcher_begin(&m, re);
    int found = matcher_next(&m, re, budget, s, n, from, groups, err);
    matcher_end(&m);
    return found;
}

int lava_regex_each(const struct lava_regex *re,
                    uint64_t *budget,
                    const char *s,
                    size_t n,
                    lava_each_fn *each,
                    void *user,
                    struct err *err)
{
    struct lava_match groups[LAVA_REGEX_MAX_GROUPS];
    struct matcher m;
    int r = 1;

    matcher_begin(&m, re);
    for (size_t from = 0; r > 0 && from <= n; from = lava_regex_next(&groups[0], s, n)) {
        r = matcher_next(&m, re, budget, s, n, from, groups, err);
        if (r > 0 && each(user, groups) != 0)
            r = 2;
        if (r != 1)
            break;
    }
    matcher_end(&m);
    return r == 1 ? 0 : r == 2 ? 1 : r;
}

size_t lava_regex_next(const struct lava_match *whole, const char *s, size_t n)
{
    size_t at = whole->end;

    if (whole->end > whole->start || at >= n)
        return whole->end > whole->start ? at : n + 1;
    for (at++; at < n && ((unsigned char)s[at] & 0xc0) == 0x80; at++)
        continue;
    return at;
}
