#include "worker/trace.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/str.h"
#include "common/base/tm.h"

#include "common/net/loop.h"
#include "worker/ews/ews_scrub.h"
#include "worker/ews/ews_store.h"

enum { TEXT_MAX = 64 << 10, PART_MAX = 8 << 10, SEARCH_MAX = 8 << 10, GAP_MS = 1000 };

static const char file_name[] = "ExchangeContactSync.txt";

struct trace {
    struct loop *l;
    char *path, *next_path; /* the file, and the one that becomes it */
    void (*keep)(const char *text, void *user);
    void *user;
    struct str text;   /* the latest attempt */
    struct str search; /* the latest search ... */
    int64_t searched;  /* ... was for this mailbox; 0: none yet */
    bool over;         /* ... and has ended */
    char *via;         /* its last question: when it found something, what said so */
    bool fixed;
    struct loop_timer *timer;
    int64_t written_ms;
    bool waiting; /* text is newer than the file */
    bool said;    /* that the file cannot be written */
};

/* --- the file ------------------------------------------------------------------------------ */

static int write_all(int fd, const char *p, size_t n)
{
    while (n) {
        ssize_t k = write(fd, p, n);
        if (k < 0 && errno == EINTR)
            continue;
        if (k <= 0)
            return -1;
        p += k;
        n -= (size_t)k;
    }
    return 0;
}

static int put_file(const struct trace *t)
{
    int fd = open(t->next_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640);
    if (fd < 0)
        return -1;
    int rc = fchmod(fd, 0640) < 0 || write_all(fd, t->text.p, t->text.n) < 0 ? -1 : 0;
    rc = close(fd) < 0 ? -1 : rc;
    if (rc < 0 || rename(t->next_path, t->path) < 0) {
        int e = errno;
        unlink(t->next_path);
        errno = e;
        return -1;
    }
    return 0;
}

static void put(struct trace *t)
{
    t->waiting = false;
    t->written_ms = clock_now(loop_clock(t->l));
    if (put_file(t) == 0) {
        t->said = false;
    } else if (!t->said) {
        log_warn("the trace cannot be written", kv("error", strerror(errno)));
        t->said = true;
    }
    if (t->keep)
        t->keep(t->text.p, t->user);
}

static void due(void *user)
{
    struct trace *t = user;
    t->timer = NULL;
    if (t->waiting)
        put(t);
}

static void put_soon(struct trace *t)
{
    int64_t left = t->written_ms + GAP_MS - clock_now(loop_clock(t->l));
    t->waiting = true;
    if (t->timer)
        return;
    if (!t->written_ms || left <= 0)
        put(t);
    else
        t->timer = loop_after(t->l, (uint32_t)left, due, t);
}

/* --- what stands in it --------------------------------------------------------------------- */

static void put_search(struct trace *t, const struct ews_trace *a)
{
    bool here = t->searched && t->searched == a->mailbox_id;
    str_addf(&t->text, "Autodiscover URL: %s\n",
             t->fixed ? "none, exchange.url is set"
             : here   ? t->via
                      : "known from an earlier search");
    if (here)
        str_puts(&t->text, t->search.p);
}

/* "GetFolderResponse" answers GetFolder. */
static int name_length(const char *element)
{
    static const char response[] = "Response";
    size_t n = strlen(element), k = strlen(response);
    return (int)(n > k && strcmp(element + n - k, response) == 0 ? n - k : n);
}

void trace_attempt(struct trace *t, const struct ews_trace *a)
{
    char now[TM_TEXT];
    str_clear(&t->text);
    str_addf(&t->text,
             "Contact sync: the latest connection attempt to Exchange\n\n"
             "Time:             %s\nMailbox:          %s\nExchange URL:     %s\n",
             tm_format_utc(clock_wall(loop_clock(t->l)), now), a->mailbox, a->url);
    put_search(t, a);
    str_addf(&t->text, "Operation:        %.*s\n", name_length(a->operation), a->operation);
    if (a->err)
        str_addf(&t->text, "Result:           no answer after %u ms: %s (%s)\n", a->took_ms,
                 a->err->text, a->err->code);
    else
        str_addf(&t->text, "Result:           HTTP %d after %u ms\n", a->status, a->took_ms);
    str_addf(&t->text, "\nRequest (%zu bytes; what stands in contacts is left out):\n",
             a->n_request);
    ews_scrub(a->request, a->n_request, PART_MAX, &t->text);
    if (!a->err) {
        str_addf(&t->text, "\n\nAnswer (%zu bytes):\n", a->n_answer);
        ews_scrub(a->answer, a->n_answer, PART_MAX, &t->text);
    }
    str_putc(&t->text, '\n');
    put_soon(t);
}

void trace_search(
    struct trace *t, int64_t mailbox, const char *what, const char *outcome, bool last)
{
    if (t->over || t->searched != mailbox) {
        t->searched = mailbox;
        t->over = false;
        str_clear(&t->search);
    }
    str_addf(&t->search, "                  %s%s%s\n", what, *what ? ": " : "", outcome);
    t->over = last;
    if (last)
        return;
    free(t->via);
    t->via = xstrdup(what);
}

/* --- life ---------------------------------------------------------------------------------- */

int trace_new(struct loop *l,
              const char *folder,
              bool fixed,
              void (*keep)(const char *text, void *user),
              void *user,
              struct trace **ret,
              struct err *err)
{
    if (access(folder, W_OK | X_OK) < 0)
        return err_set(err, SCOPE_PROCESS, WHEN_NEVER, "conf",
                       "trace.folder (%.100s): %s; make it, writable for us", folder,
                       strerror(errno));
    struct trace *t = xalloc(sizeof(*t));
    t->l = l;
    t->fixed = fixed;
    t->keep = keep;
    t->user = user;
    if (asprintf(&t->path, "%s/%s", folder, file_name) < 0 ||
        asprintf(&t->next_path, "%s/.%s.%ld", folder, file_name, (long)getpid()) < 0)
        out_of_memory("trace");
    str_init(&t->text, TEXT_MAX);
    str_init(&t->search, SEARCH_MAX);
    *ret = t;
    return 0;
}

void trace_free(struct trace *t)
{
    if (!t)
        return;
    loop_cancel(t->timer);
    if (t->waiting)
        put(t);
    free(t->path);
    free(t->next_path);
    free(t->via);
    str_release(&t->text);
    str_release(&t->search);
    free(t);
}
