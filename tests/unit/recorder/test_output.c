#include <fl_test.h>

#include <sys/stat.h>
#include <unistd.h>

#include "output.h"

static void expect_name(const char *path, uint32_t number, const char *wanted)
{
    char *name = fl_output_name(path, number);
    assert_string_equal(name, wanted);
    free(name);
}

static void later_images_get_their_number_before_the_suffix(void **state)
{
    (void)state;
    expect_name("t.zst", 0, "t.zst");
    expect_name("t.zst", 1, "t.exec1.zst");
    expect_name("a.b/trace", 2, "a.b/trace.exec2");
    expect_name("a.b/.zst", 3, "a.b/.zst.exec3");
}

static void other_processes_get_their_number_before_the_suffix(void **state)
{
    (void)state;
    char *name = fl_output_name_of("a.b/t.zst", 123);
    assert_string_equal(name, "a.b/t.123.zst");
    free(name);
}

static void the_default_is_named_after_program_and_process(void **state)
{
    (void)state;
    char *name = fl_output_default("/usr/bin/ls", 12);
    assert_string_equal(name, "ls.12.zst");
    free(name);
}

static void a_trace_is_for_its_owner_only(void **state)
{
    (void)state;
    char folder[] = "/tmp/fl_output_XXXXXX";
    assert_non_null(mkdtemp(folder));
    char path[64];
    snprintf(path, sizeof path, "%s/t.zst", folder);
    int fd = -1;
    struct stat status;
    assert_int_equal(fl_output_open(path, &fd, NULL), FL_OK);
    assert_int_equal(fstat(fd, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    close(fd);
    unlink(path);
    rmdir(folder);
    struct fl_error err;
    assert_int_equal(fl_output_open(path, &fd, &err), FL_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(later_images_get_their_number_before_the_suffix),
        cmocka_unit_test(other_processes_get_their_number_before_the_suffix),
        cmocka_unit_test(the_default_is_named_after_program_and_process),
        cmocka_unit_test(a_trace_is_for_its_owner_only),
    };
    return cmocka_run_group_tests_name("output", tests, NULL, NULL);
}
