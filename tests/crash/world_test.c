/*
 * Whole installations through seeded schedules of changes and faults: see README.md here.
 *
 *   crash_world_test [--seeds FROM-TO] [--first] [--stats]
 *   crash_world_test --seed N [--shrink] [--verbose]
 *   crash_world_test --schedule FILE [--shrink] [--verbose]
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/vec.h"

#include "tests/support/test_db.h"
#include "tests/support/world.h"

#ifdef __SANITIZE_ADDRESS__
enum { SEEDS = 100 };
#else
enum { SEEDS = 1000 };
#endif
enum { SHARES = 2, FOUND_MAX = 5, MANY = 500 };

struct options {
    unsigned long long from, to;
    const char *schedule;
    bool pg, shrink, verbose, first; /* stop at the first that fails */
    bool stats;
};

struct share {                                /* of a process */
    unsigned long long at, n;                 /* seed at work; schedules run */
    unsigned long long in[WORLD_SIGHT_COUNT]; /* in how many schedules it was seen */
    unsigned long long times[WORLD_SIGHT_COUNT];
};

static int
report(struct world_schedule *s, const struct world_found *found, const struct options *o)
{
    printf("seed %llu: %s\n  again: crash_world_test --seed %llu --shrink\n",
           (unsigned long long)s->seed, found->text, (unsigned long long)s->seed);
    if (o->shrink) {
        struct world_found last;
        size_t runs = world_shrink(s, o->pg);
        world_run(s, o->pg, &last);
        printf("after %zu runs, %zu events: %s\n", runs, s->n, last.text);
        world_schedule_print(s, stdout);
    }
    fflush(stdout);
    return 1;
}

static void count(struct share *share, const struct world_found *found)
{
    share->n++;
    for (int i = 0; i < WORLD_SIGHT_COUNT; i++) {
        share->in[i] += found->seen[i] > 0;
        share->times[i] += found->seen[i];
    }
}

static struct share sum(const struct share *v, size_t n)
{
    struct share all = {0};
    for (size_t k = 0; k < n; k++) {
        all.n += v[k].n;
        for (int i = 0; i < WORLD_SIGHT_COUNT; i++) {
            all.in[i] += v[k].in[i];
            all.times[i] += v[k].times[i];
        }
    }
    return all;
}

static void show(const struct share *s)
{
    puts("in % of schedules   times   what was seen");
    for (int i = 0; i < WORLD_SIGHT_COUNT; i++)
        printf("%17.1f %7llu   %s\n", s->n ? 100.0 * (double)s->in[i] / (double)s->n : 0.0,
               s->times[i], world_sight_text((enum world_sight)i));
}

/* What hardly ever takes place is not tested. Over PostgreSQL nobody looks. */
static bool any_rare(const struct share *s, const struct options *o)
{
    bool rare = false;
    for (int i = 0; i < WORLD_SIGHT_COUNT && s->n >= MANY && !o->pg; i++) {
        if (100 * s->in[i] >= s->n)
            continue;
        rare = true;
        printf("in less than one schedule of a hundred: %s\n",
               world_sight_text((enum world_sight)i));
    }
    return rare;
}

static int run_one(struct world_schedule *s, const struct options *o, struct share *share)
{
    struct world_found found;
    world_run(s, o->pg, &found);
    count(share, &found);
    return found.text[0] ? report(s, &found, o) : 0;
}

/* Every SHARES-th seed. Returns how many failed. */
static int run_share(const struct options *o, unsigned nth, struct share *share)
{
    int failed = 0;
    for (unsigned long long n = o->from + nth; n <= o->to && failed < (o->first ? 1 : FOUND_MAX);
         n += SHARES) {
        struct world_schedule s = world_schedule_of(n);
        share->at = n;
        failed += run_one(&s, o, share);
        free(s.v);
    }
    return failed;
}

static int run_all(const struct options *o)
{
    pid_t pid[SHARES];
    int failed = 0;
    struct share *v =
        mmap(NULL, SHARES * sizeof(*v), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (v == MAP_FAILED)
        abort();
    for (unsigned i = 0; i < SHARES; i++) {
        pid[i] = fork();
        if (pid[i] == 0)
            _exit(run_share(o, i, &v[i]) ? 1 : 0);
    }
    for (unsigned i = 0; i < SHARES; i++) {
        int status;
        if (pid[i] < 0 || waitpid(pid[i], &status, 0) < 0)
            abort();
        if (WIFSIGNALED(status))
            printf("seed %llu: died of signal %d\n", v[i].at, WTERMSIG(status));
        failed |= status != 0;
    }
    const struct share all = sum(v, SHARES);
    munmap(v, SHARES * sizeof(*v));
    if (o->stats)
        show(&all);
    failed |= any_rare(&all, o);
    printf("schedules %llu to %llu: %s\n", o->from, o->to,
           failed ? "something is wrong" : "0 violations");
    return failed;
}

static int run_file(const struct options *o)
{
    struct world_schedule s = {0};
    struct share share = {0};
    vec(struct world_event) v = {0};
    char line[200];
    FILE *f = fopen(o->schedule, "r");
    unsigned long long seed = 0;
    if (!f || !fgets(line, sizeof(line), f) ||
        sscanf(line, "seed %llu workers %u connections %u batch %u latency %u", &seed, &s.workers,
               &s.connections, &s.batch, &s.latency_ms) != 5) {
        fprintf(stderr, "crash_world_test: %s is no schedule\n", o->schedule);
        return 64;
    }
    s.seed = seed;
    struct world_event e;
    while (fgets(line, sizeof(line), f))
        if (world_event_parse(line, &e))
            vec_push(&v, e);
    fclose(f);
    s.v = v.v;
    s.n = v.n;
    int rc = run_one(&s, o, &share);
    puts(rc ? "" : "nothing is wrong");
    if (o->stats)
        show(&share);
    free(s.v);
    return rc;
}

static bool *flag_of(struct options *o, const char *arg)
{
    const struct {
        const char *name;
        bool *on;
    } flags[] = {{"--shrink", &o->shrink},
                 {"--first", &o->first},
                 {"--stats", &o->stats},
                 {"--verbose", &o->verbose},
                 {"--pg", &o->pg}};
    for (size_t i = 0; i < sizeof(flags) / sizeof(*flags); i++)
        if (!strcmp(arg, flags[i].name))
            return flags[i].on;
    return NULL;
}

static bool parse(int argc, char **argv, struct options *o)
{
    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : "";
        bool *flag = flag_of(o, argv[i]);
        if (flag) {
            *flag = true;
            continue;
        }
        if (!strcmp(argv[i], "--seed") && sscanf(value, "%llu", &o->from) == 1)
            o->to = o->from;
        else if (!strcmp(argv[i], "--schedule"))
            o->schedule = value;
        else if (strcmp(argv[i], "--seeds") != 0 ||
                 sscanf(value, "%llu-%llu", &o->from, &o->to) != 2)
            return false;
        i++;
    }
    return true;
}

int main(int argc, char **argv)
{
    struct options o = {.from = 1, .to = SEEDS};
    if (!parse(argc, argv, &o)) {
        fputs("crash_world_test: see the top of tests/crash/world_test.c\n", stderr);
        return 64;
    }
    if (o.pg && !test_db_available())
        return test_db_skip();
    if (!o.verbose) { /* workers say a lot about what they meet */
        int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
        dup2(null, STDERR_FILENO);
        close(null);
    }
    if (o.schedule)
        return run_file(&o);
    if (o.from == o.to) {
        struct world_schedule s = world_schedule_of(o.from);
        struct share share = {0};
        int rc = run_one(&s, &o, &share);
        if (o.stats)
            show(&share);
        if (!rc)
            printf("seed %llu: nothing is wrong\n", o.from);
        free(s.v);
        return rc;
    }
    return run_all(&o);
}
