#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/err.h"
#include "common/base/log.h"
#include "common/base/tm.h"

static int out, in;

/* A packet socket keeps writes apart: one line must be one write. */
static void setup(void)
{
    int fd[2];

    cr_assert(eq(int, socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fd), 0));
    out = fd[0];
    in = fd[1];
    log_to_fd(out);
    log_init("test", LOG_LVL_INFO, false);
}

static void teardown(void)
{
    log_to_fd(-1);
    close(in);
    close(out);
}

TestSuite(log, .init = setup, .fini = teardown);

/* The next line whole, "" when there is none. */
static char *next_line(void)
{
    static char line[64 * 1024];
    ssize_t n = recv(in, line, sizeof(line) - 1, MSG_DONTWAIT);

    line[n > 0 ? n : 0] = '\0';
    return line;
}

/* The next line without its time stamp, which is checked. */
static char *next_fields(void)
{
    char *line = next_line(), stamp[TM_TEXT] = "";
    int64_t ms;

    cr_assert(eq(int, sscanf(line, "ts=%30s", stamp), 1), "%s", line);
    cr_assert(tm_parse_utc(stamp, &ms), "%s", stamp);
    return strchr(line, ' ') + 1;
}

Test(log, line_has_time_level_program_event_and_fields)
{
    log_info("batch applied", kv("mailbox", 12), kv("ok", (bool)true), kv("state", "sent"));
    cr_expect(eq(str, next_fields(),
                 "level=info prog=test event=\"batch applied\" mailbox=12 ok=true state=sent\n"));
    log_warn("stopping");
    cr_expect(eq(str, next_fields(), "level=warn prog=test event=stopping\n"));
}

Test(log, numbers_of_every_type)
{
    log_error("n", kv("a", (int64_t)INT64_MIN), kv("b", UINT64_MAX), kv("c", (short)-1),
              kv("d", (unsigned char)200), kv("e", 1.5), kv("f", 1e300), kv("g", (double)NAN),
              kv("h", (float)0.25f), kv("i", (size_t)7));
    cr_expect(eq(str, next_fields(),
                 "level=error prog=test event=n a=-9223372036854775808 b=18446744073709551615 "
                 "c=-1 d=200 e=1.5 f=1e+300 g=- h=0.25 i=7\n"));
}

Test(log, values_are_quoted_and_escaped)
{
    static const struct {
        const char *value;
        char *want;
    } rows[] = {
        {"plain/x:1", "plain/x:1"},
        {"", "\"\""},
        {"a b", "\"a b\""},
        {"a=b", "\"a=b\""},
        {"say \"hi\"", "\"say \\\"hi\\\"\""},
        {"back\\slash", "\"back\\\\slash\""},
        {"two\nlines\tand\r", "\"two\\nlines\\tand\\u000d\""},
        {"\x1b[31mred", "\"\\u001b[31mred\""},
        {"\x7f", "\"\\u007f\""},
        {"\xc2\x9b", "\"\\u009b\""},
        {"\xc3\xa9t\xc3\xa9", "\xc3\xa9t\xc3\xa9"},
        {"\xff", "\"\\ufffd\""},
        {"cut \xe2\x82", "\"cut \\ufffd\\ufffd\""},
        {"\xc2", "\"\\ufffd\""},
        {"\xed\xa0\x80", "\"\\ufffd\\ufffd\\ufffd\""},
        {NULL, "-"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char want[256];

        snprintf(want, sizeof(want), "level=info prog=test event=e v=%s\n", rows[i].want);
        log_info("e", kv("v", rows[i].value));
        cr_expect(eq(str, next_fields(), want));
    }
}

Test(log, json_lines_are_json_whatever_the_value)
{
    char every[256 + 4];

    for (int i = 0; i < 255; i++)
        every[i] = (char)(i + 1);
    memcpy(every + 255, "\xc2\x85", 3);
    log_init("worker", LOG_LVL_DEBUG, true);
    log_debug("an \"event\"", kv("all", (const char *)every), kv("n", -5), kv("u", 5u),
              kv("none", (const char *)NULL), kv("nan", (double)NAN), kv("yes", (bool)true));
    char *line = next_line();
    size_t n = strlen(line);

    cr_assert(gt(sz, n, 0));
    cr_expect(eq(int, line[n - 1], '\n'));
    cr_expect(strchr(line, '\n') == line + n - 1, "one line");
    json_t *v = json_loads(line, JSON_REJECT_DUPLICATES, NULL);

    cr_assert(v != NULL, "%s", line);
    cr_expect(json_object_size(v) == 10);
    cr_expect_str_eq(json_string_value(json_object_get(v, "event")), "an \"event\"");
    cr_expect_str_eq(json_string_value(json_object_get(v, "level")), "debug");
    cr_expect(json_integer_value(json_object_get(v, "n")) == -5);
    cr_expect(JSON_NULL == json_typeof(json_object_get(v, "none")));
    cr_expect(JSON_NULL == json_typeof(json_object_get(v, "nan")));
    cr_expect(JSON_TRUE == json_typeof(json_object_get(v, "yes")));
    json_decref(v);
}

Test(log, level_decides_and_arguments_are_not_evaluated_below_it)
{
    int asked = 0;

    log_init("test", LOG_LVL_WARN, false);
    log_info("quiet", kv("n", ++asked));
    cr_expect(eq(str, next_line(), ""));
    cr_expect(eq(int, asked, 0));
    log_warn("loud", kv("n", ++asked));
    cr_expect(eq(int, asked, 1));
    cr_expect(eq(str, next_fields(), "level=warn prog=test event=loud n=1\n"));
    cr_expect(log_enabled(LOG_LVL_ERROR));
    cr_expect(not(log_enabled(LOG_LVL_DEBUG)));
}

Test(log, levels_by_name)
{
    enum log_level l = LOG_LVL_DEBUG;

    cr_expect(log_level_parse("error", &l) && l == LOG_LVL_ERROR);
    cr_expect(log_level_parse("warn", &l) && l == LOG_LVL_WARN);
    cr_expect(log_level_parse("info", &l) && l == LOG_LVL_INFO);
    cr_expect(log_level_parse("debug", &l) && l == LOG_LVL_DEBUG);
    cr_expect(not(log_level_parse("Debug", &l)));
    cr_expect(not(log_level_parse("", &l)));
}

Test(log, an_error_is_two_fields)
{
    struct err err;

    err_set(&err, SCOPE_REMOTE, WHEN_LATER, "http.503", "rock is away");
    log_warn("read failed", log_err(&err), kv("retry_s", 5));
    cr_expect(eq(str, next_fields(),
                 "level=warn prog=test event=\"read failed\" code=http.503 "
                 "error=\"rock is away\" retry_s=5\n"));
}

Test(log, long_values_are_cut_on_a_character)
{
    char big[5000];

    memset(big, 'x', sizeof(big));
    for (size_t i = 0; i + 3 < sizeof(big); i += 3)
        memcpy(big + i, "\xe2\x82\xac", 3);
    big[sizeof(big) - 1] = '\0';
    log_info("e", kv("v", (const char *)big));
    char *v = strstr(next_fields(), "v=");

    cr_expect(eq(sz, strlen(v), 2 + 1023 + 1));
    cr_expect(v[2] != '"', "nothing broken in it that would ask for quotes");
}

Test(log, a_line_too_long_says_that_it_is_cut_and_stays_whole)
{
    char big[1001];
    struct log_kv kvs[20];

    memset(big, '\x01', sizeof(big) - 1); /* six bytes each once escaped */
    big[sizeof(big) - 1] = '\0';
    for (int i = 0; i < 20; i++)
        kvs[i] = log_kv_s("v", big);
    log_event(LOG_LVL_INFO, "e", kvs, 20);
    char *line = next_line();
    size_t n = strlen(line);

    cr_expect(le(sz, n, 16 * 1024));
    cr_assert(gt(sz, n, 20));
    cr_expect(eq(str, line + n - 11, "\" cut=true\n"));
    log_init("test", LOG_LVL_INFO, true);
    for (int i = 0; i < 20; i++)
        kvs[i].key = i % 2 ? "odd" : "even";
    log_event(LOG_LVL_INFO, "e", kvs, 20);
    json_t *v = json_loads(next_line(), 0, NULL);

    cr_assert(v != NULL);
    cr_expect(JSON_TRUE == json_typeof(json_object_get(v, "cut")));
    json_decref(v);
}

Test(log, errno_survives_and_a_dead_sink_is_no_matter)
{
    int fd = open("/dev/full", O_WRONLY);

    log_to_fd(fd);
    errno = ENOENT;
    log_info("lost");
    cr_expect(eq(int, errno, ENOENT));
    log_to_fd(out);
    log_info("found");
    cr_expect(strstr(next_line(), "event=found") != NULL);
    close(fd);
}

static void *write_lines(void *arg)
{
    (void)arg;
    for (int i = 0; i < 50; i++)
        log_info("from a thread", kv("i", i));
    return NULL;
}

Test(log, lines_of_threads_do_not_mix)
{
    pthread_t t[2];

    for (int i = 0; i < 2; i++)
        cr_assert(eq(int, pthread_create(&t[i], NULL, write_lines, NULL), 0));
    for (int i = 0; i < 100; i++) {
        char line[512];
        ssize_t n = recv(in, line, sizeof(line) - 1, 0);

        cr_assert(gt(long, n, 0));
        line[n] = '\0';
        cr_assert(strncmp(line, "ts=", 3) == 0 && strchr(line, '\n') == line + n - 1);
    }
    for (int i = 0; i < 2; i++)
        pthread_join(t[i], NULL);
}
