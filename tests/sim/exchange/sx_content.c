#include "tests/sim/exchange/sx_content.h"

#include <string.h>

#include "common/base/digest.h"

#include "tests/sim/exchange/sx_fields.h"

void sx_content_release(struct sx_content *c)
{
    sx_foreach(v, &c->values) free(v->text);
    sx_foreach(x, &c->extended)
    {
        free(x->id);
        free(x->text);
    }
    vec_release(&c->values);
    vec_release(&c->extended);
}

void sx_content_copy(struct sx_content *to, const struct sx_content *from)
{
    vec_reserve(&to->values, from->values.n);
    vec_reserve(&to->extended, from->extended.n);
    sx_foreach(v, &from->values)
        vec_push(&to->values, (struct sx_value){v->code, xstrdup(v->text)});
    sx_foreach(x, &from->extended)
        vec_push(&to->extended, (struct sx_extended){xstrdup(x->id), xstrdup(x->text)});
}

/* First position whose code is not below. */
static size_t lower_bound(const struct sx_content *c, uint32_t code)
{
    size_t lo = 0, hi = c->values.n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (c->values.v[mid].code < code)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

const char *sx_content_get(const struct sx_content *c, uint32_t code)
{
    size_t i = lower_bound(c, code);
    return i < c->values.n && c->values.v[i].code == code ? c->values.v[i].text : NULL;
}

void sx_content_set(struct sx_content *c, uint32_t code, const char *text)
{
    size_t i = lower_bound(c, code);
    bool there = i < c->values.n && c->values.v[i].code == code;
    if (there) {
        free(c->values.v[i].text);
        if (text)
            c->values.v[i].text = xstrdup(text);
        else
            vec_remove(&c->values, i);
        return;
    }
    if (!text)
        return;
    vec_reserve(&c->values, c->values.n + 1);
    memmove(&c->values.v[i + 1], &c->values.v[i], (c->values.n - i) * sizeof(*c->values.v));
    c->values.v[i] = (struct sx_value){code, xstrdup(text)};
    c->values.n++;
}

void sx_content_range(const struct sx_content *c, int field, size_t *ret_first, size_t *ret_end)
{
    *ret_first = lower_bound(c, SX_CODE(field, 0, 0));
    *ret_end = lower_bound(c, SX_CODE(field + 1, 0, 0));
}

void sx_content_clear_field(struct sx_content *c, int field)
{
    size_t first, end;
    sx_content_range(c, field, &first, &end);
    for (size_t i = first; i < end; i++)
        free(c->values.v[i].text);
    if (end > first)
        memmove(&c->values.v[first], &c->values.v[end], (c->values.n - end) * sizeof(*c->values.v));
    c->values.n -= end - first;
}

const char *sx_content_extended(const struct sx_content *c, const char *id)
{
    sx_foreach(x, &c->extended)
    {
        if (strcmp(x->id, id) == 0)
            return x->text;
    }
    return NULL;
}

void sx_content_set_extended(struct sx_content *c, const char *id, const char *text)
{
    for (size_t i = 0; i < c->extended.n; i++) {
        struct sx_extended *x = &c->extended.v[i];
        if (strcmp(x->id, id) != 0)
            continue;
        free(x->text);
        x->text = xstrdup(text);
        if (!text) {
            free(x->id);
            vec_remove(&c->extended, i);
        }
        return;
    }
    if (text)
        vec_push(&c->extended, (struct sx_extended){xstrdup(id), xstrdup(text)});
}

bool sx_content_equal(const struct sx_content *a, const struct sx_content *b)
{
    if (a->values.n != b->values.n || a->extended.n != b->extended.n)
        return false;
    for (size_t i = 0; i < a->values.n; i++) {
        if (a->values.v[i].code != b->values.v[i].code ||
            strcmp(a->values.v[i].text, b->values.v[i].text) != 0)
            return false;
    }
    sx_foreach(x, &a->extended)
    {
        const char *other = sx_content_extended(b, x->id);
        if (!other || strcmp(other, x->text) != 0)
            return false;
    }
    return true;
}

void sx_content_digest(const struct sx_content *c, struct digest *d)
{
    sx_foreach(v, &c->values)
    {
        digest_add(d, &v->code, sizeof(v->code));
        digest_add(d, v->text, strlen(v->text) + 1);
    }
    sx_foreach(x, &c->extended)
    {
        digest_add(d, x->id, strlen(x->id) + 1);
        digest_add(d, x->text, strlen(x->text) + 1);
    }
}
