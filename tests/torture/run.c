/*
 * Stands between libc's start and main: where the environment says TORTURE=alloc or TORTURE=plain,
 * the tests run from here and Criterion's main never does.
 *
 *   TORTURE=plain   every test once, in a process each: what memcheck looks at
 *   TORTURE=alloc   every way to an allocation fails
 *   TORTURE_MS      how long a test is at it at most; where it has more ways than fit, they are an
 *                   even sample
 *   TORTURE_TURNS   how often a way fails, in different tests
 *   TORTURE_TESTS   a file of names: what is of the tests and does not have to bear it
 *   TORTURE_ONLY    suite/test, for one of them
 *
 * How a process may end: the test passes all the same; it fails after err_set was called; it stops
 * by docs/adr/0004, having said so. Anything else is printed, and the exit code is 1.
 */
#include <criterion/criterion.h>
#include <criterion/internal/parameterized.h>
#include <criterion/new/assert.h>
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/torture/torture.h"

enum { PASSED = 0, FAILED = 64, SKIPPED, NO_MEMORY, STOPPED, ASSERTED, CRASHED };
enum { WAYS_MAX = 1 << 17, HEARD_MAX = 4096, MEMCHECK_SECONDS = 20 };

enum verdict { UNHARMED, TOLD, ORDERLY, NOT_HIT, BAD };

static struct alloc_book *book;
static int heard = -1; /* what the process wrote on stderr: a file, emptied for each */
static unsigned n_verdicts[BAD + 1], n_ways, n_tests, n_left_out;
static unsigned patience = 60; /* seconds */
static struct seen {
    uint64_t way;
    unsigned last_test, turns;
} * seen; /* by open addressing */

/* Not lost: memcheck looks for that in each process. */
static struct rows {
    struct rows *before;
    struct criterion_test_params of;
} * all_rows;

/* ---- a test, in its own process ---- */

static struct {
    const struct criterion_test *test;
    void *param; /* NULL: none */
} job;

static _Noreturn void end(int code)
{
    if (alloc_stop)
        alloc_stop();
    fflush(NULL);
    _exit(code);
}

static const struct criterion_suite *suite_of(const struct criterion_test *t)
{
    size_t n;
    struct criterion_suite *const *v = self_suites(&n);

    for (size_t i = 0; i < n; i++)
        if (v[i] && strcmp(v[i]->name, t->category) == 0)
            return v[i];
    return NULL;
}

static void fixture(size_t offset)
{
    const struct criterion_suite *s = suite_of(job.test);
    struct criterion_test_extra_data *both[] = {s ? s->data : NULL, job.test->data};
    bool last = offset == offsetof(struct criterion_test_extra_data, fini);

    for (int i = 0; i < 2; i++) { /* the suite's first, and at the end last */
        struct criterion_test_extra_data *d = both[last ? 1 - i : i];
        void (*fn)(void) = d ? *(void (**)(void))((char *)d + offset) : NULL;
        if (fn)
            fn();
    }
}

void criterion_internal_test_setup(void)
{
    fixture(offsetof(struct criterion_test_extra_data, init));
}

void criterion_internal_test_main(void (*fn)(void))
{
    if (job.param)
        ((void (*)(void *))fn)(job.param);
    else
        fn();
}

void criterion_internal_test_teardown(void)
{
    fixture(offsetof(struct criterion_test_extra_data, fini));
}

static _Noreturn void fail_at(const char *file, unsigned line, const char *what)
{
    dprintf(heard, "%s:%u: %s\n", file, line, what ? what : "");
    end(FAILED);
}

void criterion_send_assert(struct criterion_assert_stats *stats)
{
    if (!stats->passed)
        fail_at(stats->file, stats->line, stats->message);
}

void cri_assert_node_send(const char *file, size_t line, struct cri_assert_node *tree)
{
    fail_at(file, (unsigned)line, tree->message ? tree->message : tree->repr);
}

void cri_asserts_passed_incr(void) {}

void criterion_abort_test(void)
{
    end(FAILED);
}

void criterion_test_die(const char *message, ...)
{
    fail_at("?", 0, message);
}

void criterion_skip_test(const char *format, ...)
{
    (void)format;
    end(SKIPPED);
}

void *cr_malloc(size_t n)
{
    return calloc(1, n);
}

void *cr_calloc(size_t n, size_t size)
{
    return calloc(n, size);
}

void *cr_realloc(void *p, size_t n)
{
    return realloc(p, n);
}

void cr_free(void *p)
{
    free(p);
}

/* What a program that stops has in hand is not lost: no exit that memcheck would look at. */
static void stop_for_memcheck(void)
{
    if (!alloc_start && job.test->data->signal == SIGABRT)
        kill(getpid(), SIGKILL);
}

/* Ours end so on purpose (docs/adr/0004); a library's own abort() comes by here too. */
void abort(void)
{
    const char *caller =
        (char *)__builtin_return_address(0) - 1; /* a call that ends its function */

    stop_for_memcheck();
    if (self_inside(caller, "no_memory") || self_inside(caller, "out_of_memory"))
        end(NO_MEMORY);
    end(STOPPED);
}

/* Does the test itself use what an error left it without? Nearest of the program's functions first:
 * the test's own, or one that it called with it. */
static bool is_of_test(void *const *frames, int n)
{
    int seen_of_program = 0;

    for (int i = 0; i < n && seen_of_program < 2; i++) {
        if (self_offset(frames[i]) && self_in_test(frames[i]))
            return true;
        seen_of_program += self_offset(frames[i]) != 0;
    }
    return false;
}

void __assert_fail(const char *what, const char *file, unsigned line, const char *function)
{
    void *frames[ALLOC_FRAMES];

    stop_for_memcheck();
    dprintf(heard, "%s:%u: %s: assert(%s)\n", file, line, function, what);
    end(book->told && is_of_test(frames, backtrace(frames, ALLOC_FRAMES)) ? FAILED : ASSERTED);
}

static void on_crash(int sig)
{
    void *frames[ALLOC_FRAMES];

    int n = backtrace(frames, ALLOC_FRAMES);

    dprintf(heard, "signal %d\n", sig);
    backtrace_symbols_fd(frames, n, heard);
    _exit(book->told && is_of_test(frames, n) ? FAILED : CRASHED);
}

static _Noreturn void run_test(uint64_t fail_at)
{
    static const int signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE};

    if (alloc_start) {
        for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
            signal(signals[i], on_crash);
        alarm(patience);
        book->fail_at = fail_at;
        alloc_start(book);
    } else {
        const struct itimerval limit = {.it_value.tv_sec = MEMCHECK_SECONDS};
        setitimer(ITIMER_PROF, &limit, NULL);
    }
    job.test->test();
    end(PASSED);
}

/* ---- around it ---- */

/* The wait status; what it said is in heard. */
static int run_apart(uint64_t fail_at)
{
    int status = 0;

    if (ftruncate(heard, 0) < 0 || lseek(heard, 0, SEEK_SET) < 0)
        exit(70);
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        if (alloc_start) { /* memcheck's reports go to the real one */
            int null = open("/dev/null", O_WRONLY);
            dup2(null, 1);
            dup2(heard, 2);
        }
        run_test(fail_at);
    }
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    return status;
}

/* Some tests are about the program's end. */
static bool as_it_should(int code)
{
    return code >= NO_MEMORY && code <= ASSERTED && job.test->data->signal == SIGABRT;
}

static const char *last_words(void)
{
    static char text[HEARD_MAX + 1];
    ssize_t n = pread(heard, text, HEARD_MAX, 0);

    text[n > 0 ? n : 0] = '\0';
    return text;
}

static void print_bad(const char *how, const char *param)
{
    printf("  %s: %s/%s%s, allocation %llu\n", how, job.test->category, job.test->name, param,
           (unsigned long long)book->fail_at);
    for (const char *p = last_words(); *p; p += strcspn(p, "\n") + (p[strcspn(p, "\n")] == '\n'))
        printf("    said: %.*s\n", (int)strcspn(p, "\n"), p);
    printf("    at:");
    for (int i = 0; i < book->n_frames; i++)
        if (self_offset(book->frames[i]))
            printf(" 0x%lx", (unsigned long)self_offset(book->frames[i]));
    printf("\n");
}

/* A server without memory has no other way to tell its client. */
static bool told_by_closing(void)
{
    Dl_info of;

    for (int i = 0; i < book->n_frames && !self_offset(book->frames[i]); i++)
        if (dladdr(book->frames[i], &of) && strstr(of.dli_fname, "/libmicrohttpd.so"))
            return true;
    return false;
}

/* NULL: in one of the ways that are right. */
static const char *wrong_end(int status, int64_t left_else, enum verdict *ret)
{
    int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    bool told = book->told || told_by_closing();

    *ret = code == PASSED ? UNHARMED : code == FAILED ? TOLD : ORDERLY;
    switch (code) {
    case PASSED:
        return book->left > left_else ? "more is left behind" : NULL;
    case FAILED:
        return told ? NULL : "a wrong answer, and no error";
    case NO_MEMORY:
        return NULL;
    case STOPPED:
        return strstr(last_words(), "out of memory") ? NULL : "stopped without a word";
    }
    if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGALRM)
        return "crash";
    *ret = TOLD; /* else the test waits for what does not come any more */
    return told ? NULL : "hangs";
}

static enum verdict judge(int status, int64_t left_else, const char *param)
{
    enum verdict v = NOT_HIT;
    const char *wrong = book->hit ? wrong_end(status, left_else, &v) : NULL;

    if (!wrong)
        return v;
    print_bad(wrong, param);
    return BAD;
}

static unsigned number_of(const char *name, unsigned otherwise)
{
    const char *text = getenv(name);

    return text ? (unsigned)strtoul(text, NULL, 10) : otherwise;
}

static struct seen *seen_at(uint64_t way)
{
    size_t i = way % WAYS_MAX;

    while (seen[i].way && seen[i].way != way)
        i = (i + 1) % WAYS_MAX;
    return &seen[i];
}

/* true: the first time in this test, and others did not do it enough. */
static bool wants_turn(uint64_t way)
{
    struct seen *s = seen_at(way);

    if (!s->way && n_ways == WAYS_MAX / 2)
        return false;
    n_ways += !s->way;
    s->way = way;
    if (s->last_test == n_tests)
        return false;
    s->last_test = n_tests;
    return s->turns < number_of("TORTURE_TURNS", 6);
}

static unsigned now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (unsigned)(t.tv_sec * 1000 + t.tv_nsec / 1000000);
}

/* Ways of this test that want a turn: their first and last occurrences, in order. */
static size_t choose(uint64_t **ret)
{
    size_t n = book->n < ALLOC_MAX ? (size_t)book->n : ALLOC_MAX, k = 0;
    uint64_t *v = calloc(2 * n + 1, sizeof(*v));

    for (size_t i = 0; i < n; i++) {
        if (!book->way[i] || !wants_turn(book->way[i]))
            continue;
        v[k++] = i + 1;
        size_t last = n - 1;
        while (book->way[last] != book->way[i])
            last--;
        if (last > i)
            v[k++] = last + 1;
    }
    *ret = v;
    return k;
}

/* Without a failing allocation; true: there is nothing to be judged behind it. */
static bool ends_alone(int status, const char *param)
{
    int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;

    if (code == PASSED)
        return false;
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL && job.test->data->signal == SIGABRT)
        return true; /* stop_for_memcheck */
    if (WIFSIGNALED(status) && (WTERMSIG(status) == SIGALRM || WTERMSIG(status) == SIGPROF)) {
        printf("  %s/%s%s takes too long\n", job.test->category, job.test->name, param);
        n_left_out++;
    } else if (code != SKIPPED && !as_it_should(code)) {
        book->n_frames = 0;
        print_bad(alloc_start ? "fails without any failing allocation" : "wrong", param);
        n_verdicts[BAD]++;
    }
    return true;
}

static void torture_test(const char *param)
{
    uint64_t *chosen;
    unsigned begin = now_ms(), budget = number_of("TORTURE_MS", 500);

    n_tests++;
    patience = 60;
    int status = run_apart(0);
    unsigned took = now_ms() - begin, most = budget / (took + 1);

    if (ends_alone(status, param))
        return;
    int64_t left = book->left;
    patience = 5 + took / 100; /* ten times as long */
    most += 8;
    size_t n = choose(&chosen), step = (n + most - 1) / most, done = 0;
    for (size_t i = 0; step && i < n && now_ms() - begin < 4 * (budget + took); i += step, done++) {
        seen_at(book->way[chosen[i] - 1])->turns++;
        n_verdicts[judge(run_apart(chosen[i]), left, param)]++;
    }
    n_left_out += (unsigned)(n - done);
    free(chosen);
}

static void plain_test(const char *param)
{
    n_tests++;
    ends_alone(run_apart(0), param);
}

static void run_one(const struct criterion_test *t)
{
    void (*run)(const char *) = alloc_start ? torture_test : plain_test;
    char row[32];

    job.test = t;
    job.param = NULL;
    if (t->data->kind_ != CR_TEST_PARAMETERIZED) {
        run("");
        return;
    }
    struct rows *rows = calloc(1, sizeof(*rows));
    if (!rows)
        exit(70);
    *rows = (struct rows){all_rows, t->data->param_()};
    all_rows = rows;
    for (size_t i = 0; i < rows->of.length; i++) {
        job.param = (char *)rows->of.params + i * rows->of.size;
        snprintf(row, sizeof(row), " (row %zu)", i);
        run(row);
    }
}

/* libcrypto 3.0 starts by some 3,500 allocations and crashes in itself (CRYPTO_THREAD_read_lock on
 * NULL) where one of them fails: it has started before anything is counted. */
static void start_libcrypto(void)
{
    void *(*fetch)(void *, const char *, const char *);

    *(void **)&fetch = dlsym(RTLD_DEFAULT, "EVP_MD_fetch");
    if (fetch && alloc_start)
        fetch(NULL, "SHA256", NULL);
}

static int run_all(int argc, char **argv, char **envp)
{
    const char *only = getenv("TORTURE_ONLY");
    char name[256];
    size_t n;

    (void)argc, (void)argv, (void)envp;
    heard = memfd_create("heard", MFD_CLOEXEC);
    book = mmap(NULL, sizeof(*book), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    seen = calloc(WAYS_MAX, sizeof(*seen));
    if (heard < 0 || book == MAP_FAILED || !seen)
        return 70;
    start_libcrypto();
    struct criterion_test *const *tests = self_tests(&n);
    for (size_t i = 0; i < n; i++) {
        if (!tests[i] || tests[i]->data->disabled)
            continue;
        snprintf(name, sizeof(name), "%s/%s", tests[i]->category, tests[i]->name);
        if (!only || strcmp(only, name) == 0)
            run_one(tests[i]);
    }
    if (alloc_start)
        printf("%u ways: %u unharmed, %u told, %u stopped, %u not reached, %u bad; %u left out\n",
               n_ways, n_verdicts[UNHARMED], n_verdicts[TOLD], n_verdicts[ORDERLY],
               n_verdicts[NOT_HIT], n_verdicts[BAD], n_left_out);
    else
        printf("%u tests, %u bad; %u left out\n", n_tests, n_verdicts[BAD], n_left_out);
    return n_verdicts[BAD] != 0;
}

/* ---- instead of main ---- */

typedef int main_fn(int, char **, char **);
typedef int
start_fn(main_fn *, int, char **, void (*)(void), void (*)(void), void (*)(void), void *);

int __libc_start_main(main_fn *main_of_criterion,
                      int argc,
                      char **argv,
                      void (*init)(void),
                      void (*fini)(void),
                      void (*rtld_fini)(void),
                      void *stack_end)
{
    start_fn *real;

    *(void **)&real = dlsym(RTLD_NEXT, "__libc_start_main");
    bool ours = getenv("TORTURE") && self_open(); /* not valgrind's launcher */
    if (ours)
        unsetenv("LD_PRELOAD"); /* programs that tests start are not tortured */
    return real(ours ? run_all : main_of_criterion, argc, argv, init, fini, rtld_fini, stack_end);
}
