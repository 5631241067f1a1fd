/* Bytes in: a buffered look at a file or pipe. See input.c. */
#ifndef FL_INPUT_H
#define FL_INPUT_H

#include <fl/status.h>

#include "bytes.h"

/* No compression says more with a byte: a zstd block of 4 bytes stands for 128 KiB at most.
 * Only what is compressed twice holds more for each byte of its file, and nothing says how
 * much. */
#define FL_UNPACKED_PER_BYTE 32768u
#define FL_FILE_BYTES_LEAST  1024u /* a smaller file may hold as much as one of so many bytes */

#define FL_INPUT_SLACK       8u /* bytes behind those peeked at that can be read, whatever they are */

/* Bytes that are made of another input's, for example by unpacking them. */
struct fl_input_layer {
    /* Up to `room` bytes to `at`; `*got` is 0 at the end only. A failure is final, so it is not
     * FL_CORRUPT, after which a reader goes on. */
    enum fl_status (*read)(struct fl_input_layer *layer, uint8_t *at, size_t room, size_t *got,
                           struct fl_error *err);
    uint64_t (*file_offset)(const struct fl_input_layer *layer); /* bytes of file used up */
    void (*close)(struct fl_input_layer *layer);
};

struct fl_input {
    int fd;
    bool is_fd_owned;
    struct fl_input_layer *layer; /* owned; NULL: the bytes are those of the descriptor */
    bool is_at_end;               /* there are no more bytes */
    uint8_t *buffer;
    size_t capacity, begin, end; /* buffer[begin .. end) is read and not used */
    uint64_t offset;             /* in the bytes, of buffer[begin] */
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

/* Bytes of the file that were used up: those of the lowest layer. */
uint64_t fl_input_file_offset(const struct fl_input *input);

/* Bytes of the file, of a pipe those that were used up; at least FL_FILE_BYTES_LEAST. Limits of
 * what may be made of them are multiples of it. */
uint64_t fl_input_extent(const struct fl_input *input);

/* Use up `bytes` of the bytes that were looked at. */
void fl_input_skip(struct fl_input *input, size_t bytes);

#endif
