/*
 * The mean of ratios that does not depend on which allocator is the first (P. Fleming and J.
 * Wallace, How Not to Lie with Statistics, CACM 29(3), 1986).
 */
#include "means.h"

#include <math.h>

#define NO_FIGURE (-1.0)

static bool is_none(const struct fl_target_result *target)
{
    return target->target->ops == &fl_target_none;
}

static double net_of(const struct fl_trace_result *result, size_t i)
{
    const struct fl_target_result *target = &result->targets[i];
    return target->run_count == 0 || target->verdict == FL_VERDICT_WRONG
               ? NO_FIGURE
               : fl_median(target->net_ns, target->run_count);
}

static double footprint_of(const struct fl_trace_result *result, size_t i)
{
    const struct fl_target_result *target = &result->targets[i];
    if (target->verdict == FL_VERDICT_WRONG || (!target->has_stats && !target->has_memory) ||
        result->plan.peak_bytes == 0) {
        return NO_FIGURE;
    }
    return (double)fl_peak_footprint(target) / (double)result->plan.peak_bytes;
}

/* Add the logarithms of a figure that all targets have. */
static bool figures_add(double *logs, const struct fl_trace_result *result,
                        double (*figure_of)(const struct fl_trace_result *, size_t))
{
    for (size_t i = 0; i < result->target_count; i++) {
        if (!is_none(&result->targets[i]) && figure_of(result, i) <= 0) {
            return false;
        }
    }
    for (size_t i = 0; i < result->target_count; i++) {
        logs[i] += is_none(&result->targets[i]) ? 0 : log(figure_of(result, i));
    }
    return true;
}

void fl_means_add(struct fl_means *means, const struct fl_trace_result *result)
{
    means->trace_count++;
    means->target_count = result->target_count;
    for (size_t i = 0; i < result->target_count; i++) {
        means->targets[i] = result->targets[i].target;
    }
    if (result->target_count > 0) {
        means->timed_count += figures_add(means->log_net, result, net_of);
        means->sized_count += figures_add(means->log_footprint, result, footprint_of);
    }
}

static double mean_of(const struct fl_means *means, const double *logs, size_t count, size_t i)
{
    return count == 0 || means->targets[i]->ops == &fl_target_none
               ? NO_FIGURE
               : exp(logs[i] / (double)count);
}

double fl_means_net_ns(const struct fl_means *means, size_t i)
{
    return mean_of(means, means->log_net, means->timed_count, i);
}

double fl_means_footprint(const struct fl_means *means, size_t i)
{
    return mean_of(means, means->log_footprint, means->sized_count, i);
}
