#include "cli/phones_valid.h"

#include <phonenumbers/phonenumberutil.h>

bool phones_valid(const char *e164)
{
    using i18n::phonenumbers::PhoneNumber;
    using i18n::phonenumbers::PhoneNumberUtil;
    static const PhoneNumberUtil *const util = PhoneNumberUtil::GetInstance();
    PhoneNumber number;

    return util->Parse(e164, "ZZ", &number) == PhoneNumberUtil::NO_PARSING_ERROR &&
           util->IsValidNumber(number);
}
