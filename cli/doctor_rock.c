/*
 * Rock: can everything be read that a run needs? By reading it, as a run does.
 */
#include <stdio.h>
#include <string.h>

#include "cli/doctor.h"
#include "common/port/directory_source.h"
#include "producer/producer_host.h"

static const char rock[] = "Rock";

struct rock_check {
    struct app *app;
    struct checkup *c;
    struct diagnosis_facts facts;
    struct directory_source *source;
    struct guid eligible;
};

static int
read_all(struct rock_check *k, const char *name, struct source_request rq, struct directory **ret)
{
    struct err err;
    int64_t begin = clock_now(loop_clock(k->app->loop));

    rq.eligible_group = k->eligible;
    int rc = k->source->ops->snapshot(k->source, &rq, ret, &err);
    uint32_t ms = (uint32_t)(clock_now(loop_clock(k->app->loop)) - begin);
    if (rc < 0)
        checkup_bad(k->c, rock, name, CHECKUP_FAILED, ms, &err, &k->facts);
    else
        checkup_ok(k->c, rock, name, ms, "%zu people, %zu of them eligible", (*ret)->n_people,
                   (*ret)->n_users);
    return rc;
}

/* First the group alone: key, address, and the people in it. Then what choices lead to; one user
 * stands for all. */
static void check(struct rock_check *k)
{
    struct directory *users = NULL, *all = NULL;

    if (read_all(k, "eligible group", (struct source_request){0}, &users) < 0) {
        checkup_skip(k->c, rock, "choices", "Rock cannot be read");
    } else if (!users->n_users) {
        checkup_skip(k->c, rock, "choices", "nobody is eligible yet");
    } else {
        const struct guid *one = &users->people[users->users[0].person].key;
        const struct source_request rq = {.followers = one, .n_followers = 1, .staff = true};
        (void)read_all(k, "choices", rq, &all);
    }
    directory_free(all);
    directory_free(users);
}

void doctor_rock(struct app *app, struct checkup *c)
{
    struct rock_check k = {.app = app, .c = c, .facts = {.url = conf_str(app->conf, "rock.url")}};
    char host[128] = "";
    struct err err;

    sscanf(k.facts.url, "%*[a-zA-Z]://%127[^/:]", host);
    k.facts.host = host;
    if (app_need(app, "eligible_group", &err) < 0 ||
        conf_set(app->conf, "rock.retry_for=5s", &err) < 0 ||
        producer_host_source(app, &k.source, &err) < 0) {
        checkup_bad(c, rock, "settings", CHECKUP_FAILED, 0, &err, &k.facts);
        return;
    }
    if (!guid_parse(conf_str(app->conf, "eligible_group"), &k.eligible)) {
        err_set(&err, SCOPE_PROCESS, WHEN_NEVER, "rock.eligible_group",
                "eligible_group is no Guid");
        checkup_bad(c, rock, "settings", CHECKUP_FAILED, 0, &err, &k.facts);
    } else {
        check(&k);
    }
    directory_source_free(k.source);
}
