#include <assert.h>
#include <ctype.h>
#include <string.h>

#include "common/net/http_p.h"

/*
 * How a request signs in, and what a 401 says about it.
 *
 * One method a request, never a mask: libcurl would first ask without a login and then choose, and
 * some servers fail where several are tried.
 * @source  reference/ews.md section 3
 */

static const struct {
    const char *scheme;
    long bits;
    int feature; /* of curl_version_info; 0: always there */
} methods[] = {
    [HTTP_AUTH_BASIC] = {"Basic", CURLAUTH_BASIC, 0},
    [HTTP_AUTH_NTLM] = {"NTLM", CURLAUTH_NTLM, CURL_VERSION_NTLM},
    [HTTP_AUTH_NEGOTIATE] = {"Negotiate", CURLAUTH_NEGOTIATE, CURL_VERSION_SPNEGO},
    [HTTP_AUTH_BEARER] = {"Bearer", CURLAUTH_BEARER, 0},
};

static bool feature(int bit)
{
    http_curl_start();
    bool there = (curl_version_info(CURLVERSION_NOW)->features & bit) == bit;
    curl_global_cleanup();
    return there;
}

bool http_can(enum http_auth auth)
{
    assert((size_t)auth < ARRAY_LEN(methods));
    return feature(methods[auth].feature);
}

bool http_can_tls(void)
{
    return feature(CURL_VERSION_SSL);
}

void http_auth_set(struct http_call *call, const struct http_request *r)
{
    CURL *e = call->easy;
    bool negotiate = r->auth == HTTP_AUTH_NEGOTIATE, bearer = r->auth == HTTP_AUTH_BEARER;
    assert((size_t)r->auth < ARRAY_LEN(methods));
    /* An empty user: the ticket names it. */
    const char *user = bearer ? NULL : negotiate ? "" : r->user;
    const char *password = bearer ? NULL : negotiate ? "" : r->password;
    if (curl_easy_setopt(e, CURLOPT_HTTPAUTH, methods[r->auth].bits) != CURLE_OK ||
        curl_easy_setopt(e, CURLOPT_USERNAME, user) != CURLE_OK ||
        curl_easy_setopt(e, CURLOPT_PASSWORD, password) != CURLE_OK ||
        curl_easy_setopt(e, CURLOPT_XOAUTH2_BEARER, bearer ? r->token : NULL) != CURLE_OK) {
        /* not built into this libcurl (http_can), or a megabyte of password */
        call->result = CURLE_NOT_BUILT_IN;
    }
}

/* "HTTP/1.1 401 Unauthorized" */
static int status_of(const char *line, size_t n)
{
    size_t i = 0;
    while (i < n && line[i] != ' ')
        i++;
    int status = 0;
    for (i++; i < n && isdigit((unsigned char)line[i]) && status < 1000; i++)
        status = 10 * status + (line[i] - '0');
    return status;
}

static bool has_word(const char *p, size_t n, const char *word)
{
    size_t w = strlen(word);
    for (size_t i = 0; i + w <= n; i++) {
        if (strncasecmp(p + i, word, w) == 0)
            return true;
    }
    return false;
}

/* The scheme that p[0..n) names. */
static unsigned offer_named(const char *p, size_t n)
{
    for (size_t m = 0; n && m < ARRAY_LEN(methods); m++)
        if (strlen(methods[m].scheme) == n && strncasecmp(p, methods[m].scheme, n) == 0)
            return HTTP_OFFERS(m);
    return 0;
}

static bool parts_challenges(char c)
{
    return c == ' ' || c == '\t' || c == ',';
}

/* One or several challenges in a line. A scheme stands at the start or behind a comma, which
 * parameters do too, but never one that is called like a scheme. */
static unsigned offers_of(const char *p, size_t n)
{
    unsigned offers = 0;
    for (size_t i = 0; i < n; i++) {
        while (i < n && parts_challenges(p[i]))
            i++;
        size_t word = 0;
        while (i + word < n && isalpha((unsigned char)p[i + word]))
            word++;
        offers |= offer_named(p + i, word);
        while (i < n && p[i] != ',')
            i++;
    }
    return offers;
}

/*
 * A 401 behind the body is the server's word that it did nothing with it: the body may go again.
 * @source  token_expired: x-ms-diagnostics 2000002 (reference/ews.md section 2), RFC 6750 3.1
 */
void http_auth_line(struct http_call *call, const char *line, size_t n)
{
    static const char challenge[] = "WWW-Authenticate:", diagnostics[] = "x-ms-diagnostics:";
    if (n > 5 && strncasecmp(line, "HTTP/", 5) == 0) {
        call->offers = 0;
        call->token_expired = false;
        call->disclaimed = status_of(line, n) == 401;
        return;
    }
    if (n > sizeof(challenge) && strncasecmp(line, challenge, sizeof(challenge) - 1) == 0) {
        line += sizeof(challenge) - 1;
        n -= sizeof(challenge) - 1;
        call->offers |= offers_of(line, n);
        call->token_expired |= has_word(line, n, "invalid_token");
    } else if (n > sizeof(diagnostics) &&
               strncasecmp(line, diagnostics, sizeof(diagnostics) - 1) == 0) {
        call->token_expired |= has_word(line, n, "2000002") || has_word(line, n, "token_expired");
    }
}
