/*
 * FindItem and SyncFolderItems.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/sim/exchange/sx_call.h"
#include "tests/sim/exchange/sx_p.h"
#include "tests/sim/exchange/sx_search.h"
#include "tests/sim/exchange/sx_shape.h"
#include "tests/sim/exchange/sx_store.h"

enum {
    PAGE_MAX = 1000,       /* @source EWSFindCountLimit */
    SEARCH_PAGE_MAX = 250, /* @source from Exchange 2013 on, with a restriction */
    SYNC_MAX = 512,        /* @source MaxSyncChangesReturnedType */
};

struct find {
    struct sx_shape shape;
    struct sx_search *search; /* NULL = everything */
    long offset, max;
    bool from_end;
};

static bool other_view(const xmlNode *find)
{
    return sx_child(find, "FractionalPageItemView") ||
           sx_child(find, "SeekToConditionPageItemView") || sx_child(find, "CalendarView") ||
           sx_child(find, "ContactsView") || sx_child(find, "GroupBy") ||
           sx_child(find, "DistinguishedGroupBy") || sx_child(find, "QueryString");
}

static bool read_page(struct sx_call *c, struct find *f, struct sx_fail *fail)
{
    const xmlNode *view = sx_child(c->body, "IndexedPageItemView");
    f->max = f->search ? SEARCH_PAGE_MAX : PAGE_MAX;
    if (!view)
        return true;
    const char *max = sx_attr(view, "MaxEntriesReturned");
    long want = max ? strtol(max, NULL, 10) : f->max;
    f->offset = strtol(sx_attr(view, "Offset"), NULL, 10);
    f->from_end = strcmp(sx_attr(view, "BasePoint"), "End") == 0;
    if (want <= 0)
        return sx_refuse(fail, "ErrorInvalidPagingMaxRows", "At least one row must be asked for.");
    if (f->offset < 0)
        return sx_refuse(fail, "ErrorInvalidIndexedPagingParameters", "The offset is negative.");
    f->max = want < f->max ? want : f->max;
    return true;
}

static bool find_prepare(struct sx_call *c, struct sx_fail *fail)
{
    struct find *f = arena_alloc(c->arena, sizeof(*f));
    const xmlNode *restriction = sx_child(c->body, "Restriction");
    c->prepared = f;
    if (other_view(c->body))
        return sx_refuse(fail, "ErrorInvalidOperation",
                         "Only indexed paging is simulated, without grouping or query strings.");
    f->shape.old = c->old;
    if (!sx_shape_read(sx_child(c->body, "ItemShape"), true, c->arena, &f->shape, fail))
        return false;
    if (restriction && !(f->search = sx_search_read(restriction, c->arena, fail)))
        return false;
    return read_page(c, f, fail);
}

/* Items of the folder that the restriction lets through, in order. */
static struct sx_item **
matching(struct sx_call *c, const struct sx_folder *folder, size_t *ret_n, struct sx_fail *fail)
{
    const struct find *f = c->prepared;
    struct sx_item **found =
        arena_alloc(c->arena, (folder->items.n + 1) * sizeof(struct sx_item *));
    size_t n = 0;
    sx_foreach(it, &folder->items)
    {
        if (!f->search || sx_search_item(f->search, *it, c->arena))
            found[n++] = *it;
    }
    *ret_n = n;
    return sx_sort(found, n, sx_child(c->body, "SortOrder"), c->arena, fail) ? found : NULL;
}

struct page {
    size_t first, end, next; /* next: IndexedPagingOffset */
    bool last;
};

/* A page from the end: the offset counts back from the last item, the page itself still runs
 * forwards. */
static struct page page_of(const struct find *f, size_t n)
{
    size_t offset = (size_t)f->offset < n ? (size_t)f->offset : n, max = (size_t)f->max;
    if (f->from_end) {
        size_t end = n - offset, first = end > max ? end - max : 0;
        return (struct page){first, end, n - first, first == 0};
    }
    size_t end = n - offset < max ? n : offset + max;
    return (struct page){offset, end, end, end == n};
}

static bool
find_one(struct sx_call *c, const xmlNode *parent, struct str *out, struct sx_fail *fail)
{
    const struct find *f = c->prepared;
    const char *traversal = sx_attr(c->body, "Traversal");
    struct sx_folder *folder = sx_call_folder(c, parent, "ErrorFolderNotFound", fail);
    if (!folder)
        return false;
    if (strcmp(traversal, "SoftDeleted") == 0)
        folder = sx_folder_distinguished(c->mb, "recoverableitemsdeletions");
    size_t n;
    struct sx_item **found = matching(c, folder, &n, fail);
    if (!found)
        return false;
    if (strcmp(traversal, "Associated") == 0)
        n = 0;
    struct page p = page_of(f, n);
    str_addf(out,
             "<m:RootFolder IndexedPagingOffset=\"%zu\" TotalItemsInView=\"%zu\" "
             "IncludesLastItemInRange=\"%s\"><t:Items>",
             p.next, n, p.last ? "true" : "false");
    for (size_t i = p.first; i < p.end; i++)
        sx_item_write(out, found[i], &f->shape);
    str_puts(out, "</t:Items></m:RootFolder>");
    return true;
}

/* --- SyncFolderItems --- */

struct change {
    uint64_t seq;
    const struct sx_item *item; /* NULL = deleted */
    const char *id;
    bool is_new;
};

static int by_seq(const void *a, const void *b)
{
    uint64_t x = ((const struct change *)a)->seq, y = ((const struct change *)b)->seq;
    return (x > y) - (x < y);
}

/* The state names the folder and the last change that the client has: "1:<folder>:<seq>", dressed
 * up as base64. */
static void write_state(struct str *out, const struct sx_folder *f, uint64_t seq)
{
    char text[64];
    int n = snprintf(text, sizeof(text), "1:%llu:%llu", (unsigned long long)f->serial,
                     (unsigned long long)seq);
    base64_encode(out, text, (size_t)n);
}

static bool read_state(const char *state, const struct sx_folder *f, uint64_t *ret_seq)
{
    char text[64];
    unsigned long long folder, seq;
    long n = base64_decode(state, strlen(state), text, sizeof(text) - 1);
    if (n <= 0)
        return false;
    text[n] = 0;
    if (sscanf(text, "1:%llu:%llu", &folder, &seq) != 2 || folder != f->serial)
        return false;
    *ret_seq = seq;
    return true;
}

/* Everything since the state, each item once at its latest change, oldest first. */
static struct change *
changes_since(struct sx_call *c, const struct sx_folder *f, uint64_t since, size_t *ret_n)
{
    const struct sx_mailbox *mb = f->mailbox;
    struct change *all = arena_alloc(c->arena, (f->items.n + mb->gone.n + 1) * sizeof(*all));
    size_t n = 0;
    sx_foreach(it, &f->items)
    {
        if ((*it)->touched > since)
            all[n++] = (struct change){(*it)->touched, *it, NULL, (*it)->entered > since};
    }
    sx_foreach(g, &mb->gone)
    {
        if (g->folder == f && g->seq > since && g->entered <= since)
            all[n++] = (struct change){g->seq, NULL, g->id, false};
    }
    qsort(all, n, sizeof(*all), by_seq);
    *ret_n = n;
    return all;
}

static void write_change(struct str *out, const struct change *ch, const struct sx_shape *shape)
{
    if (!ch->item) {
        str_addf(out, "<t:Delete><t:ItemId Id=\"%s\"/></t:Delete>", ch->id);
        return;
    }
    str_puts(out, ch->is_new ? "<t:Create>" : "<t:Update>");
    sx_item_write(out, ch->item, shape);
    str_puts(out, ch->is_new ? "</t:Create>" : "</t:Update>");
}

static bool sync_one(struct sx_call *c, const xmlNode *body, struct str *out, struct sx_fail *fail)
{
    struct sx_shape shape = {0};
    const char *state = sx_text(sx_child(body, "SyncState"), c->arena);
    long max = strtol(sx_text(sx_child(body, "MaxChangesReturned"), c->arena), NULL, 10);
    uint64_t since = 0;
    size_t n;
    struct sx_folder *f = sx_call_folder(c, sx_first(sx_child(body, "SyncFolderId")),
                                         "ErrorSyncFolderNotFound", fail);
    if (!f || !sx_shape_read(sx_child(body, "ItemShape"), true, c->arena, &shape, fail))
        return false;
    if (max < 1 || max > SYNC_MAX)
        return sx_refuse(fail, "ErrorInvalidArgument",
                         "MaxChangesReturned is not within 1 to 512.");
    if (*state && !read_state(state, f, &since))
        return sx_refuse(fail, "ErrorInvalidSyncStateData",
                         "The synchronization state data is invalid.");
    struct change *all = changes_since(c, f, since, &n);
    size_t give = n < (size_t)max ? n : (size_t)max;
    str_puts(out, "<m:SyncState>");
    write_state(out, f, give < n ? all[give - 1].seq : f->mailbox->seq);
    str_addf(out,
             "</m:SyncState><m:IncludesLastItemInRange>%s</m:IncludesLastItemInRange><m:Changes>",
             give == n ? "true" : "false");
    for (size_t i = 0; i < give; i++)
        write_change(out, &all[i], &shape);
    str_puts(out, "</m:Changes>");
    return true;
}

const struct sx_op sx_find_ops[] = {
    {"FindItem", "ParentFolderIds", "", false, find_prepare, find_one},
    {"SyncFolderItems", NULL, "", false, NULL, sync_one},
    {0},
};
