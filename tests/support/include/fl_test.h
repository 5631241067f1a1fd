/*
 * What cmocka.h needs before it, in the order it needs it, and text captured from a FILE.
 */
#ifndef FL_TEST_H
#define FL_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/** Output of the code under test, kept in memory. */
struct fl_test_output {
    FILE *file; /* write here */
    char *text; /* valid after fl_test_output_text, owned */
    size_t bytes;
};

static inline void fl_test_output_open(struct fl_test_output *output)
{
    output->text = NULL;
    output->file = open_memstream(&output->text, &output->bytes);
    assert_non_null(output->file);
}

/** What was written so far, terminated; valid until the next write. */
static inline const char *fl_test_output_text(struct fl_test_output *output)
{
    assert_int_equal(fflush(output->file), 0);
    return output->text;
}

/** Is the kernel asked directly? Not under valgrind and ThreadSanitizer: limits, page faults
 * and mappings are also theirs then, and a test of those is to skip. */
static inline bool fl_test_has_kernel_alone(void)
{
#ifdef __SANITIZE_THREAD__
    return false;
#else
    const char *preloaded = getenv("LD_PRELOAD");
    return preloaded == NULL || strstr(preloaded, "vgpreload") == NULL;
#endif
}

static inline void fl_test_output_close(struct fl_test_output *output)
{
    fclose(output->file);
    free(output->text);
}

#endif
