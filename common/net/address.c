#include "common/net/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "common/base/cleanup.h"

/* The first row that fits decides. */
struct row {
    uint8_t base[16];
    uint8_t bits;
    enum address_kind kind;
};

static const struct row v4_rows[] = {
    /* metadata services that lie in space which is otherwise fine */
    {{100, 100, 100, 200}, 32, ADDRESS_FORBIDDEN}, /* Alibaba */
    {{168, 63, 129, 16}, 32, ADDRESS_FORBIDDEN},   /* Azure */
    {{0}, 8, ADDRESS_FORBIDDEN},                   /* this network */
    {{10}, 8, ADDRESS_PRIVATE},
    {{100, 64}, 10, ADDRESS_PRIVATE},
    {{127}, 8, ADDRESS_FORBIDDEN},
    {{169, 254}, 16, ADDRESS_FORBIDDEN}, /* link-local, and most metadata services */
    {{172, 16}, 12, ADDRESS_PRIVATE},
    {{192, 0, 0}, 24, ADDRESS_FORBIDDEN},   /* protocol assignments */
    {{192, 0, 2}, 24, ADDRESS_FORBIDDEN},   /* documentation */
    {{192, 88, 99}, 24, ADDRESS_FORBIDDEN}, /* 6to4 relays */
    {{192, 168}, 16, ADDRESS_PRIVATE},
    {{198, 18}, 15, ADDRESS_FORBIDDEN},      /* benchmarks */
    {{198, 51, 100}, 24, ADDRESS_FORBIDDEN}, /* documentation */
    {{203, 0, 113}, 24, ADDRESS_FORBIDDEN},  /* documentation */
    {{224}, 3, ADDRESS_FORBIDDEN},           /* multicast, reserved, broadcast */
    {{0}, 0, ADDRESS_PUBLIC},
};

static const struct row v6_rows[] = {
    {{0xfd, 0, 0x0e, 0xc2}, 32, ADDRESS_FORBIDDEN}, /* metadata: Amazon */
    {{0xfd, 0x20, 0, 0xce}, 32, ADDRESS_FORBIDDEN}, /* metadata: Google */
    {{0xfd, 0, 0, 0xc1}, 32, ADDRESS_FORBIDDEN},    /* metadata: Oracle */
    {{0xfc}, 7, ADDRESS_PRIVATE},
    {{0x20, 0x01, 0, 0}, 23, ADDRESS_FORBIDDEN},       /* protocol assignments, Teredo */
    {{0x20, 0x01, 0x0d, 0xb8}, 32, ADDRESS_FORBIDDEN}, /* documentation */
    {{0x3f, 0xff}, 20, ADDRESS_FORBIDDEN},             /* documentation */
    {{0x20}, 3, ADDRESS_PUBLIC},                       /* all that is assigned */
    {{0}, 0, ADDRESS_FORBIDDEN},
};

/* Where IPv6 addresses carry an IPv4 address: prefix, its length, offset of the four bytes. NAT64
 * for local use (64:ff9b:1::/48) has it at a place that only its network knows: forbidden. */
static const struct carrier {
    uint8_t prefix[16];
    uint8_t bits, at;
} carriers[] = {
    {{[10] = 0xff, [11] = 0xff}, 96, 12}, /* ::ffff:a.b.c.d, mapped */
    {{0}, 96, 12},                        /* ::a.b.c.d, compatible */
    {{[8] = 0xff, [9] = 0xff}, 96, 12},   /* ::ffff:0:a.b.c.d, translated */
    {{0, 0x64, 0xff, 0x9b}, 96, 12},      /* NAT64 */
    {{0x20, 0x02}, 16, 2},                /* 6to4 */
};

static bool has_prefix(const uint8_t *p, const uint8_t *base, unsigned bits)
{
    unsigned bytes = bits / 8, rest = bits % 8;
    return memcmp(p, base, bytes) == 0 &&
           (rest == 0 || ((p[bytes] ^ base[bytes]) >> (8 - rest)) == 0);
}

static enum address_kind kind_by(const struct row *row, const uint8_t *p)
{
    while (!has_prefix(p, row->base, row->bits))
        row++;
    return row->kind;
}

/* ISATAP: interface identifier 0000:5efe or 0200:5efe, then the IPv4 address. */
static bool is_isatap(const uint8_t *p)
{
    return (p[8] & 0xfd) == 0 && p[9] == 0 && p[10] == 0x5e && p[11] == 0xfe;
}

/* The IPv4 address inside an IPv6 one; NULL when there is none. */
static const uint8_t *inside(const uint8_t *p)
{
    for (size_t i = 0; i < ARRAY_LEN(carriers); i++)
        if (has_prefix(p, carriers[i].prefix, carriers[i].bits))
            return p + carriers[i].at;
    return is_isatap(p) ? p + 12 : NULL;
}

static enum address_kind kind_v6(const uint8_t *p)
{
    const uint8_t *v4 = inside(p);
    if (!v4)
        return kind_by(v6_rows, p);
    enum address_kind kind = kind_by(v4_rows, v4);
    if (is_isatap(p)) { /* the prefix says where, too */
        enum address_kind outer = kind_by(v6_rows, p);
        return outer > kind ? outer : kind;
    }
    return kind;
}

enum address_kind address_kind(const struct sockaddr *a)
{
    if (a->sa_family == AF_INET)
        return kind_by(v4_rows, (const uint8_t *)&((const struct sockaddr_in *)a)->sin_addr);
    if (a->sa_family == AF_INET6)
        return kind_v6(((const struct sockaddr_in6 *)a)->sin6_addr.s6_addr);
    return ADDRESS_FORBIDDEN;
}

const char *address_kind_name(enum address_kind k)
{
    static const char *const names[] = {"public", "private", "forbidden"};
    return names[k];
}

/* 16 bytes, IPv4 as mapped. false: no IP. */
static bool bytes_of(const struct sockaddr *a, uint8_t ret[16])
{
    if (a->sa_family == AF_INET6) {
        memcpy(ret, ((const struct sockaddr_in6 *)a)->sin6_addr.s6_addr, 16);
        return true;
    }
    if (a->sa_family != AF_INET)
        return false;
    memset(ret, 0, 10);
    ret[10] = ret[11] = 0xff;
    memcpy(ret + 12, &((const struct sockaddr_in *)a)->sin_addr, 4);
    return true;
}

int address_range_parse(const char *text, struct address_range *ret, struct err *err)
{
    const char *slash = strchr(text, '/');
    size_t n = slash ? (size_t)(slash - text) : strlen(text);
    char host[INET6_ADDRSTRLEN + 1], *end = NULL;
    struct in_addr v4;
    struct address_range r = {.bits = 128};
    unsigned least = 0;
    if (n >= sizeof(host))
        n = 0;
    memcpy(host, text, n);
    host[n] = '\0';
    if (inet_pton(AF_INET, host, &v4) == 1) {
        r.base[10] = r.base[11] = 0xff;
        memcpy(r.base + 12, &v4, 4);
        least = 96;
    } else if (inet_pton(AF_INET6, host, r.base) != 1) {
        return err_set(err, SCOPE_PROCESS, WHEN_NEVER, "conf", "no IP address or range: %.60s",
                       text);
    }
    if (slash) {
        unsigned long bits = strtoul(slash + 1, &end, 10);
        if (end == slash + 1 || *end || slash[1] < '0' || slash[1] > '9' || bits > 128 - least)
            return err_set(err, SCOPE_PROCESS, WHEN_NEVER, "conf", "no range of addresses: %.60s",
                           text);
        r.bits = (unsigned)bits + least;
    }
    *ret = r;
    return 0;
}

bool address_in(const struct sockaddr *a, const struct address_range *ranges, size_t n)
{
    uint8_t p[16], plain[16] = {[10] = 0xff, [11] = 0xff};
    if (!bytes_of(a, p))
        return false;
    const uint8_t *v4 = inside(p);
    if (v4)
        memcpy(plain + 12, v4, 4);
    for (size_t i = 0; i < n; i++)
        if (has_prefix(p, ranges[i].base, ranges[i].bits) ||
            (v4 && has_prefix(plain, ranges[i].base, ranges[i].bits)))
            return true;
    return false;
}

const char *address_format(const struct sockaddr *a, char buf[ADDRESS_TEXT])
{
    const void *p = a->sa_family == AF_INET
                        ? (const void *)&((const struct sockaddr_in *)a)->sin_addr
                        : (const void *)&((const struct sockaddr_in6 *)a)->sin6_addr;
    bool ip = a->sa_family == AF_INET || a->sa_family == AF_INET6;
    return ip && inet_ntop(a->sa_family, p, buf, ADDRESS_TEXT) ? buf : "?";
}
