/*
 * Preloaded beside libfaketime, which does not know the waits of C11 threads that librdkafka uses:
 * they would end by the real clock although their time was made from the false one. Handed on to
 * the wait that libfaketime does translate; with glibc both kinds of objects are the same.
 */
#include <errno.h>
#include <pthread.h>
#include <threads.h>

int cnd_timedwait(cnd_t *restrict c, mtx_t *restrict m, const struct timespec *restrict until)
{
    int rc = pthread_cond_timedwait((pthread_cond_t *)c, (pthread_mutex_t *)m, until);
    if (rc == ETIMEDOUT)
        return thrd_timedout;
    return rc ? thrd_error : thrd_success;
}
