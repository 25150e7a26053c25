/*
 * sx_content: what one contact holds: values by code (sx_fields) and extended properties. A value
 * type: init, copy, release. Updates work on a copy and replace the item's content at once, so a
 * failed update changes nothing.
 */
#ifndef SYNC_SIM_SX_CONTENT_H
#define SYNC_SIM_SX_CONTENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/cleanup.h"
#include "common/base/vec.h"

struct digest;

/* vec_foreach that also walks a vec inside a const struct. */
#define sx_foreach(it, x) for (__typeof__(*(x)->v) *it = (x)->v; it && it < (x)->v + (x)->n; it++)

/* Identity of an extended property. Equal text = same property (design section 11: the product's
 * own are keyed so). */
#define SX_KEY_PROPERTY  "38b99066-ef57-4efc-a07f-0e0f6a97188e/RockSyncKey/String"
#define SX_HASH_PROPERTY "38b99066-ef57-4efc-a07f-0e0f6a97188e/RockSyncHash/String"
#define SX_TITLE_TAG     "tag/0x3a45/String"

struct sx_value {
    uint32_t code;
    char *text;
};
struct sx_extended {
    char *id;   /* "<set guid>/<name>/<type>", "<set guid>/#<id>/<type>" or "tag/0x<hex>/<type>" */
    char *text; /* entries of an array type are joined by U+001F, which XML cannot carry */
};
#define SX_ARRAY_SEPARATOR "\x1f"

struct sx_content {
    vec(struct sx_value) values;      /* ascending by code, so in schema order */
    vec(struct sx_extended) extended; /* in order of arrival */
};

void sx_content_release(struct sx_content *c); /* zeroed afterwards */
void sx_content_copy(struct sx_content *to,
                     const struct sx_content *from);                   /* to: zeroed or released */
const char *sx_content_get(const struct sx_content *c, uint32_t code); /* NULL when absent */
void sx_content_set(struct sx_content *c,
                    uint32_t code,
                    const char *text);                        /* copies; NULL removes */
void sx_content_clear_field(struct sx_content *c, int field); /* all its keys and parts */
/* Values of one field: [*first, *end) in c->values. */
void sx_content_range(const struct sx_content *c, int field, size_t *ret_first, size_t *ret_end);
const char *sx_content_extended(const struct sx_content *c, const char *id);
void sx_content_set_extended(struct sx_content *c,
                             const char *id,
                             const char *text); /* NULL removes */
bool sx_content_equal(const struct sx_content *a, const struct sx_content *b);
void sx_content_digest(const struct sx_content *c, struct digest *d); /* every byte, unambiguous */
CLEANUP_VALUE(struct sx_content, sx_content_release);

#endif
