/*
 * sealed: a secret that lies in the database, sealed for the workers (common/base/seal.h), bound to
 * what it is for.
 *
 * In the box stand, each on a line: a version, the setting's name, the lines of the binding
 * (account, domain, servers), the secret. A worker whose settings say something else there refuses
 * it: who can change where a worker connects does not get the password by that.
 * @source  design section 2 and section 6 rule 13
 */
#ifndef SYNC_APP_SEALED_H
#define SYNC_APP_SEALED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/seal.h"

#include "common/app/app.h"

enum { SEALED_LINES = 3, SEALED_BOX_MAX = SEAL_TEXT_MAX + SEAL_EXTRA };

struct sealed_for {
    const char *name;                /* "exchange.password" */
    const char *lines[SEALED_LINES]; /* without line feeds; borrowed */
    const char *what[SEALED_LINES];  /* for people: the settings that a line is made of */
};

/* This program has the key that opens. */
bool sealed_can_open(const struct app *app);
/* The public key: secrets.public_key, else the public half of secrets.private_key_file. err: "conf"
 */
int sealed_public(struct app *app, struct seal_public *ret, struct err *err) must_check;
/*
 * @box  SEALED_BOX_MAX bytes, *n of them used
 * @err  "conf": too long, or not on one line
 */
int sealed_close(const struct seal_public *key,
                 const struct sealed_for *f,
                 const struct secret *text,
                 uint8_t *box,
                 size_t *n,
                 struct err *err) must_check;
/* err: "seal.closed"; "seal.bound": it was given for something else, named by its settings */
int sealed_open(struct app *app,
                const struct sealed_for *f,
                const uint8_t *box,
                size_t n,
                struct secret **ret,
                struct err *err) must_check;
/* Reads the row in the database and opens it. err: also "conf" where there is none. */
int sealed_read(struct app *app, const struct sealed_for *f, struct secret **ret, struct err *err)
    must_check;

#endif
