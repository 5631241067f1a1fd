/*
 * Call stacks in the program (libflrec-stacks.so only).
 *
 * libunwind's unw_backtrace walks the frames through a cache of its own. A hash of the return
 * addresses is looked up in the ring's set of known stacks: a known one is a number. A new one
 * is sent once, frame by frame. The set goes with the ring, not the thread: the next thread
 * that claims the ring finds it, and so does flrec, which keeps for each ring what its numbers
 * mean. Memory: 12 bytes for each stack a ring has met, in a table at most three quarters full.
 *
 * libunwind is opened by dlopen, RTLD_LOCAL, and not linked: it exports _Unwind_RaiseException
 * and its like, and a library that comes in with LD_PRELOAD would give them to the program in
 * place of libgcc's. It is opened by our constructor: what the loader and the constructors of
 * the program's libraries allocate before has no stack. (-z initfirst would bring us before
 * them, but libc needs that place: it sets up environ there. And a first call of malloc may
 * come from inside a dlopen.)
 *
 * fork. libunwind and the loader have locks. A thread that holds one while another thread forks
 * would leave it taken in the child for ever. So each thread says when it is in there, and a
 * thread that forks lets nobody in and waits until all are out, some milliseconds at most: a
 * child that still finds somebody in there at its fork takes no stacks. (A thread's flag is set
 * before the lock is taken, and what a child sees of a thread's stores is a beginning of them.)
 *
 * dl_iterate_phdr. Its callback runs under a lock of the loader's that libunwind wants, too,
 * while it holds one of its own. So what the program allocates in a callback has no stack: our
 * dl_iterate_phdr notes that the thread is in there.
 *
 * Modules. flrec reads the program's memory map, and it must read it while the module of a new
 * frame is there: before the first stack, and whenever the loader has added or removed
 * something since, the thread asks for it and waits until it is done, two system calls. After
 * dlclose other code may come to stand at the same addresses, so all sets are emptied (our
 * dlclose raises `epoch`), and libunwind's cache as well.
 */
#include "unwind.h"

#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>

#define UNW_LOCAL_ONLY
#include <libunwind.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "attach.h"

#define FL_OWN_FRAMES      4    /* of ours, at most, between unw_backtrace and the caller */
#define FL_FORK_TRIES      2000 /* of sched_yield */
#define FL_KNOWN_MIN       1024u
#define FL_NUMBER_NONE     UINT32_MAX /* of no stack; a ring begins with it */
#define FL_LAST_UNSURE     UINT64_MAX /* what the ring was told was left out */
#define FL_NAME_OF(macro)  FL_NAME_TEXT(macro)
#define FL_NAME_TEXT(name) #name

/* The stacks that a ring has met; replaced by a larger one when it fills. */
struct known {
    uint32_t capacity; /* a power of two */
    uint32_t count;    /* stacks in it */
    uint32_t next;     /* number of the next new stack of the ring */
    uint32_t epoch;    /* of the modules, when the stacks were met */
    uint64_t hashes[]; /* 0: empty; behind them the numbers */
};

/* Of a thread: the set of the ring it has now. */
struct unwinder {
    const struct fl_ring *ring;
    struct known **place;    /* of the set in `known_of` */
    _Atomic bool *is_inside; /* of `inside_of` */
    uint64_t last;           /* number that the ring was told last, or FL_LAST_UNSURE */
};

static _Thread_local struct unwinder unwinder __attribute__((tls_model("initial-exec")));
/* Calls of dl_iterate_phdr that the thread is in. */
static _Thread_local uint32_t iterating __attribute__((tls_model("initial-exec")));
/* Is the ring's thread in libunwind or the loader? A cache line each: all threads write
 * theirs. */
static struct {
    alignas(FL_CACHE_LINE) _Atomic bool is_set;
} inside_of[FL_RINGS_MAX];
static _Atomic uint32_t forks_waiting; /* nobody goes in while it is not 0 */
/* Not on the stack: a signal handler that allocates may have a small one. */
static _Thread_local void *frames[FL_STACK_DEPTH_MAX + FL_OWN_FRAMES]
    __attribute__((tls_model("initial-exec")));
static struct known *known_of[FL_RINGS_MAX]; /* by ring; each its ring's thread's */
static _Atomic uint32_t epoch;
static _Atomic uint64_t modules_told; /* additions and removals that flrec knows of, + 1 */
static int (*backtrace_take)(void **out, int count);
static void (*cache_flush)(unw_addr_space_t space, unw_word_t low, unw_word_t high);
static unw_addr_space_t *local_space;

extern const char own_begin __asm__("__ehdr_start") __attribute__((visibility("hidden")));
extern const char own_end __asm__("etext") __attribute__((visibility("hidden")));

void fl_unwind_begin(void)
{
    void *library = dlopen("libunwind.so.8", RTLD_NOW | RTLD_LOCAL);
    void *take = library ? dlsym(library, FL_NAME_OF(unw_backtrace)) : NULL;
    void *flush = library ? dlsym(library, FL_NAME_OF(unw_flush_cache)) : NULL;
    if (!take || !flush) {
        fl_say(
            "libunwind.so.8 cannot be loaded: call stacks stay unknown (package libunwind8)");
        return;
    }
    local_space = dlsym(library, FL_NAME_OF(unw_local_addr_space));
    memcpy(&cache_flush, &flush, sizeof flush);
    memcpy(&backtrace_take, &take, sizeof take);
}

/* ---- known stacks ---- */

static uint32_t *known_numbers(struct known *known)
{
    return (uint32_t *)(void *)&known->hashes[known->capacity];
}

static size_t known_bytes(uint32_t capacity)
{
    return sizeof(struct known) + capacity * (sizeof(uint64_t) + sizeof(uint32_t));
}

static struct known *known_new(uint32_t capacity)
{
    void *made = mmap(NULL, known_bytes(capacity), PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (made == MAP_FAILED)
        return NULL;
    struct known *known = made;
    known->capacity = capacity;
    return known;
}

/* Where the hash stands, or would. */
static uint32_t known_find(const struct known *known, uint64_t hash)
{
    uint32_t place = (uint32_t)hash & (known->capacity - 1);
    while (known->hashes[place] != 0 && known->hashes[place] != hash)
        place = (place + 1) & (known->capacity - 1);
    return place;
}

/* A set twice as large. Without memory for it, this one is emptied: its stacks are sent
 * again. */
static struct known *known_grow(struct known *known)
{
    struct known *grown = known_new(2 * known->capacity);
    if (!grown) {
        memset(known->hashes, 0, known->capacity * sizeof *known->hashes);
        known->count = 0;
        return known;
    }
    for (uint32_t i = 0; i < known->capacity; i++) {
        if (known->hashes[i] == 0)
            continue;
        const uint32_t place = known_find(grown, known->hashes[i]);
        grown->hashes[place] = known->hashes[i];
        known_numbers(grown)[place] = known_numbers(known)[i];
    }
    grown->count = known->count;
    grown->next = known->next;
    grown->epoch = known->epoch;
    munmap(known, known_bytes(known->capacity));
    return grown;
}

static void ring_meet(const struct fl_thread *self)
{
    const ptrdiff_t number = self->ring - fl_process.shared->rings;
    unwinder = (struct unwinder){.ring = self->ring,
                                 .place = &known_of[number],
                                 .is_inside = &inside_of[number].is_set,
                                 .last = FL_NUMBER_NONE};
}

/* The set of the thread's ring, empty when modules went away since. NULL: no memory. */
static struct known *known_current(void)
{
    struct known *known = *unwinder.place;
    if (FL_UNLIKELY(!known))
        known = *unwinder.place = known_new(FL_KNOWN_MIN);
    const uint32_t now = atomic_load_explicit(&epoch, memory_order_acquire);
    if (known && FL_UNLIKELY(known->epoch != now)) {
        memset(known->hashes, 0, known->capacity * sizeof *known->hashes);
        known->count = 0;
        known->epoch = now;
    }
    return known;
}

static void inside_wait(const _Atomic bool *is_set)
{
    for (int i = 0; i < FL_FORK_TRIES && atomic_load(is_set); i++)
        sched_yield();
}

void fl_unwind_pause(void)
{
    atomic_fetch_add(&forks_waiting, 1);
    for (uint32_t i = 0; i < FL_RINGS_MAX; i++)
        inside_wait(&inside_of[i].is_set);
}

void fl_unwind_resume(void)
{
    atomic_fetch_sub(&forks_waiting, 1);
}

/* Both sides write before they read, in one total order: one of the two sees the other. */
static void inside_enter(void)
{
    atomic_store(unwinder.is_inside, true);
    for (int i = 0; i < FL_FORK_TRIES && FL_UNLIKELY(atomic_load(&forks_waiting) != 0); i++) {
        atomic_store(unwinder.is_inside, false);
        sched_yield();
        atomic_store(unwinder.is_inside, true);
    }
}

static void inside_leave(void)
{
    atomic_store_explicit(unwinder.is_inside, false, memory_order_release);
}

void fl_unwind_forget(void)
{
    atomic_store(&forks_waiting, 0);
    for (size_t i = 0; i < FL_RINGS_MAX; i++) {
        if (known_of[i])
            munmap(known_of[i], known_bytes(known_of[i]->capacity));
        known_of[i] = NULL;
        if (atomic_exchange(&inside_of[i].is_set, false))
            backtrace_take = NULL;
    }
    unwinder = (struct unwinder){0};
    atomic_store(&modules_told, 0);
}

/* ---- modules ---- */

static int changes_read(struct dl_phdr_info *info, size_t bytes, void *user)
{
    uint64_t *changes = user;
    if (bytes >= offsetof(struct dl_phdr_info, dlpi_tls_modid))
        *changes = info->dlpi_adds + info->dlpi_subs + 1;
    return 1;
}

/* flrec must know where this new stack's code is from. */
static void modules_tell(struct fl_thread *self)
{
    uint64_t changes = 1;
    inside_enter();
    dl_iterate_phdr(changes_read, &changes);
    inside_leave();
    if (changes == atomic_load(&modules_told))
        return;
    fl_thread_record(self, FL_OP_MODULES, 0, NULL, 0);
    fl_thread_settle(self);
    atomic_store(&modules_told, changes);
}

static void iterating_end(const uint32_t *before)
{
    iterating = *before;
}

/* A callback may leave by an exception, and then the lock is let go of; by longjmp it is not,
 * and the thread stays without stacks. */
__attribute__((visibility("default"))) int
dl_iterate_phdr(int (*callback)(struct dl_phdr_info *, size_t, void *), void *data)
{
    static int (*real)(int (*callback)(struct dl_phdr_info *, size_t, void *), void *data);
    if (!real) {
        void *found = dlsym(RTLD_NEXT, "dl_iterate_phdr");
        memcpy(&real, &found, sizeof found);
    }
    const uint32_t before __attribute__((cleanup(iterating_end))) = iterating;
    iterating = before + 1;
    return real(callback, data);
}

/* Whoever calls it gets ours: code may come to stand where other code was. */
__attribute__((visibility("default"))) int dlclose(void *handle)
{
    static int (*real)(void *handle);
    if (!real) {
        void *found = dlsym(RTLD_NEXT, "dlclose");
        memcpy(&real, &found, sizeof found);
    }
    const int code = real(handle);
    if (cache_flush && local_space)
        cache_flush(*local_space, 0, 0);
    atomic_fetch_add(&epoch, 1);
    return code;
}

/* ---- a call ---- */

static bool is_own(const void *frame)
{
    return (const char *)frame >= &own_begin && (const char *)frame < &own_end;
}

static void frames_send(struct fl_thread *self, void *const *sent, size_t count,
                        uint32_t number)
{
    modules_tell(self);
    for (size_t i = 0; i < count; i++)
        fl_thread_record(self, FL_OP_FRAME, 0, sent[i], number);
}

/* The stack's number in the ring's set. */
static uint32_t stack_number(struct fl_thread *self, struct known *known, void *const *stack,
                             size_t count)
{
    const uint64_t hashed = XXH3_64bits(stack, count * sizeof *stack);
    const uint64_t hash = hashed ? hashed : 1;
    uint32_t place = known_find(known, hash);
    if (FL_LIKELY(known->hashes[place] != 0))
        return known_numbers(known)[place];
    if (known->count >= known->capacity / 4 * 3) {
        known = *unwinder.place = known_grow(known);
        place = known_find(known, hash);
    }
    known->hashes[place] = hash;
    known->count++;
    frames_send(self, stack, count, known->next);
    return known_numbers(known)[place] = known->next++;
}

/* The number of the stack of whoever called us; FL_NUMBER_NONE: it is not known. */
static uint32_t stack_take(struct fl_thread *self)
{
    struct known *known = known_current();
    inside_enter();
    self->phase = FL_THREAD_OURS;
    const int got = backtrace_take(frames, (int)fl_process.stack_depth + FL_OWN_FRAMES);
    self->phase = FL_THREAD_BUSY;
    inside_leave();
    int first = 0;
    while (first < got && is_own(frames[first]))
        first++;
    const int left = got - first, most = (int)fl_process.stack_depth;
    if (!known || left <= 0)
        return FL_NUMBER_NONE;
    return stack_number(self, known, &frames[first], (size_t)(left < most ? left : most));
}

void fl_unwind_note(struct fl_thread *self)
{
    if (!backtrace_take || self->is_losing || !*fl_process.is_recording)
        return;
    const int saved_errno = errno;
    if (FL_UNLIKELY(unwinder.ring != self->ring))
        ring_meet(self);
    const uint32_t number = FL_LIKELY(iterating == 0) ? stack_take(self) : FL_NUMBER_NONE;
    if (number != unwinder.last)
        fl_thread_record(self, FL_OP_STACK, 0, NULL, number);
    unwinder.last = self->is_losing ? FL_LAST_UNSURE : number;
    errno = saved_errno;
}
