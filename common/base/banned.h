/*
 * banned: libc calls that this project does not use. Include last in .c files that handle outside
 * data; lint greps the rest.
 */
#ifndef SYNC_BASE_BANNED_H
#define SYNC_BASE_BANNED_H

#pragma GCC poison strcpy strcat sprintf vsprintf gets strtok gmtime localtime ctime asctime atoi  \
    atol

#endif
