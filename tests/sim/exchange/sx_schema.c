#include <libxml/xmlschemas.h>
#include <stdio.h>
#include <string.h>

#include "tests/sim/exchange/sx_check.h"

struct sx_schema {
    xmlSchemaParserCtxt *parser;
    xmlSchema *schema;
    xmlSchemaValidCtxt *valid;
};

struct first_error {
    char text[200];
    int line, column;
};

static void remember(void *user, xmlError *e)
{
    struct first_error *first = user;
    if (first->text[0])
        return;
    snprintf(first->text, sizeof(first->text), "%.*s",
             (int)strcspn(e->message ? e->message : "", "\n"), e->message ? e->message : "");
    first->line = e->line;
    first->column = e->int2;
}

struct sx_schema *sx_schema_load(const char *dir, struct err *err)
{
    autofree char *path = NULL;
    struct first_error first = {0};
    if (asprintf(&path, "%s/envelope/ews-envelope.xsd", dir) < 0)
        abort();
    struct sx_schema *s = xalloc(sizeof(*s));
    s->parser = xmlSchemaNewParserCtxt(path);
    if (s->parser)
        xmlSchemaSetParserStructuredErrors(s->parser, remember, &first);
    s->schema = s->parser ? xmlSchemaParse(s->parser) : NULL;
    s->valid = s->schema ? xmlSchemaNewValidCtxt(s->schema) : NULL;
    if (!s->valid) {
        err_set(err, SCOPE_PROCESS, WHEN_NEVER, "sim.schema", "cannot compile %s: %s", path,
                first.text);
        sx_schema_free(s);
        return NULL;
    }
    return s;
}

void sx_schema_free(struct sx_schema *s)
{
    if (!s)
        return;
    if (s->valid)
        xmlSchemaFreeValidCtxt(s->valid);
    if (s->schema)
        xmlSchemaFree(s->schema);
    if (s->parser)
        xmlSchemaFreeParserCtxt(s->parser);
    free(s);
}

bool sx_schema_check(struct sx_schema *s, xmlDoc *doc, struct sx_fail *fail)
{
    struct first_error first = {0};
    xmlSchemaSetValidStructuredErrors(s->valid, remember, &first);
    if (xmlSchemaValidateDoc(s->valid, doc) == 0)
        return true;
    autovalue(str_release) struct str xml = STR_INIT(sizeof(fail->xml) - 1);
    str_addf(&xml,
             "<t:Value Name=\"LineNumber\">%d</t:Value><t:Value Name=\"LinePosition\">%d</t:Value>",
             first.line, first.column);
    str_puts(&xml, "<t:Value Name=\"Violation\">");
    sx_escape(&xml, first.text);
    str_puts(&xml, "</t:Value>");
    sx_refuse(fail, "ErrorSchemaValidation", "The request failed schema validation: %s",
              first.text);
    if (!xml.over)
        memcpy(fail->xml, xml.p, xml.n + 1);
    return false;
}
