/*
 * api_p: what the routes share.
 */
#ifndef SIM_ROCK_API_P_H
#define SIM_ROCK_API_P_H

#include "tests/sim/rock/api.h"
#include "tests/sim/rock/api_query.h"
#include "tests/sim/rock/odata.h"

struct api_call { /* one request on its way */
    struct api *api;
    struct arena *arena;
    const struct api_request *req;
    struct api_query query;
    struct api_answer *ret;
};

void api_html(struct api_answer *ret, int status, const char *title, const char *text);
void api_message(struct api_answer *ret, int status, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void api_empty(struct api_answer *ret, int status);
/* Reads the OData options of the call for the entity; false when it was refused (answered). */
bool api_read_options(struct api_call *call,
                      const struct entity *e,
                      unsigned max_expand,
                      struct odata_query *q);
void api_list(struct api_call *call, const struct odata_query *q);
void api_image(struct api_call *call);
void api_render(struct api_call *call);
void api_families(struct api_call *call, const char *person_id);
void api_by_email(struct api_call *call, const char *email);

#endif
