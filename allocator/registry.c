/*
 * The one list of allocators, and their knobs set from text.
 *
 * A knob is "name=value"; sizes take k, m or g (powers of 1024). A mistake is answered with
 * what would have been right. Linear searches: the lists are short and read once per run.
 */
#include <fl/allocator.h>

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "heap.h"

static const struct fl_allocator_ops *const registry[] = {
    &fl_list_lifo_ops, &fl_list_addr_ops, &fl_list_size_ops,
    &fl_size_tree_ops, &fl_addr_tree_ops, &fl_combo_tree_ops,
};

#define NAMES_BYTES 128

/* Some text that is not ended by a zero byte. */
struct span {
    const char *at;
    size_t bytes;
};

/* Where the sentence about a mistake goes. */
struct answer {
    char *text; /* may be NULL */
    size_t room;
};

size_t fl_allocator_count(void)
{
    return sizeof registry / sizeof registry[0];
}

const struct fl_allocator_ops *fl_allocator_at(size_t i)
{
    return i < fl_allocator_count() ? registry[i] : NULL;
}

static bool span_is(struct span span, const char *text)
{
    return strlen(text) == span.bytes && memcmp(text, span.at, span.bytes) == 0;
}

const struct fl_allocator_ops *fl_allocator_find(const char *name, size_t length)
{
    for (size_t i = 0; i < fl_allocator_count(); i++)
        if (span_is((struct span){name, length}, registry[i]->name))
            return registry[i];
    return NULL;
}

void fl_allocator_defaults(const struct fl_allocator_ops *ops,
                           struct fl_allocator_config *config)
{
    *config = (struct fl_allocator_config){0};
    for (size_t i = 0; i < ops->knob_count; i++)
        config->values[i] = ops->knobs[i].default_value;
}

/* Fill the answer and pass the error on. */
__attribute__((format(printf, 3, 4))) static int answer_fail(struct answer answer, int error,
                                                             const char *format, ...)
{
    if (answer.text == NULL || answer.room == 0)
        return error;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(answer.text, answer.room, format, arguments);
    va_end(arguments);
    return error;
}

/* Place of `word` in "a|b|c", or -1. */
static int choice_index(const char *choices, struct span word)
{
    int index = 0;
    for (const char *at = choices; at != NULL; index++) {
        const char *bar = strchr(at, '|');
        const size_t bytes = bar != NULL ? (size_t)(bar - at) : strlen(at);
        if (bytes == word.bytes && memcmp(at, word.at, bytes) == 0)
            return index;
        at = bar != NULL ? bar + 1 : NULL;
    }
    return -1;
}

/* "64k" to 65536. False: not a number, or more than 64 bits hold. */
static bool bytes_parse(struct span text, uint64_t *bytes)
{
    static const char units[] = "kmg";
    const char last = text.bytes > 0 ? text.at[text.bytes - 1] : '\0';
    const char *unit = last != '\0' ? strchr(units, last) : NULL;
    const unsigned shift = unit != NULL ? 10 * (unsigned)(unit - units + 1) : 0;
    const size_t digits = text.bytes - (unit != NULL);
    uint64_t value = 0;
    if (digits == 0)
        return false;
    for (size_t i = 0; i < digits; i++) {
        if (text.at[i] < '0' || text.at[i] > '9')
            return false;
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, (uint64_t)(text.at[i] - '0'), &value))
            return false;
    }
    return !__builtin_mul_overflow(value, (uint64_t)1 << shift, bytes);
}

/* 65536 to "64k"; at most 21 characters. */
static const char *bytes_print(uint64_t bytes, char text[24])
{
    static const char units[] = "\0kmg";
    size_t unit = 0;
    while (unit < 3 && bytes != 0 && bytes % 1024 == 0) {
        bytes /= 1024;
        unit++;
    }
    snprintf(text, 24, "%llu%.1s", (unsigned long long)bytes, &units[unit]);
    return text;
}

static int bytes_fail(const struct fl_knob *knob, struct span value, int error,
                      struct answer answer)
{
    char low[24], high[24];
    const bool has_words = knob->choices != NULL;
    return answer_fail(answer, error, "%s is %s to %s%s%s, not '%.*s'", knob->name,
                       bytes_print(knob->minimum, low), bytes_print(knob->maximum, high),
                       has_words ? " or " : "", has_words ? knob->choices : "",
                       (int)value.bytes, value.at);
}

static int knob_set_bytes(const struct fl_knob *knob, struct span value, uint64_t *out,
                          struct answer answer)
{
    const int word = choice_index(knob->choices, value);
    uint64_t bytes;
    if (word >= 0) {
        *out = UINT64_MAX - (uint64_t)word;
        return 0;
    }
    if (!bytes_parse(value, &bytes))
        return bytes_fail(knob, value, -EINVAL, answer);
    if (bytes < knob->minimum || bytes > knob->maximum)
        return bytes_fail(knob, value, -ERANGE, answer);
    *out = bytes;
    return 0;
}

static int knob_set_choice(const struct fl_knob *knob, struct span value, uint64_t *out,
                           struct answer answer)
{
    const int index = choice_index(knob->choices, value);
    if (index < 0)
        return answer_fail(answer, -EINVAL, "%s is one of %s, not '%.*s'", knob->name,
                           knob->choices, (int)value.bytes, value.at);
    *out = (uint64_t)index;
    return 0;
}

/* Append ", name" to a list of names that has `used` characters; returns its new length. */
static size_t names_add(char names[NAMES_BYTES], size_t used, const char *name)
{
    if (used >= NAMES_BYTES)
        return used;
    return used + (size_t)snprintf(names + used, NAMES_BYTES - used, "%s%s",
                                   used > 0 ? ", " : "", name);
}

static bool has_knob(const struct fl_allocator_ops *ops, struct span name)
{
    for (size_t i = 0; i < ops->knob_count; i++)
        if (span_is(name, ops->knobs[i].name))
            return true;
    return false;
}

/* Say who has such a knob, if anybody, and else what this one has. */
static int knob_unknown(const struct fl_allocator_ops *ops, struct span name,
                        struct answer answer)
{
    char known[NAMES_BYTES] = "none", owners[NAMES_BYTES] = "";
    size_t known_bytes = 0, owners_bytes = 0;
    for (size_t i = 0; i < ops->knob_count; i++)
        known_bytes = names_add(known, known_bytes, ops->knobs[i].name);
    for (size_t i = 0; i < fl_allocator_count(); i++)
        if (has_knob(registry[i], name))
            owners_bytes = names_add(owners, owners_bytes, registry[i]->name);
    if (owners_bytes > 0)
        return answer_fail(answer, -ENOENT, "%s has no knob '%.*s', which belongs to %s",
                           ops->name, (int)name.bytes, name.at, owners);
    return answer_fail(answer, -ENOENT, "%s has no knob '%.*s'; it has %s", ops->name,
                       (int)name.bytes, name.at, known);
}

int fl_allocator_set(const struct fl_allocator_ops *ops, struct fl_allocator_config *config,
                     const char *text, size_t length, char *message, size_t message_bytes)
{
    const struct answer answer = {message, message_bytes};
    const char *equals = memchr(text, '=', length);
    if (equals == NULL)
        return answer_fail(answer, -EINVAL, "'%.*s' is not of the form name=value", (int)length,
                           text);
    const struct span name = {text, (size_t)(equals - text)};
    const struct span value = {equals + 1, length - name.bytes - 1};
    for (size_t i = 0; i < ops->knob_count; i++) {
        const struct fl_knob *knob = &ops->knobs[i];
        if (!span_is(name, knob->name))
            continue;
        return knob->type == FL_KNOB_CHOICE
                   ? knob_set_choice(knob, value, &config->values[i], answer)
                   : knob_set_bytes(knob, value, &config->values[i], answer);
    }
    return knob_unknown(ops, name, answer);
}
