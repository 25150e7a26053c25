/*
 * doctor: the parts of `contact-sync doctor`, one for each thing that the product stands on. Each
 * adds its steps to the list; nothing is changed anywhere, but for a marked contact that is written
 * and deleted where a mailbox was named.
 */
#ifndef SYNC_CLI_DOCTOR_H
#define SYNC_CLI_DOCTOR_H

#include "common/app/app.h"
#include "common/core/checkup.h"

void doctor_postgres(struct app *app, struct checkup *c);
void doctor_kafka(struct app *app, struct checkup *c);
void doctor_rock(struct app *app, struct checkup *c);
/* The mailbox tested by a worker instead of by this process: through the rows and the queue. a: of
 * the steps' names. */
void doctor_worker(struct app *app, struct arena *a, const char *mailbox, struct checkup *c);

#endif
