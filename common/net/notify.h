/*
 * notify: tells systemd how the program is, by datagrams to $NOTIFY_SOCKET (Type=notify). Without
 * that variable every function does nothing; a datagram that cannot be sent is dropped.
 *
 * When $WATCHDOG_USEC asks for it, WATCHDOG=1 goes out at half that interval from a timer of the
 * loop: a loop that hangs falls silent.
 * @source sd_notify(3), sd_watchdog_enabled(3)
 */
#ifndef SYNC_NET_NOTIFY_H
#define SYNC_NET_NOTIFY_H

#include "common/base/cleanup.h"

struct loop;
struct notify;

struct notify *notify_new(struct loop *l); /* never NULL; the watchdog begins */
void notify_free(struct notify *n);        /* NULL is fine */
void notify_ready(struct notify *n);       /* READY=1: start has succeeded */
void notify_stopping(struct notify *n);    /* STOPPING=1 */
/* STATUS=: one line for `systemctl status`, cut at 200 bytes, line breaks become blanks. */
void notify_status(struct notify *n, const char *text);
CLEANUP_DEFINE(struct notify, notify_free);

#endif
