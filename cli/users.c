#include "cli/users.h"

#include <string.h>

#include "common/base/arena.h"

enum { ARENA_MAX = 64 << 20 };

int users_subscriber_by_address(struct plan_store *store,
                                const char *address,
                                struct guid *ret,
                                struct err *err)
{
    autoptr(arena_free) struct arena *a = arena_new("subscribers", ARENA_MAX);
    struct plan_subscriber *subs;
    size_t n;
    if (store->ops->subscribers(store, a, &subs, &n, err) < 0)
        return -1;
    for (size_t i = 0; i < n; i++) {
        if (!strcasecmp(subs[i].address, address)) {
            *ret = subs[i].person_key;
            return 0;
        }
    }
    return err_set(err, SCOPE_PROCESS, WHEN_NEVER, "user.unknown",
                   "no user with that address has choices yet; `contact-sync prefs set --user "
                   "EMAIL ...` makes "
                   "them");
}

int users_eligible(struct app *app,
                   struct directory_source *source,
                   struct directory **ret,
                   struct err *err)
{
    struct source_request rq = {0};
    if (app_need(app, "eligible_group", err) < 0)
        return -1;
    if (!guid_parse(conf_str(app->conf, "eligible_group"), &rq.eligible_group))
        return err_set(err, SCOPE_PROCESS, WHEN_NEVER, "conf", "eligible_group (%s) is not a Guid",
                       conf_origin(app->conf, "eligible_group"));
    return source->ops->snapshot(source, &rq, ret, err);
}

long users_find(const struct directory *d, const char *address, struct err *err)
{
    long found = -1;
    for (size_t i = 0; i < d->n_users; i++) {
        const char *email = d->people[d->users[i].person].email;
        if (!email || strcasecmp(email, address))
            continue;
        if (found >= 0)
            return err_set(
                err, SCOPE_PROCESS, WHEN_NEVER, "user.twice",
                "two eligible people have that address in Rock; give one of them another");
        found = (long)i;
    }
    if (found < 0)
        err_set(err, SCOPE_PROCESS, WHEN_NEVER, "user.unknown",
                "nobody with that address is an active member of the eligible group");
    return found;
}
