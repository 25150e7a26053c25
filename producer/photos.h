/*
 * photos: pictures from the source into the rows, and the mailboxes that wait for them onto the
 * queue (docs/adr/0019-photo-lane.md).
 *
 * A stage between runs: a few pictures at a time, so that a run that is asked for begins after
 * these few. Nothing of it holds up a number, and no failure of it fails a run.
 */
#ifndef SYNC_PRODUCER_PHOTOS_H
#define SYNC_PRODUCER_PHOTOS_H

#include "common/base/metrics.h"

#include "producer/run.h"

struct photos;
struct str;

/* Borrows parts (queue not NULL) and metrics. on: the setting contacts.photos. */
struct photos *photos_new(const struct run_parts *parts, bool on, struct metrics *metrics);
void photos_free(struct photos *p);

/* What was written down about the state of things may be an older story: this producer leads now,
 * or a run has seen people. */
void photos_wake(struct photos *p);
/*
 * Fetches the next few pictures. Not while a run is under way: it asks the source.
 *
 * @more  there are further ones to be fetched now
 * @return  -1: the rows are out of reach (code "plan.deposed": we do not lead any more)
 */
int photos_step(struct photos *p, bool *more, struct err *err) must_check;
/* Tells mailboxes of new pictures and offers them, when it is time. Cheap, and allowed while a run
 * is under way. */
int photos_tell(struct photos *p, struct err *err) must_check;
CLEANUP_DEFINE(struct photos, photos_free);

#endif
