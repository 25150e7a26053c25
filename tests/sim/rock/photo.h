/*
 * photo: a small JPEG picture per Guid: one grey pixel block, the Guid in a comment, so that no two
 * are the same bytes.
 */
#ifndef SIM_ROCK_PHOTO_H
#define SIM_ROCK_PHOTO_H

#include "common/base/guid.h"

struct str;

void photo_jpeg(const struct guid *guid, struct str *out); /* appends */

#endif
