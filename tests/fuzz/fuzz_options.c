/*
 * What every fuzzer runs with. Address sanitizer's quarantine of 256 MiB and 30 frames for every
 * allocation cost a third of the executions, and what these decoders release they release within
 * the same run: 16 MiB hold hundreds of runs.
 */
const char *__asan_default_options(void);

const char *__asan_default_options(void)
{
    return "quarantine_size_mb=16:malloc_context_size=6:detect_stack_use_after_return=1";
}
