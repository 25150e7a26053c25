/* test_db: see test_db.h. */
#include "tests/support/test_db.h"

#include <libpq-fe.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/guid.h"
#include "common/base/str.h"

#include "common/drv/migrate.h"

struct test_db {
    PGconn *admin, *pq;
    char name[64];
    struct str dsn;
    PGresult *last;
};

static _Noreturn void die(const char *what, const char *why)
{
    fprintf(stderr, "test_db: %s: %s\n", what, why);
    exit(1);
}

bool test_db_available(void)
{
    const char *dsn = getenv("CONTACT_SYNC_TEST_DSN");
    return dsn && *dsn;
}

int test_db_skip(void)
{
    puts("skipped: CONTACT_SYNC_TEST_DSN names no PostgreSQL");
    return 77;
}

static PGconn *connect_to(const char *dsn)
{
    PGconn *pq = PQconnectdb(dsn);
    if (PQstatus(pq) != CONNECTION_OK)
        die("connect", PQerrorMessage(pq));
    return pq;
}

static PGresult *run(PGconn *pq, const char *sql)
{
    PGresult *r = PQexec(pq, sql);
    if (PQresultStatus(r) != PGRES_COMMAND_OK && PQresultStatus(r) != PGRES_TUPLES_OK) {
        fprintf(stderr, "test_db: %s\n", sql);
        die("statement", PQerrorMessage(pq));
    }
    return r;
}

/* The server's DSN with another database: libpq's key = 'value' form. */
static void dsn_of(const char *base, const char *name, struct str *out)
{
    PQconninfoOption *info = PQconninfoParse(base, NULL);
    if (!info)
        die("CONTACT_SYNC_TEST_DSN", "not a connection string");
    str_init(out, 4096);
    for (const PQconninfoOption *o = info; o->keyword; o++) {
        if (!o->val || strcmp(o->keyword, "dbname") == 0)
            continue;
        str_addf(out, "%s='", o->keyword);
        for (const char *p = o->val; *p; p++) {
            if (*p == '\'' || *p == '\\')
                str_putc(out, '\\');
            str_putc(out, *p);
        }
        str_puts(out, "' ");
    }
    str_addf(out, "dbname='%s'", name);
    PQconninfoFree(info);
}

static void apply_schema(PGconn *pq)
{
    for (size_t i = 0; i < migrate_script_count; i++)
        PQclear(run(pq, migrate_scripts[i].sql));
}

struct test_db *test_db_new(bool with_schema)
{
    struct test_db *db = xalloc(sizeof(*db));
    const char *base = getenv("CONTACT_SYNC_TEST_DSN");
    struct guid id;
    guid_random(&id);
    char hex[33];
    for (int i = 0; i < 16; i++)
        snprintf(hex + 2 * i, 3, "%02x", id.b[i]);
    snprintf(db->name, sizeof(db->name), "contact_sync_test_%s", hex);
    db->admin = connect_to(base ? base : "");
    char sql[160];
    snprintf(sql, sizeof(sql), "CREATE DATABASE %s TEMPLATE template0", db->name);
    PQclear(run(db->admin, sql));
    dsn_of(base ? base : "", db->name, &db->dsn);
    db->pq = connect_to(db->dsn.p);
    if (with_schema)
        apply_schema(db->pq);
    return db;
}

void test_db_free(struct test_db *db)
{
    if (!db)
        return;
    PQclear(db->last);
    PQfinish(db->pq);
    char sql[160];
    snprintf(sql, sizeof(sql), "DROP DATABASE %s WITH (FORCE)", db->name);
    PQclear(run(db->admin, sql));
    PQfinish(db->admin);
    str_release(&db->dsn);
    free(db);
}

const char *test_db_dsn(const struct test_db *db)
{
    return db->dsn.p;
}

static void run_kept(struct test_db *db, const char *fmt, va_list ap)
{
    autofree char *sql = NULL;
    if (vasprintf(&sql, fmt, ap) < 0)
        abort();
    PQclear(db->last);
    db->last = run(db->pq, sql);
}

void test_db_run(struct test_db *db, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    run_kept(db, fmt, ap);
    va_end(ap);
}

static const char *first_value(const struct test_db *db)
{
    return PQntuples(db->last) > 0 && !PQgetisnull(db->last, 0, 0) ? PQgetvalue(db->last, 0, 0)
                                                                   : NULL;
}

const char *test_db_text(struct test_db *db, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    run_kept(db, fmt, ap);
    va_end(ap);
    return first_value(db);
}

int64_t test_db_i64(struct test_db *db, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    run_kept(db, fmt, ap);
    va_end(ap);
    const char *text = first_value(db);
    return text ? strtoll(text, NULL, 10) : 0;
}

int64_t test_db_kick(struct test_db *db)
{
    return test_db_i64(db, "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity"
                           " WHERE datname = current_database() AND pid <> pg_backend_pid()");
}
