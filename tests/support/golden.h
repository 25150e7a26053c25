/*
 * golden: the file of one recorded conversation: `# request`, `# response STATUS TYPE`, ...,
 * `# expect`, each followed by its text. What a test does not find in the file is NULL (a turn's
 * request) or "" (expect).
 */
#ifndef SYNC_TESTS_SUPPORT_GOLDEN_H
#define SYNC_TESTS_SUPPORT_GOLDEN_H

#include <stdbool.h>
#include <stddef.h>

enum { GOLDEN_MAX_TURNS = 80 };

struct golden_turn {
    char *want;                   /* request; NULL: a new one */
    char *status, *type, *answer; /* of the response; type may be "" */
};

struct golden {
    struct golden_turn turn[GOLDEN_MAX_TURNS];
    size_t n_turns; /* with a response */
    char *expect;
};

/* @body_ends_in_newline  the line break before the next section belongs to the text (XML), else not
 *                        (targets, JSON: compared to the byte)
 * @return                NULL, or what is wrong with the file; *ret is to be released either way */
const char *golden_read(const char *path, bool body_ends_in_newline, struct golden *ret);
void golden_release(struct golden *g);

#endif
