/*
 * Linear probing with Fibonacci hashing (Knuth, The Art of Computer Programming 3, 6.4).
 */
#include "numbers.h"

#include <stdlib.h>

#define FIRST_CAPACITY 64u

static struct fl_number *place_find(const struct fl_numbers *numbers, uint64_t from)
{
    size_t place =
        (size_t)(from * UINT64_C(0x9E3779B97F4A7C15) >> 32) & (numbers->capacity - 1);
    while (numbers->places[place].to != FL_NUMBER_NONE && numbers->places[place].from != from) {
        place = (place + 1) & (numbers->capacity - 1);
    }
    return &numbers->places[place];
}

uint32_t fl_numbers_get(const struct fl_numbers *numbers, uint64_t from)
{
    return numbers->count == 0 ? FL_NUMBER_NONE : place_find(numbers, from)->to;
}

static bool numbers_grow(struct fl_numbers *numbers)
{
    struct fl_numbers grown = {.capacity = numbers->capacity == 0 ? FIRST_CAPACITY
                                                                  : 2 * numbers->capacity};
    grown.places = reallocarray(NULL, grown.capacity, sizeof *grown.places);
    if (grown.places == NULL) {
        return false;
    }
    for (size_t i = 0; i < grown.capacity; i++) {
        grown.places[i].to = FL_NUMBER_NONE;
    }
    for (size_t i = 0; i < numbers->capacity; i++) {
        if (numbers->places[i].to != FL_NUMBER_NONE) {
            *place_find(&grown, numbers->places[i].from) = numbers->places[i];
        }
    }
    grown.count = numbers->count;
    free(numbers->places);
    *numbers = grown;
    return true;
}

bool fl_numbers_set(struct fl_numbers *numbers, uint64_t from, uint32_t to)
{
    if (2 * numbers->count >= numbers->capacity && !numbers_grow(numbers)) {
        return false;
    }
    struct fl_number *place = place_find(numbers, from);
    numbers->count += place->to == FL_NUMBER_NONE;
    *place = (struct fl_number){from, to};
    return true;
}

void fl_numbers_clear(struct fl_numbers *numbers)
{
    free(numbers->places);
    *numbers = (struct fl_numbers){0};
}
