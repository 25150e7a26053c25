#include <criterion/criterion.h>
#include <stdio.h>

#include "common/base/metrics.h"
#include "common/base/str.h"

#include "worker/servers.h"

static struct metrics *metrics;
static struct servers servers;

static void setup(void)
{
    metrics = metrics_new();
    servers = (struct servers){.by_host = map_new()};
    servers.open = metrics_family(metrics, METRIC_GAUGE, "open", "x", "server", NULL, NULL, 0);
    servers.in_flight = metrics_family(metrics, METRIC_GAUGE, "out", "x", "server", NULL, NULL, 0);
}

static void teardown(void)
{
    servers_release(&servers);
    metrics_free(metrics);
}

#define SERVERS_TEST(name) Test(worker_servers, name, .init = setup, .fini = teardown)

static const struct host_case {
    const char *url, *host;
} hosts[] = {
    {"https://mail.church.example/EWS/Exchange.asmx", "mail.church.example"},
    {"https://MAIL.church.example:443/EWS/Exchange.asmx", "mail.church.example"},
    {"HTTPS://mail.church.example", "mail.church.example"},
    {"https://mail.church.example?x", "mail.church.example"},
    {"https://mail.church.example:8443/EWS", "mail.church.example:8443"},
    {"http://mail.church.example:443/EWS", "mail.church.example:443"},
    {"http://127.0.0.1:8080/EWS", "127.0.0.1:8080"},
    {"https://[::1]:443/EWS", "[::1]"},
    {"", ""},
};

SERVERS_TEST(a_server_is_known_by_its_host_and_port)
{
    for (size_t i = 0; i < ARRAY_LEN(hosts); i++)
        cr_expect_str_eq(servers_of(&servers, hosts[i].url)->host, hosts[i].host, "%zu", i);
    cr_expect_eq(servers_of(&servers, NULL), servers_of(&servers, ""));
    cr_expect_eq(servers_of(&servers, hosts[0].url), servers_of(&servers, hosts[1].url));
}

SERVERS_TEST(there_are_never_more_than_a_few_hundred_nor_many_labels)
{
    autovalue(str_release) struct str page = STR_INIT(1 << 20);
    struct server *last = NULL;
    for (int i = 0; i < 1000; i++) {
        char url[64];
        snprintf(url, sizeof(url), "https://mail%d.church.example/EWS", i);
        last = servers_of(&servers, url);
        last->sending++;
    }
    cr_expect_leq(servers.all.n, 257u);
    cr_expect_str_eq(last->host, "other");
    cr_expect_eq(servers_of(&servers, "https://mail3.church.example/")->sending, 1u);
    servers_observe(&servers);
    metrics_write(metrics, &page);
    size_t labels = 0;
    for (const char *p = page.p; (p = strstr(p, "\nout{")); p++)
        labels++;
    cr_expect_eq(labels, 33u);
    cr_expect(strstr(page.p, "out{server=\"other\"} 968"), "%s", page.p);
}

SERVERS_TEST(stopped_is_told_of_one_and_of_all)
{
    cr_expect_not(servers_stopped(&servers, false));
    cr_expect_not(servers_stopped(&servers, true), "there is none");
    struct server *one = servers_of(&servers, "https://one/"),
                  *two = servers_of(&servers, "https://two/");
    breaker_stop(&one->breaker, "http.403", 0);
    cr_expect(servers_stopped(&servers, false));
    cr_expect_not(servers_stopped(&servers, true));
    breaker_stop(&two->breaker, "http.403", 0);
    cr_expect(servers_stopped(&servers, true));
}
