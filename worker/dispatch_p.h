/*
 * dispatch_p: messages to mailboxes (dispatch.c), places in hand, send slots (slots.c), and what an
 * operator sees (observe.c).
 */
#ifndef SYNC_WORKER_DISPATCH_P_H
#define SYNC_WORKER_DISPATCH_P_H

#include "worker/worker_p.h"

int dispatch_subscribe(struct worker *w, struct err *err);
void dispatch_pump(struct worker *w); /* starts what has a slot; deferred, never re-entered */
void dispatch_queue(struct mailbox *mb, enum line line); /* for a place in hand */
void dispatch_finished(struct mailbox *mb); /* acks what is covered; frees mb or queues it again */
bool dispatch_slot(struct mailbox *mb,
                   void (*resume)(struct mailbox *)); /* true: the send slot is ours now; else
                                                         resume is called when it is */
/* The same for pictures: behind everything else, and few at a time. It waits at most hold_ms, then
 * the mailbox is released and stands in its line again. */
bool dispatch_photo_slot(struct mailbox *mb, void (*resume)(struct mailbox *));
void dispatch_stop_waiting(struct mailbox *mb); /* for a slot; it is in no state of its own then */
void dispatch_slot_free(struct mailbox *mb);
/* It has its place in hand for something else than pictures from now on. */
void dispatch_leave_photos(struct mailbox *mb);
bool dispatch_hurries(const struct mailbox *mb); /* somebody waits for one of its rows */
void dispatch_unlearn(struct worker *w);         /* frees what was learned of mailboxes */
void dispatch_forget(struct mailbox *mb);        /* drain: out of all lists */
void mailbox_free(struct mailbox *mb);

void observe_init(struct worker *w);
void observe_outcome(struct worker *w, const char *op, enum outcome o);
void observe_photo(struct worker *w, const char *outcome);
void observe_call(struct worker *w, const char *call, uint32_t took_ms);
void observe_gauges(struct worker *w);

#endif
