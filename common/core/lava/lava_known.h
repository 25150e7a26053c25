/*
 * lava_known: names of members that the product's own objects have, as numbers (lava_value.h,
 * struct lava_name).
 *
 * Sorted as strcmp sorts. A new name is a row here and a case where an object has it.
 */
#ifndef SYNC_CORE_LAVA_KNOWN_H
#define SYNC_CORE_LAVA_KNOWN_H

#include <stddef.h>
#include <stdint.h>

#define LAVA_KNOWN_NAMES(X)                                                                        \
    X(AgeClassification)                                                                           \
    X(AnniversaryDate)                                                                             \
    X(AttributeValues)                                                                             \
    X(BirthDate)                                                                                   \
    X(BirthDay)                                                                                    \
    X(BirthMonth)                                                                                  \
    X(BirthYear)                                                                                   \
    X(City)                                                                                        \
    X(Country)                                                                                     \
    X(CountryCode)                                                                                 \
    X(CurrentPerson)                                                                               \
    X(Email)                                                                                       \
    X(Extension)                                                                                   \
    X(FirstName)                                                                                   \
    X(FormattedAddress)                                                                            \
    X(FullName)                                                                                    \
    X(FullNameReversed)                                                                            \
    X(FullNumber)                                                                                  \
    X(Guid)                                                                                        \
    X(Id)                                                                                          \
    X(IsBusiness)                                                                                  \
    X(IsDeceased)                                                                                  \
    X(IsEmailActive)                                                                               \
    X(IsMessagingEnabled)                                                                          \
    X(IsUnlisted)                                                                                  \
    X(LastName)                                                                                    \
    X(MiddleName)                                                                                  \
    X(NickName)                                                                                    \
    X(Number)                                                                                      \
    X(NumberFormatted)                                                                             \
    X(NumberFormattedWithCountryCode)                                                              \
    X(NumberTypeValue)                                                                             \
    X(Person)                                                                                      \
    X(PhoneNumbers)                                                                                \
    X(PhotoId)                                                                                     \
    X(PostalCode)                                                                                  \
    X(PrimaryAlias)                                                                                \
    X(State)                                                                                       \
    X(Street1)                                                                                     \
    X(Street2)                                                                                     \
    X(SuffixValue)                                                                                 \
    X(TitleValue)                                                                                  \
    X(Value)                                                                                       \
    X(first)                                                                                       \
    X(forloop)                                                                                     \
    X(index)                                                                                       \
    X(index0)                                                                                      \
    X(last)                                                                                        \
    X(length)                                                                                      \
    X(name)                                                                                        \
    X(parentloop)                                                                                  \
    X(rindex)                                                                                      \
    X(rindex0)                                                                                     \
    X(size)

enum lava_known {
    LAVA_KNOWN_NONE,
#define X(word) LAVA_KNOWN_##word,
    LAVA_KNOWN_NAMES(X)
#undef X
        LAVA_KNOWN_COUNT
};

uint16_t lava_known_find(const char *p, size_t n); /* LAVA_KNOWN_NONE when it is not there */
const char *lava_known_text(uint16_t known);       /* "" for LAVA_KNOWN_NONE */

#endif
