/*
 * httpd: small pages of a program itself (metrics, health, debug), on libmicrohttpd inside the loop
 * (external epoll).
 *
 * Listens on 127.0.0.1 only. Routes are exact paths, GET and HEAD; the query is ignored. Answers
 * are built in memory, at most 16 MiB (beyond: 500). Unknown paths get 404, other methods 405. At
 * most 64 connections, idle ones go after 10 s.
 */
#ifndef SYNC_NET_HTTPD_H
#define SYNC_NET_HTTPD_H

#include <stdint.h>

#include "common/base/err.h"
#include "common/base/str.h"

struct loop;
struct httpd;

struct httpd_reply {
    int status;               /* preset 200 */
    const char *content_type; /* preset "text/plain; charset=utf-8"; static text */
    struct str body;
};
/* Fills the reply at once: must not turn or wait on the loop, nor change or free the httpd. */
typedef void (*httpd_fn)(struct httpd_reply *reply, void *user);

/* port 0: a free one. Fails (SCOPE_PROCESS, "httpd.listen") when the port is taken. */
struct httpd *httpd_new(struct loop *l, uint16_t port, struct err *err) must_check;
uint16_t httpd_port(const struct httpd *h);
/* Copies path, which begins with "/". A second route of the same path replaces the first. */
void httpd_route(struct httpd *h, const char *path, httpd_fn fn, void *user);
void httpd_free(struct httpd *h); /* NULL is fine; open connections are closed */
CLEANUP_DEFINE(struct httpd, httpd_free);

#endif
