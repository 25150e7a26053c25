#include "common/net/notify.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/net/loop.h"

struct notify {
    struct loop *l;
    int fd; /* -1: nobody listens */
    int64_t watchdog_ms;
    struct loop_timer *timer;
};

static void send_state(struct notify *n, const char *state)
{
    if (n->fd >= 0)
        send(n->fd, state, strlen(state), MSG_NOSIGNAL);
}

static int connect_to(const char *path)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    size_t len = path ? strlen(path) : 0;
    if (len < 2 || len >= sizeof(a.sun_path) || (path[0] != '/' && path[0] != '@'))
        return -1;
    memcpy(a.sun_path, path, len);
    if (a.sun_path[0] == '@') /* abstract namespace */
        a.sun_path[0] = '\0';
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    if (connect(fd, (struct sockaddr *)&a,
                (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)) < 0) {
        close(fd);
        return -1;
    }
    return fd;
}

/* 0: not wanted, or meant for another process. */
static int64_t watchdog_ms(void)
{
    const char *usec = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
    if (!usec || (pid && strtol(pid, NULL, 10) != getpid()))
        return 0;
    long long us = strtoll(usec, NULL, 10);
    return us > 0 ? us / 1000 : 0;
}

static void on_watchdog(void *user)
{
    struct notify *n = user;
    send_state(n, "WATCHDOG=1");
    n->timer = loop_after(n->l, n->watchdog_ms / 2, on_watchdog, n);
}

struct notify *notify_new(struct loop *l)
{
    struct notify *n = xalloc(sizeof(*n));
    n->l = l;
    n->fd = connect_to(getenv("NOTIFY_SOCKET"));
    n->watchdog_ms = n->fd >= 0 ? watchdog_ms() : 0;
    if (n->watchdog_ms > 1)
        n->timer = loop_after(l, n->watchdog_ms / 2, on_watchdog, n);
    return n;
}

void notify_free(struct notify *n)
{
    if (!n)
        return;
    loop_cancel(n->timer);
    if (n->fd >= 0)
        close(n->fd);
    free(n);
}

void notify_ready(struct notify *n)
{
    send_state(n, "READY=1");
}

void notify_stopping(struct notify *n)
{
    send_state(n, "STOPPING=1");
}

void notify_status(struct notify *n, const char *text)
{
    char line[sizeof("STATUS=") + 200];
    snprintf(line, sizeof(line), "STATUS=%s", text);
    for (char *p = line; *p; p++) {
        if (*p == '\n' || *p == '\r')
            *p = ' ';
    }
    send_state(n, line);
}
