/* pg_link: how a connection is asked for, and what the server's errors mean. See pg_p.h. */
#include <string.h>

#include "common/base/str.h"

#include "common/drv/pg_p.h"

#define MAX_KEYWORDS 64

/* Ours where the DSN says nothing: find out within half a minute that the other side is gone. */
static const struct {
    const char *keyword, *value;
} defaults[] = {
    {"client_encoding", "UTF8"},
    {"tcp_user_timeout", "20000"},
    {"keepalives_idle", "10"},
    {"keepalives_interval", "5"},
    {"keepalives_count", "3"},
    {"gssencmode", "disable"},
    {"target_session_attrs", "read-write"}, /* never a standby */
};

static bool given(const PQconninfoOption *o, const char *keyword)
{
    for (; o && o->keyword; o++) {
        if (strcmp(o->keyword, keyword) == 0)
            return o->val != NULL;
    }
    return false;
}

PGconn *pg_link_start(const struct pg_options *opt)
{
    const char *kw[MAX_KEYWORDS + 1] = {0}, *val[MAX_KEYWORDS + 1] = {0};
    int n = 0;
    char *msg = NULL;
    PQconninfoOption *info = PQconninfoParse(opt->dsn, &msg);
    PQfreemem(
        msg); /* may quote the DSN, so it is not shown: libpq says it again, and less, below */
    autovalue(str_release) struct str options = STR_INIT(4096);
    for (const PQconninfoOption *o = info; o && o->keyword && n < 40; o++) {
        if (!o->val)
            continue;
        if (strcmp(o->keyword, "options") == 0) {
            str_puts(&options, o->val);
            continue;
        }
        kw[n] = o->keyword;
        val[n++] = o->val;
    }
    /* Ours come last, so they win. jit: our statements are short, compiling them never pays. */
    str_addf(&options,
             " -c synchronous_commit=on -c statement_timeout=%u -c jit=off -c TimeZone=UTC"
             " -c default_transaction_isolation=read\\ committed"
             " -c idle_in_transaction_session_timeout=600000%s",
             opt->statement_timeout_ms, opt->by_key ? " -c enable_seqscan=off" : "");
    kw[n] = "options";
    val[n++] = options.p;
    kw[n] = "application_name";
    val[n++] = opt->application_name;
    for (size_t i = 0; i < ARRAY_LEN(defaults); i++) {
        if (!given(info, defaults[i].keyword)) {
            kw[n] = defaults[i].keyword;
            val[n++] = defaults[i].value;
        }
    }
    PGconn *pq = info ? PQconnectStartParams(kw, val, 0) : NULL;
    PQconninfoFree(info);
    return pq;
}

int pg_check_dsn(const char *dsn, struct err *err)
{
    PQconninfoOption *info = PQconninfoParse(dsn, NULL);
    PQconninfoFree(info);
    if (info)
        return 0;
    return err_set(err, SCOPE_PROCESS, WHEN_NEVER, "conf",
                   "postgres.dsn is no connection string; write postgresql://host/database or "
                   "host=... dbname=...");
}

static void one_line(char *s)
{
    for (; *s; s++) {
        if ((unsigned char)*s < ' ')
            *s = ' ';
    }
}

/* @source PostgreSQL manual, appendix A (error codes): those that a repeat may well not meet */
static bool passing(const char *state)
{
    static const char *const prefixes[] = {"40", "53", "55P03", "57", "25006", "58"};
    for (size_t i = 0; i < ARRAY_LEN(prefixes); i++) {
        if (strncmp(state, prefixes[i], strlen(prefixes[i])) == 0)
            return true;
    }
    return false;
}

void pg_link_error(const PGresult *res, struct err *err)
{
    const char *state = PQresultErrorField(res, PG_DIAG_SQLSTATE);
    const char *text = PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY);
    char code[16] = "pg.";
    strncat(code, state ? state : "XX000", 8);
    /* 22xxx quotes the value that it could not read in the primary message itself. */
    bool quotes = strncmp(code + 3, "22", 2) == 0;
    err_set(err, SCOPE_REMOTE, passing(code + 3) ? WHEN_LATER : WHEN_NEVER, code, "database: %s",
            text && !quotes ? text : "refused");
    one_line(err->text);
}

void pg_link_away(const PGconn *pq, struct err *err)
{
    const char *text = pq ? PQerrorMessage(pq) : "";
    err_set(err, SCOPE_REMOTE, WHEN_UNKNOWN, "pg.away", "database: %s",
            text && *text ? text : "no connection");
    one_line(err->text);
}
