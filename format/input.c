/*
 * Bytes in, with large reads: system calls are slow, so call read less. Works on pipes; the
 * only look-ahead is the buffer.
 */
#include "input.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_BYTES (256u * 1024)

void fl_input_open_fd(struct fl_input *input, int fd, const char *name)
{
    *input = (struct fl_input){.fd = fd};
    snprintf(input->name, sizeof input->name, "%s", name);
    fl_make_printable(input->name);
    struct stat facts;
    if (fstat(fd, &facts) == 0 && S_ISREG(facts.st_mode)) {
        input->file_bytes = (uint64_t)facts.st_size;
    }
}

enum fl_status fl_input_open(struct fl_input *input, const char *path, struct fl_error *err)
{
    if (strcmp(path, "-") == 0) {
        fl_input_open_fd(input, STDIN_FILENO, "standard input");
        return FL_OK;
    }
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return fl_fail_os(err, FL_IO, errno, "cannot open %s", path);
    }
    struct stat facts;
    if (fstat(fd, &facts) == 0 && S_ISDIR(facts.st_mode)) {
        close(fd);
        return fl_fail(err, FL_IO, "%s is a directory", path);
    }
    fl_input_open_fd(input, fd, path);
    input->is_fd_owned = true;
    return FL_OK;
}

void fl_input_close(struct fl_input *input)
{
    free(input->buffer);
    if (input->layer != NULL) {
        input->layer->close(input->layer);
    }
    if (input->is_fd_owned) {
        close(input->fd);
    }
}

/* Room for READ_BYTES more behind the unused bytes. */
static bool buffer_reserve(struct fl_input *input)
{
    const size_t used = input->end - input->begin;
    if (input->begin > 0) {
        memmove(input->buffer, input->buffer + input->begin, used);
        input->begin = 0;
        input->end = used;
    }
    if (input->capacity - used >= READ_BYTES) {
        return true;
    }
    const size_t capacity = 2 * input->capacity + READ_BYTES;
    uint8_t *grown = realloc(input->buffer, capacity + FL_INPUT_SLACK);
    if (grown == NULL) {
        return false;
    }
    memset(grown + used, 0, capacity + FL_INPUT_SLACK - used);
    input->buffer = grown;
    input->capacity = capacity;
    return true;
}

static enum fl_status layer_fill(struct fl_input *input, struct fl_error *err)
{
    size_t got = 0;
    const enum fl_status status = input->layer->read(input->layer, input->buffer + input->end,
                                                     input->capacity - input->end, &got, err);
    if (status == FL_OK) {
        input->end += got;
        input->is_at_end = got == 0;
    }
    return status;
}

static enum fl_status buffer_fill(struct fl_input *input, struct fl_error *err)
{
    if (!buffer_reserve(input)) {
        return fl_fail(err, FL_NOMEM, "no memory to read %s", input->name);
    }
    if (input->layer != NULL) {
        return layer_fill(input, err);
    }
    const ssize_t got =
        read(input->fd, input->buffer + input->end, input->capacity - input->end);
    if (got > 0) {
        input->end += (size_t)got;
    } else if (got == 0) {
        input->is_at_end = true;
    } else if (errno == EAGAIN) {
        poll(&(struct pollfd){.fd = input->fd, .events = POLLIN}, 1, -1);
    } else if (errno != EINTR) {
        return fl_fail_os(err, FL_IO, errno, "cannot read %s", input->name);
    }
    return FL_OK;
}

enum fl_status fl_input_peek(struct fl_input *input, size_t bytes, const uint8_t **at,
                             size_t *have, struct fl_error *err)
{
    while (input->end - input->begin < bytes && !input->is_at_end) {
        const enum fl_status status = buffer_fill(input, err);
        if (status != FL_OK) {
            return status;
        }
    }
    *at = input->buffer + input->begin;
    *have = input->end - input->begin;
    return FL_OK;
}

void fl_input_skip(struct fl_input *input, size_t bytes)
{
    input->begin += bytes;
    input->offset += bytes;
}

uint64_t fl_input_file_offset(const struct fl_input *input)
{
    return input->layer == NULL ? input->offset : input->layer->file_offset(input->layer);
}

uint64_t fl_input_extent(const struct fl_input *input)
{
    const uint64_t used = fl_input_file_offset(input);
    const uint64_t bytes = used > input->file_bytes ? used : input->file_bytes;
    return bytes > FL_FILE_BYTES_LEAST ? bytes : FL_FILE_BYTES_LEAST;
}
