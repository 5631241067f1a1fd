/*
 * Any bytes as an --alloc list of flreplay (first byte even) or as FLMALLOC of libflmalloc.so
 * (odd): refused with a sentence, or each heap that it asks for is made and used. The rest of
 * the first byte is how much address space the heaps get.
 */
#include "fuzz.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "exercise.h"
#include "report.h"
#include "settings.h"
#include "target.h"

#define RESERVE_LEAST ((size_t)64 << 10)
#define HEAPS_MAX     4u /* of one list: 32 that are alike show no more */

/* ---- --alloc ---- */

static bool is_family(const struct fl_allocator_ops *ops)
{
    return fl_allocator_find(ops->name, strlen(ops->name)) == ops;
}

static void list_use(const char *text, size_t reserve_bytes)
{
    static const struct fl_catalog catalog = {.extra = NULL};
    static struct fl_target_list list;
    struct fl_error err;
    list.count = 0;
    const enum fl_status status = fl_target_list_add(&catalog, text, &list, &err);
    if (status != FL_OK) {
        must_tell(&err, status);
        must(list.count == 0, "a list that is refused adds nothing");
        return;
    }
    must(list.count > 0 && list.count <= FL_TARGETS_MAX, "a list names an allocator");
    size_t heaps = 0;
    for (size_t i = 0; i < list.count && heaps < HEAPS_MAX; i++) {
        const struct fl_target *target = &list.at[i];
        must(memchr(target->label, '\0', sizeof target->label) != NULL, "a label ends");
        if (is_family(target->ops)) {
            exercise(target->ops, &target->config, reserve_bytes);
            heaps++;
        }
    }
}

/* ---- FLMALLOC ---- */

/* Where settings.c gets instead of to the end of the process: it is built with _exit so
 * named. */
static jmp_buf refused;
_Noreturn void fuzz_exit(int status);

void fuzz_exit(int status)
{
    must(status == 125, "a mistake in FLMALLOC has its exit status");
    longjmp(refused, 1);
}

void fl_report(const char *format, ...)
{
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    const int length = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    must(length > 0, "a mistake in FLMALLOC is told");
}

static void variable_use(char *variable, size_t reserve_bytes)
{
    static struct fl_settings settings;
    char *only[] = {variable, NULL};
    char **saved = environ;
    environ = only;
    const bool is_taken = setjmp(refused) == 0;
    if (is_taken) {
        fl_settings_read(&settings);
    }
    environ = saved;
    if (is_taken) {
        must(settings.check_every > 0, "checks have an interval");
        exercise(settings.ops, &settings.config, reserve_bytes);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    if (count == 0) {
        return 0;
    }
    const size_t reserve_bytes = RESERVE_LEAST << (bytes[0] / 2 % 9);
    char *text = fuzz_text(bytes + 1, count - 1);
    if (bytes[0] % 2 == 0) {
        list_use(text, reserve_bytes);
    } else {
        char *variable;
        must(asprintf(&variable, "FLMALLOC=%s", text) > 0, "room for the variable");
        variable_use(variable, reserve_bytes);
        free(variable);
    }
    free(text);
    return 0;
}
