#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/net/loop.h"
#include "common/net/notify.h"

static struct clock_fake fake;
static struct loop *l;
static int fd;

/* An abstract socket, so that nothing stays behind. */
static void listen_as(const char *name)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    char variable[sizeof(a.sun_path) + 1];
    int n = snprintf(a.sun_path + 1, sizeof(a.sun_path) - 1, "%s-%d", name, getpid());
    snprintf(variable, sizeof(variable), "@%s", a.sun_path + 1);
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    cr_assert(bind(fd, (struct sockaddr *)&a,
                   (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)n)) == 0);
    setenv("NOTIFY_SOCKET", variable, 1);
}

static void set_up(void)
{
    unsetenv("NOTIFY_SOCKET");
    unsetenv("WATCHDOG_USEC");
    unsetenv("WATCHDOG_PID");
    fd = -1;
    clock_fake_init(&fake, 0);
    l = loop_new(&fake.clock);
}

static void tear_down(void)
{
    loop_free(l);
    if (fd >= 0)
        close(fd);
}

TestSuite(notify, .init = set_up, .fini = tear_down);

static char *heard(void)
{
    static char text[512];
    ssize_t n = recv(fd, text, sizeof(text) - 1, 0);
    text[n > 0 ? n : 0] = '\0';
    return text;
}

Test(notify, each_state_is_one_datagram)
{
    listen_as("notify-test");
    autoptr(notify_free) struct notify *n = notify_new(l);
    notify_ready(n);
    notify_status(n, "12 mailboxes\nREADY=0");
    notify_stopping(n);
    cr_expect(eq(str, heard(), "READY=1"));
    cr_expect(eq(str, heard(), "STATUS=12 mailboxes READY=0"));
    cr_expect(eq(str, heard(), "STOPPING=1"));
    cr_expect(eq(str, heard(), ""));
}

Test(notify, watchdog_is_fed_at_half_its_time)
{
    listen_as("notify-test");
    setenv("WATCHDOG_USEC", "30000000", 1);
    autoptr(notify_free) struct notify *n = notify_new(l);
    cr_expect(eq(i64, loop_next_due_ms(l), 15000));
    for (int i = 0; i < 3; i++) {
        clock_fake_advance(&fake, 15000);
        loop_turn(l, 0);
        cr_expect(eq(str, heard(), "WATCHDOG=1"));
    }
}

Test(notify, watchdog_of_another_process_is_not_ours)
{
    listen_as("notify-test");
    setenv("WATCHDOG_USEC", "30000000", 1);
    setenv("WATCHDOG_PID", "1", 1);
    autoptr(notify_free) struct notify *n = notify_new(l);
    cr_expect(eq(i64, loop_next_due_ms(l), -1));
}

Test(notify, without_systemd_nothing_happens)
{
    setenv("WATCHDOG_USEC", "30000000", 1);
    autoptr(notify_free) struct notify *n = notify_new(l);
    notify_ready(n);
    notify_status(n, "x");
    notify_stopping(n);
    cr_expect(eq(i64, loop_next_due_ms(l), -1));
    setenv("NOTIFY_SOCKET", "relative/path", 1);
    autoptr(notify_free) struct notify *other = notify_new(l);
    notify_ready(other);
}
