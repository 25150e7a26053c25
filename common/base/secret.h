/*
 * secret: text that nobody else may read: on pages of its own, left out of core dumps, kept out of
 * swap as far as the system allows, wiped when freed.
 *
 * Libraries that are handed a secret copy it into memory of theirs; a program that holds one
 * therefore forbids core dumps as well (secret_no_core).
 */
#ifndef SYNC_BASE_SECRET_H
#define SYNC_BASE_SECRET_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/cleanup.h"

struct secret;

/* Copies n bytes and a NUL. */
struct secret *secret_new(const char *text, size_t n);
void secret_free(struct secret *s);              /* NULL is fine */
const char *secret_text(const struct secret *s); /* "" for NULL; borrowed */
/* In a time that does not tell where they differ. */
bool secret_equal(const struct secret *a, const struct secret *b);
/* No core dump of this process, and no debugger of the same user. */
void secret_no_core(void);
CLEANUP_DEFINE(struct secret, secret_free);

#endif
