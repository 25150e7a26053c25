/*
 * login_pg: login (common/port/login.h) as rows that all workers share; and what the operator's
 * tool does to them.
 */
#ifndef SYNC_DRV_LOGIN_PG_H
#define SYNC_DRV_LOGIN_PG_H

#include <stdint.h>

#include "common/base/err.h"

#include "common/port/login.h"

struct pg;

/* Freed after pg, whose freeing ends what is open. */
struct login *login_pg_new(struct pg *pg);

/*
 * Every stopped account may be tried again, by one worker with one request; mailboxes that were
 * parked for `why` are due at once. For sequential code.
 *
 * @ret_accounts, ret_mailboxes  how many
 */
int login_pg_resume(struct pg *pg,
                    const char *why,
                    int64_t *ret_accounts,
                    int64_t *ret_mailboxes,
                    struct err *err) must_check;

#endif
