/*
 * What torture has to find, and what it has to let pass (scripts/torture.sh --self-check). Tests
 * whose names begin with "bad" are to be reported by name when allocations fail, those that begin
 * with "memory" by memcheck, and no others. The small functions stand for the product.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/err.h"

/* Not for the optimizer to look into. */
#define PLAIN __attribute__((noipa))

PLAIN static char *copy_unasked(const char *text)
{
    size_t n = strlen(text) + 1;
    char *p = malloc(n);

    memcpy(p, text, n);
    return p;
}

PLAIN static size_t length_or_nothing(const char *text)
{
    char *p = strdup(text);
    size_t n = p ? strlen(p) : 0;

    free(p);
    return n;
}

PLAIN static int copy_twice(const char *text)
{
    char *a = strdup(text), *b = a ? strdup(text) : NULL;

    if (!b)
        return -1; /* and a? */
    free(a);
    free(b);
    return 0;
}

PLAIN static void *or_abort(size_t n)
{
    void *p = malloc(n);

    if (!p)
        abort();
    return p;
}

PLAIN static void *or_wait(size_t n)
{
    void *p;

    while (!(p = malloc(n)))
        pause();
    return p;
}

PLAIN static char *copy_or_error(const char *text, struct err *err)
{
    char *p = strdup(text);

    if (!p)
        err_set(err, SCOPE_ITEM, WHEN_LATER, "memory", "no memory");
    return p;
}

TestSuite(broken);

Test(broken, bad_uses_what_it_did_not_get)
{
    autofree char *p = copy_unasked("text");
    cr_expect(*p == 't');
}

Test(broken, bad_answers_wrongly)
{
    cr_expect(length_or_nothing("text") == 4);
}

Test(broken, bad_leaves_something_behind)
{
    copy_twice("text");
}

Test(broken, bad_stops_without_a_word)
{
    free(or_abort(8));
}

Test(broken, bad_waits_for_ever)
{
    free(or_wait(8));
}

Test(broken, good_tells)
{
    struct err err;
    autofree char *p = copy_or_error("text", &err);
    cr_expect(p != NULL);
}

Test(broken, good_tells_and_the_test_did_not_ask)
{
    struct err err;
    autofree char *p = copy_or_error("text", &err);
    cr_expect(*p == 't');
}

Test(broken, good_stops_in_order)
{
    autofree char *p = xstrdup("text");
    cr_expect(*p == 't');
}

Test(broken, good_does_without)
{
    free(malloc(8)); /* a test's own */
    length_or_nothing("text");
}

/* What these do to memory is wrong however much there is: for memcheck. */
PLAIN static int sign_of(const int *p)
{
    return *p > 0 ? 1 : 2;
}

Test(broken, memory_is_read_after_it_was_freed)
{
    int *volatile p = xalloc(sizeof(*p));

    free(p);
    cr_expect(sign_of(p) > 0);
}

Test(broken, memory_decides_that_was_never_written)
{
    int *volatile p = malloc(sizeof(*p));

    cr_expect(sign_of(p) > 0);
    free(p);
}

Test(broken, memory_is_lost)
{
    char *volatile p = xstrdup("text");

    p = NULL;
    cr_expect(p == NULL);
}
