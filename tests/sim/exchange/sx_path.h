/*
 * sx_path: FieldURI, IndexedFieldURI and ExtendedFieldURI, read and judged by the rules no schema
 * has.
 */
#ifndef SYNC_SIM_SX_PATH_H
#define SYNC_SIM_SX_PATH_H

#include "tests/sim/exchange/sx_xml.h"

struct sx_content;

enum sx_path_kind {
    SX_PATH_FIELD,    /* item: or contacts:, field is set */
    SX_PATH_INDEXED,  /* code is set */
    SX_PATH_EXTENDED, /* extended is set */
    SX_PATH_FOLDER,   /* folder:... */
    SX_PATH_OTHER,    /* of another kind of item: never has a value */
};

struct sx_path {
    enum sx_path_kind kind;
    const xmlNode *node; /* the element, for echoing */
    const char *uri;     /* FieldURI attribute, NULL for extended */
    int field;           /* of code too */
    uint32_t code;
    const char *extended; /* sx_content's identity, in the arena */
    const char *type;     /* "String"; extended only */
};

bool sx_is_path(const xmlNode *n);
/*
 * @return false with *fail: ErrorInvalidExtendedProperty, ErrorNoPropertyTagForCustomProperties,
 *         ErrorUnsupportedMapiPropertyType; ErrorInvalidPropertyRequest for an unknown index
 */
bool sx_path_read(const xmlNode *n, struct arena *a, struct sx_path *ret, struct sx_fail *fail);
void sx_path_write(struct str *out, const struct sx_path *p);      /* the element as it came */
void sx_path_blame(struct sx_fail *fail, const struct sx_path *p); /* names it in MessageXml */
bool sx_path_writable(const struct sx_path *p,
                      struct sx_fail *fail); /* for a Set: ErrorInvalidPropertySet ... */
/* Value of an extended property element after the type's rules; NULL with *fail. Array types:
 * joined. */
const char *sx_extended_value(const xmlNode *property,
                              const struct sx_path *p,
                              struct arena *a,
                              struct sx_fail *fail);
/* The ExtendedProperty element of a value, with the path as asked for. */
void sx_extended_write(struct str *out, const struct sx_path *p, const char *text);

#endif
