#include "producer/rock/rock_answer.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "producer/rock/rock_decode.h"

enum { MESSAGE_MAX = 180, URL_MAX = 120 };

static bool is_json(const char *content_type)
{
    static const char json[] = "application/json";
    size_t n = strlen(json);

    return strncasecmp(content_type, json, n) == 0 && strchr("; \t", content_type[n]);
}

static int fail(struct err *err, enum err_when when, int status, const char *text)
{
    char code[24];

    snprintf(code, sizeof(code), "rock.%d", status);
    return err_set(err, SCOPE_REMOTE, when, code, "%s", text);
}

static enum rock_verdict unauthorised(const char *controller, bool key_known, struct err *err)
{
    char text[160];

    if (key_known)
        snprintf(text, sizeof(text), "the REST key has no View right on %s in Rock", controller);
    else
        snprintf(text, sizeof(text),
                 "Rock refuses the key of rock.token_file, or it has no View right on %s",
                 controller);
    fail(err, WHEN_NEVER, 401, text);
    return ROCK_REFUSED;
}

static enum rock_verdict refused(const struct http_response *r, struct err *err)
{
    char message[MESSAGE_MAX], text[MESSAGE_MAX + 40];

    rock_decode_message(r->body, r->body_len, message, sizeof(message));
    /* The library's own preface says nothing that 400 does not. */
    static const char preface[] = "The query specified in the URI is not valid. ";
    const char *reason =
        strncmp(message, preface, strlen(preface)) == 0 ? message + strlen(preface) : message;
    snprintf(text, sizeof(text), "Rock answers %d%s%s", r->status, *reason ? ": " : "", reason);
    fail(err, WHEN_NEVER, r->status, text);
    return ROCK_REFUSED;
}

static enum rock_verdict trouble(const struct http_response *r, struct err *err)
{
    char text[80];

    snprintf(text, sizeof(text), "Rock answers %d%s", r->status,
             r->status == 429   ? " (too many requests)"
             : r->status == 503 ? " (starting or overloaded)"
                                : "");
    fail(err, WHEN_LATER, r->status, text);
    return r->status == 500 ? ROCK_HALVE : ROCK_RETRY;
}

enum rock_verdict rock_answer_judge(const struct http_response *r,
                                    const char *controller,
                                    bool key_known,
                                    struct err *err)
{
    if (r->status == 200 && is_json(r->content_type))
        return ROCK_ROWS;
    if (r->status == 200) {
        err_set(err, SCOPE_REMOTE, WHEN_LATER, "rock.html",
                "Rock answers %.30s instead of JSON: it starts, is under maintenance, or a proxy "
                "wants a login",
                *r->content_type ? r->content_type : "no content type");
        return ROCK_RETRY;
    }
    if (r->status == 401)
        return unauthorised(controller, key_known, err);
    if (r->status == 429 || r->status >= 500)
        return trouble(r, err);
    if (r->status / 100 == 3) {
        fail(err, WHEN_NEVER, r->status,
             "Rock redirects: rock.url must be the final address, or a proxy wants a login");
        return ROCK_REFUSED;
    }
    return refused(r, err);
}

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* For people: `Id eq 5` instead of `Id%20eq%205`, as long as it stays printable ASCII. */
static void readable(const char *path, char *out, size_t size)
{
    size_t n = 0;

    while (*path && n + 1 < size) {
        int high = path[0] == '%' ? hex(path[1]) : -1;
        int low = high >= 0 ? hex(path[2]) : -1;
        int ch = low >= 0 ? high * 16 + low : 0;
        if (ch >= 0x20 && ch < 0x7f) {
            out[n++] = (char)ch;
            path += 3;
        } else {
            out[n++] = *path++;
        }
    }
    out[n] = '\0';
}

int rock_answer_name_url(struct err *err, const char *path)
{
    static const char open[] = " (GET ", dots[] = "...";
    char url[sizeof(err->text)];
    size_t text = strlen(err->text), room = sizeof(err->text) - strlen(open) - 2;

    readable(path, url, sizeof(url));
    size_t n = strlen(url) < URL_MAX ? strlen(url) : URL_MAX;
    /* A long reason leaves some room for the URL's beginning. */
    if (text + n > room && text > room * 2 / 3)
        text = room * 2 / 3;
    if (text + n > room)
        n = room - text;
    bool cut = n < strlen(url);
    snprintf(err->text + text, sizeof(err->text) - text, "%s%.*s%s)", open,
             (int)(cut ? n - strlen(dots) : n), url, cut ? dots : "");
    return -1;
}
