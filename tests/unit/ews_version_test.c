#include <criterion/criterion.h>
#include <string.h>

#include "common/base/cleanup.h"

#include "worker/ews/ews_version.h"

static const struct {
    const char *setting, *version;
} settings[] = {
    {"2007", "Exchange2007_SP1"},
    {"2010", "Exchange2010_SP2"},
    {"2013", "Exchange2013_SP1"},
    {"2016", "Exchange2013_SP1"},
    {"2019", "Exchange2013_SP1"},
    {"se", "Exchange2013_SP1"},
    {"online", "Exchange2013_SP1"},
    {"exchange2010_sp1", "Exchange2010_SP1"},
    {"Exchange2016", "Exchange2016"},
    {"2003", NULL},
    {"", NULL},
};

Test(ews_version, what_an_administrator_writes_becomes_a_version_of_the_schema)
{
    for (size_t i = 0; i < ARRAY_LEN(settings); i++) {
        const char *got = ews_version_of(settings[i].setting);
        cr_expect(settings[i].version ? got && strcmp(got, settings[i].version) == 0 : !got, "%s",
                  settings[i].setting);
    }
}

Test(ews_version, every_version_ends_at_2007_going_down)
{
    static const char *const all[] = {"2007", "2010", "2013", "SE", "Exchange2016", "Exchange2015"};
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        unsigned steps = 0;
        const char *v = ews_version_of(all[i]), *last = v;
        while ((v = ews_version_below(v))) {
            last = v;
            cr_assert_lt(++steps, 10u);
        }
        cr_expect_str_eq(last, "Exchange2007");
    }
    cr_expect_str_eq(ews_version_below("Exchange2013_SP1"), "Exchange2010_SP2");
    cr_expect_null(ews_version_below("V2017_07_11"));
}

Test(ews_version, a_mailbox_is_remembered_only_with_an_older_one)
{
    autoptr(ews_versions_free) struct ews_versions *v = ews_versions_new("Exchange2013_SP1");
    ews_versions_put(v, 7, "Exchange2010_SP2");
    ews_versions_put(v, 8, "Exchange2016");
    ews_versions_put(v, 9, "nonsense");
    cr_expect_str_eq(ews_versions_get(v, 7), "Exchange2010_SP2");
    cr_expect_str_eq(ews_versions_get(v, 8), "Exchange2013_SP1");
    cr_expect_str_eq(ews_versions_get(v, 9), "Exchange2013_SP1");
    cr_expect_str_eq(ews_versions_get(v, 1), "Exchange2013_SP1");
}

static const struct {
    const char *url;
    bool online;
} urls[] = {
    {"https://outlook.office365.com/EWS/Exchange.asmx", true},
    {"https://Outlook.Office365.COM:443/ews/exchange.asmx", true},
    {"https://outlook.office365.com./EWS/Exchange.asmx", true},
    {"https://eur.outlook.office365.com/EWS/Exchange.asmx", true},
    {"https://outlook.office.com/EWS/Exchange.asmx", true},
    {"https://outlook.office365.us/EWS/Exchange.asmx", true},
    {"https://mail.church.example/EWS/Exchange.asmx", false},
    {"https://notoutlook.office365.com/EWS/Exchange.asmx", false},
    {"https://mail.church.example/outlook.office365.com", false},
    {"https://outlook.office365.com.church.example/EWS/Exchange.asmx", false},
    {"", false},
};

Test(ews_version, knows_the_cloud_by_its_host)
{
    for (size_t i = 0; i < ARRAY_LEN(urls); i++)
        cr_expect_eq(ews_is_online(urls[i].url), urls[i].online, "%s", urls[i].url);
    cr_expect_not_null(strstr(ews_online_notice, "1 April 2027"));
}

Test(ews_version, only_codes_about_the_version_step_down)
{
    cr_expect(ews_version_refused("ErrorInvalidServerVersion"));
    cr_expect(ews_version_refused("ErrorIncorrectSchemaVersion"));
    cr_expect(ews_version_refused("ErrorInvalidSchemaVersionForMailboxVersion"));
    cr_expect_not(ews_version_refused("ErrorInvalidRequest"));
    cr_expect_not(ews_version_refused(""));
}
