/*
 * Calls that glibc's mtrace logs, one of each kind, and those that it does not. Nothing else is
 * called between, so that the log is these calls and no other.
 */
#include <malloc.h>
#include <mcheck.h>
#include <stdint.h>
#include <stdlib.h>

int main(void)
{
    volatile size_t too_large = PTRDIFF_MAX;
    void *block;
    mtrace();
    void *one = malloc(10);
    one = realloc(one, 100000);
    void *none = realloc(one, too_large);
    void *two = calloc(3, 7);
    void *three = realloc(NULL, 5);
    free(NULL);
    free(two);
    three = realloc(three, 0);
    none = malloc(too_large);
    void *four = memalign(64, 100);
    if (posix_memalign(&block, 128, 50) == 0) {
        free(block);
    }
    (void)malloc_usable_size(one);
    free(four);
    void *five = malloc(77);
    muntrace();
    free(five);
    free(one);
    return none != NULL || three != NULL;
}
