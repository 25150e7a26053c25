/*
 * prefs_import: choices of many users at once, from a file or from the original plugin's store in
 * Rock.
 *
 * Whole or not at all for what cannot be read; users who are not eligible are named by count and
 * left out.
 */
#ifndef SYNC_CLI_PREFS_IMPORT_H
#define SYNC_CLI_PREFS_IMPORT_H

#include "common/app/app.h"

/* file NULL: from Rock. */
int prefs_import(struct app *app, const char *file, struct err *err) must_check;

#endif
