#include "tests/sim/rock/api.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "tests/sim/rock/api_p.h"

#define JSON        "application/json; charset=utf-8"
#define SCRATCH_MAX ((size_t)64 << 20)

void api_init(struct api *api, struct church *c, const char *token)
{
    *api = (struct api){.church = c, .token = token, .max_query = 2048};
}

void api_empty(struct api_answer *ret, int status)
{
    ret->status = status;
    ret->content_type = NULL;
    str_clear(&ret->body);
}

void api_html(struct api_answer *ret, int status, const char *title, const char *text)
{
    ret->status = status;
    ret->content_type = "text/html; charset=utf-8";
    str_clear(&ret->body);
    str_addf(&ret->body,
             "<!DOCTYPE "
             "html>\r\n<html><head><title>%s</title></head>\r\n<body><h1>%s</h1><p>%s</p></body></"
             "html>\r\n",
             title, title, text);
}

void api_message(struct api_answer *ret, int status, const char *fmt, ...)
{
    char text[1024];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    ret->status = status;
    ret->content_type = JSON;
    str_clear(&ret->body);
    str_puts(&ret->body, "{\"Message\":");
    entity_json_text(&ret->body, text);
    str_putc(&ret->body, '}');
}

/* Options that the library itself does not know; $inlinecount and $format are accepted and change
 * nothing. */
static bool known_options(struct api_call *call)
{
    static const char *const known[] = {"$filter", "$expand", "$select",      "$orderby",
                                        "$top",    "$skip",   "$inlinecount", "$format"};
    for (size_t i = 0; i < call->query.n; i++) {
        const char *name = call->query.name[i];
        size_t k = 0;
        while (k < ARRAY_LEN(known) && strcmp(known[k], name) != 0)
            k++;
        if (*name == '$' && k == ARRAY_LEN(known)) {
            api_message(call->ret, 400, "The query parameter '%.60s' is not supported.", name);
            return false;
        }
        if (strcasecmp(name, "loadAttributes") == 0) {
            api_message(call->ret, 501, "loadAttributes is not simulated: read AttributeValues.");
            return false;
        }
    }
    return true;
}

static const char *option(const struct api_call *call, const char *name)
{
    const char *value = api_query_get(&call->query, name);
    return value ? value : "";
}

static size_t count_terms(const char *filter)
{
    size_t n = 0;
    for (const char *s = filter; (s = strstr(s, " eq ")); s += 4)
        n++;
    return n;
}

bool api_read_options(struct api_call *call,
                      const struct entity *e,
                      unsigned max_expand,
                      struct odata_query *q)
{
    autovalue(str_release) struct str reason = STR_INIT(4096);
    struct odata_context ctx = {call->arena, &reason, max_expand, call->api->v4};
    *q = (struct odata_query){.entity = e, .top = -1};
    q->include_deceased = strcasecmp(option(call, "includeDeceased"), "true") == 0;
    call->ret->filter_terms = count_terms(option(call, "$filter"));
    if (!known_options(call))
        return false;
    const char *top = api_query_get(&call->query, "$top"),
               *skip = api_query_get(&call->query, "$skip");
    if (odata_filter(&ctx, e, option(call, "$filter"), &q->filter) &&
        odata_shape(&ctx, e, option(call, "$expand"), option(call, "$select"), &q->shape) &&
        odata_orderby(&ctx, e, option(call, "$orderby"), q) &&
        (!top || odata_count(&ctx, "$top", top, &q->top)) &&
        (!skip || odata_count(&ctx, "$skip", skip, &q->skip)))
        return true;
    api_message(call->ret, 400, "The query specified in the URI is not valid. %s", reason.p);
    return false;
}

struct writer {
    struct api_call *call;
    const struct odata_query *q;
    bool any;
};

static void write_row(void *user, const void *row)
{
    struct writer *w = user;
    if (w->any)
        str_putc(&w->call->ret->body, ',');
    w->any = true;
    odata_write(w->call->api->church, w->q->shape, row, &w->call->ret->body);
}

void api_list(struct api_call *call, const struct odata_query *q)
{
    struct writer w = {.call = call, .q = q};
    call->ret->status = 200;
    call->ret->content_type = JSON;
    str_putc(&call->ret->body, '[');
    if (!call->api->empty[q->entity->table])
        odata_run(call->api->church, q, write_row, &w);
    str_putc(&call->ret->body, ']');
}

static bool parse_id(const char *s, int32_t *ret)
{
    char *end;
    errno = 0;
    long v = strtol(s, &end, 10);
    *ret = (int32_t)v;
    return *s && !*end && !errno && v > INT32_MIN && v <= INT32_MAX;
}

/* GET /api/X/5 ignores OData; GET /api/X(5) takes $expand and $select. */
static void
get_one(struct api_call *call, const struct entity *e, const char *id_text, bool with_options)
{
    int32_t id;
    struct odata_query q = {.entity = e};
    if (!parse_id(id_text, &id)) {
        api_message(call->ret, 400, "The value '%.60s' is not valid for Int32.", id_text);
        return;
    }
    if (!with_options)
        call->query.n = 0;
    if (!api_read_options(call, e, 2, &q))
        return;
    const void *row = church_row(call->api->church, e->table, id);
    if (!row) {
        api_empty(call->ret, 404);
        return;
    }
    call->ret->status = 200;
    call->ret->content_type = JSON;
    odata_write(call->api->church, q.shape, row, &call->ret->body);
}

static void no_resource(struct api_call *call)
{
    api_message(call->ret, 404, "No HTTP resource was found that matches the request URI '%.300s'.",
                call->req->target);
}

/* rest: what follows the controller, without the slash; NULL = nothing. */
static void
route_entity(struct api_call *call, const struct entity *e, const char *rest, bool key_form)
{
    struct odata_query q;
    call->ret->endpoint = e->controller;
    if (call->api->denied[e->table]) {
        api_empty(call->ret, 401);
    } else if (strcmp(call->req->method, "GET") != 0) {
        api_message(call->ret, 405, "The requested resource does not support http method '%.20s'.",
                    call->req->method);
    } else if (!rest || !*rest) {
        if (api_read_options(call, e, 2, &q))
            api_list(call, &q);
    } else if (e->table == TABLE_PERSON && strncasecmp(rest, "GetByEmail/", 11) == 0) {
        api_by_email(call, rest + 11);
    } else if (e->table == TABLE_GROUP && strncasecmp(rest, "GetFamilies/", 12) == 0) {
        api_families(call, rest + 12);
    } else if (strchr(rest, '/')) {
        no_resource(call);
    } else {
        get_one(call, e, rest, key_form);
    }
}

static void route(struct api_call *call, char *path)
{
    if (strcasecmp(path, "Lava/RenderTemplate") == 0) {
        api_render(call);
        return;
    }
    char *end = path + strcspn(path, "/(");
    char mark = *end, *rest = mark ? end + 1 : NULL;
    *end = '\0';
    const struct entity *e = entity_by_controller(path);
    size_t n = rest ? strlen(rest) : 0;
    if (mark == '(' && n > 0 && rest[n - 1] == ')')
        rest[n - 1] = '\0';
    else if (mark == '(')
        e = NULL;
    if (e)
        route_entity(call, e, rest, mark == '(');
    else
        no_resource(call);
}

static bool authorised(const struct api_call *call)
{
    const char *key = call->req->token;
    if (!key)
        key = api_query_get(&call->query, "apikey"); /* Rock takes it here too */
    return key && call->api->token && strcmp(key, call->api->token) == 0;
}

void api_handle(struct api *api, const struct api_request *req, struct api_answer *ret)
{
    autoptr(arena_free) struct arena *arena = arena_new("request", SCRATCH_MAX);
    struct api_call call = {.api = api, .arena = arena, .req = req, .ret = ret};
    *ret = (struct api_answer){.endpoint = "other"};
    str_init(&ret->body, API_ANSWER_MAX);
    size_t path_bytes = strcspn(req->target, "?");
    const char *query = req->target[path_bytes] ? req->target + path_bytes + 1 : "";
    char *path = api_decode(arena, req->target, path_bytes, false);
    ret->query_bytes = strlen(query);
    if (ret->query_bytes > api->max_query) {
        api_html(ret, 404, "404 - File or directory not found.",
                 "The resource you are looking for might have been removed, had its name changed, "
                 "or is temporarily "
                 "unavailable.");
        return;
    }
    api_query_parse(arena, query, &call.query);
    if (strcasecmp(path, "/GetImage.ashx") == 0)
        api_image(&call);
    else if (strncasecmp(path, "/api/", 5) != 0)
        api_html(ret, 404, "Page Not Found", "Something is amiss.");
    else if (!authorised(&call))
        api_empty(ret, 401);
    else
        route(&call, path + 5);
}
