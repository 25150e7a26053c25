/* The routes that are no plain tables: images, families of a person, people by address, Lava on the
 * server. */
#include <string.h>
#include <strings.h>

#include "common/base/digest.h"

#include "tests/sim/rock/api_p.h"
#include "tests/sim/rock/lava_mini.h"
#include "tests/sim/rock/photo.h"

#define JSON "application/json; charset=utf-8"

/* Where "disable predictable ids" is on, id= is as good as nothing. @source reference/rock.md
 * section 4.6: no REST key is looked at; 400 without, 404 for an unknown file, 403 where a login is
 * needed */
void api_image(struct api_call *call)
{
    struct church *c = call->api->church;
    const char *guid = api_query_get(&call->query, "guid"), *id = api_query_get(&call->query, "id");
    call->ret->endpoint = "GetImage";
    if (!guid && (!id || call->api->no_ids)) {
        api_html(call->ret, 400, "Bad Request", "An id or guid is required.");
        return;
    }
    const struct binary_file *f =
        guid ? church_by_guid(c, TABLE_BINARY_FILE, guid)
             : church_row(c, TABLE_BINARY_FILE, (int32_t)strtol(id, NULL, 10));
    if (!f) {
        api_html(call->ret, 404, "Not Found", "The file does not exist.");
        return;
    }
    if (f->needs_login || call->api->images_need_login) {
        api_html(call->ret, 403, "Forbidden", "Not authorized to view file.");
        return;
    }
    const char *format = api_query_get(&call->query, "format");
    bool sized =
        api_query_get(&call->query, "maxwidth") || api_query_get(&call->query, "maxheight");
    call->ret->status = 200;
    call->ret->content_type =
        photo_file(f, sized, format && strcmp(format, "jpg") == 0, &call->ret->body);
}

void api_families(struct api_call *call, const char *person_id)
{
    struct church *c = call->api->church;
    struct odata_query q;
    char *end;
    long id = strtol(person_id, &end, 10);
    if (!*person_id || *end) {
        api_message(call->ret, 400, "The value '%.60s' is not valid for Int32.", person_id);
        return;
    }
    if (!api_read_options(call, entity_of(TABLE_GROUP), 4, &q))
        return;
    bool any = false;
    call->ret->status = 200;
    call->ret->content_type = JSON;
    str_putc(&call->ret->body, '[');
    struct group_member *m = NULL;
    church_each_by(c, TABLE_GROUP_MEMBER, group_member, person_id, (int32_t)id, m)
    {
        const struct group *g = church_row(c, TABLE_GROUP, m->group_id);
        if (m->is_archived || !g || g->group_type_id != c->known.family ||
            !odata_matches(c, q.filter, g))
            continue;
        if (any)
            str_putc(&call->ret->body, ',');
        any = true;
        odata_write(c, q.shape, g, &call->ret->body);
    }
    str_putc(&call->ret->body, ']');
}

void api_by_email(struct api_call *call, const char *email)
{
    struct odata_query q;
    if (!api_read_options(call, entity_of(TABLE_PERSON), 2, &q))
        return;
    struct odata_node column = {.kind = NODE_PROPERTY, .type = EDM_STRING, .nullable = true};
    column.column = &q.entity->columns[entity_column(q.entity, "Email", 5)];
    struct odata_node literal = {.kind = NODE_LITERAL, .type = EDM_STRING};
    literal.literal.type = EDM_STRING;
    literal.literal.s = email;
    struct odata_node equal = {
        .kind = NODE_OPERATOR, .type = EDM_BOOLEAN, .op = OP_EQ, .n_args = 2};
    equal.arg[0] = &column;
    equal.arg[1] = &literal;
    q.filter = &equal;
    api_list(call, &q);
}

/* Edit right needed; a Lava error comes inside a 200. Control may set another answer. */
void api_render(struct api_call *call)
{
    call->ret->endpoint = "Lava";
    if (!call->api->may_render) {
        api_empty(call->ret, 401);
    } else if (strcmp(call->req->method, "POST") != 0) {
        api_message(call->ret, 405, "The requested resource does not support http method '%.20s'.",
                    call->req->method);
    } else {
        call->ret->status = 200;
        call->ret->content_type = JSON;
        autovalue(str_release) struct str text = STR_INIT(64 << 20);
        if (call->api->rendered)
            str_puts(&text, call->api->rendered);
        else
            lava_mini_render(call->api->church, call->req->body ? call->req->body : "",
                             call->api->render_broken, &text);
        entity_json_text(&call->ret->body, text.p);
    }
}
