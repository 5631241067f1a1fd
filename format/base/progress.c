/*
 * The progress line. It is rewritten in place with a carriage return and "erase to the end of
 * the line" (ECMA-48 EL), which every terminal that is not dumb knows.
 */
#include <fl/progress.h>

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <fl/assert.h>
#include <fl/fmt.h>
#include <fl/term.h>

#define QUIET_NS    UINT64_C(1000000000) /* a job shorter than this shows nothing */
#define INTERVAL_NS UINT64_C(100000000)
#define ERASE_LINE  "\r\033[K"

static uint64_t now_monotonic_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec;
}

static bool terminal_is_dumb(void)
{
    const char *term = getenv("TERM");
    return term == NULL || strcmp(term, "dumb") == 0;
}

void fl_progress_start(struct fl_progress *progress, const char *what, const char *unit,
                       uint64_t total)
{
    *progress = (struct fl_progress){
        .out = stderr,
        .what = what,
        .unit = unit,
        .total = total,
        .next_ns = now_monotonic_ns() + QUIET_NS,
        .is_enabled = fl_term_is_foreground(STDERR_FILENO) && !terminal_is_dumb(),
    };
}

void fl_progress_update(struct fl_progress *progress, uint64_t done)
{
    if (progress->is_enabled) {
        fl_progress_update_at(progress, done, now_monotonic_ns());
    }
}

void fl_progress_update_at(struct fl_progress *progress, uint64_t done, uint64_t now_ns)
{
    FL_ASSERT(progress->out != NULL, "the progress was started");
    if (!progress->is_enabled || now_ns < progress->next_ns) {
        return;
    }
    progress->next_ns = now_ns + INTERVAL_NS;
    progress->is_line_shown = true;
    fprintf(progress->out, ERASE_LINE "%s: %s", progress->what, fl_fmt_count(done).text);
    if (progress->total != 0) {
        fprintf(progress->out, " of %s", fl_fmt_count(progress->total).text);
    }
    fprintf(progress->out, " %s", progress->unit);
    if (progress->total != 0) {
        const double percent = 100.0 * (double)done / (double)progress->total;
        fprintf(progress->out, " (%d%%)", (int)percent);
    }
    fflush(progress->out);
}

void fl_progress_end(struct fl_progress *progress)
{
    if (progress->is_line_shown) {
        fputs(ERASE_LINE, progress->out);
        fflush(progress->out);
    }
    progress->is_enabled = false;
    progress->is_line_shown = false;
}
