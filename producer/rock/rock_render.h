/*
 * rock_render: a Lava template rendered by Rock itself, for many people in one request.
 *
 * Rock renders one text per request, so the text that is sent loops over the people and puts marks
 * around what the template makes of each. What the template assigns is cleared between two people;
 * a template whose state cannot be cleared (counters, cycles, what commands return) is sent for one
 * person at a time. Whoever does not come back whole is asked for alone; who then fails, failed.
 * @source reference/rock.md section 12.4
 */
#ifndef SYNC_PRODUCER_ROCK_ROCK_RENDER_H
#define SYNC_PRODUCER_ROCK_ROCK_RENDER_H

#include "common/port/directory_source.h"
#include "producer/rock/rock_fetch.h"

enum {
    ROCK_RENDER_AT_ONCE = 50, /* people in a request */
    ROCK_RENDER_TEXT_MAX = 4096,
    ROCK_RENDER_GIVE_UP =
        20 /* people who fail in a row: it is the template; the rest fail unasked */
};

int rock_render(struct rock_fetch *f,
                const char *lava,
                const int64_t *ids,
                size_t n,
                struct arena *a,
                struct source_rendered *ret,
                struct err *err) must_check;

/* Pure parts, for tests. */

/* The text to send. @mark  letters and digits that nobody has in their data. */
void rock_render_compose(
    const char *lava, const int64_t *ids, size_t n, const char *mark, struct str *out);
/* How many people may share a request. */
size_t rock_render_at_once(const char *lava);
/*
 * Texts out of Rock's answer, a JSON string: ret[i] for ids[i]; untouched for who is missing from
 * it or has a Lava error.
 * @return  -1: the answer is not what was asked for
 */
int rock_render_split(const char *json,
                      size_t n_json,
                      const char *mark,
                      const int64_t *ids,
                      size_t n,
                      struct arena *a,
                      struct source_rendered *ret) must_check;

#endif
