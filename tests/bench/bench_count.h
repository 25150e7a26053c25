/*
 * bench_count: is this run there to have its instructions counted (scripts/instructions.py)?
 *
 * Then a benchmark does a fixed, small amount of work, the same each time: callgrind is 50 times
 * slower than the machine, and what it counts must not depend on the clock. Times that it prints
 * are worth nothing.
 */
#ifndef SYNC_TESTS_BENCH_COUNT_H
#define SYNC_TESTS_BENCH_COUNT_H

#include <stdbool.h>
#include <stdlib.h>

static inline bool bench_counting(void)
{
    return getenv("BENCH_COUNT") != NULL;
}

/* Functions that are counted by name. */
#define BENCH_COUNTED __attribute__((noinline, noclone))

#endif
