/* The functions of the malloc family by the names that tools print: C's, and C++'s, mangled or
 * not. See family.c. */
#ifndef FL_IMPORT_FAMILY_H
#define FL_IMPORT_FAMILY_H

#include "importer.h"

enum fl_family_form {                        /* arguments, in order */
                      FL_FAMILY_ALLOC,       /* size */
                      FL_FAMILY_CALLOC,      /* count, size */
                      FL_FAMILY_ALIGNED,     /* alignment, size */
                      FL_FAMILY_NEW_ALIGNED, /* size, alignment */
                      FL_FAMILY_POSIX,   /* where the block's address goes, alignment, size */
                      FL_FAMILY_PAGES,   /* size */
                      FL_FAMILY_REALLOC, /* old block, size */
                      FL_FAMILY_REALLOCARRAY, /* old block, count, size */
                      FL_FAMILY_FREE,         /* block; what follows is not read */
                      FL_FAMILY_FREE_SIZED,   /* block, size */
                      FL_FAMILY_FREE_ALIGNED, /* block, alignment, size */
                      FL_FAMILY_USABLE,       /* block */
};

#define FL_FAMILY_ARGUMENTS_MAX 3u

#define FL_FAMILY_NAME_BYTES    72u

struct fl_family {
    char name
        [FL_FAMILY_NAME_BYTES]; /* filled up with NULs, so that eight bytes of it can be loaded */
    size_t bytes;               /* of the name */
    enum fl_family_form form;
    enum fl_kind kind;
    unsigned argument_count; /* that are needed */
};

/* A call, as much of it as is known. */
struct fl_family_call {
    const struct fl_family *function;
    uint64_t arguments[FL_FAMILY_ARGUMENTS_MAX];
    unsigned argument_count; /* read so far */
    bool
        is_block_shown; /* posix_memalign: the first argument is the block, not where its address goes */
    bool is_left_out; /* ltrace: it is followed, and not reported */
    uint64_t caller;  /* ltrace: a number for who called it, and where that was seen */
};

/* The function whose name is at `at`, with one of the two bytes `behind` right after it; NULL:
 * none of them. FL_INPUT_SLACK bytes can be read behind `end`. */
const struct fl_family *fl_family_find(const uint8_t *at, const uint8_t *end,
                                       const char behind[2]);

/* What the call asked for, in bytes. False: more than can be counted, `*bytes` is
 * UINT64_MAX. */
bool fl_family_size(const struct fl_family_call *call, uint64_t *bytes);

/* NULL; or what is wrong with a call that returned `result`, a phrase: then it cannot be
 * reported. */
const char *fl_family_wrong(const struct fl_family_call *call, uint64_t result);

/*
 * Report a call that returned `result`. Its addresses are those of the process whose address
 * space has the number `space`, and no other's. A posix_memalign that succeeded without showing
 * its block is a lost event.
 */
void fl_family_report(struct fl_import *import, const struct fl_family_call *call,
                      uint32_t space, uint64_t result);

#endif
