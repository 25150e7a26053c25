#include "common/base/metrics.h"

#include <assert.h>
#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "common/base/banned.h"
#include "common/base/map.h"
#include "common/base/str.h"
#include "common/base/text.h"
#include "common/base/vec.h"

enum { LABELS = 2, LABEL_VALUE_MAX = 256 };

struct metric_series {
    const struct metric_family *family;
    char *values[LABELS];
    _Atomic double value;
    /* histograms only */
    uint64_t *counts; /* one per bucket, not cumulative; the last one is +Inf */
    uint64_t count;
    double sum;
};

struct metric_family {
    enum metric_type type;
    char *name, *help;
    char *labels[LABELS];
    double *buckets;
    int n_buckets;
    struct map *by_values;
    vec(struct metric_series *) series;
    struct metric_series *other;
};

struct metrics {
    struct map *by_name;
    vec(struct metric_family *) families;
};

struct metrics *metrics_new(void)
{
    struct metrics *m = xalloc(sizeof(*m));

    m->by_name = map_new();
    return m;
}

static void free_family(struct metric_family *f)
{
    vec_foreach (s, &f->series) {
        for (int i = 0; i < LABELS; i++)
            free((*s)->values[i]);
        free((*s)->counts);
        free(*s);
    }
    vec_release(&f->series);
    map_free(f->by_values);
    for (int i = 0; i < LABELS; i++)
        free(f->labels[i]);
    free(f->buckets);
    free(f->name);
    free(f->help);
    free(f);
}

void metrics_free(struct metrics *m)
{
    if (!m)
        return;
    vec_foreach (f, &m->families)
        free_family(*f);
    vec_release(&m->families);
    map_free(m->by_name);
    free(m);
}

/*
 * @source Prometheus data model: [a-zA-Z_:][a-zA-Z0-9_:]*, labels without the colon and not
 * beginning with __
 */
static bool name_valid(const char *s, bool label)
{
    static const char chars[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789:";
    size_t word = strspn(s, chars);

    if (label && (strncmp(s, "__", 2) == 0 || strchr(s, ':')))
        return false;
    return word > 0 && !s[word] && !strchr("0123456789", *s);
}

static bool same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static struct metric_family *new_family(enum metric_type type,
                                        const char *name,
                                        const char *help,
                                        const char *label1,
                                        const char *label2)
{
    struct metric_family *f = xalloc(sizeof(*f));

    assert(name_valid(name, false) && help);
    assert(label1 ? name_valid(label1, true) : !label2);
    assert(!label2 || (name_valid(label2, true) && strcmp(label1, label2) != 0));
    f->type = type;
    f->name = xstrdup(name);
    f->help = xstrdup(help);
    f->labels[0] = xstrdup(label1);
    f->labels[1] = xstrdup(label2);
    f->by_values = map_new();
    return f;
}

struct metric_family *metrics_family(struct metrics *m,
                                     enum metric_type type,
                                     const char *name,
                                     const char *help,
                                     const char *label1,
                                     const char *label2,
                                     const double *buckets,
                                     int n_buckets)
{
    struct metric_family *f = map_get(m->by_name, name, strlen(name));

    if (f) {
        assert(f->type == type && f->n_buckets == n_buckets);
        assert(same_text(f->labels[0], label1) && same_text(f->labels[1], label2));
        return f;
    }
    assert((type == METRIC_HISTOGRAM) == (n_buckets > 0));
    f = new_family(type, name, help, label1, label2);
    if (n_buckets > 0) {
        f->buckets = xalloc((size_t)n_buckets * sizeof(*f->buckets));
        f->n_buckets = n_buckets;
        for (int i = 0; i < n_buckets; i++) {
            assert(isfinite(buckets[i]) && (i == 0 || buckets[i] > buckets[i - 1]));
            f->buckets[i] = buckets[i];
        }
    }
    map_put(m->by_name, f->name, strlen(f->name), f);
    vec_push(&m->families, f);
    return f;
}

/*
 * Copies a label value: bounded, and a value that is not UTF-8 would spoil the page for every
 * series.
 */
static char *copy_value(const char *s)
{
    if (!s)
        return NULL;
    size_t n = text_cut(s, strnlen(s, LABEL_VALUE_MAX + 4), LABEL_VALUE_MAX);
    char *copy = xstrndup(s, n);

    if (!text_is_utf8(copy, n))
        for (char *p = copy; *p; p++)
            if (*p & 0x80)
                *p = '?';
    return copy;
}

static struct metric_series *
new_series(struct metric_family *f, const char *value1, const char *value2)
{
    struct metric_series *s = xalloc(sizeof(*s));

    s->family = f;
    s->values[0] = copy_value(value1);
    s->values[1] = copy_value(value2);
    if (f->type == METRIC_HISTOGRAM)
        s->counts = xalloc(((size_t)f->n_buckets + 1) * sizeof(*s->counts));
    vec_push(&f->series, s);
    return s;
}

struct metric_series *
metrics_series(struct metric_family *f, const char *value1, const char *value2)
{
    autovalue(str_release) struct str key = STR_INIT(4 * LABEL_VALUE_MAX);

    assert(!value1 == !f->labels[0] && !value2 == !f->labels[1]);
    if (value1)
        str_add(&key, value1, strnlen(value1, LABEL_VALUE_MAX));
    if (value2) {
        str_putc(&key, '\0'); /* cannot be inside a value */
        str_add(&key, value2, strnlen(value2, LABEL_VALUE_MAX));
    }
    struct metric_series *s = map_get(f->by_values, key.p, key.n);

    if (s)
        return s;
    if (f->series.n >= METRICS_MAX_SERIES) {
        if (!f->other)
            f->other = new_series(f, "other", value2 ? "other" : NULL);
        return f->other;
    }
    s = new_series(f, value1, value2);
    map_put(f->by_values, key.p, key.n, s);
    return s;
}

struct metric_series *metrics_counter(struct metrics *m, const char *name, const char *help)
{
    return metrics_series(metrics_family(m, METRIC_COUNTER, name, help, NULL, NULL, NULL, 0), NULL,
                          NULL);
}

struct metric_series *metrics_gauge(struct metrics *m, const char *name, const char *help)
{
    return metrics_series(metrics_family(m, METRIC_GAUGE, name, help, NULL, NULL, NULL, 0), NULL,
                          NULL);
}

void metric_add(struct metric_series *s, double v)
{
    double old = atomic_load_explicit(&s->value, memory_order_relaxed);

    assert(s->family->type == METRIC_GAUGE || (s->family->type == METRIC_COUNTER && v >= 0));
    while (!atomic_compare_exchange_weak_explicit(&s->value, &old, old + v, memory_order_relaxed,
                                                  memory_order_relaxed))
        continue;
}

void metric_set(struct metric_series *s, double v)
{
    assert(s->family->type == METRIC_GAUGE);
    atomic_store_explicit(&s->value, v, memory_order_relaxed);
}

void metric_observe(struct metric_series *s, double v)
{
    const struct metric_family *f = s->family;
    int i = 0;

    assert(f->type == METRIC_HISTOGRAM);
    while (i < f->n_buckets && !(v <= f->buckets[i])) /* NaN lands in +Inf */
        i++;
    s->counts[i]++;
    s->count++;
    s->sum += v;
}

double metric_value(const struct metric_series *s)
{
    if (s->family->type == METRIC_HISTOGRAM)
        return (double)s->count;
    return atomic_load_explicit(&s->value, memory_order_relaxed);
}

/* Shortest text that reads back as v. */
static void put_number(struct str *out, double v)
{
    char buf[32];

    if (isnan(v) || isinf(v)) {
        str_puts(out, isnan(v) ? "NaN" : v > 0 ? "+Inf" : "-Inf");
        return;
    }
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(buf, sizeof(buf), "%.*g", digits, v);
        if (strtod(buf, NULL) == v)
            break;
    }
    str_puts(out, buf);
}

/*
 * @source Prometheus exposition format 0.0.4: help escapes \ and line feed, label values the double
 * quote too
 */
static void put_escaped(struct str *out, const char *s, bool quote)
{
    for (; *s; s++) {
        if (*s == '\n') {
            str_puts(out, "\\n");
            continue;
        }
        if (*s == '\\' || (quote && *s == '"'))
            str_putc(out, '\\');
        str_putc(out, *s);
    }
}

/* name{label="value",le="..."}: le NULL where there is none. */
static void
put_series(struct str *out, const struct metric_series *s, const char *suffix, const double *le)
{
    const struct metric_family *f = s->family;
    char sep = '{';

    str_puts(out, f->name);
    str_puts(out, suffix);
    for (int i = 0; i < LABELS && f->labels[i]; i++) {
        str_putc(out, sep);
        str_puts(out, f->labels[i]);
        str_puts(out, "=\"");
        put_escaped(out, s->values[i], true);
        str_putc(out, '"');
        sep = ',';
    }
    if (le) {
        str_putc(out, sep);
        str_puts(out, "le=\"");
        put_number(out, *le);
        str_putc(out, '"');
        sep = ',';
    }
    str_puts(out, sep == ',' ? "} " : " ");
}

static void put_line(
    struct str *out, const struct metric_series *s, const char *suffix, const double *le, double v)
{
    put_series(out, s, suffix, le);
    put_number(out, v);
    str_putc(out, '\n');
}

static void write_histogram(struct str *out, const struct metric_series *s)
{
    const struct metric_family *f = s->family;
    uint64_t below = 0;

    for (int i = 0; i <= f->n_buckets; i++) {
        double le = i < f->n_buckets ? f->buckets[i] : INFINITY;

        below += s->counts[i];
        put_line(out, s, "_bucket", &le, (double)below);
    }
    put_line(out, s, "_sum", NULL, s->sum);
    put_line(out, s, "_count", NULL, (double)s->count);
}

static void write_family(struct str *out, const struct metric_family *f)
{
    static const char *const types[] = {"counter", "gauge", "histogram"};

    str_addf(out, "# HELP %s ", f->name);
    put_escaped(out, f->help, false);
    str_addf(out, "\n# TYPE %s %s\n", f->name, types[f->type]);
    vec_foreach (s, &f->series) {
        if (f->type == METRIC_HISTOGRAM)
            write_histogram(out, *s);
        else
            put_line(out, *s, "", NULL, metric_value(*s));
    }
}

void metrics_write(const struct metrics *m, struct str *out)
{
    vec_foreach (f, &m->families)
        write_family(out, *f);
}
