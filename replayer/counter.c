/*
 * perf_event_open(2). Instructions in user space are nearly exact: the same loop over the same
 * steps differs by what interrupts add, some in a million, where times differ by a tenth. Many
 * virtual machines and containers have no counters, so all of this may be absent. Pinned: it is
 * never shared out by turns, and a count that is there is whole.
 */
#include "counter.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

int fl_counter_open(struct fl_counter *counter, uint32_t type, uint64_t config)
{
    struct perf_event_attr attr = {
        .type = type,
        .size = sizeof attr,
        .config = config,
        .disabled = 1,
        .pinned = 1,
        .exclude_kernel = 1,
        .exclude_hv = 1,
    };
    counter->fd = (int)syscall(SYS_perf_event_open, &attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
    return counter->fd < 0 ? -errno : 0;
}

int fl_counter_open_instructions(struct fl_counter *counter)
{
    return fl_counter_open(counter, PERF_TYPE_HARDWARE, PERF_COUNT_HW_INSTRUCTIONS);
}

void fl_counter_close(struct fl_counter *counter)
{
    if (counter->fd >= 0) {
        close(counter->fd);
        counter->fd = -1;
    }
}

void fl_counter_start(const struct fl_counter *counter)
{
    if (counter->fd >= 0) {
        ioctl(counter->fd, PERF_EVENT_IOC_ENABLE, 0);
    }
}

void fl_counter_stop(const struct fl_counter *counter)
{
    if (counter->fd >= 0) {
        ioctl(counter->fd, PERF_EVENT_IOC_DISABLE, 0);
    }
}

uint64_t fl_counter_value(const struct fl_counter *counter)
{
    uint64_t value = 0;
    return counter->fd >= 0 && read(counter->fd, &value, sizeof value) == sizeof value ? value
                                                                                       : 0;
}
