/*
 * Text written into memory: all of it, or none.
 */
#include <fl_test.h>

#include <sys/resource.h>

#include <fl/text_stream.h>

static void the_text_is_there_after_fclose(void **state)
{
    (void)state;
    char *text;
    size_t bytes;
    FILE *out = fl_text_stream_open(&text, &bytes);
    assert_non_null(out);
    for (int i = 0; i < 10000; i++) {
        fprintf(out, "%04d", i);
    }
    putc('\0', out);
    assert_int_equal(fclose(out), 0);
    assert_int_equal(bytes, 40001);
    assert_int_equal(strlen(text), 40000);
    assert_memory_equal(text + 39996, "9999", 4);
    free(text);
    out = fl_text_stream_open(&text, &bytes);
    assert_int_equal(fclose(out), 0);
    assert_int_equal(bytes, 0);
    assert_string_equal(text, "");
    free(text);
}

static void memory_that_runs_out_is_told_by_fclose(void **state)
{
    (void)state;
#ifdef __SANITIZE_ADDRESS__
    skip(); /* its runtime ends the program when there is no memory */
#endif
    if (!fl_test_has_kernel_alone()) {
        skip();
    }
    char *text;
    size_t bytes;
    struct rlimit before;
    FILE *out = fl_text_stream_open(&text, &bytes);
    assert_int_equal(getrlimit(RLIMIT_AS, &before), 0);
    assert_int_equal(setrlimit(RLIMIT_AS, &(struct rlimit){64 << 20, before.rlim_max}), 0);
    for (int i = 0; i < 1 << 20; i++) {
        fprintf(out, "%0128d", i);
    }
    assert_int_equal(setrlimit(RLIMIT_AS, &before), 0);
    assert_int_equal(fclose(out), EOF);
    assert_null(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_text_is_there_after_fclose),
        cmocka_unit_test(memory_that_runs_out_is_told_by_fclose),
    };
    return cmocka_run_group_tests_name("text_stream", tests, NULL, NULL);
}
