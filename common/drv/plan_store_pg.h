#ifndef SYNC_DRV_PLAN_STORE_PG_H
#define SYNC_DRV_PLAN_STORE_PG_H
#include "common/port/plan_store.h"
struct loop;
struct pg;
struct plan_store *plan_store_pg_new(struct loop *l, struct pg *pg);
void plan_store_pg_on_request(struct plan_store *s, void (*fn)(void *user), void *user);
#endif
