/*
 * family: the allocators of the registry as FLMALLOC takes them, one a line, those with a knob
 * "augment" once more with augment=max. What a test runs for each of these covers the next one
 * too.
 */
#include <fl/allocator.h>

#include <stdio.h>
#include <string.h>

int main(void)
{
    for (size_t i = 0; i < fl_allocator_count(); i++) {
        const struct fl_allocator_ops *ops = fl_allocator_at(i);
        puts(ops->name);
        for (size_t j = 0; j < ops->knob_count; j++)
            if (strcmp(ops->knobs[j].name, "augment") == 0)
                printf("%s,augment=max\n", ops->name);
    }
    return 0;
}
