/*
 * lava_filters_p: what the files of filters share, and the list of all filters.
 *
 * The list is one for the table (lava_filters.c) and for the prototypes here: a filter is a row and
 * a function lava_do_<Name> of type lava_filter_fn. Rock's own C# is the reference, quirks
 * included; texts count in characters where .NET counts UTF-16 units.
 *
 * @source SparkDevNetwork/Rock Rock.Lava/Filters, Rock/Lava/Filters, what it says there is done;
 * Fluid 2.3.1 for those that Rock takes from there; Humanizer 2 for words
 */
#ifndef SYNC_CORE_LAVA_FILTERS_P_H
#define SYNC_CORE_LAVA_FILTERS_P_H

#include "common/core/lava/lava_filter.h"
#include "common/core/lava/lava_regex.h"

/*
 * F: runs here. P: the same, prepared from constant arguments by the function named last. A:
 * another name of one that is there. S: cannot run here. Columns: name, least and most arguments,
 * flags. Ascending by name.
 */
#define LAVA_FILTER_LIST(F, P, A, S)                                                               \
    F(Abs, 0, 0, 0)                                                                                \
    S(AddCssLink, 0, 1, LAVA_NEEDS_SERVER)                                                         \
    S(AddLinkTagToHead, 2, 2, LAVA_NEEDS_SERVER)                                                   \
    S(AddMetaTagToHead, 2, 2, LAVA_NEEDS_SERVER)                                                   \
    S(AddQuickReturn, 1, 2, LAVA_NEEDS_SERVER)                                                     \
    S(AddResponseHeader, 1, 1, LAVA_NEEDS_SERVER)                                                  \
    S(AddScriptLink, 0, 1, LAVA_NEEDS_SERVER)                                                      \
    S(AddSegment, 1, 1, LAVA_NEEDS_SERVER | LAVA_QUERIES)                                          \
    F(AddToArray, 1, 1, 0)                                                                         \
    F(AddToDictionary, 2, 2, 0)                                                                    \
    S(AddToMergeFields, 1, 1, LAVA_NEEDS_SERVER)                                                   \
    S(Address, 1, 2, LAVA_NEEDS_SERVER | LAVA_QUERIES)                                             \
    S(AdjustHue, 1, 1, LAVA_NEEDS_SERVER)                                                          \
    F(AllKeysFromDictionary, 0, 0, 0)                                                              \
    F(Append, 1, 1, 0)                                                                             \
    S(AppendFollowing, 0, 1, LAVA_NEEDS_SERVER | LAVA_QUERIES)                                     \
    S(AppendSegments, 0, 1, LAVA_NEEDS_SERVER | LAVA_QUERIES)                                      \
    S(AppendWatches, 0, 2, LAVA_NEEDS_SERVER | LAVA_QUERIES)                                       \
    F(AsBoolean, 0, 1, 0)                                                                          \
    S(AsColor, 0, 0, LAVA_NEEDS_SERVER)                                                            \
    F(AsDateTime, 0, 0, 0)                                                                         \
    F(AsDateTimeUtc, 0, 0, 0)                                                                      \
    F(AsDecimal, 0, 0, 0)                                                                          \
    F(AsDictionary, 0, 0, 0)                                                                       \
    F(AsDouble, 0, 0, 0)                                                                           \
    S(AsEnum, 1, 1, LAVA_NEEDS_SERVER)                                                             \
    F(AsGuid, 0, 0, 0)                                                                             \
    F(AsInteger, 0, 0, 0)                                                                          \
    F(AsString, 0, 0, 0)                                                                           \
    F(AtLeast, 1, 1, 0)                                                                            \
    F(AtMost, 1, 1, 0)                                                                             \
    F(Attribute, 1, 2, 0)                                                                          \
    A(Base64, 0, 0, 0, ToBase64)                                                                   \
    S(Base64Encode, 0, 1, LAVA_NEEDS_SERVER | LAVA_QUERIES)                                        \
    S(CalculateColorPair, 0, 1, LAVA_NEEDS_SERVER)                                                 \
    S(CalculateContrastRatio, 0, 1, LAVA_NEEDS_SERVER)                                             \
    S(CalculateRecipeColor, 1, 1, LAVA_NEEDS_SERVER)                                               \
    S(Campus, 0, 1, LAVA_NEEDS_SERVER | LAVA_QUERIES)                                              \
    F(Capitalize, 0, 0, 0)                                                                         \
    F(Ceiling, 0, 0, 0)                                                                            \
    S(Children, 0, 0, LAVA_NEEDS_SERVER | LAVA_QUERIES)                                            \
    S(Client, 1, 1, LAVA_NEEDS_SERVER)                                                             \
    F(Compact, 0, 0, 0)                                                                            \
    F(Concat, 1, 1, 0)                                                                             \
    F(Contains, 1, 1, 0)                                                                           \
    S(CreateEntitySet, 0, 5, LAVA_NEEDS_SERVER | LAVA_QUERIES)                                     \
    S(CreateShortLink, 0, 4, LAVA_NEEDS_SERVER | LAVA_QUERIES)                                     \
    S(Darken, 1, 1, LAVA_NEEDS_SERVER)                                                             \
    F(Date, 0, 1, 0)                                                                               \
    F(DateAdd, 1, 2, 0)                                                                            \
    F(DateDiff, 2, 2, 0)                                                                           \
    S(DateRangeFromSlidingFormat, 0, 0, LAVA_NEEDS_SERVER | LAVA_USES_CLOCK)                       \
    S(DatesFromICal, 0, 3, LAVA_NEEDS_SERVER | LAVA_USES_CLOCK)                                    \
    F(DaysFromNow, 0, 0, LAVA_USES_CLOCK)                                                          \
    F(DaysInMonth, 0, 2, 0)                                                                        \
    F(DaysSince, 0, 0, LAVA_USES_CLOCK)                                                            \
    F(DaysUntil, 0, 0, LAVA_USES_CLOCK)                                                            \
    S(Debug, 0, 2, LAVA_NEEDS_SERVER)                                                              \
    S(Decrypt, 0, 0, LAVA_NEEDS_SERVER)                                                            \
    F(Default, 1, 1, 0)                                                                            \
    S(DeleteUserPreference, 1, 1, LAVA_NEEDS_SERVER | LAVA_QUERIES)                                \
    S(Desaturate, 1, 1, LAVA_NEEDS_SERVER)                                                         \
    F(Distinct, 0, 1, 0)                                                                           \
    F(DividedBy, 1, 2, 0)                                                                          \
    F(Downcase, 0, 0, 0)                                                                           \
    S(Encrypt, 0, 0, LAVA_NEEDS_SERVER | LAVA_USES_RANDOM)                                         \
    S(EntityFromCachedObject, 0, 0, LAVA_NEEDS_SERVER | LAVA_QUERIES)                              \
    F(Escape, 0, 0, 0)                                                                             \
    F(EscapeDataString, 0, 0, 0)                                                                   \
    F(EscapeOnce, 0, 0, 0)                                                                         \
    S(FadeIn, 1, 1, LAVA_NEEDS_SERVER)                                                             \
    S(FadeOut, 1, 1, LAVA_NEEDS_SERVER)                                                            \
    S(FamilySalutation, 0, 5, LAVA_NEEDS_SERVER | LAVA_QUERIES)                                    \
    S(FilterFollowed, 0, 0, LAVA_NEEDS_SERVER | LAVA_QUERIES)                                      \
    S(FilterUnfollowed, 0, 0, LAVA_NEEDS_SERVER | LAVA_QUERIES)                                    \
    F(First, 0, 0, 0)                                                                              \
    F(Floor, 0, 0, 0)                                                                              \
    F(Format, 1, 1, 0)                                                                             \
    F(FormatAsCurrency, 0, 1, 0)                                                                   \
    F(FromBase64, 0, 1, 0)                                                                         \
    S(FromCache, 1, 1, LAVA_NEEDS_SERVER | LAVA_QUERIES)                                           \
    S(FromIdHash, 0, 0, LAVA_NEEDS_SERVER)                                                         \
    F(FromJSON, 0, 1, 0)                                                                           \
    S(FromMarkdown, 0, 0, LAVA_NEEDS_SERVER)                                                       \
    S(GeofencingGroupMembers, 2, 2, LAVA_NEEDS_SERVER | LAVA_QUERIES)                              \
    S(GeofencingGroups, 1, 1, LAVA_NEEDS_SERVER | LAVA_QUERIES)                                    \
    S(GetPersonAlternateId, 0, 0, LAVA_NEEDS_SERVER | LAVA_QUERIES)                                \
    S(GetUserPreference, 1, 1, LAVA_NEEDS_SERVER | LAVA_QUERIES)                                   \
    S(Grayscale, 0, 0, LAVA_NEEDS_SERVER)                                                          \
    S(Group, 1, 3, LAVA_NEEDS_SERVER | LAVA_QUERIES)                                               \
    F(GroupBy, 1, 1, 0)                                                                            \
    S(GroupByGuid, 0, 0, LAVA_NEEDS_SERVER | LAVA_QUERIES)                                         \
    S(GroupById, 0, 0, LAVA_NEEDS_SERVER | LAVA_QUERIES)                                           \
    S(Groups, 1, 3, LAVA_NEEDS_SERVER | LAVA_QUERIES)                                              \
    S(GroupsAttended, 1, 1, LAVA_NEEDS_SERVER | LAVA_QUERIES)                                      \
    S(GuidToId, 1, 1, LAVA_NEEDS_SERVER | LAVA_QUERIES)                                            \
    S(HasRightsTo, 1, 2, LAVA_NEEDS_SERVER | LAVA_QUERIES)                                         \
    S(HasSignedDocument, 1, 2, LAVA_NEEDS_SERVER | LAVA_QUERIES)                                   \
    S(HeadOfHousehold, 0, 0, LAVA_NEEDS_SERVER | LAVA_QUERIES)                                     \
    F(HmacSha1, 1, 1, 0)                                                                           \
    F(HmacSha256, 1, 1, 0)                                                                         \
    F(HtmlDecode, 0, 0, 0)                                                                         \
    S(Hue, 0, 0, LAVA_NEEDS_SERVER)                                                                \
    F(Humanize, 0, 0, 0)                                                                           \
    F(HumanizeDateTime, 0, 1, 0)                                                                   \
    F(HumanizeTimeSpan, 1, 3, 0)                                                                   \
    S(ImageUrl, 0, 2, LAVA_NEEDS_SERVER)                                                           \
    F(Index, 1, 1, 0)                                                                              \
    A(Indexer, 1, 1, 0, Index)                                                                     \
    F(IsDateBetween, 2, 3, 0)                                                                      \
    S(IsFollowed, 0, 2, LAVA_NEEDS_SERVER | LAVA_QUERIES)                                          \
    S(IsInDataView, 1, 1, LAVA_NEEDS_SERVER | LAVA_QUERIES)                                        \
    S(IsInSecurityRole, 1, 1, LAVA_NEEDS_SERVER | LAVA_QUERIES)                                    \
    F(Join, 0, 1, 0)                                                                               \
    F(Last, 0, 0, 0)                                                                               \
    S(LastAttendedGroupOfType, 1, 1, LAVA_NEEDS_SERVER | LAVA_QUERIES)                             \
    S(Lighten, 1, 1, LAVA_NEEDS_SERVER)                                                            \
    S(Linkify, 0, 0, LAVA_NEEDS_SERVER)                                                            \
    S(Luminosity, 0, 0, LAVA_NEEDS_SERVER)                                                         \
    F(Map, 1, 1, 0)                                                                                \
    F(Md5, 0, 0, 0)                                                                                \
    F(MetersToMiles, 0, 0, 0)                                                                      \
    F(MilesToMeters, 0, 0, 0)                                                                      \
    F(Minus, 1, 1, 0)                                                                              \
    S(Mix, 2, 2, LAVA_NEEDS_SERVER)                                                                \
    F(Modulo, 1, 1, 0)                                                                             \
    S(NearestCampus, 0, 1, LAVA_NEEDS_SERVER | LAVA_QUERIES)                                       \
    S(NearestGroup, 1, 2, LAVA_NEEDS_SERVER | LAVA_QUERIES)                                        \
    S(NearestGroups, 1, 7, LAVA_NEEDS_SERVER | LAVA_QUERIES)                                       \
    F(NewlineToBr, 0, 0, 0)                                                                        \
    F(NextDayOfTheWeek, 1, 3, 0)                                                                   \
    S(Notes, 1, 3, LAVA_NEEDS_SERVER | LAVA_QUERIES)                                               \
    F(NumberToOrdinal, 0, 0, 0)                                                                    \
    F(NumberToOrdinalWords, 0, 0, 0)                                                               \
    F(NumberToRomanNumerals, 0, 0, 0)                                                              \
    F(NumberToWords, 0, 0, 0)                                                                      \
    F(ObfuscateEmail, 0, 0, 0)                                                                     \
    S(Object, 0, 1, LAVA_NEEDS_SERVER)                                                             \
    F(OrderBy, 1, 1, 0)                                                                            \
    S(Page, 1, 1, LAVA_NEEDS_SERVER)                                                               \
    S(PageParameter, 1, 1, LAVA_NEEDS_SERVER)                                                      \
    S(PageRedirect, 0, 0, LAVA_NEEDS_SERVER)                                                       \
    S(PageRoute, 0, 1, LAVA_NEEDS_SERVER | LAVA_QUERIES)                                           \
    S(Parents, 0, 0, LAVA_NEEDS_SERVER | LAVA_QUERIES)                                             \
    S(PersistedDataset, 0, 1, LAVA_NEEDS_SERVER | LAVA_QUERIES)                                    \
    S(PersonActionIdentifier, 1, 1, LAVA_NEEDS_SERVER | LAVA_QUERIES)                              \
    S(PersonByAliasGuid, 0, 0, LAVA_NEEDS_SERVER | LAVA_QUERIES)                                   \
    S(PersonByAliasId, 0, 0, LAVA_NEEDS_SERVER | LAVA_QUERIES)                                     \
    S(PersonByGuid, 0, 0, LAVA_NEEDS_SERVER | LAVA_QUERIES)                                        \
    S(PersonById, 0, 0, LAVA_NEEDS_SERVER | LAVA_QUERIES)                                          \
    S(PersonByPersonActionIdentifier, 1, 1, LAVA_NEEDS_SERVER | LAVA_QUERIES)                      \
    S(PersonByPersonAlternateId, 0, 0, LAVA_NEEDS_SERVER | LAVA_QUERIES)                           \
    S(PersonImpersonationToken, 0, 3, LAVA_NEEDS_SERVER | LAVA_QUERIES)                            \
    S(PersonTokenCreate, 0, 3, LAVA_NEEDS_SERVER | LAVA_QUERIES)                                   \
    S(PersonTokenRead, 0, 2, LAVA_NEEDS_SERVER | LAVA_QUERIES)                                     \
    S(PersonalizationItems, 0, 1, LAVA_NEEDS_SERVER | LAVA_QUERIES)                                \
    F(PhoneNumber, 0, 2, 0)                                                                        \
    F(Pluralize, 0, 0, 0)                                                                          \
    F(PluralizeForQuantity, 1, 1, 0)                                                               \
    F(Plus, 1, 1, 0)                                                                               \
    F(Possessive, 0, 0, 0)                                                                         \
    S(Postback, 1, 1, LAVA_NEEDS_SERVER)                                                           \
    F(Prepend, 1, 1, 0)                                                                            \
    F(Property, 1, 2, 0)                                                                           \
    F(PropertyToKeyValue, 0, 0, 0)                                                                 \
    S(RandomNumber, 0, 0, LAVA_USES_RANDOM)                                                        \
    S(RatingMarkup, 0, 0, LAVA_NEEDS_SERVER)                                                       \
    S(ReadCookie, 0, 0, LAVA_NEEDS_SERVER)                                                         \
    F(ReadTime, 0, 2, 0)                                                                           \
    P(RegExMatch, 1, 2, 0, lava_prepare_regex)                                                     \
    P(RegExMatchValue, 1, 2, 0, lava_prepare_regex)                                                \
    P(RegExMatchValues, 1, 2, 0, lava_prepare_regex)                                               \
    P(RegExReplace, 2, 3, 0, lava_prepare_replace)                                                 \
    F(Remove, 1, 1, 0)                                                                             \
    P(RemoveFirst, 1, 1, 0, lava_prepare_first)                                                    \
    F(RemoveFromArray, 1, 1, 0)                                                                    \
    F(RemoveFromDictionary, 1, 1, 0)                                                               \
    S(RenderStructuredContentAsHtml, 0, 1, LAVA_NEEDS_SERVER)                                      \
    F(Replace, 1, 2, 0)                                                                            \
    P(ReplaceFirst, 1, 2, 0, lava_prepare_first)                                                   \
    F(ReplaceLast, 1, 2, 0)                                                                        \
    S(ResolveRockUrl, 0, 0, LAVA_NEEDS_SERVER)                                                     \
    F(Reverse, 0, 0, 0)                                                                            \
    F(Right, 1, 1, 0)                                                                              \
    S(RockInstanceConfig, 0, 0, LAVA_NEEDS_SERVER)                                                 \
    F(Round, 0, 1, 0)                                                                              \
    S(RunLava, 0, 1, LAVA_NEEDS_SERVER)                                                            \
    F(SanitizeSql, 0, 0, 0)                                                                        \
    S(Saturate, 1, 1, LAVA_NEEDS_SERVER)                                                           \
    S(Saturation, 0, 0, LAVA_NEEDS_SERVER)                                                         \
    F(Select, 1, 1, 0)                                                                             \
    F(SentenceCase, 0, 0, 0)                                                                       \
    S(SetPageTitle, 0, 1, LAVA_NEEDS_SERVER)                                                       \
    S(SetUrlParameter, 2, 3, LAVA_NEEDS_SERVER)                                                    \
    S(SetUserPreference, 2, 2, LAVA_NEEDS_SERVER | LAVA_QUERIES)                                   \
    F(Sha1, 0, 0, 0)                                                                               \
    F(Sha256, 0, 0, 0)                                                                             \
    S(Shade, 1, 1, LAVA_NEEDS_SERVER)                                                              \
    S(Shuffle, 0, 0, LAVA_USES_RANDOM)                                                             \
    F(Singularize, 0, 0, 0)                                                                        \
    F(Size, 0, 0, 0)                                                                               \
    F(Slice, 1, 2, 0)                                                                              \
    F(Sort, 0, 1, 0)                                                                               \
    F(SortByAttribute, 1, 2, 0)                                                                    \
    F(SortNatural, 0, 1, 0)                                                                        \
    F(Split, 1, 3, 0)                                                                              \
    S(Spouse, 0, 0, LAVA_NEEDS_SERVER | LAVA_QUERIES)                                              \
    S(Steps, 0, 3, LAVA_NEEDS_SERVER | LAVA_QUERIES)                                               \
    F(StripHtml, 0, 0, 0)                                                                          \
    F(StripNewlines, 0, 0, 0)                                                                      \
    F(Sum, 0, 0, 0)                                                                                \
    F(SundayDate, 0, 0, 0)                                                                         \
    F(TimeOfDay, 0, 0, 0)                                                                          \
    F(Times, 1, 1, 0)                                                                              \
    S(Tint, 1, 1, LAVA_NEEDS_SERVER)                                                               \
    F(TitleCase, 0, 0, 0)                                                                          \
    F(ToBase64, 0, 0, 0)                                                                           \
    F(ToCssClass, 0, 0, 0)                                                                         \
    S(ToIdHash, 0, 0, LAVA_NEEDS_SERVER)                                                           \
    F(ToJSON, 0, 0, 0)                                                                             \
    S(ToMarkdown, 0, 1, LAVA_NEEDS_SERVER)                                                         \
    F(ToMidnight, 0, 0, 0)                                                                         \
    F(ToPascal, 0, 0, 0)                                                                           \
    F(ToQuantity, 1, 1, 0)                                                                         \
    A(ToString, 0, 0, 0, AsString)                                                                 \
    F(Trim, 0, 1, 0)                                                                               \
    F(TrimEnd, 0, 1, 0)                                                                            \
    F(TrimStart, 0, 1, 0)                                                                          \
    F(Truncate, 0, 2, 0)                                                                           \
    F(TruncateWords, 0, 2, 0)                                                                      \
    A(Truncatewords, 0, 2, 0, TruncateWords)                                                       \
    F(UnescapeDataString, 0, 0, 0)                                                                 \
    F(Uniq, 0, 0, 0)                                                                               \
    S(UniqueIdentifier, 0, 0, LAVA_USES_RANDOM)                                                    \
    F(Upcase, 0, 0, 0)                                                                             \
    S(UpdatePersistedDataset, 0, 0, LAVA_NEEDS_SERVER | LAVA_QUERIES)                              \
    S(UploadBinaryFile, 1, 3, LAVA_NEEDS_SERVER | LAVA_QUERIES)                                    \
    F(Url, 1, 2, 0)                                                                                \
    A(UrlDecode, 0, 0, 0, UnescapeDataString)                                                      \
    A(UrlEncode, 0, 0, 0, EscapeDataString)                                                        \
    F(Where, 1, 3, 0)                                                                              \
    F(WithFallback, 2, 3, 0)                                                                       \
    S(WriteCookie, 1, 2, LAVA_NEEDS_SERVER)                                                        \
    F(XamlWrap, 0, 0, 0)                                                                           \
    S(ZebraPhoto, 0, 5, LAVA_NEEDS_SERVER | LAVA_QUERIES)

#define LAVA_DECLARE(name, ...) lava_filter_fn lava_do_##name;
#define LAVA_DECLARE_NOT(...)
LAVA_FILTER_LIST(LAVA_DECLARE, LAVA_DECLARE, LAVA_DECLARE_NOT, LAVA_DECLARE_NOT)

/* ---- lava_filters.c: arguments ---- */

/* By position; Rock counts `name: value` as a position too. NULL: left out. */
static inline const struct lava_value *lava_at(const struct lava_args *args, size_t i)
{
    return i < args->n ? &args->v[i] : NULL;
}
enum { LAVA_MAX_NUMBER = 256 }; /* bytes of a text that is read as a number */

/* lava_text, charged for: a filter walks through what it gets. */
int lava_in_text(struct lava_ctx *c, const struct lava_value *v, struct lava_str *ret);
/* .NET's ToString of what came in: booleans are True and False, nil is empty. Charged too. */
int lava_net_text(struct lava_ctx *c, const struct lava_value *v, struct lava_str *ret);
/* Argument as text; `otherwise` (may be NULL: p is NULL then) when it was left out. */
int lava_at_text(struct lava_ctx *c,
                 const struct lava_args *args,
                 size_t i,
                 const char *otherwise,
                 struct lava_str *ret);
/* Argument of type int: what is no number is 0. Cut to 32 bits. */
int32_t lava_at_int(const struct lava_args *args, size_t i, int32_t otherwise);
/* decimal.TryParse and int.TryParse of what came in. */
bool lava_net_decimal(const struct lava_value *v, struct decimal *ret);
bool lava_net_int(const struct lava_value *v, int32_t *ret);
/* Rock's AsBoolean of a text: 1, 0; -1 for nothing but white space. */
int lava_net_bool(struct lava_str s);
bool lava_is_blank(struct lava_str s); /* nothing but white space */
/* Text without white space at its ends, as Trim: which ends. */
struct lava_str lava_trim(struct lava_str s, bool start, bool end);
bool lava_str_is(struct lava_str s, const char *z); /* equal */
bool lava_str_is_like(struct lava_str s,
                      const char *z); /* equal but for the case of ASCII letters */

static inline bool lava_is_list(const struct lava_value *v)
{
    return v->type == LAVA_ARRAY || v->type == LAVA_RANGE;
}
/* Items of a list, charged for. */
static inline int lava_take_items(struct lava_ctx *c,
                                  const struct lava_value *in,
                                  const struct lava_value **v,
                                  size_t *n)
{
    return lava_items(c, in, v, n) < 0 || lava_step(c, *n) < 0 ? -1 : 0;
}
/* Room for n values; at least one, so that NULL is only ever a failure. */
static inline struct lava_value *lava_room(struct lava_ctx *c, size_t n)
{
    return lava_alloc(c, (n ? n : 1) * sizeof(struct lava_value));
}

/* ---- a text that grows in the memory of the render ---- */

struct lava_build {
    struct lava_ctx *c;
    char *p;
    size_t n, cap;
};
int lava_build_add(struct lava_build *b, const char *p, size_t n) must_check;
int lava_build_puts(struct lava_build *b, const char *z) must_check;
int lava_build_char(struct lava_build *b, uint32_t codepoint) must_check; /* as UTF-8 */
struct lava_value lava_build_value(const struct lava_build *b);

/* ---- characters ---- */

/* The character at p (before end): its code point, -1 for a bad byte. *n: its bytes, 1 at least. */
int32_t lava_char_at(const char *p, const char *end, size_t *n);
size_t lava_char_count(struct lava_str s);
size_t lava_char_offset(struct lava_str s, size_t count); /* bytes of the first count characters */
bool lava_char_is_space(int32_t cp);
/* First match of what in s at or after from; s.n when there is none. */
size_t lava_str_find(struct lava_str s, struct lava_str what, size_t from);

/* ---- elsewhere ---- */

/* lava_filters_regex.c: by where the options stand, and what ReplaceFirst takes for a pattern */
lava_prepare_fn lava_prepare_regex, lava_prepare_replace, lava_prepare_first;
/* lava_filters_inflect.c: Humanizer's, for a word that may be either. */
int lava_pluralize(struct lava_ctx *c, struct lava_str word, struct lava_str *ret);
int lava_singularize(struct lava_ctx *c, struct lava_str word, struct lava_str *ret);
/* lava_filters_format.c: .NET's format of a number. 0, -1: memory; 1: no valid format. */
int lava_format_number(struct lava_build *b, const struct decimal *d, struct lava_str format);
/* Rock's AsDecimal: one character in front that belongs to no number, $ say, is no matter. */
bool lava_rock_decimal(struct lava_str s, struct decimal *ret);
/*
 * lava_filters_date.c: the date that v is or reads as, `now` too. 1 a date, 0 none, -1 an error:
 * the clock was asked for and there is none.
 */
int lava_read_date(struct lava_ctx *c,
                   const struct lava_value *v,
                   const char *filter,
                   struct lava_date *ret);
int lava_no_clock(struct lava_ctx *c, const char *filter); /* -1 */
/* The reading of the organisation's clocks at that time. */
int64_t lava_local_ticks(struct lava_ctx *c, const struct lava_date *d);

#endif
