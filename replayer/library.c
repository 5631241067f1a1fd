/*
 * Who can tell whether a library will be preloaded is the loader: it knows LD_LIBRARY_PATH,
 * ld.so.cache and its own folders. So a worker is started with each name a library may have (1
 * ms), and what malloc then is decides (preload.c). What the loader says of a library that it
 * leaves out goes to the worker's standard error, which is kept in a file without a name and
 * quoted when there is no other name to try.
 */
#include "library.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "ring.h"
#include "worker_start.h"

#define SONAMES_MAX 2u

/* The names of the library behind a short name, the likeliest first. */
static const struct known {
    const struct fl_allocator_ops *ops;
    const char *package; /* of Debian 12 */
    const char *sonames[SONAMES_MAX];
} known[] = {
    {&fl_target_jemalloc, "libjemalloc2", {"libjemalloc.so.2"}},
    {&fl_target_mimalloc, "libmimalloc2.0", {"libmimalloc.so.2", "libmimalloc.so.3"}},
    {&fl_target_tcmalloc,
     "libtcmalloc-minimal4",
     {"libtcmalloc_minimal.so.4", "libtcmalloc.so.4"}},
};

/* What a worker that was only started has told. */
struct probe {
    bool has_answer;
    struct fl_preload preload;
    struct fl_memory_held held;
    char loader[200]; /* the reason the loader gave, or the last it printed; "" for nothing */
};

/* Of "ERROR: ld.so: object 'x' from LD_PRELOAD cannot be preloaded (REASON): ignored."
 * REASON. */
static void reason_cut(char *text)
{
    static const char before[] = "cannot be preloaded (";
    char *reason = strstr(text, before);
    char *end = reason == NULL ? NULL : strstr(reason, "): ignored");
    if (end != NULL) {
        *end = '\0';
        reason += strlen(before);
        memmove(text, reason, strlen(reason) + 1);
    }
    text[strcspn(text, "\n")] = '\0';
}

static void loader_read(int errors_fd, struct probe *probe)
{
    char text[1024];
    const ssize_t length = pread(errors_fd, text, sizeof text - 1, 0);
    text[length > 0 ? length : 0] = '\0';
    reason_cut(text);
    fl_make_printable(text);
    snprintf(probe->loader, sizeof probe->loader, "%.*s", (int)sizeof probe->loader - 1, text);
}

/* Wait for the worker's end; kill it when it takes longer than `timeout_s`. */
static void worker_await(pid_t worker, uint64_t timeout_s)
{
    const struct timespec step = {.tv_nsec = 1000000};
    for (uint64_t waited_ms = 0; waitpid(worker, NULL, WNOHANG) == 0; waited_ms++) {
        if (timeout_s > 0 && waited_ms == timeout_s * 1000) {
            kill(worker, SIGKILL);
            while (waitpid(worker, NULL, 0) < 0 && errno == EINTR) {
            }
            return;
        }
        nanosleep(&step, NULL);
    }
}

static enum fl_status probe_run(const char *library, uint64_t timeout_s, struct fl_ring *ring,
                                int ring_fd, struct probe *probe, struct fl_error *err)
{
    const int errors_fd = memfd_create("flreplay-errors", MFD_CLOEXEC);
    if (errors_fd < 0) {
        return fl_fail_os(err, FL_NOMEM, errno, "no memory to start a worker");
    }
    ring->job = (struct fl_job){.driver = getpid(), .pass = FL_PASS_PROBE};
    snprintf(ring->job.name, sizeof ring->job.name, "%s", fl_target_system.name);
    snprintf(ring->job.library, sizeof ring->job.library, "%s", library);
    pid_t worker = 0;
    const enum fl_status status = fl_worker_start(library, ring_fd, errors_fd, &worker, err);
    if (status == FL_OK) {
        worker_await(worker, timeout_s);
        loader_read(errors_fd, probe);
        probe->has_answer = atomic_load(&ring->is_done) != 0;
        probe->preload = ring->answer.preload;
        probe->held = ring->answer.held;
    }
    close(errors_fd);
    return status;
}

static enum fl_status probe_make(const char *library, uint64_t timeout_s, struct probe *probe,
                                 struct fl_error *err)
{
    struct fl_ring *ring = NULL;
    int ring_fd = -1;
    enum fl_status status = fl_ring_new(&ring, &ring_fd, err);
    if (status != FL_OK) {
        return status;
    }
    *probe = (struct probe){.has_answer = false};
    status = probe_run(library, timeout_s, ring, ring_fd, probe, err);
    fl_ring_free(ring);
    close(ring_fd);
    return status;
}

/* The probe as a status, with the sentence that `label` deserves. */
static enum fl_status probe_judge(const char *label, const struct probe *probe,
                                  struct fl_error *err)
{
    const struct fl_preload *preload = &probe->preload;
    const char *separator = probe->loader[0] == '\0' ? "" : ": ";
    if (!probe->has_answer) {
        return fl_fail(err, FL_MISSING, "%s: no process can begin with this library%s%s", label,
                       separator, probe->loader);
    }
    if (!preload->is_loaded) {
        return fl_fail(err, FL_MISSING, "%s: the library cannot be loaded%s%s", label,
                       separator, probe->loader);
    }
    if (preload->missing[0] != '\0') {
        return fl_fail(err, FL_USAGE, "%s: the library defines no %s", label, preload->missing);
    }
    return FL_OK;
}

/* A process without a library: what it holds is not the library's. */
static enum fl_status bare_make(uint64_t timeout_s, struct probe *bare, struct fl_error *err)
{
    const enum fl_status status = probe_make("", timeout_s, bare, err);
    return status != FL_OK || bare->has_answer
               ? status
               : fl_fail(err, FL_IO, "a worker process could not begin");
}

static enum fl_status named_find(const struct known *names, uint64_t timeout_s,
                                 struct fl_target *target, struct fl_error *err)
{
    for (size_t i = 0; i < SONAMES_MAX && names->sonames[i] != NULL; i++) {
        struct probe probe;
        enum fl_status status = probe_make(names->sonames[i], timeout_s, &probe, err);
        if (status != FL_OK) {
            return status;
        }
        if (!probe.has_answer || probe.preload.is_loaded) {
            status = probe_judge(target->label, &probe, err);
            snprintf(target->library, sizeof target->library, "%s", names->sonames[i]);
            return status;
        }
    }
    return fl_fail(err, FL_MISSING, "%s: the loader finds no %s (Debian package %s)",
                   target->label, names->sonames[0], names->package);
}

static enum fl_status target_find(uint64_t timeout_s, struct fl_target *target,
                                  struct fl_error *err)
{
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (known[i].ops == target->ops) {
            return named_find(&known[i], timeout_s, target, err);
        }
    }
    struct probe probe;
    const enum fl_status status = probe_make(target->library, timeout_s, &probe, err);
    return status == FL_OK ? probe_judge(target->label, &probe, err) : status;
}

enum fl_status fl_libraries_find(struct fl_target_list *targets, uint64_t timeout_s,
                                 struct fl_error *err)
{
    struct probe bare = {.has_answer = false};
    for (size_t i = 0; i < targets->count; i++) {
        struct fl_target *target = &targets->at[i];
        if (!fl_target_is_preloaded(target)) {
            continue;
        }
        enum fl_status status = bare.has_answer ? FL_OK : bare_make(timeout_s, &bare, err);
        if (status == FL_OK) {
            status = target_find(timeout_s, target, err);
        }
        if (status != FL_OK) {
            return status;
        }
        target->bare = bare.held;
    }
    return FL_OK;
}
