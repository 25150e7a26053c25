#include <ctype.h>

#include "common/net/http_p.h"

enum { RETRY_AFTER_MAX_S = 7 * 24 * 3600 };

int64_t http_retry_after_ms(const char *value, int64_t wall_ms)
{
    int64_t s = 0;
    value += strspn(value, " \t");
    if (isdigit((unsigned char)*value)) {
        size_t n = strspn(value, "0123456789");
        if (value[n + strspn(value + n, " \t")] == '\0') {
            for (; isdigit((unsigned char)*value) && s < RETRY_AFTER_MAX_S; value++)
                s = 10 * s + (*value - '0');
            return (s < RETRY_AFTER_MAX_S ? s : RETRY_AFTER_MAX_S) * 1000;
        }
    }
    time_t date = curl_getdate(value, NULL);
    if (date < 0)
        return -1;
    /* In seconds first: a year of many digits does not fit as milliseconds. */
    if ((int64_t)date > wall_ms / 1000 + RETRY_AFTER_MAX_S)
        return RETRY_AFTER_MAX_S * INT64_C(1000);
    int64_t ms = (int64_t)date * 1000 - wall_ms;
    return ms > 0 ? ms : 0;
}

/* curl's own value carries the request's user and password. */
static void fill_location(struct http_call *call, struct http_response *r)
{
    char *url = NULL;
    CURLU *u = curl_url();
    if (!u)
        out_of_memory("curl");
    curl_easy_getinfo(call->easy, CURLINFO_REDIRECT_URL, &url);
    if (url && curl_url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK) {
        curl_url_set(u, CURLUPART_USER, NULL, 0);
        curl_url_set(u, CURLUPART_PASSWORD, NULL, 0);
        if (curl_url_get(u, CURLUPART_URL, &call->location, 0) == CURLUE_OK)
            r->location = call->location;
    }
    curl_url_cleanup(u);
}

static void certificate_field(const char *field, struct http_response *r)
{
    static const char issuer[] = "Issuer:", expires[] = "Expire date:";
    if (strncmp(field, issuer, strlen(issuer)) == 0) {
        snprintf(r->issuer, sizeof(r->issuer), "%s", field + strlen(issuer));
        for (char *p = r->issuer; *p; p++)
            if ((unsigned char)*p < 0x20 || *p == 0x7f)
                *p = ' ';
    } else if (strncmp(field, expires, strlen(expires)) == 0) {
        time_t at = curl_getdate(field + strlen(expires), NULL);
        r->expires_ms = at > 0 ? (int64_t)at * 1000 : 0;
    }
}

/* The server's own certificate is the first one. Nothing unless it was asked for. */
static void fill_certificate(struct http_call *call, struct http_response *r)
{
    struct curl_certinfo *all = NULL;
    curl_easy_getinfo(call->easy, CURLINFO_CERTINFO, &all);
    if (!all || all->num_of_certs < 1)
        return;
    for (const struct curl_slist *s = all->certinfo[0]; s; s = s->next)
        certificate_field(s->data, r);
}

static void fill_answer(struct http_call *call, struct http_response *r)
{
    CURL *e = call->easy;
    struct curl_header *h;
    char *text = NULL;
    long status = 0;
    curl_easy_getinfo(e, CURLINFO_RESPONSE_CODE, &status);
    r->status = (int)status;
    r->offers = status == 401 ? call->offers : 0;
    r->token_expired = status == 401 && call->token_expired;
    if (curl_easy_getinfo(e, CURLINFO_CONTENT_TYPE, &text) == CURLE_OK && text)
        r->content_type = text;
    if (status / 100 == 3)
        fill_location(call, r);
    if (curl_easy_header(e, "Retry-After", 0, CURLH_HEADER, -1, &h) == CURLHE_OK)
        r->retry_after_ms = http_retry_after_ms(h->value, clock_wall(loop_clock(call->c->l)));
    fill_certificate(call, r);
    r->body = call->answer.p;
    r->body_len = call->answer.n;
}

/* May the far side have acted? */
static bool maybe_done(const struct http_call *call)
{
    if (call->repeatable || call->disclaimed)
        return false;
    return call->has_callback_body ? call->handed : call->attempts > 0;
}

/* Codes whose words come from the C library, OpenSSL or curl itself, never from the far side or the
 * URL's path. */
static bool words_are_safe(CURLcode code)
{
    static const CURLcode safe[] = {
        CURLE_COULDNT_RESOLVE_HOST,
        CURLE_COULDNT_CONNECT,
        CURLE_OPERATION_TIMEDOUT,
        CURLE_SSL_CONNECT_ERROR,
        CURLE_PEER_FAILED_VERIFICATION,
        CURLE_GOT_NOTHING,
        CURLE_SEND_ERROR,
        CURLE_RECV_ERROR,
        CURLE_SSL_CACERT_BADFILE,
    };
    for (size_t i = 0; i < ARRAY_LEN(safe); i++) {
        if (code == safe[i])
            return true;
    }
    return false;
}

static const char *reason(struct http_call *call)
{
    if (!words_are_safe(call->result) || !call->reason[0])
        return curl_easy_strerror(call->result);
    for (char *p = call->reason; *p; p++) {
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            *p = ' ';
    }
    return call->reason;
}

static int fail_for(struct http_call *call, const char *host, const char *port, struct err *err)
{
    enum err_when when = maybe_done(call) ? WHEN_UNKNOWN : WHEN_LATER;
    char code[24];
    if (call->bad_header)
        return err_set(err, SCOPE_REMOTE, WHEN_NEVER, "http.header",
                       "%s:%s: a header has a line break", host, port);
    if (call->fenced)
        return err_set(err, SCOPE_REMOTE, when, "http.fenced",
                       "%s:%s: not sent, the sender lost its right to", host, port);
    if (call->too_big)
        return err_set(err, SCOPE_REMOTE, when, "http.too_big",
                       "%s:%s: the answer is longer than %zu bytes", host, port,
                       call->c->limits.max_response_bytes);
    if (call->refused) /* curl names what it could not do next (65, 42); what happened is what it
                          calls 52 elsewhere */
        return err_set(err, SCOPE_REMOTE, when, "curl.52",
                       "%s:%s: the connection closed without an answer, not sent again", host,
                       port);
    if (call->wrong_address && call->result == CURLE_COULDNT_CONNECT)
        return err_set(err, SCOPE_REMOTE, WHEN_LATER, "http.address",
                       "%s:%s: the address it has is not allowed", host, port);
    if (call->result == CURLE_UNSUPPORTED_PROTOCOL || call->result == CURLE_URL_MALFORMAT)
        when = WHEN_NEVER;
    snprintf(code, sizeof(code), "curl.%d", (int)call->result);
    return err_set(err, SCOPE_REMOTE, when, code, "%s:%s: %s", host, port, reason(call));
}

static int fill_error(struct http_call *call, struct err *err)
{
    char *url = NULL, *host = NULL, *port = NULL;
    CURLU *u = curl_url();
    if (!u)
        out_of_memory("curl");
    curl_easy_getinfo(call->easy, CURLINFO_EFFECTIVE_URL, &url);
    if (url && curl_url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK) {
        curl_url_get(u, CURLUPART_HOST, &host, 0);
        curl_url_get(u, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT);
    }
    int r = fail_for(call, host ? host : "?", port ? port : "?", err);
    curl_free(host);
    curl_free(port);
    curl_url_cleanup(u);
    return r;
}

int http_result(struct http_call *call, struct http_response *r, struct err *err)
{
    long connects = 0;
    curl_off_t took_us = 0;
    *r = (struct http_response){
        .content_type = "", .body = "", .location = "", .retry_after_ms = -1};
    curl_easy_getinfo(call->easy, CURLINFO_NUM_CONNECTS, &connects);
    curl_easy_getinfo(call->easy, CURLINFO_TOTAL_TIME_T, &took_us);
    r->connection_reused = call->attempts > 0 && connects == 0;
    r->took_ms = (uint32_t)(took_us / 1000);
    if (call->result != CURLE_OK || call->bad_header)
        return fill_error(call, err);
    fill_answer(call, r);
    return 0;
}
