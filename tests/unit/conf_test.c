#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/conf.h"
#include "common/base/str.h"

static const struct conf_def defs[] = {
    {.name = "rock.url", .type = CONF_STRING, .help = "where Rock is"},
    {.name = "rock.token_file", .type = CONF_FILE, .help = "file with the token"},
    {.name = "postgres.dsn", .type = CONF_STRING, .flags = CONF_SECRET, .help = "database"},
    {.name = "postgres.lease_ttl",
     .type = CONF_DURATION,
     .def = "30s",
     .min = 1000,
     .max = 600000,
     .help = "life of a lease"},
    {.name = "batch.max_ops", .type = CONF_INT, .def = "100", .min = 1, .max = 500, .help = "n"},
    {.name = "batch.max_bytes",
     .type = CONF_BYTES,
     .def = "1MiB",
     .min = 1024,
     .max = 64 << 20,
     .help = "size of a request"},
    {.name = "delete_old_contacts", .type = CONF_BOOL, .def = "false", .help = "delete | keep"},
    {.name = "queue", .type = CONF_ENUM, .def = "memory", .words = "memory|kafka", .help = "q"},
    {.name = "mail_domains", .type = CONF_LIST, .help = "domains"},
    {.name = "kafka.bootstrap.servers",
     .type = CONF_STRING,
     .def = "127.0.0.1:9092",
     .help = "brokers"},
    {.name = "offset", .type = CONF_INT, .min = -10, .max = 10, .help = "may be negative"},
};

static struct conf *c;
static struct err err;
static char dir[64], path[128];

static void setup(void)
{
    snprintf(dir, sizeof(dir), "/tmp/conf_test.XXXXXX");
    cr_assert(mkdtemp(dir) != NULL);
    snprintf(path, sizeof(path), "%s/x.conf", dir);
    c = conf_new(defs, ARRAY_LEN(defs));
    memset(&err, 0, sizeof(err));
}

static void teardown(void)
{
    conf_free(c);
    unlink(path);
    rmdir(dir);
}

TestSuite(conf, .init = setup, .fini = teardown);

static void put_file(const void *text, size_t n, mode_t mode)
{
    FILE *f = fopen(path, "w");

    cr_assert(f != NULL);
    cr_assert(eq(sz, fwrite(text, 1, n, f), n));
    fclose(f);
    cr_assert(eq(int, chmod(path, mode), 0));
}

static int load(const char *text)
{
    put_file(text, strlen(text), 0600);
    return conf_load_file(c, path, &err);
}

/* The error's text without the changing name of the file. */
static char *problem(void)
{
    static char text[sizeof(err.text)];
    size_t n = strlen(path);

    cr_expect(eq(str, err.code, "conf"));
    cr_expect(eq(int, err.scope, SCOPE_PROCESS));
    cr_expect(eq(int, err.when, WHEN_NEVER));
    snprintf(text, sizeof(text), "%s", strncmp(err.text, path, n) == 0 ? err.text + n : err.text);
    return text;
}

static char *got(const char *name)
{
    static char text[5000];

    snprintf(text, sizeof(text), "%s", conf_str(c, name));
    return text;
}

static char *from(const char *name)
{
    static char text[300];

    snprintf(text, sizeof(text), "%s", conf_origin(c, name));
    return text;
}

Test(conf, defaults_come_from_the_table)
{
    const char *const *list;

    cr_expect(eq(str, got("rock.url"), ""));
    cr_expect(eq(str, got("queue"), "memory"));
    cr_expect(eq(i64, conf_int(c, "postgres.lease_ttl"), 30000));
    cr_expect(eq(i64, conf_int(c, "batch.max_bytes"), 1 << 20));
    cr_expect(eq(i64, conf_int(c, "offset"), 0));
    cr_expect(not(conf_bool(c, "delete_old_contacts")));
    cr_expect(eq(sz, conf_list(c, "mail_domains", &list), 0));
    cr_expect(list[0] == NULL);
    cr_expect(not(conf_is_set(c, "rock.url")));
    cr_expect(conf_is_set(c, "queue"));
    cr_expect(eq(str, from("queue"), "default"));
}

Test(conf, file_is_read)
{
    const char *const *list;
    char want[200];

    cr_assert(eq(int,
                 load("\xef\xbb\xbf# a comment\r\n"
                      "\r\n"
                      "  rock.url=https://rock.church.example/?a=b#c  \r\n"
                      "postgres.lease_ttl = 2 m\n"
                      "delete_old_contacts = yes\n"
                      "\tmail_domains = church.example, ,example.org ,\n"
                      "postgres.dsn = \"  host=x  \"\n"
                      "queue = \"kafka\""),
                 0),
              "%s", err.text);
    cr_expect(eq(str, got("rock.url"), "https://rock.church.example/?a=b#c"));
    cr_expect(eq(i64, conf_int(c, "postgres.lease_ttl"), 120000));
    cr_expect(conf_bool(c, "delete_old_contacts"));
    cr_expect(eq(str, got("postgres.dsn"), "  host=x  "));
    cr_expect(eq(str, got("queue"), "kafka"));
    cr_assert(eq(sz, conf_list(c, "mail_domains", &list), 2));
    cr_expect_str_eq(list[0], "church.example");
    cr_expect_str_eq(list[1], "example.org");
    cr_expect(list[2] == NULL);
    snprintf(want, sizeof(want), "file %s:3", path);
    cr_expect(eq(str, from("rock.url"), want));
}

static const struct {
    const char *text;
    char *want;
} file_errors[] = {
    {"\n\nrok.url = x\n", ":3: unknown setting \"rok.url\" (did you mean \"rock.url\"?)"},
    {"something.else = x\n", ":1: unknown setting \"something.else\""},
    {"Queue = kafka", ":1: unknown setting \"Queue\" (did you mean \"queue\"?)"},
    {"rock.url\n", ":1: expected \"key = value\""},
    {"[rock]\n", ":1: expected \"key = value\""},
    {" = x\n", ":1: the key is missing"},
    {"queue = \"kafka\n", ":1: the closing quote is missing"},
    {"queue = \"\n", ":1: the closing quote is missing"},
    {"postgres.lease_ttl = 30 parsecs",
     ":1: postgres.lease_ttl: \"30 parsecs\" is not a duration; write a number with ms, s, m, h "
     "or d"},
    {"postgres.lease_ttl = 30",
     ":1: postgres.lease_ttl: \"30\" is not a duration; write a number with ms, s, m, h or d"},
    {"postgres.lease_ttl = 1.5h",
     ":1: postgres.lease_ttl: \"1.5h\" is not a duration; write a number with ms, s, m, h or d"},
    {"postgres.lease_ttl = s",
     ":1: postgres.lease_ttl: \"s\" is not a duration; write a number with ms, s, m, h or d"},
    {"postgres.lease_ttl = 9223372036854775807h",
     ":1: postgres.lease_ttl: \"9223372036854775807h\" is not a duration; write a number with ms, "
     "s, m, h or d"},
    {"postgres.lease_ttl = 999ms", ":1: postgres.lease_ttl: \"999ms\" is out of range (1s to 10m)"},
    {"postgres.lease_ttl = 0", ":1: postgres.lease_ttl: \"0\" is out of range (1s to 10m)"},
    {"batch.max_ops = 501", ":1: batch.max_ops: \"501\" is out of range (1 to 500)"},
    {"batch.max_ops = 5x", ":1: batch.max_ops: \"5x\" is not a whole number"},
    {"batch.max_ops =", ":1: batch.max_ops: \"\" is not a whole number"},
    {"batch.max_ops = 0x10", ":1: batch.max_ops: \"0x10\" is not a whole number"},
    {"batch.max_ops = +5", ":1: batch.max_ops: \"+5\" is not a whole number"},
    {"batch.max_ops = 99999999999999999999",
     ":1: batch.max_ops: \"99999999999999999999\" is not a whole number"},
    {"batch.max_bytes = 1 MB",
     ":1: batch.max_bytes: \"1 MB\" is not a size; write a number of bytes, or with KiB, MiB or "
     "GiB"},
    {"batch.max_bytes = 1GiB", ":1: batch.max_bytes: \"1GiB\" is out of range (1KiB to 64MiB)"},
    {"delete_old_contacts = maybe", ":1: delete_old_contacts: \"maybe\" is neither true nor false"},
    {"queue = kaf", ":1: queue: \"kaf\" is none of memory|kafka"},
    {"queue = memory|kafka", ":1: queue: \"memory|kafka\" is none of memory|kafka"},
    {"queue =", ":1: queue: \"\" is none of memory|kafka"},
    {"queue = kafka\nrock.url = x\nqueue = kafka", ":3: queue is set on line 1 already"},
    {"kafka. = x", ":1: unknown setting \"kafka.\""},
    {"kafka.a b = x", ":1: unknown setting \"kafka.a b\""},
    {"rock.url = a\xff", ": not a text file in UTF-8"},
};

Test(conf, file_errors_say_what_and_where)
{
    for (size_t i = 0; i < ARRAY_LEN(file_errors); i++) {
        struct conf *fresh = conf_new(defs, ARRAY_LEN(defs));

        put_file(file_errors[i].text, strlen(file_errors[i].text), 0600);
        cr_expect(eq(int, conf_load_file(fresh, path, &err), -1), "%s", file_errors[i].text);
        cr_expect(eq(str, problem(), file_errors[i].want));
        conf_free(fresh);
    }
}

Test(conf, secrets_are_not_in_errors)
{
    char text[5100] = "postgres.dsn = hunter2";

    memset(text + strlen(text), 'x', 5000);
    text[5050] = '\0';
    cr_expect(eq(int, load(text), -1));
    cr_expect(eq(str, problem(), ":1: postgres.dsn: \"***\" is longer than 4096 bytes"));
    cr_expect(eq(int, conf_set(c, "kafka.sasl.password=hunter2\xff", &err), -1));
    cr_expect(strstr(err.text, "hunter2") == NULL, "%s", err.text);
}

Test(conf, files_have_limits)
{
    enum { MIB = 1 << 20 };
    char *big = malloc(MIB + 1);

    memset(big, '\n', MIB + 1);
    put_file(big, MIB, 0600);
    cr_expect(eq(int, conf_load_file(c, path, &err), 0));
    put_file(big, MIB + 1, 0600);
    cr_expect(eq(int, conf_load_file(c, path, &err), -1));
    cr_expect(eq(str, problem(), ": longer than 1 MiB"));
    memset(big, '#', 8192);
    put_file(big, 8192, 0600);
    cr_expect(eq(int, conf_load_file(c, path, &err), 0));
    big[8192] = '#';
    put_file(big, 8193, 0600);
    cr_expect(eq(int, conf_load_file(c, path, &err), -1));
    cr_expect(eq(str, problem(), ":1: the line is longer than 8192 bytes"));
    put_file("queue = memory\0", 15, 0600);
    cr_expect(eq(int, conf_load_file(c, path, &err), -1));
    cr_expect(eq(str, problem(), ": not a text file in UTF-8"));
    put_file("", 0, 0600);
    cr_expect(eq(int, conf_load_file(c, path, &err), 0));
    free(big);
}

Test(conf, a_missing_file_and_a_folder_are_errors)
{
    cr_expect(eq(int, conf_load_file(c, path, &err), -1));
    cr_expect(eq(str, problem(), ": No such file or directory"));
    cr_expect(eq(int, conf_load_file(c, "/tmp", &err), -1));
    cr_expect(eq(str, problem(), "/tmp: not a plain file"));
}

Test(conf, a_pipe_does_not_hang_the_start, .timeout = 10)
{
    cr_assert(eq(int, mkfifo(path, 0600), 0));
    cr_expect(eq(int, conf_load_file(c, path, &err), -1));
    cr_expect(eq(str, problem(), ": not a plain file"));
}

Test(conf, environment_names_follow_the_table)
{
    char *env[] = {"PATH=/bin",
                   "CONTACT_SYNC_ROCK_URL=https://rock.church.example",
                   "CONTACT_SYNC_ROCK_TOKEN_FILE=/run/token",
                   "CONTACT_SYNC_DELETE_OLD_CONTACTS=on",
                   "CONTACT_SYNC_KAFKA_BOOTSTRAP_SERVERS=k:1",
                   "CONTACT_SYNC_KAFKA_LINGER_MS=5",
                   "CONTACT_SYNC_POSTGRES_DSN=",
                   NULL};

    cr_assert(eq(int, conf_load_env(c, env, &err), 0), "%s", err.text);
    cr_expect(eq(str, got("rock.url"), "https://rock.church.example"));
    cr_expect(eq(str, got("rock.token_file"), "/run/token"));
    cr_expect(eq(str, got("kafka.bootstrap.servers"), "k:1"));
    cr_expect(conf_bool(c, "delete_old_contacts"));
    cr_expect(eq(str, from("rock.url"), "environment"));
    cr_expect(conf_is_set(c, "postgres.dsn"), "set, to nothing");
}

Test(conf, environment_errors_name_the_variable_or_setting)
{
    char *unknown[] = {"CONTACT_SYNC_ROK_URL=x", NULL}, *far[] = {"CONTACT_SYNC_=x", NULL},
         *wrong[] = {"CONTACT_SYNC_BATCH_MAX_OPS=0", NULL},
         *kafka[] = {"CONTACT_SYNC_KAFKA_=x", NULL};

    cr_expect(eq(int, conf_load_env(c, unknown, &err), -1));
    cr_expect(eq(str, problem(),
                 "environment: unknown setting CONTACT_SYNC_ROK_URL (did you mean "
                 "CONTACT_SYNC_ROCK_URL?)"));
    cr_expect(eq(int, conf_load_env(c, far, &err), -1));
    cr_expect(eq(str, problem(), "environment: unknown setting CONTACT_SYNC_"));
    cr_expect(eq(int, conf_load_env(c, wrong, &err), -1));
    cr_expect(eq(str, problem(), "environment: batch.max_ops: \"0\" is out of range (1 to 500)"));
    cr_expect(eq(int, conf_load_env(c, kafka, &err), -1));
}

Test(conf, arguments_are_set)
{
    cr_expect(eq(int, conf_set(c, "rock.url=https://x/?a=b", &err), 0));
    cr_expect(eq(str, got("rock.url"), "https://x/?a=b"));
    cr_expect(eq(str, from("rock.url"), "argument"));
    cr_expect(eq(int, conf_set(c, "offset=-10", &err), 0));
    cr_expect(eq(i64, conf_int(c, "offset"), -10));
    cr_expect(eq(int, conf_set(c, "rock.url", &err), -1));
    cr_expect(eq(str, problem(), "argument: expected key=value"));
    cr_expect(eq(int, conf_set(c, "=x", &err), -1));
    cr_expect(eq(int, conf_set(c, "qeuue=kafka", &err), -1));
    cr_expect(eq(str, problem(), "argument: unknown setting \"qeuue\" (did you mean \"queue\"?)"));
    cr_expect(eq(str, got("queue"), "memory"), "a refused value changes nothing");
}

Test(conf, argument_beats_environment_beats_file_in_whatever_order_they_come)
{
    char *env[] = {"CONTACT_SYNC_QUEUE=kafka", "CONTACT_SYNC_ROCK_URL=env", NULL};

    cr_assert(eq(int, conf_set(c, "rock.url=argument", &err), 0));
    cr_assert(eq(int, conf_load_env(c, env, &err), 0));
    cr_assert(eq(int, load("rock.url = file\nqueue = memory\nbatch.max_ops = 7\n"), 0));
    cr_expect(eq(str, got("rock.url"), "argument"));
    cr_expect(eq(str, got("queue"), "kafka"));
    cr_expect(eq(i64, conf_int(c, "batch.max_ops"), 7));
    cr_assert(eq(int, load("batch.max_ops = 8\n"), 0));
    cr_expect(eq(i64, conf_int(c, "batch.max_ops"), 8), "a second file is not a double");
}

static void collect(const char *name, const char *value, void *user)
{
    str_addf(user, "%s=%s;", name, value);
}

Test(conf, kafka_settings_beyond_the_table_pass_through_in_order)
{
    autovalue(str_release) struct str s = STR_INIT(1000);
    char *env[] = {"CONTACT_SYNC_KAFKA_LINGER_MS=5", "CONTACT_SYNC_KAFKA_ACKS=all", NULL};

    cr_assert(eq(int, load("kafka.socket.nagle.disable = true\nkafka.acks = 1\n"), 0));
    cr_assert(eq(int, conf_load_env(c, env, &err), 0));
    cr_assert(eq(int, conf_set(c, "kafka.client.id=x", &err), 0));
    cr_assert(eq(int, conf_set(c, "kafka.bootstrap.servers=b:1", &err), 0));
    conf_each_passthrough(c, collect, &s);
    cr_expect(eq(str, s.p, "acks=all;client.id=x;linger.ms=5;socket.nagle.disable=true;"));
}

Test(conf, secret_is_the_first_line_of_its_file)
{
    char *secret = NULL, setting[200];

    snprintf(setting, sizeof(setting), "rock.token_file=%s", path);
    cr_expect(eq(int, conf_secret(c, "rock.token_file", &secret, &err), -1));
    cr_expect(eq(str, problem(), "rock.token_file: not set"));
    cr_assert(eq(int, conf_set(c, setting, &err), 0));
    cr_expect(eq(int, conf_secret(c, "rock.token_file", &secret, &err), -1));
    cr_expect(strstr(err.text, "No such file") != NULL);
    put_file(" s3cret word \t\r\nsecond line", 25, 0640);
    cr_assert(eq(int, conf_secret(c, "rock.token_file", &secret, &err), 0), "%s", err.text);
    cr_expect(eq(str, secret, " s3cret word"));
    free(secret);
}

Test(conf, secret_refuses_doubtful_files_and_does_not_repeat_them)
{
    static char big[4097];
    static const struct {
        const char *text;
        size_t n;
        mode_t mode;
        const char *why;
    } rows[] = {
        {"hunter2", 7, 0604, "others can read it"},        {"", 0, 0600, "the first line is empty"},
        {"\nhunter2", 8, 0600, "the first line is empty"}, {"hun\0ter2", 8, 0600, "NUL byte"},
        {big, 4097, 0600, "longer than 4096 bytes"},
    };
    char *secret = NULL, setting[200];

    memset(big, 'x', sizeof(big));
    snprintf(setting, sizeof(setting), "rock.token_file=%s", path);
    cr_assert(eq(int, conf_set(c, setting, &err), 0));
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        put_file(rows[i].text, rows[i].n, rows[i].mode);
        cr_expect(eq(int, conf_secret(c, "rock.token_file", &secret, &err), -1));
        cr_expect(strstr(err.text, rows[i].why) != NULL, "%s", err.text);
        cr_expect(strstr(err.text, "hun") == NULL);
        cr_expect(secret == NULL);
    }
    put_file(big, 4096, 0600);
    cr_assert(eq(int, conf_secret(c, "rock.token_file", &secret, &err), 0), "%s", err.text);
    cr_expect(eq(sz, strlen(secret), 4096));
    free(secret);
}

Test(conf, print_shows_values_origins_and_no_secrets)
{
    autovalue(str_release) struct str s = STR_INIT(10000);

    cr_assert(eq(int, conf_set(c, "postgres.dsn=password=hunter2", &err), 0));
    cr_assert(eq(int, conf_set(c, "kafka.sasl.password=hunter2", &err), 0));
    cr_assert(eq(int, conf_set(c, "rock.url= x", &err), 0));
    cr_assert(eq(int, conf_set(c, "kafka.linger.ms=5", &err), 0));
    conf_print(c, &s);
    cr_expect(strstr(s.p, "hunter2") == NULL);
    cr_expect(strstr(s.p, "# argument\npostgres.dsn = ***\n") != NULL, "%s", s.p);
    cr_expect(strstr(s.p, "# argument\nkafka.sasl.password = ***\n") != NULL);
    cr_expect(strstr(s.p, "# argument\nkafka.linger.ms = 5\n") != NULL);
    cr_expect(strstr(s.p, "# argument\nrock.url = \" x\"\n") != NULL);
    cr_expect(strstr(s.p, "# default\npostgres.lease_ttl = 30s\n") != NULL);
    cr_expect(strstr(s.p, "# default\n# rock.token_file =\n") != NULL);
}

Test(conf, what_print_writes_can_be_loaded)
{
    autovalue(str_release) struct str s = STR_INIT(10000);

    cr_assert(eq(int, conf_set(c, "rock.url= \"x\r", &err), 0));
    cr_assert(eq(int, conf_set(c, "mail_domains=a,b", &err), 0));
    conf_print(c, &s);
    struct conf *again = conf_new(defs, ARRAY_LEN(defs));

    put_file(s.p, s.n, 0600);
    cr_expect(eq(int, conf_load_file(again, path, &err), 0), "%s", err.text);
    cr_expect_str_eq(conf_str(again, "rock.url"), " \"x\r");
    conf_free(again);
}

Test(conf, reference_has_a_row_per_setting)
{
    autovalue(str_release) struct str s = STR_INIT(10000);

    conf_reference(defs, ARRAY_LEN(defs), &s);
    cr_expect(strstr(s.p,
                     "| `postgres.lease_ttl` | `CONTACT_SYNC_POSTGRES_LEASE_TTL` | duration, 1s "
                     "to 10m | `30s` | life of a lease |\n") != NULL,
              "%s", s.p);
    cr_expect(strstr(s.p, "| one of memory\\|kafka | `memory` | q |\n") != NULL);
    cr_expect(strstr(s.p, "| true or false | `false` | delete \\| keep |\n") != NULL);
    cr_expect(strstr(s.p, "| `mail_domains` | `CONTACT_SYNC_MAIL_DOMAINS` | comma separated list "
                          "|  | domains |\n") != NULL);
}

Test(conf, an_unknown_name_in_the_program_stops_it, .signal = SIGABRT)
{
    conf_str(c, "rock.ulr");
}

Test(conf, reading_as_another_type_stops_the_program, .signal = SIGABRT)
{
    conf_int(c, "rock.url");
}

Test(conf, a_bad_default_stops_the_program, .signal = SIGABRT)
{
    static const struct conf_def bad[] = {
        {.name = "x", .type = CONF_INT, .def = "0", .min = 1, .max = 2}};

    conf_new(bad, 1);
}

Test(conf, a_name_twice_stops_the_program, .signal = SIGABRT)
{
    static const struct conf_def twice[] = {{.name = "x", .type = CONF_STRING},
                                            {.name = "x", .type = CONF_STRING}};

    conf_new(twice, 2);
}
