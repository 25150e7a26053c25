/*
 * secret_file: a secret by its setting `NAME_file`, or as a systemd credential.
 */
#ifndef SYNC_APP_SECRET_FILE_H
#define SYNC_APP_SECRET_FILE_H

#include "common/base/secret.h"

#include "common/app/app.h"

/*
 * Reads what setting (ending in "_file") points to; where it is not set, the credential of that
 * name without "_file" in $CREDENTIALS_DIRECTORY (LoadCredential=exchange.password:... in a unit).
 * The same rules for both: one line, at most 4096 bytes, not readable by others.
 *
 * @err  code "conf": neither is there, and what to write
 */
int secret_file_read(struct app *app, const char *setting, struct secret **ret, struct err *err)
    must_check;
/* Is there one? */
bool secret_file_there(const struct app *app, const char *setting);

#endif
