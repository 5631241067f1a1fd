/*
 * The texts of the status list, and filling struct fl_error.
 */
#include <fl/status.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *text, *hint;
    int exit_class;
} status_table[] = {
#define FL_STATUS_ROW(name, exit_class, sentence, hint)                                        \
    [FL_##name] = {sentence, hint, exit_class},
    FL_STATUS_LIST(FL_STATUS_ROW)
#undef FL_STATUS_ROW
};
_Static_assert(sizeof status_table / sizeof status_table[0] == FL_STATUS_COUNT,
               "every status has its texts");

const char *fl_status_text(enum fl_status status)
{
    return (unsigned)status < FL_STATUS_COUNT ? status_table[status].text : "unknown status";
}

const char *fl_status_hint(enum fl_status status)
{
    return (unsigned)status < FL_STATUS_COUNT ? status_table[status].hint : "";
}

int fl_status_exit(enum fl_status status)
{
    return (unsigned)status < FL_STATUS_COUNT ? status_table[status].exit_class : FL_EXIT_BUG;
}

/* Length of the valid UTF-8 sequence at `at` that is no control character, or 0. */
static size_t printable_length(const unsigned char *at)
{
    if (at[0] < 0x80) {
        return at[0] >= 0x20 && at[0] != 0x7F;
    }
    const size_t length = at[0] >= 0xF0 ? 4 : at[0] >= 0xE0 ? 3 : 2;
    if (at[0] < 0xC2 || at[0] > 0xF4 || (at[0] == 0xC2 && at[1] < 0xA0)) {
        return 0;
    }
    for (size_t i = 1; i < length; i++) {
        if ((at[i] & 0xC0) != 0x80) {
            return 0;
        }
    }
    return length;
}

void fl_make_printable(char *text)
{
    unsigned char *at = (unsigned char *)text;
    while (*at != '\0') {
        const size_t length = printable_length(at);
        if (length == 0) {
            *at = '?';
        }
        at += length == 0 ? 1 : length;
    }
}

static void error_fill(struct fl_error *err, enum fl_status status, int os_errno,
                       const char *format, va_list args) __attribute__((format(printf, 4, 0)));

static void error_fill(struct fl_error *err, enum fl_status status, int os_errno,
                       const char *format, va_list args)
{
    err->status = status;
    err->os_errno = os_errno;
    err->offset_in_file = FL_NO_OFFSET;
    err->chunk = FL_NO_CHUNK;
    const int length = vsnprintf(err->message, sizeof err->message, format, args);
    if (os_errno != 0 && length >= 0 && (size_t)length < sizeof err->message) {
        snprintf(err->message + length, sizeof err->message - (size_t)length, ": %s",
                 strerror(os_errno));
    }
    fl_make_printable(err->message);
}

enum fl_status fl_fail(struct fl_error *err, enum fl_status status, const char *format, ...)
{
    if (err != NULL) {
        va_list args;
        va_start(args, format);
        error_fill(err, status, 0, format, args);
        va_end(args);
    }
    return status;
}

enum fl_status fl_fail_os(struct fl_error *err, enum fl_status status, int os_errno,
                          const char *format, ...)
{
    if (err != NULL) {
        va_list args;
        va_start(args, format);
        error_fill(err, status, os_errno, format, args);
        va_end(args);
    }
    return status;
}
