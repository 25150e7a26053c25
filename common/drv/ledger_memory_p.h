/* ledger_memory_p: the rows (ledger_memory_rows.c), what operations do to them
 * (ledger_memory_rules.c, pictures: ledger_memory_photo.c), and the port (ledger_memory.c). */
#ifndef SYNC_DRV_LEDGER_MEMORY_P_H
#define SYNC_DRV_LEDGER_MEMORY_P_H

#include "common/base/map.h"
#include "common/base/vec.h"

#include "common/drv/ledger_memory.h"

struct memory_beat {
    const char *owner;
    int64_t until;
};

struct memory_photo { /* of a person */
    size_t len;
    struct sha256 hash;
    unsigned char jpeg[];
};

struct memory_mailbox {
    struct ledger_memory_mailbox row;
    vec(struct ledger_memory_link *) links;
    struct map *by_person;
};

struct ledger_memory_rows {
    const struct clock *clock;
    int64_t generation;
    struct map *texts;    /* each string once */
    struct map *contents; /* hash to body (in texts) */
    struct map *persons;  /* key to id */
    struct map *photos;   /* person to struct memory_photo: who has or had one */
    vec(struct guid) keys;
    vec(struct memory_mailbox *) mailboxes;
    vec(struct ledger_memory_entry) journal;
    vec(struct memory_beat) beats;
};

int64_t memory_now(const struct ledger_memory_rows *rows);
struct memory_mailbox *memory_mailbox(struct ledger_memory_rows *rows, int64_t id);
const struct guid *memory_key(const struct ledger_memory_rows *rows, int64_t person);
const char *memory_body(const struct ledger_memory_rows *rows, const struct sha256 *content);
struct ledger_memory_link *
memory_link_add(struct ledger_memory_rows *rows, struct memory_mailbox *mb, int64_t person);

/* Link state hashes; all zero: nothing, or (for have) an item whose content is not known. */
struct sha256 memory_state(const struct link_side *s);
struct sha256 memory_want(const struct ledger_memory_rows *rows,
                          const struct ledger_memory_link *l);
bool memory_dirty(const struct ledger_memory_rows *rows, const struct ledger_memory_link *l);
bool memory_may_write(const struct ledger_memory_rows *rows, const struct ledger_memory_link *l);
bool memory_due(const struct ledger_memory_rows *rows, const struct ledger_memory_link *l);

/* ledger_memory_rules.c: the port's operations, once the lease has been checked. */
enum ledger_status memory_take(struct ledger_memory_rows *rows,
                               struct ledger_memory_mailbox *row,
                               const char *owner,
                               uint32_t ttl_ms);
/* Checks the lease itself; mb may be NULL. */
enum ledger_status memory_release(struct ledger_memory_rows *rows,
                                  struct memory_mailbox *mb,
                                  struct ledger_lease lease,
                                  int64_t poke,
                                  uint32_t park_ms,
                                  const char *why);
void memory_link_of(const struct ledger_memory_rows *rows,
                    const struct ledger_memory_link *row,
                    struct ledger_link *l);
int memory_by_rank(const void *a, const void *b); /* of struct ledger_link: order of load */
bool memory_clash(const struct memory_mailbox *mb, const struct ledger_intent *in, size_t n);
void memory_fly(struct ledger_memory_rows *rows,
                struct memory_mailbox *mb,
                uint32_t deadline_ms,
                uint32_t ttl_ms,
                const struct ledger_intent *in,
                size_t n);
void memory_record(struct ledger_memory_rows *rows,
                   struct ledger_memory_link *row,
                   const struct ledger_result *r);
bool memory_taken_elsewhere(const struct ledger_memory_rows *rows,
                            const struct memory_mailbox *mb,
                            const char *folder_id);
void memory_identify(struct ledger_memory_rows *rows,
                     struct memory_mailbox *mb,
                     const char *folder_id,
                     const char *server_version);
void memory_adopt(struct ledger_memory_rows *rows,
                  struct memory_mailbox *mb,
                  const struct ledger_found *f);
bool memory_clear_done(struct memory_mailbox *mb); /* false: something is left, made to go */
/* ledger_memory_photo.c */
bool memory_photo_open(const struct ledger_memory_rows *rows, const struct memory_mailbox *mb);
/* After the item of a link was recorded: is there a picture to write? */
void memory_photo_need(const struct ledger_memory_rows *rows,
                       struct memory_mailbox *mb,
                       const struct ledger_memory_link *l);
size_t memory_photos(const struct ledger_memory_rows *rows,
                     const struct memory_mailbox *mb,
                     uint32_t max,
                     size_t max_bytes,
                     struct ledger_photo *ret); /* room for all links */
void memory_photo_fly(struct ledger_memory_rows *rows,
                      struct memory_mailbox *mb,
                      uint32_t deadline_ms,
                      uint32_t ttl_ms,
                      const struct ledger_photo *photos,
                      size_t n);
void memory_photo_record(struct ledger_memory_rows *rows,
                         struct memory_mailbox *mb,
                         const struct ledger_photo_result *r);
enum ledger_status memory_photo_over(const struct ledger_memory_rows *rows,
                                     struct memory_mailbox *mb,
                                     int64_t requested);
void memory_photos_free(struct ledger_memory_rows *rows);
const char *memory_cats(struct ledger_memory_rows *rows, const struct ledger_memory_link *l);

#endif
