/*
 * probe: a test of everything between this process and one mailbox, step by step: discovery, name,
 * connection, certificate, sign-in, impersonation, folder, and a marked contact written and
 * deleted. For `contact-sync doctor` and for the test that a user asks for (probe_desk.h).
 *
 * The contact carries a key of its own that no person has: should the probe die between the two
 * steps, the next listing of the mailbox removes it. Nothing else of the mailbox is touched.
 */
#ifndef SYNC_WORKER_PROBE_H
#define SYNC_WORKER_PROBE_H

#include "common/base/cleanup.h"

#include "common/core/checkup.h"
#include "common/port/contact_store.h"

struct autodiscover;
struct loop;
struct probe;

struct probe_parts { /* borrowed until the end */
    struct loop *loop;
    struct contact_store *store;
    const char *url; /* of the service; NULL: found by `search` */
    struct autodiscover *search;
    const char *const *connect_to; /* http.h */
    const char *user;              /* for the words alone */
    const char *ca_file;           /* NULL: the system's */
    bool allow_http;
    int64_t mailbox_id; /* the mailbox's row, for what the store knows of it; 0: none */
    /* Steps have ended, more are to come: *c may be read. NULL: nobody wants to know. Must not call
     * back. */
    void (*progress)(void *user);
    void *progress_user;
};

/* Called once, from the loop: *c has all steps. May free the probe. */
typedef void (*probe_done)(void *user);

/*
 * Begins. Takes at most about two minutes, whatever happens.
 *
 * @mailbox  address; NULL: the way to the server alone
 * @c        receives the steps; borrowed until done
 */
struct probe *probe_start(const struct probe_parts *parts,
                          const char *mailbox,
                          struct checkup *c,
                          probe_done done,
                          void *user);
void probe_free(struct probe *p); /* after done, or after the store is gone; NULL is fine */
CLEANUP_DEFINE(struct probe, probe_free);

#endif
