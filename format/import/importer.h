/*
 * The seam between the formats of other tools and a reader: what a format gives (a row of the
 * table in formats.c), and what it may call. DESIGN.md says how to add one.
 *
 *     bytes ──▶ fl_input ──▶ format: line() or next() ──▶ fl_import_alloc, _free … ──▶ operations
 *              (unpacks)     knows one format only         (calls.c, naming.c: slots,  (fl_reader)
 *                                                           threads, what is odd)
 *
 * A format reports calls in the order of its file, by the address or the number that the file
 * names an object with. It names no slots, counts nothing, and keeps only what its own syntax
 * needs.
 */
#ifndef FL_IMPORTER_H
#define FL_IMPORTER_H

#include <fl/reader.h>

#include "bytes.h"
#include "input.h"

struct fl_import; /* one file being imported */

struct fl_import_format {
    const char *name;    /* for --from: lower case and hyphens */
    const char *summary; /* one line for --from=help */
    const char *gaps;    /* what it cannot say, but for times: "alignment, threads, calloc" */
    size_t state_bytes;  /* of what it keeps; zeroed before `open` */

    /* Does a file that begins so have this format? Rather no than yes: other formats are asked
     * too, in the order of the table. At least FL_IMPORT_DETECT_BYTES are there, or the whole
     * file. */
    bool (*detect)(const uint8_t *at, size_t have);

    /* Look at the beginning, set metadata, say whether there are times. NULL: nothing to do. */
    enum fl_status (*open)(struct fl_import *import, void *state, struct fl_error *err);

    /* Report calls while fl_import_has_room. FL_OK: there may be more; FL_END: the file is at
     * its end; FL_CORRUPT from fl_import_malformed: to be called again; else final. Text:
     * fl_text_next. */
    enum fl_status (*next)(struct fl_import *import, void *state, struct fl_error *err);

    /* With fl_text_next: report the calls of one line, which is neither empty nor has its end;
     * at most FL_IMPORT_CALLS_MAX of them. NULL, or what is wrong with it, a phrase: then
     * nothing was reported. */
    const char *(*line)(struct fl_import *import, void *state, struct fl_cursor line);

    /* The file is at its end: FL_OK; FL_TRUNCATED when something is missing; FL_CORRUPT from
     * fl_import_fail, once, when something does not fit: it is asked again. Calls that waited
     * for something may be reported. NULL: nothing to do. */
    enum fl_status (*end)(struct fl_import *import, void *state, struct fl_error *err);

    /* Free what `state` points to. NULL: it points to nothing. */
    void (*close)(void *state);
};

#define FL_IMPORT_DETECT_BYTES (16u * 1024)
#define FL_IMPORT_CALLS_MAX    4u /* reported between two looks at fl_import_has_room */

/* ---- what was called ---- */

/* An allocating call but realloc: `address` is what it returned, 0: it failed. `align_log2` is
 * FL_ALIGN_DEFAULT where none was asked for; see fl_import_align. */
void fl_import_alloc(struct fl_import *import, enum fl_kind kind, uint64_t address,
                     uint64_t size_bytes, uint8_t align_log2);

/* realloc or reallocarray of `old_address` (0: NULL) that returned `address`. 0 with a size of
 * 0 is taken for a free, 0 with another for a failure. */
void fl_import_realloc(struct fl_import *import, enum fl_kind kind, uint64_t old_address,
                       uint64_t address, uint64_t size_bytes);

/* The same, where an `old_address` that names nothing live stands for NULL, and for nothing
 * unknown. */
void fl_import_realloc_if_live(struct fl_import *import, enum fl_kind kind,
                               uint64_t old_address, uint64_t address, uint64_t size_bytes);

/* A free of `address` (0: NULL); `size_bytes` is what a sized one was given, else 0. */
void fl_import_free(struct fl_import *import, enum fl_kind kind, uint64_t address,
                    uint64_t size_bytes);

/* A free_aligned_sized; `align_log2` as in fl_import_alloc. */
void fl_import_free_aligned(struct fl_import *import, uint64_t address, uint64_t size_bytes,
                            uint8_t align_log2);

/* malloc_usable_size of `address` and what it returned. */
void fl_import_usable(struct fl_import *import, uint64_t address, uint64_t size_bytes);

/* ---- what stands between calls ---- */

/* The calls that follow are of the thread that the system calls `tid`; it begins when it is
 * new. */
void fl_import_thread(struct fl_import *import, uint32_t tid);

/* The thread `tid` is over: whoever has its number from now on is another one. */
void fl_import_thread_end(struct fl_import *import, uint32_t tid);

/* The calls that follow were made at `now_ns`, from any start. Time never steps back: what is
 * earlier than what was said before is taken for the same moment. */
void fl_import_time(struct fl_import *import, uint64_t now_ns);

/* The file says that `events` calls are missing here. */
void fl_import_lost(struct fl_import *import, uint64_t events);

/* ---- around them ---- */

/* May calls be reported? Not when the batch is full. */
bool fl_import_has_room(const struct fl_import *import);

/* An address for the object that a file calls `number`, below FL_NUMBER_MAX / 16. */
static inline uint64_t fl_import_address(uint64_t number)
{
    return (number + 1) << 4; /* fl_namer expects what malloc returns */
}

/* log2 of an alignment, rounded up to a power of two as memalign does; 0 and 1 are the
 * default. */
static inline uint8_t fl_import_align(uint64_t align_bytes)
{
    return align_bytes <= 1 ? FL_ALIGN_DEFAULT
                            : (uint8_t)(64 - __builtin_clzll(align_bytes - 1));
}

/* In `open`: calls have times. */
void fl_import_set_times(struct fl_import *import);

/* In `open`: the metadata of the header. Where calls are guessed, `import_guess` says what and
 * how. */
struct fl_metadata *fl_import_metadata(struct fl_import *import);

/* The bytes, unpacked. Not for a format of lines. */
struct fl_input *fl_import_input(struct fl_import *import);

/* `status` with a message: name of the file, the status' text, and what `format` says. */
enum fl_status fl_import_fail(const struct fl_import *import, enum fl_status status,
                              struct fl_error *err, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/*
 * Something at the place that `format` says was passed over: it counts as a lost event. Return
 * what this returns unless it is FL_OK: FL_CORRUPT for the first few, FL_OK for the rest, which
 * are counted, and FL_NOT_A_TRACE where nothing but that was met.
 */
enum fl_status fl_import_malformed(struct fl_import *import, struct fl_error *err,
                                   const char *format, ...)
    __attribute__((format(printf, 3, 4), warn_unused_result));

/* There was no memory for what the format keeps: the import ends with FL_NOMEM. */
void fl_import_no_memory(struct fl_import *import);

/* A part of the file that is no call was understood; fl_text_next says it of each line. A file
 * of which nothing is understood is of another format. */
void fl_import_understood(struct fl_import *import);

#endif
