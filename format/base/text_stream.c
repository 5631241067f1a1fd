/*
 * A cookie for stdio with a buffer that doubles, so that writing is amortised O(1) per byte. A
 * write that finds no memory fails as on a full disk; fclose gives the text only when every
 * write was taken.
 */
#include <fl/text_stream.h>

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct text {
    char **text; /* the caller's, as are these two */
    size_t *bytes;
    char *at;
    size_t used, room; /* one byte of the room is for the NUL */
    bool is_cut;
};

static ssize_t text_write(void *cookie, const char *from, size_t bytes)
{
    struct text *text = cookie;
    if (text->room - text->used <= bytes) {
        const size_t room = 2 * text->room + bytes + 1;
        char *grown = realloc(text->at, room);
        if (grown == NULL) {
            text->is_cut = true;
            errno = ENOMEM;
            return 0; /* an error to stdio */
        }
        text->at = grown;
        text->room = room;
    }
    memcpy(text->at + text->used, from, bytes);
    text->used += bytes;
    return (ssize_t)bytes;
}

static int text_close(void *cookie)
{
    struct text *text = cookie;
    const bool is_whole = !text->is_cut;
    if (is_whole) {
        text->at[text->used] = '\0';
        *text->text = text->at;
        *text->bytes = text->used;
    } else {
        free(text->at);
    }
    free(text);
    return is_whole ? 0 : -1;
}

FILE *fl_text_stream_open(char **text, size_t *bytes)
{
    struct text *made = calloc(1, sizeof *made);
    char *at = malloc(1);
    const cookie_io_functions_t functions = {.write = text_write, .close = text_close};
    FILE *stream = made == NULL || at == NULL ? NULL : fopencookie(made, "w", functions);
    *text = NULL;
    *bytes = 0;
    if (stream == NULL) {
        free(made);
        free(at);
        return NULL;
    }
    *made = (struct text){.text = text, .bytes = bytes, .at = at, .room = 1};
    return stream;
}
