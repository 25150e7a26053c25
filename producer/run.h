/*
 * run: one sync run: Rock snapshot -> contacts -> expansion -> digest -> diff -> guard -> want rows
 * -> messages (design section 5).
 *
 * Sequential code over ports that turn the loop while they wait. A run either fails before the
 * first row is written (nothing planned), or plans each mailbox in a transaction of its own; what a
 * crash leaves unpublished the re-driver publishes.
 */
#ifndef SYNC_PRODUCER_RUN_H
#define SYNC_PRODUCER_RUN_H

#include "common/core/expand.h"
#include "common/core/fieldmap.h"
#include "common/core/guard.h"
#include "common/net/loop.h"
#include "common/port/directory_source.h"
#include "common/port/plan_store.h"
#include "common/port/queue.h"

struct business;
struct conf;
struct str;

struct run_settings {
    struct guid eligible_group;
    const char *const *mail_domains; /* lower case */
    size_t n_mail_domains;           /* 0: any */
    bool delete_old;
    bool photos; /* which pictures people have is written down */
    struct fieldmap_rules fields;
    struct expand_rules expand;
    struct guard_limits guard;
    struct business *business; /* borrowed; NULL: contacts have no business number */
};

/* Checks what only a run needs (eligible_group is a Guid). Strings are borrowed from c; business is
 * the caller's to make (business_new) and to set. */
int run_settings_from(const struct conf *c, struct run_settings *ret, struct err *err) must_check;

struct run_parts { /* borrowed */
    struct loop *loop;
    struct plan_store *store;
    struct directory_source *source;
    struct queue *queue; /* NULL: dry run */
};

enum { RUN_NAMED = 10 };

struct run_counts {
    size_t users, people, wanted;
    size_t added, changed, dropped, kept, held, rekeyed;
    size_t mailboxes, unchanged_mailboxes, stale_mailboxes;
    size_t no_address, foreign_domain, address_taken, not_eligible;
    size_t messages;
    size_t lava_failed;                 /* people whose business number stayed as it was */
    int64_t lava_failed_ids[RUN_NAMED]; /* Person.Id of the first of them */
    char lava_why[sizeof(((struct err *)0)->text)]; /* why the first one failed */
    char lava_unknown[128]; /* attributes that the template reads and Rock does not have */
    bool queue_away;        /* rows are saved, the re-driver publishes later */
};

/* One mailbox of a dry run. Called in order of address. */
struct run_preview {
    const char *address;
    struct diff_counts counts;
    size_t held;
    bool unchanged;
};

struct run_options {
    int64_t run; /* row of the run; 0 with dry */
    bool one_user;
    struct guid person_key; /* with one_user */
    bool urgent;
    bool dry;                                                 /* writes nothing anywhere */
    void (*preview)(const struct run_preview *p, void *user); /* with dry; may be NULL */
    void (*progress)(const char *phase, size_t done, size_t of, void *user); /* may be NULL */
    void *user;
};

int run_execute(const struct run_parts *parts,
                const struct run_settings *s,
                const struct run_options *o,
                struct run_counts *ret,
                struct err *err) must_check;
void run_counts_json(const struct run_counts *c, struct str *out);
void run_counts_text(const struct run_counts *c, struct str *out); /* one line for people */

#endif
