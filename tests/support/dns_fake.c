#include "tests/support/dns_fake.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/vec.h"

enum { PACKET = 8192, HEADER = 12, NAME = 260, TYPE_A = 1, TYPE_SRV = 33 };

struct record {
    char name[NAME], target[NAME];
    unsigned priority, weight, port;
};

struct dns_fake {
    int fd;
    char servers[32];
    pthread_t thread;
    pthread_mutex_t lock;
    enum dns_fake_mood mood;
    vec(struct record) records;
    size_t questions;
};

struct packet {
    uint8_t p[PACKET];
    size_t n;
};

static void put16(struct packet *k, unsigned v)
{
    if (k->n + 2 > PACKET)
        abort();
    k->p[k->n++] = (uint8_t)(v >> 8);
    k->p[k->n++] = (uint8_t)v;
}

static void put_name(struct packet *k, const char *name)
{
    while (*name) {
        size_t n = strcspn(name, ".");
        if (n > 63 || k->n + n + 2 > PACKET)
            abort();
        k->p[k->n++] = (uint8_t)n;
        memcpy(k->p + k->n, name, n);
        k->n += n;
        name += n + (name[n] == '.');
    }
    k->p[k->n++] = 0;
}

/* The question's name as text; end: where its type stands. */
static void question_name(const uint8_t *p, size_t n, char *ret, size_t *end)
{
    size_t at = HEADER, k = 0;
    while (at < n && p[at] && at + p[at] < n && k + p[at] + 1 < NAME) {
        memcpy(ret + k, p + at + 1, p[at]);
        k += p[at];
        ret[k++] = '.';
        at += p[at] + 1;
    }
    ret[k ? k - 1 : 0] = '\0';
    *end = at + 1;
}

static void add_record(struct packet *k, const struct record *r, enum dns_fake_mood mood)
{
    bool other = mood == DNS_FAKE_OTHER_TYPE;
    put16(k, 0xc000 | HEADER);
    put16(k, other ? TYPE_A : TYPE_SRV);
    put16(k, 1);
    put16(k, 0);
    put16(k, 60);
    size_t length_at = k->n;
    put16(k, 0);
    if (other) {
        put16(k, 0x0a00);
        put16(k, 1);
    } else {
        put16(k, r->priority);
        put16(k, r->weight);
        put16(k, r->port);
        if (mood == DNS_FAKE_LOOPS)
            put16(k, 0xc000 | (unsigned)k->n);
        else
            put_name(k, r->target);
    }
    size_t length = k->n - length_at - 2;
    k->p[length_at] = (uint8_t)(length >> 8);
    k->p[length_at + 1] = (uint8_t)length;
}

static void answer(struct dns_fake *d, const uint8_t *q, size_t n, struct packet *k)
{
    char name[NAME];
    size_t end, count = 0;
    question_name(q, n, name, &end);
    memcpy(k->p, q, 2);
    k->n = HEADER;
    memcpy(k->p + k->n, q + HEADER, end + 4 - HEADER);
    k->n += end + 4 - HEADER;
    vec_foreach (r, &d->records) {
        if (strcasecmp(r->name, name) == 0) {
            add_record(k, r, d->mood);
            count++;
        }
    }
    unsigned code = d->mood == DNS_FAKE_REFUSES ? 5 : d->mood == DNS_FAKE_FAILS ? 2 : count ? 0 : 3;
    struct packet head = {.n = 2};
    put16(&head, 0x8580 | code);
    put16(&head, 1);
    put16(&head, (unsigned)count);
    put16(&head, 0);
    put16(&head, 0);
    memcpy(k->p + 2, head.p + 2, HEADER - 2);
    if (d->mood == DNS_FAKE_GARBAGE)
        for (size_t i = HEADER; i < k->n; i++)
            k->p[i] = (uint8_t)(i * 167 + 13);
    if (d->mood == DNS_FAKE_CUT)
        k->n = (end + 4 + k->n) / 2;
}

static void *serve(void *user)
{
    struct dns_fake *d = user;
    for (;;) {
        uint8_t q[PACKET];
        struct packet k = {.n = 0};
        struct sockaddr_in from;
        socklen_t len = sizeof(from);
        ssize_t n = recvfrom(d->fd, q, sizeof(q), 0, (void *)&from, &len);
        if (n == 1) /* dns_fake_stop */
            return NULL;
        if (n < HEADER + 5)
            continue;
        pthread_mutex_lock(&d->lock);
        d->questions++;
        bool silent = d->mood == DNS_FAKE_SILENT;
        answer(d, q, (size_t)n, &k);
        pthread_mutex_unlock(&d->lock);
        if (!silent)
            sendto(d->fd, k.p, k.n, 0, (void *)&from, len);
    }
}

struct dns_fake *dns_fake_start(void)
{
    struct dns_fake *d = xalloc(sizeof(*d));
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(a);
    d->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (d->fd < 0 || bind(d->fd, (void *)&a, len) < 0 || getsockname(d->fd, (void *)&a, &len) < 0)
        abort();
    snprintf(d->servers, sizeof(d->servers), "127.0.0.1:%u", ntohs(a.sin_port));
    pthread_mutex_init(&d->lock, NULL);
    if (pthread_create(&d->thread, NULL, serve, d))
        abort();
    return d;
}

void dns_fake_stop(struct dns_fake *d)
{
    struct sockaddr_in a;
    socklen_t len = sizeof(a);
    if (!d)
        return;
    getsockname(d->fd, (void *)&a, &len);
    sendto(d->fd, "", 1, 0, (void *)&a, len);
    pthread_join(d->thread, NULL);
    close(d->fd);
    pthread_mutex_destroy(&d->lock);
    vec_release(&d->records);
    free(d);
}

const char *dns_fake_servers(const struct dns_fake *d)
{
    return d->servers;
}

void dns_fake_srv(struct dns_fake *d,
                  const char *name,
                  unsigned priority,
                  unsigned weight,
                  unsigned port,
                  const char *target)
{
    struct record r = {.priority = priority, .weight = weight, .port = port};
    snprintf(r.name, sizeof(r.name), "%s", name);
    snprintf(r.target, sizeof(r.target), "%s", target);
    pthread_mutex_lock(&d->lock);
    vec_push(&d->records, r);
    pthread_mutex_unlock(&d->lock);
}

void dns_fake_clear(struct dns_fake *d)
{
    pthread_mutex_lock(&d->lock);
    vec_clear(&d->records);
    d->mood = DNS_FAKE_HONEST;
    pthread_mutex_unlock(&d->lock);
}

void dns_fake_mood(struct dns_fake *d, enum dns_fake_mood mood)
{
    pthread_mutex_lock(&d->lock);
    d->mood = mood;
    pthread_mutex_unlock(&d->lock);
}

size_t dns_fake_questions(struct dns_fake *d)
{
    pthread_mutex_lock(&d->lock);
    size_t n = d->questions;
    pthread_mutex_unlock(&d->lock);
    return n;
}
