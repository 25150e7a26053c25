#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "common/base/conf.h"

#include "producer/business.h"
#include "producer/run_p.h"

enum { RUN_ARENA_MAX = 2047 << 20 };

/* --- settings -------------------------------------------------------------------------- */

static void
limit_from(const struct conf *c, const char *floor, const char *percent, struct guard_limit *ret)
{
    ret->floor = (size_t)conf_int(c, floor);
    ret->percent = (unsigned)conf_int(c, percent);
}

int run_settings_from(const struct conf *c, struct run_settings *ret, struct err *err)
{
    memset(ret, 0, sizeof(*ret));
    if (!guid_parse(conf_str(c, "eligible_group"), &ret->eligible_group))
        return err_set(
            err, SCOPE_PROCESS, WHEN_NEVER, "conf",
            "eligible_group (%s): write the Guid of the Rock group whose members may sync",
            conf_origin(c, "eligible_group"));
    ret->n_mail_domains = conf_list(c, "mail_domains", &ret->mail_domains);
    ret->delete_old = conf_bool(c, "delete_old_contacts");
    ret->fields.unlisted = !strcmp(conf_str(c, "unlisted"), "include");
    const char *ext = conf_str(c, "phone_extension");
    ret->fields.phone.extension = !strcmp(ext, "pause")  ? PHONE_EXT_PAUSE
                                  : !strcmp(ext, "omit") ? PHONE_EXT_OMIT
                                                         : PHONE_EXT_TEXT;
    ret->fields.first_last = !strcmp(conf_str(c, "file_as"), "first_last");
    ret->photos = conf_bool(c, "contacts.photos");
    ret->fields.dates = conf_bool(c, "dates");
    ret->fields.yearless_1604 = !strcmp(conf_str(c, "yearless_birthday"), "1604");
    ret->fields.phone.default_country = conf_str(c, "default_country_code");
    ret->expand.skip_self = conf_bool(c, "skip_self");
    ret->expand.exclude_children = !strcmp(conf_str(c, "children"), "exclude");
    ret->expand.categories = conf_bool(c, "categories");
    limit_from(c, "guard.mailbox_floor", "guard.mailbox_percent", &ret->guard.mailbox);
    limit_from(c, "guard.total_floor", "guard.total_percent", &ret->guard.total);
    limit_from(c, "guard.users_floor", "guard.users_percent", &ret->guard.users);
    limit_from(c, "guard.emptied_floor", "guard.emptied_percent", &ret->guard.emptied);
    return 0;
}

/* --- counts ---------------------------------------------------------------------------- */

#define RUN_COUNTS(X)                                                                              \
    X(users)                                                                                       \
    X(people)                                                                                      \
    X(wanted)                                                                                      \
    X(added)                                                                                       \
    X(changed)                                                                                     \
    X(dropped)                                                                                     \
    X(kept)                                                                                        \
    X(held)                                                                                        \
    X(rekeyed)                                                                                     \
    X(mailboxes)                                                                                   \
    X(unchanged_mailboxes)                                                                         \
    X(stale_mailboxes)                                                                             \
    X(no_address)                                                                                  \
    X(foreign_domain)                                                                              \
    X(address_taken)                                                                               \
    X(not_eligible)                                                                                \
    X(lava_failed)                                                                                 \
    X(messages)

void run_counts_json(const struct run_counts *c, struct str *out)
{
    const char *comma = "{";
#define X(n)                                                                                       \
    str_addf(out, "%s\"" #n "\":%zu", comma, c->n);                                                \
    comma = ",";
    RUN_COUNTS(X)
#undef X
    str_putc(out, '}');
}

static void lava_text_of(const struct run_counts *c, struct str *out)
{
    str_addf(out, "; the business number stays as it was for %zu people, whose template fails (",
             c->lava_failed);
    for (size_t i = 0; i < c->lava_failed && i < RUN_NAMED; i++)
        str_addf(out, "%s%lld", i ? ", " : "Rock ids ", (long long)c->lava_failed_ids[i]);
    str_addf(out, "%s): %s", c->lava_failed > RUN_NAMED ? ", ..." : "", c->lava_why);
}

void run_counts_text(const struct run_counts *c, struct str *out)
{
    str_addf(out, "%zu users, %zu people read, %zu contacts wanted: ", c->users, c->people,
             c->wanted);
    str_addf(out, "%zu added, %zu changed, %zu dropped, %zu kept, %zu held; ", c->added, c->changed,
             c->dropped, c->kept, c->held);
    str_addf(out, "%zu of %zu mailboxes unchanged; %zu messages", c->unchanged_mailboxes,
             c->mailboxes, c->messages);
    if (c->queue_away)
        str_puts(out, " (the queue is out of reach: the rest is published when it is back)");
    if (c->no_address || c->foreign_domain || c->address_taken)
        str_addf(out,
                 "; users left out: %zu without address, %zu outside mail_domains, %zu sharing an "
                 "address",
                 c->no_address, c->foreign_domain, c->address_taken);
    if (c->lava_failed)
        lava_text_of(c, out);
    if (*c->lava_unknown)
        str_addf(out, "; business_phone_lava reads attributes that Rock does not have: %s",
                 c->lava_unknown);
}

/* --- steps ----------------------------------------------------------------------------- */

void run_progress(struct run *r, const char *phase, size_t done, size_t of)
{
    if (r->o->progress)
        r->o->progress(phase, done, of, r->o->user);
}

static void source_progress(const char *what, size_t done, size_t of, void *user)
{
    run_progress(user, what, done, of);
}

static void note_unknown(struct run *r)
{
    autovalue(str_release) struct str names = STR_INIT(sizeof(r->c->lava_unknown) - 1);

    for (size_t i = 0; i < r->d->n_unknown_attributes; i++)
        str_addf(&names, "%s%s", i ? ", " : "", r->d->unknown_attributes[i]);
    snprintf(r->c->lava_unknown, sizeof(r->c->lava_unknown), "%s", names.p);
}

static int snapshot(struct run *r, struct err *err)
{
    struct source_request rq = {
        .eligible_group = r->s->eligible_group, .progress = source_progress, .user = r};
    rq.attributes = business_attributes(r->s->business, &rq.n_attributes);
    if (run_former_wanted(r, &rq.former, err) < 0 || run_users_request(r, &rq, err) < 0)
        return -1;
    run_progress(r, "reading Rock", 0, 0);
    if (r->p->source->ops->snapshot(r->p->source, &rq, &r->d, err) < 0)
        return err_prefix(err, "Rock could not be read, nothing was planned");
    r->c->people = r->d->n_people;
    note_unknown(r);
    return 0;
}

/* What is part of every digest beside people: rules that change the content of all, and of the
 * categories. */
static void fingerprint(struct run *r)
{
    struct sha256 fields, business;
    fieldmap_fingerprint(&r->s->fields, &fields);
    business_fingerprint(r->s->business, &business);
    unsigned char flags[4] = {1, r->s->expand.categories, r->s->delete_old, 0};
    struct digest *d = digest_new();
    digest_add(d, fields.b, sizeof(fields.b));
    digest_add(d, flags, sizeof(flags));
    digest_add(d, business.b, sizeof(business.b));
    digest_finish(d, &r->fingerprint);
    digest_free(d);
}

static int steps(struct run *r, struct err *err)
{
    struct plan_store *st = r->p->store;
    fingerprint(r);
    if (st->ops->subscribers(st, r->arena, &r->subs, &r->n_subs, err) < 0 || snapshot(r, err) < 0)
        return -1;
    if (run_users_match(r, err) < 0 || run_people_contents(r, err) < 0)
        return -1;
    r->x = expander_new(r->d, &r->s->expand);
    if (run_kept_leaving(r, err) < 0 || run_plan_mailboxes(r, err) < 0 ||
        run_plan_leavers(r, err) < 0)
        return -1;
    if (run_people_write(r, err) < 0 || run_former_write(r, err) < 0 || run_plan_guard(r, err) < 0)
        return -1;
    return run_apply(r, err) < 0 ? -1 : run_photos_seen(r, err);
}

int run_execute(const struct run_parts *parts,
                const struct run_settings *s,
                const struct run_options *o,
                struct run_counts *ret,
                struct err *err)
{
    struct run r = {.p = parts, .s = s, .o = o, .c = ret};
    memset(ret, 0, sizeof(*ret));
    r.arena = arena_new("a run", RUN_ARENA_MAX);
    int rc = steps(&r, err);
    vec_foreach (m, &r.plans) {
        vec_release(&m->changes);
        vec_release(&m->rekeys);
    }
    vec_release(&r.plans);
    vec_release(&r.leavers);
    expander_free(r.x);
    directory_free(r.d);
    arena_free(r.arena);
    return rc;
}
