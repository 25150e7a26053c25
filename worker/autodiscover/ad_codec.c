/*
 * One pass over SAX events. Where we are is one of the places below; the table says which element
 * leads from which place to which. Everything else is PLACE_ELSEWHERE, and so is all below it.
 */
#include "worker/autodiscover/ad_codec.h"

#include <ctype.h>
#include <libxml/parser.h>
#include <libxml/parserInternals.h> /* xmlCreateMemoryParserCtxt */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "common/base/str.h"
#include "common/base/text.h"

/* ---- requests ---- */

static void escape(struct str *out, const char *z)
{
    for (; *z; z++) {
        const char *instead = *z == '&'    ? "&amp;"
                              : *z == '<'  ? "&lt;"
                              : *z == '>'  ? "&gt;"
                              : *z == '"'  ? "&quot;"
                              : *z == '\'' ? "&apos;"
                                           : NULL;
        if (instead)
            str_puts(out, instead);
        else
            str_putc(out, *z);
    }
}

static void encode_soap(const char *url, const char *address, struct str *out)
{
    str_puts(out,
             "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"
             "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\""
             " xmlns:a=\"http://schemas.microsoft.com/exchange/2010/Autodiscover\""
             " xmlns:wsa=\"http://www.w3.org/2005/08/addressing\">"
             "<s:Header><a:RequestedServerVersion>Exchange2010</a:RequestedServerVersion>"
             "<wsa:Action>http://schemas.microsoft.com/exchange/2010/Autodiscover/Autodiscover/"
             "GetUserSettings</wsa:Action><wsa:To>");
    escape(out, url);
    str_puts(out, "</wsa:To></s:Header><s:Body><a:GetUserSettingsRequestMessage><a:Request>"
                  "<a:Users><a:User><a:Mailbox>");
    escape(out, address);
    str_puts(out, "</a:Mailbox></a:User></a:Users><a:RequestedSettings>"
                  "<a:Setting>ExternalEwsUrl</a:Setting><a:Setting>InternalEwsUrl</a:Setting>"
                  "</a:RequestedSettings></a:Request></a:GetUserSettingsRequestMessage>"
                  "</s:Body></s:Envelope>\n");
}

static void encode_pox(const char *address, struct str *out)
{
    str_puts(out, "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"
                  "<Autodiscover xmlns=\"http://schemas.microsoft.com/exchange/autodiscover/"
                  "outlook/requestschema/2006\"><Request><EMailAddress>");
    escape(out, address);
    str_puts(out, "</EMailAddress><AcceptableResponseSchema>http://schemas.microsoft.com/exchange/"
                  "autodiscover/outlook/responseschema/2006a</AcceptableResponseSchema></Request>"
                  "</Autodiscover>\n");
}

void ad_encode(enum ad_protocol protocol, const char *url, const char *address, struct str *out)
{
    if (protocol == AD_SOAP)
        encode_soap(url, address, out);
    else
        encode_pox(address, out);
}

/* ---- answers ---- */

enum ns { NS_NONE, NS_SOAP, NS_AUTODISCOVER, NS_POX, NS_OUTLOOK, NS_POX_ANY, NS_OTHER };

static const char *const ns_uri[] = {
    [NS_SOAP] = "http://schemas.xmlsoap.org/soap/envelope/",
    [NS_AUTODISCOVER] = "http://schemas.microsoft.com/exchange/2010/Autodiscover",
    [NS_POX] = "http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006",
    [NS_OUTLOOK] =
        "http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a",
};

enum place {
    PLACE_DOCUMENT,
    /* SOAP */
    PLACE_ENVELOPE,
    PLACE_BODY,
    PLACE_FAULT,
    PLACE_MESSAGE,
    PLACE_ANSWER,
    PLACE_ANSWER_CODE,
    PLACE_USERS,
    PLACE_USER,
    PLACE_USER_CODE,
    PLACE_TARGET,
    PLACE_ERRORS,
    PLACE_ERROR,
    PLACE_ERROR_CODE,
    PLACE_SETTINGS,
    PLACE_SETTING,
    PLACE_NAME,
    PLACE_VALUE,
    /* POX */
    PLACE_POX,
    PLACE_RESPONSE,
    PLACE_POX_ERROR,
    PLACE_POX_CODE,
    PLACE_ACCOUNT,
    PLACE_ACTION,
    PLACE_POX_TARGET,
    PLACE_PROTOCOL,
    PLACE_TYPE,
    PLACE_EWS_URL,
    PLACE_AS_URL,
    PLACE_ELSEWHERE,
};

/* NS_POX_ANY: servers put Response and Error into either of their two namespaces. */
static const struct step {
    enum place from;
    enum ns ns;
    const char *name;
    enum place to;
    bool text; /* collect the text inside */
} steps[] = {
    {PLACE_DOCUMENT, NS_SOAP, "Envelope", PLACE_ENVELOPE, false},
    {PLACE_ENVELOPE, NS_SOAP, "Body", PLACE_BODY, false},
    {PLACE_BODY, NS_SOAP, "Fault", PLACE_FAULT, false},
    {PLACE_BODY, NS_AUTODISCOVER, "GetUserSettingsResponseMessage", PLACE_MESSAGE, false},
    {PLACE_MESSAGE, NS_AUTODISCOVER, "Response", PLACE_ANSWER, false},
    {PLACE_ANSWER, NS_AUTODISCOVER, "ErrorCode", PLACE_ANSWER_CODE, true},
    {PLACE_ANSWER, NS_AUTODISCOVER, "UserResponses", PLACE_USERS, false},
    {PLACE_USERS, NS_AUTODISCOVER, "UserResponse", PLACE_USER, false},
    {PLACE_USER, NS_AUTODISCOVER, "ErrorCode", PLACE_USER_CODE, true},
    {PLACE_USER, NS_AUTODISCOVER, "RedirectTarget", PLACE_TARGET, true},
    {PLACE_USER, NS_AUTODISCOVER, "UserSettingErrors", PLACE_ERRORS, false},
    {PLACE_ERRORS, NS_AUTODISCOVER, "UserSettingError", PLACE_ERROR, false},
    {PLACE_ERROR, NS_AUTODISCOVER, "ErrorCode", PLACE_ERROR_CODE, true},
    {PLACE_USER, NS_AUTODISCOVER, "UserSettings", PLACE_SETTINGS, false},
    {PLACE_SETTINGS, NS_AUTODISCOVER, "UserSetting", PLACE_SETTING, false},
    {PLACE_SETTING, NS_AUTODISCOVER, "Name", PLACE_NAME, true},
    {PLACE_SETTING, NS_AUTODISCOVER, "Value", PLACE_VALUE, true},
    {PLACE_DOCUMENT, NS_POX, "Autodiscover", PLACE_POX, false},
    {PLACE_POX, NS_POX_ANY, "Response", PLACE_RESPONSE, false},
    {PLACE_RESPONSE, NS_POX_ANY, "Error", PLACE_POX_ERROR, false},
    {PLACE_POX_ERROR, NS_POX_ANY, "ErrorCode", PLACE_POX_CODE, true},
    {PLACE_RESPONSE, NS_OUTLOOK, "Account", PLACE_ACCOUNT, false},
    {PLACE_ACCOUNT, NS_OUTLOOK, "Action", PLACE_ACTION, true},
    {PLACE_ACCOUNT, NS_OUTLOOK, "RedirectAddr", PLACE_POX_TARGET, true},
    {PLACE_ACCOUNT, NS_OUTLOOK, "RedirectUrl", PLACE_POX_TARGET, true},
    {PLACE_ACCOUNT, NS_OUTLOOK, "Protocol", PLACE_PROTOCOL, false},
    {PLACE_PROTOCOL, NS_OUTLOOK, "Type", PLACE_TYPE, true},
    {PLACE_PROTOCOL, NS_OUTLOOK, "EwsUrl", PLACE_EWS_URL, true},
    {PLACE_PROTOCOL, NS_OUTLOOK, "ASUrl", PLACE_AS_URL, true},
};

enum { MAX_TEXT = AD_MAX_URL, MAX_NAME = 63 };

struct decoder {
    xmlParserCtxtPtr xml;
    enum ad_protocol protocol;
    struct ad_reply reply;
    enum place stack[AD_MAX_DEPTH];
    size_t depth, users;
    bool collecting, whole; /* the element that is the answer was there */
    struct str text;
    char name[MAX_NAME + 1]; /* of the setting */
    char value[MAX_TEXT + 1];
    char type[MAX_NAME + 1]; /* of the protocol */
    char ews[MAX_TEXT + 1], as[MAX_TEXT + 1];
    char setting_error[AD_MAX_CODE + 1];
    const char *why; /* refused; static text */
};

static void refuse(struct decoder *d, const char *why)
{
    if (!d->why)
        d->why = why;
    xmlStopParser(d->xml);
}

static bool ns_is(const xmlChar *uri, enum ns want)
{
    const char *text = (const char *)uri;
    if (want == NS_POX_ANY)
        return ns_is(uri, NS_POX) || ns_is(uri, NS_OUTLOOK);
    return text && strcmp(text, ns_uri[want]) == 0;
}

static const struct step *step_of(enum place from, const xmlChar *uri, const char *name)
{
    for (size_t i = 0; from != PLACE_ELSEWHERE && i < ARRAY_LEN(steps); i++)
        if (steps[i].from == from && strcmp(steps[i].name, name) == 0 && ns_is(uri, steps[i].ns))
            return &steps[i];
    return NULL;
}

/* Without blanks around it; longer ones are refused. */
static void keep(struct decoder *d, char *to, size_t max, const char *text)
{
    text += strspn(text, " \t\r\n");
    size_t n = strlen(text);
    while (n > 0 && strchr(" \t\r\n", text[n - 1]))
        n--;
    if (n > max) {
        refuse(d, "a text is too long");
        n = max;
    }
    memcpy(to, text, n);
    to[n] = '\0';
}

/* Codes go into our errors and rows. */
static void keep_code(char *to, const char *text)
{
    size_t n = 0;
    for (; *text && n < AD_MAX_CODE; text++)
        if (isalnum((unsigned char)*text) || *text == '_')
            to[n++] = *text;
    to[n] = '\0';
}

static void on_code(struct decoder *d, const char *text)
{
    struct ad_reply *r = &d->reply;
    char code[AD_MAX_CODE + 1];
    keep_code(code, text);
    if (strcmp(code, "NoError") == 0 || r->says == AD_SAYS_ERROR)
        return;
    if (strcmp(code, "RedirectAddress") == 0) {
        r->says = AD_SAYS_ADDRESS;
    } else if (strcmp(code, "RedirectUrl") == 0) {
        r->says = AD_SAYS_URL;
    } else {
        r->says = AD_SAYS_ERROR;
        memcpy(r->code, code, sizeof(code));
    }
}

static void on_action(struct decoder *d, const char *text)
{
    struct ad_reply *r = &d->reply;
    char action[MAX_NAME + 1];
    keep(d, action, MAX_NAME, text);
    if (strcasecmp(action, "redirectAddr") == 0)
        r->says = AD_SAYS_ADDRESS;
    else if (strcasecmp(action, "redirectUrl") == 0)
        r->says = AD_SAYS_URL;
    else if (strcasecmp(action, "settings") != 0)
        refuse(d, "its Action is none that we know");
}

static void on_text_of(struct decoder *d, enum place place, const char *text)
{
    struct ad_reply *r = &d->reply;
    switch (place) {
    case PLACE_ANSWER_CODE:
    case PLACE_USER_CODE:
        on_code(d, text);
        break;
    case PLACE_POX_CODE:
        r->says = AD_SAYS_ERROR;
        keep_code(r->code, text);
        break;
    case PLACE_ERROR_CODE:
        keep_code(d->setting_error, text);
        break;
    case PLACE_TARGET:
    case PLACE_POX_TARGET:
        if (!r->target[0])
            keep(d, r->target, AD_MAX_URL, text);
        break;
    case PLACE_NAME:
        keep(d, d->name, MAX_NAME, text);
        break;
    case PLACE_VALUE:
        keep(d, d->value, MAX_TEXT, text);
        break;
    case PLACE_ACTION:
        on_action(d, text);
        break;
    case PLACE_TYPE:
        keep(d, d->type, MAX_NAME, text);
        break;
    case PLACE_EWS_URL:
        keep(d, d->ews, MAX_TEXT, text);
        break;
    case PLACE_AS_URL:
        keep(d, d->as, MAX_TEXT, text);
        break;
    default:
        break;
    }
}

static void set_once(char *to, const char *from)
{
    if (!to[0])
        memcpy(to, from, strlen(from) + 1);
}

static void on_setting(struct decoder *d)
{
    if (strcmp(d->name, "ExternalEwsUrl") == 0)
        set_once(d->reply.external, d->value);
    else if (strcmp(d->name, "InternalEwsUrl") == 0)
        set_once(d->reply.internal, d->value);
}

/* EXCH is inside the network, EXPR outside; newer servers have EXHTTP too, which says neither. */
static void on_protocol(struct decoder *d)
{
    const char *url = d->ews[0] ? d->ews : d->as;
    if (strcmp(d->type, "EXPR") == 0 && url[0])
        memcpy(d->reply.external, url, strlen(url) + 1);
    else if (strcmp(d->type, "EXCH") == 0)
        set_once(d->reply.internal, url);
    else if (strcmp(d->type, "EXHTTP") == 0)
        set_once(d->reply.external, url);
}

static void on_enter(struct decoder *d, enum place place)
{
    switch (place) {
    case PLACE_SETTING:
        d->name[0] = d->value[0] = '\0';
        break;
    case PLACE_PROTOCOL:
        d->type[0] = d->ews[0] = d->as[0] = '\0';
        break;
    case PLACE_USER:
        if (d->users++ > 0)
            refuse(d, "it answers for more than one mailbox");
        break;
    case PLACE_ANSWER:
    case PLACE_RESPONSE:
        d->whole = true;
        break;
    case PLACE_FAULT:
        d->whole = true;
        d->reply.says = AD_SAYS_ERROR;
        memcpy(d->reply.code, "Fault", sizeof("Fault"));
        break;
    default:
        break;
    }
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
    (void)prefix, (void)n_ns, (void)ns, (void)n_defaulted, (void)n_attributes, (void)attributes;
    if (d->why)
        return;
    if (d->depth >= AD_MAX_DEPTH) {
        refuse(d, "elements are too deep");
        return;
    }
    enum place from = d->depth > 0 ? d->stack[d->depth - 1] : PLACE_DOCUMENT;
    const struct step *step = step_of(from, uri, (const char *)name);
    if (from == PLACE_DOCUMENT && (!step || (step->to == PLACE_POX) != (d->protocol == AD_POX))) {
        refuse(d, "it is another kind of document");
        return;
    }
    d->stack[d->depth++] = step ? step->to : PLACE_ELSEWHERE;
    d->collecting = step && step->text;
    str_clear(&d->text);
    if (step)
        on_enter(d, step->to);
}

static void on_end(void *user, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri)
{
    struct decoder *d = user;
    (void)name, (void)prefix, (void)uri;
    if (d->why || d->depth == 0)
        return;
    enum place place = d->stack[--d->depth];
    if (d->collecting && d->text.over)
        refuse(d, "a text is too long");
    else if (d->collecting)
        on_text_of(d, place, d->text.p);
    else if (place == PLACE_SETTING)
        on_setting(d);
    else if (place == PLACE_PROTOCOL)
        on_protocol(d);
    d->collecting = false;
}

static void on_characters(void *user, const xmlChar *p, int n)
{
    struct decoder *d = user;
    if (d->collecting && n > 0)
        str_add(&d->text, p, (size_t)n);
}

static void
on_doctype(void *user, const xmlChar *name, const xmlChar *external, const xmlChar *system)
{
    (void)name, (void)external, (void)system;
    refuse(user, "it has a DOCTYPE");
}

static void on_error(void *user, xmlErrorPtr error)
{
    struct decoder *d = user;
    if (error->code == XML_ERR_NO_MEMORY)
        out_of_memory("libxml2"); /* not: the answer is unreadable */
    if (error->level >= XML_ERR_ERROR && !d->why)
        d->why = "it is not well-formed";
}

static void parse(struct decoder *d, const char *p, size_t n)
{
    static const xmlSAXHandler handler = {
        .initialized = XML_SAX2_MAGIC,
        .internalSubset = on_doctype,
        .startElementNs = on_start,
        .endElementNs = on_end,
        .characters = on_characters,
        .cdataBlock = on_characters,
        .serror = on_error,
    };
    /* Exchange writes UTF-8. Other encodings would go through converters that complain on stderr.
     */
    bool utf8 = n <= AD_MAX_BYTES && text_is_utf8(p, n) && !memchr(p, '\0', n);
    if (n == 0 || !utf8) {
        d->why = n == 0 ? "it is empty" : n > AD_MAX_BYTES ? "it is too long" : "it is not UTF-8";
        return;
    }
    d->xml = xmlCreateMemoryParserCtxt(p, (int)n);
    if (!d->xml)
        out_of_memory("libxml2");
    *d->xml->sax = handler;
    d->xml->userData = d;
    xmlCtxtUseOptions(d->xml, XML_PARSE_NONET | XML_PARSE_COMPACT | XML_PARSE_IGNORE_ENC);
    xmlParseDocument(d->xml);
    if (!d->why && (d->depth != 0 || !d->xml->wellFormed))
        d->why = "it is not well-formed";
    xmlFreeParserCtxt(d->xml);
    d->xml = NULL;
}

static void finish(struct decoder *d)
{
    struct ad_reply *r = &d->reply;
    if (d->why)
        return;
    if (!d->whole)
        d->why = "it is no Autodiscover answer";
    else if ((r->says == AD_SAYS_ADDRESS || r->says == AD_SAYS_URL) && !r->target[0])
        d->why = "it redirects to nowhere";
    else if (r->says == AD_SAYS_SETTINGS && !r->external[0] && !r->internal[0]) {
        r->says = AD_SAYS_ERROR;
        snprintf(r->code, sizeof(r->code), "%s",
                 d->setting_error[0] ? d->setting_error : "NoEwsUrl");
    } else if (r->says == AD_SAYS_ERROR && !r->code[0]) {
        snprintf(r->code, sizeof(r->code), "NoCode");
    }
}

int ad_decode(
    enum ad_protocol protocol, const char *p, size_t n, struct ad_reply *ret, struct err *err)
{
    struct decoder d = {.protocol = protocol, .text = STR_INIT(MAX_TEXT)};
    parse(&d, p, n);
    finish(&d);
    str_release(&d.text);
    if (d.why)
        return err_set(err, SCOPE_REMOTE, WHEN_LATER, "autodiscover.unreadable",
                       "the answer cannot be read: %s", d.why);
    *ret = d.reply;
    return 0;
}
