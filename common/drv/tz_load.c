#include "common/drv/tz_load.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "common/base/str.h"

#define ZONEINFO "/usr/share/zoneinfo/"

/* The smallest TZif file there is: no transition, one type, the rule "UTC0". */
static const char utc[] = "TZif2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
                          "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\4"
                          "\0\0\0\0\0\0UTC\0"
                          "TZif2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
                          "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\4"
                          "\0\0\0\0\0\0UTC\0"
                          "\nUTC0\n";

static int unknown(const char *name, const char *why, struct err *err)
{
    return err_set(err, SCOPE_PROCESS, WHEN_NEVER, "tz",
                   "time zone \"%.64s\": %s; write an IANA name such as America/New_York, or the "
                   "Windows name that Rock has",
                   name, why);
}

static int read_all(int fd, struct str *out)
{
    char buf[4096];
    ssize_t n;

    while ((n = read(fd, buf, sizeof(buf))) > 0 && !out->over)
        str_add(out, buf, (size_t)n);
    return n < 0 || out->over ? -1 : 0;
}

int tz_load(const char *name, struct tz **ret, struct err *err)
{
    const char *iana = tz_iana(name);
    autovalue(str_release) struct str path = STR_INIT(PATH_MAX);
    autovalue(str_release) struct str bytes = STR_INIT(TZ_MAX_BYTES);

    if (!tz_name_valid(iana))
        return unknown(name, "no such name", err);
    if (!strcmp(iana, "UTC") || !strcmp(iana, "Etc/UTC"))
        return tz_parse(utc, sizeof(utc) - 1, iana, ret, err);
    str_addf(&path, ZONEINFO "%s", iana);
    int fd = open(path.p, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return unknown(name, errno == ENOENT ? "not in the system's tz data" : strerror(errno),
                       err);
    int rc = read_all(fd, &bytes);
    close(fd);
    if (rc < 0)
        return unknown(name, "its file cannot be read", err);
    return tz_parse(bytes.p, bytes.n, iana, ret, err);
}
