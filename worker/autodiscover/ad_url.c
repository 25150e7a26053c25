#include "worker/autodiscover/ad_url.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "common/base/cleanup.h"
#include "common/base/text.h"

enum { HTTPS_PORT = 443, MAX_LABEL = 63 };

/* ---- names ---- */

/* 0x7f, 017, 2130706433: what some resolver takes for a part of an IPv4 address. */
static bool is_number(const char *p, size_t n)
{
    size_t i = n > 1 && p[0] == '0' && (p[1] == 'x' || p[1] == 'X') ? 2 : 0;
    bool hex = i == 2;
    for (; i < n; i++)
        if (!(hex ? isxdigit((unsigned char)p[i]) : isdigit((unsigned char)p[i])))
            return false;
    return true;
}

static bool label_ok(const char *p, size_t n)
{
    if (n == 0 || n > MAX_LABEL || p[0] == '-' || p[n - 1] == '-')
        return false;
    for (size_t i = 0; i < n; i++)
        if (!isalnum((unsigned char)p[i]) && p[i] != '-')
            return false;
    return true;
}

/* Labels of a DNS name; 0: it is none. *last_is_number: the last one. */
static size_t labels(const char *p, size_t n, bool *last_is_number)
{
    size_t count = 0;
    if (n > AD_MAX_HOST)
        return 0;
    for (const char *end = p + n;; count++) {
        const char *dot = memchr(p, '.', (size_t)(end - p));
        size_t k = (size_t)((dot ? dot : end) - p);
        if (!label_ok(p, k))
            return 0;
        *last_is_number = is_number(p, k);
        if (!dot)
            return count + 1;
        p = dot + 1;
    }
}

static const char *check_host(const char *p, size_t n, bool own)
{
    bool number = false;
    size_t count = labels(p, n, &number);
    if (count == 0)
        return "its host is no plain DNS name";
    if (number && !own)
        return "its host is an IP address";
    if (count < 2 && !own)
        return "its host has no domain";
    return NULL;
}

static void lower(char *to, const char *from, size_t n)
{
    for (size_t i = 0; i < n; i++)
        to[i] = (char)tolower((unsigned char)from[i]);
    to[n] = '\0';
}

bool ad_host_inside(const char *host, const char *domain)
{
    size_t n = strlen(host), k = strlen(domain);
    if (k == 0 || n < k || strcasecmp(host + n - k, domain) != 0)
        return false;
    return n == k || host[n - k - 1] == '.';
}

bool ad_host_is_online(const char *host)
{
    static const char *const domains[] = {"outlook.com", "office365.com", "office.com",
                                          "outlook.cn",  "office365.us",  "partner.outlook.cn"};
    for (size_t i = 0; i < ARRAY_LEN(domains); i++)
        if (ad_host_inside(host, domains[i]))
            return true;
    return false;
}

/* ---- URLs ---- */

/* ":8443" up to the path. 0: it is no port. */
static unsigned parse_port(const char *p, size_t n)
{
    unsigned port = 0;
    if (n == 0 || n > 5 || p[0] == '0')
        return 0;
    for (size_t i = 0; i < n; i++) {
        if (!isdigit((unsigned char)p[i]))
            return 0;
        port = 10 * port + (unsigned)(p[i] - '0');
    }
    return port <= 65535 ? port : 0;
}

static const char *check_path(const char *p)
{
    for (; *p; p++) {
        if ((unsigned char)*p <= ' ' || (unsigned char)*p >= 0x7f || strchr("#\\\"<>^`{|}", *p))
            return *p == '#' ? "it has a fragment" : "its path has characters that do not belong";
    }
    return NULL;
}

/* n: length of the host; the authority ends at path. */
static const char *
check_authority(const char *host, size_t n, unsigned port, const char *path, bool own)
{
    if (memchr(host, '@', (size_t)(path - host)))
        return "it has a user or a password";
    const char *why = check_host(host, n, own);
    if (!why && port == 0)
        why = "its port is none";
    if (!why && *path && *path != '/')
        why = "its host does not end where the path begins";
    return why ? why : check_path(path);
}

static const char *parse(const char *text, bool own, struct ad_url *ret)
{
    static const char scheme[] = "https://";
    size_t k = sizeof(scheme) - 1, total = strnlen(text, AD_MAX_URL + 1);
    if (total > AD_MAX_URL)
        return "it is too long";
    if (strncasecmp(text, scheme, k) != 0)
        return "it is not https";
    const char *host = text + k, *path = host + strcspn(host, "/?#\\");
    const char *colon = memchr(host, ':', (size_t)(path - host));
    size_t n = (size_t)((colon ? colon : path) - host);
    unsigned port = colon ? parse_port(colon + 1, (size_t)(path - colon - 1)) : HTTPS_PORT;
    const char *why = check_authority(host, n, port, path, own);
    if (why)
        return why;
    lower(ret->host, host, n);
    ret->port = (uint16_t)port;
    int at = port == HTTPS_PORT
                 ? snprintf(ret->text, sizeof(ret->text), "%s%s", scheme, ret->host)
                 : snprintf(ret->text, sizeof(ret->text), "%s%s:%u", scheme, ret->host, port);
    snprintf(ret->text + at, sizeof(ret->text) - (size_t)at, "%s", path);
    ret->path = ret->text + at;
    return NULL;
}

const char *ad_url_parse(const char *text, struct ad_url *ret)
{
    return parse(text, false, ret);
}

const char *ad_url_parse_own(const char *text, struct ad_url *ret)
{
    return parse(text, true, ret);
}

/* ---- what is allowed ---- */

static bool is_configured(const struct ad_policy *p, const char *host, uint16_t port)
{
    struct ad_url own;
    return p->url && *p->url && !ad_url_parse_own(p->url, &own) && strcmp(own.host, host) == 0 &&
           (port == 0 || port == own.port);
}

static bool inside_any(const char *host, const char *const *domains)
{
    for (; domains && *domains; domains++)
        if (ad_host_inside(host, *domains))
            return true;
    return false;
}

/* One row of the configured list. */
static bool row_fits(const char *row, const struct ad_url *u)
{
    char name[AD_MAX_HOST + 1];
    size_t n = strcspn(row, ":");
    unsigned port = row[n] ? parse_port(row + n + 1, strlen(row + n + 1)) : HTTPS_PORT;
    if (n > AD_MAX_HOST || port != u->port)
        return false;
    lower(name, row, n);
    if (name[0] == '*' && name[1] == '.')
        return strcmp(u->host, name + 2) != 0 && ad_host_inside(u->host, name + 2);
    return strcmp(u->host, name) == 0;
}

bool ad_url_allowed(const struct ad_policy *p, const char *domain, const struct ad_url *u)
{
    if (is_configured(p, u->host, u->port))
        return true;
    for (const char *const *row = p->hosts; row && *row; row++)
        if (row_fits(*row, u))
            return true;
    return u->port == HTTPS_PORT &&
           (ad_host_inside(u->host, domain) || inside_any(u->host, p->mail_domains));
}

bool ad_address_allowed(const struct ad_policy *p, const char *host, const struct sockaddr *a)
{
    enum address_kind kind = address_kind(a);
    char name[AD_MAX_HOST + 1];
    size_t n = strlen(host);
    if (kind == ADDRESS_PUBLIC || address_in(a, p->ranges, p->n_ranges))
        return true;
    if (kind != ADDRESS_PRIVATE || n > AD_MAX_HOST)
        return false;
    lower(name, host, n);
    return inside_any(name, p->mail_domains) || is_configured(p, name, 0);
}

const char *ad_address_domain(const char *address, char *ret, const char **why)
{
    size_t n = strnlen(address, AD_MAX_ADDRESS + 1);
    const char *at = strrchr(address, '@');
    *why = "it is no mail address";
    if (n > AD_MAX_ADDRESS || !at || at == address || !text_is_utf8(address, n))
        return NULL;
    for (const char *p = address; p < at; p++)
        if ((unsigned char)*p <= ' ' || *p == 0x7f || strchr("<>\"@\\", *p))
            return NULL;
    *why = check_host(at + 1, strlen(at + 1), false);
    if (*why) {
        *why = "its domain is no plain DNS name (write one in another script as xn--...)";
        return NULL;
    }
    lower(ret, at + 1, strlen(at + 1));
    return ret;
}

/* ---- settings ---- */

static int check_row(const char *row, struct err *err)
{
    size_t n = strcspn(row, ":"), skip = row[0] == '*' && row[1] == '.' ? 2 : 0;
    if (!check_host(row + skip, n - skip, false) &&
        (!row[n] || parse_port(row + n + 1, strlen(row + n + 1))))
        return 0;
    return err_set(err, SCOPE_PROCESS, WHEN_NEVER, "conf",
                   "exchange.autodiscover_hosts: %.80s is no host name (mail.example.org, "
                   "*.example.org, mail.example.org:8443)",
                   row);
}

int ad_policy_check(const struct ad_policy *p, struct err *err)
{
    struct ad_url own;
    const char *why = p->url && *p->url ? ad_url_parse_own(p->url, &own) : NULL;
    if (why)
        return err_set(err, SCOPE_PROCESS, WHEN_NEVER, "conf",
                       "exchange.autodiscover_url is no URL for us: %s", why);
    for (const char *const *row = p->hosts; row && *row; row++)
        if (check_row(*row, err) < 0)
            return -1;
    return 0;
}
