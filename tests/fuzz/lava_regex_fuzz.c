/*
 * Any bytes as options, pattern, replacement and subject, a line each: no crash and no stall; what
 * matches lies inside the subject, and a text is replaced within the budget or not at all.
 */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "common/core/lava/lava_regex.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct part {
    const char *p;
    size_t n;
};

static struct part next_line(struct part *rest)
{
    const char *cut = rest->n ? memchr(rest->p, '\n', rest->n) : NULL;
    struct part line = {rest->p, cut ? (size_t)(cut - rest->p) : rest->n};

    rest->p += line.n + (cut != NULL);
    rest->n -= line.n + (cut != NULL);
    return line;
}

static int count(void *user, const char *p, size_t n)
{
    size_t *total = user;

    (void)p;
    *total += n;
    return *total > 1 << 20 ? 1 : 0;
}

static void check_matches(const struct lava_regex *re, struct part s)
{
    struct lava_match groups[LAVA_REGEX_MAX_GROUPS];
    uint64_t budget = 20000;
    struct err err;
    int found = 1;

    for (size_t from = 0; found > 0 && from <= s.n; from = lava_regex_next(&groups[0], s.p, s.n)) {
        found = lava_regex_match(re, &budget, s.p, s.n, from, groups, &err);
        if (found <= 0)
            break;
        assert(groups[0].start <= groups[0].end && groups[0].start >= from);
        for (size_t g = 0; g < lava_regex_groups(re); g++)
            assert(groups[g].start > groups[g].end || groups[g].end <= s.n);
    }
    assert(budget <= 20000);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct part rest = {(const char *)data, size};
    struct part options = next_line(&rest), pattern = next_line(&rest), by = next_line(&rest);
    uint64_t budget = 20000;
    size_t total = 0;
    struct err err;

    struct lava_regex *re = lava_regex_new(NULL, pattern.p, pattern.n,
                                           options.n ? (unsigned)options.p[0] & 3 : 0, &err);
    if (!re)
        return 0;
    assert(lava_regex_size(re) <= LAVA_REGEX_MAX_COMPILED);
    check_matches(re, rest);
    int r = lava_regex_replace(re, &budget, rest.p, rest.n, by.p, by.n, count, &total, &err);
    assert(r >= -1 && r <= 1);
    lava_regex_free(re);
    return 0;
}
