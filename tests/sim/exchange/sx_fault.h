/*
 * sx_fault: the fault plan. Each fault names what goes wrong, for which calls, from which one on
 * and how often.
 *
 * Whether a probable fault fires depends on the seed, the fault, the mailbox and the number of the
 * call for that mailbox only: not on how calls of different mailboxes interleave. The first fault
 * that fires takes the call.
 */
#ifndef SYNC_SIM_SX_FAULT_H
#define SYNC_SIM_SX_FAULT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/base/err.h"

enum sx_fault_kind {
    SX_FAULT_NONE,
    SX_FAULT_DROP_AFTER_SAVE,   /* save, then close the connection without a byte */
    SX_FAULT_LATE_ANSWER,       /* save now, answer ms later */
    SX_FAULT_LATE_SAVE,         /* close now, save ms later */
    SX_FAULT_RESET_BEFORE_SAVE, /* RST, nothing is saved */
    SX_FAULT_HALF_BATCH,        /* save the first half, ErrorBatchProcessingStopped for the rest */
    SX_FAULT_HALF_BATCH_DROP,   /* save the first half, then close without a byte */
    SX_FAULT_WRONG_COUNT,       /* save all, leave the last response message out */
    SX_FAULT_HTTP_503,          /* nothing is saved; retry_after */
    SX_FAULT_HTTP_502,          /* saved */
    SX_FAULT_HTTP_STATUS,       /* status, with location too; nothing is saved */
    SX_FAULT_SERVER_BUSY,       /* shape fault, message or item; back_off_ms; nothing is saved */
    SX_FAULT_ITEM_ERROR,     /* code for the items of item_first, item_every; the others are done */
    SX_FAULT_SOAP_FAULT,     /* code; nothing is saved */
    SX_FAULT_HTML_200,       /* a login page; nothing is saved */
    SX_FAULT_TRUNCATED_XML,  /* saved; a complete HTTP answer with half the XML */
    SX_FAULT_TRUNCATED_BODY, /* saved; the connection ends in the middle of the body */
    SX_FAULT_DTD,            /* saved; the answer has a DOCTYPE */
    SX_FAULT_ENTITY_BOMB,    /* saved; the DOCTYPE defines nested entities, the answer uses them */
    SX_FAULT_BAD_CHARREF,    /* saved; the answer holds &#x1F; */
    SX_FAULT_LONG_IDS,       /* items of this call get ids of 512 bytes */
    SX_FAULT_KINDS,
};

struct sx_hit { /* the fault that takes a call */
    enum sx_fault_kind kind;
    const char *code, *shape; /* borrowed from the plan; static defaults */
    uint32_t ms, back_off_ms;
    int status, retry_after;
    unsigned item_first, item_every; /* items item_first, item_first + item_every ... (from 1);
                                        every 0: only that one */
    const char *location;            /* http_status: "" none */
    const char *field; /* item_error: only items that carry it, whichever their number,
                          and the answer names it: "contacts:JobTitle",
                          "contacts:PhoneNumber:MobilePhone"; "" any */
};

struct sx_faults;

struct sx_faults *sx_faults_new(uint64_t seed);
void sx_faults_free(struct sx_faults *f);
/* One fault from JSON ({"fault":"drop_after_save","op":"CreateItem","nth":2,"times":1,...}); -1
 * with *err. */
int sx_faults_add(struct sx_faults *f, const json_t *fault, struct err *err) must_check;
/* The same from text: "drop_after_save,op=CreateItem,nth=2,times=1". */
int sx_faults_add_text(struct sx_faults *f, const char *text, struct err *err) must_check;
void sx_faults_clear(struct sx_faults *f);
json_t *sx_faults_json(
    const struct sx_faults *f); /* the plan with hits and calls seen; caller json_decrefs */
/* nth_of_mailbox: number of this call for its mailbox, from 1. address may be NULL. */
struct sx_hit
sx_faults_match(struct sx_faults *f, const char *op, const char *address, uint64_t nth_of_mailbox);
const char *sx_fault_name(enum sx_fault_kind kind);
bool sx_fault_item(const struct sx_hit *hit,
                   size_t i); /* item_error (or busy items) wants item i (from 0); one of a field:
                                 sx_fault_field.h says */

#endif
