/**
 * JSON, written as it is produced: objects, arrays and plain values in the order of the calls,
 * two spaces per level, nothing kept but the nesting.
 *
 *     struct fl_emit emit;
 *     fl_emit_start(&emit, stdout);
 *     fl_emit_object(&emit, NULL);
 *     fl_emit_u64(&emit, "schema", 1);
 *     fl_emit_array(&emit, "allocators");
 *     fl_emit_text(&emit, NULL, "addr-tree");
 *     fl_emit_close(&emit);
 *     fl_emit_close(&emit);
 *     if (!fl_emit_finish(&emit)) { ... errno says why ... }
 *
 * Every function but the first two takes a key: the member's name inside an object, NULL
 * inside an array and at the top. A key where none belongs, or none where one does, is a bug
 * and asserted.
 *
 * Thread safety: one thread per struct fl_emit.
 */
#ifndef FL_EMIT_H
#define FL_EMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define FL_EMIT_DEPTH_MAX 16

struct fl_emit {
    FILE *out;                       /* not owned */
    unsigned depth;                  /* open objects and arrays, at most FL_EMIT_DEPTH_MAX */
    char closers[FL_EMIT_DEPTH_MAX]; /* '}' or ']' of each open level */
    bool has_value;                  /* the open level has a value: the next needs a comma */
};

/** Begin a document on `out`, which the caller keeps and closes. */
void fl_emit_start(struct fl_emit *emit, FILE *out);

/** End the document with a newline. False (errno set) when a write failed. */
bool fl_emit_finish(struct fl_emit *emit) __attribute__((warn_unused_result));

/** Open an object; fl_emit_close ends it. */
void fl_emit_object(struct fl_emit *emit, const char *key);

/** Open an array; fl_emit_close ends it. */
void fl_emit_array(struct fl_emit *emit, const char *key);

/** Close the object or array opened last. */
void fl_emit_close(struct fl_emit *emit);

/** A string. NULL gives null. Bytes that are no valid UTF-8 become U+FFFD, one for each. */
void fl_emit_text(struct fl_emit *emit, const char *key, const char *text);

/** As fl_emit_text for `length` bytes at `bytes`, which may hold zeros. */
void fl_emit_bytes(struct fl_emit *emit, const char *key, const void *bytes, size_t length);

void fl_emit_u64(struct fl_emit *emit, const char *key, uint64_t value);
void fl_emit_i64(struct fl_emit *emit, const char *key, int64_t value);

/** The shortest decimal that reads back as `value`; null when it is not finite. */
void fl_emit_double(struct fl_emit *emit, const char *key, double value);

void fl_emit_bool(struct fl_emit *emit, const char *key, bool value);
void fl_emit_null(struct fl_emit *emit, const char *key);

#endif
