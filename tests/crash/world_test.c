/*
 * Whole installations through seeded schedules of changes and faults: see README.md here.
 *
 *   crash_world_test [--seeds FROM-TO] [--first]
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

#include "tests/support/world.h"

#ifdef __SANITIZE_ADDRESS__
enum { SEEDS = 100 };
#else
enum { SEEDS = 1000 };
#endif
enum { SHARES = 2, FOUND_MAX = 5 };

struct options {
    unsigned long long from, to;
    const char *schedule;
    bool pg, shrink, verbose, first; /* stop at the first that fails */
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

static int run_one(struct world_schedule *s, const struct options *o)
{
    struct world_found found;
    world_run(s, o->pg, &found);
    return found.text[0] ? report(s, &found, o) : 0;
}

/* Every SHARES-th seed. Returns how many failed. */
static int run_share(const struct options *o, unsigned share, unsigned long long *at)
{
    int failed = 0;
    for (unsigned long long n = o->from + share; n <= o->to && failed < (o->first ? 1 : FOUND_MAX);
         n += SHARES) {
        struct world_schedule s = world_schedule_of(n);
        *at = n;
        failed += run_one(&s, o);
        free(s.v);
    }
    return failed;
}

static int run_all(const struct options *o)
{
    pid_t pid[SHARES];
    int failed = 0;
    unsigned long long *at = mmap(NULL, SHARES * sizeof(*at), PROT_READ | PROT_WRITE,
                                  MAP_SHARED | MAP_ANONYMOUS, -1, 0); /* seeds at work */
    if (at == MAP_FAILED)
        abort();
    for (unsigned i = 0; i < SHARES; i++) {
        pid[i] = fork();
        if (pid[i] == 0)
            _exit(run_share(o, i, &at[i]) ? 1 : 0);
    }
    for (unsigned i = 0; i < SHARES; i++) {
        int status;
        if (pid[i] < 0 || waitpid(pid[i], &status, 0) < 0)
            abort();
        if (WIFSIGNALED(status))
            printf("seed %llu: died of signal %d\n", at[i], WTERMSIG(status));
        failed |= status != 0;
    }
    munmap(at, SHARES * sizeof(*at));
    printf("schedules %llu to %llu: %s\n", o->from, o->to,
           failed ? "something is wrong" : "0 violations");
    return failed;
}

static int run_file(const struct options *o)
{
    struct world_schedule s = {0};
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
    int rc = run_one(&s, o);
    puts(rc ? "" : "nothing is wrong");
    free(s.v);
    return rc;
}

static bool parse(int argc, char **argv, struct options *o)
{
    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : "";
        if (!strcmp(argv[i], "--shrink"))
            o->shrink = true;
        else if (!strcmp(argv[i], "--first"))
            o->first = true;
        else if (!strcmp(argv[i], "--verbose"))
            o->verbose = true;
        else if (!strcmp(argv[i], "--seed") && sscanf(value, "%llu", &o->from) == 1)
            o->to = o->from, i++;
        else if (!strcmp(argv[i], "--seeds") && sscanf(value, "%llu-%llu", &o->from, &o->to) == 2)
            i++;
        else if (!strcmp(argv[i], "--schedule"))
            o->schedule = value, i++;
        else if (!strcmp(argv[i], "--pg"))
            o->pg = true;
        else
            return false;
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
    if (!o.verbose) { /* workers say a lot about what they meet */
        int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
        dup2(null, STDERR_FILENO);
        close(null);
    }
    if (o.schedule)
        return run_file(&o);
    if (o.from == o.to) {
        struct world_schedule s = world_schedule_of(o.from);
        int rc = run_one(&s, &o);
        if (!rc)
            printf("seed %llu: nothing is wrong\n", o.from);
        free(s.v);
        return rc;
    }
    return run_all(&o);
}
