/* Bytes in: a buffered look at a file or pipe. See input.c. */
#ifndef FL_INPUT_H
#define FL_INPUT_H

#include <fl/status.h>

#include "bytes.h"

struct fl_input {
    int fd;
    bool is_fd_owned;
    bool is_at_end; /* the descriptor has no more bytes */
    uint8_t *buffer;
    size_t capacity, begin, end; /* buffer[begin .. end) is read and not used */
    uint64_t offset;             /* in the file, of buffer[begin] */
    uint64_t file_bytes;         /* of a regular file, else 0 */
    char name[128];              /* for messages, printable */
};

enum fl_status fl_input_open(struct fl_input *input, const char *path, struct fl_error *err);
void fl_input_open_fd(struct fl_input *input, int fd, const char *name);
void fl_input_close(struct fl_input *input);

/* Have at least `bytes` bytes to look at, or as many as there are before the end. `*at` are
 * the unused bytes, `*have` their number. The buffer grows with what arrives, not with what a
 * damaged file promises. */
enum fl_status fl_input_peek(struct fl_input *input, size_t bytes, const uint8_t **at,
                             size_t *have, struct fl_error *err);

/* Use up `bytes` of the bytes that were looked at. */
void fl_input_skip(struct fl_input *input, size_t bytes);

#endif
