#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/str.h"

#include "worker/autodiscover/ad_codec.h"

#define SOAP(inner)                                                                                \
    "<?xml version=\"1.0\" encoding=\"utf-8\"?><s:Envelope "                                       \
    "xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Body>" inner                         \
    "</s:Body></s:Envelope>"
#define MESSAGE(inner)                                                                             \
    SOAP("<GetUserSettingsResponseMessage "                                                        \
         "xmlns=\"http://schemas.microsoft.com/exchange/2010/Autodiscover\"><Response>" inner      \
         "</Response></GetUserSettingsResponseMessage>")
#define USER(inner)                                                                                \
    MESSAGE("<ErrorCode>NoError</ErrorCode><UserResponses><UserResponse>" inner                    \
            "</UserResponse></UserResponses>")
#define SETTING(name, value)                                                                       \
    "<UserSetting><Name>" name "</Name><Value>" value "</Value></UserSetting>"
#define POX(inner)                                                                                 \
    "<Autodiscover xmlns=\"http://schemas.microsoft.com/exchange/autodiscover/"                    \
    "responseschema/2006\">" inner "</Autodiscover>"
#define ACCOUNT(inner)                                                                             \
    POX("<Response xmlns=\"http://schemas.microsoft.com/exchange/autodiscover/outlook/"            \
        "responseschema/2006a\"><Account>" inner "</Account></Response>")

static const struct {
    const char *name;
    enum ad_protocol protocol;
    const char *xml;
    enum ad_says says; /* 99: cannot be read */
    const char *external, *internal, *target, *code;
} cases[] = {
    {"both urls", AD_SOAP,
     USER("<ErrorCode>NoError</ErrorCode><UserSettings>" SETTING("InternalEwsUrl", "https://i/")
              SETTING("ExternalEwsUrl", " https://e/\n") "</UserSettings>"),
     AD_SAYS_SETTINGS, "https://e/", "https://i/", "", ""},
    {"the first of two settings of one name counts", AD_SOAP,
     USER("<UserSettings>" SETTING("ExternalEwsUrl", "https://1/")
              SETTING("ExternalEwsUrl", "https://2/") "</UserSettings>"),
     AD_SAYS_SETTINGS, "https://1/", "", "", ""},
    {"another prefix", AD_SOAP,
     SOAP("<x:GetUserSettingsResponseMessage "
          "xmlns:x=\"http://schemas.microsoft.com/exchange/2010/Autodiscover\"><x:Response>"
          "<x:UserResponses><x:UserResponse><x:UserSettings><x:UserSetting>"
          "<x:Name>ExternalEwsUrl</x:Name><x:Value>https://e/</x:Value></x:UserSetting>"
          "</x:UserSettings></x:UserResponse></x:UserResponses></x:Response>"
          "</x:GetUserSettingsResponseMessage>"),
     AD_SAYS_SETTINGS, "https://e/", "", "", ""},
    {"redirect to an address", AD_SOAP,
     USER("<ErrorCode>RedirectAddress</ErrorCode><RedirectTarget>a@b.example</RedirectTarget>"),
     AD_SAYS_ADDRESS, "", "", "a@b.example", ""},
    {"redirect to a url", AD_SOAP,
     USER("<ErrorCode>RedirectUrl</ErrorCode><RedirectTarget>https://r/</RedirectTarget>"),
     AD_SAYS_URL, "", "", "https://r/", ""},
    {"redirect to nowhere", AD_SOAP, USER("<ErrorCode>RedirectUrl</ErrorCode><RedirectTarget/>"),
     99, "", "", "", ""},
    {"error of the user", AD_SOAP, USER("<ErrorCode>InvalidUser</ErrorCode>"), AD_SAYS_ERROR, "",
     "", "", "InvalidUser"},
    {"error of the whole", AD_SOAP, MESSAGE("<ErrorCode>ServerBusy</ErrorCode>"), AD_SAYS_ERROR, "",
     "", "", "ServerBusy"},
    {"error of the whole wins", AD_SOAP,
     MESSAGE("<ErrorCode>InternalServerError</ErrorCode><UserResponses><UserResponse>"
             "<ErrorCode>RedirectUrl</ErrorCode><RedirectTarget>https://r/</RedirectTarget>"
             "</UserResponse></UserResponses>"),
     AD_SAYS_ERROR, "", "", "https://r/", "InternalServerError"},
    {"error of the setting", AD_SOAP,
     USER("<ErrorCode>NoError</ErrorCode><UserSettingErrors><UserSettingError>"
          "<ErrorCode>SettingIsNotAvailable</ErrorCode></UserSettingError></UserSettingErrors>"
          "<UserSettings/>"),
     AD_SAYS_ERROR, "", "", "", "SettingIsNotAvailable"},
    {"nothing at all", AD_SOAP, USER("<ErrorCode>NoError</ErrorCode>"), AD_SAYS_ERROR, "", "", "",
     "NoEwsUrl"},
    {"a code with markup loses it", AD_SOAP, USER("<ErrorCode>Bad\n&lt;b&gt;;DROP</ErrorCode>"),
     AD_SAYS_ERROR, "", "", "", "BadbDROP"},
    {"two users", AD_SOAP, MESSAGE("<UserResponses><UserResponse/><UserResponse/></UserResponses>"),
     99, "", "", "", ""},
    {"fault", AD_SOAP, SOAP("<s:Fault><faultcode>x</faultcode></s:Fault>"), AD_SAYS_ERROR, "", "",
     "", "Fault"},
    {"an empty body", AD_SOAP, SOAP(""), 99, "", "", "", ""},
    {"the wrong namespace", AD_SOAP,
     SOAP("<GetUserSettingsResponseMessage xmlns=\"https://schemas.microsoft.com/exchange/2010/"
          "Autodiscover\"><Response/></GetUserSettingsResponseMessage>"),
     99, "", "", "", ""},
    {"pox for soap", AD_SOAP, ACCOUNT("<Action>settings</Action>"), 99, "", "", "", ""},
    {"soap for pox", AD_POX, USER(""), 99, "", "", "", ""},
    {"html", AD_SOAP, "<html><body>hello</body></html>", 99, "", "", "", ""},
    {"empty", AD_POX, "", 99, "", "", "", ""},
    {"cut", AD_POX, "<Autodiscover", 99, "", "", "", ""},
    {"settings", AD_POX,
     ACCOUNT("<AccountType>email</AccountType><Action>settings</Action><Protocol><Type>EXCH</Type>"
             "<EwsUrl>https://i/</EwsUrl></Protocol><Protocol><Type>EXPR</Type>"
             "<ASUrl>https://as/</ASUrl><EwsUrl>https://e/</EwsUrl></Protocol>"),
     AD_SAYS_SETTINGS, "https://e/", "https://i/", "", ""},
    {"ASUrl where EwsUrl is missing", AD_POX,
     ACCOUNT("<Action>settings</Action><Protocol><Type>EXPR</Type><ASUrl>https://as/</ASUrl>"
             "</Protocol>"),
     AD_SAYS_SETTINGS, "https://as/", "", "", ""},
    {"EXHTTP before EXPR", AD_POX,
     ACCOUNT("<Action>settings</Action><Protocol><Type>EXHTTP</Type><EwsUrl>https://h/</EwsUrl>"
             "</Protocol><Protocol><Type>EXPR</Type><EwsUrl>https://e/</EwsUrl></Protocol>"),
     AD_SAYS_SETTINGS, "https://e/", "", "", ""},
    {"WEB is none of ours", AD_POX,
     ACCOUNT("<Action>settings</Action><Protocol><Type>WEB</Type><External><Protocol>"
             "<Type>EXPR</Type><EwsUrl>https://w/</EwsUrl></Protocol></External></Protocol>"),
     AD_SAYS_ERROR, "", "", "", "NoEwsUrl"},
    {"redirectAddr", AD_POX,
     ACCOUNT("<Action>redirectAddr</Action><RedirectAddr>a@b.example</RedirectAddr>"),
     AD_SAYS_ADDRESS, "", "", "a@b.example", ""},
    {"redirectUrl", AD_POX,
     ACCOUNT("<Action>redirectUrl</Action><RedirectUrl>https://r/</RedirectUrl>"), AD_SAYS_URL, "",
     "", "https://r/", ""},
    {"an unknown action", AD_POX, ACCOUNT("<Action>format</Action>"), 99, "", "", "", ""},
    {"error", AD_POX,
     POX("<Response><Error Time=\"1\" Id=\"2\"><ErrorCode>500</ErrorCode></Error></Response>"),
     AD_SAYS_ERROR, "", "", "", "500"},
    {"error in the other namespace", AD_POX,
     POX("<Response xmlns=\"http://schemas.microsoft.com/exchange/autodiscover/outlook/"
         "responseschema/2006a\"><Error><ErrorCode>601</ErrorCode></Error></Response>"),
     AD_SAYS_ERROR, "", "", "", "601"},
    {"error without a code", AD_POX, POX("<Response><Error><ErrorCode/></Error></Response>"),
     AD_SAYS_ERROR, "", "", "", "NoCode"},
    {"doctype", AD_POX,
     "<!DOCTYPE Autodiscover>" ACCOUNT("<Action>settings</Action><Protocol><Type>EXPR</Type>"
                                       "<EwsUrl>https://e/</EwsUrl></Protocol>"),
     99, "", "", "", ""},
    {"entity bomb", AD_POX,
     "<!DOCTYPE a [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;\">"
     "<!ENTITY c \"&b;&b;&b;&b;&b;&b;&b;&b;\">]>" ACCOUNT("<Action>&c;</Action>"),
     99, "", "", "", ""},
    {"external entity", AD_POX,
     "<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>" ACCOUNT("<Action>&x;</Action>"), 99,
     "", "", "", ""},
    {"a character that XML forbids", AD_POX, ACCOUNT("<Action>set&#x1F;tings</Action>"), 99, "", "",
     "", ""},
    {"another encoding named: it is UTF-8 all the same", AD_POX,
     "<?xml version=\"1.0\" encoding=\"utf-16\"?>" ACCOUNT(
         "<Action>redirectUrl</Action><RedirectUrl>https://r/</RedirectUrl>"),
     AD_SAYS_URL, "", "", "https://r/", ""},
    {"a byte order mark", AD_POX,
     "\xef\xbb\xbf" ACCOUNT("<Action>redirectUrl</Action><RedirectUrl>https://r/</RedirectUrl>"),
     AD_SAYS_URL, "", "", "https://r/", ""},
    {"UTF-16 in truth", AD_POX, "\xff\xfe<", 99, "", "", "", ""},
    {"bytes that are no UTF-8", AD_POX, ACCOUNT("<Action>set\xfftings</Action>"), 99, "", "", "",
     ""},
};

Test(ad_codec, table)
{
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct ad_reply r = {0};
        struct err err = {0};
        int rc = ad_decode(cases[i].protocol, cases[i].xml, strlen(cases[i].xml), &r, &err);
        if (cases[i].says == 99) {
            cr_expect(rc < 0 && strcmp(err.code, "autodiscover.unreadable") == 0, "%s was taken",
                      cases[i].name);
            continue;
        }
        cr_assert(rc == 0, "%s: %s", cases[i].name, err.text);
        cr_expect(r.says == cases[i].says, "%s: says %d", cases[i].name, r.says);
        cr_expect_str_eq(r.external, cases[i].external, "%s", cases[i].name);
        cr_expect_str_eq(r.internal, cases[i].internal, "%s", cases[i].name);
        cr_expect_str_eq(r.target, cases[i].target, "%s", cases[i].name);
        cr_expect_str_eq(r.code, cases[i].code, "%s", cases[i].name);
    }
}

Test(ad_codec, every_beginning_of_an_answer_is_refused)
{
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct ad_reply r;
        struct err err;
        size_t n = strlen(cases[i].xml);
        for (size_t k = 0; k + 1 < n; k++)
            cr_expect(ad_decode(cases[i].protocol, cases[i].xml, k, &r, &err) < 0, "%s at %zu",
                      cases[i].name, k);
    }
}

Test(ad_codec, limits)
{
    struct ad_reply r;
    struct err err;
    autovalue(str_release) struct str s = STR_INIT(4 << 20);
    str_puts(&s, "<Autodiscover xmlns=\"http://schemas.microsoft.com/exchange/autodiscover/"
                 "responseschema/2006\">");
    for (int i = 0; i < 100; i++)
        str_puts(&s, "<x>");
    cr_expect(ad_decode(AD_POX, s.p, s.n, &r, &err) < 0);
    cr_expect_not_null(strstr(err.text, "too deep"));
    str_clear(&s);
    while (s.n <= AD_MAX_BYTES)
        str_putc(&s, ' ');
    str_puts(&s, ACCOUNT("<Action>settings</Action>"));
    cr_expect(ad_decode(AD_POX, s.p, s.n, &r, &err) < 0);
    cr_expect_not_null(strstr(err.text, "too long"));
    str_clear(&s);
    str_puts(&s, POX("<Response><Error><ErrorCode>"));
    s.n -= strlen("</Autodiscover>");
    for (int i = 0; i < 2000; i++)
        str_putc(&s, 'a');
    str_puts(&s, "</ErrorCode></Error></Response></Autodiscover>");
    cr_expect(ad_decode(AD_POX, s.p, s.n, &r, &err) < 0);
    cr_expect_not_null(strstr(err.text, "too long"));
}

Test(ad_codec, requests_escape_what_they_carry)
{
    autovalue(str_release) struct str s = STR_INIT(8192);
    ad_encode(AD_SOAP, "https://x.example/a?b=1&c=2", "o'neil&sons@church.example", &s);
    cr_expect_not_null(strstr(s.p, "<a:Mailbox>o&apos;neil&amp;sons@church.example</a:Mailbox>"));
    cr_expect_not_null(strstr(s.p, "<wsa:To>https://x.example/a?b=1&amp;c=2</wsa:To>"));
    str_clear(&s);
    ad_encode(AD_POX, "https://x.example/", "a<b@church.example", &s);
    cr_expect_not_null(strstr(s.p, "<EMailAddress>a&lt;b@church.example</EMailAddress>"));
}
