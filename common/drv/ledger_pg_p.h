/*
 * ledger_pg_p: what the files of ledger_pg share: statements (ledger_pg_sql.c), operations
 * (ledger_pg.c; those on pictures, with their statements: ledger_pg_photo.c) and the rows that they
 * read (ledger_pg_read.c).
 */
#ifndef SYNC_DRV_LEDGER_PG_P_H
#define SYNC_DRV_LEDGER_PG_P_H

#include "common/drv/pg.h"
#include "common/port/ledger.h"

struct ledger_pg;

struct ledger_call { /* an open call; outlives the ledger when that is freed first */
    struct ledger_pg *l;
    struct ledger_call *prev, *next;
    union {
        ledger_taken taken;
        ledger_loaded loaded;
        ledger_listed listed;
        ledger_done done;
        ledger_legacy_done legacy;
        ledger_photos_done photos;
        ledger_beat_done beat;
    } fn;
    void *user;
    uint32_t max; /* load */
};

struct ledger_pg {
    struct ledger base;
    struct pg *pg;
    struct ledger_call *calls;
};

struct ledger_call *ledger_call_new(struct ledger *l, void *user);
/* Takes the call off the list into *ret and frees it. false: the ledger is gone, nobody to tell. */
bool ledger_call_end(void *user, struct ledger_call *ret);
void ledger_put_lease(struct pg_params *p, struct ledger_lease lease);
/* Runs `stmt` behind the lock of the mailbox row, in one transaction. */
void ledger_locked(struct ledger *l,
                   const struct pg_stmt *lock,
                   struct ledger_lease lease,
                   const struct pg_stmt *stmt,
                   const struct pg_params *p,
                   pg_done done,
                   struct ledger_call *c);
/* The last step of a locked operation says: ours? done? */
enum ledger_status
ledger_status_of(enum pg_status st, const struct pg_result *r, enum ledger_status undone);
/* For statements that say only: ours? */
void ledger_ours_done(enum pg_status st,
                      const struct pg_result *r,
                      const struct err *err,
                      void *user);

/* $1 and $2 are the mailbox and the lease's epoch where nothing else is said. */
extern const struct pg_stmt ledger_sql_lock;        /* the mailbox row; no row: fenced */
extern const struct pg_stmt ledger_sql_lock_folder; /* the same, to change folder_id */

extern const struct pg_stmt ledger_sql_take;  /* mailbox, owner, ttl */
extern const struct pg_stmt ledger_sql_taken; /* mailbox */
extern const struct pg_stmt ledger_sql_poke;
extern const struct pg_stmt ledger_sql_load; /* mailbox, max */
extern const struct pg_stmt ledger_sql_flight;
extern const struct pg_stmt ledger_sql_record;
extern const struct pg_stmt ledger_sql_renew;
extern const struct pg_stmt ledger_sql_release;
extern const struct pg_stmt ledger_sql_identify;
extern const struct pg_stmt ledger_sql_known; /* mailbox */
extern const struct pg_stmt ledger_sql_adopt_persons;
extern const struct pg_stmt ledger_sql_adopt;
extern const struct pg_stmt ledger_sql_unverify;
extern const struct pg_stmt ledger_sql_clear_rows;
extern const struct pg_stmt ledger_sql_cleared;
extern const struct pg_stmt ledger_sql_legacy; /* $3 marks, $4 how many */
extern const struct pg_stmt ledger_sql_beat;   /* owner, ttl */
extern const struct pg_stmt ledger_sql_alive;  /* none */

/* What a link's picture needs; of what was just recorded (n, in ledger_sql_record). */
#define LEDGER_PHOTO_NEED                                                                          \
    "SELECT FROM person_photo p LEFT JOIN link_photo o ON o.mailbox = $1 AND o.person = p.person"  \
    " WHERE p.person = n.person AND coalesce(p.hash, '\\x'::bytea) <>"                             \
    "  CASE WHEN o.person IS NULL OR o.hash = '\\x' THEN '\\x'::bytea"                             \
    "   WHEN o.item_id = n.item_id THEN o.hash ELSE '\\x00' END"                                   \
    " AND (o.item_id = n.item_id AND o.left_for = coalesce(p.hash, '\\x'::bytea)) IS NOT TRUE"

/* ledger_pg_photo.c: operations of the port. */
void ledger_pg_photos(struct ledger *l,
                      struct ledger_lease lease,
                      uint32_t max,
                      size_t max_bytes,
                      ledger_photos_done done,
                      void *user);
void ledger_pg_photo_flight(struct ledger *l,
                            struct ledger_lease lease,
                            uint32_t deadline_ms,
                            uint32_t ttl_ms,
                            const struct ledger_photo *photos,
                            size_t n,
                            ledger_done done,
                            void *user);
void ledger_pg_photo_record(struct ledger *l,
                            struct ledger_lease lease,
                            const struct ledger_photo_result *r,
                            size_t n,
                            bool flight_over,
                            ledger_done done,
                            void *user);
void ledger_pg_photo_over(
    struct ledger *l, struct ledger_lease lease, int64_t requested, ledger_done done, void *user);

/* ledger_pg_read.c. Texts are borrowed from r; arrays are the caller's (free). */
void ledger_read_mailbox(const struct pg_result *r, struct ledger_mailbox *ret);
struct ledger_link *ledger_read_links(const struct pg_result *r, size_t n);
struct ledger_known *ledger_read_known(const struct pg_result *r);

/* ledger_pg_put.c: the columns of a batch, as arrays. */
void ledger_put_intents(struct pg_params *p, const struct ledger_intent *in, size_t n);
void ledger_put_results(struct pg_params *p, const struct ledger_result *r, size_t n);
void ledger_put_found(struct pg_params *p, const struct ledger_found *f, size_t n, bool all);

#endif
