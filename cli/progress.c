#include "cli/progress.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { BAR = 30, REDRAW_MS = 100, LINE_MS = 2000 };

void progress_init(struct progress *p, bool quiet)
{
    memset(p, 0, sizeof(*p));
    p->quiet = quiet;
    p->terminal = isatty(STDERR_FILENO) == 1;
}

static void draw(const struct progress *p, size_t done, size_t of)
{
    char bar[BAR * 3 + 1];
    size_t full = of ? done * BAR / of : 0;
    for (size_t i = 0; i < BAR; i++)
        memcpy(bar + 3 * i, i < full ? "\u2588" : "\u2591", 3);
    bar[BAR * 3] = 0;
    if (of)
        fprintf(stderr, "\r\033[K  %-22s %s %zu/%zu", p->phase, bar, done, of);
    else
        fprintf(stderr, "\r\033[K  %-22s %zu", p->phase, done);
    fflush(stderr);
}

void progress_show(struct progress *p, const char *phase, size_t done, size_t of, int64_t now_ms)
{
    bool fresh = strncmp(p->phase, phase, sizeof(p->phase) - 1) != 0;
    if (p->quiet || (!fresh && now_ms - p->shown_ms < (p->terminal ? REDRAW_MS : LINE_MS)))
        return;
    snprintf(p->phase, sizeof(p->phase), "%s", phase);
    p->shown_ms = now_ms;
    if (p->terminal) {
        draw(p, done, of > done ? of : of ? done : 0);
        p->drawn = true;
    } else if (of) {
        fprintf(stderr, "  %s: %zu of %zu\n", phase, done, of);
    } else {
        fprintf(stderr, "  %s\n", phase);
    }
}

void progress_end(struct progress *p)
{
    if (p->drawn)
        fputs("\r\033[K", stderr);
    p->drawn = false;
    p->phase[0] = 0;
}
