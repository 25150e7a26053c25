/*
 * ad_codec: the two documents of Autodiscover, asked and answered. Pure; answers are hostile until
 * they have passed.
 *
 * SOAP (GetUserSettings, Exchange 2010 and later) and POX ("plain old XML", 2007 and later).
 * Elements are known by namespace and local name, never by prefix; unknown ones are skipped. A
 * DOCTYPE, a broken document, one that is not UTF-8, too long or too deep, a text that is too long:
 * an error.
 * @source  reference/ews.md section 4; ews-schema/autodiscover
 */
#ifndef SYNC_AUTODISCOVER_AD_CODEC_H
#define SYNC_AUTODISCOVER_AD_CODEC_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/err.h"

#include "worker/autodiscover/ad_url.h"

struct str;

enum ad_protocol { AD_SOAP, AD_POX };

enum {
    AD_MAX_BYTES = 512 << 10, /* of an answer; real ones have about 20 KB */
    AD_MAX_DEPTH = 32,
    AD_MAX_CODE = 47
};

enum ad_says { AD_SAYS_SETTINGS, AD_SAYS_ADDRESS, AD_SAYS_URL, AD_SAYS_ERROR };

struct ad_reply {
    enum ad_says says;
    char target[AD_MAX_URL + 1]; /* the address or URL to go on with; not checked yet */
    char external[AD_MAX_URL + 1], internal[AD_MAX_URL + 1]; /* EWS URLs; "" none; not checked */
    char code[AD_MAX_CODE + 1]; /* of an error: letters, digits, '_'. SOAP: "InvalidUser" ...,
                                   "Fault"; POX: "500" ... */
};

/* The request about one mailbox. url: where it goes (SOAP names it). */
void ad_encode(enum ad_protocol protocol, const char *url, const char *address, struct str *out);
/* err: SCOPE_REMOTE, "autodiscover.unreadable", with the reason. */
int ad_decode(enum ad_protocol protocol,
              const char *p,
              size_t n,
              struct ad_reply *ret,
              struct err *err) must_check;

#endif
