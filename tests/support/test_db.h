/*
 * test_db: a database of its own for one test, on the server that CONTACT_SYNC_TEST_DSN names.
 *
 * Blocking libpq, apart from the code under test. Failures end the process with a message.
 */
#ifndef SYNC_TESTS_SUPPORT_TEST_DB_H
#define SYNC_TESTS_SUPPORT_TEST_DB_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/cleanup.h"

struct test_db;

/* CONTACT_SYNC_TEST_DSN is set. A program whose tests all need it ends with test_db_skip() when
 * not.
 */
bool test_db_available(void);
/* Prints why, returns 77: what a program that cannot run here ends with. */
int test_db_skip(void);

/* @with_schema  every schemas/sql file of the program is applied */
struct test_db *test_db_new(bool with_schema);
void test_db_free(struct test_db *db); /* drops it, whoever is still connected; NULL is fine */
const char *test_db_dsn(const struct test_db *db);

/* Runs SQL text (several statements are fine). */
void test_db_run(struct test_db *db, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* First column of the first row: as text (valid until the next call; NULL: null or no row), as a
 * number (0 for NULL). */
const char *test_db_text(struct test_db *db, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
int64_t test_db_i64(struct test_db *db, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Ends all connections to it but our own, as a crash of the server's side would. Returns how many.
 */
int64_t test_db_kick(struct test_db *db);

CLEANUP_DEFINE(struct test_db, test_db_free);

#endif
