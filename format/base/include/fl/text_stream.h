/**
 * Text written into memory through a FILE. open_memstream of glibc 2.36 does not tell of memory
 * that ran out: neither the stream's error flag nor fclose does, and the text is cut or NULL.
 *
 * Thread safety: a stream belongs to one thread.
 */
#ifndef FL_TEXT_STREAM_H
#define FL_TEXT_STREAM_H

#include <stdio.h>

/**
 * A stream whose text is there after fclose.
 *
 * @param text   receives the text at fclose, with a NUL byte behind it; the caller frees it. NULL until then, and when
 *               fclose fails for want of memory
 * @param bytes  receives its length
 * @return       NULL when out of memory
 */
FILE *fl_text_stream_open(char **text, size_t *bytes);

#endif
