/*
 * Any bytes as an answer of Exchange: no crash; whatever is taken is within its maxima, valid UTF-8
 * and fit for rows and logs, and the error tables have a word for it.
 */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "common/base/arena.h"
#include "common/base/text.h"

#include "worker/ews/ews_decode.h"
#include "worker/ews/ews_error.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(const char *s, size_t max)
{
    assert(!s || (strlen(s) <= max && text_is_utf8(s, strlen(s))));
}

static void check_problem(const struct ews_problem *p)
{
    struct err err;
    assert(p->code);
    check_text(p->code, 64);
    check_text(p->inner_code, 64);
    check_text(p->at, 100);
    for (int verb = EWS_CREATE; verb <= EWS_FIND; verb++) {
        ews_error_item(p, (enum ews_verb)verb, &err);
        enum outcome o = ews_error_fault(p, (enum ews_verb)verb, 1 + *p->code % 2, &err);
        assert(o != OUT_DONE && err.after_ms <= EWS_MAX_BACKOFF_MS);
        assert(verb < EWS_GET || o != OUT_UNKNOWN);
    }
}

static void check_item(const struct ews_item *it)
{
    check_text(it->id, EWS_MAX_ID);
    check_text(it->change_key, EWS_MAX_ID);
    check_text(it->hash, EWS_MAX_HASH);
    check_text(it->legacy_mark, EWS_MAX_MARK);
    assert(it->legacy_person >= 0 && it->legacy_person <= INT32_MAX);
    for (size_t i = 0; i < it->n_categories; i++)
        check_text(it->categories[i], EWS_MAX_TEXT);
    for (size_t i = 0; i < it->n_attachments; i++) {
        check_text(it->attachments[i].id, EWS_MAX_ID);
        check_text(it->attachments[i].content_id, EWS_MAX_TEXT);
        assert(!it->attachments[i].photo || !it->attachments[i].no_photo);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    autoptr(arena_free) struct arena *a = arena_new("fuzz", EWS_ARENA_BYTES);
    struct ews_response r;
    struct err err;
    size_t items = 0, folders = 0, attachments = 0;
    if (ews_decode((const char *)data, size, a, &r, &err) < 0) {
        assert(strcmp(err.code, "ews.unreadable") == 0 && err.when == WHEN_UNKNOWN);
        return 0;
    }
    check_text(r.operation, 64);
    check_text(r.server_version, 128);
    assert(r.n_messages <= EWS_MAX_MESSAGES);
    check_problem(&r.problem);
    for (size_t i = 0; i < r.n_messages; i++) {
        const struct ews_message *m = &r.messages[i];
        check_problem(&m->problem);
        for (size_t k = 0; k < m->n_folders; k++)
            check_text(m->folders[k].id, EWS_MAX_ID);
        folders += m->n_folders;
        for (size_t k = 0; k < m->n_items; k++) {
            check_item(&m->items[k]);
            attachments += m->items[k].n_attachments;
        }
        items += m->n_items;
        check_text(m->root_change_key, EWS_MAX_ID);
    }
    assert(items <= EWS_MAX_ITEMS && folders <= EWS_MAX_FOLDERS);
    assert(attachments <= EWS_MAX_ATTACHMENTS);
    return 0;
}
