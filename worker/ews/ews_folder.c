/*
 * Which folder the contacts go into: the default one, or one with a name of its own below it, which
 * is found, checked, or made.
 *
 * A folder that we make carries a mark (a named property). One of that name without the mark may be
 * the user's: it is taken only while it holds nothing but items of ours.
 */
#include <string.h>

#include "worker/ews/ews_p.h"

enum step { GET_DEFAULT, FIND_NAMED, LOOK_INSIDE, MAKE };

struct identifying {
    struct ews_call call;
    enum step step;
    bool made;         /* once: somebody else's hand may be in it too */
    const char *found; /* id of the folder of that name */
    store_identify_done done;
    void *user;
};

static void finish(struct identifying *i,
                   const char *folder_id,
                   const char *version,
                   enum outcome o,
                   const struct err *err)
{
    store_identify_done done = i->done;
    void *user = i->user;
    struct arena *answer = steal(i->call.answer), *keep = steal(i->call.keep);
    struct store_identity id = {folder_id, version ? version : ""};
    ews_call_free(&i->call);
    done(o == OUT_DONE ? &id : NULL, o, err, user);
    arena_free(answer);
    arena_free(keep);
}

static void refuse(struct identifying *i, enum outcome o, const char *code, const char *text)
{
    struct err err;
    err_set(&err, SCOPE_MAILBOX, WHEN_LATER, code, "%s", text);
    finish(i, NULL, NULL, o, &err);
}

static void send(struct identifying *i, enum step step, const char *operation)
{
    struct ews_call *c = &i->call;
    i->step = step;
    /* Making one is no write that could be done twice: the second one of a name is refused. */
    ews_call_send(c, &(struct ews_request){EWS_FIND, operation, 1, c->s->read_timeout_ms});
}

static void find(struct identifying *i)
{
    struct ews_call *c = &i->call;
    str_clear(&c->body);
    ews_encode_find_folder(&c->body, &c->target, c->s->folder);
    send(i, FIND_NAMED, "FindFolderResponse");
}

static void make(struct identifying *i)
{
    struct ews_call *c = &i->call;
    if (i->made) {
        refuse(i, OUT_RETRY_LATER, "folder.vanishes",
               "the folder for the contacts was made and cannot be found");
        return;
    }
    i->made = true;
    str_clear(&c->body);
    ews_encode_create_folder(&c->body, &c->target, c->s->folder);
    send(i, MAKE, "CreateFolderResponse");
}

static void look_inside(struct identifying *i, const char *folder_id)
{
    struct ews_call *c = &i->call;
    i->found = arena_strdup(c->keep, folder_id);
    str_clear(&c->body);
    ews_encode_find_foreign(&c->body, &c->target, folder_id);
    send(i, LOOK_INSIDE, "FindItemResponse");
}

static const struct ews_folder *first_folder(const struct ews_message *m)
{
    for (size_t i = 0; i < m->n_folders; i++)
        if (m->folders[i].id)
            return &m->folders[i];
    return NULL;
}

static void on_named(struct identifying *i, const struct ews_response *r)
{
    const struct ews_folder *f = first_folder(&r->messages[0]);
    if (!f)
        make(i);
    else if (f->ours)
        finish(i, f->id, r->server_version, OUT_DONE, NULL);
    else
        look_inside(i, f->id);
}

static void on_made_or_default(struct identifying *i, const struct ews_response *r)
{
    const struct ews_folder *f = first_folder(&r->messages[0]);
    if (f)
        finish(i, f->id, r->server_version, OUT_DONE, NULL);
    else
        refuse(i, OUT_RETRY_LATER, "ews.unreadable", "the contacts folder has no id");
}

static void on_inside(struct identifying *i, const struct ews_response *r)
{
    if (r->messages[0].n_items)
        refuse(i, OUT_PARK, "folder.foreign",
               "a folder with the name of exchange.folder is there already and holds the user's "
               "own contacts; rename it or choose another name");
    else
        finish(i, i->found, r->server_version, OUT_DONE, NULL);
}

static void on_folder(struct ews_call *c, const struct ews_response *r)
{
    struct identifying *i = (struct identifying *)c;
    const struct ews_message *m = &r->messages[0];
    struct err err;
    if (!m->ok) {
        enum outcome o = ews_error_item(&m->problem, EWS_FIND, &err);
        if (o == OUT_DONE && i->step == MAKE)
            find(i); /* it is there after all */
        else
            finish(i, NULL, NULL, o == OUT_DONE ? OUT_RETRY_LATER : o, &err);
        return;
    }
    switch (i->step) {
    case GET_DEFAULT:
    case MAKE:
        on_made_or_default(i, r);
        break;
    case FIND_NAMED:
        on_named(i, r);
        break;
    case LOOK_INSIDE:
        on_inside(i, r);
        break;
    }
}

static void on_failed(struct ews_call *c, enum outcome o, const struct err *err)
{
    finish((struct identifying *)c, NULL, NULL, o, err);
}

static const struct ews_call_ops identify_ops = {on_folder, on_failed};

void ews_identify(struct contact_store *base,
                  const struct store_mailbox *mb,
                  store_identify_done done,
                  void *user)
{
    struct ews_store *s = (struct ews_store *)base;
    struct identifying *i = (struct identifying *)ews_call_new(s, &identify_ops, sizeof(*i), mb);
    i->done = done;
    i->user = user;
    if (s->folder) {
        find(i);
        return;
    }
    ews_encode_get_folder(&i->call.body, &i->call.target);
    send(i, GET_DEFAULT, "GetFolderResponse");
}
