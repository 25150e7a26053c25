/*
 * business: the business number of a contact, by the church's Lava template.
 *
 * The template is checked when the settings are read: what cannot be parsed, what would differ from
 * night to night or from mailbox to mailbox, and what only Rock can render (unless lava.server says
 * that Rock shall) is refused with line and column. A failure on one person is that person's alone.
 */
#ifndef SYNC_PRODUCER_BUSINESS_H
#define SYNC_PRODUCER_BUSINESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/cleanup.h"
#include "common/base/digest.h"
#include "common/base/err.h"

struct arena;
struct conf;
struct dir_person;
struct directory_source;
struct business;

/*
 * Reads business_phone_lava or business_phone_lava_file, lava.global and lava.server.
 *
 * @ret     NULL with a blank template: contacts have no business number
 * @return  -1 with code "conf": the setting, where it stands, and "line:column: " of what is
 * refused
 */
int business_new(const struct conf *c, struct business **ret, struct err *err) must_check;
void business_free(struct business *b); /* NULL is fine */
CLEANUP_DEFINE(struct business, business_free);

/* Keys of person attributes that the template reads; borrowed. NULL has none. */
/* What the check warns of first (a filter that Lava does not have ...), with line and column; NULL:
 * nothing. */
const char *business_warning(const struct business *b);
/* Rock renders this template, so the source must be Rock. */
bool business_needs_server(const struct business *b);
const char *const *business_attributes(const struct business *b, size_t *ret_n);
/* Covers the template and all else that the number depends on beside the person; NULL too. */
void business_fingerprint(const struct business *b, struct sha256 *ret);

struct business_text {
    const char *text; /* as rendered; blank or NULL: no number */
    bool failed;      /* then there is no text, and what the person had should stay */
};

/*
 * Renders people[i] into ret[i], texts in a.
 *
 * @source  for templates that Rock renders; turns the loop then
 * @now_ms  wall clock when the people were read
 * @failed  why one of those failed that did; untouched when none did
 * @return  -1 only when Rock, who should render, is out of reach or refuses altogether
 */
int business_render(struct business *b,
                    struct directory_source *source,
                    const struct dir_person *people,
                    size_t n,
                    int64_t now_ms,
                    struct arena *a,
                    struct business_text *ret,
                    struct err *failed,
                    struct err *err) must_check;

#endif
