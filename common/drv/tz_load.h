/*
 * tz_load: a zone of the system's tz data by its name.
 */
#ifndef SYNC_DRV_TZ_LOAD_H
#define SYNC_DRV_TZ_LOAD_H

#include "common/core/cron/tz.h"

/*
 * Reads /usr/share/zoneinfo/NAME. Windows names are understood too (tz_iana); "UTC" needs no file.
 * A name that could lead out of that folder is refused before anything is opened.
 *
 * @ret     the caller's, for tz_free
 * @return  0; -1 with code "tz" and a text that names the zone
 */
int tz_load(const char *name, struct tz **ret, struct err *err) must_check;

#endif
