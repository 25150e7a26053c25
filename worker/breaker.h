/*
 * breaker: whether requests may go to one endpoint now. Pure; time comes in.
 *
 * Closed -> open after `threshold` failures in a row that concern the endpoint (SCOPE_REMOTE); open
 * for a doubling, jittered time; then half open: one request probes, its answer closes or opens
 * again. A stop (missing right, a refused login, a sign-in page in the place of an answer:
 * OUT_STOP) opens it for ten seconds, doubling up to five minutes. That no account is locked out by
 * us is the store's affair (ews_gate.h).
 */
#ifndef SYNC_WORKER_BREAKER_H
#define SYNC_WORKER_BREAKER_H

#include <stdbool.h>
#include <stdint.h>

enum breaker_state { BREAKER_CLOSED, BREAKER_OPEN, BREAKER_HALF_OPEN };

struct breaker {
    enum breaker_state state;
    uint32_t failures; /* in a row */
    uint32_t opened;   /* times in a row without a success between */
    int64_t until_ms;  /* open until */
    bool stopped;      /* opened by a stop */
    bool probing;      /* half open and one request is out */
    char why[48];      /* code of the last failure */
};

void breaker_init(struct breaker *b);
/* 0: go (a half-open breaker counts this one as its probe); otherwise milliseconds to wait. */
int64_t breaker_ask(struct breaker *b, int64_t now_ms);
void breaker_success(struct breaker *b);
void breaker_failure(
    struct breaker *b, const char *code, uint32_t after_ms, int64_t now_ms, uint32_t rnd);
void breaker_stop(struct breaker *b, const char *code, int64_t now_ms);
/* The request that breaker_ask let through was not sent after all. */
void breaker_unused(struct breaker *b);

#endif
