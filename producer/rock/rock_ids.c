#include "producer/rock/rock_ids.h"

#include <string.h>

static int by_id(const void *x, const void *y)
{
    int64_t a, b;

    memcpy(&a, x, sizeof(a));
    memcpy(&b, y, sizeof(b));
    return a < b ? -1 : a > b;
}

void rock_ids_release(struct rock_ids *s)
{
    vec_release(s);
}

size_t rock_ids_unique_rows(void *rows, size_t n, size_t row_size)
{
    char *at = rows;
    size_t kept = 0;

    if (!n)
        return 0;
    qsort(rows, n, row_size, by_id);
    for (size_t i = 0; i < n; i++) {
        if (kept && by_id(at + (kept - 1) * row_size, at + i * row_size) == 0)
            continue;
        if (kept != i)
            memcpy(at + kept * row_size, at + i * row_size, row_size);
        kept++;
    }
    return kept;
}

void rock_ids_sort(struct rock_ids *s)
{
    s->n = rock_ids_unique_rows(s->v, s->n, sizeof(*s->v));
}

long rock_ids_row(const void *rows, size_t n, size_t row_size, int64_t id)
{
    size_t low = 0, high = n;

    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (by_id((const char *)rows + mid * row_size, &id) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    if (low == n || by_id((const char *)rows + low * row_size, &id) != 0)
        return -1;
    return (long)low;
}

bool rock_ids_has(const struct rock_ids *s, int64_t id)
{
    return rock_ids_row(s->v, s->n, sizeof(*s->v), id) >= 0;
}

void rock_ids_missing(
    const struct rock_ids *asked, const void *rows, size_t n, size_t row_size, struct rock_ids *out)
{
    for (size_t i = 0; i < asked->n; i++)
        if (rock_ids_row(rows, n, row_size, asked->v[i]) < 0)
            vec_push(out, asked->v[i]);
}
