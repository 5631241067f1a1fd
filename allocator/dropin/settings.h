/**
 * What FLMALLOC asks for.
 *
 *   [NAME][,knob=value...][,check=off|fast|full][,check-every=N][,stats=off|on]
 *
 * Thread safety: the functions keep a static buffer; call them from one thread, once.
 */
#ifndef FL_DROPIN_SETTINGS_H
#define FL_DROPIN_SETTINGS_H

#include <fl/allocator.h>

struct fl_settings {
    const struct fl_allocator_ops *ops;
    struct fl_allocator_config config;
    bool is_checked;
    enum fl_check_depth depth; /* when is_checked */
    uint64_t check_every;      /* calls from one check to the next */
    bool has_stats;            /* a summary line is written at exit */
};

/** Read FLMALLOC. A mistake in it ends the process: a line on standard error, exit status
 * 125. */
void fl_settings_read(struct fl_settings *out);

/** End the process because of what FLMALLOC says; the sentence says what is allowed. */
_Noreturn void fl_settings_refuse(const char *format, ...)
    __attribute__((format(printf, 1, 2), cold));

#endif
