#include <criterion/criterion.h>

#include "worker/ews/ews_auth.h"

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
        autoptr(ews_auth_free) struct ews_auth *a =
            ews_auth_new(logins[i].user, logins[i].domain, "p:a s\\s");
        struct http_request r = {0};
        ews_auth_sign(a, &r);
        cr_expect_str_eq(r.user, logins[i].login);
        cr_expect_str_eq(r.password, "p:a s\\s");
    }
}

Test(ews_auth, can_do_without_a_password)
{
    autoptr(ews_auth_free) struct ews_auth *a = ews_auth_new("svc-sync", NULL, NULL);
    struct http_request r = {0};
    ews_auth_sign(a, &r);
    cr_expect_str_eq(r.password, "");
}
