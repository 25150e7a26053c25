/*
 * metrics: counters, gauges and histograms of one process, written as Prometheus text (exposition
 * format 0.0.4).
 *
 * A family is declared once (name, help, up to 2 label names); a series is looked up by label
 * values and kept by the caller, so that the hot path is one addition. Series of one family are
 * bounded (METRICS_MAX_SERIES): beyond that everything lands in a series labelled "other"; label
 * values are cut at 256 bytes. Not
 * thread safe unless said: each program's metrics belong to its loop; counters and gauges use
 * relaxed atomics so that a second thread may add.
 */
#ifndef SYNC_BASE_METRICS_H
#define SYNC_BASE_METRICS_H

#include <stdint.h>

struct str;
struct metrics;
struct metric_series;
enum metric_type { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };

#define METRICS_MAX_SERIES 2000

struct metric_family;

struct metrics *metrics_new(void);
void metrics_free(struct metrics *m);
/*
 * Declares a family, or finds it when declared before (same type and labels: asserted).
 * @label1, @label2  label names, NULL when fewer
 * @buckets          histogram upper bounds ascending, n_buckets of them; +Inf is added;
 *                   NULL otherwise
 */
struct metric_family *metrics_family(struct metrics *m,
                                     enum metric_type type,
                                     const char *name,
                                     const char *help,
                                     const char *label1,
                                     const char *label2,
                                     const double *buckets,
                                     int n_buckets);
/* Label values are copied; NULL where the family has no such label. Valid until metrics_free. */
struct metric_series *
metrics_series(struct metric_family *f, const char *value1, const char *value2);
void metric_add(struct metric_series *s, double v);     /* counter (v >= 0) or gauge */
void metric_set(struct metric_series *s, double v);     /* gauge */
void metric_observe(struct metric_series *s, double v); /* histogram */
/* For tests and /debug/state; a histogram gives its number of observations. */
double metric_value(const struct metric_series *s);
void metrics_write(const struct metrics *m, struct str *out);

/* Short forms for families without labels. */
struct metric_series *metrics_counter(struct metrics *m, const char *name, const char *help);
struct metric_series *metrics_gauge(struct metrics *m, const char *name, const char *help);

#endif
