#ifndef SYNC_PRODUCER_ROCK_ROCK_SOURCE_H
#define SYNC_PRODUCER_ROCK_ROCK_SOURCE_H
#include "common/port/directory_source.h"
struct loop;
struct conf;
int rock_source_new(struct loop *l, const struct conf *c, struct directory_source **ret, struct err *err) must_check;
#endif
