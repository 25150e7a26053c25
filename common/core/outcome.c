#include "common/core/outcome.h"

#include <assert.h>
#include <stddef.h>

#include "common/base/cleanup.h"

static const char *const names[] = {
    [OUT_DONE] = "done",
    [OUT_UNKNOWN] = "unknown",
    [OUT_NOT_TRIED] = "not_tried",
    [OUT_RETRY_SOON] = "retry_soon",
    [OUT_RETRY_LATER] = "retry_later",
    [OUT_GONE] = "gone",
    [OUT_CONFLICT] = "conflict",
    [OUT_SPLIT] = "split",
    [OUT_DEAD] = "dead",
    [OUT_PARK] = "park",
    [OUT_STOP] = "stop",
    [OUT_FOLDER_LOST] = "folder_lost",
};

const char *outcome_name(enum outcome o)
{
    assert((size_t)o < ARRAY_LEN(names));
    return names[o];
}
