/*
 * photo: pictures of people: one grey pixel block, the file's Guid in a comment, so that no two are
 * the same bytes.
 */
#ifndef SIM_ROCK_PHOTO_H
#define SIM_ROCK_PHOTO_H

#include <stdbool.h>
#include <stddef.h>

struct binary_file;
struct str;

enum { PHOTO_SMALL_MAX = 12000, PHOTO_HUGE = 3 << 20 }; /* bytes */

/*
 * Appends what GetImage makes of a file.
 *
 * @sized    maxwidth or maxheight was given: at most PHOTO_SMALL_MAX bytes, where that can be done
 * @as_jpeg  format=jpg was
 * @return   the content type
 */
const char *photo_file(const struct binary_file *f, bool sized, bool as_jpeg, struct str *out);

#endif
