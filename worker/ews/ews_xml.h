/*
 * ews_xml: writes text into XML so that nothing illegal can pass, straight into a struct str.
 *
 * libxml2's writer escapes markup but not characters: control characters, broken UTF-8 and
 * surrogates go out as they are and the server refuses the whole request. Here every byte is
 * judged, at a quarter of the time (tests/bench/ews_bench.c).
 *
 * What is not an XML 1.0 Char, and what is not UTF-8, becomes U+FFFD; CRLF and CR become LF.
 * @source  XML 1.0 section 2.2; reference/ews.md section 15
 */
#ifndef SYNC_WORKER_EWS_XML_H
#define SYNC_WORKER_EWS_XML_H

#include <stddef.h>

#include "common/base/str.h"

void ews_xml_text(struct str *out, const char *z); /* element content; NULL writes nothing */
void ews_xml_attr(struct str *out, const char *z); /* inside "..." */
void ews_xml_attr_n(struct str *out, const char *p, size_t n); /* a slice, inside "..." */
void ews_xml_text_n(struct str *out, const char *p, size_t n);

/* A string literal, without strlen. */
#define ews_xml_lit(out, literal) str_add((out), "" literal, sizeof(literal) - 1)

#endif
