/**
 * A trace that can be read several times, wherever it comes from.
 *
 * Thread safety: once it is open, any thread may read a source.
 */
#ifndef FL_REPLAY_SOURCE_H
#define FL_REPLAY_SOURCE_H

#include <fl/reader.h>
#include <fl/status.h>

#define FL_GUESS_BYTES 160u /* of what is shown of metadata's import_guess */

struct fl_source {
    const char *path; /* as given, owned by the caller */
    const char *name; /* for people: "standard input" for "-" */
    const char *from; /* its format; NULL: what its content says. The caller's */
    int fd;           /* open for reading, seekable */
};

/** Open `path` ("-": standard input), to be read as `from` (fl_import_open). A pipe is copied
 * to a temporary file first. */
enum fl_status fl_source_open(struct fl_source *source, const char *path, const char *from,
                              struct fl_error *err) __attribute__((warn_unused_result));

/** One reading of a source. */
struct fl_source_reading {
    struct fl_reader *reader;
    int fd; /* with a place in the file of its own */
};

/** Read from the start of the trace. Several readings may go on at once. */
enum fl_status fl_source_read(const struct fl_source *source, struct fl_source_reading *reading,
                              struct fl_error *err) __attribute__((warn_unused_result));
void fl_source_done(struct fl_source_reading *reading);

void fl_source_close(struct fl_source *source);

#endif
