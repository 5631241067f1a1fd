/* The functions of the malloc family by their names. */
#include "imported.h"

#include "bytes.h"
#include "family.h"
#include "input.h"

#define ROOM 128

/* The function that `text` begins with, in bytes of which none behind it count. */
static const struct fl_family *find(const char *text, const char behind[2])
{
    uint8_t room[ROOM + FL_INPUT_SLACK];
    memset(room, '(', sizeof room);
    memcpy(room, text, strlen(text));
    return fl_family_find(room, room + strlen(text), behind);
}

static void check_name(const char *name, enum fl_family_form form, enum fl_kind kind,
                       unsigned arguments)
{
    char text[ROOM];
    snprintf(text, sizeof text, "%s(", name);
    const struct fl_family *function = find(text, "(@");
    if (function == NULL || strcmp(function->name, name) != 0) {
        fail_msg("'%s' is not found", name);
    }
    assert_int_equal(function->bytes, strlen(name));
    assert_int_equal(function->form, form);
    assert_int_equal(function->kind, kind);
    assert_int_equal(function->argument_count, arguments);
    assert_null(find(name, "(@")); /* what has to be behind it is no part of the text */
    snprintf(text, sizeof text, "%sx(", name);
    assert_null(find(text, "(@"));
    snprintf(text, sizeof text, "x%s(", name);
    assert_null(find(text, "(@"));
}

static void functions_of_c_are_found(void **state)
{
    (void)state;
    check_name("malloc", FL_FAMILY_ALLOC, FL_CALL_MALLOC, 1);
    check_name("free", FL_FAMILY_FREE, FL_CALL_FREE, 1);
    check_name("realloc", FL_FAMILY_REALLOC, FL_CALL_REALLOC, 2);
    check_name("calloc", FL_FAMILY_CALLOC, FL_CALL_CALLOC, 2);
    check_name("memalign", FL_FAMILY_ALIGNED, FL_CALL_MEMALIGN, 2);
    check_name("posix_memalign", FL_FAMILY_POSIX, FL_CALL_POSIX_MEMALIGN, 3);
    check_name("aligned_alloc", FL_FAMILY_ALIGNED, FL_CALL_ALIGNED_ALLOC, 2);
    check_name("reallocarray", FL_FAMILY_REALLOCARRAY, FL_CALL_REALLOCARRAY, 3);
    check_name("malloc_usable_size", FL_FAMILY_USABLE, FL_CALL_USABLE_SIZE, 1);
    check_name("valloc", FL_FAMILY_PAGES, FL_CALL_VALLOC, 1);
    check_name("pvalloc", FL_FAMILY_PAGES, FL_CALL_PVALLOC, 1);
    check_name("cfree", FL_FAMILY_FREE, FL_CALL_FREE, 1);
    check_name("free_sized", FL_FAMILY_FREE_SIZED, FL_CALL_FREE_SIZED, 2);
    check_name("free_aligned_sized", FL_FAMILY_FREE_ALIGNED, FL_CALL_FREE_ALIGNED_SIZED, 3);
}

/* Mangled: `stem` is "_Znw" or "_Zna" and a letter of the size's type. */
static void check_new(const char *stem)
{
    static const char *const ends[] = {"", "RKSt9nothrow_t", "St11align_val_t",
                                       "St11align_val_tRKSt9nothrow_t"};
    for (size_t i = 0; i < 4; i++) {
        char name[ROOM];
        snprintf(name, sizeof name, "%s%s", stem, ends[i]);
        check_name(name, i < 2 ? FL_FAMILY_ALLOC : FL_FAMILY_NEW_ALIGNED,
                   i < 2 ? FL_CALL_MALLOC : FL_CALL_ALIGNED_ALLOC, i < 2 ? 1 : 2);
    }
}

static void check_delete(const char *stem, const char *const *ends)
{
    for (size_t i = 0; ends[i] != NULL; i++) {
        char name[ROOM];
        snprintf(name, sizeof name, "%s%s", stem, ends[i]);
        check_name(name, FL_FAMILY_FREE, FL_CALL_FREE, 1);
    }
}

static void mangled_operators_are_found(void **state)
{
    (void)state;
    static const char *const ends[] = {"",
                                       "m",
                                       "j",
                                       "RKSt9nothrow_t",
                                       "St11align_val_t",
                                       "St11align_val_tRKSt9nothrow_t",
                                       "mSt11align_val_t",
                                       "jSt11align_val_t",
                                       NULL};
    check_new("_Znwm");
    check_new("_Znwj");
    check_new("_Znam");
    check_new("_Znaj");
    check_delete("_ZdlPv", ends);
    check_delete("_ZdaPv", ends);
}

static void operators_are_found(void **state)
{
    (void)state;
    static const char *const ends[] = {"(void*)",
                                       "(void*, unsigned long)",
                                       "(void*, std::nothrow_t const&)",
                                       "(void*, std::align_val_t)",
                                       "(void*, unsigned long, std::align_val_t)",
                                       NULL};
    check_delete("operator delete", ends);
    check_delete("operator delete[]", ends);
    for (unsigned is_array = 0; is_array < 2; is_array++) {
        static const char *const news[] = {"", ", std::nothrow_t const&", ", std::align_val_t",
                                           ", std::align_val_t, std::nothrow_t const&"};
        for (size_t i = 0; i < 4; i++) {
            char name[ROOM];
            snprintf(name, sizeof name, "operator new%s(unsigned long%s)", is_array ? "[]" : "",
                     news[i]);
            check_name(name, i < 2 ? FL_FAMILY_ALLOC : FL_FAMILY_NEW_ALIGNED,
                       i < 2 ? FL_CALL_MALLOC : FL_CALL_ALIGNED_ALLOC, i < 2 ? 1 : 2);
        }
    }
}

static void what_is_behind_the_name_has_to_be_one_of_the_two(void **state)
{
    (void)state;
    assert_non_null(find("malloc@libc.so.6(", "(@"));
    assert_null(find("malloc@libc.so.6(", "(("));
    assert_non_null(find("malloc resumed>", "  "));
    assert_null(find("malloc(1)", "  "));
}

static void other_names_are_none(void **state)
{
    (void)state;
    static const char *const names[] = {"",          "m(",      "mal(",
                                        "mallinfo(", "freeze(", "freeaddrinfo(",
                                        "_Zd(",      "_Zdl(",   "Malloc(",
                                        "malloc (",  "_exit(",  "operator==(",
                                        "calloc1(",  "(",       "\xFF\xFF\xFF\xFF\xFF("};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        assert_null(find(names[i], "(@"));
    }
    static const uint8_t nothing[16 + FL_INPUT_SLACK] = {0};
    assert_null(
        fl_family_find(nothing, nothing + 16, "(@")); /* as an empty place of the table */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(functions_of_c_are_found),
        cmocka_unit_test(mangled_operators_are_found),
        cmocka_unit_test(operators_are_found),
        cmocka_unit_test(what_is_behind_the_name_has_to_be_one_of_the_two),
        cmocka_unit_test(other_names_are_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
