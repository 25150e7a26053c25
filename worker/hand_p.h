/*
 * hand_p: steps of a mailbox beside its everyday ones: pictures, Clear and Remove, contacts of the
 * program before this one. As those of mailbox_p.h.
 */
#ifndef SYNC_WORKER_HAND_P_H
#define SYNC_WORKER_HAND_P_H

#include "worker/worker_p.h"

/* hand.c: asks for contacts of the program before this one, if that is to be done at all, and
 * goes on with mailbox_judge_all, or lets the mailbox wait. */
void mailbox_legacy(struct mailbox *mb);
/* Those that belong to rows of the mailbox: into the plan, after its own results. */
void mailbox_legacy_adopt(struct mailbox *mb);

/* mailbox_photo.c */
bool photos_possible(const struct worker *w); /* rows and store know them */
/* The next pictures, when nothing else is due; then on to release. */
void mailbox_photos(struct mailbox *mb);
/* How long after its flight the last request of a call may leave. */
uint32_t photo_window(const struct mailbox *mb);

/* clear.c */
void mailbox_sweep(struct mailbox *mb); /* nothing is due: what is left of ours? */
void mailbox_swept(struct mailbox *mb); /* a listing of all is in the rows, and found nothing */
bool mailbox_clear_found(
    struct mailbox *mb); /* of the plan; marks what a Clear takes. false: the
                            listing brought nothing that the rows did not say */

#endif
