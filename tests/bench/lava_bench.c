/*
 * lava_bench: the phone templates of a church, rendered on one core: how many a second, and whether
 * a render allocates anything once its workspace is warm. liquidjs on node renders the same
 * templates in the same run (tests/bench/liquidjs_peer.mjs; scripts/deps.sh --bench fetches it).
 * Prints JSON lines; fails when a text is not the right one, or differs from liquidjs's.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/base/cleanup.h"

#include "common/core/directory.h"
#include "common/core/lava/lava.h"
#include "common/core/lava/lava_person.h"
#include "tests/bench/bench_count.h"

enum { WARM_UP = 20000, BATCH = 20000, COUNTED = 2000, PEER_LINES = 16 };
static const double min_seconds = 2;

/* ---- every allocation of this program is counted: glibc's own functions under other names ---- */

void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t n);
static uint64_t allocations;

void *malloc(size_t n)
{
    allocations++;
    return __libc_malloc(n);
}

void *calloc(size_t n, size_t size)
{
    allocations++;
    return __libc_calloc(n, size);
}

void *realloc(void *p, size_t n)
{
    allocations++;
    return __libc_realloc(p, n);
}

/* ---- what is rendered ---- */

#define GOAL "2,000,000/s, 10 times liquidjs, no allocations"

/* The same names and results in liquidjs_peer.mjs. The last is what a regular expression costs. */
static const struct bench_template {
    const char *name, *text, *want;
    const char *goal;
} templates[] = {
    {"phone", "{{ Person | PhoneNumber:'Work' }}", "(602) 555-0134", GOAL},
    {"clean",
     "{% assign n = Person | PhoneNumber:'Work' %}{% if n and n != '' %}{{ n | Remove:'(' | "
     "Remove:')' | Replace:' ','-' }}{% endif %}",
     "602-555-0134", GOAL},
    {"loop",
     "{% for p in Person.PhoneNumbers %}{% if p.NumberTypeValue.Value == 'Work' and p.IsUnlisted "
     "== "
     "false %}{{ p.NumberFormatted }}{% if p.Extension != '' %} x{{ p.Extension }}{% endif %}"
     "{% endif %}{% endfor %}",
     "(602) 555-0134 x114", GOAL},
    {"digits", "{{ Person | PhoneNumber:'Work' | RegExReplace:'[^0-9]','' }}", "6025550134",
     "no allocations"},
};

static const struct dir_phone phones[] = {
    {1, DIR_PHONE_MOBILE, "Mobile", "1", "6025550101", "(602) 555-0101", NULL, false, true},
    {2, DIR_PHONE_HOME, "Home", "1", "6025550102", "(602) 555-0102", NULL, true, false},
    {3, DIR_PHONE_WORK, "Work", "1", "6025550134", "(602) 555-0134", "114", false, false},
};

struct result {
    char name[32], text[64];
    double per_s;
};

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void die(const char *what, const char *more)
{
    fprintf(stderr, "lava_bench: %s: %s\n", what, more);
    exit(1);
}

static void render(const struct lava_template *t,
                   const struct lava_env *env,
                   struct lava_work *w,
                   const char *want,
                   int times)
{
    struct lava_str out;
    struct err err;

    for (int i = 0; i < times; i++) {
        if (lava_render(t, env, NULL, w, &out, &err) < 0)
            die("render", err.text);
        if (out.n != strlen(want) || memcmp(out.p, want, out.n) != 0)
            die("not the right text, but", want);
    }
}

/* What liquidjs does with the same: one line each, "name renders_per_second text". */
static size_t run_peer(struct result *ret)
{
    FILE *f = popen("node tests/bench/liquidjs_peer.mjs 2>/dev/null", "r");
    size_t n = 0;

    while (f && n < PEER_LINES &&
           fscanf(f, "%31s %lf %63[^\n]", ret[n].name, &ret[n].per_s, ret[n].text) == 3)
        n++;
    if (f)
        pclose(f);
    if (n == 0)
        fprintf(stderr, "lava_bench: no liquidjs (scripts/deps.sh --bench): measured alone\n");
    return n;
}

static void report(const struct bench_template *b,
                   uint64_t n,
                   double took,
                   uint64_t allocated,
                   const struct result *peer,
                   size_t n_peer)
{
    double per_s = (double)n / took;

    printf("{\"bench\":\"lava_%s\",\"renders\":%llu,\"seconds\":%.3f,\"renders_per_s\":%.0f,"
           "\"ns\":%.0f,\"allocations_per_render\":%.3f",
           b->name, (unsigned long long)n, took, per_s, 1e9 / per_s, (double)allocated / (double)n);
    for (size_t i = 0; i < n_peer; i++) {
        if (strcmp(peer[i].name, b->name) != 0)
            continue;
        if (strcmp(peer[i].text, b->want) != 0)
            die("liquidjs renders another text", peer[i].text);
        printf(",\"liquidjs_per_s\":%.0f,\"times_liquidjs\":%.1f", peer[i].per_s,
               per_s / peer[i].per_s);
    }
    printf(",\"goal\":\"%s\"}\n", b->goal);
    fflush(stdout);
}

static void measure(const struct bench_template *b,
                    const struct lava_env *env,
                    const struct result *peer,
                    size_t n_peer)
{
    autoptr(lava_template_free) struct lava_template *t = NULL;
    autoptr(lava_work_free) struct lava_work *w = lava_work_new();
    struct err err;
    uint64_t n = 0;

    if (lava_parse(b->text, strlen(b->text), NULL, &t, &err) < 0)
        die(b->name, err.text);
    render(t, env, w, b->want, bench_counting() ? COUNTED : WARM_UP);
    if (bench_counting())
        return;
    uint64_t before = allocations;
    double begin = seconds(), took;
    do {
        render(t, env, w, b->want, BATCH);
        n += BATCH;
        took = seconds() - begin;
    } while (took < min_seconds);
    uint64_t allocated = allocations - before; /* printing allocates, too */
    report(b, n, took, allocated, peer, n_peer);
    if (allocated)
        die(b->name, "a warm render allocates");
}

int main(void)
{
    struct dir_person person = {.rock_id = 7,
                                .nick_name = "Ted",
                                .last_name = "Decker",
                                .phones = phones,
                                .n_phones = ARRAY_LEN(phones)};
    struct lava_person shown = {.person = &person};
    struct lava_entry entry = {LAVA_STR("Person"), lava_person_value(&shown)};
    struct lava_dict vars = {&entry, 1};
    struct lava_env env = {.vars = lava_object(&lava_dict_ops, &vars)};
    struct result peer[PEER_LINES];
    size_t n_peer = bench_counting() ? 0 : run_peer(peer);

    for (size_t i = 0; i < ARRAY_LEN(templates); i++)
        measure(&templates[i], &env, peer, n_peer);
    return 0;
}
