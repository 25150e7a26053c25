#include "tests/support/golden.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/cleanup.h"

enum { MAX_FILE = 1 << 20 };

static char *read_file(const char *path)
{
    FILE *f = fopen(path, "rb");
    if (!f)
        return xstrdup("");
    char *text = xalloc(MAX_FILE);
    size_t n = fread(text, 1, MAX_FILE - 1, f);
    text[n] = '\0';
    fclose(f);
    return text;
}

/* Up to the next line that begins with "# "; cut: so many bytes less. */
static char *section(const char *from, size_t cut, const char **ret_next)
{
    const char *end = strncmp(from, "# ", 2) == 0 ? from - 1 : strstr(from, "\n# ");
    size_t n = end ? (size_t)(end + 1 - from) : strlen(from);
    *ret_next = from + n;
    return xstrndup(from, n > cut ? n - cut : 0);
}

const char *golden_read(const char *path, bool body_ends_in_newline, struct golden *ret)
{
    autofree char *text = read_file(path);
    const size_t cut = !body_ends_in_newline;
    const char *p = text;
    ret->expect = xstrdup("");
    while (strncmp(p, "# ", 2) == 0 && ret->n_turns < GOLDEN_MAX_TURNS) {
        autofree char *head = xstrndup(p, strcspn(p, "\n"));
        p += strlen(head) + (p[strlen(head)] == '\n');
        struct golden_turn *t = &ret->turn[ret->n_turns];
        if (strcmp(head, "# request") == 0) {
            t->want = section(p, cut, &p);
        } else if (strncmp(head, "# response ", 11) == 0) {
            t->status = xstrndup(head + 11, 3);
            t->type = xstrdup(head[14] ? head + 15 : "");
            t->answer = section(p, cut, &p);
            ret->n_turns++;
        } else if (strcmp(head, "# expect") == 0) {
            free(ret->expect);
            ret->expect = section(p, cut, &p);
        } else {
            return "a section of another name";
        }
    }
    return *p ? "text before the first section, or too many turns" : NULL;
}

void golden_release(struct golden *g)
{
    for (size_t i = 0; i < GOLDEN_MAX_TURNS; i++) {
        free(g->turn[i].want);
        free(g->turn[i].status);
        free(g->turn[i].type);
        free(g->turn[i].answer);
    }
    free(g->expect);
}
