#include <assert.h>
#include <errno.h>

#include "common/net/http_p.h"

/* Options fail for want of memory, or because this libcurl is not the one we were built for:
 * docs/adr/0004. */
#define set(easy, option, value)                                                                   \
    do {                                                                                           \
        if (curl_easy_setopt((easy), (option), (value)) != CURLE_OK)                               \
            out_of_memory("curl");                                                                 \
    } while (0)

static size_t on_head_line(char *p, size_t size, size_t n, void *user)
{
    http_auth_line(user, p, size * n);
    return size * n;
}

static size_t on_answer(char *p, size_t size, size_t n, void *user)
{
    struct http_call *call = user;
    (void)size; /* always 1 */
    str_add(&call->answer, p, n);
    if (call->answer.over) {
        call->too_big = true;
        return 0;
    }
    return n;
}

static bool fenced(struct http_call *call)
{
    call->fenced = call->may_send && !call->may_send(call->may_send_user);
    return call->fenced;
}

static size_t on_read(char *p, size_t size, size_t n, void *user)
{
    struct http_call *call = user;
    size_t left = call->body_len - call->offset;
    n = size * n < left ? size * n : left;
    if (n > 0 && !call->allowed && fenced(call))
        return CURL_READFUNC_ABORT;
    memcpy(p, call->body + call->offset, n);
    call->offset += n;
    call->allowed |= n > 0;
    call->handed |= n > 0; /* from here on it may arrive */
    return n;
}

static int on_seek(void *user, curl_off_t offset, int origin)
{
    struct http_call *call = user;
    if (origin != SEEK_SET || offset < 0 || (uint64_t)offset > call->body_len)
        return CURL_SEEKFUNC_FAIL;
    if (call->send_once && call->handed && !call->disclaimed) {
        call->refused = true;
        return CURL_SEEKFUNC_FAIL;
    }
    if (call->disclaimed)
        call->handed = false;
    call->offset = (size_t)offset;
    return CURL_SEEKFUNC_OK;
}

/* Before each attempt's head: one of a login handshake, or after a connection that was dead. Guards
 * what on_seek cannot see: curl does not rewind a body of which it counts no byte as written,
 * although it has taken some from us. A first leg of a login has no body, so it may come again. */
static int on_attempt(void *user, char *to, char *from, int to_port, int from_port)
{
    struct http_call *call = user;
    (void)to, (void)from, (void)to_port, (void)from_port;
    if (call->disclaimed) { /* all that went before came to nothing */
        call->handed = call->disclaimed = false;
        call->offset = 0;
    } else if (call->send_once &&
               (call->handed || (call->attempts > 0 && !call->has_callback_body))) {
        call->refused = true;
        return CURL_PREREQFUNC_ABORT;
    } else if (!call->send_once) { /* sent again as a whole, a long time later perhaps */
        call->offset = 0;
    }
    call->allowed = false;
    if (!call->has_callback_body && fenced(call))
        return CURL_PREREQFUNC_ABORT;
    call->attempts++;
    return CURL_PREREQFUNC_OK;
}

static void set_callbacks(struct http_call *call)
{
    CURL *e = call->easy;
    set(e, CURLOPT_PRIVATE, call);
    set(e, CURLOPT_ERRORBUFFER, call->reason);
    set(e, CURLOPT_WRITEFUNCTION, on_answer);
    set(e, CURLOPT_WRITEDATA, call);
    set(e, CURLOPT_HEADERFUNCTION, on_head_line);
    set(e, CURLOPT_HEADERDATA, call);
    set(e, CURLOPT_READFUNCTION, on_read);
    set(e, CURLOPT_READDATA, call);
    set(e, CURLOPT_SEEKFUNCTION, on_seek);
    set(e, CURLOPT_SEEKDATA, call);
    set(e, CURLOPT_PREREQFUNCTION, on_attempt);
    set(e, CURLOPT_PREREQDATA, call);
    set(e, CURLOPT_OPENSOCKETFUNCTION, http_mux_open);
    set(e, CURLOPT_OPENSOCKETDATA, call);
    set(e, CURLOPT_CLOSESOCKETFUNCTION, http_mux_close);
    set(e, CURLOPT_CLOSESOCKETDATA, call->c);
}

void http_easy_init(struct http_call *call)
{
    const struct http_limits *limits = &call->c->limits;
    CURL *e = call->easy = curl_easy_init();
    if (!e)
        out_of_memory("curl");
    set_callbacks(call);
    set(e, CURLOPT_NOSIGNAL, 1L);
    /* A time-out or cancel in mid-lookup would otherwise wait for the resolver's thread, and the
     * loop with it. */
    set(e, CURLOPT_QUICK_EXIT, 1L);
    set(e, CURLOPT_PROXY, "");
    set(e, CURLOPT_NOPROXY, "*");
    set(e, CURLOPT_FOLLOWLOCATION, 0L);
    set(e, CURLOPT_PROTOCOLS_STR, limits->allow_http ? "http,https" : "https");
    set(e, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
    set(e, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    set(e, CURLOPT_UNRESTRICTED_AUTH, 0L);
    set(e, CURLOPT_ACCEPT_ENCODING, "gzip");
    set(e, CURLOPT_TCP_KEEPALIVE, 1L);
    set(e, CURLOPT_CONNECTTIMEOUT_MS, (long)limits->connect_timeout_ms);
    set(e, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    set(e, CURLOPT_USERAGENT, limits->user_agent);
    if (limits->ca_file)
        set(e, CURLOPT_CAINFO, limits->ca_file);
    if (call->c->connect_to)
        set(e, CURLOPT_CONNECT_TO, call->c->connect_to);
}

static void add_header(struct http_call *call, const char *header)
{
    struct curl_slist *list = curl_slist_append(call->headers, header);
    if (!list)
        out_of_memory("curl");
    call->headers = list;
}

static void set_headers(struct http_call *call, const char *const *headers)
{
    add_header(call, "Expect:"); /* else a large body waits a second for 100 Continue */
    for (; headers && *headers; headers++) {
        call->bad_header |= strpbrk(*headers, "\r\n") != NULL;
        add_header(call, *headers);
    }
    set(call->easy, CURLOPT_HTTPHEADER, call->headers);
}

static void set_body(struct http_call *call, const struct http_request *r)
{
    CURL *e = call->easy;
    call->has_callback_body = r->body_len > 0 && (r->send_once || r->may_send);
    call->body = r->body;
    call->body_len = r->body_len;
    set(e, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)r->body_len);
    /* A body that curl has whole leaves together with the head, one system call less. */
    set(e, CURLOPT_POSTFIELDS, call->has_callback_body ? NULL : (r->body_len ? r->body : ""));
    set(e, CURLOPT_POST, 1L);
}

static void set_method(struct http_call *call, const struct http_request *r)
{
    CURL *e = call->easy;
    bool get = strcmp(r->method, "GET") == 0, head = strcmp(r->method, "HEAD") == 0;
    bool post = strcmp(r->method, "POST") == 0;
    call->repeatable = get || head;
    if (post || r->body_len) {
        set_body(call, r);
    } else {
        call->has_callback_body = false;
        set(e, CURLOPT_POSTFIELDS, NULL);
        set(e, CURLOPT_HTTPGET, 1L);
        if (head)
            set(e, CURLOPT_NOBODY, 1L);
    }
    bool own_name = !post && (r->body_len || (!get && !head));
    set(e, CURLOPT_CUSTOMREQUEST, own_name ? r->method : NULL);
}

void http_easy_set(struct http_call *call, const struct http_request *r)
{
    CURL *e = call->easy;
    assert(r->method && r->url);
    call->send_once = r->send_once;
    call->may_send = r->may_send;
    call->may_send_user = r->may_send_user;
    set_headers(call, r->headers);
    set_method(call, r);
    http_auth_set(call, r);
    set(e, CURLOPT_TIMEOUT_MS, (long)(r->timeout_ms ? r->timeout_ms : HTTP_DEFAULT_TIMEOUT_MS));
    set(e, CURLOPT_FRESH_CONNECT, (long)r->fresh_connection);
    set(e, CURLOPT_CERTINFO, (long)r->want_certificate);
    if (call->result == CURLE_OK)
        call->result = curl_easy_setopt(e, CURLOPT_URL, r->url); /* fails on megabytes */
}
