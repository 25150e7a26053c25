/* world_exchange_p: the model of Exchange (world_exchange.c), and what it does with pictures
 * (world_exchange_photo.c). */
#ifndef SYNC_TESTS_SUPPORT_WORLD_EXCHANGE_P_H
#define SYNC_TESTS_SUPPORT_WORLD_EXCHANGE_P_H

#include <sys/queue.h>

#include "tests/support/world_exchange.h"

struct exchange_look { /* at an item, before a picture is put there */
    bool put;          /* one is to be put ... */
    char version[24];  /* ... if the item is still this one */
};

struct exchange_call { /* an answer on its way */
    LIST_ENTRY(exchange_call) list;
    struct loop_timer *timer;
    struct loop_timer *hand; /* the second half of a call for pictures */
    struct arena *arena;
    struct exchange *x;
    struct exchange_box *box; /* photos */
    const struct store_photo *photos;
    struct exchange_look *looks;
    struct store_result *result;
    struct store_listed *listed;
    size_t n;
    struct store_identity identity;
    enum outcome outcome;
    struct err err;
    uint32_t took_ms;
    store_apply_done apply_done;
    store_list_done list_done;
    store_identify_done identify_done;
    store_legacy_done legacy_done;
    void *user;
};

struct exchange {
    struct contact_store base;
    struct loop *l;
    uint32_t latency_ms;
    LIST_HEAD(, exchange_call) calls;
    vec(struct exchange_box *) boxes;
    uint64_t serial;
    exchange_judge judge;
    exchange_photo_judge judge_photo;
    void *judge_user;
    struct exchange_counts counts;
    char wrong[200];
};

struct exchange_call *exchange_begin(struct exchange *x, void *user);
/* NULL: there is none under that id, or it lies in the trash. */
struct exchange_item *exchange_find(const struct exchange_box *b, const char *id);
void exchange_touch(struct exchange *x, struct exchange_item *it); /* its version is another one */
void exchange_refuse(struct store_result *r, enum outcome o, const char *code);
/* The port's photo. */
void exchange_photo(struct contact_store *s,
                    const struct store_mailbox *mb,
                    const struct store_photo *photos,
                    size_t n,
                    uint32_t timeout_ms,
                    store_apply_done done,
                    void *user);

#endif
