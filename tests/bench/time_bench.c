/*
 * bench_time FILE PROG [ARG...]: run PROG and write into FILE what the run took, one figure a
 * line: wall_ns, cpu_ns (of PROG and all it waited for) and peak_bytes (of the largest of these
 * processes). Exits as PROG does, 128+n when signal n ended it.
 *
 * A script cannot measure the peak: the kernel counts into a process's peak the memory of the
 * process that started it, as it was just before exec. Here that is this small program.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { EXIT_OURS = 125, EXIT_NOT_FOUND = 127 };

static uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static uint64_t cpu_ns(const struct rusage *usage)
{
    const uint64_t seconds = (uint64_t)(usage->ru_utime.tv_sec + usage->ru_stime.tv_sec);
    const uint64_t micros = (uint64_t)(usage->ru_utime.tv_usec + usage->ru_stime.tv_usec);
    return seconds * 1000000000u + micros * 1000u;
}

static int result_write(const char *path, uint64_t wall_ns, const struct rusage *usage)
{
    FILE *file = fopen(path, "w");
    if (file == NULL) {
        perror("bench_time: error");
        return EXIT_OURS;
    }
    fprintf(file, "wall_ns %" PRIu64 "\ncpu_ns %" PRIu64 "\npeak_bytes %" PRIu64 "\n", wall_ns,
            cpu_ns(usage), (uint64_t)usage->ru_maxrss * 1024u);
    return fclose(file) == 0 ? 0 : EXIT_OURS;
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        fprintf(stderr, "usage: bench_time FILE PROG [ARG...]\n");
        return EXIT_OURS;
    }
    const uint64_t start_ns = now_ns();
    const pid_t child = fork();
    if (child == 0) {
        execvp(argv[2], &argv[2]);
        perror(argv[2]);
        _exit(EXIT_NOT_FOUND);
    }
    int status = 0;
    struct rusage usage;
    while (child < 0 || wait4(child, &status, 0, &usage) < 0) {
        if (child < 0 || errno != EINTR) {
            perror("bench_time: error");
            return EXIT_OURS;
        }
    }
    const int result = result_write(argv[1], now_ns() - start_ns, &usage);
    if (result != 0) {
        return result;
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
