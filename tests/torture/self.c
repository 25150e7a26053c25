#include <elf.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/torture/torture.h"

static struct {
    const uint8_t *file;
    size_t size;
    uintptr_t base; /* what the loader added to the file's addresses */
    const ElfW(Shdr) * text;
    uint8_t *of_tests; /* for each byte of .text: is it of the tests? */
} self;

static const ElfW(Ehdr) * head(void)
{
    return (const ElfW(Ehdr) *)self.file;
}

static const ElfW(Shdr) * sections(void)
{
    return (const ElfW(Shdr) *)(self.file + head()->e_shoff);
}

static const ElfW(Shdr) * section_named(const char *name)
{
    const ElfW(Shdr) *all = sections(), *names = &all[head()->e_shstrndx];

    for (size_t i = 0; i < head()->e_shnum; i++)
        if (strcmp((const char *)self.file + names->sh_offset + all[i].sh_name, name) == 0)
            return &all[i];
    return NULL;
}

static void *table(const char *name, size_t *ret_n)
{
    const ElfW(Shdr) *s = section_named(name);

    *ret_n = s ? s->sh_size / sizeof(void *) : 0;
    return s ? (void *)(self.base + s->sh_addr) : NULL;
}

struct criterion_test *const *self_tests(size_t *ret_n)
{
    return table("cr_tst", ret_n);
}

struct criterion_suite *const *self_suites(size_t *ret_n)
{
    return table("cr_sts", ret_n);
}

static const ElfW(Sym) * look_up(const char *function)
{
    const ElfW(Shdr) *s = section_named(".symtab");
    const ElfW(Sym) * v;

    if (!s)
        return NULL;
    const char *names = (const char *)self.file + sections()[s->sh_link].sh_offset;
    v = (const ElfW(Sym) *)(self.file + s->sh_offset);
    for (size_t i = 0; i < s->sh_size / sizeof(*v); i++)
        if (v[i].st_size && strcmp(names + v[i].st_name, function) == 0)
            return &v[i];
    return NULL;
}

/* The function's symbol; NULL: the program has none of that name. The last few are remembered. */
static const ElfW(Sym) * symbol_of(const char *function)
{
    static struct {
        const char *function;
        const ElfW(Sym) * symbol;
    } known[8];

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (!known[i].function) {
            known[i].symbol = look_up(function);
            known[i].function = function;
        }
        if (strcmp(known[i].function, function) == 0)
            return known[i].symbol;
    }
    return look_up(function);
}

bool self_inside(const void *address, const char *function)
{
    const ElfW(Sym) *f = symbol_of(function);

    return f && (uintptr_t)address - self.base - f->st_value < f->st_size;
}

/* Names between line feeds. */
static bool in_list(const char *list, size_t n, const char *name)
{
    char line[256];
    int k = snprintf(line, sizeof(line), "\n%s\n", name);

    return k < (int)sizeof(line) && memmem(list, n, line, (size_t)k);
}

static void *map_file(const char *path, size_t *ret_n)
{
    struct stat st;
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;

    if (fd < 0 || fstat(fd, &st) < 0)
        abort();
    *ret_n = (size_t)st.st_size;
    void *p = mmap(NULL, *ret_n, PROT_READ, MAP_PRIVATE, fd, 0);
    if (p == MAP_FAILED)
        abort();
    close(fd);
    return p;
}

/* Criterion makes it global: suite_name_impl. */
static bool is_test(const char *function)
{
    size_t n = strlen(function);

    return n > 5 && strcmp(function + n - 5, "_impl") == 0;
}

static void mark(const ElfW(Sym) * symbol)
{
    size_t at = symbol->st_value - self.text->sh_addr;

    if (ELF64_ST_TYPE(symbol->st_info) == STT_FUNC && at < self.text->sh_size)
        memset(self.of_tests + at, 1, symbol->st_size);
}

/* Local symbols follow the name of their file; the others tell by their own. */
static void mark_tests(void)
{
    const ElfW(Shdr) *s = section_named(".symtab");
    bool mine = false;
    size_t n;
    const char *list = map_file(getenv("TORTURE_TESTS"), &n);

    self.of_tests =
        mmap(NULL, self.text->sh_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (!s || self.of_tests == MAP_FAILED)
        abort();
    const char *names = (const char *)self.file + sections()[s->sh_link].sh_offset;
    const ElfW(Sym) *v = (const ElfW(Sym) *)(self.file + s->sh_offset);
    for (size_t i = 0; i < s->sh_size / sizeof(*v); i++) {
        const char *name = names + v[i].st_name;
        if (ELF64_ST_TYPE(v[i].st_info) == STT_FILE)
            mine = in_list(list, n, name);
        if (i < s->sh_info ? mine : is_test(name) || in_list(list, n, name))
            mark(&v[i]);
    }
}

static int on_program(struct dl_phdr_info *info, size_t size, void *user)
{
    (void)size, (void)user;
    self.base = info->dlpi_addr; /* the program is the first of the list */
    return 1;
}

bool self_open(void)
{
    char path[PATH_MAX] = "";

    /* valgrind opens its own by that name, but reads the link rightly */
    if (readlink("/proc/self/exe", path, sizeof(path) - 1) < 0)
        abort();
    self.file = map_file(path, &self.size);
    self.text = section_named(".text");
    if (!self.text || !section_named("cr_tst"))
        return false;
    dl_iterate_phdr(on_program, NULL);
    if (alloc_start)
        mark_tests();
    return true;
}

bool self_in_test(const void *address)
{
    uintptr_t at = self_offset(address);

    return at && self.of_tests[at - self.text->sh_addr];
}

uintptr_t self_offset(const void *address)
{
    uintptr_t at = (uintptr_t)address - self.base;

    return at - self.text->sh_addr < self.text->sh_size ? at : 0;
}
