/* What the targets have in common. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

void must(bool condition, const char *what)
{
    if (!condition) {
        dprintf(STDERR_FILENO, "broken: %s\n", what);
        abort();
    }
}

void must_tell(const struct fl_error *err, enum fl_status status)
{
    char text[FL_ERROR_MESSAGE_MAX];
    must(status != FL_OK && (unsigned)status < FL_STATUS_COUNT, "a refusal has a status");
    must(status != FL_BUG, "bad input is no bug of ours");
    must(err->status == status, "an error says its status");
    must(memchr(err->message, '\0', sizeof err->message) != NULL, "a message ends");
    must(err->message[0] != '\0', "a refusal says what is wrong");
    memcpy(text, err->message, sizeof text);
    fl_make_printable(text);
    must(strcmp(text, err->message) == 0, "a message can be printed");
}

uint8_t choose_byte(struct choices *choices)
{
    return (uint8_t)choose(choices, 1);
}

uint64_t choose(struct choices *choices, unsigned bytes)
{
    uint64_t number = 0;
    for (; bytes > 0 && choices->left > 0; bytes--, choices->left--) {
        number = number << 8 | *choices->at++;
    }
    return number;
}

char *fuzz_text(const uint8_t *bytes, size_t count)
{
    char *text = malloc(count + 1);
    must(text != NULL, "room for the input");
    if (count > 0) {
        memcpy(text, bytes, count);
    }
    text[count] = '\0';
    return text;
}

void fuzz_file_make(struct fuzz_file *file, const uint8_t *bytes, size_t count)
{
    file->fd = memfd_create("input", MFD_CLOEXEC);
    must(file->fd >= 0, "a file in memory");
    must(count == 0 || pwrite(file->fd, bytes, count, 0) == (ssize_t)count,
         "the input fits it");
    snprintf(file->path, sizeof file->path, "/proc/self/fd/%d", file->fd);
}

void fuzz_file_end(struct fuzz_file *file)
{
    close(file->fd);
}

FILE *fuzz_nowhere(void)
{
    static FILE *nowhere;
    if (nowhere == NULL) {
        nowhere = fopen("/dev/null", "we");
        must(nowhere != NULL, "/dev/null is there");
    }
    return nowhere;
}
