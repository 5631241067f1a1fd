/**
 * Looking at a program file before it is run: can a preloaded library see its calls?
 *
 * Thread safety: libelf's version state is set once; call from one thread.
 */
#ifndef FL_INSPECT_H
#define FL_INSPECT_H

#include <stdbool.h>
#include <stdint.h>

#include <fl/status.h>

#define FL_BUILD_ID_MAX 64 /* bytes */

/**
 * Find `program` as execvp would and look at it, and at its interpreters when it is a script.
 *
 * @return FL_OK when it can be recorded, or when it cannot be found or read (running it will
 *         tell why); FL_MISSING with the reason and the way out when it could only be run
 *         unrecorded
 */
enum fl_status fl_inspect_program(const char *program, struct fl_error *err)
    __attribute__((warn_unused_result));

/** Build-id of an ELF file in hexadecimal. `hex` has 2 * FL_BUILD_ID_MAX + 1 bytes. */
bool fl_inspect_build_id(const char *path, char *hex);

/**
 * Build-id of an ELF file ("" when it has none) and the address that it gives to the page in
 * which its first loadable segment begins. False, with nothing changed, when it is no ELF file.
 */
bool fl_inspect_module(const char *path, char *hex, uint64_t *first_address);

#endif
