#include "cli/table.h"

#include <stdio.h>
#include <string.h>

static int address_width(const struct report_mailbox *m, size_t n)
{
    size_t w = strlen("mailbox");
    for (size_t i = 0; i < n; i++)
        if (strlen(m[i].address) > w)
            w = strlen(m[i].address);
    return (int)(w > 48 ? 48 : w);
}

static void run_row(int w, const char *name, const int64_t v[6])
{
    printf("%-*s %8lld %8lld %8lld %8lld %10lld %7lld\n", w, name, (long long)v[0], (long long)v[1],
           (long long)v[2], (long long)v[3], (long long)v[4], (long long)v[5]);
}

void table_run(const struct report_mailbox *m, size_t n)
{
    int w = address_width(m, n);
    int64_t sum[6] = {0};
    printf("%-*s %8s %8s %8s %8s %10s %7s\n", w, "mailbox", "wanted", "created", "updated",
           "deleted", "unchanged", "failed");
    for (size_t i = 0; i < n; i++) {
        const int64_t v[6] = {m[i].wanted,  m[i].created,   m[i].updated,
                              m[i].deleted, m[i].unchanged, m[i].failed};
        run_row(w, m[i].address, v);
        for (int k = 0; k < 6; k++)
            sum[k] += v[k];
    }
    run_row(w, "all", sum);
}

void table_status(const struct report_mailbox *m, size_t n)
{
    int w = address_width(m, n);
    printf("%-*s %8s %8s %8s %6s %6s %6s  %s\n", w, "mailbox", "wanted", "synced", "pending",
           "held", "kept", "dead", "note");
    for (size_t i = 0; i < n; i++) {
        char note[128] = "";
        if (m[i].parked_why)
            snprintf(note, sizeof(note), "rests %lld s: %s", (long long)(m[i].parked_ms / 1000),
                     m[i].parked_why);
        else if (m[i].open)
            snprintf(note, sizeof(note), "%lld writes under way", (long long)m[i].open);
        printf("%-*s %8lld %8lld %8lld %6lld %6lld %6lld  %s\n", w, m[i].address,
               (long long)m[i].wanted, (long long)m[i].synced, (long long)m[i].pending,
               (long long)m[i].held, (long long)m[i].kept, (long long)m[i].dead, note);
    }
}
