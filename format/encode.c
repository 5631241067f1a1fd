/*
 * One record to bytes.
 *
 * The frequent events are one byte: a malloc of 8 .. 1024 bytes in steps of 8, a free of one of
 * the 64 youngest objects, a free near the one before. Everything else is an opcode and its
 * arguments. Rows of short, repeating bytes are what zstd matches best (SPEC.md, "Why").
 */
#include "encode.h"

/* The mixed reference: even = 2 * age of a young object, odd = zigzag difference to the serial
 * released last. */
static uint8_t *put_reference(const struct fl_coder *coder, uint64_t serial, uint8_t *at)
{
    const uint64_t age = coder->next_serial - serial - 1;
    if (age < FL_YOUNG_AGES) {
        return fl_put_varint(at, age << 1);
    }
    const int64_t difference = (int64_t)(serial - coder->last_released);
    return fl_put_varint(at, fl_zigzag(difference) << 1 | 1);
}

/* The general form, for what has no opcode of its own. */
static uint8_t *put_call(struct fl_coder *coder, const struct fl_event *event, uint8_t *at)
{
    *at++ = FL_CODE_CALL;
    *at++ = event->kind;
    *at++ = event->flags;
    *at++ = event->align_log2;
    if (fl_has_reference(event->kind, event->flags)) {
        at = put_reference(coder, event->serial, at);
    }
    return fl_put_varint(at, event->size_bytes);
}

static uint8_t *put_realloc(const struct fl_coder *coder, const struct fl_event *event,
                            uint8_t *at)
{
    if (event->flags == FL_FLAG_NULL) {
        *at++ = FL_CODE_REALLOC_NULL;
        return fl_put_varint(at, event->size_bytes);
    }
    if (event->flags == FL_FLAG_FREED) {
        *at++ = FL_CODE_REALLOC_FREED;
        return put_reference(coder, event->serial, at);
    }
    *at++ = FL_CODE_REALLOC;
    at = put_reference(coder, event->serial, at);
    return fl_put_varint(at, event->size_bytes);
}

/* Opcode followed by one number, as records that are no calls are written. */
static uint8_t *put_number(uint8_t *at, enum fl_opcode code, uint64_t number)
{
    *at++ = (uint8_t)code;
    return fl_put_varint(at, number);
}

static uint8_t *put_record(const struct fl_event *event, uint8_t *at)
{
    switch (event->kind) {
    case FL_RECORD_THREAD:
        return put_number(at, FL_CODE_THREAD, event->size_bytes);
    case FL_RECORD_THREAD_START:
        at = put_number(at, FL_CODE_THREAD_START, event->size_bytes);
        return fl_put_varint(at, event->extra);
    case FL_RECORD_THREAD_END:
        return put_number(at, FL_CODE_THREAD_END, event->size_bytes);
    case FL_RECORD_TICK:
        return event->size_bytes % FL_TICK_NS == 0
                   ? put_number(at, FL_CODE_TICK, event->size_bytes / FL_TICK_NS)
                   : put_number(at, FL_CODE_TICK_NS, event->size_bytes);
    default:
        return put_number(at, FL_CODE_LOST, event->size_bytes);
    }
}

static uint8_t *put_free_family(struct fl_coder *coder, const struct fl_event *event,
                                uint8_t *at)
{
    switch (event->flags) {
    case 0:
        return fl_encode_free(coder, event->serial, at);
    case FL_FLAG_NULL:
        *at++ = FL_CODE_FREE_NULL;
        return at;
    case FL_FLAG_UNKNOWN:
        *at++ = FL_CODE_FREE_UNKNOWN;
        return at;
    case FL_FLAG_IMPLIED:
        *at++ = FL_CODE_IMPLIED;
        return put_reference(coder, event->serial, at);
    default:
        return put_call(coder, event, at);
    }
}

static uint8_t *put_aligned(const struct fl_event *event, uint8_t *at)
{
    *at++ = FL_CODE_ALIGNED;
    *at++ = event->kind;
    *at++ = event->align_log2;
    return fl_put_varint(at, event->size_bytes);
}

/* Has the event the short form of its kind: flags and alignment that the opcode implies? */
static bool is_plain(const struct fl_event *event)
{
    switch (event->kind) {
    case FL_CALL_CALLOC:
        return event->flags == 0 && event->align_log2 == 0;
    case FL_CALL_REALLOC:
        return (event->flags == 0 || event->flags == FL_FLAG_NULL ||
                (event->flags == FL_FLAG_FREED && event->size_bytes == 0)) &&
               event->align_log2 == 0;
    case FL_CALL_FREE:
        return event->size_bytes == 0 && event->align_log2 == 0;
    case FL_CALL_USABLE_SIZE:
        return event->flags == 0 && event->align_log2 == 0;
    case FL_CALL_POSIX_MEMALIGN:
    case FL_CALL_ALIGNED_ALLOC:
    case FL_CALL_MEMALIGN:
    case FL_CALL_VALLOC:
    case FL_CALL_PVALLOC:
        return event->flags == 0;
    default:
        return false;
    }
}

static uint8_t *put_plain(struct fl_coder *coder, const struct fl_event *event, uint8_t *at)
{
    switch (event->kind) {
    case FL_CALL_CALLOC:
        return put_number(at, FL_CODE_CALLOC, event->size_bytes);
    case FL_CALL_REALLOC:
        return put_realloc(coder, event, at);
    case FL_CALL_FREE:
        return put_free_family(coder, event, at);
    case FL_CALL_USABLE_SIZE:
        *at++ = FL_CODE_USABLE;
        at = put_reference(coder, event->serial, at);
        return fl_put_varint(at, event->size_bytes);
    default:
        return put_aligned(event, at);
    }
}

uint8_t *fl_encode(struct fl_coder *coder, const struct fl_event *event, uint8_t *at)
{
    if (!fl_kind_is_call(event->kind)) {
        return put_record(event, at);
    }
    if (event->kind == FL_CALL_MALLOC && event->flags == 0 && event->align_log2 == 0) {
        return fl_encode_malloc(coder, event->size_bytes, at);
    }
    at = is_plain(event) ? put_plain(coder, event, at) : put_call(coder, event, at);
    if (fl_ends_object(event->kind, event->flags)) {
        coder->last_released = event->serial;
    }
    coder->next_serial += fl_begins_object(event->kind, event->flags);
    return at;
}
