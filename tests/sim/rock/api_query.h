/*
 * api_query: the query string taken apart.
 */
#ifndef SIM_ROCK_API_QUERY_H
#define SIM_ROCK_API_QUERY_H

#include <stdbool.h>
#include <stddef.h>

struct arena;

#define API_ARGUMENTS_MAX 32

struct api_query {
    size_t n;
    const char *name[API_ARGUMENTS_MAX], *value[API_ARGUMENTS_MAX]; /* decoded, in the arena */
};

void api_query_parse(struct arena *a, const char *encoded, struct api_query *ret);
/* First value; NULL when absent. Names compare in any case. */
const char *api_query_get(const struct api_query *q, const char *name);
/* Percent-decoding; '+' becomes a blank when plus is true. */
char *api_decode(struct arena *a, const char *s, size_t n, bool plus);

#endif
