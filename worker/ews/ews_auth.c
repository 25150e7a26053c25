#include "worker/ews/ews_auth.h"

#include <string.h>

#include "common/base/str.h"

enum { LOGIN_MAX = 1024 };

struct ews_auth {
    char *login, *password;
};

struct ews_auth *ews_auth_new(const char *user, const char *domain, const char *password)
{
    struct ews_auth *a = xalloc(sizeof(*a));
    autovalue(str_release) struct str login;
    str_init(&login, LOGIN_MAX);
    if (domain && *domain && !strpbrk(user, "\\@")) {
        str_puts(&login, domain);
        str_putc(&login, '\\');
    }
    str_puts(&login, user);
    a->login = str_steal(&login);
    a->password = xstrdup(password ? password : "");
    return a;
}

void ews_auth_free(struct ews_auth *a)
{
    if (!a)
        return;
    explicit_bzero(a->password, strlen(a->password));
    free(a->password);
    free(a->login);
    free(a);
}

void ews_auth_sign(const struct ews_auth *a, struct http_request *r)
{
    r->user = a->login;
    r->password = a->password;
}
