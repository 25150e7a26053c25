/*
 * login: may this account log in? One answer for all workers, so that a wrong password does not
 * lock the account: it is sent twice in all, however many workers and connections there are.
 * Drivers: drv/login_pg.c (a row in PostgreSQL), drv/login_memory.c (one process).
 *
 * A login that nobody has seen succeed lately is tried by one worker with one request, while all
 * others wait. Two refusals in a row stop it for everybody, until the password is another one
 * (its fingerprint names another row) or an operator resumes it (`contact-sync resume`).
 *
 * Promises:
 *  1. done is called exactly once, from the loop, never from inside the call, unless forget() came
 *     before. Strings are copied before the call returns.
 *  2. Refusals that come while somebody tries, from requests sent before, are not counted.
 */
#ifndef SYNC_PORT_LOGIN_H
#define SYNC_PORT_LOGIN_H

#include "common/base/cleanup.h"

enum login_answer {
    LOGIN_GO,      /* it works: any number of requests */
    LOGIN_TRY,     /* unproven: the caller sends one request and reports what came of it */
    LOGIN_WAIT,    /* somebody else tries: ask again soon */
    LOGIN_STOPPED, /* refused twice: nobody logs in */
    LOGIN_AWAY,    /* not known (PostgreSQL is away): ask again */
};

enum login_report {
    LOGIN_ACCEPTED,
    LOGIN_REFUSED,
    LOGIN_UNCLEAR, /* the try came to nothing: somebody else may */
};

struct login_key {
    const char *account; /* "CHURCH\svc-sync at mail.example.org" */
    const char *secret;  /* fingerprint of the password */
    const char *owner;   /* who asks: unique per process */
};

enum {
    LOGIN_REFUSALS = 2,               /* in a row stop the account */
    LOGIN_PROVEN_MS = 10 * 60 * 1000, /* so long an accepted login opens the door to others */
    LOGIN_TRY_MS = 30 * 1000,         /* so long a try is waited for */
};

typedef void (*login_done)(enum login_answer a, void *user);

struct login;
struct login_ops {
    /* Never LOGIN_TRY for two at a time; the one that tries gets it again when it asks again. */
    void (*ask)(struct login *l, const struct login_key *k, login_done done, void *user);
    /* Answers with what is so now: LOGIN_GO, LOGIN_STOPPED, LOGIN_WAIT (ask), LOGIN_AWAY. done may
     * be NULL. */
    void (*report)(struct login *l,
                   const struct login_key *k,
                   enum login_report what,
                   login_done done,
                   void *user);
    void (*forget)(struct login *l, void *user); /* calls done for this user no more */
    void (*free)(struct login *l); /* what is open ends without callbacks; NULL is fine */
};

struct login { /* every driver's struct begins with this */
    const struct login_ops *ops;
};

static inline void login_free(struct login *l)
{
    if (l)
        l->ops->free(l);
}
CLEANUP_DEFINE(struct login, login_free);

#endif
