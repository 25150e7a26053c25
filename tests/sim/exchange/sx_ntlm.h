/*
 * sx_ntlm: the server's side of NTLM (NTLMv2 only), as far as signing in needs it. Pure.
 *
 * No message integrity code, no signing, no channel binding: the judge asks whether the client
 * proves that it knows the password, over this very connection's challenge.
 * @source  MS-NLMP 2.2.1 (messages), 3.3.2 (NTLMv2)
 */
#ifndef SYNC_SIM_SX_NTLM_H
#define SYNC_SIM_SX_NTLM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct str;

enum { SX_NTLM_CHALLENGE = 8 };

/* 1: NEGOTIATE, 3: AUTHENTICATE, 0: neither */
int sx_ntlm_type(const uint8_t *msg, size_t n);
/* CHALLENGE for that NEGOTIATE. domain, host: ASCII. now_ms: Unix. */
void sx_ntlm_challenge(struct str *out,
                       const uint8_t *negotiate,
                       size_t n,
                       const uint8_t challenge[SX_NTLM_CHALLENGE],
                       const char *domain,
                       const char *host,
                       int64_t now_ms);

enum sx_ntlm_verdict {
    SX_NTLM_OK,
    SX_NTLM_WRONG,     /* user or password */
    SX_NTLM_V1,        /* the old proof, which no server of today takes */
    SX_NTLM_MALFORMED, /* fields that lie outside the message and the like */
};
/* user, domain, password: what is right, UTF-8. A UPN (user@anything) is the user too. */
enum sx_ntlm_verdict sx_ntlm_check(const uint8_t *authenticate,
                                   size_t n,
                                   const uint8_t challenge[SX_NTLM_CHALLENGE],
                                   const char *user,
                                   const char *domain,
                                   const char *password);

/* RFC 1320, since today's libraries hide it. */
void sx_md4(const void *p, size_t n, uint8_t ret[16]);

#endif
