/* A line of ltrace, taken apart. See ltrace.c for the grammar. */
#ifndef FL_IMPORT_LTRACE_ENTRY_H
#define FL_IMPORT_LTRACE_ENTRY_H

#include "family.h"
#include "text.h"

enum fl_ltrace_kind {
    FL_LTRACE_OTHER,  /* nothing of interest */
    FL_LTRACE_CALL,   /* with its result */
    FL_LTRACE_BEGIN,  /* unfinished */
    FL_LTRACE_RETURN, /* resumed */
    FL_LTRACE_FORK,   /* returned: `result` is the child's number, 0 in the child */
    FL_LTRACE_CLONE, /* SYS_clone began: `result` is whether the child shares the parent's memory */
    FL_LTRACE_CLONED, /* SYS_clone returned `result`, the child's number */
    FL_LTRACE_EXEC,
    FL_LTRACE_EXIT,
    FL_LTRACE_LOST,  /* ltrace says that it may have missed a call */
    FL_LTRACE_FRAME, /* of the stack of the call before */
};

enum fl_ltrace_time { FL_LTRACE_NO_TIME, FL_LTRACE_TIME_OF_DAY, FL_LTRACE_SECONDS };

struct fl_ltrace_entry {
    enum fl_ltrace_kind kind;
    bool has_task;
    uint32_t task;
    enum fl_ltrace_time time_kind;
    uint64_t time_ns; /* as it stands there */
    bool
        is_ltraces; /* no other tool prints such a line: a function of the family, or seen with its caller */
    struct fl_family_call call;
    uint64_t result;
};

/* Who called the function of the family that was read last: mostly the one of the line before.
 * Zeroed at first. */
struct fl_ltrace_caller {
    struct fl_text_memo text; /* "CALLER->" */
    size_t bytes;             /* of it, which may be too many for `text`; 0: it was not named */
    uint64_t number;
    bool is_c_library;
};

/* Read a line that is not empty. NULL, or what is wrong with it, a phrase. */
const char *fl_ltrace_read(struct fl_cursor line, struct fl_ltrace_caller *caller,
                           struct fl_ltrace_entry *entry);

#endif
