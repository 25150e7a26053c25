#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <netinet/in.h>
#include <string.h>

#include "common/base/cleanup.h"

#include "common/net/address.h"

static struct sockaddr_storage of(const char *text)
{
    struct sockaddr_storage s = {0};
    struct sockaddr_in *v4 = (void *)&s;
    struct sockaddr_in6 *v6 = (void *)&s;
    if (inet_pton(AF_INET, text, &v4->sin_addr) == 1)
        s.ss_family = AF_INET;
    else if (inet_pton(AF_INET6, text, &v6->sin6_addr) == 1)
        s.ss_family = AF_INET6;
    else
        cr_assert_fail("%s is no address", text);
    return s;
}

static const struct kind_case {
    const char *text;
    enum address_kind want;
} kind_cases[] = {
    {"8.8.8.8", ADDRESS_PUBLIC},
    {"1.1.1.1", ADDRESS_PUBLIC},
    {"9.255.255.255", ADDRESS_PUBLIC},
    {"11.0.0.0", ADDRESS_PUBLIC},
    {"100.63.255.255", ADDRESS_PUBLIC},
    {"100.128.0.0", ADDRESS_PUBLIC},
    {"126.255.255.255", ADDRESS_PUBLIC},
    {"128.0.0.0", ADDRESS_PUBLIC},
    {"169.253.255.255", ADDRESS_PUBLIC},
    {"172.15.255.255", ADDRESS_PUBLIC},
    {"172.32.0.0", ADDRESS_PUBLIC},
    {"192.167.255.255", ADDRESS_PUBLIC},
    {"198.17.255.255", ADDRESS_PUBLIC},
    {"223.255.255.255", ADDRESS_PUBLIC},
    {"10.0.0.0", ADDRESS_PRIVATE},
    {"10.255.255.255", ADDRESS_PRIVATE},
    {"100.64.0.1", ADDRESS_PRIVATE},
    {"100.127.255.255", ADDRESS_PRIVATE},
    {"172.16.0.1", ADDRESS_PRIVATE},
    {"172.31.255.255", ADDRESS_PRIVATE},
    {"192.168.0.1", ADDRESS_PRIVATE},
    {"0.0.0.0", ADDRESS_FORBIDDEN},
    {"0.1.2.3", ADDRESS_FORBIDDEN},
    {"127.0.0.1", ADDRESS_FORBIDDEN},
    {"127.255.255.254", ADDRESS_FORBIDDEN},
    {"169.254.0.1", ADDRESS_FORBIDDEN},
    {"169.254.169.254", ADDRESS_FORBIDDEN},
    {"100.100.100.200", ADDRESS_FORBIDDEN},
    {"168.63.129.16", ADDRESS_FORBIDDEN},
    {"192.0.0.192", ADDRESS_FORBIDDEN},
    {"192.0.2.7", ADDRESS_FORBIDDEN},
    {"192.88.99.1", ADDRESS_FORBIDDEN},
    {"198.18.0.1", ADDRESS_FORBIDDEN},
    {"198.19.255.255", ADDRESS_FORBIDDEN},
    {"198.51.100.1", ADDRESS_FORBIDDEN},
    {"203.0.113.9", ADDRESS_FORBIDDEN},
    {"224.0.0.1", ADDRESS_FORBIDDEN},
    {"240.0.0.1", ADDRESS_FORBIDDEN},
    {"255.255.255.255", ADDRESS_FORBIDDEN},
    {"2606:4700::1111", ADDRESS_PUBLIC},
    {"2a00::1", ADDRESS_PUBLIC},
    {"fc00::1", ADDRESS_PRIVATE},
    {"fd12:3456:789a::1", ADDRESS_PRIVATE},
    {"::", ADDRESS_FORBIDDEN},
    {"::1", ADDRESS_FORBIDDEN},
    {"fe80::1", ADDRESS_FORBIDDEN},
    {"febf::1", ADDRESS_FORBIDDEN},
    {"fec0::1", ADDRESS_FORBIDDEN},
    {"ff02::1", ADDRESS_FORBIDDEN},
    {"fd00:ec2::254", ADDRESS_FORBIDDEN},
    {"fd20:ce::254", ADDRESS_FORBIDDEN},
    {"fd00:c1::a9fe:a9fe", ADDRESS_FORBIDDEN},
    {"100::1", ADDRESS_FORBIDDEN},
    {"2001:db8::1", ADDRESS_FORBIDDEN},
    {"3fff::1", ADDRESS_FORBIDDEN},
    {"4000::1", ADDRESS_FORBIDDEN},
    {"5f00::1", ADDRESS_FORBIDDEN},
    /* an IPv4 address inside */
    {"::ffff:8.8.8.8", ADDRESS_PUBLIC},
    {"::ffff:10.1.2.3", ADDRESS_PRIVATE},
    {"::ffff:127.0.0.1", ADDRESS_FORBIDDEN},
    {"::ffff:169.254.169.254", ADDRESS_FORBIDDEN},
    {"::127.0.0.1", ADDRESS_FORBIDDEN},
    {"::169.254.169.254", ADDRESS_FORBIDDEN},
    {"::ffff:0:127.0.0.1", ADDRESS_FORBIDDEN},
    {"64:ff9b::8.8.8.8", ADDRESS_PUBLIC},
    {"64:ff9b::10.0.0.1", ADDRESS_PRIVATE},
    {"64:ff9b::127.0.0.1", ADDRESS_FORBIDDEN},
    {"64:ff9b::a9fe:a9fe", ADDRESS_FORBIDDEN},
    {"64:ff9b:1::8.8.8.8", ADDRESS_FORBIDDEN},
    {"64:ff9b:1:7f00:0:100::", ADDRESS_FORBIDDEN},
    {"2002:808:808::1", ADDRESS_PUBLIC},
    {"2002:a00:1::1", ADDRESS_PRIVATE},
    {"2002:7f00:1::1", ADDRESS_FORBIDDEN},
    {"2002:a9fe:a9fe::1", ADDRESS_FORBIDDEN},
    {"2001:0:4136:e378:8000:63bf:3fff:fdd2", ADDRESS_FORBIDDEN}, /* Teredo */
    {"fe80::5efe:8.8.8.8", ADDRESS_FORBIDDEN},                   /* ISATAP */
    {"2606:4700::5efe:127.0.0.1", ADDRESS_FORBIDDEN},
    {"2606:4700::200:5efe:10.0.0.1", ADDRESS_PRIVATE},
};

static void free_indexes(struct criterion_test_params *p)
{
    cr_free(p->params);
}

static struct criterion_test_params indexes(size_t n)
{
    size_t *v = cr_malloc(n * sizeof(*v));
    for (size_t i = 0; i < n; i++)
        v[i] = i;
    return cr_make_param_array(size_t, v, n, free_indexes);
}

ParameterizedTestParameters(address, kind)
{
    return indexes(ARRAY_LEN(kind_cases));
}
ParameterizedTest(const size_t *i, address, kind)
{
    const struct kind_case *c = &kind_cases[*i];
    struct sockaddr_storage s = of(c->text);
    enum address_kind got = address_kind((void *)&s);
    cr_expect(got == c->want, "%s is %s, want %s", c->text, address_kind_name(got),
              address_kind_name(c->want));
}

Test(address, another_family_is_forbidden)
{
    struct sockaddr a = {.sa_family = AF_UNIX};
    char text[ADDRESS_TEXT];
    cr_expect(address_kind(&a) == ADDRESS_FORBIDDEN);
    cr_expect(!address_in(&a, &(struct address_range){.bits = 0}, 1));
    cr_expect_str_eq(address_format(&a, text), "?");
}

static const struct range_case {
    const char *range, *address;
    bool in;
} range_cases[] = {
    {"127.0.0.1", "127.0.0.1", true},
    {"127.0.0.1", "127.0.0.2", false},
    {"127.0.0.0/8", "127.9.9.9", true},
    {"127.0.0.1/8", "127.9.9.9", true},
    {"10.1.0.0/17", "10.1.127.255", true},
    {"10.1.0.0/17", "10.1.128.0", false},
    {"0.0.0.0/0", "8.8.8.8", true},
    {"0.0.0.0/0", "2606:4700::1", false},
    {"10.0.0.0/8", "::ffff:10.0.0.1", true},
    {"10.0.0.0/8", "64:ff9b::10.0.0.1", true},
    {"127.0.0.1", "::1", false},
    {"::1", "::1", true},
    {"::1", "127.0.0.1", false},
    {"fd00:1::/32", "fd00:1:2::3", true},
    {"fd00:1::/32", "fd00:2::3", false},
};
ParameterizedTestParameters(address, range)
{
    return indexes(ARRAY_LEN(range_cases));
}
ParameterizedTest(const size_t *i, address, range)
{
    const struct range_case *c = &range_cases[*i];
    struct address_range r;
    struct err err;
    struct sockaddr_storage s = of(c->address);
    cr_assert(address_range_parse(c->range, &r, &err) == 0);
    cr_expect(address_in((void *)&s, &r, 1) == c->in, "%s in %s", c->address, c->range);
}

Test(address, what_is_no_range_is_refused)
{
    static const char *const wrong[] = {"",           "x",           "127.0.0.1/33", "127.0.0.1/",
                                        "::1/129",    "10.0.0.0/-1", "10.0.0.0/ 8",  "0x7f.0.0.1",
                                        "2130706433", "127.1",       "127.0.0.1/8x", "localhost"};
    struct address_range r;
    struct err err;
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
        cr_expect(address_range_parse(wrong[i], &r, &err) < 0, "%s", wrong[i]);
}
