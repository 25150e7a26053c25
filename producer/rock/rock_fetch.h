/*
 * rock_fetch: reads lists from Rock page by page, several at once, with retries.
 *
 * A walk is one list (a filter) from its first page to its end. A short page is not the end: a walk
 * goes on until an empty page, or until it has the rows that it expects. Where an empty page would
 * cost much, it must come twice. Walks of one call run side by side, never more than `connections`
 * at once; within a walk one request at a time.
 *
 * 429, 5xx, connection trouble and 200 without JSON are tried again for retry_for, with doubling,
 * jittered waits; Retry-After is obeyed by all walks. After a 500 the page is asked for in halves:
 * one row that Rock cannot write fails the whole page. Anything else fails the call at once.
 * @source reference/rock.md sections 3.3 to 3.5 and 14
 */
#ifndef SYNC_PRODUCER_ROCK_ROCK_FETCH_H
#define SYNC_PRODUCER_ROCK_ROCK_FETCH_H

#include "producer/rock/rock_decode.h"
#include "producer/rock/rock_query.h"

struct loop;
struct http_call;
struct loop_timer;
struct rock_fetch;

struct rock_fetch_options {
    const char *url; /* without a slash at its end; copied, like token and ca_file */
    const char *token;
    const char *ca_file; /* NULL: the system's */
    unsigned connections;
    unsigned page;          /* rows */
    uint32_t timeout_ms;    /* one request */
    int64_t retry_for_ms;   /* from the first failure of a page */
    int64_t retry_first_ms; /* first wait, about; 0: 500 ms */
    bool allow_http;
};

struct rock_walk {
    const struct rock_list *list;
    const char *filter;   /* unencoded; NULL = none; borrowed until the call returns */
    int64_t after, until; /* Id bounds: after < Id <= until; 0 = none */
    size_t expect;        /* the end once so many rows came; 0 = not known */
    bool twice;           /* the end is believed at the second empty page; so it is without this
                             when no row came at all and none is expected */
    unsigned top_max;     /* rows a page; 0: the usual */
    rock_row row;
    void *user;

    size_t rows; /* result */

    /* rock_fetch's own */
    struct rock_fetch *fetch;
    struct http_call *call;
    struct loop_timer *timer;
    char *path; /* of the request under way */
    int64_t last, trouble_since_ms;
    unsigned top, tries, empty_pages;
};

struct rock_progress { /* fn may be NULL; called between requests, never from a callback */
    void (*fn)(const char *what, size_t done, size_t of, void *user);
    const char *what;
    size_t of; /* 0: not known */
    void *user;
};

struct rock_fetch *rock_fetch_new(struct loop *l, const struct rock_fetch_options *o);
void rock_fetch_free(struct rock_fetch *f); /* not while a call runs; NULL is fine */
unsigned rock_fetch_connections(const struct rock_fetch *f);
unsigned rock_fetch_page(const struct rock_fetch *f);
/* Begins a new reading: the limit on what Rock may send in all counts from here. */
void rock_fetch_restart(struct rock_fetch *f);
struct str;
/*
 * One POST of text that changes nothing in Rock, with the same retries; turns the loop. No other
 * call meanwhile.
 *
 * @path        "/api/Lava/RenderTemplate"
 * @ret         the JSON answer is added
 * @ret_failed  Rock answered 500, which may be due to what was sent; then 0 is returned and ret is
 *              untouched
 */
int rock_fetch_post(struct rock_fetch *f,
                    const char *path,
                    const char *text,
                    size_t n,
                    struct str *ret,
                    bool *ret_failed,
                    struct err *err) must_check;
/* 64 bits that do not repeat. */
uint64_t rock_fetch_dice(struct rock_fetch *f);
/*
 * Runs all walks; turns the loop meanwhile. Row callbacks come from the loop, rows of different
 * walks interleaved.
 *
 * @return  -1 with *err as soon as one walk fails for good (one line with the URL); the others are
 *          then broken off. Also when the loop is told to quit (code "stopped").
 */
int rock_fetch_run(struct rock_fetch *f,
                   struct rock_walk *walks,
                   size_t n,
                   const struct rock_progress *progress,
                   struct err *err) must_check;
CLEANUP_DEFINE(struct rock_fetch, rock_fetch_free);

#endif
