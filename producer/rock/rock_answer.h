/*
 * rock_answer: what an HTTP answer of Rock means: rows, a reason to try again, or the end. Pure.
 * @source reference/rock.md section 3.5
 */
#ifndef SYNC_PRODUCER_ROCK_ROCK_ANSWER_H
#define SYNC_PRODUCER_ROCK_ROCK_ANSWER_H

#include <stdbool.h>

#include "common/base/err.h"

#include "common/net/http.h"

enum rock_verdict {
    ROCK_ROWS,  /* a list may be in the body */
    ROCK_RETRY, /* the server is not itself: ask again later */
    ROCK_HALVE, /* one row may have failed the page: ask again, for fewer rows */
    ROCK_REFUSED
};

/*
 * @controller  what was asked for, named where a right is missing
 * @key_known   Rock took the key before: then 401 means a missing right
 * @return      *err is filled (code "rock.503", "rock.html", ...) for all but ROCK_ROWS; the text
 *              names no URL
 */
enum rock_verdict rock_answer_judge(const struct http_response *r,
                                    const char *controller,
                                    bool key_known,
                                    struct err *err);
/* Appends " (GET /api/...)" to the text, decoded for people; so that the line fits, the end of the
 * path is cut, and of the text where it is very long. */
int rock_answer_name_url(struct err *err, const char *path);

#endif
