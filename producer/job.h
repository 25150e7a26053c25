/*
 * job: the nightly run by a schedule, as Rock's own jobs are run: a Quartz cron expression in
 * Rock's time zone (settings job.cron, rock.time_zone), only when job.active.
 *
 * The producer that leads asks job_tick between its runs, so runs never overlap. A fire time that
 * comes while a run is under way, or while nobody leads, is still run when it is at most job.late
 * old (60 s, Quartz's misfire threshold); of several such only the last one is; older ones are
 * skipped until the next one, as Rock skips them. Which fire times have had their run is a unique
 * column in PostgreSQL: neither a leader that dies nor two that both believe to lead run one twice.
 * docs/job.md tells all of this to operators.
 */
#ifndef SYNC_PRODUCER_JOB_H
#define SYNC_PRODUCER_JOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/cleanup.h"
#include "common/base/err.h"

struct conf;
struct job;
struct plan_store;
struct str;

struct job_tick {
    int64_t fire_s; /* Unix seconds of the fire time that was due; 0: none was */
    bool made;      /* its run was requested by this call; false: it has had its run before */
    size_t skipped; /* fire times before it that get no run; at least as many, when very many */
};

/*
 * Reads job.active, job.cron, job.late, rock.time_zone and the zone's file; checks all of them also
 * when the job is off, so that a mistake shows at once and not in the night it is switched on.
 *
 * @return  0; -1 with code "conf" and a text that names the setting
 */
int job_new(const struct conf *c, struct job **ret, struct err *err) must_check;
void job_free(struct job *j);
CLEANUP_DEFINE(struct job, job_free);

/* We became the leader: what was done before us is looked up, not remembered. */
void job_lead(struct job *j);

/*
 * Requests the run of the latest fire time that is due. Cheap when none is.
 *
 * @wall_ms  Unix milliseconds now; may jump in both directions
 * @return   0; -1: the store failed, the same fire time is tried again by the next call
 */
int job_tick(struct job *j,
             struct plan_store *store,
             int64_t wall_ms,
             struct job_tick *ret,
             struct err *err) must_check;

/* The next fire time after now, Unix seconds; -1: the job is off, or never fires again. */
int64_t job_next(const struct job *j, int64_t wall_ms);

/* {"active":true,"cron":"...","zone":"...","description":"...","next":"2026-..."|null} */
void job_json(const struct job *j, int64_t wall_ms, struct str *out);
/* "Monday to Friday at 01:00 (America/Phoenix), next 2026-...", or why there is none */
void job_text(const struct job *j, int64_t wall_ms, struct str *out);

#endif
