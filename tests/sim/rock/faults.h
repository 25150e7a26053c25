/*
 * faults: a plan of what goes wrong, and when. Rules are looked at in order; the first that fires
 * wins.
 */
#ifndef SIM_ROCK_FAULTS_H
#define SIM_ROCK_FAULTS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "tests/sim/common/sim_http.h"
#include "tests/sim/rock/api.h"

enum fault_kind {
    FAULT_NONE,
    FAULT_SLOW,         /* the right answer, ms later */
    FAULT_COLD,         /* 503 with HTML, as while the application pool recycles */
    FAULT_HTML,         /* 200 with HTML, as a maintenance page or a proxy's login */
    FAULT_BUSY,         /* 429 with Retry-After: ms / 1000 */
    FAULT_ERROR,        /* 500 {"Message":"An error has occurred."} */
    FAULT_UNAUTHORISED, /* 401, empty */
    FAULT_TRUNCATED,    /* a complete HTTP answer whose JSON stops in the middle */
    FAULT_PARTIAL,      /* some rows, then an error object in place of the rest */
    FAULT_CUT,          /* the connection closes in the middle of the body */
    FAULT_CLOSE,        /* the connection closes without an answer */
    FAULT_RESET,        /* the same by RST */
    FAULT_STALL,        /* half of the body, ms of nothing, the other half */
    FAULT_WRONG_TYPES,  /* an Id that is an object */
    FAULT_NULL_ID,      /* an Id that is null */
    FAULT_NULL_LIST,    /* null where an expanded list should be */
    FAULT_UNKNOWN_ENUM, /* 99 where an enum should be */
    FAULT_HUGE_FIELD,   /* 10 MB of text in one field */
    FAULT_EMPTY,        /* [] whatever there is */
    FAULT_FORBIDDEN,    /* 403 with HTML */
    FAULT_LOGIN,        /* 302 to a page for signing in */
    FAULT_PNG,          /* 200 with a PNG picture */
    FAULT_KINDS
};

struct fault_rule {
    enum fault_kind kind;
    char endpoint[24]; /* "People"; "" = any but the control API */
    uint64_t nth;      /* fires from the nth matching request on, from 1 */
    uint64_t times;    /* so often; 0 = for good */
    double rate;       /* probability for each, from the plan's seed; 1 = always */
    uint32_t ms;       /* for slow, stall, busy */
    int64_t until_ms;  /* monotonic; after it the rule is dead; 0 = no end */
    uint64_t seen, fired;
};

#define FAULT_RULES_MAX 32
struct faults {
    struct fault_rule rule[FAULT_RULES_MAX];
    size_t n;
    uint64_t rng;
};

void faults_init(struct faults *f, uint64_t seed);
void faults_clear(struct faults *f);
/*
 * Adds a rule:
 * {"kind":"busy","endpoint":"People","nth":3,"times":1,"rate":1.0,"ms":2000,"for_ms":0}; all but
 * kind are optional (nth 1, times 1 unless rate or for_ms is given). NULL when fine, else what is
 * wrong (static text).
 */
const char *faults_add(struct faults *f, const json_t *rule, int64_t now_ms);
json_t *faults_list(const struct faults *f); /* new reference */
/* The rule that hits this request, or NULL. Counts. @endpoint as in api_answer, or guessed from the
 * path */
const struct fault_rule *faults_pick(struct faults *f, const char *endpoint, int64_t now_ms);
/* Turns the right answer into the wrong one. headers (of out) are static text. */
void faults_apply(const struct fault_rule *rule, struct api_answer *answer, struct sim_answer *out);

#endif
