/*
 * ews_scrub: a request or an answer as it may be shown to an administrator: names of elements,
 * codes and structure stay, everything that a person or a secret could stand in is "...". Pure;
 * works on any bytes, whole or cut, XML or not.
 *
 * What stays: element and attribute names; the values of attributes that the schema defines (never
 * of Id and ChangeKey); the text of ResponseCode, faultcode, BaseShape, LineNumber, LinePosition
 * and of a Value of MessageXml (which has a Name). Everything that is not XML is told by its size.
 */
#ifndef SYNC_WORKER_EWS_SCRUB_H
#define SYNC_WORKER_EWS_SCRUB_H

#include <stddef.h>

#include "common/base/str.h"

/* Appends at most about max bytes, an element a line. */
void ews_scrub(const char *p, size_t n, size_t max, struct str *out);

#endif
