#include <fl_test.h>

#include <unistd.h>

#include "environment.h"

#define OURS "/opt/lib/libflrec.so"

/* `text` holds `bytes` bytes, with the NUL of the last entry; `wanted` is joined by '|'. */
static void expect_clean(const char *text, size_t bytes, const char *wanted)
{
    char *copy = malloc(bytes);
    assert_non_null(copy);
    memcpy(copy, text, bytes);
    const size_t kept = fl_environment_clean(copy, bytes, OURS);
    assert_int_equal(kept, strlen(wanted));
    for (size_t i = 0; i < kept; i++)
        assert_int_equal(copy[i] == '\0' ? '|' : copy[i], wanted[i]);
    free(copy);
}

#define EXPECT_CLEAN(text, wanted) expect_clean(text, sizeof(text), wanted)

static void what_flrec_added_is_gone(void **state)
{
    (void)state;
    EXPECT_CLEAN("A=1\0LD_PRELOAD=" OURS "\0FLREC=1:2:3:4\0B=", "A=1|B=");
    EXPECT_CLEAN("FLREC=1:2:3:4\0A=1", "A=1");
    EXPECT_CLEAN("LD_PRELOAD=" OURS "\0FLREC=1:2:3:4", "");
    EXPECT_CLEAN("FLREC_LIBRARY=" OURS "\0NOT_FLREC=1", "FLREC_LIBRARY=" OURS "|NOT_FLREC=1");
}

static void the_preload_of_the_user_stays(void **state)
{
    (void)state;
    EXPECT_CLEAN("LD_PRELOAD=" OURS ":a.so b.so", "LD_PRELOAD=a.so b.so");
    EXPECT_CLEAN("LD_PRELOAD=a.so:" OURS, "LD_PRELOAD=a.so");
    EXPECT_CLEAN("LD_PRELOAD=a.so " OURS ":b.so", "LD_PRELOAD=a.so b.so");
    EXPECT_CLEAN("LD_PRELOAD=" OURS ":" OURS, "");
    EXPECT_CLEAN("LD_PRELOAD=/x" OURS ":" OURS ".1:" OURS, "LD_PRELOAD=/x" OURS ":" OURS ".1");
}

static void odd_environments_are_bounded(void **state)
{
    (void)state;
    expect_clean("", 0, "");
    expect_clean("A=1\0B=2", 6, "A=1"); /* B is cut */
    EXPECT_CLEAN("\0A=1\0", "|A=1|");
}

static void the_environment_of_a_process_is_read(void **state)
{
    (void)state;
    size_t bytes;
    struct fl_metadata *meta = fl_metadata_new();
    fl_environment_describe(meta, getpid(), OURS);
    assert_non_null(fl_metadata_get(meta, "environment", &bytes));
    assert_null(fl_metadata_get(meta, "environment_missing", &bytes));
    fl_metadata_free(meta);
    meta = fl_metadata_new();
    fl_environment_describe(meta, -1, OURS);
    assert_null(fl_metadata_get(meta, "environment", &bytes));
    assert_string_equal(fl_metadata_get(meta, "environment_missing", &bytes),
                        "it cannot be read");
    fl_metadata_free(meta);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_flrec_added_is_gone),
        cmocka_unit_test(the_preload_of_the_user_stays),
        cmocka_unit_test(odd_environments_are_bounded),
        cmocka_unit_test(the_environment_of_a_process_is_read),
    };
    return cmocka_run_group_tests_name("environment", tests, NULL, NULL);
}
