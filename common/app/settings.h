/*
 * settings: every setting of the product, one row each. The reference page (docs/settings.md),
 * `--help` and range errors come from this table.
 */
#ifndef SYNC_APP_SETTINGS_H
#define SYNC_APP_SETTINGS_H

#include "common/base/conf.h"

extern const struct conf_def settings_table[];
extern const size_t settings_count;

#endif
