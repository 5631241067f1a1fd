/*
 * Steps of the one trace in, events of the other out. Calls are written as what was run of
 * them: a realloc that freed as a free, an aligned call of any name as aligned_alloc.
 */
#include "cut.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <fl/writer.h>

#include "table.h"

#define CUT_LEVEL 1 /* of zstd: copies are read as often as written */

/* What a slot holds. */
struct holder {
    bool is_kept;
    uint64_t serial; /* in the copy */
    uint64_t bytes;
    uint8_t align_log2; /* that was asked for, or 0 */
};

/* A copy under way. */
struct cutter {
    const struct fl_cut *cut;
    struct fl_writer *writer;
    struct fl_table holders;        /* of struct holder, by slot */
    uint64_t objects, calls, sizes; /* met so far */
    struct fl_cut_counts kept;
};

static const uint8_t call_of[] = {
    [FL_DO_ALLOC] = FL_CALL_MALLOC,
    [FL_DO_ZEROED] = FL_CALL_CALLOC,
    [FL_DO_ALIGNED] = FL_CALL_ALIGNED_ALLOC,
    [FL_DO_RESIZE] = FL_CALL_REALLOC,
    [FL_DO_FREE] = FL_CALL_FREE,
    [FL_DO_FREE_SIZED] = FL_CALL_FREE_SIZED,
    [FL_DO_USABLE] = FL_CALL_USABLE_SIZE,
};

static bool step_makes(const struct fl_step *step)
{
    return step->action <= FL_DO_ALIGNED;
}

static bool cut_hits(const struct fl_cut *cut, enum fl_cut_kind kind, uint64_t number)
{
    return cut->kind == kind && number >= cut->from && number < cut->to;
}

/* Is this call kept? Counts it. */
static bool step_is_kept(struct cutter *cutter, const struct fl_step *step,
                         struct holder *holder)
{
    if (step_makes(step)) {
        holder->is_kept = !cut_hits(cutter->cut, FL_CUT_OBJECTS, cutter->objects);
        return holder->is_kept;
    }
    return !cut_hits(cutter->cut, FL_CUT_CALLS, cutter->calls++) && holder->is_kept;
}

static enum fl_status step_write(struct cutter *cutter, const struct fl_step *step,
                                 struct holder *holder, struct fl_error *err)
{
    const bool makes = step_makes(step), has_size = fl_step_allocates(step);
    const bool is_ending = fl_step_frees(step) || step->action == FL_DO_RESIZE;
    const uint64_t released_bytes = is_ending ? holder->bytes : 0;
    struct fl_event event = {
        .serial = makes ? FL_SERIAL_NONE : holder->serial,
        .size_bytes = has_size ? step->size_bytes : 0,
        .kind = call_of[step->action],
        .align_log2 = step->action == FL_DO_ALIGNED ? step->align_log2 : FL_ALIGN_DEFAULT,
    };
    if (step->action == FL_DO_FREE_SIZED) { /* of what the object is now */
        event.size_bytes = holder->bytes;
        event.align_log2 = holder->align_log2;
        event.kind = holder->align_log2 == 0 ? FL_CALL_FREE_SIZED : FL_CALL_FREE_ALIGNED_SIZED;
    }
    if (has_size) {
        *holder = (struct holder){true, fl_writer_next_serial(cutter->writer), event.size_bytes,
                                  event.align_log2};
    }
    cutter->kept.objects += makes;
    cutter->kept.calls += !makes;
    cutter->kept.sizes += has_size;
    return fl_writer_put(cutter->writer, &event, released_bytes, err);
}

static enum fl_status step_cut(const struct fl_step *step, void *user, struct fl_error *err)
{
    struct cutter *cutter = user;
    if (!fl_table_reserve(&cutter->holders, (size_t)step->slot + 1)) {
        return fl_fail(err, FL_NOMEM, "no memory for a table of %u live objects", step->slot);
    }
    struct holder *holder = (struct holder *)cutter->holders.base + step->slot;
    const bool is_kept = step_is_kept(cutter, step, holder);
    struct fl_step changed = *step;
    if (step_makes(step) && cut_hits(cutter->cut, FL_CUT_PLAIN, cutter->objects)) {
        changed.action = FL_DO_ALLOC;
    }
    if (fl_step_allocates(step) && cut_hits(cutter->cut, FL_CUT_SIZE, cutter->sizes)) {
        changed.size_bytes = cutter->cut->size_bytes;
    }
    cutter->objects += step_makes(step);
    cutter->sizes += fl_step_allocates(step);
    return is_kept ? step_write(cutter, &changed, holder, err) : FL_OK;
}

static enum fl_status copy_run(struct cutter *cutter, const struct fl_source *from,
                               uint64_t event_limit, int fd, struct fl_error *err)
{
    const struct fl_writer_options options = {.level = CUT_LEVEL};
    enum fl_status status = fl_writer_open(fd, &options, NULL, &cutter->writer, err);
    if (status != FL_OK) {
        return status;
    }
    status = fl_steps_each(from, event_limit, step_cut, cutter, NULL, err);
    if (status != FL_OK) {
        fl_writer_abandon(cutter->writer);
        return status;
    }
    return fl_writer_finish(cutter->writer, NULL, NULL, err);
}

enum fl_status fl_cut_make(const struct fl_source *from, uint64_t event_limit,
                           const struct fl_cut *cut, struct fl_source *to,
                           struct fl_cut_counts *counts, struct fl_error *err)
{
    const int fd = memfd_create("flreplay-cut", MFD_CLOEXEC);
    if (fd < 0) {
        return fl_fail_os(err, FL_IO, errno, "no memory for a copy of %s", from->name);
    }
    struct cutter cutter = {.cut = cut, .holders = {.element_bytes = sizeof(struct holder)}};
    const enum fl_status status = copy_run(&cutter, from, event_limit, fd, err);
    fl_table_free(&cutter.holders);
    if (status != FL_OK) {
        close(fd);
        return status;
    }
    *to = (struct fl_source){.path = from->path, .name = from->name, .fd = fd};
    *counts = cutter.kept;
    return FL_OK;
}
