/*
 * report_audit: what the rows say lies in one mailbox, and the word that has it looked through and
 * mended; for `contact-sync audit`. Sequential (turns the loop).
 */
#ifndef SYNC_DRV_REPORT_AUDIT_H
#define SYNC_DRV_REPORT_AUDIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"

#include "common/core/audit.h"

struct arena;
struct pg;

struct report_audit {
    const char *folder_id, *endpoint; /* NULL: not known yet: nothing was written there so far */
    struct audit_row *rows;           /* ascending by person */
    bool *open;                       /* of each: a write is under way or not settled */
    size_t n;
};

/* Strings and arrays in a. */
int report_audit_rows(struct pg *pg,
                      struct arena *a,
                      int64_t mailbox,
                      struct report_audit *ret,
                      struct err *err) must_check;
/*
 * A worker lists the whole mailbox next and mends what it finds (first contact, ledger.h).
 * @ret_asked  false: no link is left in this mailbox to carry the word
 */
int report_audit_repair(struct pg *pg, int64_t mailbox, bool *ret_asked, struct err *err)
    must_check;

#endif
