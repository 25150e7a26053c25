/*
 * lava_reader: a template taken apart into text, outputs and tags; a {% lava %} tag into its tags.
 */
#ifndef SYNC_CORE_LAVA_READER_H
#define SYNC_CORE_LAVA_READER_H

#include "common/core/lava/lava_p.h"

enum lava_item_kind {
    ITEM_END,
    ITEM_TEXT,
    ITEM_OUTPUT,
    ITEM_TAG,
    ITEM_SHORTCODE,
    ITEM_OPEN /* begins and does not end */
};

struct lava_item {
    enum lava_item_kind kind;
    uint32_t at;          /* where it begins */
    uint32_t from, end;   /* text: the text; output, tag: what follows its name */
    struct lava_str name; /* of a tag or shortcode; may be empty */
};

struct lava_reader {
    const struct lava_source *src;
    uint32_t pos, end;
    bool dialect;
    bool lines;       /* tags by line, in {% lava %}: no text, no outputs */
    bool trim;        /* the item before ended with a dash: white space that follows goes */
    bool no_quote[2]; /* no ' or " ahead */
    bool (*is_tag)(struct lava_str name); /* lines: a line that begins otherwise goes on the last */
};

void lava_reader_next(struct lava_reader *r, struct lava_item *item);
/*
 * Goes on behind {% name %}, for the ends of comment and raw, whose content is no template.
 * @ret  what was stepped over
 * @return  false: there is none
 */
bool lava_reader_skip_to(struct lava_reader *r, const char *name, struct lava_str *ret);
/* The same for comments in lines: a line that begins with the word. */
bool lava_reader_skip_lines(struct lava_reader *r, const char *name, const char *nested);

#endif
