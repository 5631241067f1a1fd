/*
 * From an input to a trace. A fuzzer does not find checksums, and seldom a zstd frame, so all
 * forms but the first make them right: what is left to be found lies behind them.
 */
#include "trace_input.h"

#include <stdlib.h>

#include "craft.h"
#include "frame.h"
#include "fuzz.h"

/* Make right the checks of all frames of ours. */
static void frames_seal(uint8_t *bytes, size_t count)
{
    for (size_t at = 0; at + FL_SKIPPABLE_BYTES + 4 <= count; at++) {
        const size_t content = fl_load32(bytes + at + 4);
        if (fl_load32(bytes + at) == FL_SKIPPABLE_MAGIC && content >= FL_CHECK_BYTES &&
            content <= count - at - FL_SKIPPABLE_BYTES) {
            at += fl_skippable_seal(bytes + at, content - FL_CHECK_BYTES) - 1;
        }
    }
}

static void sections_put(struct craft *craft, const uint8_t *bytes, size_t count)
{
    static const uint8_t one_malloc[] = {FL_CODE_MALLOC_SMALL};
    struct fl_cursor from = {bytes, bytes + count};
    struct fl_cursor header, content;
    uint8_t *payload = malloc(64 + 8 * count);
    must(payload != NULL, "room for a chunk");
    size_t used = craft_section(payload, FL_SECTION_EVENTS, 1, one_malloc, 1);
    while (fl_get_span(&from, 2, &header)) {
        const size_t left = fl_cursor_left(&from);
        if (!fl_get_span(&from, header.at[1] < left ? header.at[1] : left, &content)) {
            break;
        }
        used += craft_section(payload + used, header.at[0] % 8, 0, content.at,
                              fl_cursor_left(&content));
    }
    craft_header(craft, FL_FORMAT_MAJOR, 0);
    craft_chunk(craft, (struct fl_chunk_header){.records = 1, .events = 1}, payload, used);
    craft_end(craft);
    free(payload);
}

static void chunks_put(struct craft *craft, const uint8_t *bytes, size_t count)
{
    struct fl_cursor from = {bytes, bytes + count};
    struct fl_cursor header, events;
    craft_header(craft, FL_FORMAT_MAJOR, 0);
    while (fl_get_span(&from, 4, &header)) {
        const size_t left = fl_cursor_left(&from);
        const size_t wanted = header.at[3] < left ? header.at[3] : left;
        if (!fl_get_span(&from, wanted, &events)) {
            break;
        }
        craft_events(craft, events.at, wanted, header.at[0], header.at[1], header.at[2]);
    }
    craft_end(craft);
}

int trace_input_file(const uint8_t *bytes, size_t count)
{
    struct craft craft = {.at = NULL};
    const enum trace_form form = bytes[0] % TRACE_FORMS;
    if (form == TRACE_SECTIONS) {
        sections_put(&craft, bytes + 1, count - 1);
    } else if (form == TRACE_EVENTS) {
        chunks_put(&craft, bytes + 1, count - 1);
    } else {
        craft_put(&craft, bytes + 1, count - 1);
    }
    if (form == TRACE_SEALED) {
        frames_seal(craft.at, craft.bytes);
    }
    const int fd = craft_file(craft.at, craft.bytes);
    craft_clear(&craft);
    return fd;
}
