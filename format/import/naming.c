/*
 * The calls that a format reported to operations: the part that all formats share.
 *
 * An open hash leads from the address of a live object to its slot (namer.c), free slots are a
 * stack (slots.h), as when a trace of ours is decoded. A call is named as the recorder names
 * it: an address that is handed out again was freed by someone unseen, so an implied free
 * stands before the call; a realloc ends the old object before the new one begins, and keeps
 * its slot; what no object was handed out for is unknown.
 *
 * Calls are named a batch at a time, so that what the hash will be asked for is fetched some
 * calls ahead: its misses are most of the cost of an import otherwise. Memory: 48-192 bytes per
 * live object.
 */
#include "import_internal.h"

#include <fl/assert.h>

#define AHEAD 12u /* calls whose places in the hash are fetched before they are named */

static inline void op_put(struct fl_import *import, enum fl_kind kind, uint64_t size_bytes,
                          uint32_t slot, uint8_t align_log2, uint8_t flags)
{
    FL_ASSERT(import->op_count < FL_BATCH_OPS, "a call is two operations at most");
    import->reader->ops[import->op_count++] = (struct fl_op){.size_bytes = size_bytes,
                                                             .slot = slot,
                                                             .kind = (uint8_t)kind,
                                                             .align_log2 = align_log2,
                                                             .flags = flags};
}

/* The operation of a call. */
static inline void call_put(struct fl_import *import, const struct fl_import_call *call,
                            uint32_t slot, unsigned flags)
{
    op_put(import, call->kind, call->size_bytes, slot, call->align_log2, (uint8_t)flags);
    import->events++;
}

static void slot_release(struct fl_import *import, uint32_t slot)
{
    if (!fl_slots_release(&import->slots, slot)) {
        import->is_out_of_memory = true;
    }
}

/* An address was handed out again while `slot` was live there. */
static void implied_free(struct fl_import *import, uint32_t slot)
{
    op_put(import, FL_CALL_FREE, 0, slot, FL_ALIGN_DEFAULT, FL_FLAG_IMPLIED);
    import->implied_frees++;
}

/* `slot` is at `address` now; true when another one was, which `before` gets. */
static bool address_bind(struct fl_import *import, uint64_t address, uint32_t slot,
                         struct fl_named *before)
{
    const struct fl_named object = {.serial = slot};
    const int outcome = fl_namer_add(import->objects, address, object, before);
    import->is_out_of_memory |= outcome < 0;
    return outcome > 0;
}

/* A slot for a new object at `address`: a free one, or that of the object which was there. */
static uint32_t slot_begin(struct fl_import *import, uint64_t address)
{
    struct fl_named before;
    const uint32_t slot = fl_slots_next(&import->slots);
    if (!address_bind(import, address, slot, &before)) {
        import->is_out_of_memory |= fl_slots_new(&import->slots) == FL_SLOT_NONE;
        return slot;
    }
    const uint32_t reused = (uint32_t)before.serial;
    (void)address_bind(import, address, reused, &before);
    implied_free(import, reused);
    return reused;
}

static void object_begin(struct fl_import *import, const struct fl_import_call *call,
                         unsigned flags)
{
    const uint32_t slot = slot_begin(import, call->address);
    if (!import->is_out_of_memory) {
        call_put(import, call, slot, flags);
        import->serials++;
    }
}

static void alloc_name(struct fl_import *import, const struct fl_import_call *call)
{
    if (call->address == 0) {
        call_put(import, call, FL_SLOT_NONE, FL_FLAG_FAILED);
    } else {
        object_begin(import, call, 0);
    }
}

static void free_name(struct fl_import *import, const struct fl_import_call *call)
{
    struct fl_named object;
    if (call->address == 0) {
        call_put(import, call, FL_SLOT_NONE, FL_FLAG_NULL);
    } else if (fl_namer_remove(import->objects, call->address, &object)) {
        call_put(import, call, (uint32_t)object.serial, 0);
        slot_release(import, (uint32_t)object.serial);
    } else {
        call_put(import, call, FL_SLOT_NONE, FL_FLAG_UNKNOWN);
        import->unknown_frees++;
    }
}

static void usable_name(struct fl_import *import, const struct fl_import_call *call)
{
    struct fl_named object = {.serial = FL_SLOT_NONE};
    const bool is_known =
        call->address != 0 && fl_namer_find(import->objects, call->address, &object);
    const unsigned odd = call->address == 0 ? FL_FLAG_NULL : FL_FLAG_UNKNOWN;
    call_put(import, call, (uint32_t)object.serial, is_known ? 0 : odd);
}

/* It returned nothing: freed, or left as it was. `flags` say what the pointer was. */
static void realloc_end(struct fl_import *import, const struct fl_import_call *call,
                        unsigned flags)
{
    struct fl_named object = {.serial = FL_SLOT_NONE};
    const bool is_freed = call->old_address != 0 && call->size_bytes == 0;
    if (flags == 0) {
        (void)fl_namer_find(import->objects, call->old_address, &object);
    }
    call_put(import, call, (uint32_t)object.serial,
             flags | (is_freed ? FL_FLAG_FREED : FL_FLAG_FAILED));
    if (is_freed && flags == 0) {
        (void)fl_namer_remove(import->objects, call->old_address, &object);
        slot_release(import, (uint32_t)object.serial);
    }
}

/* The object of the live `slot`, which is at no address, is another one. */
static void realloc_move(struct fl_import *import, const struct fl_import_call *call,
                         uint32_t slot)
{
    struct fl_named before;
    if (address_bind(import, call->address, slot, &before)) {
        implied_free(import, (uint32_t)before.serial);
        slot_release(import, (uint32_t)before.serial);
    }
    call_put(import, call, slot, 0);
    import->serials++;
}

static void realloc_name(struct fl_import *import, const struct fl_import_call *call)
{
    struct fl_import_call known = *call;
    struct fl_named object;
    unsigned flags = 0;
    const bool is_old = call->old_address != 0;
    if (is_old && call->address != 0 &&
        fl_namer_remove(import->objects, call->old_address, &object)) {
        realloc_move(import, call, (uint32_t)object.serial);
        return;
    }
    if (is_old &&
        (call->address != 0 || !fl_namer_find(import->objects, call->old_address, &object))) {
        flags = call->is_null_when_dead ? 0 : FL_FLAG_UNKNOWN;
        known.old_address = call->is_null_when_dead ? 0 : call->old_address;
    }
    flags = known.old_address == 0 ? FL_FLAG_NULL : flags;
    if (call->address == 0) {
        realloc_end(import, &known, flags);
    } else {
        object_begin(import, &known, flags);
    }
}

static inline void call_name(struct fl_import *import, const struct fl_import_call *call)
{
    switch (call->kind) {
    case FL_CALL_REALLOC:
    case FL_CALL_REALLOCARRAY:
        realloc_name(import, call);
        break;
    case FL_CALL_FREE:
    case FL_CALL_FREE_SIZED:
    case FL_CALL_FREE_ALIGNED_SIZED:
        free_name(import, call);
        break;
    case FL_CALL_USABLE_SIZE:
        usable_name(import, call);
        break;
    default:
        alloc_name(import, call);
        break;
    }
}

void fl_import_name(struct fl_import *import)
{
    const struct fl_import_call *calls = import->calls;
    for (size_t i = 0; i < import->call_count && !import->is_out_of_memory; i++) {
        const size_t ahead = i + AHEAD;
        if (ahead < import->call_count) {
            fl_namer_prefetch(import->objects, calls[ahead].address);
            if (calls[ahead].old_address != 0) {
                fl_namer_prefetch(import->objects, calls[ahead].old_address);
            }
        }
        if (fl_kind_is_call(calls[i].kind)) {
            call_name(import, &calls[i]);
        } else {
            op_put(import, calls[i].kind, calls[i].size_bytes, calls[i].tid, 0, 0);
        }
    }
    import->call_count = 0;
}
