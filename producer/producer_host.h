/*
 * producer_host: a producer with its drivers, built from settings: PostgreSQL plan store, Rock
 * reader (or fixture), producer. For contact-sync-producer, `contact-sync up` and the verbs that
 * plan.
 */
#ifndef SYNC_PRODUCER_PRODUCER_HOST_H
#define SYNC_PRODUCER_PRODUCER_HOST_H

#include "common/app/app.h"
#include "producer/producer.h"

struct producer_host {
    struct app *app;
    struct pg *pg;
    struct plan_store *store;
    struct directory_source *source;
    struct business *business; /* NULL: no template */
    struct job *job;
    struct producer_settings settings;
    struct producer *producer; /* NULL without a queue */
};

/* What can be wrong with the settings alone, before anything is reached. */
int producer_host_check(struct app *app, struct err *err) must_check;
/* Connects, checks the schema, opens the source. @queue borrowed; NULL: for verbs that only plan.
 */
int producer_host_open(struct producer_host *h,
                       struct app *app,
                       struct queue *queue,
                       struct err *err) must_check;
void producer_host_close(struct producer_host *h);
/* The source that settings name: Rock, or source.fixture. */
int producer_host_source(struct app *app,
                         struct directory_source **ret,
                         struct err *err) must_check;

/* main() of contact-sync-producer. */
int producer_program(int argc, char **argv);

#endif
