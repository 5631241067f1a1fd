/*
 * The event stream to operations with slots. One switch on the opcode; the one-byte forms come
 * first, since they are nine of ten events in most programs. Every byte comes through the
 * bounded cursor, every reference is checked against the live objects, so no chunk, however
 * crafted, makes us read or write out of bounds.
 */
#include "decode.h"

#include "layout.h"

bool fl_decoder_begin(struct fl_decoder *decoder, struct fl_cursor section,
                      uint64_t first_serial)
{
    decoder->from = section;
    decoder->payload = section.at;
    decoder->last_released = first_serial;
    decoder->events = 0;
    decoder->lost_events = 0;
    decoder->what = NULL;
    if (first_serial == decoder->slots.next_serial) {
        return true;
    }
    return fl_slots_jump(&decoder->slots, first_serial);
}

static bool stop(struct fl_decoder *decoder, const char *what)
{
    decoder->what = what;
    return false;
}

static bool stop_no_memory(struct fl_decoder *decoder)
{
    decoder->is_out_of_memory = true;
    return stop(decoder, "no memory for the live objects");
}

/* A new object in a new slot. */
static bool object_begin(struct fl_decoder *decoder, struct fl_op *op)
{
    op->slot = fl_slots_new(&decoder->slots);
    if (op->slot == FL_SLOT_NONE || !fl_slots_bind(&decoder->slots, op->slot)) {
        return stop_no_memory(decoder);
    }
    return true;
}

/* The object of `serial` is named and not ended. */
static bool object_look_up(struct fl_decoder *decoder, struct fl_op *op, uint64_t serial)
{
    op->slot = serial < decoder->slots.next_serial ? fl_slots_find(&decoder->slots, serial)
                                                   : FL_SLOT_NONE;
    if (op->slot != FL_SLOT_NONE) {
        return true;
    }
    op->flags |= FL_FLAG_UNKNOWN;
    return decoder->has_gaps || stop(decoder, "a reference to no live object");
}

/* The object of `serial` ends; its slot is not given back yet. */
static bool object_take(struct fl_decoder *decoder, struct fl_op *op, uint64_t serial)
{
    op->slot = serial < decoder->slots.next_serial ? fl_slots_take(&decoder->slots, serial)
                                                   : FL_SLOT_NONE;
    decoder->last_released = serial;
    if (op->slot != FL_SLOT_NONE) {
        return true;
    }
    op->flags |= FL_FLAG_UNKNOWN;
    return decoder->has_gaps || stop(decoder, "a reference to no live object");
}

/* A free of `serial`. */
static bool object_end(struct fl_decoder *decoder, struct fl_op *op, uint64_t serial)
{
    if (!object_take(decoder, op, serial)) {
        return false;
    }
    if (op->slot != FL_SLOT_NONE && !fl_slots_release(&decoder->slots, op->slot)) {
        return stop_no_memory(decoder);
    }
    return true;
}

/* A successful realloc of `serial`: the slot stays, the serial is a new one. */
static bool object_move(struct fl_decoder *decoder, struct fl_op *op, uint64_t serial)
{
    if (!object_take(decoder, op, serial)) {
        return false;
    }
    if (op->slot == FL_SLOT_NONE) {
        return object_begin(decoder, op);
    }
    return fl_slots_bind(&decoder->slots, op->slot) || stop_no_memory(decoder);
}

static bool get_number(struct fl_decoder *decoder, uint64_t *out)
{
    return fl_get_varint(&decoder->from, out) || stop(decoder, "a number is cut or too long");
}

static bool get_reference(struct fl_decoder *decoder, uint64_t *serial)
{
    uint64_t code;
    if (!get_number(decoder, &code)) {
        return false;
    }
    if (code & 1) {
        *serial = decoder->last_released + (uint64_t)fl_unzigzag(code >> 1);
    } else {
        *serial = decoder->slots.next_serial - 1 - (code >> 1);
    }
    return true;
}

static bool decode_realloc(struct fl_decoder *decoder, struct fl_op *op)
{
    uint64_t serial;
    op->kind = FL_CALL_REALLOC;
    return get_reference(decoder, &serial) && get_number(decoder, &op->size_bytes) &&
           object_move(decoder, op, serial);
}

static bool decode_allocation(struct fl_decoder *decoder, struct fl_op *op, enum fl_kind kind,
                              uint8_t flags)
{
    op->kind = (uint8_t)kind;
    op->flags = flags;
    return get_number(decoder, &op->size_bytes) && object_begin(decoder, op);
}

static bool decode_aligned(struct fl_decoder *decoder, struct fl_op *op)
{
    uint8_t call;
    if (!fl_get_u8(&decoder->from, &call) || !fl_get_u8(&decoder->from, &op->align_log2) ||
        call < FL_CALL_POSIX_MEMALIGN || call > FL_CALL_PVALLOC ||
        !fl_alignment_is_valid(op->align_log2, 0)) {
        return stop(decoder, "a malformed aligned allocation");
    }
    return decode_allocation(decoder, op, call, 0);
}

static bool call_finish(struct fl_decoder *decoder, struct fl_op *op, bool has_reference,
                        uint64_t serial)
{
    const bool ends = fl_ends_object(op->kind, op->flags);
    const bool begins = fl_begins_object(op->kind, op->flags);
    if (ends && begins) {
        return object_move(decoder, op, serial);
    }
    if (ends) {
        return object_end(decoder, op, serial);
    }
    if (begins) {
        return object_begin(decoder, op);
    }
    return !has_reference || object_look_up(decoder, op, serial);
}

static bool decode_call(struct fl_decoder *decoder, struct fl_op *op)
{
    if (!fl_get_u8(&decoder->from, &op->kind) || !fl_get_u8(&decoder->from, &op->flags) ||
        !fl_get_u8(&decoder->from, &op->align_log2) || !fl_kind_is_call(op->kind) ||
        !fl_flags_are_valid(op->kind, op->flags) ||
        !fl_alignment_is_valid(op->align_log2, op->flags)) {
        return stop(decoder, "a malformed call");
    }
    const bool has_reference = fl_has_reference(op->kind, op->flags);
    uint64_t serial = 0;
    if (has_reference && !get_reference(decoder, &serial)) {
        return false;
    }
    return get_number(decoder, &op->size_bytes) &&
           call_finish(decoder, op, has_reference, serial);
}

static bool decode_number(struct fl_decoder *decoder, struct fl_op *op, enum fl_kind kind)
{
    op->kind = (uint8_t)kind;
    return get_number(decoder, &op->size_bytes);
}

static bool decode_thread_start(struct fl_decoder *decoder, struct fl_op *op)
{
    uint64_t system_id;
    if (!decode_number(decoder, op, FL_RECORD_THREAD_START) ||
        !get_number(decoder, &system_id)) {
        return false;
    }
    op->slot = (uint32_t)system_id;
    return true;
}

static bool decode_tick(struct fl_decoder *decoder, struct fl_op *op)
{
    return decode_number(decoder, op, FL_RECORD_TICK) &&
           (!__builtin_mul_overflow(op->size_bytes, FL_TICK_NS, &op->size_bytes) ||
            stop(decoder, "a tick of more than 2^64 ns"));
}

static bool decode_lost(struct fl_decoder *decoder, struct fl_op *op)
{
    if (!decode_number(decoder, op, FL_RECORD_LOST)) {
        return false;
    }
    decoder->lost_events += op->size_bytes;
    return true;
}

/* A mark's operation carries where its text stands: position in the section, then length in
 * `slot`. */
static bool decode_mark(struct fl_decoder *decoder, struct fl_op *op)
{
    uint64_t bytes;
    struct fl_cursor text;
    if (!get_number(decoder, &bytes)) {
        return false;
    }
    if (bytes > FL_MARK_BYTES_MAX || !fl_get_span(&decoder->from, bytes, &text)) {
        return stop(decoder, "a mark longer than its limit or the chunk");
    }
    op->kind = FL_RECORD_MARK;
    op->size_bytes = (uint64_t)(text.at - decoder->payload);
    op->slot = (uint32_t)bytes;
    return true;
}

/* Calls with an opcode of their own that are not in the inner loop. */
static bool decode_rare_call(struct fl_decoder *decoder, struct fl_op *op, uint8_t code)
{
    uint64_t serial;
    switch (code) {
    case FL_CODE_REALLOC_NULL:
        return decode_allocation(decoder, op, FL_CALL_REALLOC, FL_FLAG_NULL);
    case FL_CODE_REALLOC_FREED:
        op->kind = FL_CALL_REALLOC;
        op->flags = FL_FLAG_FREED;
        return get_reference(decoder, &serial) && object_end(decoder, op, serial);
    case FL_CODE_ALIGNED:
        return decode_aligned(decoder, op);
    case FL_CODE_FREE_UNKNOWN:
        op->flags = FL_FLAG_UNKNOWN;
        return true;
    case FL_CODE_USABLE:
        op->kind = FL_CALL_USABLE_SIZE;
        return get_reference(decoder, &serial) && get_number(decoder, &op->size_bytes) &&
               object_look_up(decoder, op, serial);
    case FL_CODE_CALL:
        return decode_call(decoder, op);
    case FL_CODE_IMPLIED:
        op->flags = FL_FLAG_IMPLIED;
        return get_reference(decoder, &serial) && object_end(decoder, op, serial);
    default:
        return stop(decoder, "an unknown opcode");
    }
}

static bool decode_rare(struct fl_decoder *decoder, struct fl_op *op, uint8_t code)
{
    switch (code) {
    case FL_CODE_THREAD:
        return decode_number(decoder, op, FL_RECORD_THREAD);
    case FL_CODE_THREAD_START:
        return decode_thread_start(decoder, op);
    case FL_CODE_THREAD_END:
        return decode_number(decoder, op, FL_RECORD_THREAD_END);
    case FL_CODE_TICK:
        return decode_tick(decoder, op);
    case FL_CODE_TICK_NS:
        return decode_number(decoder, op, FL_RECORD_TICK);
    case FL_CODE_MARK:
        return decode_mark(decoder, op);
    case FL_CODE_LOST:
        return decode_lost(decoder, op);
    default:
        return decode_rare_call(decoder, op, code);
    }
}

/* Opcodes below FREE_NEAR. */
static bool decode_long(struct fl_decoder *decoder, struct fl_op *op, uint8_t code)
{
    uint64_t number;
    switch (code) {
    case FL_CODE_MALLOC:
        return decode_allocation(decoder, op, FL_CALL_MALLOC, 0);
    case FL_CODE_CALLOC:
        return decode_allocation(decoder, op, FL_CALL_CALLOC, 0);
    case FL_CODE_FREE:
        return get_number(decoder, &number) &&
               object_end(decoder, op, decoder->last_released + (uint64_t)fl_unzigzag(number));
    case FL_CODE_REALLOC:
        return decode_realloc(decoder, op);
    case FL_CODE_FREE_NULL:
        op->flags = FL_FLAG_NULL;
        return true;
    default:
        return decode_rare(decoder, op, code);
    }
}

static bool decode_one(struct fl_decoder *decoder, struct fl_op *op, uint8_t code)
{
    *op = (struct fl_op){.slot = FL_SLOT_NONE, .kind = FL_CALL_FREE};
    if (code >= FL_CODE_MALLOC_SMALL) {
        op->kind = FL_CALL_MALLOC;
        op->size_bytes = FL_SMALL_STEP * (uint64_t)(code - FL_CODE_MALLOC_SMALL + 1);
        return object_begin(decoder, op);
    }
    if (code >= FL_CODE_FREE_YOUNG) {
        const uint64_t age = (uint64_t)(code - FL_CODE_FREE_YOUNG);
        return object_end(decoder, op, decoder->slots.next_serial - 1 - age);
    }
    if (code >= FL_CODE_FREE_NEAR) {
        return object_end(decoder, op,
                          decoder->last_released + (uint64_t)((int)code - FL_NEAR_CENTRE));
    }
    return decode_long(decoder, op, code);
}

/* Pass over an optional extension record. */
static bool extension_skip(struct fl_decoder *decoder)
{
    uint64_t number, bytes;
    struct fl_cursor content;
    if (!get_number(decoder, &number) || !get_number(decoder, &bytes)) {
        return false;
    }
    return fl_get_span(&decoder->from, bytes, &content) ||
           stop(decoder, "an extension longer than the chunk");
}

/* ---- the short forms ---- */

/*
 * What they use of a decoder, in registers while they follow each other: an operation that is
 * stored might else be part of it for all the compiler knows, and each record would wait for
 * the one before.
 */
struct short_state {
    struct fl_slots *slots;
    const uint8_t *at, *end;
    uint64_t next, last; /* next_serial, last_released */
    size_t free_count;
};

/* A new object, when its slot and its place are there. */
static inline bool short_begin(struct short_state *state, uint64_t size_bytes, struct fl_op *op)
{
    struct fl_slots *const slots = state->slots;
    if (state->free_count == 0 || (state->next - slots->first_young == FL_SLOTS_WINDOW &&
                                   !fl_slots_retire_block(slots))) {
        return false;
    }
    const uint32_t slot = slots->free_slots[--state->free_count];
    slots->window[state->next++ % FL_SLOTS_WINDOW] = slot;
    *op = (struct fl_op){.size_bytes = size_bytes, .slot = slot, .kind = FL_CALL_MALLOC};
    return true;
}

/* The end of an object, when it is live and there is room for its slot. */
static inline bool short_end(struct short_state *state, uint64_t serial, struct fl_op *op)
{
    struct fl_slots *const slots = state->slots;
    if (serial >= state->next || state->free_count == slots->free_capacity) {
        return false;
    }
    const uint32_t slot = fl_slots_take(slots, serial);
    if (slot == FL_SLOT_NONE) {
        return false;
    }
    slots->free_slots[state->free_count++] = slot;
    state->last = serial;
    *op = (struct fl_op){.slot = slot, .kind = FL_CALL_FREE};
    return true;
}

/* A malloc whose size is a number of one or two bytes. */
static inline bool short_malloc(struct short_state *state, struct fl_op *op)
{
    const uint8_t *const at = state->at;
    if (*at != FL_CODE_MALLOC || state->end - at < 3) {
        return false;
    }
    const bool is_one = at[1] < 0x80;
    if ((!is_one && at[2] >= 0x80) ||
        !short_begin(state, is_one ? at[1] : (at[1] & 0x7Fu) | (uint64_t)at[2] << 7, op)) {
        return false;
    }
    state->at = at + (is_one ? 2 : 3);
    return true;
}

static inline bool short_decode(struct short_state *state, struct fl_op *op)
{
    const uint8_t code = *state->at;
    bool is_done;
    if (code >= FL_CODE_MALLOC_SMALL) {
        is_done =
            short_begin(state, FL_SMALL_STEP * (uint64_t)(code - FL_CODE_MALLOC_SMALL + 1), op);
    } else if (code >= FL_CODE_FREE_NEAR) {
        is_done = short_end(state,
                            code >= FL_CODE_FREE_YOUNG
                                ? state->next - 1 - (uint64_t)(code - FL_CODE_FREE_YOUNG)
                                : state->last + (uint64_t)((int)code - FL_NEAR_CENTRE),
                            op);
    } else {
        return short_malloc(state, op);
    }
    state->at += is_done;
    return is_done;
}

/* As many records as follow each other that are mallocs or frees, as long as nothing has to
 * grow: nine of ten in most programs. What stops it, the long way decodes, or says what is
 * wrong. */
static size_t decode_short(struct fl_decoder *decoder, struct fl_op *ops, size_t max)
{
    struct short_state state = {.slots = &decoder->slots,
                                .at = decoder->from.at,
                                .end = decoder->from.end,
                                .next = decoder->slots.next_serial,
                                .last = decoder->last_released,
                                .free_count = decoder->slots.free_count};
    size_t count = 0;
    while (count < max && state.at < state.end && short_decode(&state, &ops[count])) {
        count++;
    }
    decoder->from.at = state.at;
    decoder->last_released = state.last;
    decoder->events += count;
    decoder->slots.next_serial = state.next;
    decoder->slots.free_count = state.free_count;
    return count;
}

/* ---- all ---- */

size_t fl_decode(struct fl_decoder *decoder, struct fl_op *ops, size_t max)
{
    size_t count = 0;
    uint8_t code;
    if (decoder->what != NULL) {
        return 0; /* what follows a malformed record means nothing */
    }
    for (;;) {
        count += decode_short(decoder, ops + count, max - count);
        if (count == max || !fl_get_u8(&decoder->from, &code)) {
            break;
        }
        if (code == FL_CODE_EXTENSION) {
            if (!extension_skip(decoder)) {
                break;
            }
            continue;
        }
        if (!decode_one(decoder, &ops[count], code)) {
            break;
        }
        decoder->events +=
            fl_kind_is_call(ops[count].kind) && !(ops[count].flags & FL_FLAG_IMPLIED);
        count++;
    }
    return count;
}

bool fl_decoder_is_at_end(struct fl_decoder *decoder)
{
    uint8_t code;
    while (fl_get_u8(&decoder->from, &code)) {
        if (code != FL_CODE_EXTENSION || !extension_skip(decoder)) {
            return false;
        }
    }
    return true;
}
