/*
 * What each place of an answer means: attributes and texts become the fields of struct
 * ews_response.
 */
#include <string.h>
#include <strings.h>

#include "common/base/tm.h"

#include "worker/ews/ews_decode_p.h"
#include "worker/ews/ews_fields.h"

/* The value of an attribute without namespace, not terminated; NULL when absent. */
static const char *attribute_value(struct attributes at, const char *name, size_t *n)
{
    for (int i = 0; i < at.n; i++) {
        const xmlChar **a = at.v + (ptrdiff_t)i * 5;
        if (!a[2] && strcmp((const char *)a[0], name) == 0) {
            *n = (size_t)(a[4] - a[3]);
            return (const char *)a[3];
        }
    }
    return NULL;
}

static bool attribute_is(struct attributes at, const char *name, const char *value)
{
    size_t n = 0;
    const char *v = attribute_value(at, name, &n);
    return v && n == strlen(value) && memcmp(v, value, n) == 0;
}

/* A copy; NULL when absent. Longer than max: refused. */
static const char *attribute(struct decoder *d, struct attributes at, const char *name, size_t max)
{
    size_t n = 0;
    const char *v = attribute_value(at, name, &n);
    if (v && n > max) {
        ews_refuse(d, "an attribute is too long");
        return NULL;
    }
    return v ? arena_strndup(d->arena, v, n) : NULL;
}

/* Codes and paths go into logs, rows and metrics: letters, digits and a few marks pass, at most max
 * bytes. */
static const char *clean_word(struct decoder *d, const char *s, size_t max)
{
    if (!s)
        return NULL;
    char *word = arena_strndup(d->arena, s, strnlen(s, max));
    for (char *c = word; *c; c++) {
        bool fine = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') ||
                    (*c >= '0' && *c <= '9') || strchr(" :._-", *c) != NULL;
        if (!fine)
            *c = '_';
    }
    return word;
}

/* Decimal digits only, at most max; -1 otherwise. */
static int64_t number(const char *s, int64_t max)
{
    int64_t v = 0;
    if (!s || !*s)
        return -1;
    for (; *s; s++) {
        if (*s < '0' || *s > '9')
            return -1;
        v = v * 10 + (*s - '0');
        if (v > max)
            return max;
    }
    return v;
}

static struct ews_message *message(struct decoder *d)
{
    return &d->messages.v[d->messages.n - 1];
}

static struct ews_item *item(struct decoder *d)
{
    return &d->items.v[d->items.n - 1];
}

static struct ews_problem *problem(struct decoder *d)
{
    return d->response.fault ? &d->response.problem : &message(d)->problem;
}

static void at_message(struct decoder *d, struct attributes at)
{
    if (d->messages.n >= EWS_MAX_MESSAGES) {
        ews_refuse(d, "too many response messages");
        return;
    }
    vec_push(&d->messages, (struct ews_message){.problem = {.code = ""}, .next_offset = -1});
    d->is_error = attribute_is(at, "ResponseClass", "Error");
    d->is_success = attribute_is(at, "ResponseClass", "Success");
}

static void at_item(struct decoder *d)
{
    if (d->items.n >= EWS_MAX_ITEMS) {
        ews_refuse(d, "too many items");
        return;
    }
    vec_push(&d->items, (struct ews_item){.n_categories = 0});
    message(d)->n_items++;
}

static void at_item_id(struct decoder *d, struct attributes at)
{
    item(d)->id = attribute(d, at, "Id", EWS_MAX_ID);
    item(d)->change_key = attribute(d, at, "ChangeKey", EWS_MAX_ID);
}

static struct ews_attachment *attachment(struct decoder *d)
{
    return &d->attachments.v[d->attachments.n - 1];
}

static void at_attachment(struct decoder *d)
{
    if (d->attachments.n >= EWS_MAX_ATTACHMENTS) {
        ews_refuse(d, "too many attachments");
        return;
    }
    vec_push(&d->attachments, (struct ews_attachment){.id = NULL});
    item(d)->n_attachments++;
}

static void at_root_id(struct decoder *d, struct attributes at)
{
    message(d)->root_change_key = attribute(d, at, "RootItemChangeKey", EWS_MAX_ID);
}

static void at_property_path(struct decoder *d, struct attributes at)
{
    static const struct {
        const char *set, *name;
        enum property property;
    } known[] = {
        {EWS_PROPERTY_SET, EWS_KEY_NAME, PROPERTY_KEY},
        {EWS_PROPERTY_SET, EWS_HASH_NAME, PROPERTY_HASH},
        {EWS_PROPERTY_SET, EWS_FOLDER_NAME, PROPERTY_FOLDER},
        {EWS_LEGACY_SET, EWS_LEGACY_PERSON, PROPERTY_LEGACY_PERSON},
        {EWS_LEGACY_SET, EWS_LEGACY_MARK, PROPERTY_LEGACY_MARK},
    };
    size_t n = 0;
    const char *set = attribute_value(at, "PropertySetId", &n);
    d->property = PROPERTY_OTHER;
    for (size_t i = 0; set && i < ARRAY_LEN(known); i++) {
        /* Servers write the set's id in either case. */
        if (n == strlen(known[i].set) && strncasecmp(set, known[i].set, n) == 0 &&
            attribute_is(at, "PropertyName", known[i].name))
            d->property = known[i].property;
    }
}

static struct ews_folder *folder(struct decoder *d)
{
    return &d->folders.v[d->folders.n - 1];
}

static void at_folder(struct decoder *d)
{
    if (d->folders.n >= EWS_MAX_FOLDERS) {
        ews_refuse(d, "too many folders");
        return;
    }
    vec_push(&d->folders, (struct ews_folder){.id = NULL});
    message(d)->n_folders++;
}

static void at_version(struct decoder *d, struct attributes at)
{
    static const char *const names[] = {"MajorVersion", "MinorVersion", "MajorBuildNumber",
                                        "MinorBuildNumber"};
    const char *part[4];
    for (size_t i = 0; i < 4; i++) {
        const char *v = attribute(d, at, names[i], EWS_MAX_TEXT);
        part[i] = v ? clean_word(d, v, 8) : "0";
    }
    const char *v = attribute(d, at, "Version", EWS_MAX_TEXT);
    d->response.server_version =
        arena_printf(d->arena, "%s.%s.%s.%s%s%s", part[0], part[1], part[2], part[3], v ? " " : "",
                     v ? clean_word(d, v, 40) : "");
}

/* FieldURI, IndexedFieldURI, ExtendedFieldURI: names the property that the server did not like. */
static void at_message_path(struct decoder *d, struct attributes at)
{
    const char *path = attribute(d, at, "FieldURI", EWS_MAX_TEXT);
    const char *index = path ? attribute(d, at, "FieldIndex", EWS_MAX_TEXT) : NULL;
    if (!path)
        path = attribute(d, at, "PropertyName", EWS_MAX_TEXT);
    if (!path)
        path = attribute(d, at, "PropertyTag", EWS_MAX_TEXT);
    if (path && index)
        path = arena_printf(d->arena, "%.60s:%.40s", path, index);
    if (path)
        problem(d)->at = clean_word(d, path, 100);
}

static void at_root_folder(struct decoder *d, struct attributes at)
{
    message(d)->next_offset =
        number(attribute(d, at, "IndexedPagingOffset", EWS_MAX_TEXT), INT32_MAX);
    message(d)->last_page = attribute_is(at, "IncludesLastItemInRange", "true") ||
                            attribute_is(at, "IncludesLastItemInRange", "1");
}

static void at_message_value(struct decoder *d, struct attributes at)
{
    const char *name = attribute(d, at, "Name", EWS_MAX_TEXT);
    d->value_name[0] = '\0';
    if (name && strlen(name) < sizeof(d->value_name))
        memcpy(d->value_name, name, strlen(name) + 1);
}

void ews_collect_enter(struct decoder *d, enum place place, const char *name, struct attributes at)
{
    switch (place) {
    case PLACE_VERSION:
        at_version(d, at);
        break;
    case PLACE_FAULT:
        d->response.fault = d->saw_body = true;
        break;
    case PLACE_OPERATION:
        d->response.operation = clean_word(d, name, 60);
        d->saw_body = true;
        break;
    case PLACE_MESSAGE:
        at_message(d, at);
        break;
    case PLACE_MESSAGE_VALUE:
        at_message_value(d, at);
        break;
    case PLACE_MESSAGE_PATH:
        at_message_path(d, at);
        break;
    case PLACE_ROOT_FOLDER:
        at_root_folder(d, at);
        break;
    case PLACE_FOLDER:
        at_folder(d);
        break;
    case PLACE_FOLDER_ID:
        folder(d)->id = attribute(d, at, "Id", EWS_MAX_ID);
        break;
    case PLACE_ITEM:
        at_item(d);
        break;
    case PLACE_ITEM_ID:
        at_item_id(d, at);
        break;
    case PLACE_ATTACHMENT:
        at_attachment(d);
        break;
    case PLACE_ATTACHMENT_ID:
        attachment(d)->id = attribute(d, at, "Id", EWS_MAX_ID);
        break;
    case PLACE_ROOT_ID:
        at_root_id(d, at);
        break;
    case PLACE_PROPERTY:
    case PLACE_FOLDER_PROPERTY:
        d->property = PROPERTY_OTHER;
        break;
    case PLACE_PROPERTY_PATH:
    case PLACE_FOLDER_PROPERTY_PATH:
        at_property_path(d, at);
        break;
    default:
        break;
    }
}

/* It goes into the next request: what is no plain address is left out. */
static const char *address(struct decoder *d, const char *text)
{
    static const char fine[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                               "!#$%&'*+/=?^_`{|}~.@-";
    size_t n = strspn(text, fine);
    const char *at = strchr(text, '@');
    bool whole = !text[n] && n <= EWS_MAX_ADDRESS;
    if (!whole || !at || at == text || !at[1] || strchr(at + 1, '@'))
        return NULL;
    return arena_strdup(d->arena, text);
}

static void message_value(struct decoder *d, const char *text)
{
    struct ews_problem *p = problem(d);
    if (strcmp(d->value_name, "BackOffMilliseconds") == 0) {
        int64_t ms = number(text, UINT32_MAX);
        p->backoff_ms = ms > 0 ? (uint32_t)ms : 0;
    } else if (strcmp(d->value_name, "InnerErrorResponseCode") == 0) {
        p->inner_code = clean_word(d, text, 60);
    } else if (strcmp(d->value_name, "Primary") == 0) {
        p->primary = address(d, text);
    } else if (strcmp(d->value_name, "LineNumber") == 0 && !p->at) {
        p->at = arena_printf(d->arena, "line %s", clean_word(d, text, 12));
    }
}

static void property_value(struct decoder *d, const char *text)
{
    struct ews_item *it = item(d);
    switch (d->property) {
    case PROPERTY_KEY:
        it->has_key = guid_parse(text, &it->key);
        break;
    case PROPERTY_HASH:
        it->hash = arena_strndup(d->arena, text, strnlen(text, EWS_MAX_HASH));
        break;
    case PROPERTY_LEGACY_PERSON:
        it->legacy = true;
        it->legacy_person = number(text, INT32_MAX);
        if (it->legacy_person < 0)
            it->legacy_person = 0;
        break;
    case PROPERTY_LEGACY_MARK:
        it->legacy = true;
        it->legacy_mark = arena_strndup(d->arena, text, strnlen(text, EWS_MAX_MARK));
        break;
    default:
        break;
    }
}

static bool is_true(const char *text)
{
    return strcmp(text, "true") == 0 || strcmp(text, "1") == 0;
}

static int64_t date_time(const char *text)
{
    int64_t ms = 0;
    struct tm_civil c;
    if (tm_parse_utc(text, &ms))
        return ms;
    if (!tm_parse_naive(text, &c))
        return 0;
    int64_t seconds = (int64_t)c.hour * 3600 + (int64_t)c.minute * 60 + c.second;
    return (tm_days_from_civil(c.year, c.month, c.day) * 86400 + seconds) * 1000 + c.ms;
}

/* "a:ErrorServerBusy" without its prefix; detail/ResponseCode, which comes later, is the better
 * one. */
static void fault_code(struct decoder *d, const char *text)
{
    const char *colon = strrchr(text, ':');
    d->response.problem.code = clean_word(d, colon ? colon + 1 : text, 60);
}

static void response_code(struct decoder *d, const char *text)
{
    bool none = strcmp(text, "NoError") == 0;
    message(d)->ok = none && !d->is_error;
    if (none || !d->is_success) /* "Success" with an error's code says nothing: no code */
        message(d)->problem.code = clean_word(d, text, 60);
}

void ews_collect_text(struct decoder *d, enum place place, const char *text)
{
    switch (place) {
    case PLACE_FAULT_CODE:
        fault_code(d, text);
        break;
    case PLACE_DETAIL_CODE:
        d->response.problem.code = clean_word(d, text, 60);
        break;
    case PLACE_CODE:
        response_code(d, text);
        break;
    case PLACE_MESSAGE_VALUE:
        message_value(d, text);
        break;
    case PLACE_CREATED:
        item(d)->created_ms = date_time(text);
        break;
    case PLACE_CATEGORY:
        if (d->categories.n >= EWS_MAX_CATEGORIES) {
            ews_refuse(d, "too many categories");
            return;
        }
        vec_push(&d->categories, arena_strdup(d->arena, text));
        item(d)->n_categories++;
        break;
    case PLACE_CONTENT_ID:
        attachment(d)->content_id = arena_strdup(d->arena, text);
        break;
    case PLACE_IS_PHOTO:
        attachment(d)->photo = is_true(text);
        attachment(d)->no_photo = !is_true(text);
        break;
    case PLACE_PROPERTY_VALUE:
        property_value(d, text);
        break;
    case PLACE_FOLDER_PROPERTY_VALUE:
        folder(d)->ours |= d->property == PROPERTY_FOLDER && *text;
        break;
    default:
        break;
    }
}
