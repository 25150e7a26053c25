#include "worker/ews/ews_version.h"

#include <string.h>

#include "common/base/map.h"

static const struct {
    const char *setting, *version;
} settings[] = {
    {"Exchange2007", "Exchange2007"},
    {"Exchange2007_SP1", "Exchange2007_SP1"},
    {"Exchange2010", "Exchange2010"},
    {"Exchange2010_SP1", "Exchange2010_SP1"},
    {"Exchange2010_SP2", "Exchange2010_SP2"},
    {"Exchange2013", "Exchange2013"},
    {"Exchange2013_SP1", "Exchange2013_SP1"},
    {"Exchange2015", "Exchange2015"},
    {"Exchange2016", "Exchange2016"},
    {"2007", "Exchange2007_SP1"},
    {"2010", "Exchange2010_SP2"},
    {"2013", "Exchange2013_SP1"},
    {"2016", "Exchange2013_SP1"},
    {"2019", "Exchange2013_SP1"},
    {"SE", "Exchange2013_SP1"},
    {"online", "Exchange2013_SP1"},
};

/* From new to old. Nothing here needs more than Exchange2010_SP2, so those above go there at
 * once. */
static const struct {
    const char *version, *below;
} steps[] = {
    {"Exchange2016", "Exchange2010_SP2"},
    {"Exchange2015", "Exchange2010_SP2"},
    {"Exchange2013_SP1", "Exchange2010_SP2"},
    {"Exchange2013", "Exchange2010_SP2"},
    {"Exchange2010_SP2", "Exchange2010_SP1"},
    {"Exchange2010_SP1", "Exchange2010"},
    {"Exchange2010", "Exchange2007_SP1"},
    {"Exchange2007_SP1", "Exchange2007"},
    {"Exchange2007", NULL},
};

const char *ews_version_of(const char *setting)
{
    for (size_t i = 0; i < ARRAY_LEN(settings); i++)
        if (strcasecmp(settings[i].setting, setting) == 0)
            return settings[i].version;
    return NULL;
}

static size_t age_of(const char *version) /* 0: the newest */
{
    size_t i = 0;
    while (i < ARRAY_LEN(steps) && strcmp(steps[i].version, version) != 0)
        i++;
    return i;
}

const char *ews_version_below(const char *version)
{
    size_t i = age_of(version);
    return i < ARRAY_LEN(steps) ? steps[i].below : NULL;
}

bool ews_version_refused(const char *code)
{
    static const char *const codes[] = {"ErrorInvalidServerVersion", "ErrorIncorrectSchemaVersion",
                                        "ErrorInvalidSchemaVersionForMailboxVersion"};
    for (size_t i = 0; i < ARRAY_LEN(codes); i++)
        if (strcmp(codes[i], code) == 0)
            return true;
    return false;
}

/* --- memory --- */

struct ews_versions {
    const char *usual;
    struct map *by_mailbox; /* id -> index in steps, + 1 */
};

struct ews_versions *ews_versions_new(const char *version)
{
    struct ews_versions *v = xalloc(sizeof(*v));
    v->usual = version;
    v->by_mailbox = map_new();
    return v;
}

void ews_versions_free(struct ews_versions *v)
{
    if (!v)
        return;
    map_free(v->by_mailbox);
    free(v);
}

const char *ews_versions_get(const struct ews_versions *v, int64_t mailbox)
{
    size_t i = (size_t)(uintptr_t)map_get_u64(v->by_mailbox, (uint64_t)mailbox);
    return i ? steps[i - 1].version : v->usual;
}

void ews_versions_put(struct ews_versions *v, int64_t mailbox, const char *version)
{
    size_t i = age_of(version);
    if (i < ARRAY_LEN(steps) && i > age_of(v->usual))
        map_put_u64(v->by_mailbox, (uint64_t)mailbox, (void *)(uintptr_t)(i + 1));
}

/* --- Exchange Online --- */

const char ews_online_notice[] =
    "this is Exchange Online, where Microsoft switches Exchange Web Services off: since 1 October "
    "2026 for every organisation that has not set EWSEnabled and EwsAllowedAppIDs, on 1 April 2027 "
    "for all; until then it takes exchange.auth = oauth2 only. Exchange on your own servers is "
    "not affected";

/* @source  reference/ews.md sections 1 and 2; the national clouds' hosts from Microsoft's list of
 * Office 365 endpoints */
bool ews_is_online(const char *url)
{
    static const char *const hosts[] = {"outlook.office365.com", "outlook.office.com",
                                        "outlook.office365.us",  "outlook.office.de",
                                        "partner.outlook.cn",    "outlook.office365.cn"};
    const char *host = strstr(url, "://");
    host = host ? host + 3 : url;
    size_t n = strcspn(host, ":/?#");
    while (n && host[n - 1] == '.')
        n--;
    for (size_t i = 0; i < ARRAY_LEN(hosts); i++) {
        size_t k = strlen(hosts[i]);
        bool ends = n >= k && strncasecmp(host + n - k, hosts[i], k) == 0;
        if (ends && (n == k || host[n - k - 1] == '.'))
            return true;
    }
    return false;
}
