/*
 * sx_shape: what a client asks to see of an item, and the item written so.
 */
#ifndef SYNC_SIM_SX_SHAPE_H
#define SYNC_SIM_SX_SHAPE_H

#include "tests/sim/exchange/sx_content.h"
#include "tests/sim/exchange/sx_fields.h"
#include "tests/sim/exchange/sx_path.h"

struct sx_attachment;
struct sx_item;

struct sx_shape {             /* all memory in the arena it was read into */
    bool want[SX_MAX_FIELDS]; /* whole fields */
    uint32_t *indexed;        /* codes of single entries */
    struct sx_path *extended;
    size_t n_indexed, n_extended;
    bool finding; /* FindItem: no bodies and attachments, texts cut at 255 characters */
    bool old;     /* asked as by an Exchange 2007 client: no word of contact photos */
};

/* Reads ItemShape into a zeroed shape. False with *fail. */
bool sx_shape_read(const xmlNode *shape,
                   bool finding,
                   struct arena *a,
                   struct sx_shape *ret,
                   struct sx_fail *fail);
void sx_item_write(struct str *out,
                   const struct sx_item *it,
                   const struct sx_shape *s);                     /* <t:Contact>... */
void sx_item_id_write(struct str *out, const struct sx_item *it); /* <t:ItemId .../> */
/* <t:FileAttachment>... as GetItem and GetAttachment show it. with_content: its bytes, too. */
void sx_attachment_write(struct str *out,
                         const struct sx_item *it,
                         const struct sx_attachment *a,
                         bool old,
                         bool with_content);
/* Value of a path as text, for restrictions and sorting: NULL when absent. scratch: at least
 * TM_TEXT bytes */
const char *sx_item_value(const struct sx_item *it, const struct sx_path *p, char *scratch);

#endif
