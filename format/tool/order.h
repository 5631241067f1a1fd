/*
 * Which lane goes next: by time, one lane after the other, or an event of each in turn.
 */
#ifndef FL_ORDER_H
#define FL_ORDER_H

#include "lane.h"

/* In the order of --order's choices. */
enum fl_order_kind {
    FL_ORDER_TIME,
    FL_ORDER_SEQUENCE,
    FL_ORDER_ROUND_ROBIN,
};

#define FL_ORDER_CHOICES "time|sequence|round-robin"

struct fl_order {
    enum fl_order_kind kind;
    struct fl_lane *lanes; /* of the caller */
    size_t lane_count;
    size_t *queue; /* lanes that may go, by time a heap; else in the order given */
    size_t queue_count;
    size_t turn; /* index into the queue */
};

/*
 * Begin with lanes that have not begun, those that are over left out. By time, a forked child
 * waits for the event of its parent at which it was forked, and an image for the end of the one
 * before, as far as these are among the lanes: a clock that is looked at from outside does not
 * put them in order.
 *
 * @return  false when out of memory
 */
bool fl_order_start(struct fl_order *order, enum fl_order_kind kind, struct fl_lane *lanes,
                    size_t lane_count);

/* The lane whose turn it is; by time one that has not begun counts from its start. NULL: all
 * are over. */
struct fl_lane *fl_order_lane(const struct fl_order *order);

/* `lane`, whose turn it is, began, went on to its next step or its end, or is over;
 * `gave_event`: an event lies behind it. */
void fl_order_move(struct fl_order *order, struct fl_lane *lane, bool gave_event);

void fl_order_clear(struct fl_order *order);

#endif
