/*
 * checkup: the steps of a test of all connections, each with what was found or what is wrong and
 * how to mend it; as text for people and as JSON. Pure. `contact-sync doctor` and the test that a
 * user asks for make the same list.
 */
#ifndef SYNC_CORE_CHECKUP_H
#define SYNC_CORE_CHECKUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"
#include "common/base/str.h"
#include "common/base/vec.h"

#include "common/core/diagnosis.h"

struct arena;

enum checkup_state {
    CHECKUP_OK,
    CHECKUP_WARNING, /* works, but will not for long, or not well */
    CHECKUP_FAILED,
    CHECKUP_SKIPPED /* an earlier step failed */
};

struct checkup_step {
    const char *part, *name; /* "Exchange", "impersonation"; static texts, or
                               checkup_from_json's */
    enum checkup_state state;
    uint32_t ms;
    char code[48];     /* of the error; "" without one */
    struct str text;   /* what was found, or what is wrong */
    struct str remedy; /* what to do; empty where there is nothing to do */
};

struct checkup {
    vec(struct checkup_step) steps; /* in the order in which they were made */
};

void checkup_release(struct checkup *c);
void checkup_ok(
    struct checkup *c, const char *part, const char *name, uint32_t ms, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));
/* state: CHECKUP_WARNING or CHECKUP_FAILED; words by diagnosis.h. */
void checkup_bad(struct checkup *c,
                 const char *part,
                 const char *name,
                 enum checkup_state state,
                 uint32_t ms,
                 const struct err *err,
                 const struct diagnosis_facts *facts);
void checkup_skip(struct checkup *c, const char *part, const char *name, const char *why);
bool checkup_failed(const struct checkup *c); /* any step did */

/* One line a step, two where there is a remedy. colour: for a terminal. */
void checkup_text(const struct checkup *c, bool colour, struct str *out);
/* {"ok":bool,"steps":[{"part","name","state":"ok|warning|failed|skipped","ms","code","text",
 * "remedy"}]} */
void checkup_json(const struct checkup *c, struct str *out);
/*
 * Appends the steps of such JSON: what another process found.
 *
 * @a    part and name live there
 * @err  code "json"
 */
int checkup_from_json(struct arena *a, const char *text, struct checkup *c, struct err *err)
    must_check;
CLEANUP_VALUE(struct checkup, checkup_release);

#endif
