/**
 * Reading traces of other tools: the same reader, whatever the file holds.
 *
 * An flrec trace opens as fl_reader_open opens it. Any other file is known by its content, or
 * by the name of a format that the caller gives, and its calls come as the operations of a
 * trace: slots are dense, threads and times are records where the format has them. What it
 * cannot say stands in the header's metadata (import_gaps), what was odd in the end's (SPEC.md,
 * section 4). Files compressed by gzip, xz or zstd, and the first file in a zip, are unpacked
 * on the way, traces of ours too.
 *
 * Memory follows the live objects. Lines that cannot be understood are events that were lost:
 * the first ones are reported as FL_CORRUPT, with their number, and the rest as one.
 *
 * Thread safety: as the reader's.
 */
#ifndef FL_IMPORT_H
#define FL_IMPORT_H

#include <stdbool.h>
#include <stdio.h>

#include <fl/reader.h>
#include <fl/status.h>

/** Print the formats: name, what it is, what it cannot say. What --from=help shows. */
void fl_import_list(FILE *out);

/** Is what `reader` reads another tool's file, and no trace of ours? */
bool fl_import_is_foreign(const struct fl_reader *reader);

/** FL_OK when `from` is NULL or names a format; else FL_USAGE, with the names in the
 * message. */
enum fl_status fl_import_check(const char *from, struct fl_error *err)
    __attribute__((warn_unused_result));

/**
 * Open `path` ("-" is standard input).
 *
 * @param from  name of the format; NULL: the content says it
 * @param out   the reader; end it with fl_reader_close
 * @return      as fl_reader_open; FL_NOT_A_TRACE names the formats that the content is none of;
 *              FL_USAGE when `from` names none; FL_TRUNCATED when it cannot be unpacked to its end
 */
enum fl_status fl_import_open(const char *path, const char *from, struct fl_reader **out,
                              struct fl_error *err) __attribute__((warn_unused_result));

/** The same, from a file descriptor that stays the caller's; `name` is for messages. */
enum fl_status fl_import_open_fd(int fd, const char *name, const char *from,
                                 struct fl_reader **out, struct fl_error *err)
    __attribute__((warn_unused_result));

#endif
