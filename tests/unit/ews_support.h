/*
 * ews_support: what the tests of the EWS driver share: builders, XPath over a document, the schema.
 */
#ifndef SYNC_TESTS_UNIT_EWS_SUPPORT_H
#define SYNC_TESTS_UNIT_EWS_SUPPORT_H

#include <libxml/parser.h>
#include <libxml/xmlschemas.h>
#include <libxml/xpath.h>
#include <libxml/xpathInternals.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/base/cleanup.h"
#include "common/base/str.h"

#include "common/port/contact_store.h"
#include "worker/ews/ews_encode.h"

#define EWS_TEST_SCHEMA "../shared/ews-schema/envelope/ews-envelope.xsd"
#define EWS_TEST_HASH   "1:0123456789abcdef:00112233445566778899aabbccddeeff"

static const struct ews_target ews_test_target = {"Exchange2013_SP1", "pat.rivera@church.example",
                                                  "AAMkFolder="};

static inline struct guid ews_test_key(unsigned i)
{
    struct guid g = {{0x0b, 0x7f, 0x2c, 0x1e, 0x5d, 0x0c, 0x4f, 0x0a, 0x9a, 0x43, 0x1f, 0x5f}};
    g.b[14] = (uint8_t)(i >> 8);
    g.b[15] = (uint8_t)i;
    return g;
}

/* Every field has a value that names it. */
static inline struct contact ews_test_contact(void)
{
    static const struct contact c = {{
        [CONTACT_FILE_AS] = "Nakamura, Aiko",
        [CONTACT_DISPLAY_NAME] = "Nakamura, Aiko",
        [CONTACT_GIVEN_NAME] = "Aiko",
        [CONTACT_MIDDLE_NAME] = "R.",
        [CONTACT_SURNAME] = "Nakamura",
        [CONTACT_SUFFIX] = "Jr.",
        [CONTACT_TITLE] = "Dr.",
        [CONTACT_COMPANY] = "Riverside & Sons",
        [CONTACT_JOB_TITLE] = "Deacon",
        [CONTACT_EMAIL] = "aiko@example.org",
        [CONTACT_PHONE_MOBILE] = "+12175550103",
        [CONTACT_PHONE_HOME] = "+12175550102",
        [CONTACT_PHONE_HOME2] = "+12175550104",
        [CONTACT_PHONE_BUSINESS] = "(217) 555-0101 x114",
        [CONTACT_PHONE_OTHER] = "+12175550105",
        [CONTACT_HOME_STREET] = "12 Mill Lane\nApt 4",
        [CONTACT_HOME_CITY] = "Springfield",
        [CONTACT_HOME_STATE] = "IL",
        [CONTACT_HOME_POSTAL] = "62701",
        [CONTACT_HOME_COUNTRY] = "US",
        [CONTACT_WORK_STREET] = "1 Church Road",
        [CONTACT_WORK_CITY] = "Decatur",
        [CONTACT_WORK_STATE] = "IL",
        [CONTACT_WORK_POSTAL] = "62521",
        [CONTACT_WORK_COUNTRY] = "US",
        [CONTACT_BIRTHDAY] = "1984-03-09",
        [CONTACT_ANNIVERSARY] = "2010-06-19",
    }};
    return c;
}

static inline struct store_op ews_test_op(unsigned i, const struct contact *after)
{
    return (struct store_op){
        .tag = 100 + i,
        .key = ews_test_key(i),
        .hash = EWS_TEST_HASH,
        .after = after,
        .changed = (UINT64_C(1) << CONTACT_FIELD_COUNT) - 1,
        .cats_before = "",
        .cats_after = "",
        .item_id = "AAMkItem1=",
        .version = "EQAAABYx",
    };
}

static inline void ews_test_namespaces(xmlXPathContextPtr x)
{
    static const struct {
        const char *prefix, *uri;
    } all[] = {
        {"s", "http://schemas.xmlsoap.org/soap/envelope/"},
        {"m", "http://schemas.microsoft.com/exchange/services/2006/messages"},
        {"t", "http://schemas.microsoft.com/exchange/services/2006/types"},
    };
    for (size_t i = 0; i < ARRAY_LEN(all); i++)
        xmlXPathRegisterNs(x, (const xmlChar *)all[i].prefix, (const xmlChar *)all[i].uri);
}

/* The expression as a string; "no document" when the text is none. Caller frees. */
static inline char *ews_test_xpath(const struct str *text, const char *expression)
{
    xmlDocPtr doc =
        xmlReadMemory(text->p, (int)text->n, NULL, NULL, XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
    if (!doc)
        return xstrdup("no document");
    xmlXPathContextPtr x = xmlXPathNewContext(doc);
    ews_test_namespaces(x);
    xmlXPathObjectPtr o = xmlXPathEvalExpression((const xmlChar *)expression, x);
    xmlChar *s = o ? xmlXPathCastToString(o) : NULL;
    char *r = xstrdup(s ? (const char *)s : "no such expression");
    xmlFree(s);
    xmlXPathFreeObject(o);
    xmlXPathFreeContext(x);
    xmlFreeDoc(doc);
    return r;
}

static inline bool ews_test_schema_there(void)
{
    if (access(EWS_TEST_SCHEMA, R_OK) == 0)
        return true;
    printf("SKIPPED: the EWS schema is not at " EWS_TEST_SCHEMA "\n");
    return false;
}

/* NULL: valid. Otherwise the first complaint, to be freed. */
static inline void ews_test_complain(void *user, xmlErrorPtr e)
{
    char **first = user;
    if (!*first)
        *first = xstrdup(e->message);
}

static inline char *ews_test_invalid(const char *text, size_t n)
{
    static xmlSchemaPtr schema;
    char *first = NULL;
    if (!schema) {
        xmlSchemaParserCtxtPtr p = xmlSchemaNewParserCtxt(EWS_TEST_SCHEMA);
        schema = xmlSchemaParse(p);
        xmlSchemaFreeParserCtxt(p);
    }
    xmlDocPtr doc =
        xmlReadMemory(text, (int)n, NULL, NULL, XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
    if (!doc)
        return xstrdup("not well-formed");
    xmlSchemaValidCtxtPtr v = xmlSchemaNewValidCtxt(schema);
    xmlSchemaSetValidStructuredErrors(v, ews_test_complain, &first);
    if (xmlSchemaValidateDoc(v, doc) != 0 && !first)
        first = xstrdup("invalid");
    xmlSchemaFreeValidCtxt(v);
    xmlFreeDoc(doc);
    return first;
}

#endif
