/*
 * err: what went wrong, how far it reaches and when trying again makes sense.
 *
 * Fallible functions return 0 or -1 and take `struct err *err` as last parameter: never NULL,
 * filled on failure, untouched on success. Libraries do not log; whoever decides what to do with an
 * error logs it once. Neither code nor text ever holds a secret or a church member's data.
 */
#ifndef SYNC_BASE_ERR_H
#define SYNC_BASE_ERR_H

#include <stdint.h>

#define must_check __attribute__((warn_unused_result))

enum err_scope {
    SCOPE_ITEM = 1,
    SCOPE_MAILBOX,
    SCOPE_REMOTE,
    SCOPE_PROCESS
};                                                      /* how far it reaches */
enum err_when { WHEN_NEVER, WHEN_LATER, WHEN_UNKNOWN }; /* UNKNOWN: may have been applied */

struct err {
    enum err_scope scope;
    enum err_when when;
    uint32_t after_ms; /* the server's own wish (Retry-After, BackOffMilliseconds); 0: our policy
                          decides */
    char code[48];  /* stable, for metrics and rows: "ews.ErrorServerBusy", "http.503", "pg.40001",
                       "conf" */
    char text[208]; /* one line for people */
};

/*
 * Fills *err (after_ms = 0) and returns -1, so that `return err_set(...)` reads well. Long texts
 * are cut.
 */
int err_set(struct err *err,
            enum err_scope scope,
            enum err_when when,
            const char *code,
            const char *fmt,
            ...) __attribute__((format(printf, 5, 6)));

/* Puts "context: " in front of the text, keeps everything else; returns -1. */
int err_prefix(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
