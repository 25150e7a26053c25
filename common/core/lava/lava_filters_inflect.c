/*
 * lava_filters_inflect: singular and plural of English words, as Humanizer has them.
 *
 * Its rules are regular expressions that all end in $; here each is a list of stems, what is cut
 * behind the stem and what takes its place. The last rule that fits wins. A stem is letters and
 * classes ([dti], [^aeiouy]); ^ in front: the word begins there.
 *
 * @source Humanizer 2, Vocabularies.cs and Vocabulary.cs
 */
#include <ctype.h>
#include <string.h>

#include "common/core/lava/lava_filters_p.h"

struct rule {
    const char *stems, *cut, *add;
};

static const struct rule plurals[] = {
    {"", "", "s"},
    {"", "s", "s"},
    {"ax|test", "is", "es"},
    {"octop|vir|alumn|fung|cact|foc|hippopotam|radi|stimul|syllab|nucle", "us", "i"},
    {"alias|bias|iris|status|campus|apparatus|virus|walrus|trellis", "", "es"},
    {"buffal|tomat|volcan|ech|embarg|her|mosquit|potat|torped|vet", "o", "oes"},
    {"[dti]", "um", "a"},
    {"", "sis", "ses"},
    {"[^f]", "fe", "ves"},
    {"[lr]", "f", "ves"},
    {"hive", "", "s"},
    {"[^aeiouy]|qu", "y", "ies"},
    {"x|ch|ss|sh", "", "es"},
    {"matr|vert|ind|d", "ix", "ices"},
    {"matr|vert|ind|d", "ex", "ices"},
    {"^[ml]", "ouse", "ice"},
    {"^ox", "", "en"},
    {"quiz", "", "zes"},
    {"buz|blit|walt", "z", "zes"},
    {"hoo|lea|loa|thie", "f", "ves"},
    {"alumn|alg|larv|vertebr", "a", "ae"},
    {"criteri|phenomen", "on", "a"},
    {"p", "erson", "eople"},
    {"m", "an", "en"},
    {"h", "uman", "umans"},
    {"c", "hild", "hildren"},
    {"s", "ex", "exes"},
    {"g", "love", "loves"},
    {"m", "ove", "oves"},
    {"g", "oose", "eese"},
    {"w", "ave", "aves"},
    {"f", "oot", "eet"},
    {"t", "ooth", "eeth"},
    {"c", "urriculum", "urricula"},
    {"d", "atabase", "atabases"},
    {"z", "ombie", "ombies"},
    {"p", "ersonnel", "ersonnel"},
    {"c", "ache", "aches"},
    {"^", "ex", "exes"},
    {"^", "is", "are"},
    {"^", "that", "those"},
    {"^", "this", "these"},
    {"^", "bus", "buses"},
    {"^", "die", "dice"},
    {"^", "tie", "ties"},
};

static const struct rule singulars[] = {
    {"", "s", ""},
    {"n", "ews", "ews"},
    {"[dti]", "a", "um"},
    {"analy|ba|diagno|parenthe|progno|synop|the|ellip|empha|neuro|oa|paraly", "ses", "sis"},
    {"[^f]", "ves", "fe"},
    {"hive", "s", ""},
    {"tive", "s", ""},
    {"[lr]|hoo|lea|loa|thie", "ves", "f"},
    {"[^aeiouy]|qu", "ies", "y"},
    {"s", "eries", "eries"},
    {"m", "ovies", "ovie"},
    {"x|ch|ss|sh", "es", ""},
    {"^[ml]", "ice", "ouse"},
    {"[^t]o|[^]to", "es", ""}, /* ^toes: not this one */
    {"shoe", "s", ""},
    {"cris|ax|test", "es", "is"},
    {"octop|vir|alumn|fung|cact|foc|hippopotam|radi|stimul|syllab|nucle", "i", "us"},
    {"alias|bias|iris|status|campus|apparatus|virus|walrus|trellis", "es", ""},
    {"^ox", "en", ""},
    {"matr|d", "ices", "ix"},
    {"vert|ind", "ices", "ex"},
    {"quiz", "zes", ""},
    {"buz|blit|walt", "zes", "z"},
    {"alumn|alg|larv|vertebr", "ae", "a"},
    {"criteri|phenomen", "a", "on"},
    {"[brc]ook|room|smooth", "ies", "ie"},
    {"p", "eople", "erson"},
    {"m", "en", "an"},
    {"h", "umans", "uman"},
    {"c", "hildren", "hild"},
    {"s", "exes", "ex"},
    {"g", "loves", "love"},
    {"m", "oves", "ove"},
    {"g", "eese", "oose"},
    {"w", "aves", "ave"},
    {"f", "eet", "oot"},
    {"t", "eeth", "ooth"},
    {"c", "urricula", "urriculum"},
    {"d", "atabases", "atabase"},
    {"z", "ombies", "ombie"},
    {"p", "ersonnel", "ersonnel"},
    {"c", "aches", "ache"},
    {"^", "exes", "ex"},
    {"^", "are", "is"},
    {"^", "those", "that"},
    {"^", "these", "this"},
    {"^", "buses", "bus"},
    {"^", "dice", "die"},
    {"^", "ties", "tie"},
};

static const char *const uncountables[] = {
    "staff",   "training", "equipment", "information", "corn",   "milk",    "rice",
    "money",   "species",  "series",    "fish",        "sheep",  "deer",    "aircraft",
    "oz",      "tsp",      "tbsp",      "ml",          "l",      "water",   "waters",
    "semen",   "sperm",    "bison",     "grass",       "hair",   "mud",     "elk",
    "luggage", "moose",    "offspring", "salmon",      "shrimp", "someone", "swine",
    "trout",   "tuna",     "corps",     "scissors",    "means",  "mail",    "metadata"};

static int lower(char c)
{
    return tolower((unsigned char)c);
}

/* Whether the item that ends before stem[at] is c; *at moves to its beginning. */
static bool item_matches(const char *stem, size_t *at, char c)
{
    if (stem[*at - 1] != ']')
        return stem[--*at] == lower(c);
    size_t end = *at - 1, begin = end;
    while (stem[begin] != '[')
        begin--;
    *at = begin;
    bool negated = stem[begin + 1] == '^';
    const char *members = stem + begin + 1 + negated;
    bool member = memchr(members, lower(c), (size_t)(stem + end - members)) != NULL;
    return member != negated;
}

/* Whether word[0..n) ends with the stem (begins too, when it says so). */
static bool stem_matches(const char *stem, size_t len, const char *word, size_t n)
{
    bool whole = len > 0 && *stem == '^';

    stem += whole;
    for (len -= whole; len > 0; n--) {
        if (n == 0 || !item_matches(stem, &len, word[n - 1]))
            return false;
    }
    return !whole || n == 0;
}

static bool rule_matches(const struct rule *r, struct lava_str word)
{
    size_t cut = strlen(r->cut);

    if (cut > word.n)
        return false;
    for (size_t i = 0; i < cut; i++) {
        if (lower(word.p[word.n - cut + i]) != r->cut[i])
            return false;
    }
    for (const char *stem = r->stems;; stem++) {
        size_t len = strcspn(stem, "|");
        if (stem_matches(stem, len, word.p, word.n - cut))
            return true;
        stem += len;
        if (*stem == '\0')
            return false;
    }
}

static bool uncountable(struct lava_str word)
{
    for (size_t i = 0; i < sizeof(uncountables) / sizeof(uncountables[0]); i++) {
        if (lava_str_is_like(word, uncountables[i]))
            return true;
    }
    return false;
}

/* A whole word replaced keeps its capital. */
static int keep_capital(struct lava_ctx *c, struct lava_str word, struct lava_str *s)
{
    if (s->n == 0 || !isupper((unsigned char)*word.p) || !islower((unsigned char)*s->p))
        return 0;
    char *copy = lava_copy(c, s->p, s->n);
    if (!copy)
        return -1;
    *copy = (char)toupper((unsigned char)*copy);
    s->p = copy;
    return 0;
}

/* ret.p is NULL when no rule fits. */
static int apply(struct lava_ctx *c,
                 const struct rule *rules,
                 size_t n,
                 struct lava_str word,
                 struct lava_str *ret)
{
    struct lava_value v;

    *ret = word;
    if (word.n == 0 || uncountable(word))
        return 0;
    while (n > 0 && !rule_matches(&rules[n - 1], word))
        n--;
    *ret = (struct lava_str){NULL, 0};
    if (n == 0)
        return 0;
    const struct rule *r = &rules[n - 1];
    struct lava_str parts[2] = {{word.p, word.n - strlen(r->cut)}, {r->add, strlen(r->add)}};
    if (lava_step(c, 50) < 0 || lava_concat(c, parts, 2, &v) < 0)
        return -1;
    *ret = lava_str_of(&v);
    return parts[0].n == 0 ? keep_capital(c, word, ret) : 0;
}

/* The word s, in any number. */
static bool letters_s(struct lava_str word)
{
    for (size_t i = 0; i < word.n; i++) {
        if (lower(word.p[i]) != 's')
            return false;
    }
    return word.n > 0;
}

static bool same(struct lava_str a, struct lava_str b)
{
    return a.p && b.p && lava_str_eq(a, b);
}

static bool is_with_s(struct lava_str a, struct lava_str with_s) /* a + "s" == with_s */
{
    return a.p && with_s.p && with_s.n == a.n + 1 && with_s.p[a.n] == 's' &&
           memcmp(a.p, with_s.p, a.n) == 0;
}

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

struct forms {
    struct lava_str to, from,
        back; /* the word turned, turned the other way, and from there again */
};

static int turn(struct lava_ctx *c, struct lava_str word, bool plural, struct forms *f)
{
    const struct rule *there = plural ? plurals : singulars, *home = plural ? singulars : plurals;
    size_t n = plural ? COUNT(plurals) : COUNT(singulars);
    size_t m = plural ? COUNT(singulars) : COUNT(plurals);

    f->back = (struct lava_str){NULL, 0};
    if (apply(c, there, n, word, &f->to) < 0 || apply(c, home, m, word, &f->from) < 0)
        return -1;
    return f->from.p ? apply(c, there, n, f->from, &f->back) : 0;
}

/* Whether the word was what it is to become: there and back gives it again. */
static bool turned_already(const struct forms *f, struct lava_str word)
{
    return f->from.p && !same(f->from, word) && same(f->back, word) && !same(f->to, word);
}

int lava_pluralize(struct lava_ctx *c, struct lava_str word, struct lava_str *ret)
{
    struct lava_value v;
    struct forms f;

    if (letters_s(word)) {
        if (lava_concat(c, (struct lava_str[]){{word.p, 1}, LAVA_STR("s")}, 2, &v) < 0)
            return -1;
        *ret = lava_str_of(&v);
        return 0;
    }
    if (turn(c, word, true, &f) < 0)
        return -1;
    bool plural = turned_already(&f, word) && !is_with_s(f.from, word);
    *ret = plural || !f.to.p ? word : f.to;
    return 0;
}

int lava_singularize(struct lava_ctx *c, struct lava_str word, struct lava_str *ret)
{
    struct forms f;

    if (letters_s(word)) {
        *ret = (struct lava_str){word.p, 1};
        return 0;
    }
    if (turn(c, word, false, &f) < 0)
        return -1;
    bool singular = turned_already(&f, word) && !is_with_s(word, f.from);
    *ret = singular || !f.to.p ? word : f.to;
    return 0;
}
