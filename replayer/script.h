/**
 * A text trace: a few calls written by hand, for --explain.
 *
 *     a ID BYTES          ID = malloc(BYTES)
 *     z ID BYTES          ID = calloc(1, BYTES)
 *     m ID ALIGN BYTES    ID = aligned_alloc(ALIGN, BYTES)
 *     r ID BYTES          ID = realloc(ID, BYTES)
 *     f ID                free(ID)
 *     u ID                malloc_usable_size(ID)
 *
 * One call per line; blank lines, and what follows a `#`, say nothing. An ID is up to 15
 * letters, digits and underscores; a number N is short for pN. BYTES and ALIGN are decimal,
 * with k, m or g for powers of 1,024. An ID is live from a, z or m to f, and may be used again
 * after that.
 *
 * Thread safety: a script belongs to its caller.
 */
#ifndef FL_REPLAY_SCRIPT_H
#define FL_REPLAY_SCRIPT_H

#include <stddef.h>
#include <stdint.h>

#include <fl/status.h>

#define FL_SCRIPT_CALLS_MAX 4096u   /* longer ones are recorded, not written */
#define FL_SCRIPT_LINES_MAX 100000u /* so that an endless stream ends */
#define FL_SCRIPT_LINE_MAX  500u    /* bytes of a line without its end */
#define FL_SCRIPT_NAME_MAX  16u     /* bytes of an ID as shown: "p" and 15 more */

enum fl_script_call {
    FL_SCRIPT_MALLOC,
    FL_SCRIPT_CALLOC,
    FL_SCRIPT_ALIGNED,
    FL_SCRIPT_REALLOC,
    FL_SCRIPT_FREE,
    FL_SCRIPT_USABLE,
};

/** One call. */
struct fl_script_step {
    enum fl_script_call call;
    uint32_t line; /* from 1 */
    uint32_t id;   /* index into the names */
    uint64_t align_bytes, size_bytes;
};

/** An ID, and while reading where it is live. */
struct fl_script_id {
    char name[FL_SCRIPT_NAME_MAX + 1];
    uint32_t live_line;  /* of the call that made it; 0: not live */
    uint32_t freed_line; /* 0: never */
};

struct fl_script {
    const char *name;             /* of the source, for people; owned by the caller */
    struct fl_script_step *steps; /* owned, `count` */
    size_t count;
    struct fl_script_id *ids; /* owned, `id_count` */
    size_t id_count;
};

/**
 * Read the text trace at `path` ("-": standard input).
 *
 * @return FL_OK; FL_SCRIPT or FL_LIMIT with the line and what is wrong with it; FL_IO, FL_NOMEM
 */
enum fl_status fl_script_read(const char *path, struct fl_script *out, struct fl_error *err)
    __attribute__((warn_unused_result));
void fl_script_free(struct fl_script *script);

#endif
