/*
 * What hostile servers, redirects and DNS answers can make Autodiscover do: nothing. The real
 * driver (curl, TLS, c-ares) runs in a network that is made up: every name has an address, every
 * address can be reached, and everything is written down: each connection with the address that was
 * wanted, each request with its host and whether it carried credentials. The judge below knows
 * nothing of the product's rules but what a church's administrator would say:
 *   - public addresses are 45.x here, private ones 10.x: the latter are fine for the church's own
 *     hosts; no other address is ever connected to;
 *   - only the church's hosts and mail.partner.example are ever spoken to, and get credentials, by
 *     https; their autodiscover.* is asked one thing by http, without anything of anybody's.
 */
#include "tests/contract/autodiscover_hostile.h"

/* ---- scenes ---- */

/* The network itself works: else nothing below means anything. */
Test(autodiscover_hostile, an_honest_server_is_found_and_gets_credentials)
{
    const struct scene s = {.name = "honest",
                            .dns = "church.example=10.0.0.1",
                            .rules = {{SOAP_URL, "401 then ews " GOOD_EWS}}};
    struct outcome_of o = run(&s);
    cr_expect(o.found, "%s", o.err.text);
    cr_expect_str_eq(o.ad.url, GOOD_EWS);
    cr_expect(world.requests.n == 2 && world.connects.n == 1);
    cr_expect(!world.requests.v[0].credentials && world.requests.v[1].credentials);
}

Test(autodiscover_hostile, a_lure_would_work_if_it_were_followed)
{
    const struct scene s = {.name = "partner",
                            .rules = {{SOAP_URL, "302 https://mail.partner.example/autodiscover/"
                                                 "autodiscover.svc"},
                                      {"https://mail.partner.example/autodiscover/"
                                       "autodiscover.svc",
                                       "401 then ews https://mail.partner.example/e"}}};
    struct outcome_of o = run(&s);
    cr_expect(o.found, "%s", o.err.text);
    cr_expect_str_eq(o.ad.url, "https://mail.partner.example/e");
}

/* Where a server may want to send us. %s of the scenes. */
static const char *const lures[] = {
    /* elsewhere */
    "https://evil.example/autodiscover/autodiscover.svc",
    "https://evil.example/autodiscover/autodiscover.xml",
    "https://autodiscover.evil.example/autodiscover/autodiscover.svc",
    "https://church.example.evil.example/autodiscover/autodiscover.svc",
    "https://churchxexample.evil.example/",
    "https://mychurch.example/autodiscover/autodiscover.svc",
    "https://example/autodiscover/autodiscover.svc",
    "https://partner.example/autodiscover/autodiscover.svc",
    "https://x.mail.partner.example/autodiscover/autodiscover.svc",
    "https://autodiscover-s.outlook.com/autodiscover/autodiscover.svc",
    /* not https */
    "http://mail.church.example/autodiscover/autodiscover.svc",
    "http://evil.example/autodiscover/autodiscover.svc",
    "HTTP://church.example/autodiscover/autodiscover.svc",
    "ftp://church.example/x",
    "file:///etc/passwd",
    "gopher://church.example:25/x",
    "ldap://church.example/x",
    "dict://church.example:11211/x",
    "javascript:alert(1)",
    "data:text/xml,x",
    "wss://church.example/x",
    "https:evil.example",
    "https:/evil.example/x",
    "https:///evil.example/x",
    "//evil.example/x",
    "\\\\evil.example\\x",
    /* users and passwords */
    "https://church.example@evil.example/",
    "https://church.example:443@evil.example/",
    "https://user:pw@church.example/autodiscover/autodiscover.svc",
    "https://church.example%40evil.example/",
    "https://church.example%2f@evil.example/",
    "https://evil.example\\@church.example/",
    "https://evil.example#@church.example/",
    "https://evil.example?@church.example/",
    "https://church.example;@evil.example/",
    /* IP addresses in every spelling */
    "https://127.0.0.1/",
    "https://127.1/",
    "https://127.0.1/",
    "https://2130706433/",
    "https://0x7f000001/",
    "https://0x7f.0x0.0x0.0x1/",
    "https://0177.0.0.1/",
    "https://017700000001/",
    "https://0/",
    "https://0.0.0.0/",
    "https://10.0.0.1/",
    "https://45.6.6.6/",
    "https://169.254.169.254/latest/meta-data/",
    "https://2852039166/",
    "https://0xa9fea9fe/",
    "https://[::1]/",
    "https://[::]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[::ffff:7f00:1]/",
    "https://[64:ff9b::7f00:1]/",
    "https://[2002:7f00:1::]/",
    "https://[fe80::1%25eth0]/",
    "https://[fd00:ec2::254]/",
    "https://127.0.0.1.church.example@127.0.0.1/",
    "https://localhost/",
    "https://localhost.localdomain./",
    "https://metadata.google.internal/computeMetadata/v1/",
    /* names that look alike, or are written oddly */
    "https://church.example./autodiscover/autodiscover.svc",
    "https://church.example../",
    "https://.church.example/",
    "https://church\xe3\x80\x82"
    "example.evil.example/",
    "https://chur\xd1\x81h.example/",
    "https://xn--churh-4ve.example/",
    "https://church.ex\xc3\xa4mple/",
    "https://church%2eexample/",
    "https://church.example%00.evil.example/",
    "https://evil.example%00.church.example/",
    "https://church_.example/",
    "https://-church.example/",
    "https://church example/",
    "https://evil.example\t.church.example/",
    /* ports */
    "https://church.example:22/",
    "https://church.example:25/x",
    "https://church.example:80/x",
    "https://church.example:6379/",
    "https://church.example:8443/autodiscover/autodiscover.svc",
    "https://church.example:0/",
    "https://church.example:65536/",
    "https://church.example:4294967739/",
    "https://church.example:443:22/",
    "https://church.example:-443/",
    "https://church.example: 443/",
    /* nonsense */
    "https://",
    "https://?",
    "https://#",
    "https://:443/",
    "https://@/",
    "x",
    "autodiscover.svc",
    "?a=b",
    "/autodiscover/autodiscover.svc",
    "https://church.example/autodiscover/autodiscover.svc",
};

static void play_lures(const char *name, const char *url, const char *says, bool may_find)
{
    size_t lookups = 0;
    for (size_t i = 0; i < ARRAY_LEN(lures); i++) {
        struct scene s = {.name = name, .rules = {{url, says}}, .says = lures[i]};
        struct outcome_of o = run(&s);
        lookups += world.lookups.n;
        if (!may_find)
            cr_expect(!o.found, "%s (%s): found %s", name, lures[i], o.ad.url);
        vec_foreach (h, &world.lookups)
            cr_expect(friend(*h), "%s (%s): a lookup of %s", name, lures[i], *h);
    }
    cr_expect(lookups > 0);
}

Test(autodiscover_hostile, lures_by_http_redirect)
{
    play_lures("302", SOAP_URL, "302 %s", false);
}

Test(autodiscover_hostile, lures_by_http_redirect_after_the_sign_in)
{
    play_lures("302 signed", SOAP_URL, "401 then 302 %s", false);
}

Test(autodiscover_hostile, lures_by_plain_http)
{
    play_lures("302 by http", "http://autodiscover.church.example/autodiscover/autodiscover.xml",
               "302 %s", false);
}

Test(autodiscover_hostile, lures_inside_soap)
{
    play_lures("soap url", SOAP_URL, "url %s", false);
}

Test(autodiscover_hostile, lures_inside_pox)
{
    play_lures("pox url", POX_URL, "url %s", false);
}

/* The last lure is a URL of the church's own: as Exchange's it is fine. */
Test(autodiscover_hostile, lures_as_the_address_of_exchange)
{
    play_lures("soap ews", SOAP_URL, "ews %s", true);
    play_lures("pox ews", POX_URL, "ews %s", true);
}

/* Addresses that a name may turn out to have. None of them is connected to. */
static const char *const addresses[] = {
    "127.0.0.1",
    "127.0.0.2",
    "127.255.255.255",
    "0.0.0.0",
    "0.1.2.3",
    "169.254.0.1",
    "169.254.169.254",
    "169.254.170.2",
    "100.100.100.200",
    "168.63.129.16",
    "192.0.0.192",
    "192.0.2.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "192.88.99.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "::ffff:0.0.0.0",
    "::ffff:0:127.0.0.1",
    "64:ff9b::127.0.0.1",
    "64:ff9b::169.254.169.254",
    "64:ff9b:1::45.0.0.1",
    "2002:7f00:1::1",
    "2002:a9fe:a9fe::1",
    "2001:0:7f00:1::",
    "fe80::1",
    "fec0::1",
    "ff02::1",
    "fd00:ec2::254",
    "fd20:ce::254",
    "2001:db8::1",
    "100::1",
    "2606:4700::5efe:127.0.0.1",
};

Test(autodiscover_hostile, forbidden_addresses_of_the_churchs_own_names)
{
    for (size_t i = 0; i < ARRAY_LEN(addresses); i++) {
        char text[400];
        snprintf(text, sizeof(text), "church.example=%s;autodiscover.church.example=%s",
                 addresses[i], addresses[i]);
        struct scene s = {.name = "address",
                          .dns = text,
                          .says = addresses[i],
                          .rules = {{SOAP_URL, "ews " GOOD_EWS}}};
        struct outcome_of o = run(&s);
        cr_expect(!o.found && world.connects.n == 0 && world.requests.n == 0, "%s", addresses[i]);
        if (!strchr(addresses[i], ':')) /* where there is no IPv6, curl does not even look */
            cr_expect_str_eq(o.err.code, "autodiscover.address");
    }
}

Test(autodiscover_hostile, private_addresses_of_a_host_outside_the_mail_domains)
{
    static const char *const private[] = {"10.0.0.1",        "172.16.0.1",        "192.168.1.1",
                                          "100.64.0.1",      "fc00::1",           "fd12:3456::1",
                                          "::ffff:10.0.0.1", "64:ff9b::10.0.0.1", "2002:a00:1::1"};
    for (size_t i = 0; i < ARRAY_LEN(private); i++) {
        char text[400];
        snprintf(text, sizeof(text), "mail.partner.example=%s", private[i]);
        struct scene s = {.name = "private",
                          .dns = text,
                          .says = private[i],
                          .rules = {{SOAP_URL, "302 https://mail.partner.example/autodiscover/"
                                               "autodiscover.svc"}}};
        struct outcome_of o = play(&s);
        cr_expect(!o.found);
        vec_foreach (r, &world.requests)
            cr_expect(strcmp(r->host, "mail.partner.example") != 0, "%s", private[i]);
    }
}

/* Names whose addresses change, and answers that mix. */
static const struct scene dns_scenes[] = {
    {"rebinding at the second lookup",
     "church.example=45.0.0.1|127.0.0.1",
     {{SOAP_URL, "close"}, {POX_URL, "ews " GOOD_EWS}},
     NULL,
     NULL},
    {"rebinding at the third lookup",
     "church.example=45.0.0.1|45.0.0.1|169.254.169.254",
     {{SOAP_URL, "close"}, {POX_URL, "ews " GOOD_EWS}},
     NULL,
     NULL},
    {"rebinding between the question and the sign-in",
     "church.example=45.0.0.1|127.0.0.1",
     {{SOAP_URL, "401 then ews " GOOD_EWS}},
     NULL,
     NULL},
    {"a forbidden address first",
     "church.example=127.0.0.1,45.0.0.1",
     {{SOAP_URL, "401 then ews " GOOD_EWS}},
     NULL,
     NULL},
    {"a forbidden address last",
     "church.example=45.0.0.1,127.0.0.1",
     {{SOAP_URL, "401 then ews " GOOD_EWS}},
     NULL,
     NULL},
    {"forbidden addresses of both kinds around a good one",
     "church.example=::1,169.254.169.254,45.0.0.1,fe80::1",
     {{SOAP_URL, "401 then ews " GOOD_EWS}},
     NULL,
     NULL},
    {"the plain http host is this machine",
     "church.example=;autodiscover.church.example=45.0.0.1|127.0.0.1",
     {{"http://autodiscover.church.example/autodiscover/autodiscover.xml", "302 " SOAP_URL}},
     NULL,
     NULL},
    {"the redirect's host is this machine",
     "mail.church.example=127.0.0.1",
     {{SOAP_URL, "302 https://mail.church.example/autodiscover/autodiscover.svc"}},
     NULL,
     NULL},
    {"the redirect's host is the metadata service",
     "mail.church.example=169.254.169.254",
     {{SOAP_URL, "url https://mail.church.example/autodiscover/autodiscover.svc"}},
     NULL,
     NULL},
    {"no address at all", "church.example=;autodiscover.church.example=", {{0}}, NULL, NULL},
};

Test(autodiscover_hostile, addresses_that_change)
{
    for (size_t i = 0; i < ARRAY_LEN(dns_scenes); i++)
        run(&dns_scenes[i]);
    cr_expect(run(&dns_scenes[3]).found, "a good address among others is used");
}

/* What SRV may point to. */
static const char *const srv_lures[] = {
    "1 1 443 evil.example",
    "1 1 443 mail.evil.example",
    "1 1 443 church.example.evil.example",
    "1 1 443 127.0.0.1",
    "1 1 443 10.0.0.1",
    "1 1 443 2130706433",
    "1 1 443 0x7f000001",
    "1 1 443 localhost",
    "1 1 443 example",
    "1 1 443 .",
    "1 1 22 mail.church.example",
    "1 1 8443 mail.church.example",
    "1 1 80 mail.church.example",
    "1 1 0 mail.church.example",
    "1 1 65535 mail.church.example",
    "1 1 443 user@church.example",
    "1 1 443 church.example/x",
    "1 1 443 church.example:22",
    "1 1 443 chur\xd1\x81h.example",
    "1 1 443 church.example\\x",
    "1 1 443 a b.church.example",
    "1 1 443 -x.church.example",
    "1 1 443 x_y.church.example",
    "1 1 443 mail.partner.example.evil.example",
    "1 1 443 a.evil.example;2 1 443 b.evil.example;3 1 443 c.evil.example;4 1 443 d.evil.example",
};

Test(autodiscover_hostile, lures_by_srv)
{
    for (size_t i = 0; i < ARRAY_LEN(srv_lures); i++) {
        struct scene s = {.name = "srv", .srv = srv_lures[i], .says = srv_lures[i]};
        struct outcome_of o = run(&s);
        cr_expect(!o.found, "%s", srv_lures[i]);
    }
    const struct scene honest = {
        .name = "srv",
        .srv = "1 1 443 mail.church.example",
        .rules = {{"https://mail.church.example/autodiscover/autodiscover.svc",
                   "401 then ews " GOOD_EWS}}};
    cr_expect(run(&honest).found);
}

/* Addresses that a server may want us to ask about instead. */
static const char *const address_lures[] = {
    "pat.rivera@evil.example",
    "pat.rivera@church.example.evil.example",
    "pat.rivera@example",
    "pat.rivera@mychurch.example",
    "pat.rivera@partner.example",
    "pat.rivera@localhost",
    "pat.rivera@127.0.0.1",
    "pat.rivera@[127.0.0.1]",
    "pat.rivera@10.0.0.1",
    "pat.rivera@2130706433",
    "pat.rivera@church.example.",
    "pat.rivera@church.example:22",
    "pat.rivera@church.example/x",
    "pat.rivera@church.example@evil.example",
    "@evil.example",
    "evil.example",
    "pat.rivera@",
    "pat.rivera@chur\xd1\x81h.example",
    "pat rivera@church.example",
    "pat.rivera@evil.example#x",
    "pat.rivera@tenant.mail.onmicrosoft.com",
    "pat.rivera@church.example",
    "",
};

Test(autodiscover_hostile, lures_by_address)
{
    for (size_t i = 0; i < ARRAY_LEN(address_lures); i++) {
        struct scene s = {
            .name = "soap addr", .rules = {{SOAP_URL, "addr %s"}}, .says = address_lures[i]};
        cr_expect(!run(&s).found);
        s.name = "pox addr";
        s.rules[0] = (struct rule){POX_URL, "401 then addr %s"};
        cr_expect(!run(&s).found);
    }
}

/* What is no answer. */
static const char *const bodies[] = {
    "giant",
    "deep",
    "cut",
    "close",
    "status 200",
    "status 204",
    "status 400",
    "status 403",
    "status 405",
    "status 456",
    "status 502",
    "typed text/html",
    "typed text/html; charset=utf-8; x=xml",
    "typed application/xhtml+xml; html",
    "typed application/octet-stream",
    "typed text/plain",
    "typed application/json",
    "raw ",
    "raw <",
    "raw \x01\x02\x03",
    "raw <?xml version=\"1.0\"?>",
    "raw <html><head><title>Welcome</title></head><body></body></html>",
    "raw <!DOCTYPE a [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;&a;\">"
    "<!ENTITY c \"&b;&b;&b;&b;&b;&b;&b;&b;&b;\"><!ENTITY d "
    "\"&c;&c;&c;&c;&c;&c;&c;&c;\">]><a>&d;</a>",
    "raw <!DOCTYPE a [<!ENTITY x SYSTEM \"https://evil.example/x\">]><a>&x;</a>",
    "raw <!DOCTYPE a SYSTEM \"https://evil.example/x.dtd\"><a/>",
    "raw <?xml-stylesheet href=\"https://evil.example/x\"?><a/>",
    "raw <a xmlns:xi=\"http://www.w3.org/2001/XInclude\"><xi:include "
    "href=\"https://evil.example/\"/></a>",
    "raw " SOAP_OPEN "<UserSettings/>",
    "raw " SOAP_OPEN "<UserSettings/>" SOAP_CLOSE,
    "raw " SOAP_OPEN "<ErrorCode>NoError</ErrorCode></UserResponse><UserResponse>" SOAP_CLOSE,
    "raw " POX_OPEN "<Account><Action>settings</Action></Account>" POX_CLOSE,
    "raw " POX_OPEN "<Account><Action>redirectUrl</Action></Account>" POX_CLOSE,
    "raw " POX_OPEN "<Account><Action>run</Action></Account>" POX_CLOSE,
};

Test(autodiscover_hostile, what_is_no_answer)
{
    for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
        struct scene s = {.name = "body",
                          .says = bodies[i],
                          .rules = {{SOAP_URL, bodies[i]}, {POX_URL, bodies[i]}}};
        struct outcome_of o = run(&s);
        cr_expect(!o.found, "%s: found %s", bodies[i], o.ad.url);
    }
}

/* Ways that do not end. */
static const struct scene long_ways[] = {
    {"to itself", NULL, {{SOAP_URL, "302 " SOAP_URL}}, NULL, NULL},
    {"to itself in capitals",
     NULL,
     {{SOAP_URL, "302 HTTPS://CHURCH.EXAMPLE:443/autodiscover/autodiscover.svc"}},
     NULL,
     NULL},
    {"two in a circle",
     NULL,
     {{SOAP_URL, "302 https://a.church.example/x"},
      {"https://a.church.example/x", "302 " SOAP_URL}},
     NULL,
     NULL},
    {"eleven hops",
     NULL,
     {{SOAP_URL, "302 https://a.church.example/1"},
      {"https://a.church.example/1", "302 https://a.church.example/2"},
      {"https://a.church.example/2", "302 https://a.church.example/3"},
      {"https://a.church.example/3", "302 https://a.church.example/4"},
      {"https://a.church.example/4", "302 https://a.church.example/5"},
      {"https://a.church.example/5", "302 https://a.church.example/6"},
      {"https://a.church.example/6", "302 https://a.church.example/7"},
      {"https://a.church.example/7", "302 https://a.church.example/8"},
      {"https://a.church.example/8", "302 https://a.church.example/9"},
      {"https://a.church.example/9", "302 https://a.church.example/10"},
      {"https://a.church.example/10", "302 https://a.church.example/11"}},
     NULL,
     NULL},
    {"addresses in a circle",
     NULL,
     {{SOAP_URL, "addr pat.rivera@youth.church.example"},
      {"https://youth.church.example/autodiscover/autodiscover.svc",
       "addr pat.rivera@church.example"}},
     NULL,
     NULL},
};

Test(autodiscover_hostile, ways_that_do_not_end)
{
    for (size_t i = 0; i < ARRAY_LEN(long_ways); i++) {
        struct outcome_of o = run(&long_ways[i]);
        cr_expect(!o.found);
        cr_expect_str_eq(o.err.code, "autodiscover.redirects", "%s: %s", long_ways[i].name,
                         o.err.code);
        cr_expect(world.requests.n <= 24, "%s: %zu requests", long_ways[i].name, world.requests.n);
    }
}
