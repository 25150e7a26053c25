/*
 * login_memory: login (common/port/login.h) within one process.
 */
#ifndef SYNC_DRV_LOGIN_MEMORY_H
#define SYNC_DRV_LOGIN_MEMORY_H

#include "common/net/loop.h"
#include "common/port/login.h"

struct login *login_memory_new(struct loop *l);
/* As an operator does: every stopped account may be tried again. */
void login_memory_resume(struct login *l);

#endif
