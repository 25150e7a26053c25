/*
 * banned: libc calls that this project does not use. Include it in .c files that handle outside
 * data, wherever it sorts; lint greps the programs and the simulators.
 */
#ifndef SYNC_BASE_BANNED_H
#define SYNC_BASE_BANNED_H

/* The headers that declare them come first: a poisoned name may not even be declared. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#pragma GCC poison strcpy strcat sprintf vsprintf gets strtok gmtime localtime ctime asctime atoi  \
    atol

#endif
