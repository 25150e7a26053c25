#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "common/base/metrics.h"
#include "common/base/str.h"
#include "common/base/text.h"

static struct metrics *m;
static struct str page;

static void setup(void)
{
    m = metrics_new();
    str_init(&page, 64 << 20);
}

static void teardown(void)
{
    metrics_free(m);
    str_release(&page);
}

TestSuite(metrics, .init = setup, .fini = teardown);

static char *written(void)
{
    str_clear(&page);
    metrics_write(m, &page);
    return page.p;
}

static struct metric_family *family(enum metric_type type, const char *label1, const char *label2)
{
    return metrics_family(m, type, "x", "help", label1, label2, NULL, 0);
}

Test(metrics, counters_and_gauges_without_labels)
{
    struct metric_series *c = metrics_counter(m, "sync_ops_total", "Operations sent.");
    struct metric_series *g = metrics_gauge(m, "sync_lag", "Messages behind.");

    metric_add(c, 2);
    metric_add(c, 0.5);
    metric_set(g, 7);
    metric_add(g, -10);
    cr_expect(eq(dbl, metric_value(c), 2.5));
    cr_expect(eq(str, written(),
                 "# HELP sync_ops_total Operations sent.\n"
                 "# TYPE sync_ops_total counter\n"
                 "sync_ops_total 2.5\n"
                 "# HELP sync_lag Messages behind.\n"
                 "# TYPE sync_lag gauge\n"
                 "sync_lag -3\n"));
}

Test(metrics, a_family_is_found_again_and_so_is_a_series)
{
    struct metric_family *f = family(METRIC_COUNTER, "a", "b");
    struct metric_series *s = metrics_series(f, "1", "2");

    cr_expect(family(METRIC_COUNTER, "a", "b") == f);
    cr_expect(metrics_series(f, "1", "2") == s);
    cr_expect(metrics_series(f, "12", "") != s);
    cr_expect(metrics_series(f, "", "12") != metrics_series(f, "12", ""));
    cr_expect(metrics_counter(m, "y", "h") == metrics_counter(m, "y", "h"));
}

Test(metrics, label_values_and_help_are_escaped)
{
    struct metric_family *f =
        metrics_family(m, METRIC_GAUGE, "x", "a \\ b\nc \"d\"", "l", "k", NULL, 0);

    metric_set(metrics_series(f, "a\\b\"c\nd", "\xc3\xa9"), 1);
    metric_set(metrics_series(f, "bad \xff\xc3\xa9", ""), 1);
    cr_expect(eq(str, written(),
                 "# HELP x a \\\\ b\\nc \"d\"\n"
                 "# TYPE x gauge\n"
                 "x{l=\"a\\\\b\\\"c\\nd\",k=\"\xc3\xa9\"} 1\n"
                 "x{l=\"bad ???\",k=\"\"} 1\n"));
}

Test(metrics, histogram_buckets_are_cumulative)
{
    static const double buckets[] = {0.1, 1, 10};
    struct metric_family *f =
        metrics_family(m, METRIC_HISTOGRAM, "took_seconds", "h", "op", NULL, buckets, 3);
    struct metric_series *s = metrics_series(f, "create", NULL);

    metric_observe(s, 0.1); /* le: the bound belongs to its bucket */
    metric_observe(s, 0.5);
    metric_observe(s, 0.5);
    metric_observe(s, 100);
    cr_expect(eq(dbl, metric_value(s), 4));
    cr_expect(eq(str, written(),
                 "# HELP took_seconds h\n"
                 "# TYPE took_seconds histogram\n"
                 "took_seconds_bucket{op=\"create\",le=\"0.1\"} 1\n"
                 "took_seconds_bucket{op=\"create\",le=\"1\"} 3\n"
                 "took_seconds_bucket{op=\"create\",le=\"10\"} 3\n"
                 "took_seconds_bucket{op=\"create\",le=\"+Inf\"} 4\n"
                 "took_seconds_sum{op=\"create\"} 101.1\n"
                 "took_seconds_count{op=\"create\"} 4\n"));
}

Test(metrics, histogram_without_labels)
{
    static const double buckets[] = {1};

    metric_observe(
        metrics_series(metrics_family(m, METRIC_HISTOGRAM, "x", "h", NULL, NULL, buckets, 1), NULL,
                       NULL),
        2);
    cr_expect(eq(str, written(),
                 "# HELP x h\n# TYPE x histogram\nx_bucket{le=\"1\"} 0\nx_bucket{le=\"+Inf\"} 1\n"
                 "x_sum 2\nx_count 1\n"));
}

Test(metrics, numbers_read_back_as_they_were)
{
    static const struct {
        double v;
        char *want;
    } rows[] = {
        {0, "x 0\n"},
        {1795402446123.0, "x 1795402446123\n"},
        {0.1, "x 0.1\n"},
        {1.0 / 3, "x 0.3333333333333333\n"},
        {1e100, "x 1e+100\n"},
        {INFINITY, "x +Inf\n"},
        {-INFINITY, "x -Inf\n"},
        {NAN, "x NaN\n"},
    };
    struct metric_series *g = metrics_gauge(m, "x", "h");

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        metric_set(g, rows[i].v);
        cr_expect(eq(str, strrchr(written(), '\n') + 1, ""));
        cr_expect(eq(str, strstr(page.p, "\nx ") + 1, rows[i].want));
    }
}

Test(metrics, too_many_series_share_one_called_other)
{
    struct metric_family *f = family(METRIC_COUNTER, "id", NULL);
    struct metric_series *other = NULL;

    for (int i = 0; i < METRICS_MAX_SERIES + 500; i++) {
        char id[16];

        snprintf(id, sizeof(id), "%d", i);
        struct metric_series *s = metrics_series(f, id, NULL);

        metric_add(s, 1);
        if (i >= METRICS_MAX_SERIES) {
            cr_assert(other == NULL || s == other);
            other = s;
        }
    }
    cr_expect(eq(dbl, metric_value(other), 500));
    cr_expect(eq(dbl, metric_value(metrics_series(f, "0", NULL)), 1), "known ones stay");
    cr_expect(strstr(written(), "x{id=\"other\"} 500\n") != NULL);
}

Test(metrics, long_label_values_are_cut_and_stay_text)
{
    char big[1000];

    memset(big, 'x', sizeof(big));
    for (size_t i = 0; i + 3 < sizeof(big); i += 3)
        memcpy(big + i, "\xe2\x82\xac", 3);
    big[999] = '\0';
    metric_add(metrics_series(family(METRIC_COUNTER, "l", NULL), big, NULL), 1);
    written();
    cr_expect(text_is_utf8(page.p, page.n));
    cr_expect(strchr(page.p, '?') == NULL);
    cr_expect(lt(sz, page.n, 400));
}

static void *add_many(void *s)
{
    for (int i = 0; i < 100000; i++)
        metric_add(s, 1);
    return NULL;
}

Test(metrics, a_second_thread_may_add)
{
    struct metric_series *c = metrics_counter(m, "x", "h");
    pthread_t t;

    cr_assert(eq(int, pthread_create(&t, NULL, add_many, c), 0));
    add_many(c);
    pthread_join(t, NULL);
    cr_expect(eq(dbl, metric_value(c), 200000));
}

Test(metrics, a_family_declared_otherwise_stops_the_program, .signal = SIGABRT)
{
    family(METRIC_COUNTER, "a", NULL);
    family(METRIC_GAUGE, "a", NULL);
}

Test(metrics, a_bad_name_stops_the_program, .signal = SIGABRT)
{
    metrics_counter(m, "0x", "h");
}

Test(metrics, a_counter_never_goes_down, .signal = SIGABRT)
{
    metric_add(metrics_counter(m, "x", "h"), -1);
}
