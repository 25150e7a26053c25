/*
 * report_lacks: fields of contacts that Exchange did not take and that were left out. For the tool
 * and the pages; names of fields and counts, nothing of a contact.
 */
#ifndef SYNC_DRV_REPORT_LACKS_H
#define SYNC_DRV_REPORT_LACKS_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"

struct arena;
struct pg;

struct report_lack {
    const char *address; /* of the mailbox */
    const char *fields;  /* "jobTitle", by comma */
    int64_t contacts;
};

/* Ascending by address, then fields; at most a thousand. Sequential (turns the loop). */
int report_lacks(struct pg *pg,
                 struct arena *a,
                 struct report_lack **ret,
                 size_t *n,
                 struct err *err) must_check;

#endif
