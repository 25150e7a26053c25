#include "tests/sim/exchange/sx_xml.h"

#include <libxml/parser.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/base/tm.h"

bool sx_refuse(struct sx_fail *fail, const char *code, const char *fmt, ...)
{
    va_list ap;
    fail->code = code;
    fail->xml[0] = 0;
    va_start(ap, fmt);
    vsnprintf(fail->text, sizeof(fail->text), fmt, ap);
    va_end(ap);
    return false;
}

static void place(struct sx_fail *fail, const char *what, int line, int column)
{
    autovalue(str_release) struct str xml = STR_INIT(sizeof(fail->xml) - 1);
    str_addf(&xml,
             "<t:Value Name=\"LineNumber\">%d</t:Value><t:Value Name=\"LinePosition\">%d</t:Value>",
             line, column);
    str_puts(&xml, "<t:Value Name=\"Violation\">");
    sx_escape(&xml, what);
    str_puts(&xml, "</t:Value>");
    if (!xml.over)
        memcpy(fail->xml, xml.p, xml.n + 1);
}

xmlDoc *sx_xml_parse(const char *p, size_t n, struct sx_fail *fail)
{
    xmlParserCtxt *ctx = xmlNewParserCtxt();
    xmlDoc *doc = xmlCtxtReadMemory(ctx, p, (int)n, NULL, NULL,
                                    XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING |
                                        XML_PARSE_COMPACT | XML_PARSE_BIG_LINES);
    const xmlError *e = xmlCtxtGetLastError(ctx);
    if (!doc) {
        autofree char *what = xstrdup(e && e->message ? e->message : "not XML");
        what[strcspn(what, "\n")] = 0;
        sx_refuse(fail, "ErrorSchemaValidation", "The request failed schema validation: %.150s",
                  what);
        place(fail, what, e ? e->line : 0, e ? e->int2 : 0);
    } else if (doc->intSubset || doc->extSubset) {
        sx_refuse(fail, "ErrorSchemaValidation",
                  "The request failed schema validation: a DTD is prohibited.");
        place(fail, "DTD is prohibited", 1, 1);
        xmlFreeDoc(doc);
        doc = NULL;
    }
    xmlFreeParserCtxt(ctx);
    return doc;
}

bool sx_is(const xmlNode *n, const char *ns, const char *name)
{
    return n && n->type == XML_ELEMENT_NODE && n->ns &&
           strcmp((const char *)n->ns->href, ns) == 0 && strcmp((const char *)n->name, name) == 0;
}

static xmlNode *element_from(xmlNode *n)
{
    while (n && n->type != XML_ELEMENT_NODE)
        n = n->next;
    return n;
}

xmlNode *sx_first(const xmlNode *parent)
{
    return parent ? element_from(parent->children) : NULL;
}

xmlNode *sx_next(const xmlNode *n)
{
    return n ? element_from(n->next) : NULL;
}

xmlNode *sx_child(const xmlNode *parent, const char *name)
{
    for (xmlNode *n = sx_first(parent); n; n = sx_next(n)) {
        if (strcmp((const char *)n->name, name) == 0 &&
            (sx_is(n, SX_NS_T, name) || sx_is(n, SX_NS_M, name)))
            return n;
    }
    return NULL;
}

size_t sx_children(const xmlNode *parent)
{
    size_t count = 0;
    for (xmlNode *n = sx_first(parent); n; n = sx_next(n))
        count++;
    return count;
}

const char *sx_attr(const xmlNode *n, const char *name)
{
    for (const xmlAttr *a = n ? n->properties : NULL; a; a = a->next) {
        if (!a->ns && strcmp((const char *)a->name, name) == 0)
            return a->children && a->children->content ? (const char *)a->children->content : "";
    }
    return NULL;
}

const char *sx_text(const xmlNode *n, struct arena *a)
{
    const xmlNode *c = n ? n->children : NULL;
    if (!c)
        return "";
    if (!c->next && (c->type == XML_TEXT_NODE || c->type == XML_CDATA_SECTION_NODE))
        return (const char *)c->content;
    xmlChar *all = xmlNodeGetContent(n);
    const char *copy = arena_strdup(a, all ? (const char *)all : "");
    xmlFree(all);
    return copy;
}

void sx_escape(struct str *out, const char *text)
{
    for (;;) {
        size_t n = strcspn(text, "&<>\"\r");
        str_add(out, text, n);
        text += n;
        switch (*text++) {
        case '&':
            str_puts(out, "&amp;");
            break;
        case '<':
            str_puts(out, "&lt;");
            break;
        case '>':
            str_puts(out, "&gt;");
            break;
        case '"':
            str_puts(out, "&quot;");
            break;
        case '\r':
            str_puts(out, "&#13;");
            break;
        default:
            return;
        }
    }
}

void sx_element(struct str *out, const char *name, const char *text)
{
    if (!text)
        return;
    str_puts(out, "<t:");
    str_puts(out, name);
    str_putc(out, '>');
    sx_escape(out, text);
    str_puts(out, "</t:");
    str_puts(out, name);
    str_putc(out, '>');
}

void sx_date(struct str *out, const char *name, int64_t unix_ms)
{
    char text[TM_TEXT];
    tm_format_utc(unix_ms, text);
    text[19] = 'Z'; /* "2026-01-05T01:02:03.517Z": Exchange shows whole seconds */
    text[20] = 0;
    sx_element(out, name, text);
}
