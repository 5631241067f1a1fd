#include <fl_test.h>

#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fl/part_file.h>

static char folder[] = "/tmp/fl_part_XXXXXX";

static int folder_make(void **state)
{
    (void)state;
    return mkdtemp(folder) == NULL || chdir(folder) != 0;
}

static int folder_remove(void **state)
{
    (void)state;
    return unlink("file") != 0 || chdir("/") != 0 || rmdir(folder) != 0;
}

static void file_write(const char *path, const char *text)
{
    FILE *out = fopen(path, "we");
    assert_non_null(out);
    fputs(text, out);
    assert_int_equal(fclose(out), 0);
}

static void file_expect(const char *path, const char *text)
{
    char found[64] = "";
    FILE *in = fopen(path, "re");
    assert_non_null(in);
    const size_t bytes = fread(found, 1, sizeof found - 1, in);
    fclose(in);
    assert_int_equal(bytes, strlen(text));
    assert_string_equal(found, text);
}

static void the_old_file_stays_until_the_new_one_is_whole(void **state)
{
    (void)state;
    struct fl_part_file file;
    file_write("file", "old");
    assert_int_equal(fl_part_open(&file, "file", NULL), FL_OK);
    fputs("new", file.out);
    fflush(file.out);
    file_expect("file", "old");
    file_expect("file.part", "new");
    assert_int_equal(fl_part_close(&file, NULL), FL_OK);
    file_expect("file", "new");
    assert_int_not_equal(access("file.part", F_OK), 0);
}

static void what_is_dropped_leaves_the_old_file(void **state)
{
    (void)state;
    struct fl_part_file file;
    file_write("file", "old");
    assert_int_equal(fl_part_open(&file, "file", NULL), FL_OK);
    fputs("new", file.out);
    fl_part_drop(&file);
    file_expect("file", "old");
    assert_int_not_equal(access("file.part", F_OK), 0);
    fl_part_drop(&file);
}

static void what_is_no_regular_file_is_written_in_place(void **state)
{
    (void)state;
    struct fl_part_file file;
    struct fl_error err;
    struct stat status;
    assert_int_equal(fl_part_open(&file, "/dev/full", &err), FL_OK);
    fputs("new", file.out);
    assert_int_equal(fl_part_close(&file, &err), FL_IO);
    assert_non_null(strstr(err.message, "cannot write /dev/full"));
    assert_int_equal(stat("/dev/full", &status), 0);
    assert_true(S_ISCHR(status.st_mode));
}

static void a_link_is_written_through(void **state)
{
    (void)state;
    struct fl_part_file file;
    struct stat status;
    file_write("target", "old");
    assert_int_equal(symlink("target", "link"), 0);
    assert_int_equal(fl_part_open(&file, "link", NULL), FL_OK);
    fputs("new", file.out);
    assert_int_equal(fl_part_close(&file, NULL), FL_OK);
    file_expect("target", "new");
    assert_int_equal(lstat("link", &status), 0);
    assert_true(S_ISLNK(status.st_mode));
    unlink("link");
    unlink("target");
}

static void a_folder_that_is_missing_is_told_at_once(void **state)
{
    (void)state;
    struct fl_part_file file;
    struct fl_error err;
    assert_int_equal(fl_part_open(&file, "missing/file", &err), FL_IO);
    assert_non_null(strstr(err.message, "missing/file.part"));
    fl_part_drop(&file);
}

/* In a process of its own: begin two files, and a third that is given up, then do `what` and
 * end by SIGTERM. */
static void process_ended(void (*what)(void))
{
    const pid_t pid = fork();
    assert_int_not_equal(pid, -1);
    if (pid == 0) {
        struct fl_part_file files[3];
        if (fl_part_open(&files[0], "file", NULL) != FL_OK ||
            fl_part_open(&files[1], "dropped", NULL) != FL_OK ||
            fl_part_open(&files[2], "other", NULL) != FL_OK) {
            _exit(1);
        }
        fl_part_drop(&files[1]);
        what();
        raise(SIGTERM);
        _exit(2);
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGTERM);
}

static void do_nothing(void)
{
}

/* A child that is told to end has no right to its parent's files. */
static void end_a_child(void)
{
    const pid_t pid = fork();
    if (pid == 0) {
        raise(SIGTERM);
    }
    int status;
    if (waitpid(pid, &status, 0) != pid || !WIFSIGNALED(status) ||
        access("file.part", F_OK) != 0 || access("other.part", F_OK) != 0) {
        _exit(3);
    }
}

static void a_signal_that_ends_the_process_takes_the_parts_along(void **state)
{
    (void)state;
    file_write("file", "old");
    process_ended(do_nothing);
    file_expect("file", "old");
    assert_int_not_equal(access("file.part", F_OK), 0);
    assert_int_not_equal(access("other.part", F_OK), 0);
}

static void a_signal_to_a_child_takes_nothing_along(void **state)
{
    (void)state;
    process_ended(end_a_child);
    assert_int_not_equal(access("file.part", F_OK), 0);
}

/* Under nohup a hangup is ignored, and stays so. */
static void a_signal_that_was_ignored_stays_ignored(void **state)
{
    (void)state;
    struct fl_part_file file;
    struct sigaction found;
    signal(SIGHUP, SIG_IGN);
    assert_int_equal(fl_part_open(&file, "file", NULL), FL_OK);
    assert_int_equal(sigaction(SIGHUP, NULL, &found), 0);
    assert_ptr_equal(found.sa_handler, SIG_IGN);
    fl_part_drop(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_old_file_stays_until_the_new_one_is_whole),
        cmocka_unit_test(what_is_dropped_leaves_the_old_file),
        cmocka_unit_test(what_is_no_regular_file_is_written_in_place),
        cmocka_unit_test(a_link_is_written_through),
        cmocka_unit_test(a_signal_that_was_ignored_stays_ignored),
        cmocka_unit_test(a_signal_that_ends_the_process_takes_the_parts_along),
        cmocka_unit_test(a_signal_to_a_child_takes_nothing_along),
        cmocka_unit_test(a_folder_that_is_missing_is_told_at_once),
    };
    return cmocka_run_group_tests_name("replayer/part_file", tests, folder_make, folder_remove);
}
