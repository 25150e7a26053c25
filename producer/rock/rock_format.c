#include "producer/rock/rock_format.h"

#include <string.h>

#include "common/base/arena.h"
#include "common/base/err.h"
#include "common/base/str.h"
#include "common/base/text.h"

#include "common/core/lava/lava_regex.h"
#include "common/core/phone.h"

enum {
    ARENA_MAX = 16 << 20,
    DIGITS_MAX = 64,
    STEPS = 50000 /* of one number with one rule: far more than any sensible rule takes */
};

struct rule {
    struct rock_format_rule r; /* texts in the arena; match is compiled into re */
    struct lava_regex *re;
};

struct rock_formats {
    struct arena *keep, *scratch;
    struct rule *v;
    size_t n;
};

static int by_order(const void *x, const void *y)
{
    const struct rock_format_rule *a = &((const struct rule *)x)->r,
                                  *b = &((const struct rule *)y)->r;

    if (a->order != b->order)
        return a->order < b->order ? -1 : 1;
    return a->id < b->id ? -1 : a->id > b->id;
}

static bool blank(const char *s)
{
    return !s || !s[strspn(s, " \t\r\n")];
}

static void add(struct rock_formats *f, const struct rock_format_rule *r)
{
    struct err ignored;

    if (blank(r->match) || blank(r->format) || f->n == ROCK_FORMATS_MAX)
        return;
    struct lava_regex *re = lava_regex_new(f->keep, r->match, strlen(r->match), 0, &ignored);
    if (!re)
        return;
    f->v[f->n].re = re;
    f->v[f->n++].r = (struct rock_format_rule){.id = r->id,
                                               .order = r->order,
                                               .code = phone_digits(f->keep, r->code),
                                               .format = arena_strdup(f->keep, r->format)};
}

struct rock_formats *rock_formats_new(const struct rock_format_rule *rules, size_t n)
{
    struct rock_formats *f = xalloc(sizeof(*f));

    f->keep = arena_new("phone formats", ARENA_MAX);
    f->scratch = arena_new("a phone's format", ARENA_MAX);
    f->v = arena_alloc(f->keep, ROCK_FORMATS_MAX * sizeof(*f->v));
    for (size_t i = 0; i < n; i++)
        add(f, &rules[i]);
    qsort(f->v, f->n, sizeof(*f->v), by_order);
    return f;
}

void rock_formats_free(struct rock_formats *f)
{
    if (!f)
        return;
    arena_free(f->scratch);
    arena_free(f->keep);
    free(f);
}

size_t rock_formats_count(const struct rock_formats *f)
{
    return f ? f->n : 0;
}

static int emit(void *user, const char *p, size_t n)
{
    struct str *to = user;

    str_add(to, p, n);
    return to->over ? -1 : 0;
}

/* text becomes what the rule makes of it. */
static int apply(const struct rule *rule, struct str *text)
{
    autovalue(str_release) struct str made = STR_INIT(4 * DIGITS_MAX);
    uint64_t steps = STEPS;
    struct err ignored;

    if (lava_regex_replace(rule->re, &steps, text->p, text->n, rule->r.format,
                           strlen(rule->r.format), emit, &made, &ignored) != 0)
        return -1;
    str_clear(text);
    str_add(text, made.p, made.n);
    return 0;
}

const char *
rock_format_number(struct rock_formats *f, const char *code, const char *number, struct arena *a)
{
    autovalue(str_release) struct str text = STR_INIT(4 * DIGITS_MAX);

    if (!f)
        return NULL;
    arena_reset(f->scratch);
    const char *digits = phone_digits(f->scratch, number);
    const char *wanted = phone_digits(f->scratch, code);
    if (!*digits || strlen(digits) > DIGITS_MAX)
        return NULL;
    str_puts(&text, digits);
    for (size_t i = 0; i < f->n; i++)
        if (strcmp(f->v[i].r.code, wanted) == 0 && apply(&f->v[i], &text) < 0)
            return NULL;
    if (text.n > ROCK_FORMATTED_MAX)
        return NULL;
    return text_clean(a, text.p, text.n, ROCK_FORMATTED_MAX, false);
}
