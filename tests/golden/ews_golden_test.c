/*
 * Conversations of the EWS driver with Exchange, one file each in tests/golden/ews: what it sends,
 * what it is answered, what it makes of it. UPDATE_GOLDEN=1 writes `# request` and `# expect` anew
 * (`# response` is ours to write); the diff is to be read. Requests are compared in canonical form,
 * and checked by the schema where it is there.
 */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <libxml/c14n.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/arena.h"
#include "common/base/tm.h"

#include "common/net/loop.h"
#include "tests/sim/common/sim_http.h"
#include "tests/support/golden.h"
#include "tests/unit/ews_support.h"
#include "worker/ews/ews_store.h"

enum { MAX_TEXT = 1 << 20, MAX_TURNS = 8, WAIT_MS = 10000 };

struct conversation {
    struct golden file;
    struct str sent[MAX_TURNS];
    size_t n_sent;
    struct str got; /* what the driver made of it */
    bool done;
    struct loop *loop;
    struct contact_store *store;
};

/* ---- the file ---- */

/* Without blank nodes; format: indented, else canonical. */
static char *normal(const char *xml, size_t n, bool format)
{
    xmlDocPtr doc = xmlReadMemory(xml, (int)n, NULL, NULL, XML_PARSE_NOBLANKS | XML_PARSE_NOERROR);
    xmlChar *out = NULL;
    int size = 0;
    if (!doc)
        return xstrdup("(not well-formed)");
    if (format)
        xmlDocDumpFormatMemoryEnc(doc, &out, &size, "utf-8", 1);
    else
        xmlC14NDocDumpMemory(doc, NULL, XML_C14N_1_0, NULL, 0, &out);
    char *r = xstrdup((const char *)out);
    xmlFree(out);
    xmlFreeDoc(doc);
    return r;
}

static void write_conversation(const char *path, const struct conversation *c)
{
    FILE *f = fopen(path, "wb");
    cr_assert_not_null(f, "%s", path);
    for (size_t i = 0; i < c->file.n_turns; i++) {
        const struct golden_turn *t = &c->file.turn[i];
        autofree char *pretty = normal(c->sent[i].p, c->sent[i].n, true);
        fprintf(f, "# request\n%s# response %s %s\n%s", pretty, t->status, t->type, t->answer);
    }
    fprintf(f, "# expect\n%s", c->got.p);
    fclose(f);
}

/* ---- the server ---- */

static void answer(struct sim_req *req, void *user)
{
    struct conversation *c = user;
    if (c->n_sent >= c->file.n_turns) {
        c->n_sent++;
        sim_http_answer_text(req, 503, "text/plain", "no more answers in the file");
        return;
    }
    const struct golden_turn *t = &c->file.turn[c->n_sent];
    str_add(&c->sent[c->n_sent++], req->body, req->n_body);
    sim_http_answer_text(req, (int)strtol(t->status, NULL, 10), t->type, t->answer);
}

/* ---- what the driver makes of it ---- */

static void note_err(struct conversation *c, const struct err *err)
{
    str_addf(&c->got, " %s scope=%d when=%d after=%u \"%s\"", err->code, (int)err->scope,
             (int)err->when, err->after_ms, err->text);
}

static void on_applied(const struct store_result *r, size_t n, uint32_t took_ms, void *user)
{
    struct conversation *c = user;
    (void)took_ms;
    for (size_t i = 0; i < n; i++) {
        str_addf(&c->got, "%d %s", (int)r[i].tag, outcome_name(r[i].outcome));
        if (r[i].item_id)
            str_addf(&c->got, " id=%s", r[i].item_id);
        if (r[i].version)
            str_addf(&c->got, " version=%s", r[i].version);
        if (r[i].outcome != OUT_DONE || strncmp(r[i].err.code, "photo.", 6) == 0)
            note_err(c, &r[i].err);
        str_putc(&c->got, '\n');
    }
    c->done = true;
}

static void on_listed(
    const struct store_listed *items, size_t n, enum outcome o, const struct err *err, void *user)
{
    struct conversation *c = user;
    char key[GUID_TEXT], date[TM_TEXT];
    str_addf(&c->got, "list %s", outcome_name(o));
    if (err)
        note_err(c, err);
    str_putc(&c->got, '\n');
    for (size_t i = 0; i < n; i++)
        str_addf(&c->got, "%s id=%s version=%s hash=%s created=%s%s\n",
                 guid_format(&items[i].key, key), items[i].item_id,
                 items[i].version ? items[i].version : "(none)",
                 items[i].hash ? items[i].hash : "(none)", tm_format_utc(items[i].created_ms, date),
                 items[i].place == STORE_IN_OTHER   ? " moved"
                 : items[i].place == STORE_IN_TRASH ? " deleted"
                                                    : "");
    c->done = true;
}

static void on_legacy(
    const struct store_legacy *items, size_t n, enum outcome o, const struct err *err, void *user)
{
    struct conversation *c = user;
    char date[TM_TEXT];
    str_addf(&c->got, "legacy %s", outcome_name(o));
    if (err)
        note_err(c, err);
    str_putc(&c->got, '\n');
    for (size_t i = 0; i < n; i++)
        str_addf(&c->got, "%lld id=%s version=%s mark=%s at=%s\n", (long long)items[i].rock_person,
                 items[i].item_id, items[i].version ? items[i].version : "(none)", items[i].mark,
                 items[i].mark_ms ? tm_format_utc(items[i].mark_ms, date) : "(none)");
    c->done = true;
}

static void
on_identified(const struct store_identity *id, enum outcome o, const struct err *err, void *user)
{
    struct conversation *c = user;
    str_addf(&c->got, "identify %s", outcome_name(o));
    if (err)
        note_err(c, err);
    if (id)
        str_addf(&c->got, " folder=%s version=%s", id->folder_id, id->server_version);
    str_putc(&c->got, '\n');
    c->done = true;
}

/* ---- the calls ---- */

static const struct store_mailbox mailbox = {
    .id = 1, .address = "pat.rivera@church.example", .folder_id = "AAMkFolder="};
static const struct store_mailbox unidentified = {.id = 1, .address = "pat.rivera@church.example"};

static void wait_for(struct conversation *c)
{
    cr_assert_eq(loop_wait(c->loop, &c->done, WAIT_MS), 0, "no answer");
}

static void
apply(struct conversation *c, enum store_verb verb, const struct store_op *ops, size_t n)
{
    c->store->ops->apply(c->store, &mailbox, verb, ops, n, WAIT_MS, on_applied, c);
    wait_for(c);
}

static void create(struct conversation *c)
{
    struct contact full = ews_test_contact(),
                   small = {{[CONTACT_DISPLAY_NAME] = "O'Neil, Sam & family",
                             [CONTACT_SURNAME] = "O'Neil <\U0001F600>"}};
    struct store_op ops[] = {ews_test_op(1, &full), ews_test_op(2, &small)};
    ops[0].cats_after = "Following\nRiverside & Choir";
    apply(c, STORE_CREATE, ops, 2);
}

static void create_three(struct conversation *c)
{
    struct contact small = {{[CONTACT_SURNAME] = "Lee"}};
    struct store_op ops[] = {ews_test_op(1, &small), ews_test_op(2, &small),
                             ews_test_op(3, &small)};
    apply(c, STORE_CREATE, ops, 3);
}

/* A name set, numbers and an email emptied; categories with the user's own beside them; another
 * item without categories. */
static void update(struct conversation *c)
{
    struct contact before = ews_test_contact(), after = before, other = before;
    after.f[CONTACT_SURNAME] = "Lee";
    after.f[CONTACT_TITLE] = NULL;
    after.f[CONTACT_EMAIL] = NULL;
    after.f[CONTACT_PHONE_HOME] = NULL;
    after.f[CONTACT_HOME_CITY] = "Decatur";
    after.f[CONTACT_WORK_STREET] = NULL;
    after.f[CONTACT_ANNIVERSARY] = NULL;
    other.f[CONTACT_BIRTHDAY] = "1990-12-01";
    struct store_op ops[] = {ews_test_op(1, &after), ews_test_op(2, &other)};
    ops[0].changed = contact_changed(&before, &after);
    ops[1].changed = contact_changed(&before, &other);
    ops[0].cats_before = "Following\nStaff";
    ops[0].cats_after = "Choir\nFollowing";
    ops[1].item_id = "AAMkItem2=";
    apply(c, STORE_UPDATE, ops, 2);
}

static void update_one(struct conversation *c)
{
    struct contact after = {{[CONTACT_SURNAME] = "Lee"}};
    struct store_op op = ews_test_op(1, &after);
    op.changed = UINT64_C(1) << CONTACT_SURNAME;
    apply(c, STORE_UPDATE, &op, 1);
}

static void delete_three(struct conversation *c)
{
    struct store_op ops[] = {ews_test_op(1, NULL), ews_test_op(2, NULL), ews_test_op(3, NULL)};
    ops[1].item_id = "AAMkItem2=";
    ops[2].item_id = "AAMkItem3=";
    apply(c, STORE_DELETE, ops, 3);
}

static void strip(struct conversation *c)
{
    struct store_op op = ews_test_op(1, NULL);
    apply(c, STORE_STRIP, &op, 1);
}

static void update_known(struct conversation *c)
{
    struct contact after = {{[CONTACT_SURNAME] = "Lee"}};
    struct store_op ops[] = {ews_test_op(1, &after), ews_test_op(2, &after),
                             ews_test_op(3, &after)};
    static const char *const ids[] = {"AAMkItem1=", "AAMkItem2=", "AAMkItem3="};
    for (size_t i = 0; i < 3; i++) {
        ops[i].changed = UINT64_C(1) << CONTACT_SURNAME;
        ops[i].item_id = ids[i];
        ops[i].hash = "1:0123456789abcdef:ffffffffffffffffffffffffffffffff";
        ops[i].hash_before = "1:0123456789abcdef:00112233445566778899aabbccddeeff";
    }
    apply(c, STORE_UPDATE, ops, 3);
}

static void inherit(struct conversation *c)
{
    struct contact after = {{[CONTACT_SURNAME] = "Lee"}};
    struct store_op op = ews_test_op(1, &after);
    op.changed = UINT64_C(1) << CONTACT_SURNAME;
    op.version = NULL;
    op.inherits = true;
    apply(c, STORE_UPDATE, &op, 1);
}

static void list_all(struct conversation *c)
{
    c->store->ops->list(c->store, &unidentified, NULL, 0, on_listed, c);
    wait_for(c);
}

static void list_everywhere(struct conversation *c)
{
    c->store->ops->list(c->store, &mailbox, NULL, 0, on_listed, c);
    wait_for(c);
}

static void legacy(struct conversation *c)
{
    c->store->ops->legacy(c->store, &mailbox, on_legacy, c);
    wait_for(c);
}

static void list_keys(struct conversation *c)
{
    struct guid keys[] = {ews_test_key(1), ews_test_key(2)};
    c->store->ops->list(c->store, &unidentified, keys, 2, on_listed, c);
    wait_for(c);
}

static void identify(struct conversation *c)
{
    c->store->ops->identify(c->store, &mailbox, on_identified, c);
    wait_for(c);
}

#define MARK(digit) "000000000000000000000000000000000000000000000000000000000000000" digit

static struct store_photo photo_of(uint64_t tag, const char *item_id, const char *mark)
{
    static const char jpeg[] = "\xff\xd8\xff\xe0";
    return (struct store_photo){.tag = tag,
                                .item_id = item_id,
                                .mark = mark,
                                .jpeg = mark ? jpeg : NULL,
                                .len = mark ? sizeof(jpeg) - 1 : 0};
}

/* The first has another one of ours, the second the user's, the third the right one, the fourth is
 * gone, the fifth has none, the sixth has one of ours that nobody wants. */
static void photos(struct conversation *c)
{
    struct store_photo v[] = {
        photo_of(1, "AAMkItem1=", MARK("a")), photo_of(2, "AAMkItem2=", MARK("b")),
        photo_of(3, "AAMkItem3=", MARK("c")), photo_of(4, "AAMkItem4=", MARK("d")),
        photo_of(5, "AAMkItem5=", MARK("e")), photo_of(6, "AAMkItem6=", NULL)};
    c->store->ops->photo(c->store, &mailbox, v, 6, WAIT_MS, on_applied, c);
    wait_for(c);
}

static void photo(struct conversation *c)
{
    struct store_photo v = photo_of(1, "AAMkItem1=", MARK("a"));
    c->store->ops->photo(c->store, &mailbox, &v, 1, WAIT_MS, on_applied, c);
    wait_for(c);
}

static const struct golden_case {
    const char *name;
    void (*run)(struct conversation *c);
    const char *folder;
} cases[] = {
    {"create", create, NULL},
    {"create-partial-batch", create_three, NULL},
    {"create-wrong-count", create_three, NULL},
    {"create-busy-fault", create_three, NULL},
    {"create-busy-message", create_three, NULL},
    {"create-impersonation-denied", create_three, NULL},
    {"create-illegal-character", create, NULL},
    {"create-without-an-id", create, NULL},
    {"create-sign-in-page", create_three, NULL},
    {"create-another-answer", create_three, NULL},
    {"update", update, NULL},
    {"update-gone-when-read", update, NULL},
    {"update-conflict", update_one, NULL},
    {"update-id-changed", update_one, NULL},
    {"delete", delete_three, NULL},
    {"strip", strip, NULL},
    {"find-pages", list_all, NULL},
    {"find-keys", list_keys, NULL},
    {"find-endless", list_all, NULL},
    {"identify", identify, NULL},
    {"identify-no-mailbox", identify, NULL},
    {"update-hash-decides", update_known, NULL},
    {"update-inherits", inherit, NULL},
    {"find-everywhere", list_everywhere, NULL},
    {"find-folder-deleted", list_everywhere, NULL},
    {"identify-named", identify, "Church & more"},
    {"identify-named-new", identify, "Church & more"},
    {"identify-named-foreign", identify, "Church & more"},
    {"legacy", legacy, NULL},
    {"photo", photos, NULL},
    {"photo-refused", photo, NULL},
    {"photo-old-server", photo, NULL},
};

static void compare(const struct golden_case *g, const struct conversation *c)
{
    const struct golden *f = &c->file;
    cr_expect_eq(c->n_sent, f->n_turns, "%s: %zu requests for %zu answers", g->name, c->n_sent,
                 f->n_turns);
    for (size_t i = 0; i < f->n_turns && i < c->n_sent; i++) {
        const char *in_file = f->turn[i].want ? f->turn[i].want : "";
        autofree char *want = normal(in_file, strlen(in_file), false);
        autofree char *got = normal(c->sent[i].p, c->sent[i].n, false);
        cr_expect_str_eq(got, want, "%s: request %zu is another one", g->name, i + 1);
    }
    cr_expect_str_eq(c->got.p, f->expect, "%s: made of it:\n%sinstead of:\n%s", g->name, c->got.p,
                     f->expect);
}

static void check_by_schema(const struct golden_case *g, const struct conversation *c)
{
    if (!ews_test_schema_there())
        return;
    for (size_t i = 0; i < c->file.n_turns; i++) {
        autofree char *complaint = ews_test_invalid(c->sent[i].p, c->sent[i].n);
        cr_expect_null(complaint, "%s: request %zu: %s", g->name, i + 1, complaint);
    }
}

static void release(struct conversation *c)
{
    for (size_t i = 0; i < MAX_TURNS; i++)
        str_release(&c->sent[i]);
    golden_release(&c->file);
    str_release(&c->got);
}

ParameterizedTestParameters(ews_golden, conversation)
{
    size_t n = ARRAY_LEN(cases), *v = cr_malloc(n * sizeof(*v));
    for (size_t i = 0; i < n; i++)
        v[i] = i;
    return cr_make_param_array(size_t, v, n);
}
ParameterizedTest(size_t *i, ews_golden, conversation)
{
    const struct golden_case *g = &cases[*i];
    struct conversation c = {0};
    char path[200], url[64];
    struct err err;
    snprintf(path, sizeof(path), "tests/golden/ews/%s.golden", g->name);
    const char *problem = golden_read(path, true, &c.file);
    cr_assert_null(problem, "%s: %s", path, problem);
    cr_assert_leq(c.file.n_turns, (size_t)MAX_TURNS);
    for (size_t k = 0; k < MAX_TURNS; k++)
        str_init(&c.sent[k], MAX_TEXT);
    str_init(&c.got, MAX_TEXT);
    struct sim_http *server =
        sim_http_start(&(struct sim_http_options){.handler = answer, .user = &c}, &err);
    cr_assert_not_null(server, "%s", err.text);
    snprintf(url, sizeof(url), "http://127.0.0.1:%u/EWS/Exchange.asmx", sim_http_port(server));
    c.loop = loop_new(clock_real());
    struct ews_config config = {.url = url,
                                .user = "svc-sync",
                                .password = "secret",
                                .user_agent = "contact-sync",
                                .folder = g->folder,
                                .allow_http = true};
    cr_assert_eq(ews_store_new(c.loop, &config, &c.store, &err), 0, "%s", err.text);
    g->run(&c);
    contact_store_free(c.store);
    loop_free(c.loop);
    sim_http_stop(server);
    if (getenv("UPDATE_GOLDEN"))
        write_conversation(path, &c);
    else
        compare(g, &c);
    check_by_schema(g, &c);
    release(&c);
}
