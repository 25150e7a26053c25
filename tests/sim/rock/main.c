/* sim-rock: the make-believe Rock RMS server as a program. */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/base/guid.h"

#include "tests/sim/common/sim_http.h"
#include "tests/sim/rock/lookups.h"
#include "tests/sim/rock/sim_rock.h"

#define EXIT_USAGE  64
#define EXIT_CONFIG 78
#define TOKEN_MAX   256

static const char usage[] =
    "Usage: sim-rock [options]\n"
    "A make-believe Rock RMS server (REST v1) on 127.0.0.1 over a generated church.\n"
    "\n"
    "  --seed N            the church and its faults come from this number (default 1)\n"
    "  --people N          about so many people (default 300)\n"
    "  --users N           members of the eligible group (default 12)\n"
    "  --domain NAME       mail domain of the users (default church.example)\n"
    "  --eligible-group G  Guid of the group whose members are the users (default Rock's\n"
    "                      Staff Members, " GUID_ELIGIBLE_GROUP ")\n"
    "  --port N            0 = any free one (default)\n"
    "  --port-file PATH    receives the port once the server listens\n"
    "  --token TEXT        REST key that opens the door (default " SIM_ROCK_TOKEN ")\n"
    "  --token-file PATH   the same, read from a file\n"
    "  --latency-ms N      wait before each answer (default 0)\n"
    "  --help              this text\n"
    "\n"
    "Examples:\n"
    "  sim-rock --people 3000 --users 40 --seed 7 --port-file /tmp/rock.port\n"
    "  curl -H 'Authorization-Token: " SIM_ROCK_TOKEN
    "' 'http://127.0.0.1:PORT/api/People?$top=2&$expand=PhoneNumbers'\n"
    "  curl http://127.0.0.1:PORT/control/expected            # what each mailbox should hold\n"
    "  curl -X POST http://127.0.0.1:PORT/control/demo-changes  # change something that shows\n"
    "\n"
    "The control API is described in tests/sim/README-rock.md.\n";

static int bad(const char *what, const char *value)
{
    fprintf(stderr, "sim-rock: %s: %s (try --help)\n", what, value);
    return EXIT_USAGE;
}

static bool parse_number(const char *s, uint64_t max, uint64_t *ret)
{
    char *end;
    *ret = strtoull(s, &end, 10);
    return *s >= '0' && *s <= '9' && !*end && *ret <= max;
}

/* First line of the file, without the line break. */
static bool read_token(const char *path, char out[TOKEN_MAX])
{
    FILE *f = fopen(path, "r");
    bool ok = f && fgets(out, TOKEN_MAX, f);
    if (f)
        fclose(f);
    if (ok)
        out[strcspn(out, "\r\n")] = '\0';
    return ok;
}

enum {
    OPT_SEED = 1,
    OPT_PEOPLE,
    OPT_USERS,
    OPT_PORT,
    OPT_LATENCY,
    OPT_DOMAIN,
    OPT_PORT_FILE,
    OPT_TOKEN,
    OPT_TOKEN_FILE,
    OPT_ELIGIBLE,
    OPT_HELP
};

static const struct option long_options[] = {
    {"seed", required_argument, NULL, OPT_SEED},
    {"people", required_argument, NULL, OPT_PEOPLE},
    {"users", required_argument, NULL, OPT_USERS},
    {"port", required_argument, NULL, OPT_PORT},
    {"latency-ms", required_argument, NULL, OPT_LATENCY},
    {"domain", required_argument, NULL, OPT_DOMAIN},
    {"port-file", required_argument, NULL, OPT_PORT_FILE},
    {"eligible-group", required_argument, NULL, OPT_ELIGIBLE},
    {"token", required_argument, NULL, OPT_TOKEN},
    {"token-file", required_argument, NULL, OPT_TOKEN_FILE},
    {"help", no_argument, NULL, OPT_HELP},
    {0},
};

static int set_number(int opt, const char *value, struct sim_rock_options *o)
{
    static const uint64_t max[] = {[OPT_SEED] = UINT64_MAX,
                                   [OPT_PEOPLE] = 2000000,
                                   [OPT_USERS] = 20000,
                                   [OPT_PORT] = 65535,
                                   [OPT_LATENCY] = 600000};
    uint64_t n;
    if (!parse_number(value, max[opt], &n))
        return bad("not a number in range", value);
    switch (opt) {
    case OPT_SEED:
        o->size.seed = o->fault_seed = n;
        break;
    case OPT_PEOPLE:
        o->size.people = (uint32_t)n;
        break;
    case OPT_USERS:
        o->size.users = (uint32_t)n;
        break;
    case OPT_PORT:
        o->port = (uint16_t)n;
        break;
    default:
        o->latency_ms = (uint32_t)n;
        break;
    }
    return 0;
}

static int set_text(int opt, const char *value, struct sim_rock_options *o, char token[TOKEN_MAX])
{
    switch (opt) {
    case OPT_DOMAIN:
        o->size.domain = value;
        return 0;
    case OPT_PORT_FILE:
        o->port_file = value;
        return 0;
    case OPT_ELIGIBLE: {
        struct guid g;
        o->size.eligible_group = value;
        return guid_parse(value, &g) ? 0 : bad("not a Guid", value);
    }
    case OPT_TOKEN:
        o->token = value;
        return 0;
    case OPT_TOKEN_FILE:
        o->token = token;
        if (read_token(value, token))
            return 0;
        fprintf(stderr, "sim-rock: cannot read the token from %s\n", value);
        return EXIT_CONFIG;
    default: /* getopt said what is wrong */
        return EXIT_USAGE;
    }
}

/* Returns -1 to go on, else the exit code. */
static int parse_arguments(int argc, char **argv, struct sim_rock_options *o, char token[TOKEN_MAX])
{
    for (int opt; (opt = getopt_long(argc, argv, "h", long_options, NULL)) != -1;) {
        if (opt == OPT_HELP || opt == 'h') {
            fputs(usage, stdout);
            return 0;
        }
        bool is_number = opt >= OPT_SEED && opt <= OPT_LATENCY;
        int code = is_number ? set_number(opt, optarg, o) : set_text(opt, optarg, o, token);
        if (code)
            return code;
    }
    return optind < argc ? bad("unexpected argument", argv[optind]) : -1;
}

int main(int argc, char **argv)
{
    char token[TOKEN_MAX] = "";
    struct err err;
    struct sim_rock_options o = {.size = {.seed = 1, .people = 300, .users = 12}, .fault_seed = 1};
    int code = parse_arguments(argc, argv, &o, token);
    if (code >= 0)
        return code;
    sim_signals_block();
    struct sim_rock *s = sim_rock_start(&o, &err);
    if (!s) {
        fprintf(stderr, "sim-rock: %s\n", err.text);
        return 1;
    }
    printf("url %s\neligible_group %s\n", sim_rock_url(s),
           o.size.eligible_group ? o.size.eligible_group : GUID_ELIGIBLE_GROUP);
    fflush(stdout);
    sim_signals_wait();
    sim_rock_stop(s);
    return 0;
}
