#include <errno.h>
#include <string.h>

#include "common/base/banned.h"
#include "common/base/conf_p.h"
#include "common/base/str.h"
#include "common/base/text.h"

enum { SHOWN = 40 }; /* bytes of a wrong value that a message repeats */

static const struct unit {
    const char *name;
    int64_t factor;
} durations[] = {{"d", 86400000}, {"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}},
  sizes[] = {{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"", 1}};

static int bad(struct err *err, const struct conf_def *d, const char *text, const char *why)
{
    if (d->flags & CONF_SECRET)
        text = "***";
    size_t n = text_cut(text, strlen(text), SHOWN);

    return err_set(err, SCOPE_PROCESS, WHEN_NEVER, "conf", "\"%.*s%s\" %s", (int)n, text,
                   text[n] ? "..." : "", why);
}

/* Reads a decimal number; *rest is what follows. False without digits or when it does not fit. */
static bool parse_number(const char *s, int64_t *ret, const char **rest)
{
    char *end;

    if (!(*s >= '0' && *s <= '9') && !(*s == '-' && s[1] >= '0' && s[1] <= '9'))
        return false;
    errno = 0;
    *ret = strtoll(s, &end, 10);
    *rest = end;
    return errno == 0;
}

static bool parse_amount(const char *s, const struct unit *units, size_t n, int64_t *ret)
{
    const char *unit;
    int64_t v;

    if (!parse_number(s, &v, &unit))
        return false;
    while (*unit == ' ')
        unit++;
    if (v == 0 && !*unit) { /* nothing is nothing in every unit */
        *ret = 0;
        return true;
    }
    for (size_t i = 0; i < n; i++)
        if (strcmp(unit, units[i].name) == 0)
            return !__builtin_mul_overflow(v, units[i].factor, ret);
    return false;
}

void conf_put_amount(struct str *out, enum conf_type type, int64_t v)
{
    const struct unit *units = type == CONF_DURATION ? durations : sizes;
    size_t n = type == CONF_DURATION ? ARRAY_LEN(durations) : ARRAY_LEN(sizes);

    for (size_t i = 0; type != CONF_INT && v != 0 && i < n; i++) {
        if (v % units[i].factor == 0) {
            str_addf(out, "%lld%s", (long long)(v / units[i].factor), units[i].name);
            return;
        }
    }
    str_addf(out, "%lld", (long long)v);
}

static int
parse_numeric(const struct conf_def *d, const char *text, struct conf_value *ret, struct err *err)
{
    autovalue(str_release) struct str range = STR_INIT(128);
    const char *rest = "";

    if (d->type == CONF_INT && (!parse_number(text, &ret->num, &rest) || *rest))
        return bad(err, d, text, "is not a whole number");
    if (d->type == CONF_DURATION && !parse_amount(text, durations, ARRAY_LEN(durations), &ret->num))
        return bad(err, d, text, "is not a duration; write a number with ms, s, m, h or d");
    if (d->type == CONF_BYTES && !parse_amount(text, sizes, ARRAY_LEN(sizes), &ret->num))
        return bad(err, d, text, "is not a size; write a number of bytes, or with KiB, MiB or GiB");
    if (ret->num >= d->min && ret->num <= d->max)
        return 0;
    str_puts(&range, "is out of range (");
    conf_put_amount(&range, d->type, d->min);
    str_puts(&range, " to ");
    conf_put_amount(&range, d->type, d->max);
    str_putc(&range, ')');
    return bad(err, d, text, range.p);
}

static int
parse_bool(const struct conf_def *d, const char *text, struct conf_value *ret, struct err *err)
{
    static const char *const words[] = {"false", "true", "no", "yes", "off", "on", "0", "1"};

    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (strcmp(text, words[i]) == 0) {
            ret->num = i & 1;
            return 0;
        }
    }
    return bad(err, d, text, "is neither true nor false");
}

static int parse_enum(const struct conf_def *d, const char *text, struct err *err)
{
    autovalue(str_release) struct str why = STR_INIT(160);
    size_t n = strlen(text);

    for (const char *w = d->words; n;) {
        size_t len = strcspn(w, "|");
        if (len == n && memcmp(w, text, n) == 0)
            return 0;
        if (!w[len])
            break;
        w += len + 1;
    }
    str_addf(&why, "is none of %s", d->words);
    return bad(err, d, text, why.p);
}

/* Cuts a copy of text at its commas; blanks around items go, and with them empty items. */
static void split_list(const char *text, struct conf_value *ret)
{
    vec(char *) items = {0};

    ret->list_text = xstrdup(text);
    for (char *p = ret->list_text, *next; p; p = next) {
        next = strchr(p, ',');
        if (next)
            *next++ = '\0';
        p += strspn(p, " \t");
        for (size_t n = strlen(p); n && (p[n - 1] == ' ' || p[n - 1] == '\t'); n--)
            p[n - 1] = '\0';
        if (*p)
            vec_push(&items, p);
    }
    ret->list_n = items.n;
    vec_push(&items, NULL);
    ret->list = items.v;
}

int conf_value_parse(const struct conf_def *d,
                     const char *text,
                     struct conf_value *ret,
                     struct err *err)
{
    struct conf_value v = {0};
    int r = 0;

    if (strlen(text) > CONF_STRING_MAX)
        return bad(err, d, text, "is longer than 4096 bytes");
    if (!text_is_utf8(text, strlen(text)))
        return bad(err, d, "***", "is not valid UTF-8");
    switch (d->type) {
    case CONF_INT:
    case CONF_DURATION:
    case CONF_BYTES:
        r = parse_numeric(d, text, &v, err);
        break;
    case CONF_BOOL:
        r = parse_bool(d, text, &v, err);
        break;
    case CONF_ENUM:
        r = parse_enum(d, text, err);
        break;
    case CONF_LIST:
        split_list(text, &v);
        break;
    case CONF_STRING:
    case CONF_FILE:
        break;
    }
    if (r < 0)
        return -1;
    v.text = xstrdup(text);
    *ret = v;
    return 0;
}

void conf_value_release(struct conf_value *v)
{
    free(v->text);
    free(v->list);
    free(v->list_text);
    *v = (struct conf_value){0};
}
