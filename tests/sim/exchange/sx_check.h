/*
 * sx_check: is a request a valid one? By the EWS schema when its files are at hand, and always by a
 * table of the structures that contact operations use (order, required parts, attribute values,
 * dates, FieldURIs).
 *
 * A refusal concerns the whole request: SOAP fault ErrorSchemaValidation with line and position,
 * nothing was done.
 */
#ifndef SYNC_SIM_SX_CHECK_H
#define SYNC_SIM_SX_CHECK_H

#include "common/base/err.h"

#include "tests/sim/exchange/sx_xml.h"

struct sx_schema;

/* Compiles DIR/envelope/ews-envelope.xsd (about 30 ms). NULL with *err. */
struct sx_schema *sx_schema_load(const char *dir, struct err *err) must_check;
void sx_schema_free(struct sx_schema *s);
/* False with *fail. */
bool sx_schema_check(struct sx_schema *s, xmlDoc *doc, struct sx_fail *fail);
bool sx_structure_check(const xmlDoc *doc, struct arena *a, struct sx_fail *fail);

#endif
