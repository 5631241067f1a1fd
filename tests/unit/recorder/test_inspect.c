#include <fl_test.h>

#include <elf.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "inspect.h"

static char path[] = "/tmp/fl_inspect_XXXXXX";

static void file_make(const void *content, size_t bytes)
{
    const int fd = open(path, O_WRONLY | O_TRUNC);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, content, bytes), bytes);
    close(fd);
}

/* An ELF header as this machine's, without segments. */
static Elf64_Ehdr header_make(Elf64_Half machine)
{
    Elf64_Ehdr header = {.e_type = ET_EXEC,
                         .e_machine = machine,
                         .e_version = EV_CURRENT,
                         .e_ehsize = sizeof header,
                         .e_phentsize = sizeof(Elf64_Phdr)};
    memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = ELFCLASS64;
    header.e_ident[EI_DATA] = ELFDATA2LSB;
    header.e_ident[EI_VERSION] = EV_CURRENT;
    return header;
}

#if defined(__x86_64__)
#define OWN_MACHINE EM_X86_64
#else
#define OWN_MACHINE EM_AARCH64
#endif

static void expect_refusal(const char *word)
{
    struct fl_error err;
    assert_int_equal(fl_inspect_program(path, &err), FL_MISSING);
    assert_non_null(strstr(err.message, word));
}

static void this_program_can_be_recorded(void **state)
{
    (void)state;
    assert_int_equal(fl_inspect_program("/proc/self/exe", NULL), FL_OK);
    assert_int_equal(fl_inspect_program("sh", NULL), FL_OK);
}

static void what_is_not_there_is_left_to_exec(void **state)
{
    (void)state;
    assert_int_equal(fl_inspect_program("/no/such/program", NULL), FL_OK);
}

static void a_static_program_is_refused(void **state)
{
    (void)state;
    const Elf64_Ehdr header = header_make(OWN_MACHINE);
    file_make(&header, sizeof header);
    expect_refusal("statically linked");
}

static void another_machine_is_refused(void **state)
{
    (void)state;
    const Elf64_Ehdr header = header_make(EM_RISCV);
    file_make(&header, sizeof header);
    expect_refusal("another kind of machine");
}

static void a_setuid_program_of_another_user_is_refused(void **state)
{
    (void)state;
    file_make("", 0);
    if (geteuid() != 0 || chown(path, 1, (gid_t)-1) != 0)
        skip();
    assert_int_equal(chmod(path, 04755), 0);
    expect_refusal("setuid");
    assert_int_equal(chown(path, 0, (gid_t)-1), 0);
    assert_int_equal(chmod(path, 0755), 0);
}

static void a_script_is_judged_by_its_interpreter(void **state)
{
    (void)state;
    const char of_shell[] = "#! /bin/sh -e\n";
    file_make(of_shell, sizeof of_shell - 1);
    assert_int_equal(fl_inspect_program(path, NULL), FL_OK);
    char endless[128];
    snprintf(endless, sizeof endless, "#!%s\n", path);
    file_make(endless, strlen(endless));
    assert_int_equal(fl_inspect_program(path, NULL), FL_OK);
}

static void noise_is_no_program_of_ours_to_judge(void **state)
{
    (void)state;
    file_make("\177ELF\2\1\1\377\377", 9);
    assert_int_equal(fl_inspect_program(path, NULL), FL_OK);
}

static int file_begin(void **state)
{
    (void)state;
    const int fd = mkstemp(path);
    return fd < 0 || fchmod(fd, 0755) != 0 || close(fd) != 0;
}

static int file_end(void **state)
{
    (void)state;
    return unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(this_program_can_be_recorded),
        cmocka_unit_test(what_is_not_there_is_left_to_exec),
        cmocka_unit_test(a_static_program_is_refused),
        cmocka_unit_test(another_machine_is_refused),
        cmocka_unit_test(a_setuid_program_of_another_user_is_refused),
        cmocka_unit_test(a_script_is_judged_by_its_interpreter),
        cmocka_unit_test(noise_is_no_program_of_ours_to_judge),
    };
    return cmocka_run_group_tests_name("inspect", tests, file_begin, file_end);
}
