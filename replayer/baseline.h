/**
 * Documents of results: this run's, and the one of an earlier run that a gate compares it with.
 *
 * Thread safety: a document belongs to one thread.
 */
#ifndef FL_REPLAY_BASELINE_H
#define FL_REPLAY_BASELINE_H

#include <jansson.h>

#include <fl/status.h>

#define FL_BASELINE_BYTES_MAX (64u << 20)

/**
 * Read the results at `path`, a baseline or one of two to be compared, at most
 * FL_BASELINE_BYTES_MAX.
 *
 * @param out  a document of this schema; release it with json_decref
 * @return     FL_OK; FL_IO when the file cannot be read; FL_USAGE with line and column when it is no
 *             JSON, or with what is missing when it is no document of results
 */
enum fl_status fl_baseline_read(const char *path, json_t **out, struct fl_error *err)
    __attribute__((warn_unused_result));

/** The document in `text[0 .. bytes)`, unchecked; as above. */
enum fl_status fl_baseline_parse(const char *text, size_t bytes, json_t **out,
                                 struct fl_error *err) __attribute__((warn_unused_result));

/** Write `text[0 .. bytes)` to `path` as a whole or not at all. */
enum fl_status fl_baseline_save(const char *path, const char *text, size_t bytes,
                                struct fl_error *err) __attribute__((warn_unused_result));

/**
 * May `now` be compared with `before`? It may when versions, settings, traces (by their
 * content) and allocators with all knobs are the same; `before` may have more traces and
 * allocators.
 *
 * @return FL_OK, or FL_USAGE with the first difference named
 */
enum fl_status fl_baseline_match(const json_t *before, const json_t *now, const char *path,
                                 struct fl_error *err) __attribute__((warn_unused_result));

/** Is a setting the same? One that only a newer document has is, while it is as it always was
 * before. */
bool fl_baseline_is_same(const json_t *was, const json_t *is);

/** The trace of `document` with the content of `trace`, or NULL. */
const json_t *fl_baseline_trace(const json_t *document, const json_t *trace);

/** The target of `trace` called as `target` is, or NULL. */
const json_t *fl_baseline_target(const json_t *trace, const json_t *target);

#endif
