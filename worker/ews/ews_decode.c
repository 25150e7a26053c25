/*
 * One pass over SAX events. Where we are is one of the places below; the table says which element
 * leads from which place to which. Everything else is PLACE_ELSEWHERE, whose children are elsewhere
 * too.
 */
#include <libxml/parserInternals.h> /* xmlCreateMemoryParserCtxt */
#include <string.h>

#include "common/base/text.h"

#include "worker/ews/ews_decode_p.h"

enum ns { NS_NONE, NS_SOAP, NS_MESSAGES, NS_TYPES, NS_ERRORS, NS_OTHER };

static const char *const ns_uri[] = {
    [NS_SOAP] = "http://schemas.xmlsoap.org/soap/envelope/",
    [NS_MESSAGES] = "http://schemas.microsoft.com/exchange/services/2006/messages",
    [NS_TYPES] = "http://schemas.microsoft.com/exchange/services/2006/types",
    [NS_ERRORS] = "http://schemas.microsoft.com/exchange/services/2006/errors",
};

static const struct step {
    enum place from;
    enum ns ns;
    const char *name; /* NULL: any */
    enum place to;
    bool text; /* collect the text inside */
} steps[] = {
    {PLACE_DOCUMENT, NS_SOAP, "Envelope", PLACE_ENVELOPE, false},
    {PLACE_ENVELOPE, NS_SOAP, "Header", PLACE_HEADER, false},
    {PLACE_ENVELOPE, NS_SOAP, "Body", PLACE_BODY, false},
    {PLACE_HEADER, NS_TYPES, "ServerVersionInfo", PLACE_VERSION, false},
    {PLACE_BODY, NS_SOAP, "Fault", PLACE_FAULT, false},
    {PLACE_BODY, NS_MESSAGES, NULL, PLACE_OPERATION, false},
    {PLACE_FAULT, NS_NONE, "faultcode", PLACE_FAULT_CODE, true},
    {PLACE_FAULT, NS_NONE, "detail", PLACE_DETAIL, false},
    {PLACE_DETAIL, NS_ERRORS, "ResponseCode", PLACE_DETAIL_CODE, true},
    {PLACE_DETAIL, NS_TYPES, "MessageXml", PLACE_MESSAGE_XML, false},
    {PLACE_OPERATION, NS_MESSAGES, "ResponseMessages", PLACE_MESSAGES, false},
    {PLACE_MESSAGES, NS_MESSAGES, NULL, PLACE_MESSAGE, false},
    {PLACE_MESSAGE, NS_MESSAGES, "ResponseCode", PLACE_CODE, true},
    {PLACE_MESSAGE, NS_MESSAGES, "MessageXml", PLACE_MESSAGE_XML, false},
    {PLACE_MESSAGE, NS_MESSAGES, "Items", PLACE_ITEMS, false},
    {PLACE_MESSAGE, NS_MESSAGES, "RootFolder", PLACE_ROOT_FOLDER, false},
    {PLACE_MESSAGE, NS_MESSAGES, "Folders", PLACE_FOLDERS, false},
    {PLACE_MESSAGE, NS_MESSAGES, "Attachments", PLACE_WRITTEN, false},
    {PLACE_MESSAGE, NS_MESSAGES, "RootItemId", PLACE_ROOT_ID, false},
    {PLACE_WRITTEN, NS_TYPES, NULL, PLACE_WRITTEN_FILE, false},
    {PLACE_WRITTEN_FILE, NS_TYPES, "AttachmentId", PLACE_ROOT_ID, false},
    {PLACE_MESSAGE_XML, NS_TYPES, "Value", PLACE_MESSAGE_VALUE, true},
    {PLACE_MESSAGE_XML, NS_TYPES, NULL, PLACE_MESSAGE_PATH, false},
    {PLACE_ROOT_FOLDER, NS_TYPES, "Items", PLACE_ITEMS, false},
    {PLACE_FOLDERS, NS_TYPES, NULL, PLACE_FOLDER, false},
    {PLACE_ROOT_FOLDER, NS_TYPES, "Folders", PLACE_FOLDERS, false},
    {PLACE_FOLDER, NS_TYPES, "FolderId", PLACE_FOLDER_ID, false},
    {PLACE_FOLDER, NS_TYPES, "ExtendedProperty", PLACE_FOLDER_PROPERTY, false},
    {PLACE_FOLDER_PROPERTY, NS_TYPES, "ExtendedFieldURI", PLACE_FOLDER_PROPERTY_PATH, false},
    {PLACE_FOLDER_PROPERTY, NS_TYPES, "Value", PLACE_FOLDER_PROPERTY_VALUE, true},
    {PLACE_ITEMS, NS_TYPES, NULL, PLACE_ITEM, false},
    {PLACE_ITEM, NS_TYPES, "ItemId", PLACE_ITEM_ID, false},
    {PLACE_ITEM, NS_TYPES, "DateTimeCreated", PLACE_CREATED, true},
    {PLACE_ITEM, NS_TYPES, "Categories", PLACE_CATEGORIES, false},
    {PLACE_ITEM, NS_TYPES, "ExtendedProperty", PLACE_PROPERTY, false},
    {PLACE_ITEM, NS_TYPES, "Attachments", PLACE_ATTACHMENTS, false},
    {PLACE_ATTACHMENTS, NS_TYPES, NULL, PLACE_ATTACHMENT, false},
    {PLACE_ATTACHMENT, NS_TYPES, "AttachmentId", PLACE_ATTACHMENT_ID, false},
    {PLACE_ATTACHMENT, NS_TYPES, "ContentId", PLACE_CONTENT_ID, true},
    {PLACE_ATTACHMENT, NS_TYPES, "IsContactPhoto", PLACE_IS_PHOTO, true},
    {PLACE_CATEGORIES, NS_TYPES, "String", PLACE_CATEGORY, true},
    {PLACE_PROPERTY, NS_TYPES, "ExtendedFieldURI", PLACE_PROPERTY_PATH, false},
    {PLACE_PROPERTY, NS_TYPES, "Value", PLACE_PROPERTY_VALUE, true},
};

void ews_refuse(struct decoder *d, const char *why)
{
    if (!d->why)
        d->why = why;
    xmlStopParser(d->xml);
}

static enum ns ns_of(const xmlChar *uri)
{
    if (!uri)
        return NS_NONE;
    for (size_t i = 0; i < ARRAY_LEN(ns_uri); i++)
        if (ns_uri[i] && strcmp((const char *)uri, ns_uri[i]) == 0)
            return (enum ns)i;
    return NS_OTHER;
}

static const struct step *step_of(enum place from, const xmlChar *uri, const char *name)
{
    if (from == PLACE_ELSEWHERE)
        return NULL;
    enum ns ns = ns_of(uri);
    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        const struct step *s = &steps[i];
        if (s->from == from && s->ns == ns && (!s->name || strcmp(s->name, name) == 0))
            return s;
    }
    return NULL;
}

static void on_start(void *user,
                     const xmlChar *name,
                     const xmlChar *prefix,
                     const xmlChar *uri,
                     int n_ns,
                     const xmlChar **ns,
                     int n_attributes,
                     int n_defaulted,
                     const xmlChar **attributes)
{
    struct decoder *d = user;
    (void)prefix, (void)n_ns, (void)ns, (void)n_defaulted;
    if (d->why)
        return;
    if (d->depth >= EWS_MAX_DEPTH) {
        ews_refuse(d, "elements are too deep");
        return;
    }
    enum place from = d->depth > 0 ? d->stack[d->depth - 1] : PLACE_DOCUMENT;
    const struct step *step = step_of(from, uri, (const char *)name);
    d->stack[d->depth++] = step ? step->to : PLACE_ELSEWHERE;
    d->collecting = step && step->text;
    str_clear(&d->text);
    if (step) {
        ews_collect_enter(d, step->to, (const char *)name,
                          (struct attributes){attributes, n_attributes});
    }
}

static void on_end(void *user, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri)
{
    struct decoder *d = user;
    (void)name, (void)prefix, (void)uri;
    if (d->why || d->depth == 0)
        return;
    enum place place = d->stack[--d->depth];
    if (d->collecting && d->text.over && place == PLACE_CONTENT_ID)
        ews_collect_text(d, place, ""); /* not ours, and no reason to read nothing at all */
    else if (d->collecting && d->text.over)
        ews_refuse(d, "a text is too long");
    else if (d->collecting)
        ews_collect_text(d, place, d->text.p);
    d->collecting = false;
}

static void on_text(void *user, const xmlChar *p, int n)
{
    struct decoder *d = user;
    if (d->collecting && n > 0)
        str_add(&d->text, p, (size_t)n);
}

static void
on_doctype(void *user, const xmlChar *name, const xmlChar *external, const xmlChar *system)
{
    (void)name, (void)external, (void)system;
    ews_refuse(user, "it has a DOCTYPE");
}

static void on_error(void *user, xmlErrorPtr error)
{
    struct decoder *d = user;
    if (error->code == XML_ERR_NO_MEMORY)
        out_of_memory("libxml2"); /* not: the answer is unreadable */
    if (error->level < XML_ERR_ERROR)
        return;
    if (error->code == XML_ERR_INVALID_CHAR) {
        d->invalid_char = true;
        return;
    }
    if (!d->why)
        d->why = "it is not well-formed";
}

static void start(struct decoder *d)
{
    d->response = (struct ews_response){.problem = {.code = ""}, .operation = ""};
    vec_clear(&d->messages);
    vec_clear(&d->items);
    vec_clear(&d->categories);
    vec_clear(&d->attachments);
    vec_clear(&d->folders);
    str_clear(&d->text);
    arena_reset(d->arena);
    d->depth = 0;
    d->collecting = d->saw_body = d->invalid_char = false;
    d->why = NULL;
}

/*
 * Why the parser is not even asked; NULL: it is. Exchange writes UTF-8; other encodings would go
 * through converters that write some of the bytes to stderr.
 */
static const char *unfit(const char *p, size_t n)
{
    if (n == 0)
        return "it is empty";
    if (n > EWS_MAX_BYTES)
        return "it is too long";
    return text_is_utf8(p, n) && !memchr(p, '\0', n) ? NULL : "it is not UTF-8";
}

/* One pass. True when the document was whole and nothing was refused. */
static bool parse(struct decoder *d, const char *p, size_t n, bool recovering)
{
    static const xmlSAXHandler handler = {
        .initialized = XML_SAX2_MAGIC,
        .internalSubset = on_doctype,
        .startElementNs = on_start,
        .endElementNs = on_end,
        .characters = on_text,
        .cdataBlock = on_text,
        .serror = on_error,
    };
    start(d);
    d->recovering = recovering;
    d->why = unfit(p, n);
    if (d->why)
        return false;
    d->xml = xmlCreateMemoryParserCtxt(p, (int)n);
    if (!d->xml)
        out_of_memory("libxml2");
    *d->xml->sax = handler;
    d->xml->userData = d;
    xmlCtxtUseOptions(d->xml, XML_PARSE_NONET | XML_PARSE_COMPACT | XML_PARSE_IGNORE_ENC |
                                  (recovering ? XML_PARSE_RECOVER : 0));
    xmlParseDocument(d->xml);
    bool whole =
        d->depth == 0 && !d->why && (d->xml->wellFormed || (recovering && d->invalid_char));
    xmlFreeParserCtxt(d->xml);
    d->xml = NULL;
    return whole;
}

static void finish(struct decoder *d, struct ews_response *ret)
{
    const char **categories =
        arena_memdup(d->arena, d->categories.v, d->categories.n * sizeof(*categories));
    struct ews_item *items = arena_memdup(d->arena, d->items.v, d->items.n * sizeof(*items));
    struct ews_message *messages =
        arena_memdup(d->arena, d->messages.v, d->messages.n * sizeof(*messages));
    struct ews_attachment *attachments =
        arena_memdup(d->arena, d->attachments.v, d->attachments.n * sizeof(*attachments));
    for (size_t i = 0, at = 0, file = 0; i < d->items.n; i++) {
        items[i].categories = categories + at;
        at += items[i].n_categories;
        items[i].attachments = attachments + file;
        file += items[i].n_attachments;
    }
    struct ews_folder *folders =
        arena_memdup(d->arena, d->folders.v, d->folders.n * sizeof(*folders));
    for (size_t i = 0, at = 0, folder = 0; i < d->messages.n; i++) {
        messages[i].items = items + at;
        at += messages[i].n_items;
        messages[i].folders = folders + folder;
        folder += messages[i].n_folders;
    }
    *ret = d->response;
    ret->messages = messages;
    ret->n_messages = d->messages.n;
    ret->repaired = d->recovering;
}

int ews_decode(const char *p, size_t n, struct arena *a, struct ews_response *ret, struct err *err)
{
    struct decoder d = {.arena = a};
    str_init(&d.text, EWS_MAX_TEXT);
    bool whole = parse(&d, p, n, false);
    if (!whole && d.invalid_char && !d.why)
        whole = parse(&d, p, n, true);
    if (whole && !d.saw_body)
        d.why = "it is no SOAP answer";
    int r = 0;
    if (whole && !d.why) {
        finish(&d, ret);
    } else {
        r = err_set(err, SCOPE_REMOTE, WHEN_UNKNOWN, "ews.unreadable",
                    "the answer cannot be read: %s", d.why ? d.why : "it is not well-formed");
    }
    vec_release(&d.messages);
    vec_release(&d.items);
    vec_release(&d.categories);
    vec_release(&d.attachments);
    vec_release(&d.folders);
    str_release(&d.text);
    return r;
}
