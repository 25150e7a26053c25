/*
 * phone_report: the lint over everybody whom the users' choices bring into a mailbox. Reads Rock
 * and writes nothing.
 */
#ifndef SYNC_PRODUCER_PHONE_REPORT_H
#define SYNC_PRODUCER_PHONE_REPORT_H

#include "common/core/phone_lint.h"
#include "producer/run.h"

struct phone_report {
    phone_finding_fn *found;         /* in order of Person.Id; texts live for the call */
    bool (*valid)(const char *e164); /* NULL: only the widths of countries count */
    void (*progress)(const char *phase, size_t done, size_t of, void *user); /* may be NULL */
    void *user;

    size_t people, numbers, findings; /* results */
};

int phone_report(const struct run_parts *parts,
                 const struct run_settings *s,
                 struct phone_report *report,
                 struct err *err) must_check;

#endif
