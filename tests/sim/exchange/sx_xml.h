/*
 * sx_xml: reading a request's tree (libxml2) and writing answers.
 *
 * Nodes are found by namespace and local name, never by prefix. Texts are borrowed from the tree or
 * live in the arena.
 */
#ifndef SYNC_SIM_SX_XML_H
#define SYNC_SIM_SX_XML_H

#include <libxml/tree.h>
#include <stdbool.h>
#include <stddef.h>

#include "common/base/arena.h"
#include "common/base/str.h"

#define SX_NS_SOAP   "http://schemas.xmlsoap.org/soap/envelope/"
#define SX_NS_M      "http://schemas.microsoft.com/exchange/services/2006/messages"
#define SX_NS_T      "http://schemas.microsoft.com/exchange/services/2006/types"
#define SX_NS_ERRORS "http://schemas.microsoft.com/exchange/services/2006/errors"

enum { SX_FAIL_XML = 640, SX_MAX_ANSWER = 1 << 30 }; /* bytes */

struct sx_fail {      /* why an item or a request is refused */
    const char *code; /* static: "ErrorInvalidPropertySet"; NULL = nothing wrong */
    char text[256];
    char xml[SX_FAIL_XML]; /* content of MessageXml, "" = none */
};

/* Fills *fail and returns false, so that `return sx_refuse(...)` reads well. code must be static.
 */
bool sx_refuse(struct sx_fail *fail, const char *code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/*
 * Parses a request. Refused: anything not well-formed, characters XML 1.0 forbids, a DOCTYPE.
 * @return NULL with *fail (ErrorSchemaValidation, MessageXml with the place)
 */
xmlDoc *sx_xml_parse(const char *p, size_t n, struct sx_fail *fail);

bool sx_is(const xmlNode *n, const char *ns, const char *name);
xmlNode *sx_first(const xmlNode *parent);                   /* first element child */
xmlNode *sx_next(const xmlNode *n);                         /* next element sibling */
xmlNode *sx_child(const xmlNode *parent, const char *name); /* in types or messages; NULL */
size_t sx_children(const xmlNode *parent);                  /* number of element children */
const char *sx_attr(const xmlNode *n, const char *name);    /* without a namespace; NULL */
const char *sx_text(const xmlNode *n, struct arena *a);     /* "" when empty */

void sx_escape(struct str *out,
               const char *text); /* for text and attribute values in double quotes */
/* <t:name>text</t:name>; nothing when text is NULL */
void sx_element(struct str *out, const char *name, const char *text);
void sx_date(struct str *out,
             const char *name,
             int64_t unix_ms); /* the same, "2026-01-05T01:02:03Z" */

#endif
