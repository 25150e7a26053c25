#include "tests/unit/lava_filters_support.h"

Test(lava_filters_text, join)
{
    static const struct filter_case rows[] = {
        {"{{ 'a' | Append:'b' }}", "ab", NULL},
        {"{{ 'a' | Append:5 }}", "a5", NULL},
        {"{{ 5 | Append:'b' }}", "5b", NULL},
        {"{{ none | Append:'b' }}", "", NULL},
        {"{{ true | Append:'!' }}", "True!", NULL},
        {"{{ 'a' | Prepend:'b' }}", "ba", NULL},
        {"{{ none | Prepend:'b' }}", "", NULL},
        {"{{ 'Ted' | WithFallback:'Hi ', 'Hello' }}", "Hi Ted", NULL},
        {"{{ 'Ted' | WithFallback:', hi', 'Hello', 'append' }}", "Ted, hi", NULL},
        {"{{ ' ' | WithFallback:'Hi ', 'Hello' }}", "Hello", NULL},
        {"{{ none | WithFallback:'Hi ', 'Hello' }}", "Hello", NULL},
        {"{{ '' | Default:'x' }}{{ '  ' | Default:'y' }}{{ none | Default:'z' }}", "xyz", NULL},
        {"{{ 'a' | Default:'x' }}{{ 0 | Default:'x' }}{{ false | Default:'x' }}", "a0false", NULL},
        {"{{ none | Default }}", "", NULL},
    };

    FILTERS_CHECK(rows);
}

Test(lava_filters_text, letter_case)
{
    static const struct filter_case rows[] = {
        {"{{ 'straße ÉCOLE' | Upcase }}", "STRAßE ÉCOLE", NULL},
        {"{{ 'ÀB' | Downcase }}", "àb", NULL},
        {"{{ 'mary-ann o.neil smith' | Capitalize }}", "Mary-Ann O.Neil Smith", NULL},
        {"{{ 'McDonald' | Capitalize }}", "McDonald", NULL},
        {"{{ none | Upcase }}{{ 5 | Downcase }}", "5", NULL},
        {"{{ 'hello big World' | TitleCase }}", "Hello Big World", NULL},
        {"{{ 'the NASA launch' | TitleCase }}", "The NASA Launch", NULL},
        {"{{ 'hello World' | SentenceCase }}", "Hello World", NULL},
        {"{{ '' | SentenceCase }}{{ '' | TitleCase }}{{ '' | Capitalize }}", "", NULL},
    };

    FILTERS_CHECK(rows);
}

Test(lava_filters_text, cut)
{
    static const struct filter_case rows[] = {
        {"[{{ '  a b\t\n' | Trim }}]", "[a b]", NULL},
        {"[{{ ' a ' | TrimStart }}][{{ ' a ' | TrimEnd }}]", "[a ][ a]", NULL},
        {"{{ '--a--' | Trim:'-' }}{{ 'ababc' | TrimStart:'ab' }}{{ 'cabab' | TrimEnd:'ab' }}",
         "acc", NULL},
        {"{{ 'abc' | Trim:'' }}{{ none | Trim }}", "abc", NULL},
        {"{{ 'Müller' | Right:5 }}{{ 'ab' | Right:0 }}{{ 'ab' | Right:-1 }}", "üller", NULL},
        {"{{ 'hello' | Slice:1 }}{{ 'hello' | Slice:1,3 }}{{ 'hello' | Slice:-2,2 }}", "eelllo",
         NULL},
        {"{{ 'hello' | Slice:9,2 }}{{ 'hello' | Slice:-9,2 }}{{ 'hello' | Slice:1,-1 }}", "", NULL},
        {"{{ 'äöü' | Slice:1,99 }}", "öü", NULL},
        {"{{ list | Slice:1,2 | Join:',' }}", "b,c", "{\"list\":[\"a\",\"b\",\"c\"]}"},
        {"{{ 'Ground control' | Truncate:9 }}|{{ 'abc' | Truncate:3 }}", "Ground...|abc", NULL},
        {"{{ 'Ground control' | Truncate:6,'' }}|{{ 'abcdef' | Truncate:2 }}", "Ground|...", NULL},
        {"{{ 'one  two three' | TruncateWords:2 }}|{{ 'one two' | Truncatewords:2 }}",
         "one two...|one two", NULL},
        {"{{ 'jo@church.example' | ObfuscateEmail }}{{ 'nobody' | ObfuscateEmail }}",
         "jxxxxx@church.examplenobody", NULL},
    };

    FILTERS_CHECK(rows);
}

Test(lava_filters_text, split)
{
    static const struct filter_case rows[] = {
        {"{{ 'a,b,,c' | Split:',' | Join:'|' }}", "a|b|c", NULL},
        {"{{ 'a,b,,c' | Split:',','false' | Join:'|' }}", "a|b||c", NULL},
        {"{{ 'a,b,c' | Split:',','true',2 | Join:'|' }}", "a|b,c", NULL},
        {"{{ 'a b  c' | Split:'' | Join:'|' }}", "a|b|c", NULL},
        {"{{ '' | Split:',' | Size }}{{ ',,' | Split:',' | Size }}", "00", NULL},
        {"{{ 'abc' | Split:',','true',0 | Size }}", "0", NULL},
    };

    FILTERS_CHECK(rows);
}

Test(lava_filters_text, replace)
{
    static const struct filter_case rows[] = {
        {"{{ '(602) 555-0134' | Remove:'(' | Remove:')' | Replace:' ','-' }}", "602-555-0134",
         NULL},
        {"{{ 'aXbX' | Replace:'X','yy' }}{{ 'ab' | Replace:'','y' }}{{ 'ab' | Replace:'b' }}",
         "ayybyyaba", NULL},
        {"{{ 'a.b' | Replace:'.','$$' }}{{ 'a.b' | Replace:'.','[$&]' }}", "a$ba[.]b", NULL},
        {"{{ 'a' | Replace:'a','$1' }}", "$1", NULL},
        {"{{ 'aXbX' | ReplaceFirst:'X','y' }}{{ '(1)(2)' | ReplaceFirst:'(','' }}", "aybX1)(2)",
         NULL},
        {"{{ 'ab12cd34' | ReplaceFirst:'[0-9]+','#' }}", "ab#cd34", NULL},
        {"{{ 'ab' | ReplaceFirst:'((','#' }}", NULL, NULL},
        {"{{ 'aXbX' | RemoveFirst:'X' }}{{ 'ab' | RemoveFirst:'' }}", "abXab", NULL},
        {"{{ 'aXbX' | ReplaceLast:'X','y' }}{{ 'ab' | ReplaceLast:'c','y' }}", "aXbyab", NULL},
        {"{{ 'aa' | ReplaceLast:'a' }}{{ '' | ReplaceLast:'a','b' }}", "a", NULL},
        {"{{ s | NewlineToBr }}|{{ s | StripNewlines }}", "a<br />b<br />c|abc",
         "{\"s\":\"a\\r\\nb\\nc\"}"},
        {"{{ \"O'Neil\" | SanitizeSql }}{{ 'x' | XamlWrap }}{{ ' ' | XamlWrap }}",
         "O''Neil<![CDATA[x]]> ", NULL},
    };

    FILTERS_CHECK(rows);
}

Test(lava_filters_text, encode)
{
    static const struct filter_case rows[] = {
        {"{{ s | Escape }}", "&lt;a href=&#39;x&#39;&gt;&amp; &quot;&#233;&quot; \xe2\x82\xac",
         "{\"s\":\"<a href='x'>& \\\"\xc3\xa9\\\" \xe2\x82\xac\"}"},
        {"{{ '&lt;&amp;&eacute;&#8217;&#x41;&nope;&' | HtmlDecode }}", "<&é’A&nope;&", NULL},
        {"{{ '1 < 2 &amp; 3' | EscapeOnce }}", "1 &lt; 2 &amp; 3", NULL},
        {"{{ '<b>a</b> <i x=1>c' | StripHtml }}", "a c", NULL},
        {"{{ \"a b/ü'~\" | EscapeDataString }}{{ 'a' | UrlEncode }}", "a%20b%2F%C3%BC%27~a", NULL},
        {"{{ 'a%20b%2Fc+%zz%' | UnescapeDataString }}", "a b/c+%zz%", NULL},
        {"{{ 'hi' | ToBase64 }}{{ 'aGk=' | FromBase64:true }}{{ '' | Base64 }}", "aGk=hi", NULL},
        {"{{ '***' | FromBase64 }}", NULL, NULL},
        {"{{ 'abc' | Md5 }}", "900150983cd24fb0d6963f7d28e17f72", NULL},
        {"{{ 'abc' | Sha1 }}", "a9993e364706816aba3e25717850c26c9cd0d89d", NULL},
        {"{{ 'abc' | Sha256 }}", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
         NULL},
        {"{{ 'what do ya want for nothing?' | HmacSha1:'Jefe' }}",
         "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79", NULL},
        {"{{ 'what do ya want for nothing?' | HmacSha256:'Jefe' }}",
         "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843", NULL},
        {"{{ u | Url:'host' }}|{{ u | Url:'port' }}|{{ u | Url:'pathandquery' }}",
         "church.example|8443|/a/b?x=1%202&y=z",
         "{\"u\":\"https://church.example:8443/a/b?x=1%202&y=z#f\"}"},
        {"{{ u | Url:'queryparameter','x' }}|{{ u | Url:'Segments' | Join:',' }}", "1 2|/,a/,b",
         "{\"u\":\"https://church.example/a/b?x=1%202\"}"},
        {"{{ 'no url' | Url:'host' }}{{ 'http://church.example' | Url:'localpath' }}", "/", NULL},
    };

    FILTERS_CHECK(rows);
}

Test(lava_filters_text, regular_expressions)
{
    static const struct filter_case rows[] = {
        {"{{ '602-555' | RegExMatch:'^[0-9]{3}-' }}{{ 'x' | RegExMatch:'y' }}", "truefalse", NULL},
        {"{{ 'ABC' | RegExMatch:'b','i' }}", "true", NULL},
        {"{{ 'a1b22' | RegExMatchValue:'[0-9]+' }}|{{ 'ab' | RegExMatchValue:'[0-9]' }}", "1|",
         NULL},
        {"{{ 'k=v,x=y' | RegExMatchValues:'(\\w)=(\\w)' | Join:' ' }}", "k=v k v x=y x y", NULL},
        {"{{ '(602) 555-0134' | RegExReplace:'[^0-9]','' }}", "6025550134", NULL},
        {"{{ 'Decker, Ted' | RegExReplace:'(?<l>\\w+), (\\w+)','$1 ${l}' }}", "Ted Decker", NULL},
        {"{{ 'The Rock' | RegExReplace:'the rock','Rock','i' }}", "Rock", NULL},
        {"{{ 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab' | RegExMatch:'(a+)+$' }}", NULL, NULL},
        {"{{ 'a' | RegExMatch:'(' }}", NULL, NULL},
        {"{% assign p = '[0-9' %}{{ 'a' | RegExMatch:p }}", NULL, NULL},
        {"{% assign p = '[0-9]' %}{{ 'a1' | RegExReplace:p,'#' }}", "a#", NULL},
    };

    FILTERS_CHECK(rows);
}

Test(lava_filters_text, names_made_readable)
{
    static const struct filter_case rows[] = {
        {"{{ 'PascalCaseInput' | Humanize }}", "Pascal case input", NULL},
        {"{{ 'HTMLPage' | Humanize }}|{{ 'HTML' | Humanize }}", "HTML page|HTML", NULL},
        {"{{ 'Underscored_input_String' | Humanize }}", "Underscored input String", NULL},
        {"{{ 'some-dashed - text' | Humanize }}", "Some dashed text", NULL},
        {"{{ 'IAmHere2Day' | Humanize }}|{{ '' | Humanize }}", "I am here 2 day|", NULL},
        {"{{ 'some title here' | ToPascal }}{{ '' | ToPascal }}", "SomeTitleHere", NULL},
        {"{{ '1 Bad Name!' | ToCssClass }}|{{ '12' | ToCssClass }}", "1-bad-name-|-x-12", NULL},
        {"{{ 'Ted' | Possessive }}{{ 'TED' | Possessive }}{{ '' | Possessive }}", "Ted’sTED’S",
         NULL},
        {"{{ 'word' | ReadTime }},{{ 'word' | ReadTime:60,0 }}", "0 secs,1 sec", NULL},
    };

    FILTERS_CHECK(rows);
}

Test(lava_filters_text, singular_and_plural)
{
    static const char *const pairs[][2] = {
        {"leader", "leaders"},    {"church", "churches"}, {"family", "families"},
        {"day", "days"},          {"person", "people"},   {"child", "children"},
        {"man", "men"},           {"woman", "women"},     {"status", "statuses"},
        {"bus", "buses"},         {"quiz", "quizzes"},    {"knife", "knives"},
        {"leaf", "leaves"},       {"index", "indices"},   {"axis", "axes"},
        {"mouse", "mice"},        {"goose", "geese"},     {"toe", "toes"},
        {"shoe", "shoes"},        {"cactus", "cacti"},    {"criterion", "criteria"},
        {"analysis", "analyses"}, {"potato", "potatoes"}, {"Person", "People"},
        {"fish", "fish"},         {"series", "series"},   {"news", "news"},
        {"movie", "movies"},      {"zombie", "zombies"},  {"smoothie", "smoothies"},
    };
    char template[100];

    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        snprintf(template, sizeof(template), "{{ '%s' | Pluralize }}", pairs[i][0]);
        filters_check(&(struct filter_case){template, pairs[i][1], NULL}, 1);
        snprintf(template, sizeof(template), "{{ '%s' | Singularize }}", pairs[i][1]);
        filters_check(&(struct filter_case){template, pairs[i][0], NULL}, 1);
    }
    static const struct filter_case rows[] = {
        {"{{ 'CAMPUS' | Pluralize }}{{ 'people' | Pluralize }}", "CAMPUSESpeople", NULL},
        {"{{ 'requests' | Pluralize }}{{ 'goose' | Singularize }}", "requestsgoose", NULL},
        {"{{ 'Leader' | PluralizeForQuantity:1 }}{{ 'Leader' | PluralizeForQuantity:'2' }}",
         "LeaderLeaders", NULL},
        {"{{ 'cat' | ToQuantity:1 }},{{ 'cats' | ToQuantity:0 }},{{ 'person' | ToQuantity:'12' }}",
         "1 cat,0 cats,12 people", NULL},
        {"{{ '' | ToQuantity:3 }}{{ '' | Pluralize }}{{ '' | Singularize }}", "", NULL},
    };
    FILTERS_CHECK(rows);
}

#define WORDS(n, filter) "{{ 'w ' | Times:" #n " | Join:'' | " filter " }}"
#define IMAGES(n)        "{{ '<img>' | Times:" #n " | Join:'' | ReadTime:60,12 }}"

/*
 * At a word a second, pictures 12 s, 11 s ... 3 s, 3 s. What is exactly a minute or an hour falls
 * to the smaller unit, which then has none of it, or one: so it is in Rock.
 */
Test(lava_filters_text, time_to_read)
{
    static const struct filter_case rows[] = {
        {WORDS(59, "ReadTime:60,0"), "59 secs", NULL},
        {WORDS(60, "ReadTime:60,0"), "0 secs", NULL},
        {WORDS(61, "ReadTime:60,0"), "1 min", NULL},
        {WORDS(90, "ReadTime:60,0"), "1 min", NULL},
        {WORDS(91, "ReadTime:60,0"), "2 mins", NULL},
        {WORDS(150, "ReadTime:60,0"), "2 mins", NULL},
        {WORDS(3599, "ReadTime:60,0"), "60 mins", NULL},
        {WORDS(3600, "ReadTime:60,0"), "1 min", NULL},
        {WORDS(3601, "ReadTime:60,0"), "1 hr", NULL},
        {WORDS(3660, "ReadTime:60,0"), "1 hr 1 min", NULL},
        {WORDS(7320, "ReadTime:60,0"), "2 hrs 2 mins", NULL},
        {WORDS(40, "ReadTime:275"), "10 secs", NULL}, /* four a second, not 4.6 */
        {WORDS(5, "ReadTime:0,0"), "5 secs", NULL},
        {IMAGES(1), "12 secs", NULL},
        {IMAGES(2), "23 secs", NULL},
        {IMAGES(15), "1 min", NULL}, /* 75 s for ten, and five times 3 */
        {IMAGES(16), "2 mins", NULL},
        {"{{ '<b>one</b> two<br>three' | ReadTime:60,0 }}", "2 secs", NULL},
        {"[{{ none | ReadTime }}]", "[]", NULL},
    };

    FILTERS_CHECK(rows);
}
