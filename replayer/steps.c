/*
 * Reader and plan in one loop, without a worker. Damage is passed over, as the driver does: a
 * walk sees exactly the steps that a pass would have run.
 */
#include "steps.h"

#include <stdlib.h>

/* A walk under way. */
struct walk {
    struct fl_source_reading reading;
    struct fl_plan plan;
    struct fl_step_batch *steps; /* owned */
    fl_step_visitor *visit;
    void *user;
    struct fl_error damage; /* the first */
};

static enum fl_status batch_walk(struct walk *walk, const struct fl_batch *batch,
                                 struct fl_error *err)
{
    enum fl_status status = fl_plan_batch(&walk->plan, batch, walk->steps, err);
    for (uint32_t i = 0; status == FL_OK && i < walk->steps->count; i++) {
        status = walk->visit(&walk->steps->steps[i], walk->user, err);
    }
    return status;
}

static enum fl_status walk_run(struct walk *walk, struct fl_error *err)
{
    struct fl_batch batch;
    struct fl_error damage;
    enum fl_status status = FL_OK;
    while (status == FL_OK && !fl_plan_is_done(&walk->plan)) {
        const enum fl_status read = fl_reader_next(walk->reading.reader, &batch, &damage);
        if (read != FL_OK && read != FL_END && walk->damage.status == FL_END) {
            walk->damage = damage;
        }
        if (read == FL_OK) {
            status = batch_walk(walk, &batch, err);
        } else if (read != FL_CORRUPT) {
            break;
        }
    }
    return status;
}

enum fl_status fl_steps_each(const struct fl_source *source, uint64_t event_limit,
                             fl_step_visitor *visit, void *user, struct fl_steps_told *told,
                             struct fl_error *err)
{
    struct walk walk = {.visit = visit, .user = user, .damage = {.status = FL_END}};
    enum fl_status status = fl_source_read(source, &walk.reading, err);
    if (status != FL_OK) {
        return status;
    }
    fl_plan_init(&walk.plan, event_limit, false);
    walk.steps = malloc(sizeof *walk.steps);
    status = walk.steps == NULL ? fl_fail(err, FL_NOMEM, "no memory for a batch")
                                : walk_run(&walk, err);
    if (told != NULL) {
        *told = (struct fl_steps_told){walk.plan.totals, walk.damage};
    }
    free(walk.steps);
    fl_plan_free(&walk.plan);
    fl_source_done(&walk.reading);
    return status;
}
