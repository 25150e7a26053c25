#include "common/core/lava/lava_reader.h"

#include "common/core/lava/lava_source.h"

static bool in_name(char c)
{
    return lava_is_letter(c) || lava_is_digit(c) || c == '_' || c == '-';
}

/* Splits [from, end) into the name it begins with and the rest. */
static void split_name(const struct lava_reader *r, struct lava_item *item)
{
    const char *s = r->src->text;
    uint32_t i = item->from;

    while (i < item->end && lava_is_space(s[i]))
        i++;
    uint32_t name = i;
    if (i < item->end && s[i] == '#')
        i++;
    else
        while (i < item->end && in_name(s[i]))
            i++;
    item->name = (struct lava_str){s + name, i - name};
    item->from = i;
}

/* Steps over a text in quotes; stays where it is when there is no closing quote. */
static uint32_t skip_quoted(struct lava_reader *r, uint32_t i)
{
    const char *s = r->src->text;
    bool *none = &r->no_quote[s[i] == '"'];
    uint32_t j = *none ? r->end : i + 1;

    while (j < r->end && s[j] != s[i])
        j += s[j] == '\\' ? 2 : 1;
    *none = j >= r->end;
    return *none ? i : j;
}

/* Where the two characters of `close` stand at or after i; r->end when they do not. */
static uint32_t find_close(struct lava_reader *r, uint32_t i, const char *close)
{
    const char *s = r->src->text;

    for (; i + 1 < r->end; i++) {
        if (s[i] == close[0] && s[i + 1] == close[1])
            return i;
        if (!r->dialect && (s[i] == '\'' || s[i] == '"'))
            i = skip_quoted(r, i);
    }
    return r->end;
}

static const struct mark {
    char open;
    char close[3];
    enum lava_item_kind kind;
} marks[] = {{'{', "}}", ITEM_OUTPUT}, {'%', "%}", ITEM_TAG}, {'[', "]}", ITEM_SHORTCODE}};

/* {{ }}, {% %} or {[ ]} at item->at. */
static void read_marked(struct lava_reader *r, struct lava_item *item)
{
    const char *s = r->src->text;
    const struct mark *mark = marks;

    while (mark->open != s[item->at + 1])
        mark++;
    item->from = item->at + 2;
    if (item->from < r->end && s[item->from] == '-')
        item->from++;
    item->end = find_close(r, item->from, mark->close);
    if (item->end == r->end) {
        item->kind = ITEM_OPEN;
        r->pos = r->end;
        return;
    }
    item->kind = mark->kind;
    r->pos = item->end + 2;
    r->trim = s[item->end - 1] == '-'; /* of {%-%}, too */
    if (r->trim && item->end > item->from)
        item->end--;
    if (item->kind != ITEM_OUTPUT)
        split_name(r, item);
}

static bool opens(const struct lava_reader *r, uint32_t i)
{
    char c = i + 1 < r->end ? r->src->text[i + 1] : '\0';

    return c == '{' || c == '%' || (c == '[' && !r->dialect);
}

static uint32_t find_open(const struct lava_reader *r)
{
    const char *s = r->src->text;
    uint32_t i = r->pos;

    while (i < r->end) {
        const char *p = memchr(s + i, '{', r->end - i);
        if (!p)
            return r->end;
        i = (uint32_t)(p - s);
        if (opens(r, i))
            return i;
        i++;
    }
    return r->end;
}

/* The text before `open`, without the white space that dashes take away. */
static void read_text(struct lava_reader *r, struct lava_item *item, uint32_t open)
{
    const char *s = r->src->text;

    item->kind = ITEM_TEXT;
    item->from = r->pos;
    item->end = open;
    r->pos = open;
    if (r->trim)
        while (item->from < item->end && lava_is_space(s[item->from]))
            item->from++;
    if (open + 2 < r->end && s[open + 2] == '-')
        while (item->from < item->end && lava_is_space(s[item->end - 1]))
            item->end--;
    r->trim = false;
}

static uint32_t line_end(const struct lava_reader *r, uint32_t i)
{
    const char *p = memchr(r->src->text + i, '\n', r->end - i);

    return p ? (uint32_t)(p - r->src->text) : r->end;
}

static uint32_t skip_blank(const struct lava_reader *r, uint32_t i)
{
    while (i < r->end && lava_is_space(r->src->text[i]))
        i++;
    return i;
}

/* Lava's tags go on in the next line until a line begins with the name of a tag. */
static bool goes_on(const struct lava_reader *r, uint32_t i)
{
    struct lava_item next = {.from = i, .end = r->end};

    if (r->dialect || i >= r->end)
        return false;
    split_name(r, &next);
    return !r->is_tag(next.name);
}

static void read_line(struct lava_reader *r, struct lava_item *item)
{
    r->pos = skip_blank(r, r->pos);
    *item = (struct lava_item){.kind = ITEM_END, .at = r->pos, .from = r->pos, .end = r->pos};
    if (r->pos >= r->end)
        return;
    item->kind = ITEM_TAG;
    item->end = line_end(r, r->pos);
    for (uint32_t next; goes_on(r, next = skip_blank(r, item->end));)
        item->end = line_end(r, next);
    r->pos = item->end;
    split_name(r, item);
}

void lava_reader_next(struct lava_reader *r, struct lava_item *item)
{
    if (r->lines) {
        read_line(r, item);
        return;
    }
    while (r->pos < r->end) {
        uint32_t open = find_open(r);
        *item = (struct lava_item){.at = r->pos};
        if (open == r->pos) {
            read_marked(r, item);
            return;
        }
        read_text(r, item, open);
        if (item->from < item->end)
            return;
    }
    *item = (struct lava_item){.kind = ITEM_END, .at = r->end, .from = r->end, .end = r->end};
}

bool lava_reader_skip_to(struct lava_reader *r, const char *name, struct lava_str *ret)
{
    const char *s = r->src->text;
    uint32_t from = r->pos;

    for (uint32_t i = from; i < r->end; i++) {
        const char *p = memchr(s + i, '{', r->end - i);
        if (!p)
            return false;
        i = (uint32_t)(p - s);
        uint32_t behind = lava_source_tag(s, r->end, i, name);
        if (!behind)
            continue;
        uint32_t end = i;
        if (s[i + 2] == '-')
            while (end > from && lava_is_space(s[end - 1]))
                end--;
        if (r->trim)
            while (from < end && lava_is_space(s[from]))
                from++;
        *ret = (struct lava_str){s + from, end - from};
        r->pos = behind;
        r->trim = s[behind - 3] == '-';
        return true;
    }
    return false;
}

bool lava_reader_skip_lines(struct lava_reader *r, const char *name, const char *nested)
{
    struct lava_str end = {name, strlen(name)}, again = {nested, strlen(nested)};
    unsigned depth = 1;

    while ((r->pos = skip_blank(r, r->pos)) < r->end) {
        struct lava_item line = {.from = r->pos, .end = line_end(r, r->pos)};
        r->pos = line.end;
        split_name(r, &line);
        if (lava_str_eq(line.name, end) && --depth == 0)
            return true;
        if (r->dialect && lava_str_eq(line.name, again))
            depth++;
    }
    return false;
}
