#include "imported.h"

static void every_kind_of_call_is_read(void **state)
{
    (void)state;
    check_import(
        "hello->malloc(24)                                = 0x5580\n"
        "hello->calloc(3, 7)                              = 0x55a0\n"
        "hello->realloc(0, 10)                            = 0x55c0\n"
        "hello->realloc(0x55c0, 100000)                   = 0x6000\n"
        "hello->memalign(128, 200, 0x55a165aa69c0, 2)     = 0x6b00\n"
        "hello->aligned_alloc(32, 64, 0, 7)               = 0x6c20\n"
        "hello->reallocarray(0x55a0, 20, 12, 0x55a0)      = 0x55a0\n"
        "hello->valloc(100, 1, 0x55a165aa7, 0)            = 0x8000\n"
        "hello->pvalloc(1, 0, 0, 223)                     = 0x9000\n"
        "hello->malloc_usable_size(0x5580, 1, 2, 0x8301)  = 24\n"
        "hello->malloc(18446744073709551516)              = 0\n"
        "hello->calloc(4611686018427387904, 16)           = 0\n"
        "hello->realloc(0x5580, 0)                        = 0\n"
        "hello->free(0)                                   = <void>\n"
        "hello->free(0x1230)                              = <void>\n"
        "hello->free_sized(0x6000, 100000)                = <void>\n"
        "hello->free_aligned_sized(0x6c20, 32, 64)        = <void>\n"
        "hello->cfree(0x6b00)                             = <void>\n"
        "+++ exited (status 0) +++\n",
        NULL,
        "malloc @0 24\ncalloc @1 21\nrealloc @2 10 null\nrealloc @2 100000\n"
        "memalign @3 align=128 200\naligned_alloc @4 align=32 64\nreallocarray @1 240\n"
        "valloc @5 align=4096 100\npvalloc @6 align=4096 1\nmalloc_usable_size @0 24\n"
        "malloc - 18446744073709551516 failed\ncalloc - 18446744073709551615 failed\n"
        "realloc @0 0 freed\nfree - null\nfree - unknown\nfree_sized @2 100000\n"
        "free_aligned_sized @4 64\nfree @3\n");
}

static void numbers_have_many_forms(void **state)
{
    (void)state;
    check_import(
        "malloc(0x18) = 0X\nmalloc(0x18) = 0x10\nrealloc(nil, 5) = 0x20\n"
        "realloc(NULL, -1) = nil\nfree((nil)) = <void>\nfree(nil) =\nfree(0x10) = 1\n",
        "ltrace",
        "lost 1\n! x: the trace is damaged: line 1: the call has neither its arguments "
        "and a result nor an end to come\n"
        "malloc @0 24\nrealloc @1 5 null\n"
        "realloc - 18446744073709551615 failed null\nfree - null\nlost 1\n"
        "! x: the trace is damaged: line 6: the call has neither its arguments and a "
        "result nor an end to come\nfree @0\n");
}

static void operators_of_cpp_are_their_c_calls(void **state)
{
    (void)state;
    check_import("cc->_Znwm(4, 0x7ffe, 0x7fff, 0x55)              = 0x10\n"
                 "cc->_Znam(40, 4, 0, 0x55)                       = 0x40\n"
                 "cc->_ZnwmSt11align_val_t(128, 64, 0, 0x55)      = 0x80\n"
                 "cc->operator new[](unsigned long)(16, 1, 2, 3)  = 0x200\n"
                 "cc->operator new(unsigned long, std::align_val_t)(128, 64, 0, 1) = 0x240\n"
                 "cc->operator delete(void*)(0x200, 1, 2, 3)      = <void>\n"
                 "cc->operator delete(void*, unsigned long)(0x240, 1, 2, 3) = <void>\n"
                 "cc->_ZdlPvm(0x10, 4, 0, 5)                      = <void>\n"
                 "cc->_ZdaPv(0x40, 1, 0x559, 0)                   = 0\n"
                 "cc->operator->()                                = 0\n",
                 NULL,
                 "malloc @0 4\nmalloc @1 40\naligned_alloc @2 align=64 128\nmalloc @3 16\n"
                 "aligned_alloc @4 align=64 128\nfree @3\nfree @4\nfree @0\nfree @1\n");
}

/* Recorded: ltrace -f -C -e malloc+free+_Znwm+_Znam of new int, new int[10]. */
static void a_call_in_another_is_a_part_of_it(void **state)
{
    (void)state;
    check_import(
        "25202 cc->operator new(unsigned long)(4, 0x7ffd, 0x7ffe, 0x55 <unfinished ...>\n"
        "25202 libstdc++.so.6->malloc(4)                  = 0x55cf0f5a2eb0\n"
        "25202 <... operator new(unsigned long) resumed> ) = 0x55cf0f5a2eb0\n"
        "25202 cc->operator new[](unsigned long)(40, 4, 0, 0x55 <unfinished ...>\n"
        "25202 libstdc++.so.6->operator new(unsigned long)(40, 4, 0, 1 <unfinished ...>\n"
        "25202 libstdc++.so.6->malloc(40)                 = 0x55cf0f5a2ed0\n"
        "25202 <... operator new(unsigned long) resumed> ) = 0x55cf0f5a2ed0\n"
        "25202 <... operator new[](unsigned long) resumed> ) = 0x55cf0f5a2ed0\n"
        "25202 cc->free(0x55cf0f5a2ed0 <unfinished ...>\n"
        "25202 free@libc.so.6(0x55cf0f5a2ed0)             = <void>\n"
        "25202 <... free resumed> )                       = <void>\n",
        NULL, "thread-start 0 25202\nthread 0\nmalloc @0 4\nmalloc @1 40\nfree @1\n");
}

/* Recorded: ltrace -f of two threads. */
static void calls_of_threads_are_told_apart(void **state)
{
    (void)state;
    check_import("4762 hello->malloc(100 <unfinished ...>\n"
                 "4763 hello->malloc(101 <unfinished ...>\n"
                 "4762 <... malloc resumed> )                      = 0x7fb6dc000b70\n"
                 "4762 hello->realloc(0x7fb6dc000b70, 500)         = 0x7fb6dc000b70\n"
                 "4763 <... malloc resumed> )                      = 0x7fb6d4000b70\n"
                 "4762 hello->free(0x7fb6dc000b70 <unfinished ...>\n"
                 "4763 hello->free(0x7fb6d4000b70 <unfinished ...>\n"
                 "4763 <... free resumed> )                        = <void>\n"
                 "4762 <... free resumed> )                        = <void>\n"
                 "4763 +++ exited (status 0) +++\n"
                 "[pid 4762] hello->malloc(1)                      = 0x10\n"
                 "[pid 4762] +++ killed by SIGKILL +++\n",
                 NULL,
                 "thread-start 0 4762\nthread 0\nmalloc @0 100\nrealloc @0 500\n"
                 "thread-start 1 4763\nthread 1\nmalloc @1 101\nfree @1\nthread 0\nfree @0\n"
                 "thread-end 1\nmalloc @0 1\nthread-end 0\n");
}

/* Recorded: ltrace -e malloc+realloc+reallocarray. What libc.so.6 calls bears others' names. */
static void calls_of_the_c_library_are_left_out(void **state)
{
    (void)state;
    check_import("hello->reallocarray(0, 10, 12, 1 <unfinished ...>\n"
                 "libc.so.6->calloc(0, 120)                        = 0x55a165aa6c90\n"
                 "<... reallocarray resumed> )                     = 0x55a165aa6c90\n"
                 "libc.so.6->realloc(0x56272716c630, 6)            = 0x6\n"
                 "libc.so.6->calloc(0, 1600 <unfinished ...>\n"
                 "realloc@libc.so.6(0, 1600)                       = 0x5592f15f84b0\n"
                 "<... calloc resumed> )                           = 0x5592f15f84b0\n",
                 NULL, "reallocarray @0 120 null\nrealloc @1 1600 null\n");
}

static void posix_memalign_shows_its_block_if_asked_to(void **state)
{
    (void)state;
    check_import("posix_memalign(0x7ffd6a561898, 64, 100, 0x20d11) = 0\n"
                 "posix_memalign(0x7ffd6a561898, 3, 100, 0x20d11)  = 22\n"
                 "posix_memalign([ 0x55fb0e1b19c0 ], 64, 100)      = 0\n"
                 "posix_memalign( <unfinished ...>\n"
                 "memalign(64, 50)                                 = 0x55fb0e1b2000\n"
                 "<... posix_memalign resumed> [ 0x55fb0e1b2000 ], 64, 50) = 0\n"
                 "free(0x55fb0e1b19c0)                             = <void>\n",
                 NULL,
                 "lost 1\nposix_memalign - align=4 100 failed\n"
                 "posix_memalign @0 align=64 100\nposix_memalign @1 align=64 50\nfree @0\n");
}

static void a_call_that_never_returns_is_given_up(void **state)
{
    (void)state;
    check_import("cc->_Znwm(99, 1, 2, 3 <unfinished ...>\n"
                 "libstdc++.so.6->malloc(99)                       = 0\n"
                 "libstdc++.so.6->__cxa_throw(0x10, 0x20, 0x30, 4 <no return ...>\n"
                 "cc->_Znwm(4, 1, 2, 3)                            = 0x10\n"
                 "cc->malloc(5 <unfinished ...>\n"
                 "--- SIGSEGV (Segmentation fault) ---\n"
                 "+++ killed by SIGSEGV +++\n",
                 NULL, "lost 1\nmalloc @0 4\nlost 1\n");
    check_import_end("1 malloc(5)  = 0x10\n1 malloc(6 <unfinished ...>\n", NULL,
                     "thread-start 0 1\nthread 0\nmalloc @0 5\n"
                     "! x: the trace is truncated: calls without an end: 1\n",
                     FL_TRUNCATED);
}

static void times_are_of_every_kind(void **state)
{
    (void)state;
    check_import("08:57:38 a->malloc(1)                      = 0x10\n"
                 "08:57:40 a->free(0x10)                     = <void>\n",
                 NULL, "malloc @0 1\ntick 2000000000\nfree @0\n");
    check_import(
        "7 23:59:59.788521 [0x55714e79e2ee] a->malloc(1) = 0x10 <0.000382>\n"
        "7 00:00:00.000001 [0x55714e79e301] a->free(0x10 <unfinished ...>\n"
        "7 00:00:00.000003 [0x55714e79e301] <... free resumed> ) = <void> <0.000002>\n",
        NULL, "thread-start 0 7\nthread 0\nmalloc @0 1\ntick 211482000\nfree @0\n");
    check_import("1796115458.859991   a->malloc(1)           = 0x10\n"
                 "1796115459.860318     a->free(0x10)        = <void>\n",
                 NULL, "malloc @0 1\ntick 1000327000\nfree @0\n");
    check_import("  0.000000 a->malloc(1)                    = 0x10\n"
                 "  0.000318 SYS_brk(0)                      = 0x55b7465bf000 <0.000042>\n"
                 " 12.000131 a->free(0x10)                   = <void>\n",
                 NULL, "malloc @0 1\ntick 12000449000\nfree @0\n");
}

static void metadata_says_whether_there_are_times(void **state)
{
    (void)state;
    static const char *const texts[] = {"1 10:00:00 a->malloc(1) = 0x10\n",
                                        "1 a->malloc(1) = 0x10\n"};
    static const char *const times[] = {"ns", "none"};
    for (size_t i = 0; i < 2; i++) {
        struct imported imported;
        imported_read(&imported, texts[i], strlen(texts[i]), NULL);
        assert_string_equal(fl_metadata_get(imported.meta, "imported_from", NULL), "ltrace");
        assert_string_equal(fl_metadata_get(imported.meta, "time", NULL), times[i]);
        imported_clear(&imported);
    }
}

/* Recorded: ltrace -f -e malloc+free+fork+… of a program that forks; the child frees what it
 * inherited. */
static void a_fork_has_a_heap_of_its_own(void **state)
{
    (void)state;
    static const char expected[] =
        "thread-start 0 6036\nthread 0\nmalloc @0 24\nthread-start 1 6225\nthread 1\n"
        "free - unknown\nmalloc @1 77\nthread 0\nmalloc @2 78\nthread 1\nfree @1\nthread-end "
        "1\n"
        "thread 0\nfree @2\nfree @0\nthread-end 0\n";
    static const char *const forks[] = {
        "6036 hello->fork()                               = 6225\n"
        "6225 <... fork resumed> )                        = 0\n",
        "6036 SYS_clone(0x1200011, 0, 0, 0x7f648fc66a10)  = 6225\n",
        "6036 SYS_clone(0x1200011, 0, 0, 0x7f648 <unfinished ...>\n"
        "6036 <... SYS_clone resumed> )                   = 0x1851\n",
        "6036 fork@libc.so.6( <unfinished ...>\n"
        "6225 <... fork resumed> )                        = 0\n",
    };
    for (size_t i = 0; i < sizeof forks / sizeof forks[0]; i++) {
        char text[1024];
        snprintf(text, sizeof text,
                 "6036 hello->malloc(24)                           = 0x5629f81362a0\n%s"
                 "6225 hello->free(0x5629f81362a0)                 = <void>\n"
                 "6225 hello->malloc(77)                           = 0x5629f81502b0\n"
                 "6036 hello->malloc(78)                           = 0x5629f81502b0\n"
                 "6225 hello->free(0x5629f81502b0)                 = <void>\n"
                 "6225 +++ exited (status 3) +++\n"
                 "6036 --- SIGCHLD (Child exited) ---\n"
                 "6036 hello->free(0x5629f81502b0)                 = <void>\n"
                 "6036 hello->free(0x5629f81362a0)                 = <void>\n"
                 "6036 +++ exited (status 0) +++\n",
                 forks[i]);
        check_import(text, NULL, expected);
    }
}

static void a_program_that_begins_has_a_heap_of_its_own(void **state)
{
    (void)state;
    check_import("1 a->malloc(1)                 = 0x10\n1 --- Called exec() ---\n"
                 "1 b->malloc(2)                 = 0x10\n1 b->free(0x10)  = <void>\n",
                 NULL, "thread-start 0 1\nthread 0\nmalloc @0 1\nmalloc @1 2\nfree @1\n");
}

static void threads_share_a_heap(void **state)
{
    (void)state;
    check_import(
        "1 a->malloc(1)                              = 0x10\n"
        "1 SYS_clone(0x3d0f00, 1, 2, 3)              = 2\n"
        "2 a->free(0x10)                             = <void>\n"
        "2 a->malloc(2)                              = 0x10\n"
        "1 SYS_clone(0x3d0f00, 1, 2, 3 <unfinished ...>\n"
        "3 a->free(0x10)                             = <void>\n"
        "1 <... SYS_clone resumed> )                 = 3\n"
        "3 a->malloc(3)                              = 0x20\n"
        "1 a->fork()                                 = -1\n"
        "1 a->free(0x20)                             = <void>\n",
        NULL,
        "thread-start 0 1\nthread 0\nmalloc @0 1\nthread-start 1 2\nthread 1\nfree @0\n"
        "malloc @0 2\nthread-start 2 3\nthread 2\nfree @0\nmalloc @0 3\nthread 0\n"
        "free @0\n");
}

static void what_is_no_call_of_the_family_is_passed_over(void **state)
{
    (void)state;
    check_import("1 a->strlen(\"malloc(3) = 0x4\") = 15\n"
                 "1 strchr(\"if not f(x):\\n\"..., '\\n') = \"\\n  with open(p,'rb') as _f: "
                 "_f\"... <0.000380>\n"
                 "1 a->printf(\"x = %d\\n\", 5 <unfinished ...>\n"
                 "1 a->malloc(8) = 0x10\n"
                 " > /lib/libc.so.6(malloc+0x4) [7f12]\n"
                 " > a(main+0x14) [5512]\n"
                 "\t/src/a.c:12:3\n"
                 "\n"
                 "1 <... printf resumed> ) = 6\n"
                 "1 SYS_exit_group(0 <no return ...>\n"
                 "1 unexpected breakpoint at 0x7f29163ef052\n"
                 "1 --- SIGUSR1 (User defined signal 1) ---\n"
                 "1 a->free(0x10) = <void>\n",
                 NULL, "thread-start 0 1\nthread 0\nmalloc @0 8\nlost 1\nfree @0\n");
}

static void an_odd_line_is_no_call(void **state)
{
    (void)state;
    static const char *const odd[] = {"1 a->malloc(8)",
                                      "1 a->malloc(8) = ",
                                      "1 a->malloc(8) = 0x30 <0.1",
                                      "1 a->malloc(x) = 0x30",
                                      "1 a->malloc() = 0x30",
                                      "1 a->malloc(8 <unfin",
                                      "1 a->calloc(3) = 0x30",
                                      "1 a->calloc(4611686018427387904, 16) = 0x30",
                                      "1 a->memalign(0xffffffffffffffff, 8) = 0x30",
                                      "1 a->memalign@libc = 0x30",
                                      "1 <... malloc resumed> ) = 0x30",
                                      "1 <... free resumed",
                                      "1 <... puts resumed",
                                      "1 +++ exited (st",
                                      "1 --- SIGCHLD (Chi",
                                      "1 2 a->malloc(8) = 0x30",
                                      "99999999999 a->malloc(8) = 0x30",
                                      "1 10:00 a->malloc(8) = 0x30",
                                      "1 10:00:61 a->malloc(8) = 0x30",
                                      "1 10.00 a->malloc(8) = 0x30",
                                      "1 1.000000 2.000000 a->malloc(8) = 0x30",
                                      "[pid x] a->malloc(8) = 0x30",
                                      "[0x1 a->malloc(8) = 0x30",
                                      "1",
                                      "hello",
                                      "hello (you)",
                                      "1 a->puts(\"x\") 3",
                                      "1 a->puts(\"(x) y=z\", "};
    check_odd_lines("1 a->malloc(8) = 0x20", odd, sizeof odd / sizeof odd[0],
                    "1 a->free(0x20) = <void>");
}

static void calls_in_calls_have_a_limit(void **state)
{
    (void)state;
    struct fl_test_output text;
    struct imported imported;
    fl_test_output_open(&text);
    for (unsigned i = 0; i < 9; i++) {
        fprintf(text.file, "lib%u->malloc(%u <unfinished ...>\n", i, i);
    }
    for (unsigned i = 0; i < 8; i++) {
        fputs("<... malloc resumed> ) = 0x10\n", text.file);
    }
    const char *bytes = fl_test_output_text(&text);
    imported_read(&imported, bytes, strlen(bytes), NULL);
    assert_string_equal(
        fl_test_output_text(&imported.text),
        "lost 1\n! x: the trace is damaged: line 9: a call in a call, deeper than "
        "is followed\nmalloc @0 0\n");
    imported_clear(&imported);
    fl_test_output_close(&text);
}

static void tasks_come_and_go(void **state)
{
    (void)state;
    struct fl_test_output text;
    struct imported imported;
    fl_test_output_open(&text);
    for (unsigned i = 1; i <= 1000; i++) {
        fprintf(text.file, "%u a->malloc(%u <unfinished ...>\n", i, i);
    }
    for (unsigned i = 1; i <= 1000; i += 2) {
        fprintf(text.file, "%u +++ exited (status 0) +++\n", i);
    }
    for (unsigned i = 2; i <= 1000; i += 2) {
        fprintf(text.file, "%u <... malloc resumed> ) = 0x%x\n", i, 16 * i);
    }
    const char *bytes = fl_test_output_text(&text);
    imported_read(&imported, bytes, strlen(bytes), NULL);
    assert_int_equal(imported.ended, FL_END);
    assert_int_equal(imported.totals.events, 500);
    assert_int_equal(imported.totals.lost_events, 500);
    assert_int_equal(imported.totals.live_objects, 500);
    imported_clear(&imported);
    fl_test_output_close(&text);
}

/* Recorded: ltrace -f -x malloc+free of python3, which has no -e, so that callers are not
 * shown. */
static void a_call_seen_at_its_symbol_too_is_one(void **state)
{
    (void)state;
    check_import("15953 malloc(32 <unfinished ...>\n"
                 "15953 malloc@libc.so.6(32)                       = 0x308712a0\n"
                 "15953 <... malloc resumed> )                     = 0x308712a0\n"
                 "15953 malloc(48 <unfinished ...>\n"
                 "15953 malloc@libc.so.6(48 <unfinished ...>\n"
                 "15953 --- SIGPROF (Profiling timer expired) ---\n"
                 "15953 <... malloc resumed> )                     = 0x308712d0\n"
                 "15953 <... malloc resumed> )                     = 0x308712d0\n"
                 "15953 free(0x308712a0 <unfinished ...>\n"
                 "15953 free@libc.so.6(0x308712a0)                 = <void>\n"
                 "15953 <... free resumed> )                       = <void>\n"
                 "15953 +++ exited (status 0) +++\n",
                 NULL,
                 "thread-start 0 15953\nthread 0\nmalloc @0 32\nmalloc @1 48\nfree @0\n"
                 "thread-end 0\n");
}

/* Of a line that begins as the one before no more is taken for the same than is. */
static void a_caller_is_read_anew_where_it_is_another(void **state)
{
    (void)state;
    check_import("perl->malloc(1)                       = 0x10\n"
                 "perl->malloc(2)                       = 0x20\n"
                 "perl->libc.so.6->malloc(3)            = 0x30\n" /* left out */
                 "perl->malloc(4)                       = 0x40\n"
                 "perl->puts(\"malloc(5) = 0x50\")       = 1\n"
                 "perl->malloc@libc.so.6->free(0x10)    = <void>\n"
                 "perl->malloc@libfoo.so.6(6)           = 0x60\n"
                 "perl->malloc_usable_size(0x20)        = 24\n"
                 "perl->mallocx(7)                      = 0x70\n"
                 "perl->malloc(8)->free(0x20)           = <void>\n"
                 "per->malloc(9)                        = 0x90\n"
                 "libstdc++.so.6->malloc(10)            = 0xa0\n"
                 "libstdc++.so.6->malloc(11)            = 0xb0\n"
                 "libc.so.6->malloc(12)                 = 0xc0\n" /* left out */
                 "libc.so.6->malloc(13)                 = 0xd0\n"
                 "libpthread-2.31.so->malloc(14)        = 0xe0\n"
                 "libpthread-2.31.so->malloc(15)        = 0xf0\n"
                 "malloc(16)                            = 0x100\n"
                 "malloc(17)                            = 0x110\n"
                 "perl->free(0x10)                      = <void>\n",
                 NULL,
                 "malloc @0 1\nmalloc @1 2\nmalloc @2 3\nmalloc @3 4\nfree @0\nmalloc @0 6\n"
                 "malloc_usable_size @1 24\nlost 1\n"
                 "! x: the trace is damaged: line 10: the call has neither its arguments and a "
                 "result nor an end to come\n"
                 "malloc @4 9\nmalloc @5 10\nmalloc @6 11\nmalloc @7 14\nmalloc @8 15\n"
                 "malloc @9 16\nmalloc @10 17\nfree - unknown\n");
}

static void it_is_known_by_what_only_ltrace_prints(void **state)
{
    (void)state;
    static const char *const others[] = {
        "execve(\"/bin/ls\", [\"ls\"], 0x7ffc 30 vars */) = 0\nbrk(NULL) = 0x5580\n",
        "puts(\"x\") = 2\n", "malloc 24 = 0x10\n", "--- SIGCHLD (Child exited) ---\n"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        check_refused(others[i], strlen(others[i]), NULL, FL_NOT_A_TRACE, NULL);
    }
    check_import("a->puts(\"x\") = 2\n", NULL, "");
    check_import("SYS_brk(0) = 0x10\n--- SIGCHLD (Child exited) ---\n", NULL, "");
    check_import("puts(\"x\") = 2\n<... getenv resumed> ) = nil\nmalloc(1) = 0x10\n", NULL,
                 "malloc @0 1\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_call_is_read),
        cmocka_unit_test(numbers_have_many_forms),
        cmocka_unit_test(operators_of_cpp_are_their_c_calls),
        cmocka_unit_test(a_call_in_another_is_a_part_of_it),
        cmocka_unit_test(calls_of_threads_are_told_apart),
        cmocka_unit_test(calls_of_the_c_library_are_left_out),
        cmocka_unit_test(posix_memalign_shows_its_block_if_asked_to),
        cmocka_unit_test(a_call_that_never_returns_is_given_up),
        cmocka_unit_test(times_are_of_every_kind),
        cmocka_unit_test(metadata_says_whether_there_are_times),
        cmocka_unit_test(a_fork_has_a_heap_of_its_own),
        cmocka_unit_test(a_program_that_begins_has_a_heap_of_its_own),
        cmocka_unit_test(threads_share_a_heap),
        cmocka_unit_test(what_is_no_call_of_the_family_is_passed_over),
        cmocka_unit_test(an_odd_line_is_no_call),
        cmocka_unit_test(calls_in_calls_have_a_limit),
        cmocka_unit_test(tasks_come_and_go),
        cmocka_unit_test(a_call_seen_at_its_symbol_too_is_one),
        cmocka_unit_test(a_caller_is_read_anew_where_it_is_another),
        cmocka_unit_test(it_is_known_by_what_only_ltrace_prints),
    };
    return cmocka_run_group_tests_name("ltrace", tests, NULL, NULL);
}
