#include "producer/rock/rock_query.h"

#include <assert.h>
#include <ctype.h>
#include <string.h>

enum { PAGING_NODES = 5 /* `and Id gt 5` */, RAW_NODES = 5 };

void rock_filter_release(struct rock_filter *f)
{
    str_release(&f->text);
}

static void conjunct(struct rock_filter *f, unsigned nodes, size_t n)
{
    assert(n > 0);
    if (f->terms)
        str_puts(&f->text, " and ");
    f->nodes += (f->terms > 0) + (unsigned)n * nodes + (unsigned)(n - 1);
    f->terms += (unsigned)n;
}

/* Opens a term of a list of n: the bracket before the first, `or` before the others. */
static void term(struct rock_filter *f, const struct rock_column *col, size_t i, size_t n)
{
    if (i == 0 && n > 1)
        str_putc(&f->text, '(');
    str_addf(&f->text, "%s%s eq ", i ? " or " : "", col->name);
}

static void close_list(struct rock_filter *f, size_t n)
{
    if (n > 1)
        str_putc(&f->text, ')');
}

void rock_filter_ids(struct rock_filter *f,
                     const struct rock_column *col,
                     const int64_t *ids,
                     size_t n)
{
    conjunct(f, col->nodes, n);
    for (size_t i = 0; i < n; i++) {
        term(f, col, i, n);
        str_addf(&f->text, "%lld", (long long)ids[i]);
    }
    close_list(f, n);
}

void rock_filter_guids(struct rock_filter *f,
                       const struct rock_column *col,
                       const struct guid *guids,
                       size_t n)
{
    char text[GUID_TEXT];

    conjunct(f, col->nodes, n);
    for (size_t i = 0; i < n; i++) {
        term(f, col, i, n);
        str_addf(&f->text, "guid'%s'", guid_format(&guids[i], text));
    }
    close_list(f, n);
}

void rock_filter_texts(struct rock_filter *f,
                       const struct rock_column *col,
                       const char *const *texts,
                       size_t n)
{
    conjunct(f, col->nodes, n);
    for (size_t i = 0; i < n; i++) {
        term(f, col, i, n);
        str_putc(&f->text, '\'');
        for (const char *s = texts[i]; *s; s++) {
            str_putc(&f->text, *s);
            if (*s == '\'')
                str_putc(&f->text, '\'');
        }
        str_putc(&f->text, '\'');
    }
    close_list(f, n);
}

void rock_filter_raw(struct rock_filter *f, const char *comparison)
{
    conjunct(f, RAW_NODES, 1);
    str_puts(&f->text, comparison);
}

size_t rock_filter_room(const struct rock_filter *f, const struct rock_column *col)
{
    unsigned used = f->nodes + (f->terms > 0) + PAGING_NODES;
    size_t by_nodes = used < ROCK_NODES_MAX ? (ROCK_NODES_MAX - used + 1) / (col->nodes + 1) : 0;
    size_t by_terms = f->terms + 1 < ROCK_TERMS_MAX ? ROCK_TERMS_MAX - f->terms - 1 : 0;

    return by_nodes < by_terms ? by_nodes : by_terms;
}

/* All that a query may hold unencoded and that OData gives a meaning stays readable. */
static void encode(struct str *out, const char *s)
{
    for (; *s; s++) {
        unsigned char ch = (unsigned char)*s;
        if (isalnum(ch) || strchr("-._~$(),/:=*@!", ch))
            str_putc(out, (char)ch);
        else
            str_addf(out, "%%%02X", ch);
    }
}

static void put_filter(const char *filter, const struct rock_page *page, struct str *out)
{
    autovalue(str_release) struct str all = STR_INIT(16384);

    str_puts(&all, filter ? filter : "");
    if (page->after > 0)
        str_addf(&all, "%sId gt %lld", all.n ? " and " : "", (long long)page->after);
    if (page->until > 0)
        str_addf(&all, "%sId le %lld", all.n ? " and " : "", (long long)page->until);
    if (!all.n)
        return;
    str_puts(out, "$filter=");
    encode(out, all.p);
    str_putc(out, '&');
}

int rock_query_path(const struct rock_list *l,
                    const char *filter,
                    const struct rock_page *page,
                    struct str *out,
                    struct err *err)
{
    str_addf(out, "/api/%s?", l->controller);
    size_t start = out->n;
    put_filter(filter, page, out);
    if (l->expand)
        str_addf(out, "$expand=%s&", l->expand);
    if (l->select)
        str_addf(out, "$select=%s&", l->select);
    str_addf(out, "$orderby=Id%s&$top=%u", l->newest ? "%20desc" : "", page->top);
    if (l->include_deceased)
        str_puts(out, "&includeDeceased=true");
    if (!out->over && out->n - start <= ROCK_QUERY_MAX)
        return 0;
    return err_set(err, SCOPE_PROCESS, WHEN_NEVER, "rock.query",
                   "the query for %s would be longer than the %d bytes that Rock's server takes",
                   l->controller, ROCK_QUERY_MAX);
}
