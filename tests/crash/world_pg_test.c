/*
 * One schedule in a hundred of world_test.c with the rows in a real PostgreSQL: the fencing lives
 * in SQL. More of them: crash_world_test --pg --seeds FROM-TO.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/test_db.h"
#include "tests/support/world.h"

enum { SEEDS = 10, SHARES = 2 };

static int run_share(unsigned share)
{
    int failed = 0;
    for (uint64_t seed = 1 + share; seed <= SEEDS; seed += SHARES) {
        struct world_schedule s = world_schedule_of(seed);
        struct world_found found;
        world_run(&s, true, &found);
        if (found.text[0])
            printf("seed %llu: %s\n  again: crash_world_test --pg --seed %llu --shrink\n",
                   (unsigned long long)seed, found.text, (unsigned long long)seed);
        failed |= found.text[0] != 0;
        free(s.v);
    }
    fflush(stdout);
    return failed;
}

/* What was said that is not a log line. */
static void repeat(FILE *said)
{
    char line[500];
    rewind(said);
    while (fgets(line, sizeof(line), said))
        if (strncmp(line, "ts=", 3) != 0)
            fputs(line, stdout);
}

int main(void)
{
    pid_t pid[SHARES];
    int failed = 0;
    if (!test_db_available())
        return test_db_skip();
    FILE *said = tmpfile(); /* workers say a lot about what they meet */
    if (!said || dup2(fileno(said), STDERR_FILENO) < 0)
        abort();
    for (unsigned i = 0; i < SHARES; i++) {
        pid[i] = fork();
        if (pid[i] == 0)
            _exit(run_share(i));
    }
    for (unsigned i = 0; i < SHARES; i++) {
        int status;
        if (pid[i] < 0 || waitpid(pid[i], &status, 0) < 0)
            abort();
        if (WIFSIGNALED(status))
            printf("died of signal %d\n", WTERMSIG(status));
        failed |= status != 0;
    }
    if (failed)
        repeat(said);
    fclose(said);
    puts(failed ? "something is wrong" : "0 violations");
    return failed;
}
