#include <fl_test.h>

#include <string.h>
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
    char *name = fl_output_name_of("a.b/t.zst", 123, 1);
    assert_string_equal(name, "a.b/t.123.zst");
    free(name);
    name = fl_output_name_of("a.b/t.zst", 123, 2);
    assert_string_equal(name, "a.b/t.123-2.zst");
    free(name);
}

static void the_default_is_named_after_program_and_process(void **state)
{
    (void)state;
    char *name = fl_output_default("/usr/bin/ls", 12);
    assert_string_equal(name, "ls.12.zst");
    free(name);
}

static char folder[] = "/tmp/fl_output_XXXXXX";
static char path[64], part[80];

static int folder_make(void **state)
{
    (void)state;
    strcpy(folder + strlen(folder) - 6, "XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/t.zst", folder);
    snprintf(part, sizeof part, "%s.part", path);
    return 0;
}

static int folder_remove(void **state)
{
    (void)state;
    unlink(path);
    unlink(part);
    return rmdir(folder);
}

static void a_trace_is_for_its_owner_only(void **state)
{
    (void)state;
    struct fl_output output;
    struct stat status;
    assert_int_equal(fl_output_open(path, &output, NULL), FL_OK);
    assert_int_equal(fstat(output.fd, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    assert_true(output.is_file);
    fl_output_discard(&output);
}

static void a_trace_gets_its_name_when_it_is_whole(void **state)
{
    (void)state;
    struct fl_output output;
    assert_int_equal(fl_output_open(path, &output, NULL), FL_OK);
    assert_int_equal(access(part, F_OK), 0);
    assert_int_equal(access(path, F_OK), -1);
    assert_int_equal(fl_output_finish(&output, NULL), FL_OK);
    assert_int_equal(access(path, F_OK), 0);
    assert_int_equal(access(part, F_OK), -1);
    /* The next one leaves it alone until it is whole, or for ever. */
    assert_int_equal(fl_output_open(path, &output, NULL), FL_OK);
    fl_output_discard(&output);
    assert_int_equal(access(path, F_OK), 0);
    assert_int_equal(access(part, F_OK), -1);
}

static void what_cannot_be_written_is_told(void **state)
{
    (void)state;
    struct fl_output output;
    struct fl_error err;
    assert_int_equal(fl_output_open("/nowhere/t.zst", &output, &err), FL_IO);
    assert_int_equal(output.fd, -1);
    assert_int_equal(fl_output_open(folder, &output, &err), FL_IO);
    assert_int_equal(fl_output_open("/dev/null", &output, &err), FL_OK);
    assert_false(output.is_file);
    assert_null(output.part);
    assert_int_equal(fl_output_finish(&output, &err), FL_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(later_images_get_their_number_before_the_suffix),
        cmocka_unit_test(other_processes_get_their_number_before_the_suffix),
        cmocka_unit_test(the_default_is_named_after_program_and_process),
        cmocka_unit_test_setup_teardown(a_trace_is_for_its_owner_only, folder_make,
                                        folder_remove),
        cmocka_unit_test_setup_teardown(a_trace_gets_its_name_when_it_is_whole, folder_make,
                                        folder_remove),
        cmocka_unit_test_setup_teardown(what_cannot_be_written_is_told, folder_make,
                                        folder_remove),
    };
    return cmocka_run_group_tests_name("output", tests, NULL, NULL);
}
