/*
 * report_photos: how far the pictures are. For the tool and the pages; counts only.
 */
#ifndef SYNC_DRV_REPORT_PHOTOS_H
#define SYNC_DRV_REPORT_PHOTOS_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"

struct arena;
struct pg;

struct report_photo_code {
    const char *code;
    int64_t n;
};

struct report_photos {
    int64_t people;    /* whose picture is to be read from Rock */
    int64_t mailboxes; /* that may have pictures to write */
    int64_t held;      /* contacts that have their picture */
    /* Pictures that could not be read or are of no use, by why ("gone", "refused"). */
    struct report_photo_code *unread;
    /* Contacts that are left without, by why ("photo.own": the user's own is there). */
    struct report_photo_code *left;
    size_t n_unread, n_left;
};

/* Sequential (turns the loop). */
int report_photos(struct pg *pg, struct arena *a, struct report_photos *ret, struct err *err)
    must_check;

#endif
