/*
 * lava_vectors: runs a file of templates and their known results, in either of two formats, told
 * apart by their shape: "tests" (Golden Liquid, run in the Liquid dialect) or "vectors" (Lava).
 *
 * @source github.com/jg-rp/golden-liquid, schema of its test cases; docs/lava.md for the other
 */
#ifndef SYNC_CLI_LAVA_VECTORS_H
#define SYNC_CLI_LAVA_VECTORS_H

#include <stddef.h>
#include <stdio.h>

#include "common/base/err.h"

struct lava_vectors_sum {
    size_t passed, failed;
};

/* Prints each failure to out. -1 with code "input" when the file cannot be read, "vectors" when it
 * is no such file. */
int lava_vectors_run(const char *path, FILE *out, struct lava_vectors_sum *ret, struct err *err);

#endif
