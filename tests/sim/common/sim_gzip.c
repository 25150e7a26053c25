/*
 * Compression of answers. zlib is always on the machine (libcurl needs it) but is not on the link
 * line of the simulators: it is looked up at run time, and without it answers go out as they are.
 */
#include <dlfcn.h>
#include <pthread.h>
#include <zlib.h>

#include "common/base/str.h"

#include "tests/sim/common/sim_http_p.h"

static struct {
    void *lib; /* stays open */
    __typeof__(deflateInit2_) *init;
    __typeof__(deflate) *run;
    __typeof__(deflateEnd) *end;
} zlib;

static void zlib_open(void)
{
    zlib.lib = dlopen("libz.so.1", RTLD_NOW | RTLD_LOCAL);
    if (!zlib.lib)
        return;
    *(void **)&zlib.init = dlsym(zlib.lib, "deflateInit2_");
    *(void **)&zlib.run = dlsym(zlib.lib, "deflate");
    *(void **)&zlib.end = dlsym(zlib.lib, "deflateEnd");
}

bool sim_gzip(const void *p, size_t n, struct str *out)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, zlib_open);
    if (!zlib.init || !zlib.run || !zlib.end || n > UINT32_MAX)
        return false;
    z_stream z = {0};
    /* 15 + 16: the largest window, with gzip's header and trailer */
    if (zlib.init(&z, Z_BEST_SPEED, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
                  (int)sizeof(z)) != Z_OK)
        return false;
    z.next_in = (z_const Bytef *)(uintptr_t)p;
    z.avail_in = (uInt)n;
    int r = Z_OK;
    while (r == Z_OK) {
        Bytef chunk[16384];
        z.next_out = chunk;
        z.avail_out = sizeof(chunk);
        r = zlib.run(&z, Z_FINISH);
        str_add(out, chunk, sizeof(chunk) - z.avail_out);
    }
    zlib.end(&z);
    return r == Z_STREAM_END && !out->over;
}
