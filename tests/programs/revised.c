/*
 * revised: a program that is built twice, the second time with REVISED: one site more, one
 * less, one that asks for twice as much and keeps it, an inlined one that asks once more, and
 * others that stay as they are, though every line stands elsewhere. Sites are functions, so
 * each is kept out of line; the thread is there so that the last frames are not the program's
 * alone.
 */
#include <pthread.h>

#include "say.h"

#ifdef __clang__ /* clones no function */
#define OUT_OF_LINE __attribute__((noinline))
#else
#define OUT_OF_LINE __attribute__((noinline, noclone))
#endif

enum { ROWS = 500, SLOTS = 100, SLOTS_REVISED = 200, COPIES = 50, LOGGED = 300 };

static void *kept[SLOTS_REVISED];

#ifdef REVISED
OUT_OF_LINE static void audit_log(void)
{
    for (int i = 0; i < LOGGED; i++) {
        free(malloc(40));
    }
}
#else
OUT_OF_LINE static void legacy_copy(void)
{
    for (int i = 0; i < COPIES; i++) {
        free(calloc(8, 8));
    }
}
#endif

__attribute__((always_inline)) static inline void note_take(void)
{
    void *note = malloc(17);
    void *other = malloc(5000);
    free(note);
    free(other);
}

OUT_OF_LINE static void fill_cache(int slots)
{
    for (int i = 0; i < slots; i++) {
        kept[i] = malloc(1000);
    }
}

OUT_OF_LINE static void read_rows(void)
{
    for (int i = 0; i < ROWS; i++) {
        free(realloc(malloc(24), 48));
    }
    note_take();
#ifdef REVISED
    note_take();
#endif
}

static void *thread_run(void *argument)
{
    read_rows();
    return argument;
}

int main(void)
{
    pthread_t thread;
#ifdef REVISED
    audit_log();
    fill_cache(SLOTS_REVISED);
#else
    legacy_copy();
    fill_cache(SLOTS);
#endif
    if (pthread_create(&thread, NULL, thread_run, NULL) != 0) {
        return 1;
    }
    pthread_join(thread, NULL);
    say("done\n");
    return 0;
}
