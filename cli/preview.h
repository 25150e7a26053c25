/*
 * preview: a run that writes nothing, shown by mailbox.
 */
#ifndef SYNC_CLI_PREVIEW_H
#define SYNC_CLI_PREVIEW_H

#include "common/app/app.h"

/* @user  address, or NULL for everybody */
int preview_show(struct app *app, const char *user, bool json, struct err *err) must_check;

#endif
