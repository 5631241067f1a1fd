/* The drop-in malloc under other names, so that it can stand in a program beside the malloc of
 * a sanitizer. */
#ifndef DROPIN_NAMES_H
#define DROPIN_NAMES_H

#include <malloc.h>
#include <stdlib.h>

#define malloc             dropin_malloc
#define calloc             dropin_calloc
#define realloc            dropin_realloc
#define reallocarray       dropin_reallocarray
#define free               dropin_free
#define free_sized         dropin_free_sized
#define free_aligned_sized dropin_free_aligned_sized
#define posix_memalign     dropin_posix_memalign
#define aligned_alloc      dropin_aligned_alloc
#define memalign           dropin_memalign
#define valloc             dropin_valloc
#define pvalloc            dropin_pvalloc
#define malloc_usable_size dropin_malloc_usable_size
#define cfree              dropin_cfree
#define __libc_malloc      dropin_libc_malloc
#define __libc_calloc      dropin_libc_calloc
#define __libc_realloc     dropin_libc_realloc
#define __libc_free        dropin_libc_free
#define __libc_memalign    dropin_libc_memalign
#define __libc_valloc      dropin_libc_valloc
#define __libc_pvalloc     dropin_libc_pvalloc
#define __posix_memalign   dropin_libc_posix_memalign

#endif
