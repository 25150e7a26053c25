#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <netinet/in.h>
#include <string.h>

#include "common/base/cleanup.h"

#include "worker/autodiscover/ad_url.h"

static const struct {
    const char *text, *want; /* NULL: refused */
} parse_cases[] = {
    {"https://mail.church.example/EWS/Exchange.asmx",
     "https://mail.church.example/EWS/Exchange.asmx"},
    {"HTTPS://Mail.Church.Example/A", "https://mail.church.example/A"},
    {"https://mail.church.example:443/a", "https://mail.church.example/a"},
    {"https://mail.church.example:8443/a", "https://mail.church.example:8443/a"},
    {"https://mail.church.example", "https://mail.church.example"},
    {"https://xn--mnchen-3ya.example/a", "https://xn--mnchen-3ya.example/a"},
    {"https://mail.church.example/a?b=c&d=%20", "https://mail.church.example/a?b=c&d=%20"},
    {"http://mail.church.example/a", NULL},
    {"//mail.church.example/a", NULL},
    {"/a", NULL},
    {"", NULL},
    {"https:/mail.church.example/a", NULL},
    {"https:mail.church.example", NULL},
    {"https:///a", NULL},
    {"https://", NULL},
    {" https://mail.church.example/", NULL},
    {"https://user@mail.church.example/", NULL},
    {"https://user:pw@mail.church.example/", NULL},
    {"https://mail.church.example@evil.example/", NULL},
    {"https://mail.church.example\\@evil.example/", NULL},
    {"https://mail.church.example%2f@evil.example/", NULL},
    {"https://mail.church.example./", NULL},
    {"https://mail..church.example/", NULL},
    {"https://.church.example/", NULL},
    {"https://-mail.church.example/", NULL},
    {"https://mail_1.church.example/", NULL},
    {"https://localhost/", NULL},
    {"https://127.0.0.1/", NULL},
    {"https://127.1/", NULL},
    {"https://2130706433/", NULL},
    {"https://0x7f.0.0.1/", NULL},
    {"https://0x7f000001/", NULL},
    {"https://017700000001/", NULL},
    {"https://127.0.0.0x1/", NULL},
    {"https://mail.church.example.1/", NULL},
    {"https://[::1]/", NULL},
    {"https://[::ffff:127.0.0.1]/", NULL},
    {"https://m\xc3\xa4il.church.example/", NULL},
    {"https://mail\xe3\x80\x82.church.example/", NULL},
    {"https://mail.church.example:0/", NULL},
    {"https://mail.church.example:/", NULL},
    {"https://mail.church.example:65536/", NULL},
    {"https://mail.church.example:0443/", NULL},
    {"https://mail.church.example:443x/", NULL},
    {"https://mail.church.example:-1/", NULL},
    {"https://mail.church.example#x", NULL},
    {"https://mail.church.example/#x", NULL},
    {"https://mail.church.example?x", NULL},
    {"https://mail.church.example/a b", NULL},
    {"https://mail.church.example/a\r\nHost: evil", NULL},
    {"https://mail.church.example/\x01", NULL},
    {"https://mail.church.example/\xc3\xa4", NULL},
};

Test(ad_url, table)
{
    for (size_t i = 0; i < ARRAY_LEN(parse_cases); i++) {
        struct ad_url u = {.text = ""};
        const char *why = ad_url_parse(parse_cases[i].text, &u);
        if (parse_cases[i].want)
            cr_expect(!why && strcmp(u.text, parse_cases[i].want) == 0, "%s: %s %s",
                      parse_cases[i].text, why ? why : "", u.text);
        else
            cr_expect(why != NULL, "%s was taken", parse_cases[i].text);
    }
}

Test(ad_url, an_administrator_may_write_an_ip_address_or_a_short_name)
{
    struct ad_url u;
    cr_expect_null(ad_url_parse_own("https://10.0.0.5:8443/autodiscover", &u));
    cr_expect_str_eq(u.host, "10.0.0.5");
    cr_expect(u.port == 8443);
    cr_expect_null(ad_url_parse_own("https://exchange/", &u));
    cr_expect_not_null(ad_url_parse_own("http://exchange/", &u));
    cr_expect_not_null(ad_url_parse_own("https://user@exchange/", &u));
}

Test(ad_url, lengths_have_limits)
{
    char text[2000];
    struct ad_url u;
    memset(text, 'a', sizeof(text));
    memcpy(text, "https://mail.church.example/", 28);
    text[AD_MAX_URL] = '\0';
    cr_expect_null(ad_url_parse(text, &u));
    cr_expect(strlen(u.text) == AD_MAX_URL);
    text[AD_MAX_URL] = 'a';
    text[AD_MAX_URL + 1] = '\0';
    cr_expect_not_null(ad_url_parse(text, &u));
    memset(text + 8, 'a', 64);
    memcpy(text + 72, ".example/", 10);
    cr_expect_not_null(ad_url_parse(text, &u));
}

static const struct {
    const char *host, *domain;
    bool inside;
} inside_cases[] = {
    {"church.example", "church.example", true},
    {"mail.church.example", "church.example", true},
    {"mail.church.example", "Church.Example", true},
    {"a.b.church.example", "church.example", true},
    {"mychurch.example", "church.example", false},
    {"example", "church.example", false},
    {"church.example.evil.example", "church.example", false},
    {"church.example", "mail.church.example", false},
    {"church.example", "", false},
};

Test(ad_url, inside_is_the_name_or_below)
{
    for (size_t i = 0; i < ARRAY_LEN(inside_cases); i++)
        cr_expect(ad_host_inside(inside_cases[i].host, inside_cases[i].domain) ==
                      inside_cases[i].inside,
                  "%s in %s", inside_cases[i].host, inside_cases[i].domain);
}

static const char *const domains[] = {"church.example", NULL};
static const char *const hosts[] = {"mail.partner.example", "*.hosted.example", "odd.example:8443",
                                    NULL};
static const struct ad_policy policy = {
    .mail_domains = domains, .hosts = hosts, .url = "https://10.9.8.7:4443/autodiscover"};

static const struct {
    const char *url;
    bool allowed;
} allowed_cases[] = {
    {"https://church.example/a", true},
    {"https://mail.church.example/a", true},
    {"https://youth.example/a", true}, /* of the mailbox's own address */
    {"https://mail.youth.example/a", true},
    {"https://mail.church.example:8443/a", false},
    {"https://mail.church.example:22/a", false},
    {"https://evil.example/a", false},
    {"https://mail.partner.example/a", true},
    {"https://partner.example/a", false},
    {"https://x.mail.partner.example/a", false},
    {"https://a.hosted.example/a", true},
    {"https://a.b.hosted.example/a", true},
    {"https://hosted.example/a", false},
    {"https://nothosted.example/a", false},
    {"https://odd.example:8443/a", true},
    {"https://odd.example/a", false},
    {"https://10.9.8.7:4443/b", true},
    {"https://10.9.8.7/b", false},
    {"https://10.9.8.8:4443/b", false},
};

Test(ad_url, who_may_be_asked)
{
    for (size_t i = 0; i < ARRAY_LEN(allowed_cases); i++) {
        struct ad_url u;
        cr_assert_null(ad_url_parse_own(allowed_cases[i].url, &u));
        cr_expect(ad_url_allowed(&policy, "youth.example", &u) == allowed_cases[i].allowed, "%s",
                  allowed_cases[i].url);
    }
}

static const struct {
    const char *host, *address;
    bool allowed;
} address_cases[] = {
    {"mail.church.example", "45.1.1.1", true},
    {"mail.church.example", "10.0.0.5", true},
    {"Mail.Church.Example", "10.0.0.5", true},
    {"mail.church.example", "127.0.0.1", false},
    {"mail.church.example", "169.254.169.254", false},
    {"mail.church.example", "192.0.2.77", true}, /* a configured range */
    {"mail.partner.example", "45.1.1.1", true},
    {"mail.partner.example", "10.0.0.5", false},
    {"mail.partner.example", "192.0.2.77", true},
    {"10.9.8.7", "10.9.8.7", true}, /* the configured URL's host */
    {"10.9.8.7", "127.0.0.1", false},
};

Test(ad_url, where_a_connection_may_go)
{
    struct address_range range;
    struct err err;
    struct ad_policy p = policy;
    cr_assert(address_range_parse("192.0.2.64/26", &range, &err) == 0);
    p.ranges = &range;
    p.n_ranges = 1;
    for (size_t i = 0; i < ARRAY_LEN(address_cases); i++) {
        struct sockaddr_in a = {.sin_family = AF_INET};
        inet_pton(AF_INET, address_cases[i].address, &a.sin_addr);
        cr_expect(ad_address_allowed(&p, address_cases[i].host, (void *)&a) ==
                      address_cases[i].allowed,
                  "%s at %s", address_cases[i].host, address_cases[i].address);
    }
}

Test(ad_url, no_domains_listed_means_no_private_address)
{
    const struct ad_policy none = {0};
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x0a000001)};
    cr_expect(!ad_address_allowed(&none, "mail.church.example", (void *)&a));
}

static const struct {
    const char *address, *domain; /* NULL: refused */
} mail_cases[] = {
    {"pat@church.example", "church.example"},
    {"Pat.O'Neil+x@Church.Example", "church.example"},
    {"a@b@church.example", NULL},
    {"\"a b\"@church.example", NULL},
    {"pat@", NULL},
    {"@church.example", NULL},
    {"pat", NULL},
    {"", NULL},
    {"pat@localhost", NULL},
    {"pat@10.0.0.1", NULL},
    {"pat@[10.0.0.1]", NULL},
    {"pat@church.example.", NULL},
    {"pat@church.example/x", NULL},
    {"pat@church.example:8443", NULL},
    {"pat@m\xc3\xbcnchen.example", NULL},
    {"pat @church.example", NULL},
    {"pat\r\nX: y@church.example", NULL},
    {"pat<@church.example", NULL},
    {"p\xff@church.example", NULL},
};

Test(ad_url, domain_of_an_address)
{
    for (size_t i = 0; i < ARRAY_LEN(mail_cases); i++) {
        char domain[AD_MAX_HOST + 1];
        const char *why, *got = ad_address_domain(mail_cases[i].address, domain, &why);
        if (mail_cases[i].domain)
            cr_expect(got && strcmp(got, mail_cases[i].domain) == 0, "%s", mail_cases[i].address);
        else
            cr_expect(!got && why, "%s was taken", mail_cases[i].address);
    }
}

Test(ad_url, settings_that_are_wrong_are_refused)
{
    static const char *const wrong[] = {
        "*",           "*.",          "a b", "https://x.example", "10.0.0.1",
        "x.example:0", "x.example/y", "",    "*.*.example",       "example"};
    struct err err;
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        const char *const list[] = {wrong[i], NULL};
        const struct ad_policy p = {.hosts = list};
        cr_expect(ad_policy_check(&p, &err) < 0, "%s was taken", wrong[i]);
    }
    cr_expect(ad_policy_check(&policy, &err) == 0);
    cr_expect(ad_policy_check(&(struct ad_policy){.url = "http://x.example/"}, &err) < 0);
}
