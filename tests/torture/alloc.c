/*
 * glibc lets a preloaded library stand in for its allocator and keeps its own under other names.
 * Nothing here may allocate, and the stack is walked only where it must be: most callers are known
 * by their return address alone.
 */
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <link.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/torture/torture.h"

void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t n);
void __libc_free(void *p);

enum kind { OURS, LOSES, PROGRAM, LIBC, NOT_OURS };
enum { MODULES = 128, LIVE_MAX = 1 << 18 };

static struct {
    uintptr_t from, to;
    enum kind kind;
} modules[MODULES];
static size_t n_modules;
static struct alloc_book *volatile book; /* NULL: nothing is counted */
static __thread bool inside;             /* the walk itself allocates once */
static void *live[LIVE_MAX];             /* what counted and was not freed: by open addressing */
static atomic_flag live_lock = ATOMIC_FLAG_INIT;
static int (*real_vsnprintf)(char *, size_t, const char *, va_list);
static char *(*real_strerror)(int);

static enum kind kind_of_file(const char *name)
{
    static const char *const others[] = {"libcriterion", "libboxfort", "ld-linux",  "torture.so",
                                         "libgcc_s",     "linux-vdso", "libnanomsg"};

    if (!*name)
        return PROGRAM;
    if (strstr(name, "/libc.so"))
        return LIBC;
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        if (strstr(name, others[i]))
            return NOT_OURS;
    /* libxml2 2.9.14 and libcrypto 3.0 lose some of their own when they have no memory, or keep
     * their errors for later: that is not looked at. */
    bool loses = strstr(name, "/libxml2.so") || strstr(name, "/libcrypto.so");
    return loses || strstr(name, "/libssl.so") ? LOSES : OURS;
}

static int on_module(struct dl_phdr_info *info, size_t size, void *user)
{
    (void)size, (void)user;
    for (int i = 0; i < info->dlpi_phnum && n_modules < MODULES; i++) {
        const ElfW(Phdr) *p = &info->dlpi_phdr[i];
        if (p->p_type != PT_LOAD || !(p->p_flags & PF_X))
            continue;
        modules[n_modules].from = info->dlpi_addr + p->p_vaddr;
        modules[n_modules].to = info->dlpi_addr + p->p_vaddr + p->p_memsz;
        modules[n_modules++].kind = kind_of_file(info->dlpi_name);
    }
    return 0;
}

static enum kind kind_of(const void *address)
{
    uintptr_t at = (uintptr_t)address;

    for (size_t i = 0; i < n_modules; i++)
        if (at >= modules[i].from && at < modules[i].to)
            return modules[i].kind;
    return OURS; /* loaded later: a plugin of a library */
}

/* The callers, nearest first, without us. */
static int walk(void *frames[ALLOC_FRAMES])
{
    void *all[ALLOC_FRAMES + 4];
    int n = backtrace(all, ALLOC_FRAMES + 4), from = 0;

    while (from < n && kind_of(all[from]) == NOT_OURS)
        from++;
    memcpy(frames, all + from, (size_t)(n - from) * sizeof(*frames));
    return n - from;
}

/* Whose allocation it is. NOT_OURS: it does not count. */
static enum kind asker(const void *caller)
{
    void *frames[ALLOC_FRAMES + 4];
    enum kind k = kind_of(caller);

    if (k != LIBC)
        return k;
    int n = backtrace(frames, ALLOC_FRAMES + 4);
    bool below = false; /* past our own frames */
    for (int i = 0; i < n; i++) {
        k = kind_of(frames[i]);
        below |= k == LIBC;
        if (below && k != LIBC)
            return k;
    }
    return NOT_OURS;
}

/* Of the program, a test asked: by itself or by a library. */
static bool for_test(void *const *frames, int n)
{
    for (int i = 0; i < n; i++)
        if (kind_of(frames[i]) == PROGRAM)
            return self_in_test(frames[i]);
    return false;
}

/* A chain of callers up to the test; what calls itself counts once, however deep. 0: none that has
 * to bear it. */
static uint64_t way_of(void *const *frames, int n)
{
    uint64_t h = 14695981039346656037u;

    if (for_test(frames, n))
        return 0;
    for (int i = 0; i < n && !self_in_test(frames[i]); i++) {
        bool again = false;
        for (int k = i - 1; k >= 0 && k >= i - 6; k--)
            again |= frames[k] == frames[i];
        if (!again)
            h = (h ^ (uintptr_t)frames[i]) * 1099511628211u;
    }
    return h ? h : 1;
}

/* ---- what lives ---- */

static size_t home(const void *p)
{
    return ((uintptr_t)p >> 4) * 11400714819323198485u >> 46; /* 64 - log2(LIVE_MAX) */
}

static void lock(void)
{
    while (atomic_flag_test_and_set(&live_lock))
        ;
}

static void born(void *p)
{
    lock();
    for (size_t i = home(p), tries = 0; p && tries < LIVE_MAX; i = (i + 1) % LIVE_MAX, tries++)
        if (!live[i]) {
            live[i] = p;
            book->left++;
            break;
        }
    atomic_flag_clear(&live_lock);
}

/* Closes the gap, so that what was pushed behind it is still found. */
static void dead(const void *p)
{
    size_t i = home(p), tries = 0;

    if (!book || !p)
        return;
    lock();
    while (live[i] && live[i] != p && tries++ < LIVE_MAX)
        i = (i + 1) % LIVE_MAX;
    if (live[i] == p) {
        book->left--;
        live[i] = NULL;
        for (size_t k = (i + 1) % LIVE_MAX; live[k]; k = (k + 1) % LIVE_MAX) {
            size_t want = home(live[k]);
            if ((k - want) % LIVE_MAX < (k - i) % LIVE_MAX)
                continue;
            live[i] = live[k];
            live[k] = NULL;
            i = k;
        }
    }
    atomic_flag_clear(&live_lock);
}

/* ---- instead of the allocator ---- */

enum fate { PASS, FAIL, KEEP };

/* Some libraries do not count alike twice: where it falls to a test, the next one takes its place.
 */
static bool hits(struct alloc_book *b)
{
    b->n_frames = walk(b->frames);
    b->hit = !for_test(b->frames, b->n_frames);
    if (b->hit)
        errno = ENOMEM;
    return b->hit;
}

static enum fate note(const void *caller)
{
    struct alloc_book *b = book;
    enum fate fate = PASS;

    if (!b || inside)
        return PASS;
    inside = true;
    enum kind kind = asker(caller);
    if (kind != NOT_OURS) {
        uint64_t i = __atomic_add_fetch(&b->n, 1, __ATOMIC_RELAXED);
        void *frames[ALLOC_FRAMES + 4];
        fate = kind == LOSES ? PASS : KEEP;
        if (!b->fail_at && i <= ALLOC_MAX)
            b->way[i - 1] = way_of(frames, walk(frames));
        if (b->fail_at && i >= b->fail_at && !b->hit && hits(b))
            fate = FAIL;
    }
    inside = false;
    return fate;
}

static void *kept(enum fate fate, void *p)
{
    if (fate == KEEP)
        born(p);
    return p;
}

void *malloc(size_t n)
{
    enum fate fate = note(__builtin_return_address(0));

    return fate == FAIL ? NULL : kept(fate, __libc_malloc(n));
}

void *calloc(size_t n, size_t size)
{
    enum fate fate = note(__builtin_return_address(0));

    return fate == FAIL ? NULL : kept(fate, __libc_calloc(n, size));
}

void *realloc(void *p, size_t n)
{
    enum fate fate = note(__builtin_return_address(0));

    if (fate == FAIL)
        return NULL;
    dead(p);
    return kept(fate, __libc_realloc(p, n));
}

void free(void *p)
{
    int before = errno; /* as glibc's own */

    dead(p);
    __libc_free(p);
    errno = before;
}

/* err_set writes its text so: the program's way to say that something went wrong. */
int vsnprintf(char *out, size_t n, const char *format, va_list ap)
{
    struct alloc_book *b = book;

    if (b && b->hit && !b->told && self_inside(__builtin_return_address(0), "err_set"))
        b->told = true;
    return real_vsnprintf(out, n, format, ap);
}

/* And the way of the command line. */
char *strerror(int number)
{
    if (book && number == ENOMEM)
        book->told = true;
    return real_strerror(number);
}

void alloc_start(struct alloc_book *b)
{
    n_modules = 0;
    dl_iterate_phdr(on_module, NULL);
    b->hit = b->told = false;
    b->n = 0;
    b->left = 0;
    b->n_frames = 0;
    book = b;
}

void alloc_stop(void)
{
    book = NULL;
}

__attribute__((constructor)) static void get_ready(void)
{
    void *frames[2];

    backtrace(frames, 2); /* loads what it needs */
    *(void **)&real_vsnprintf = dlsym(RTLD_NEXT, "vsnprintf");
    *(void **)&real_strerror = dlsym(RTLD_NEXT, "strerror");
}
