/*
 * torture: runs the tests of a Criterion program without Criterion's runner, each in a process of
 * its own, and can let one allocation fail. It is a library to be preloaded (scripts/torture.sh):
 * the test programs are the very ones that ./run.sh test runs.
 *
 *   run.c    takes main's place, lists the tests, starts a process for each, judges how it ended
 *   self.c   finds tests and functions in the program's own file
 *   alloc.c  malloc and friends, which count, remember and fail (left out for memcheck)
 *   broken.c a program with what is to be found; not part of the library
 *
 * What fails: allocations that the product asks for, itself or by a library. Not those that a test,
 * its support or a simulator asks for: they do not ask what they got.
 *
 * A way to an allocation is its chain of callers up to the test. Each way fails at its first and at
 * its last occurrence in a test, in the first few tests that come by it: not each of them notices.
 */
#ifndef SYNC_TESTS_TORTURE_H
#define SYNC_TESTS_TORTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct criterion_suite;
struct criterion_test;

/* self.c: the program's own file, mapped for the life of the process. false: it has no tests. */
bool self_open(void);
/* The tests' or the suites' table (a section of pointers); *ret_n may be 0. */
struct criterion_test *const *self_tests(size_t *ret_n);
struct criterion_suite *const *self_suites(size_t *ret_n);
/* Does the address lie in the function of that name? false where the program has none. */
bool self_inside(const void *address, const char *function);
/* Does it lie in the test's own file (..._test.c)? */
bool self_in_test(const void *address);
/* Where the address lies in the program's file, as addr2line wants it; 0: not in it. */
uintptr_t self_offset(const void *address);

enum { ALLOC_MAX = 1 << 20, ALLOC_FRAMES = 24 };

/* What the allocator and the judge share over a fork: one for all processes. */
struct alloc_book {
    uint64_t fail_at; /* the number of the allocation that fails, from 1; 0: none */
    bool hit;         /* it did */
    bool told;        /* and err_set was called afterwards */
    uint64_t n;       /* allocations of the test */
    int64_t left;     /* of them, how many were not freed when the test had ended */
    int n_frames;     /* of the one that failed */
    void *frames[ALLOC_FRAMES];
    uint64_t way[ALLOC_MAX]; /* of each allocation while fail_at is 0; 0: it has to succeed */
};

/* alloc.c; weak: without it nothing is counted. From start to stop, in this process. */
void alloc_start(struct alloc_book *book) __attribute__((weak));
void alloc_stop(void) __attribute__((weak));

#endif
