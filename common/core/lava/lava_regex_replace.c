/*
 * lava_regex_replace: .NET's replacement patterns. Part of lava_regex.
 *
 * @source .NET: Substitutions in regular expressions
 */
#include "common/core/lava/lava_regex_p.h"

struct job {
    const struct lava_regex *re;
    const char *s;
    size_t n;
    const char *by; /* the replacement */
    size_t by_n;
    const struct lava_match *groups; /* of the match at hand */
    size_t done;                     /* bytes of s that are out */
    lava_emit_fn *emit;
    void *user;
    int status; /* what emit returned */
};

static int emit_group(const struct job *j, size_t group)
{
    const struct lava_match *m = &j->groups[group];

    return m->start > m->end ? 0 : j->emit(j->user, j->s + m->start, m->end - m->start);
}

/* A number at r; digits as far as they name a group. Its length, 0: none. */
static size_t read_group(const struct job *j, const char *r, size_t n, size_t *ret_group)
{
    size_t groups = lava_regex_groups(j->re), v = 0, taken = 0;

    for (size_t i = 0; i < n && i < 3 && r[i] >= '0' && r[i] <= '9'; i++) {
        v = v * 10 + (size_t)(r[i] - '0');
        if (v < groups) {
            *ret_group = v;
            taken = i + 1;
        }
    }
    return taken;
}

/* ${..} at r; its length, 0: it names no group. */
static size_t read_braces(const struct job *j, const char *r, size_t n, size_t *ret_group)
{
    size_t len = 0;

    while (2 + len < n && r[2 + len] != '}')
        len++;
    if (2 + len >= n || len == 0)
        return 0;
    if (read_group(j, r + 2, len, ret_group) == len)
        return len + 3;
    int g = lava_regex_group_named(j->re, r + 2, len);
    if (g < 0)
        return 0;
    *ret_group = (size_t)g;
    return len + 3;
}

/* A substitution of one mark behind the dollar sign. 0: not one of them. */
static int emit_mark(const struct job *j, char mark, bool *ret_known)
{
    const struct lava_match *whole = &j->groups[0];

    *ret_known = true;
    switch (mark) {
    case '$':
        return j->emit(j->user, "$", 1);
    case '&':
        return emit_group(j, 0);
    case '`':
        return j->emit(j->user, j->s, whole->start);
    case '\'':
        return j->emit(j->user, j->s + whole->end, j->n - whole->end);
    case '+':
        return emit_group(j, lava_regex_groups(j->re) - 1);
    case '_':
        return j->emit(j->user, j->s, j->n);
    default:
        *ret_known = false;
        return 0;
    }
}

/* What begins with a dollar sign at r; *ret_used: bytes of it. */
static int emit_dollar(const struct job *j, const char *r, size_t n, size_t *ret_used)
{
    size_t group = 0, used = 0;
    bool known;

    if (n > 1 && r[1] == '{')
        used = read_braces(j, r, n, &group);
    else if (n > 1 && (used = read_group(j, r + 1, n - 1, &group)) > 0)
        used++;
    if (used) {
        *ret_used = used;
        return emit_group(j, group);
    }
    int r_mark = n > 1 ? emit_mark(j, r[1], &known) : (known = false, 0);
    *ret_used = known ? 2 : 1;
    return known ? r_mark : j->emit(j->user, "$", 1);
}

static int emit_replacement(const struct job *j, const char *r, size_t n)
{
    size_t i = 0, used;

    while (i < n) {
        size_t plain = i;
        while (plain < n && r[plain] != '$')
            plain++;
        int status = plain > i ? j->emit(j->user, r + i, plain - i) : 0;
        i = plain;
        if (status == 0 && i < n) {
            status = emit_dollar(j, r + i, n - i, &used);
            i += used;
        }
        if (status)
            return status;
    }
    return 0;
}

static int replace_one(void *user, const struct lava_match *groups)
{
    struct job *j = user;

    j->groups = groups;
    j->status = j->emit(j->user, j->s + j->done, groups[0].start - j->done);
    if (j->status == 0)
        j->status = emit_replacement(j, j->by, j->by_n);
    j->done = groups[0].end;
    return j->status;
}

int lava_regex_replace(const struct lava_regex *re,
                       uint64_t *budget,
                       const char *s,
                       size_t n,
                       const char *replacement,
                       size_t replacement_len,
                       lava_emit_fn *emit,
                       void *user,
                       struct err *err)
{
    struct job j = {.re = re,
                    .s = n ? s : "",
                    .n = n,
                    .by = replacement,
                    .by_n = replacement_len,
                    .emit = emit,
                    .user = user};

    if (lava_regex_each(re, budget, j.s, n, replace_one, &j, err) < 0)
        return -1;
    return j.status ? j.status : emit(user, j.s + j.done, n - j.done);
}
