/*
 * progress: what long work shows: a bar that redraws on a terminal, a plain line now and then
 * elsewhere. Writes to stderr.
 */
#ifndef SYNC_CLI_PROGRESS_H
#define SYNC_CLI_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct progress {
    bool terminal, quiet;
    bool drawn; /* a bar stands on the current line */
    char phase[64];
    int64_t shown_ms; /* last line or redraw */
};

void progress_init(struct progress *p, bool quiet);
/* of 0: not known. now_ms: monotonic. Redraws at most ten times a second, prints a line at most
 * every two seconds or when the phase changes. */
void progress_show(struct progress *p, const char *phase, size_t done, size_t of, int64_t now_ms);
void progress_end(struct progress *p); /* clears the bar */

#endif
