#include "worker/ews/ews_scrub.h"

#include <ctype.h>
#include <string.h>

enum { NAME_MAX_BYTES = 64, KEPT_MAX_BYTES = 80, DEPTH_SHOWN = 12 };

struct scrub {
    const char *p, *end;
    struct str *out;
    size_t begin, stop; /* lengths of out: before us, and at which it is enough */
    unsigned depth;
    char element[NAME_MAX_BYTES]; /* the innermost that was opened, without prefix */
    bool named;                   /* it has an attribute Name */
    bool text;                    /* text stood in it */
};

static bool among(const char *const *list, const char *name)
{
    for (; *list; list++)
        if (strcmp(*list, name) == 0)
            return true;
    return false;
}

static bool keeps_attribute(const char *name)
{
    static const char *const kept[] = {"Version",
                                       "ResponseClass",
                                       "Class",
                                       "Traversal",
                                       "FieldURI",
                                       "FieldIndex",
                                       "PropertyName",
                                       "PropertySetId",
                                       "PropertyTag",
                                       "PropertyType",
                                       "DistinguishedPropertySetId",
                                       "Name",
                                       "Key",
                                       "Offset",
                                       "BasePoint",
                                       "MaxEntriesReturned",
                                       "TotalItemsInView",
                                       "IncludesLastItemInRange",
                                       "IndexedPagingOffset",
                                       "ConflictResolution",
                                       "DeleteType",
                                       "MessageDisposition",
                                       "SendMeetingInvitations",
                                       "ContainmentMode",
                                       "ContainmentComparison",
                                       "MajorVersion",
                                       "MinorVersion",
                                       "MajorBuildNumber",
                                       "MinorBuildNumber",
                                       NULL};
    return strncmp(name, "xmlns", 5) == 0 || among(kept, name);
}

static bool keeps_text(const struct scrub *s)
{
    static const char *const kept[] = {"ResponseCode", "faultcode",    "BaseShape",
                                       "LineNumber",   "LinePosition", NULL};
    return among(kept, s->element) || (strcmp(s->element, "Value") == 0 && s->named);
}

/* Codes, numbers, names of the schema, versions, namespaces: nothing else comes through. */
static void put_kept(struct scrub *s, const char *p, size_t n)
{
    static const char fine[] = "._:-/#, ";
    bool ok = n <= KEPT_MAX_BYTES;
    for (size_t i = 0; ok && i < n; i++)
        ok = isalnum((unsigned char)p[i]) || (p[i] && strchr(fine, p[i]));
    if (ok)
        str_add(s->out, p, n);
    else
        str_puts(s->out, "...");
}

static void new_line(struct scrub *s)
{
    if (s->out->n > s->begin)
        str_putc(s->out, '\n');
    for (unsigned i = 0; i < s->depth && i < DEPTH_SHOWN; i++)
        str_puts(s->out, "  ");
}

/* Without the prefix. */
static void local_name(const char *p, size_t n, char out[NAME_MAX_BYTES])
{
    const char *colon = memchr(p, ':', n);
    if (colon) {
        n -= (size_t)(colon + 1 - p);
        p = colon + 1;
    }
    n = n < NAME_MAX_BYTES ? n : NAME_MAX_BYTES - 1;
    memcpy(out, p, n);
    out[n] = '\0';
}

static size_t name_length(const char *p, const char *end)
{
    const char *q = p;
    while (q < end &&
           (isalnum((unsigned char)*q) || *q == ':' || *q == '_' || *q == '-' || *q == '.'))
        q++;
    return (size_t)(q - p);
}

struct pair { /* name="value" */
    const char *name, *value;
    size_t n_name, n_value;
};

static const char *skip_blanks(const char *p, const char *end)
{
    while (p < end && isspace((unsigned char)*p))
        p++;
    return p;
}

/* The attribute at *p; *p moves behind it, or behind what is none. */
static bool read_pair(const char **p, const char *end, struct pair *ret)
{
    *ret = (struct pair){.name = *p, .n_name = name_length(*p, end)};
    const char *q = skip_blanks(*p + ret->n_name, end);
    *p = ret->n_name ? q : *p + 1;
    if (!ret->n_name || q >= end || *q != '=')
        return false;
    q = skip_blanks(q + 1, end);
    *p = q;
    if (q >= end || (*q != '"' && *q != '\''))
        return false;
    const char *close = memchr(q + 1, *q, (size_t)(end - q - 1));
    *p = close ? close + 1 : end;
    ret->value = q + 1;
    ret->n_value = close ? (size_t)(close - q - 1) : 0;
    return close != NULL;
}

static const char *attribute(struct scrub *s, const char *p, const char *end)
{
    struct pair a;
    char name[NAME_MAX_BYTES] = "";
    if (!read_pair(&p, end, &a))
        return p;
    memcpy(name, a.name, a.n_name < sizeof(name) ? a.n_name : sizeof(name) - 1);
    s->named |= strcmp(name, "Name") == 0;
    str_putc(s->out, ' ');
    put_kept(s, a.name, a.n_name);
    str_puts(s->out, "=\"");
    if (keeps_attribute(name))
        put_kept(s, a.value, a.n_value);
    else
        str_puts(s->out, "...");
    str_putc(s->out, '"');
    return p;
}

/* The tag whose inside is p..end. */
static void open_tag(struct scrub *s, const char *p, const char *end)
{
    bool empty = end > p && end[-1] == '/';
    size_t n = name_length(p, end);
    new_line(s);
    str_putc(s->out, '<');
    put_kept(s, p, n);
    local_name(p, n, s->element);
    s->named = s->text = false;
    for (const char *q = p + n; q < end;)
        q = isspace((unsigned char)*q) || *q == '/' ? q + 1 : attribute(s, q, end);
    str_puts(s->out, empty ? "/>" : ">");
    if (empty)
        s->element[0] = '\0';
    else
        s->depth++;
}

static void close_tag(struct scrub *s, const char *p, const char *end)
{
    s->depth -= s->depth > 0;
    if (!s->text)
        new_line(s);
    str_puts(s->out, "</");
    put_kept(s, p, name_length(p, end));
    str_putc(s->out, '>');
    s->element[0] = '\0';
    s->text = false;
}

/* Everything else between angle brackets: comments, CDATA, a DOCTYPE. */
static void tag(struct scrub *s, const char *p, const char *end)
{
    if (p == end || *p == '!' || *p == '?')
        return;
    if (*p == '/')
        close_tag(s, p + 1, end);
    else
        open_tag(s, p, end);
}

static void text(struct scrub *s, const char *p, const char *end)
{
    while (p < end && isspace((unsigned char)*p))
        p++;
    while (end > p && isspace((unsigned char)end[-1]))
        end--;
    if (p == end || s->text)
        return;
    s->text = true;
    if (keeps_text(s))
        put_kept(s, p, (size_t)(end - p));
    else
        str_puts(s->out, "...");
}

static bool is_xml(const char *p, size_t n)
{
    while (n && (isspace((unsigned char)*p) || (unsigned char)*p >= 0x80)) { /* a byte order mark */
        p++;
        n--;
    }
    return n > 5 && *p == '<' && strncasecmp(p, "<html", 5) != 0 && strncasecmp(p, "<!doc", 5) != 0;
}

void ews_scrub(const char *p, size_t n, size_t max, struct str *out)
{
    struct scrub s = {.p = p, .end = p + n, .out = out, .begin = out->n, .stop = out->n + max};
    if (!is_xml(p, n)) {
        str_addf(out, "(%zu bytes that are no XML)", n);
        return;
    }
    while (s.p < s.end && out->n < s.stop) {
        const char *open = memchr(s.p, '<', (size_t)(s.end - s.p));
        const char *close = open ? memchr(open, '>', (size_t)(s.end - open)) : NULL;
        text(&s, s.p, open ? open : s.end);
        if (!close) {
            s.p = open ? open : s.end;
            break;
        }
        tag(&s, open + 1, close);
        s.p = close + 1;
    }
    if (s.p < s.end)
        str_puts(out, "\n...");
}
