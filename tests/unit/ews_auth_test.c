#include <criterion/criterion.h>
#include <string.h>

#include "worker/ews/ews_auth.h"

enum {
    BASIC = HTTP_OFFERS(HTTP_AUTH_BASIC),
    NTLM = HTTP_OFFERS(HTTP_AUTH_NTLM),
    KERBEROS = HTTP_OFFERS(HTTP_AUTH_NEGOTIATE),
    BEARER = HTTP_OFFERS(HTTP_AUTH_BEARER),
    ALL = BASIC | NTLM | KERBEROS | BEARER,
};

#define URL    "https://mail.church.example/EWS/Exchange.asmx"
#define ONLINE "https://outlook.office365.com/EWS/Exchange.asmx"

static struct ews_auth *auth(const struct ews_account *a, unsigned can)
{
    struct ews_auth *ret = NULL;
    struct err err;
    cr_assert_eq(ews_auth_new(a, can, &ret, &err), 0, "%s", err.text);
    return ret;
}

static const struct {
    const char *user, *domain, *login;
} logins[] = {
    {"svc-sync", "CHURCH", "CHURCH\\svc-sync"},
    {"svc-sync", "", "svc-sync"},
    {"svc-sync", NULL, "svc-sync"},
    {"OTHER\\svc-sync", "CHURCH", "OTHER\\svc-sync"},
    {"svc-sync@church.example", "CHURCH", "svc-sync@church.example"},
};

Test(ews_auth, puts_the_domain_before_a_user_that_names_none)
{
    for (size_t i = 0; i < ARRAY_LEN(logins); i++) {
        autoptr(ews_auth_free) struct ews_auth *a = auth(
            &(struct ews_account){
                .user = logins[i].user, .domain = logins[i].domain, .password = "p:a s\\s"},
            ALL);
        struct http_request r = {0};
        ews_auth_sign(a, &r);
        cr_expect_eq(r.auth, HTTP_AUTH_BASIC);
        cr_expect_str_eq(r.user, logins[i].login);
        cr_expect_str_eq(r.password, "p:a s\\s");
    }
}

Test(ews_auth, can_do_without_a_password)
{
    autoptr(ews_auth_free) struct ews_auth *a = auth(&(struct ews_account){.user = "svc"}, ALL);
    struct http_request r = {0};
    ews_auth_sign(a, &r);
    cr_expect_str_eq(r.password, "");
}

static const struct {
    const char *name;
    struct ews_account a;
    unsigned can;
    int method; /* -1: refused */
    const char *says;
} choices[] = {
    {"auto is NTLM", {.method = "auto", .user = "u"}, ALL, HTTP_AUTH_NTLM, ""},
    {"auto without NTLM in libcurl", {.method = "auto", .user = "u"}, BASIC, HTTP_AUTH_BASIC, ""},
    {"auto with a keytab", {.method = "auto", .keytab = true}, ALL, HTTP_AUTH_NEGOTIATE, ""},
    {"auto with a client",
     {.method = "auto", .client_id = "c", .password = "s", .keytab = true},
     ALL,
     HTTP_AUTH_BEARER,
     ""},
    {"asked for", {.method = "ntlm", .user = "u"}, ALL, HTTP_AUTH_NTLM, ""},
    {"Basic by name", {.method = "basic", .user = "u"}, ALL, HTTP_AUTH_BASIC, ""},
    {"a ticket from elsewhere", {.method = "negotiate"}, ALL, HTTP_AUTH_NEGOTIATE, ""},
    {"no NTLM in libcurl", {.method = "ntlm", .user = "u"}, BASIC | BEARER, -1, "cannot do NTLM"},
    {"no GSS-API in libcurl", {.method = "negotiate"}, BASIC | NTLM, -1, "needs GSS-API"},
    {"a keytab without GSS-API", {.method = "auto", .keytab = true}, NTLM, -1, "needs GSS-API"},
    {"a client without a secret", {.method = "oauth2", .client_id = "c"}, ALL, -1, "secret"},
    {"OAuth2 without a client", {.method = "oauth2", .password = "s"}, ALL, -1, "client_id"},
    {"nobody", {.method = "ntlm"}, ALL, -1, "exchange.user"},
    {"nonsense", {.method = "digest", .user = "u"}, ALL, -1, "digest"},
    {"a password for the cloud",
     {.method = "auto", .user = "u", .url = ONLINE},
     ALL,
     -1,
     "Exchange Online takes no user and password"},
    {"a client for the cloud",
     {.method = "auto", .client_id = "c", .password = "s", .url = ONLINE},
     ALL,
     HTTP_AUTH_BEARER,
     ""},
};

Test(ews_auth, chooses_a_way_that_is_there_or_says_what_is_missing)
{
    for (size_t i = 0; i < ARRAY_LEN(choices); i++) {
        struct ews_auth *a = NULL;
        struct err err = {0};
        int r = ews_auth_new(&choices[i].a, choices[i].can, &a, &err);
        cr_expect_eq(r, choices[i].method < 0 ? -1 : 0, "%s: %s", choices[i].name, err.text);
        cr_expect(strstr(err.text, choices[i].says) != NULL, "%s: %s", choices[i].name, err.text);
        if (r < 0)
            cr_expect_str_eq(err.code, "conf", "%s", choices[i].name);
        else
            cr_expect_eq((int)ews_auth_method(a), choices[i].method, "%s", choices[i].name);
        ews_auth_free(a);
    }
}

Test(ews_auth, auto_takes_what_the_server_offers_and_a_fixed_choice_stays)
{
    autoptr(ews_auth_free) struct ews_auth *a =
        auth(&(struct ews_account){.method = "auto", .user = "u"}, ALL);
    cr_expect_not(ews_auth_switch(a, KERBEROS));
    cr_expect_eq(ews_auth_method(a), HTTP_AUTH_NTLM);
    cr_expect(ews_auth_switch(a, BASIC | KERBEROS));
    cr_expect_eq(ews_auth_method(a), HTTP_AUTH_BASIC);
    autoptr(ews_auth_free) struct ews_auth *fixed =
        auth(&(struct ews_account){.method = "ntlm", .user = "u"}, ALL);
    cr_expect_not(ews_auth_switch(fixed, BASIC));
    struct err err;
    ews_auth_not_offered(fixed, BASIC | KERBEROS, &err);
    cr_expect_not_null(strstr(err.text, "by NTLM; it offers Basic, Negotiate (Kerberos)"), "%s",
                       err.text);
}

Test(ews_auth, fingerprint_tells_passwords_apart_and_accounts_whatever_their_case)
{
    struct ews_account one = {.user = "Svc-Sync", .domain = "CHURCH", .password = "a", .url = URL};
    struct ews_account same = {.user = "church\\svc-sync", .password = "a", .url = URL};
    struct ews_account other = one;
    other.password = "b";
    autoptr(ews_auth_free) struct ews_auth *a = auth(&one, ALL), *b = auth(&same, ALL),
                                           *c = auth(&other, ALL);
    cr_expect_str_eq(ews_auth_name(a), "church\\svc-sync at mail.church.example");
    cr_expect_str_eq(ews_auth_name(a), ews_auth_name(b));
    cr_expect_str_eq(ews_auth_fingerprint(a), ews_auth_fingerprint(b));
    cr_expect_str_neq(ews_auth_fingerprint(a), ews_auth_fingerprint(c));
    cr_expect_eq(strlen(ews_auth_fingerprint(a)), 8u);
}

Test(ews_auth, refusals_name_settings_and_no_secrets)
{
    static const char *const setups[] = {"basic", "ntlm", "negotiate", "oauth2"};
    for (size_t i = 0; i < ARRAY_LEN(setups); i++) {
        autoptr(ews_auth_free) struct ews_auth *a = auth(
            &(struct ews_account){
                .method = setups[i], .user = "u", .client_id = "c", .password = "hush-hush"},
            ALL);
        struct err err;
        ews_auth_refusal(a, &err);
        cr_expect_str_eq(err.code, "auth.refused");
        cr_expect_null(strstr(err.text, "hush"));
        cr_expect_not_null(strstr(err.text, "contact-sync resume"), "%s", err.text);
    }
}
