/*
 * phones_valid: libphonenumber's judgement, for the lint alone and only in builds with
 * CONTACT_SYNC_LIBPHONENUMBER (docs/adr/0015-libphonenumber.md).
 */
#ifndef SYNC_CLI_PHONES_VALID_H
#define SYNC_CLI_PHONES_VALID_H

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Whether a number in E.164 form is one that its country's plan has in use. */
bool phones_valid(const char *e164);

#ifdef __cplusplus
}
#endif

#endif
