/*
 * misuse MODE: what a program must not do with the malloc family, one mode each. The pointer
 * that is named in the message is printed first. Ends with 3 when it was survived, with 4 when
 * blocks do not lie as the mode needs them.
 */
#include <malloc.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { BYTES = 104, PAGE = 4096, BIG = 3 << 20 };

void free_sized(void *block, size_t bytes) __attribute__((weak));

/* Through a volatile, or the compiler sees the misuse, warns, and makes use of it. */
static void *volatile victim;
static void *volatile outcome;

static char *named(void *block)
{
    victim = block;
    char line[32];
    const int length = snprintf(line, sizeof line, "%p\n", block);
    if (write(STDOUT_FILENO, line, (size_t)length) != length)
        _exit(9);
    return victim;
}

static char *take(size_t bytes)
{
    char *block = malloc(bytes);
    if (block == NULL)
        _exit(9);
    memset(block, 0, bytes);
    return block;
}

static void must(bool is_so)
{
    if (!is_so)
        _exit(4);
}

/* `count` blocks each right behind the one before, and one more behind them. */
static void take_row(char **blocks, size_t count)
{
    size_t in_row = 0;
    for (size_t tries = 0; tries < 1000 && in_row <= count; tries++) {
        char *block = take(BYTES);
        const char *last = in_row > 0 ? blocks[in_row - 1] : NULL;
        const size_t gap = last != NULL ? (size_t)(block - last) : 0;
        if (last != NULL && (block < last || gap > malloc_usable_size(blocks[0]) + 16))
            in_row = 0;
        if (in_row < count)
            blocks[in_row] = block;
        in_row++;
    }
    must(in_row > count);
}

static void free_twice(void)
{
    char *row[2];
    take_row(row, 2);
    free(row[0]);
    free(named(row[0]));
}

static void free_merged(void)
{
    char *row[3];
    take_row(row, 3);
    free(row[0]);
    free(row[2]);
    free(row[1]);
    free(named(row[1]));
}

/* The place lies inside a larger block now. */
static void free_reused(void)
{
    char *row[2];
    take_row(row, 2);
    free(row[0]);
    free(row[1]);
    for (size_t tries = 0; tries < 1000; tries++) {
        const char *larger = take((size_t)2 * BYTES);
        if (row[1] > larger && row[1] < larger + (ptrdiff_t)2 * BYTES)
            free(named(row[1]));
    }
    must(false);
}

static void free_big_twice(void)
{
    char *block = take(BIG);
    free(block);
    free(named(block));
}

static void free_stack(void)
{
    _Alignas(16) char place[64] = {0};
    free(named(place));
}

static void free_static(void)
{
    static _Alignas(16) char place[64];
    free(named(place));
}

static void free_mapped(void)
{
    char *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    must(page != MAP_FAILED);
    free(named(page + 16));
}

static void free_low(void)
{
    free(named((void *)(uintptr_t)16));
}

static void free_misaligned(void)
{
    free(named(take(BYTES) + 1));
}

static void free_inside(void)
{
    free(named(take(BYTES) + 48));
}

static void free_inside_big(void)
{
    free(named(take(BIG) + PAGE));
}

/* Writes `with` over the header behind the first of two blocks. */
static void overflow(char **row, int with)
{
    take_row(row, 2);
    memset(row[0], with, (size_t)(row[1] - row[0]));
}

static void overflow_free_next(void)
{
    char *row[2];
    overflow(row, 'A');
    free(named(row[1]));
}

static void overflow_free_first(void)
{
    char *row[2];
    overflow(row, 'A');
    free(named(row[0]));
}

static void overflow_zero_next(void)
{
    char *row[2];
    overflow(row, 0);
    free(named(row[1]));
}

static void overflow_ones_first(void)
{
    char *row[2];
    overflow(row, 0xff);
    free(named(row[0]));
}

static void sized_twice(void)
{
    char *block = take(BYTES);
    take(BYTES);
    free(block);
    if (free_sized != NULL)
        free_sized(named(block), BYTES);
}

static void realloc_freed(void)
{
    char *block = take(BYTES);
    take(BYTES);
    free(block);
    outcome = realloc(named(block), 300);
}

static void realloc_zero_freed(void)
{
    char *block = take(BYTES);
    take(BYTES);
    free(block);
    outcome = realloc(named(block), 0);
}

static void realloc_foreign(void)
{
    _Alignas(16) char place[64] = {0};
    outcome = realloc(named(place), 300);
}

static void realloc_inside(void)
{
    outcome = realloc(named(take(BYTES) + 48), 300);
}

static void realloc_overflowed(void)
{
    char *row[2];
    overflow(row, 'A');
    outcome = realloc(named(row[1]), 300);
}

static void usable_freed(void)
{
    char *block = take(BYTES);
    take(BYTES);
    free(block);
    outcome = (void *)malloc_usable_size(named(block));
}

static void usable_foreign(void)
{
    static _Alignas(16) char place[64];
    outcome = (void *)malloc_usable_size(named(place));
}

/* For check=full: nothing is freed, the next call finds it. */
static void overwritten(void)
{
    char *row[2];
    overflow(row, 0);
    take(BYTES);
}

static void handle_by_allocating(int signal)
{
    (void)signal;
    outcome = malloc(10);
}

/* calloc meets a page it cannot write: the handler runs in the middle of it. */
static void reentered(void)
{
    struct sigaction action = {.sa_handler = handle_by_allocating};
    const size_t bytes = (size_t)25 * PAGE;
    char *block = take(bytes);
    char *page = block + PAGE - (uintptr_t)block % PAGE + (size_t)10 * PAGE;
    free(block);
    sigaction(SIGSEGV, &action, NULL);
    must(mprotect(page, PAGE, PROT_NONE) == 0);
    outcome = calloc(1, bytes);
}

static const struct {
    const char *name;
    void (*run)(void);
} modes[] = {
    {"free-twice", free_twice},
    {"free-merged", free_merged},
    {"free-reused", free_reused},
    {"free-big-twice", free_big_twice},
    {"free-stack", free_stack},
    {"free-static", free_static},
    {"free-mapped", free_mapped},
    {"free-low", free_low},
    {"free-misaligned", free_misaligned},
    {"free-inside", free_inside},
    {"free-inside-big", free_inside_big},
    {"overflow-free-next", overflow_free_next},
    {"overflow-free-first", overflow_free_first},
    {"overflow-zero-next", overflow_zero_next},
    {"overflow-ones-first", overflow_ones_first},
    {"sized-twice", sized_twice},
    {"realloc-freed", realloc_freed},
    {"realloc-zero-freed", realloc_zero_freed},
    {"realloc-foreign", realloc_foreign},
    {"realloc-inside", realloc_inside},
    {"realloc-overflowed", realloc_overflowed},
    {"usable-freed", usable_freed},
    {"usable-foreign", usable_foreign},
    {"overwritten", overwritten},
    {"reentered", reentered},
};

int main(int argc, char **argv)
{
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++)
        if (argc == 2 && strcmp(argv[1], modes[i].name) == 0) {
            modes[i].run();
            return 3;
        }
    return 2;
}
