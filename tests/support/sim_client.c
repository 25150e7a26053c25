#include "tests/support/sim_client.h"

#include <curl/curl.h>
#include <stdio.h>
#include <string.h>

#include "common/base/str.h"

enum { TIMEOUT_MS = 10000, MAX_REPLY = 64 << 20 };

struct sim_client {
    CURL *easy;
    uint16_t port;
};

struct sim_client *sim_client_new(uint16_t port)
{
    struct sim_client *c = xalloc(sizeof(*c));
    curl_global_init(CURL_GLOBAL_DEFAULT);
    c->easy = curl_easy_init();
    c->port = port;
    return c;
}

void sim_client_free(struct sim_client *c)
{
    if (!c)
        return;
    curl_easy_cleanup(c->easy);
    free(c);
}

static size_t collect(char *p, size_t size, size_t n, void *user)
{
    str_add(user, p, size * n);
    return size * n;
}

static struct curl_slist *header_list(const char *lines)
{
    struct curl_slist *list = curl_slist_append(NULL, "Expect:");
    while (lines && *lines) {
        size_t n = strcspn(lines, "\n");
        autofree char *line = xstrndup(lines, n);
        list = curl_slist_append(list, line);
        lines += n + (lines[n] == '\n');
    }
    return list;
}

struct sim_reply sim_client_send(struct sim_client *c,
                                 const char *method,
                                 const char *target,
                                 const char *headers,
                                 const char *body)
{
    struct sim_reply r = {0};
    autovalue(str_release) struct str url, head, text;
    struct curl_slist *list = header_list(headers);
    str_init(&url, 8192);
    str_init(&head, MAX_REPLY);
    str_init(&text, MAX_REPLY);
    str_addf(&url, "http://127.0.0.1:%u%s", c->port, target);
    curl_easy_reset(c->easy); /* options only: the connection stays */
    curl_easy_setopt(c->easy, CURLOPT_URL, url.p);
    curl_easy_setopt(c->easy, CURLOPT_PROXY, "");
    curl_easy_setopt(c->easy, CURLOPT_CUSTOMREQUEST, method);
    curl_easy_setopt(c->easy, CURLOPT_HTTPHEADER, list);
    curl_easy_setopt(c->easy, CURLOPT_ACCEPT_ENCODING, "gzip");
    curl_easy_setopt(c->easy, CURLOPT_TIMEOUT_MS, (long)TIMEOUT_MS);
    curl_easy_setopt(c->easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c->easy, CURLOPT_WRITEFUNCTION, collect);
    curl_easy_setopt(c->easy, CURLOPT_WRITEDATA, &text);
    curl_easy_setopt(c->easy, CURLOPT_HEADERFUNCTION, collect);
    curl_easy_setopt(c->easy, CURLOPT_HEADERDATA, &head);
    if (body) {
        curl_easy_setopt(c->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)strlen(body));
        curl_easy_setopt(c->easy, CURLOPT_POSTFIELDS, body);
    }
    r.curl = (int)curl_easy_perform(c->easy);
    curl_easy_getinfo(c->easy, CURLINFO_RESPONSE_CODE, &r.status);
    curl_easy_getinfo(c->easy, CURLINFO_NUM_CONNECTS, &r.connects);
    curl_slist_free_all(list);
    r.n_body = text.n;
    r.body = text.n ? str_steal(&text) : xstrdup("");
    r.headers = head.n ? str_steal(&head) : xstrdup("");
    return r;
}

void sim_reply_release(struct sim_reply *r)
{
    free(r->headers);
    free(r->body);
    *r = (struct sim_reply){0};
}

size_t sim_count(const char *text, const char *what)
{
    size_t n = 0;
    for (const char *p = text; (p = strstr(p, what)); p += strlen(what))
        n++;
    return n;
}

char *sim_between(const char *text, const char *before, const char *after, size_t nth)
{
    const char *p = text;
    for (size_t i = 0; i <= nth; i++) {
        p = strstr(p, before);
        if (!p)
            return NULL;
        p += strlen(before);
    }
    const char *end = strstr(p, after);
    return end ? xstrndup(p, (size_t)(end - p)) : NULL;
}
