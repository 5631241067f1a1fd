/*
 * exhaust: takes memory until there is none, to be run under a limit (ulimit -v, -d). Each
 * refusal is NULL and ENOMEM, every block keeps its contents, and what was freed is there
 * again. Prints "survived".
 */
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "say.h"

enum { BLOCKS_MAX = 100000 };

static char *blocks[BLOCKS_MAX];
static size_t count;

static void must(bool is_so, const char *sentence)
{
    if (!is_so) {
        say("not so: %s\n", sentence);
        _exit(1);
    }
}

/* A block that knows its size and place; false when there is no memory. */
static bool take(size_t i, size_t bytes)
{
    errno = 0;
    blocks[i] = malloc(bytes);
    if (blocks[i] == NULL) {
        return false;
    }
    memset(blocks[i], (int)(i % 100), bytes);
    memcpy(blocks[i], &bytes, sizeof bytes);
    return true;
}

static size_t fill(size_t bytes)
{
    const size_t before = count;
    while (count < BLOCKS_MAX && take(count, bytes)) {
        count++;
    }
    must(count < BLOCKS_MAX, "memory ends");
    must(errno == ENOMEM, "errno is ENOMEM");
    return count - before;
}

static size_t check(size_t i)
{
    size_t bytes;
    memcpy(&bytes, blocks[i], sizeof bytes);
    for (size_t at = sizeof bytes; at < bytes; at += 97) {
        must(blocks[i][at] == (char)(i % 100), "contents are kept");
    }
    return bytes;
}

static void refuse_all(void)
{
    void *untouched = NULL;
    errno = 0;
    must(calloc(1, 1 << 28) == NULL && errno == ENOMEM, "calloc fails with ENOMEM");
    errno = 0;
    must(realloc(blocks[0], 1 << 28) == NULL && errno == ENOMEM, "realloc fails with ENOMEM");
    must(posix_memalign(&untouched, 4096, 1 << 28) == ENOMEM, "posix_memalign gives ENOMEM");
}

static void empty(void)
{
    while (count > 0) {
        check(--count);
        free(blocks[count]);
    }
}

int main(void)
{
    const size_t large = fill(3 << 20);
    const size_t middle = fill(50000);
    fill(1000);
    refuse_all();
    must(large > 0 && middle > 0, "there was memory");
    /* Every other block: what comes back is used again. */
    for (size_t i = 0; i < count; i += 2) {
        const size_t bytes = check(i);
        free(blocks[i]);
        must(take(i, bytes), "what was freed is there again");
    }
    empty();
    must(fill(3 << 20) > 0, "there is memory again");
    empty();
    say("survived\n");
    return 0;
}
