/**
 * What each figure of the tables means, in the words of --help. RESULTS.md has the same for
 * JSON.
 *
 * Thread safety: constants.
 */
#ifndef FL_REPLAY_FIGURES_H
#define FL_REPLAY_FIGURES_H

#define FL_FIGURES_TEXT                                                                        \
    "Figures in the tables (in JSON: replayer/RESULTS.md):\n"                                  \
    "  raw, net     time per operation with the driver's own cost, and without it\n"           \
    "  faults       page faults in the timed calls, median; --touch says what is\n"            \
    "               written\n"                                                                 \
    "  instructions in user space, per operation without the driver's own; where the\n"        \
    "               machine has a counter (DESIGN.md has a way for the others)\n"              \
    "  footprint    peak of the bytes taken from the kernel and not given back: live\n"        \
    "               blocks, free blocks and the allocator's tables; of foreign\n"              \
    "               ones the writable address space, with what they took while being\n"        \
    "               loaded\n"                                                                  \
    "  /payload     largest footprint / largest payload, each at its own time\n"               \
    "  syscalls     system calls that concern memory: mmap, munmap, mremap, madvise,\n"        \
    "               brk, mprotect\n"                                                           \
    "  visits       free blocks looked at in a call, entries of a list or nodes of a\n"        \
    "               tree: mean over mallocs and reallocs, or frees, and the worst\n"           \
    "  splits       free blocks cut in two, of which one stays free\n"                         \
    "  merges       free blocks joined with a free neighbour\n"                                \
    "  free list    free blocks in the index: mean over the ends of all calls, and\n"          \
    "               the most there ever were\n"                                                \
    "  payload      bytes the program asked for, summed over live blocks\n"                    \
    "  block bytes  payload, headers and rounding, summed over live blocks\n"                  \
    "  internal     internal fragmentation when payload was at its peak:\n"                    \
    "               (block bytes - payload) / block bytes\n"                                   \
    "  external     external fragmentation when payload was at its peak:\n"                    \
    "               (footprint - block bytes) / footprint\n"                                   \
    "  mmap         calls and bytes that took memory from the kernel\n"                        \
    "  munmap       calls and bytes that gave it back with its addresses\n"                    \
    "  madvise      calls and bytes that gave back pages inside free blocks\n"                 \
    "  others       brk, mremap, mprotect, and mmap of what is not writable\n"

#endif
