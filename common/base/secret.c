#include "common/base/secret.h"

#include <openssl/crypto.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>

struct secret {
    size_t size; /* of the mapping */
    char text[];
};

struct secret *secret_new(const char *text, size_t n)
{
    size_t size = sizeof(struct secret) + n + 1;
    struct secret *s = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (s == MAP_FAILED)
        out_of_memory("mmap");
    madvise(s, size, MADV_DONTDUMP);
    (void)mlock(s, size); /* a limit may forbid it */
    s->size = size;
    memcpy(s->text, text, n);
    s->text[n] = '\0';
    return s;
}

void secret_free(struct secret *s)
{
    if (!s)
        return;
    size_t size = s->size;
    explicit_bzero(s, size);
    munmap(s, size);
}

const char *secret_text(const struct secret *s)
{
    return s ? s->text : "";
}

bool secret_equal(const struct secret *a, const struct secret *b)
{
    size_t n = strlen(secret_text(a));
    return n == strlen(secret_text(b)) && CRYPTO_memcmp(secret_text(a), secret_text(b), n) == 0;
}

void secret_no_core(void)
{
    const struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    prctl(PR_SET_DUMPABLE, 0); /* also what is piped to a crash handler */
}
