/**
 * Marks: a program says where it is, and the trace that flrec makes of it has the text between
 * its calls.
 *
 *     #include <fl/mark.h>
 *     fl_mark("phase 2");
 *
 * Nothing is linked: without flrec a mark is the test of a pointer. Thread safety: any thread,
 * at any time but in a signal handler. Cost under flrec: a copy and one record.
 */
#ifndef FL_MARK_H
#define FL_MARK_H

#ifdef __cplusplus
extern "C" {
#endif

/** libflrec.so has it; elsewhere it is NULL. At most 240 bytes of `text` are kept. */
extern void fl_mark_text(const char *text) __attribute__((weak));

static inline void fl_mark(const char *text)
{
    if (fl_mark_text)
        fl_mark_text(text);
}

#ifdef __cplusplus
}
#endif

#endif
