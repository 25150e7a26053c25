/*
 * sim-exchange: the Exchange simulator as a program.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/js.h"

#include "tests/sim/common/sim_http.h"
#include "tests/sim/exchange/sim_exchange.h"

enum { EXIT_USAGE_ERROR = 64, EXIT_CONFIG_ERROR = 78 };

static const char help[] =
    "sim-exchange: an Exchange server for tests (EWS contacts, strict, with faults on demand).\n"
    "\n"
    "  --port N               listen on 127.0.0.1:N (default: a free port, printed)\n"
    "  --port-file FILE       write the port there\n"
    "  --user U --password P  the service account (svc-sync, secret)\n"
    "  --auth LIST            ways to sign in: basic,ntlm,negotiate,bearer (basic)\n"
    "  --domain D             the account's Windows domain (CHURCH)\n"
    "  --keytab FILE          of HTTP/host, for negotiate\n"
    "  --token-seconds N      life of an OAuth2 token (3600); client app-sync, tenant church, the "
    "secret is\n"
    "                         the password, endpoint /church/oauth2/v2.0/token\n"
    "  --token-promise N      what the answer says of it (the same)\n"
    "  --account ADDRESS      the service account has this mailbox of its own\n"
    "  --mailbox ADDRESS      a mailbox; may be repeated\n"
    "  --mailboxes-file FILE  one address a line\n"
    "  --any-mailbox DOMAIN   mailboxes of DOMAIN are made on first use\n"
    "  --foreign N            each mailbox starts with N contacts of the user's own\n"
    "  --schema DIR           check every request against the EWS schema (DIR/envelope, DIR/mit)\n"
    "  --max-version V        newest RequestServerVersion it accepts (Exchange2016)\n"
    "  --latency-ms L         service time of every call ...\n"
    "  --item-ms S            ... and of every item in it (may be a fraction)\n"
    "  --concurrency N        calls per mailbox at once (default: any number)\n"
    "  --fault PLAN           name,key=value,...; may be repeated\n"
    "  --seed N               ids, foreign contacts and probable faults follow from it (1)\n"
    "  --no-gzip              never compress answers\n"
    "\n"
    "Examples:\n"
    "  sim-exchange --port 8043 --any-mailbox church.example --foreign 20 --latency-ms 60 "
    "--item-ms 8\n"
    "  sim-exchange --mailbox pat@church.example --fault drop_after_save,op=CreateItem,nth=2\n"
    "  sim-exchange --any-mailbox church.example --fault "
    "server_busy,probability=0.05,times=0,shape=item\n"
    "  curl -s http://127.0.0.1:8043/control/stats\n"
    "  curl -s http://127.0.0.1:8043/control/mailboxes/pat@church.example\n"
    "\n"
    "Faults: drop_after_save late_answer late_save reset_before_save half_batch half_batch_drop "
    "wrong_count\n"
    "http_503 http_502 http_status server_busy item_error soap_fault html_200 truncated_xml "
    "truncated_body dtd\n"
    "entity_bomb bad_charref long_ids. Members, control API and field names: "
    "tests/sim/README.md.\n";

enum option_code {
    PORT = 256,
    PORT_FILE,
    USER,
    PASSWORD,
    ACCOUNT,
    MAILBOX,
    MAILBOXES_FILE,
    ANY_MAILBOX,
    FOREIGN,
    SCHEMA,
    MAX_VERSION,
    LATENCY,
    ITEM,
    CONCURRENCY,
    FAULT,
    SEED,
    NO_GZIP,
    AUTH,
    DOMAIN,
    KEYTAB,
    TOKEN_SECONDS,
    TOKEN_PROMISE,
    HELP,
};

static const struct option options[] = {
    {"port", required_argument, NULL, PORT},
    {"port-file", required_argument, NULL, PORT_FILE},
    {"user", required_argument, NULL, USER},
    {"password", required_argument, NULL, PASSWORD},
    {"account", required_argument, NULL, ACCOUNT},
    {"mailbox", required_argument, NULL, MAILBOX},
    {"mailboxes-file", required_argument, NULL, MAILBOXES_FILE},
    {"any-mailbox", required_argument, NULL, ANY_MAILBOX},
    {"foreign", required_argument, NULL, FOREIGN},
    {"schema", required_argument, NULL, SCHEMA},
    {"max-version", required_argument, NULL, MAX_VERSION},
    {"latency-ms", required_argument, NULL, LATENCY},
    {"item-ms", required_argument, NULL, ITEM},
    {"concurrency", required_argument, NULL, CONCURRENCY},
    {"fault", required_argument, NULL, FAULT},
    {"seed", required_argument, NULL, SEED},
    {"no-gzip", no_argument, NULL, NO_GZIP},
    {"auth", required_argument, NULL, AUTH},
    {"domain", required_argument, NULL, DOMAIN},
    {"keytab", required_argument, NULL, KEYTAB},
    {"token-seconds", required_argument, NULL, TOKEN_SECONDS},
    {"token-promise", required_argument, NULL, TOKEN_PROMISE},
    {"help", no_argument, NULL, HELP},
    {0},
};

struct arguments {
    struct sim_exchange_options sim;
    json_t *mailboxes; /* addresses */
    json_t *faults;    /* plans as text */
};

static void usage_error(const char *what)
{
    fprintf(stderr, "sim-exchange: %s; see --help\n", what);
    exit(EXIT_USAGE_ERROR);
}

static double number(const char *text, double max)
{
    char *end;
    double v = strtod(text, &end);
    if (end == text || *end || v < 0 || v > max)
        usage_error("a number is out of range");
    return v;
}

static void read_mailboxes(struct arguments *a, const char *path)
{
    FILE *f = fopen(path, "r");
    char *line = NULL;
    size_t cap = 0;
    if (!f) {
        fprintf(stderr, "sim-exchange: cannot read %s: %m\n", path);
        exit(EXIT_CONFIG_ERROR);
    }
    while (getline(&line, &cap, f) > 0) {
        line[strcspn(line, " \t\r\n")] = 0;
        if (*line && *line != '#')
            json_array_append_new(a->mailboxes, json_string(line));
    }
    free(line);
    fclose(f);
}

static void take_number(struct arguments *a, int code, const char *value)
{
    switch (code) {
    case PORT:
        a->sim.port = (uint16_t)number(value, 65535);
        break;
    case FOREIGN:
        a->sim.foreign = (size_t)number(value, 100000);
        break;
    case LATENCY:
        a->sim.latency_ms = number(value, 1e7);
        break;
    case ITEM:
        a->sim.item_ms = number(value, 1e7);
        break;
    case CONCURRENCY:
        a->sim.concurrency = (unsigned)number(value, 1e6);
        break;
    case TOKEN_SECONDS:
        a->sim.token_s = number(value, 1e6);
        break;
    case TOKEN_PROMISE:
        a->sim.promise_s = number(value, 1e6);
        break;
    case SEED:
        a->sim.seed = (uint64_t)number(value, 1e15);
        break;
    default:
        usage_error("unknown argument");
    }
}

static void take(struct arguments *a, int code, const char *value)
{
    const char **const texts[] = {[PORT_FILE - PORT] = &a->sim.port_file,
                                  [USER - PORT] = &a->sim.user,
                                  [PASSWORD - PORT] = &a->sim.password,
                                  [ACCOUNT - PORT] = &a->sim.account,
                                  [ANY_MAILBOX - PORT] = &a->sim.any_mailbox,
                                  [SCHEMA - PORT] = &a->sim.schema,
                                  [MAX_VERSION - PORT] = &a->sim.max_version,
                                  [AUTH - PORT] = &a->sim.auth,
                                  [DOMAIN - PORT] = &a->sim.domain,
                                  [KEYTAB - PORT] = &a->sim.keytab,
                                  [HELP - PORT] = NULL};
    if (texts[code - PORT]) { /* getopt gives our codes only, '?' was sorted out */
        *texts[code - PORT] = value;
        return;
    }
    switch (code) {
    case MAILBOX:
        json_array_append_new(a->mailboxes, json_string(value));
        break;
    case MAILBOXES_FILE:
        read_mailboxes(a, value);
        break;
    case FAULT:
        json_array_append_new(a->faults, json_pack("{s:s}", "text", value));
        break;
    case NO_GZIP:
        a->sim.no_gzip = true;
        break;
    case HELP:
        fputs(help, stdout);
        exit(0);
    default:
        take_number(a, code, value);
    }
}

static void must(struct sim_exchange *s, const char *path, json_t *body)
{
    int status;
    autofree char *text = json_dumps(body, 0);
    autofree char *answer = sim_exchange_control(s, "POST", path, text, &status);
    json_decref(body);
    if (status == 200)
        return;
    fprintf(stderr, "sim-exchange: %s\n", answer);
    exit(EXIT_USAGE_ERROR);
}

static void set_up(struct sim_exchange *s, struct arguments *a)
{
    must(s, "/control/mailboxes", json_pack("{s:o}", "mailboxes", a->mailboxes));
    must(s, "/control/faults", a->faults);
}

int main(int argc, char **argv)
{
    struct arguments a = {.sim.seed = 1, .mailboxes = json_array(), .faults = json_array()};
    struct err err = {0};
    int code;
    while ((code = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (code == '?')
            return EXIT_USAGE_ERROR;
        take(&a, code, optarg);
    }
    if (optind < argc)
        usage_error("too many arguments");
    sim_signals_block();
    struct sim_exchange *s = sim_exchange_start(&a.sim, &err);
    if (!s) {
        fprintf(stderr, "sim-exchange: %s\n", err.text);
        return EXIT_CONFIG_ERROR;
    }
    set_up(s, &a);
    printf("sim-exchange: http://127.0.0.1:%u/EWS/Exchange.asmx\n", sim_exchange_port(s));
    fflush(stdout);
    sim_signals_wait();
    sim_exchange_stop(s);
    return 0;
}
