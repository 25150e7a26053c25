/* Ids that differ from server to server, found by the Guids and keys that never change. */
#include <string.h>
#include <strings.h>

#include "producer/rock/rock_read_p.h"

#define AT(member) offsetof(struct rock_server, member)

/* @source reference/rock.md section 2.1 */
static const struct well_known {
    const struct rock_list *list;
    const char *guid;
    size_t at;
    const char *what; /* NULL: the sync can do without */
} well_known[] = {
    {&rock_entity_types, "72657ed8-d16e-492e-ac12-144c5e7567e7", AT(person_entity), "type Person"},
    {&rock_entity_types, "90f5e87b-f0d5-4617-8ae9-eb57e673f36f", AT(alias_entity),
     "type PersonAlias"},
    {&rock_entity_types, "53d4bf38-c49e-4a52-8b0e-5e016fb9574e", AT(value_entity), NULL},
    {&rock_group_types, "aab2e9f4-e828-4fee-8467-73dc9dab784c", AT(unit_type),
     "type Organization Unit"},
    {&rock_group_types, "790e3215-3b10-442b-af69-616c0dcb998e", AT(family_type), "type Family"},
    {&rock_group_types, "aece949f-704c-483e-a4fb-93d5e4720c4c", AT(security_type),
     "type Security Role"},
    {&rock_group_roles, "c8b1814f-6aa7-4055-b2d7-48fe20429cb9", AT(child_role), "role Child"},
    {&rock_defined_types, "8345dd45-73c6-4f5e-bebd-b77fc83f18fd", AT(phone_kinds), "Phone Type"},
    {&rock_defined_types, "45e9ef7c-91c7-45ab-92c1-1d6219293847", AT(country_codes), NULL},
    {&rock_defined_values, "8c52e53c-2a66-435a-ae6e-5ee307d9a0dc", AT(home_place),
     "address type Home"},
    {&rock_defined_values, "e071472a-f805-4fc4-917a-d5e3c095c35c", AT(work_place),
     "address type Work"},
    {&rock_defined_values, "bf64add3-e70a-44ce-9c4b-e76bbed37550", AT(business),
     "record type Business"},
};

static const struct {
    const char *guid;
    enum dir_phone_type type;
} phone_guids[] = {{"407e7e45-7b2e-4fcd-9605-ecb1339f2453", DIR_PHONE_MOBILE},
                   {"aa8732fb-2cea-4c76-8d6d-6aaa2c6a4303", DIR_PHONE_HOME},
                   {"2cc66d5a-f61c-4b74-9af9-590a9847c13c", DIR_PHONE_WORK}};

static int64_t *slot(struct rock_read *r, size_t at)
{
    return (int64_t *)(void *)((char *)&r->server + at);
}

struct lookup { /* one list of well-known rows */
    struct rock_read *r;
    const struct rock_list *list;
    struct rock_filter filter;
};

static void on_known(const struct js *row, int64_t id, void *user)
{
    const struct lookup *l = user;
    struct guid guid = {{0}}, known;

    if (!js_guid(row, "Guid", &guid))
        return;
    for (size_t i = 0; i < ARRAY_LEN(well_known); i++)
        if (well_known[i].list == l->list && guid_parse(well_known[i].guid, &known) &&
            guid_cmp(&known, &guid) == 0)
            *slot(l->r, well_known[i].at) = id;
}

static size_t guids_of(const struct rock_list *list, struct guid *out)
{
    size_t n = 0;

    for (size_t i = 0; i < ARRAY_LEN(well_known); i++)
        if (well_known[i].list == list && guid_parse(well_known[i].guid, &out[n]))
            n++;
    return n;
}

static int read_known(struct rock_read *r, struct err *err)
{
    static const struct rock_list *const lists[] = {&rock_entity_types, &rock_group_types,
                                                    &rock_group_roles, &rock_defined_types,
                                                    &rock_defined_values};
    struct lookup lookups[ARRAY_LEN(lists)] = {0};
    struct rock_walk walks[ARRAY_LEN(lists)] = {0};
    struct guid guids[ARRAY_LEN(well_known)];

    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        struct lookup *l = &lookups[i];
        *l = (struct lookup){.r = r, .list = lists[i], .filter = ROCK_FILTER_INIT};
        size_t n = guids_of(lists[i], guids);
        rock_filter_guids(&l->filter, &rock_col_guid, guids, n);
        walks[i] = (struct rock_walk){
            .list = lists[i], .filter = l->filter.text.p, .expect = n, .row = on_known, .user = l};
    }
    int rc = rock_fetch_run(r->f, walks, ARRAY_LEN(lists), NULL, err);
    for (size_t i = 0; i < ARRAY_LEN(lists); i++)
        rock_filter_release(&lookups[i].filter);
    return rc;
}

static int check_known(struct rock_read *r, struct err *err)
{
    for (size_t i = 0; i < ARRAY_LEN(well_known); i++)
        if (well_known[i].what && !*slot(r, well_known[i].at))
            return err_set(err, SCOPE_REMOTE, WHEN_LATER, "rock.empty",
                           "Rock's /api/%s does not list the %s that every Rock has (Guid %s)",
                           well_known[i].list->controller, well_known[i].what, well_known[i].guid);
    return 0;
}

static void on_phone_type(const struct js *row, int64_t id, void *user)
{
    struct rock_read *r = user;
    struct rock_lookup l;
    struct guid known;

    rock_decode_lookup(row, id, "Value", r->keep, &l);
    struct rock_phone_type t = {.id = id, .type = DIR_PHONE_OTHER, .name = l.name};
    for (size_t i = 0; i < ARRAY_LEN(phone_guids); i++)
        if (guid_parse(phone_guids[i].guid, &known) && guid_cmp(&known, &l.guid) == 0)
            t.type = phone_guids[i].type;
    vec_push(&r->server.phone_types, t); /* rows come by Id */
}

/* Of two with one key (one of them for a kind of people only) the first. */
static void keep(int64_t *at, int64_t id, const char *key, const char *wanted)
{
    if (!*at && *wanted && strcasecmp(key, wanted) == 0)
        *at = id;
}

static void on_attribute(const struct js *row, int64_t id, void *user)
{
    struct rock_read *r = user;
    const char *key = js_str(row, "Key");

    keep(&r->server.employer, id, key, "Employer");
    keep(&r->server.position, id, key, "Position");
    keep(&r->server.opt_out, id, key, r->s->opt_out);
}

static void on_asked(const struct js *row, int64_t id, void *user)
{
    struct rock_read *r = user;
    const char *key = rock_decode_text(row, "Key", r->keep);
    const char *otherwise = rock_decode_text(row, "DefaultValue", r->keep);

    vec_foreach (a, &r->server.asked)
        if (key && !a->id && strcasecmp(a->key, key) == 0)
            *a = (struct rock_asked){id, key, otherwise};
}

/* One walk for what the sync needs itself and one for each KEYS_AT_ONCE keys of the request. */
static int read_rest(struct rock_read *r, struct err *err)
{
    enum { KEYS_AT_ONCE = 4, WALKS = 3 + SOURCE_ATTRIBUTES_MAX / KEYS_AT_ONCE };
    const char *const names[] = {"Employer", "Position", r->s->opt_out};
    struct rock_filter filters[WALKS];
    struct rock_walk walks[WALKS] = {0};
    size_t n = 0, asked = r->rq ? r->rq->n_attributes : 0;

    for (size_t i = 0; i < WALKS; i++)
        filters[i] = (struct rock_filter)ROCK_FILTER_INIT;
    rock_filter_ids(&filters[n], &rock_col_defined_type, &r->server.phone_kinds, 1);
    walks[n++] = (struct rock_walk){.list = &rock_defined_values, .row = on_phone_type, .user = r};
    rock_filter_ids(&filters[n], &rock_col_attribute_type, &r->server.person_entity, 1);
    rock_filter_texts(&filters[n], &rock_col_key, names, *r->s->opt_out ? 3 : 2);
    walks[n++] = (struct rock_walk){.list = &rock_attributes, .row = on_attribute, .user = r};
    for (size_t i = 0; i < asked; i += KEYS_AT_ONCE) {
        size_t k = asked - i < KEYS_AT_ONCE ? asked - i : KEYS_AT_ONCE;
        rock_filter_ids(&filters[n], &rock_col_attribute_type, &r->server.person_entity, 1);
        rock_filter_texts(&filters[n], &rock_col_key, r->rq->attributes + i, k);
        walks[n++] = (struct rock_walk){.list = &rock_attributes, .row = on_asked, .user = r};
    }
    for (size_t i = 0; i < n; i++)
        walks[i].filter = filters[i].text.p;
    int rc = rock_fetch_run(r->f, walks, n, NULL, err);
    for (size_t i = 0; i < WALKS; i++)
        rock_filter_release(&filters[i]);
    return rc;
}

int rock_read_server(struct rock_read *r, struct err *err)
{
    for (size_t i = 0; r->rq && i < r->rq->n_attributes; i++)
        vec_push(&r->server.asked, (struct rock_asked){.key = r->rq->attributes[i]});
    if (read_known(r, err) < 0 || check_known(r, err) < 0 || read_rest(r, err) < 0)
        return -1;
    if (!r->server.phone_types.n)
        return err_set(err, SCOPE_REMOTE, WHEN_LATER, "rock.empty",
                       "Rock's /api/DefinedValues lists no phone types");
    /* One of the two may have been deleted; both gone is an answer that cannot be right. */
    if (!r->server.employer && !r->server.position)
        return err_set(err, SCOPE_REMOTE, WHEN_LATER, "rock.empty",
                       "Rock's /api/Attributes lists neither Employer nor Position of people");
    if (*r->s->opt_out && !r->server.opt_out)
        return err_set(err, SCOPE_PROCESS, WHEN_NEVER, "conf",
                       "opt_out_attribute: Rock has no person attribute with the key %.60s",
                       r->s->opt_out);
    return 0;
}
