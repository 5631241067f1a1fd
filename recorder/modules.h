/**
 * The memory map of a program: from an address in memory to a module and an address in its
 * file.
 *
 * Thread safety: a list belongs to its session's thread.
 */
#ifndef FL_MODULES_H
#define FL_MODULES_H

#include <stdint.h>
#include <sys/types.h>

#include <fl/writer.h>

struct fl_modules;

/** An empty list; NULL when out of memory. */
struct fl_modules *fl_modules_new(void);
void fl_modules_free(struct fl_modules *modules);

/** Read /proc/<pid>/maps anew. A file that was named before keeps its number. When it cannot be
 *  read, the list stays as it is. O(mappings). */
void fl_modules_read(struct fl_modules *modules, pid_t pid);

/**
 * Where `address` is from.
 *
 * @param writer  names a module when it is met for the first time
 * @param frame   receives module and address; FL_MODULE_NONE and the address in memory where there
 *                is no module
 */
void fl_modules_find(struct fl_modules *modules, struct fl_writer *writer, uint64_t address,
                     struct fl_frame *frame);

#endif
