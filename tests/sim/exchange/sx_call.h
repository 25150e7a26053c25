/*
 * sx_call: one EWS request on its way through the simulator, and the operations that answer it.
 *
 * sx_service.c makes it from the HTTP request (login, parsing, checks, mailbox, fault plan, service
 * time), an operation writes one response message per item, sx_soap.c puts the envelope around it.
 */
#ifndef SYNC_SIM_SX_CALL_H
#define SYNC_SIM_SX_CALL_H

#include "tests/sim/exchange/sx_fault.h"
#include "tests/sim/exchange/sx_xml.h"

struct sim_req;
struct sx;
struct sx_call;
struct sx_folder;
struct sx_item;
struct sx_mailbox;

struct sx_op {
    const char *name;  /* "CreateItem" */
    const char *list;  /* child whose children are the items; NULL: the operation is one item */
    const char *empty; /* what follows the response code in a message that failed: "<m:Items/>" */
    bool writes;
    /* What concerns all items; false with *fail: every item fails with it. NULL = nothing. */
    bool (*prepare)(struct sx_call *c, struct sx_fail *fail);
    /* Does one item and appends what follows the response code. False with *fail, nothing was done.
     */
    bool (*one)(struct sx_call *c, const xmlNode *item, struct str *out, struct sx_fail *fail);
};

struct sx_call {
    struct sx *x;
    struct sim_req *req; /* NULL once answered or cut off */
    struct arena *arena;
    xmlDoc *doc;
    const xmlNode *body; /* the operation's element */
    const struct sx_op *op;
    struct sx_mailbox *mb;
    struct sx_hit hit; /* what the fault plan wants of this call */
    size_t items;      /* how many the request holds */
    void *prepared;    /* the operation's own, in the arena */
    struct sx_folder *folder;
    bool in_flight, late_save;
    bool old; /* asked as by an Exchange 2007 client */
};

const struct sx_op *sx_op_find(const char *name); /* NULL: not simulated */
const struct sx_op *sx_op_at(size_t i);           /* NULL at the end */

/* Runs the operation: appends its response messages. */
void sx_run(struct sx_call *c, struct str *out);
/* One response message without content of its own. cls: "Error", "Warning". */
void sx_message(const struct sx_call *c,
                const char *cls,
                const struct sx_fail *fail,
                struct str *out);

/* FolderId or DistinguishedFolderId inside parent, in this call's mailbox; NULL with *fail,
 * `missing` when not found. */
struct sx_folder *
sx_call_folder(struct sx_call *c, const xmlNode *id, const char *missing, struct sx_fail *fail);
struct sx_item *sx_call_item(struct sx_call *c, const xmlNode *id, struct sx_fail *fail);
struct sx_item *sx_call_item_named(struct sx_call *c, const char *id, struct sx_fail *fail);
void sx_folder_ref(struct str *out,
                   const char *element,
                   const struct sx_folder *f); /* <t:FolderId .../> */
int64_t sx_wall_ms(void);

/* The tables of sx_op_*.c */
extern const struct sx_op sx_item_ops[], sx_find_ops[], sx_folder_ops[], sx_attachment_ops[];

#endif
