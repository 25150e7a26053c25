#include "tests/unit/lava_filters_support.h"

Test(lava_filters_number, arithmetic_keeps_scale)
{
    static const struct filter_case rows[] = {
        {"{{ 3 | Plus:2 }} {{ '1,000' | Plus:'2.50' }} {{ 'a' | Plus:1 }}", "5 1002.50 a1", NULL},
        {"{{ none | Plus:2 }}{{ 2 | Plus:none }}", "2", NULL},
        {"{{ 3.10 | Minus:1.1 }} {{ 'a' | Minus:1 }}", "2.00 0", NULL},
        {"{{ '3.0' | Times:'2.0' }} {{ 'ab' | Times:3 }}{{ 'ab' | Times:-1 }}", "6.00 ababab",
         NULL},
        {"{{ 'ab' | Times:3 | Size }}", "3", NULL},
        {"{{ 10 | DividedBy:4 }} {{ -7 | DividedBy:2 }} {{ 10 | DividedBy:4.0 }}", "2 -4 2.5",
         NULL},
        {"{{ 20 | DividedBy:7.0 }} {{ 10 | DividedBy:4,1 }} {{ 2 | DividedBy:3,4 }}",
         "2.86 2.5 0.6667", NULL},
        {"{{ 1 | DividedBy:0 }}|{{ 'a' | DividedBy:2 }}",
         "Attempted to divide by zero.|Could not convert input to number", NULL},
        {"{{ 7 | Modulo:3 }} {{ -7 | Modulo:3 }} {{ 7.5 | Modulo:2 }} {{ 'a' | Modulo:2 }}",
         "1 -1 1.5 0", NULL},
        {"{{ 7 | Modulo:0 }}", NULL, NULL},
        {"{{ -5.40 | Abs }}{{ 'a' | Abs }}", "5.400", NULL},
        {"{{ 2.5 | Round }} {{ 3.5 | Round }} {{ 2.345 | Round:2 }} {{ 2 | Round:2 }}",
         "2 4 2.34 2", NULL},
        {"{{ 1.2 | Ceiling }} {{ -1.2 | Ceiling }} {{ 1.8 | Floor }} {{ -1.2 | Floor }}",
         "2 -1 1 -2", NULL},
        {"{{ 'x' | Floor }}{{ none | Ceiling }}", "Could not convert input to number to round",
         NULL},
        {"{{ 5 | AtMost:3 }}{{ 5 | AtLeast:8 }}{{ '2' | AtMost:3 }}{{ none | AtMost:3 }}", "382",
         NULL},
        {"{{ 79228162514264337593543950335 | Plus:1 }}", NULL, NULL},
        {"{{ 1609.344 | MetersToMiles }} {{ 1 | MilesToMeters }}", "1 1609.344", NULL},
        {"{{ '3,5,7' | Split:',' | Sum }} {{ 'a,1.5,2.5' | Split:',' | Sum }} {{ '' | Sum }}",
         "15 4 0", NULL},
    };

    FILTERS_CHECK(rows);
}

Test(lava_filters_number, words)
{
    static const struct filter_case rows[] = {
        {"{{ 0 | NumberToWords }},{{ 21 | NumberToWords }},{{ -15 | NumberToWords }}",
         "zero,twenty-one,minus fifteen", NULL},
        {"{{ 1234567 | NumberToWords }}",
         "one million two hundred and thirty-four thousand five hundred and sixty-seven", NULL},
        {"{{ 1001 | NumberToWords }},{{ 100 | NumberToWords }}", "one thousand and one,one hundred",
         NULL},
        {"{{ -2147483648 | NumberToWords }}",
         "minus two billion one hundred and forty-seven million four hundred and eighty-three "
         "thousand six hundred and forty-eight",
         NULL},
        {"{{ 1 | NumberToOrdinalWords }},{{ 22 | NumberToOrdinalWords }},{{ 30 | "
         "NumberToOrdinalWords "
         "}}",
         "first,twenty-second,thirtieth", NULL},
        {"{{ 100 | NumberToOrdinalWords }},{{ 1000 | NumberToOrdinalWords }},{{ 112 | "
         "NumberToOrdinalWords }}",
         "hundredth,thousandth,hundred and twelfth", NULL},
        {"{{ 1 | NumberToOrdinal }}{{ 2 | NumberToOrdinal }}{{ 3 | NumberToOrdinal }}{{ 11 | "
         "NumberToOrdinal }}{{ 112 | NumberToOrdinal }}{{ 123 | NumberToOrdinal }}",
         "1st2nd3rd11th112th123rd", NULL},
        {"{{ 1994 | NumberToRomanNumerals }}{{ 'x' | NumberToRomanNumerals }}", "MCMXCIVx", NULL},
        {"{{ 4000 | NumberToRomanNumerals }}", NULL, NULL},
        {"{{ '1.5' | NumberToWords }}{{ none | NumberToWords }}", "1.5", NULL},
    };

    FILTERS_CHECK(rows);
}

Test(lava_filters_number, formats)
{
    static const char *const rows[][3] = {
        {"1234567.891", "#,##0.00", "1,234,567.89"},
        {"1234567.895", "#,##0.00", "1,234,567.90"},
        {"0.5", "0.00", "0.50"},
        {"0.5", "#.##", ".5"},
        {"0", "#.##", ""},
        {"0", "#,##0", "0"},
        {"-1234.5", "#,##0.0", "-1,234.5"},
        {"-5", "0;(0)", "(5)"},
        {"5", "0;(0);zero", "5"},
        {"0", "0;(0);zero", "zero"},
        {"0.001", "0.0;-0.0;zero", "zero"},
        {"0.256", "0.0%", "25.6%"},
        {"6025550134", "(###) ###-####", "(602) 555-0134"},
        {"6025550134", "000-000-0000", "602-555-0134"},
        {"5550134", "(###) ###-####", "() 555-0134"},
        {"12", "0000", "0012"},
        {"1234567", "0,", "1235"},
        {"1234567", "#,##0,.0", "1,234.6"},
        {"1234567", "0.00E+00", "1.23E+06"},
        {"12", "\"No \"0", "No 12"},
        {"12", "\\#0", "#12"},
        {"12.3", "C", "$12.30"},
        {"-12.345", "C", "($12.35)"},
        {"1234.5", "N", "1,234.50"},
        {"1234.5", "N0", "1,235"},
        {"-1234.5", "F1", "-1234.5"},
        {"0.1234", "P", "12.34%"},
        {"0.1234", "P1", "12.3%"},
        {"12", "D5", "00012"},
        {"12.9", "D", "12"},
        {"-12", "D4", "-0012"},
        {"255", "X", "FF"},
        {"255", "x4", "00ff"},
        {"-1", "X", "FFFFFFFF"},
        {"12345.678", "E2", "1.23E+004"},
        {"0", "E", "0.000000E+000"},
        {"12345", "G3", "1.23E+04"},
        {"0.00012345", "G2", "0.00012"},
        {"1.50", "G", "1.50"},
        {"12", "R", "12"},
        {"12", "Q", "12"},
        {"text", "0.00", "text"},
        {"$1,000.5", "0.00", "1000.50"},
        {"", "0.00", ""},
        {"12", "", "12"},
        {"99.995", "0.00", "100.00"},
        {"0.0004", "0.000", "0.000"},
    };
    char template[200];

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        snprintf(template, sizeof(template), "{%% assign f = '%s' %%}{{ '%s' | Format:f }}",
                 rows[i][1], rows[i][0]);
        filters_check(&(struct filter_case){template, rows[i][2], NULL}, 1);
    }
    static const struct filter_case more[] = {
        {"{{ 1234.5 | FormatAsCurrency }} {{ 'x' | FormatAsCurrency }} {{ 5 | "
         "FormatAsCurrency:'EUR ' "
         "}}{{ none | FormatAsCurrency }}",
         "$1,234.50 $x EUR 5.00", NULL},
    };
    FILTERS_CHECK(more);
}

Test(lava_filters_number, conversions)
{
    static const struct filter_case rows[] = {
        {"{{ '1,234.50' | AsDecimal }} {{ '$5' | AsDecimal }} {{ '-.5' | AsDecimal }}",
         "1234.50 5 -0.5", NULL},
        {"{{ 'x' | AsDecimal }}{{ true | AsDecimal }}{{ none | AsDecimal }}{{ '' | AsDecimal }}",
         "", NULL},
        {"{{ '10.9' | AsInteger }} {{ '-10.9' | AsInteger }} {{ '3.0' | AsDouble }}", "10 -10 3",
         NULL},
        {"{{ 'Yes' | AsBoolean }}{{ 'no' | AsBoolean }}{{ ' ' | AsBoolean }}{{ 1 | AsBoolean }}",
         "truefalsetrue", NULL},
        {"{{ '' | AsBoolean:true }}", "true", NULL},
        {"{{ true | AsString }}{{ 3.10 | ToString }}{{ none | AsString }}", "True3.10", NULL},
        {"{{ '{FB464E73-9F0A-4D08-A95C-3AE8D1BC2344}' | AsGuid }}",
         "fb464e73-9f0a-4d08-a95c-3ae8d1bc2344", NULL},
        {"{{ 'FB464E73-9F0A-4D08-A95C3AE8D1BC2344-' | AsGuid }}{{ '1' | AsGuid }}", "", NULL},
        {"{{ v | ToJSON }}",
         "{\n  \"a\": [\n    1,\n    \"x\\\"\\n\\u0001\"\n  ],\n  \"b\": null,\n  \"c\": {},\n  "
         "\"d\": "
         "1.5\n}",
         "{\"v\":{\"a\":[1,\"x\\\"\\n\\u0001\"],\"b\":null,\"c\":{},\"d\":1.5}}"},
        {"{% assign o = s | FromJSON %}{{ o.a[1] }}{{ o.b.c }}{{ o.n }}{{ o.t }}{{ o.u }}",
         "2x1.50true\xc3\xa9",
         "{\"s\":\"{\\\"a\\\":[1,2],\\\"b\\\":{\\\"c\\\":\\\"x\\\"},\\\"n\\\":1.50,\\\"t\\\":true,"
         "\\\"u\\\":\\\"\\\\u00e9\\\"}\"}"},
        {"{{ '[1,]' | FromJSON }}{{ '{' | FromJSON }}{{ '' | FromJSON }}{{ '[1] x' | FromJSON }}",
         "", NULL},
    };

    FILTERS_CHECK(rows);
}
