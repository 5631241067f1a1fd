/*
 * The lines libflmalloc.so writes.
 *
 * The heap may be broken, or be in the middle of a call, when one is due: so a line is made on
 * the stack and leaves by write(2). vsnprintf allocates nothing for texts and integers. Every
 * line begins with "libflmalloc: ", so that it is not taken for one of the program's.
 */
#include "report.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINE_BYTES 512

/* A closed or full standard error is no reason to do anything else. */
static void write_all(const char *text, size_t bytes)
{
    while (bytes > 0) {
        const ssize_t written = write(STDERR_FILENO, text, bytes);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return;
        text += written;
        bytes -= (size_t)written;
    }
}

void fl_report(const char *format, ...)
{
    static const char prefix[] = "libflmalloc: ";
    char line[LINE_BYTES];
    const size_t start = sizeof prefix - 1;
    memcpy(line, prefix, start);
    va_list arguments;
    va_start(arguments, format);
    const int length = vsnprintf(line + start, sizeof line - start, format, arguments);
    va_end(arguments);
    size_t end = start + (length < 0 ? 0 : (size_t)length);
    if (end > sizeof line - 1)
        end = sizeof line - 1;
    for (size_t i = start; i < end; i++)
        if ((unsigned char)line[i] < ' ' || line[i] == 0x7f)
            line[i] = '?';
    line[end] = '\n';
    write_all(line, end + 1);
}

static const char *misuse_sentence(const char *call, enum fl_misuse misuse)
{
    switch (misuse) {
    case FL_MISUSE_FOREIGN:
        return "pointer from elsewhere";
    case FL_MISUSE_MISALIGNED:
        return "misaligned pointer";
    case FL_MISUSE_FREED:
        return strncmp(call, "free", 4) == 0 ? "double free" : "freed before";
    case FL_MISUSE_INSIDE:
        return "inside a live block";
    case FL_MISUSE_CORRUPT:
        return "corrupted header";
    case FL_MISUSE_NONE:
        break;
    }
    return "not a live block";
}

void fl_report_misuse(const char *call, const void *block, enum fl_misuse misuse)
{
    fl_report("%s(%p): %s", call, block, misuse_sentence(call, misuse));
    abort();
}

void fl_report_check(const struct fl_check_report *check)
{
    fl_report("heap check: %s does not hold: %s (offset %" PRIu64 ")", check->invariant,
              check->message, check->offset);
    abort();
}

void fl_report_stats(const char *name, const struct fl_alloc_stats *stats)
{
    fl_report("%s: %" PRIu64 " mallocs, %" PRIu64 " frees, %" PRIu64 " reallocs, %" PRIu64
              " visits; peak payload %" PRIu64 ", peak footprint %" PRIu64 " bytes; %" PRIu64
              " system calls [process %d]",
              name, stats->mallocs, stats->frees, stats->reallocs,
              stats->visits_malloc + stats->visits_free, stats->peak_payload,
              stats->peak_footprint,
              stats->mmap_calls + stats->munmap_calls + stats->madvise_calls, (int)getpid());
}
