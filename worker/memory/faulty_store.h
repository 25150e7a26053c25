/*
 * faulty_store: wraps any contact_store and lets calls go wrong by a plan.
 *
 * Calls of apply, photo, list and identify are counted together from 1. The first fault of the plan
 * that names the call (or all calls: 0) and the verb takes it; other calls pass through untouched.
 * Everything happens on the loop, so that a run is the same each time. may_send is asked once for
 * each call that goes wrong, as a real driver would, before anything else.
 *
 *   kind                   passed on to the wrapped store     the caller hears
 *   FAULTY_FAIL            no                                 `outcome`, code "faulty.fail"
 *   FAULTY_UNKNOWN_BEFORE  no                                 OUT_UNKNOWN
 *   FAULTY_UNKNOWN_AFTER   yes                                OUT_UNKNOWN, when the wrapped store
 * has answered FAULTY_LATE            delay_ms later                     OUT_UNKNOWN at once: the
 * server does it when nobody expects it FAULTY_DELAY           yes its answer, delay_ms later
 *   FAULTY_NEVER           yes                                nothing until cancel
 *   FAULTY_PARTIAL         the first `items` operations       their results; `outcome` for the
 * others
 *
 * A list or identify that would be unknown is OUT_RETRY_LATER; FAULTY_PARTIAL and FAULTY_LATE leave
 * them alone.
 */
#ifndef SYNC_WORKER_FAULTY_STORE_H
#define SYNC_WORKER_FAULTY_STORE_H

#include <stddef.h>
#include <stdint.h>

#include "common/port/contact_store.h"

struct loop;

enum faulty_kind {
    FAULTY_NONE,
    FAULTY_FAIL,
    FAULTY_UNKNOWN_BEFORE,
    FAULTY_UNKNOWN_AFTER,
    FAULTY_LATE,
    FAULTY_DELAY,
    FAULTY_NEVER,
    FAULTY_PARTIAL,
};

enum {
    FAULTY_ANY_VERB = 0,
    FAULTY_LIST = 1 << 8,
    FAULTY_IDENTIFY = 1 << 9,
    FAULTY_PHOTO = 1 << 10
};
#define FAULTY_VERB(v) (1u << (v)) /* of enum store_verb */

struct faulty_fault {
    uint64_t call;  /* which one; 0: every one */
    unsigned verbs; /* FAULTY_VERB(...) | FAULTY_LIST ...; FAULTY_ANY_VERB */
    enum faulty_kind kind;
    enum outcome outcome; /* FAULTY_FAIL, FAULTY_PARTIAL */
    uint32_t after_ms;    /* the back-off in err, with FAULTY_FAIL */
    uint32_t delay_ms;
    size_t items;
};

/* The fault for a call, kind FAULTY_NONE for none. verb is one bit. */
typedef struct faulty_fault (*faulty_decide)(uint64_t call, unsigned verb, size_t n, void *user);

struct faulty_plan {
    const struct faulty_fault *faults; /* copied */
    size_t n;
    faulty_decide decide; /* asked when no fault of the list takes the call; NULL: none */
    void *user;
};

/* Takes inner, and frees it when freed. */
struct contact_store *
faulty_store_new(struct loop *l, struct contact_store *inner, const struct faulty_plan *plan);
uint64_t faulty_store_calls(
    const struct contact_store *s); /* so far: a clean run counts them for the runs with faults */

#endif
