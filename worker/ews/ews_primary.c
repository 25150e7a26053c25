#include "worker/ews/ews_primary.h"

#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/map.h"

#include "worker/ews/ews_xml.h"

enum { PRIMARIES_MAX = 100000 };

struct primary {
    char *address, *primary;
};

struct ews_primaries {
    struct map *by_mailbox;
};

struct ews_primaries *ews_primaries_new(void)
{
    struct ews_primaries *p = xalloc(sizeof(*p));
    p->by_mailbox = map_new();
    return p;
}

static void primary_free(struct primary *e)
{
    if (!e)
        return;
    free(e->address);
    free(e->primary);
    free(e);
}

void ews_primaries_free(struct ews_primaries *p)
{
    if (!p)
        return;
    map_foreach (it, p->by_mailbox)
        primary_free(it.value);
    map_free(p->by_mailbox);
    free(p);
}

const char *ews_primaries_get(const struct ews_primaries *p, int64_t mailbox, const char *address)
{
    const struct primary *e = mailbox ? map_get_u64(p->by_mailbox, (uint64_t)mailbox) : NULL;
    return e && strcmp(e->address, address) == 0 ? e->primary : address;
}

void ews_primaries_put(struct ews_primaries *p,
                       int64_t mailbox,
                       const char *address,
                       const char *primary)
{
    if (!mailbox || map_count(p->by_mailbox) >= PRIMARIES_MAX)
        return;
    primary_free(map_del_u64(p->by_mailbox, (uint64_t)mailbox));
    struct primary *e = xalloc(sizeof(*e));
    e->address = xstrdup(address);
    e->primary = xstrdup(primary);
    map_put_u64(p->by_mailbox, (uint64_t)mailbox, e);
}

bool ews_primary_rewrite(struct str *body, const char *primary)
{
    static const char open[] = "<t:PrimarySmtpAddress>", close[] = "</t:PrimarySmtpAddress>";
    autovalue(str_release) struct str out = STR_INIT(body->max);
    const char *from = strstr(body->p, open), *to = from ? strstr(from, close) : NULL;
    if (!to)
        return false;
    from += sizeof(open) - 1;
    str_add(&out, body->p, (size_t)(from - body->p));
    ews_xml_text(&out, primary);
    str_add(&out, to, body->n - (size_t)(to - body->p));
    if (out.over)
        return false;
    str_clear(body);
    str_add(body, out.p, out.n);
    return !body->over;
}
