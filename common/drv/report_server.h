/*
 * report_server: what kind of PostgreSQL there is and how it is set; for the doctor.
 */
#ifndef SYNC_DRV_REPORT_SERVER_H
#define SYNC_DRV_REPORT_SERVER_H

#include <stdbool.h>

#include "common/base/err.h"

struct pg;

struct report_server {
    char version[64];
    bool fsync;      /* the server writes to the disk at all when it says so */
    bool durable;    /* synchronous_commit is on for our sessions */
    bool turned_off; /* database or user have synchronous_commit off; our sessions turn it on, where
                        no pooler stands between */
};

int report_server(struct pg *pg, struct report_server *ret, struct err *err) must_check;

#endif
