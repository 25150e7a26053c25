/*
 * api: REST v1 as a function from request to answer, without sockets: authorisation, routes,
 * refusals.
 * @source reference/rock.md sections 3.1, 3.2, 3.5 and 4.6
 */
#ifndef SIM_ROCK_API_H
#define SIM_ROCK_API_H

#include "common/base/str.h"

#include "tests/sim/rock/church.h"

#define API_ANSWER_MAX ((size_t)1 << 30)

struct api {
    struct church *church;
    const char *token;        /* REST key that opens the door; NULL: no key opens it */
    bool denied[TABLE_COUNT]; /* the key has no View right on this controller */
    bool may_render;          /* Edit right on Lava/RenderTemplate */
    const char *rendered;     /* what RenderTemplate answers; NULL: what lava_mini renders */
    int32_t render_broken;    /* Person.Id on whom every filter fails; 0 nobody */
    bool empty[TABLE_COUNT];  /* fault: this table answers [] */
    bool images_need_login;   /* every file's type asks for the right to view */
    bool no_ids;              /* "disable predictable ids": no image by id= */
    bool v4;                  /* OData v4 dialect */
    size_t max_query;         /* bytes of query string; longer is 404 from IIS */
};

struct api_request {
    const char *method, *target; /* target as sent: path and query, still encoded */
    const char *token;           /* Authorization-Token header, NULL when absent */
    const char *body;
};

struct api_answer {
    int status;
    const char *content_type; /* NULL: none */
    struct str body;
    /* what was asked, for the counters */
    const char *endpoint; /* "People", "GetImage", "Lava", "other" */
    size_t query_bytes, filter_terms;
};

void api_init(struct api *api, struct church *c, const char *token);
/* ret is filled whatever happens; the caller releases ret->body. */
void api_handle(struct api *api, const struct api_request *req, struct api_answer *ret);

#endif
