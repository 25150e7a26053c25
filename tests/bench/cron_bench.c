/*
 * cron_bench: the next fire time, for schedules from frequent to rare, each asked on and on from
 * its own answer in two zones with clock changes. JSON lines; fails below the goal of 1 M/s.
 */
#include <stdio.h>
#include <time.h>

#include "common/core/cron/cron.h"
#include "common/drv/tz_load.h"
#include "tests/bench/bench_count.h"

enum { GOAL = 1000000 };
static int rounds = 1000000;

static const char *const exprs[] = {
    "0 0 1 ? * MON-FRI *", "0 0/15 * * * ?", "*/10 * * * * ?",
    "0 0 5 LW * ?",        "0 30 6 ? * 6#3", "0 0 9-17/4 15W * ?",
};
static const char *const zones[] = {"America/New_York", "Australia/Lord_Howe"};

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Calls in a row; from 2026 again when the years are over. */
static double ask(const struct cron *c, const struct tz *z, int64_t *sum)
{
    const int64_t start = 1767225600; /* 2026-01-01 */
    int64_t t = start;
    double begin = seconds();

    for (int i = 0; i < rounds; i++) {
        if (!cron_next(c, z, t, &t))
            t = start;
        *sum += t;
    }
    return seconds() - begin;
}

static int bench_parse(struct err *err)
{
    struct cron c;
    double begin = seconds();

    for (int i = 0; i < rounds; i++)
        if (cron_parse(exprs[i % (int)ARRAY_LEN(exprs)], &c, NULL, err) < 0)
            return -1;
    printf("{\"bench\":\"cron_parse\",\"calls_per_s\":%.0f}\n", rounds / (seconds() - begin));
    return 0;
}

static int bench_zone(const char *name, double *all, struct err *err)
{
    autoptr(tz_free) struct tz *z = NULL;
    int64_t sum = 0;

    if (tz_load(name, &z, err) < 0)
        return -1;
    for (size_t i = 0; i < ARRAY_LEN(exprs); i++) {
        struct cron c;
        if (cron_parse(exprs[i], &c, NULL, err) < 0)
            return -1;
        double took = ask(&c, z, &sum);
        *all += took;
        printf("{\"bench\":\"cron_next\",\"expr\":\"%s\",\"zone\":\"%s\",\"calls_per_s\":%.0f,"
               "\"check\":%lld}\n",
               exprs[i], name, rounds / took, (long long)(sum % 1000));
    }
    return 0;
}

int main(void)
{
    struct err err;
    double all = 0;

    if (bench_counting())
        rounds = 2000;
    for (size_t i = 0; i < ARRAY_LEN(zones); i++) {
        if (bench_zone(zones[i], &all, &err) < 0) {
            fprintf(stderr, "cron_bench: %s\n", err.text);
            return 1;
        }
    }
    if (bench_parse(&err) < 0)
        return 1;
    double rate = ((double)rounds * ARRAY_LEN(exprs) * ARRAY_LEN(zones)) / all;
    printf("{\"bench\":\"cron_next_all\",\"calls_per_s\":%.0f,\"goal\":%d}\n", rate, GOAL);
    return rate < GOAL && !bench_counting();
}
