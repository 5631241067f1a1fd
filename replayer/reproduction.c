/*
 * Three files of one small trace. The C program makes the calls with the malloc of its process
 * and finds by itself what the check pass would: each block is filled with a byte of its own,
 * which must be there when it is freed, resized or the program ends. It is meant to be sent to
 * the authors of an allocator, so it needs no file of ours.
 */
#include "reproduction.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fl/fmt.h>

#include "steps.h"
#include "table.h"
#include "target.h"

#define FILLED_BYTES_MAX ((uint64_t)64 << 20) /* of a block, in the C program */
#define ALIGN_FOREIGN    16u /* what a malloc owes to blocks that have room for it */
#define MESSAGE_BYTES    512u

/* What a slot holds. */
struct holder {
    uint64_t number; /* of its object, from 1; 0: nothing */
    uint64_t bytes;
};

/* One file under way. */
struct script {
    FILE *out;
    const struct fl_shrunk *shrunk;
    const struct fl_target *target;
    struct fl_table holders; /* of struct holder, by slot */
    uint64_t objects;        /* met so far */
    void (*step_print)(struct script *script, const struct fl_step *step,
                       const struct holder *before, uint64_t number);
};

static const char preamble[] =
    "#include <malloc.h>\n"
    "#include <stdint.h>\n"
    "#include <stdio.h>\n"
    "#include <stdlib.h>\n"
    "#include <string.h>\n"
    "\n"
    "static void must(int holds, const char *what, int block)\n"
    "{\n"
    "    if (!holds) {\n"
    "        fprintf(stderr, \"block %d: %s\\n\", block, what);\n"
    "        exit(1);\n"
    "    }\n"
    "}\n"
    "\n"
    "static void holds(const unsigned char *at, size_t bytes, int byte, int block)\n"
    "{\n"
    "    for (size_t i = 0; i < bytes; i++)\n"
    "        must(at[i] == byte, byte ? \"its bytes changed\" : \"not zeroed\", block);\n"
    "}\n"
    "\n"
    "static unsigned char *made(void *at, size_t bytes, size_t align, int block)\n"
    "{\n"
    "    must(at != NULL, \"no memory\", block);\n"
    "    must((uintptr_t)at % align == 0, \"misaligned\", block);\n"
    "    must(malloc_usable_size(at) >= bytes, \"less usable than asked for\", block);\n"
    "    return memset(at, block % 255 + 1, bytes);\n"
    "}\n"
    "\n"
    "int main(void)\n"
    "{\n";

static uint64_t filled_bytes(uint64_t bytes)
{
    return bytes < FILLED_BYTES_MAX ? bytes : FILLED_BYTES_MAX;
}

static unsigned fill_byte(uint64_t number)
{
    return (unsigned)(number % 255 + 1);
}

/* ---- the text trace ---- */

static void text_step(struct script *script, const struct fl_step *step,
                      const struct holder *before, uint64_t number)
{
    (void)before;
    static const char letters[] = {
        [FL_DO_ALLOC] = 'a',  [FL_DO_ZEROED] = 'z', [FL_DO_ALIGNED] = 'm',
        [FL_DO_RESIZE] = 'r', [FL_DO_FREE] = 'f',   [FL_DO_FREE_SIZED] = 'f',
        [FL_DO_USABLE] = 'u'};
    fprintf(script->out, "%c %" PRIu64, letters[step->action], number);
    if (step->action == FL_DO_ALIGNED) {
        fprintf(script->out, " %" PRIu64, (uint64_t)1 << step->align_log2);
    }
    if (fl_step_allocates(step)) {
        fprintf(script->out, " %" PRIu64, step->size_bytes);
    }
    fputc('\n', script->out);
}

/* ---- the program ---- */

static uint64_t align_owed(const struct script *script, const struct fl_step *step)
{
    if (step->action == FL_DO_ALIGNED) {
        return (uint64_t)1 << step->align_log2;
    }
    if (script->shrunk->finding.kind == FL_FINDING_MISALIGNED) {
        return script->shrunk->finding.expected;
    }
    const bool is_foreign = fl_target_is_foreign(script->target->ops);
    return !is_foreign                        ? 1
           : step->size_bytes < ALIGN_FOREIGN ? ALIGN_FOREIGN / 2
                                              : ALIGN_FOREIGN;
}

static void holds_print(const struct script *script, uint64_t number, uint64_t bytes,
                        unsigned byte)
{
    fprintf(script->out, "    holds(p%" PRIu64 ", %" PRIu64 ", %u, %" PRIu64 ");\n", number,
            filled_bytes(bytes), byte, number);
}

static void made_print(const struct script *script, const struct fl_step *step, uint64_t number)
{
    fprintf(script->out, "    made(p%" PRIu64 ", %" PRIu64 ", %" PRIu64 ", %" PRIu64 ");\n",
            number, filled_bytes(step->size_bytes), align_owed(script, step), number);
}

static void resize_print(struct script *script, const struct fl_step *step,
                         const struct holder *before, uint64_t number)
{
    const uint64_t bytes = step->size_bytes;
    holds_print(script, number, before->bytes, fill_byte(number));
    fprintf(script->out, "    p%" PRIu64 " = realloc(p%" PRIu64 ", %" PRIu64 ");\n", number,
            number, bytes);
    holds_print(script, number, bytes < before->bytes ? bytes : before->bytes,
                fill_byte(number));
    made_print(script, step, number);
}

/* Not all C libraries declare what C23 has. */
static void sized_free_print(struct script *script, const struct fl_step *step, uint64_t number)
{
    if (step->align_log2 == 0) {
        fprintf(script->out,
                "    void free_sized(void *, size_t);\n    free_sized(p%" PRIu64 ", %" PRIu64
                ");\n",
                number, step->size_bytes);
    } else {
        fprintf(script->out,
                "    void free_aligned_sized(void *, size_t, size_t);\n"
                "    free_aligned_sized(p%" PRIu64 ", (size_t)1 << %u, %" PRIu64 ");\n",
                number, step->align_log2, step->size_bytes);
    }
}

static void program_step(struct script *script, const struct fl_step *step,
                         const struct holder *before, uint64_t number)
{
    FILE *const out = script->out;
    const uint64_t bytes = step->size_bytes;
    switch ((enum fl_action)step->action) {
    case FL_DO_ALLOC:
        fprintf(out, "    unsigned char *p%" PRIu64 " = malloc(%" PRIu64 ");\n", number, bytes);
        made_print(script, step, number);
        break;
    case FL_DO_ZEROED:
        fprintf(out, "    unsigned char *p%" PRIu64 " = calloc(1, %" PRIu64 ");\n", number,
                bytes);
        holds_print(script, number, bytes, 0);
        made_print(script, step, number);
        break;
    case FL_DO_ALIGNED:
        fprintf(out,
                "    unsigned char *p%" PRIu64 " = aligned_alloc((size_t)1 << %u, %" PRIu64
                ");\n",
                number, step->align_log2, bytes);
        made_print(script, step, number);
        break;
    case FL_DO_RESIZE:
        resize_print(script, step, before, number);
        break;
    case FL_DO_FREE:
        holds_print(script, number, before->bytes, fill_byte(number));
        fprintf(out, "    free(p%" PRIu64 ");\n", number);
        break;
    case FL_DO_FREE_SIZED:
        holds_print(script, number, before->bytes, fill_byte(number));
        sized_free_print(script, step, number);
        break;
    case FL_DO_USABLE:
        fprintf(out, "    malloc_usable_size(p%" PRIu64 ");\n", number);
        break;
    }
}

static void program_end(const struct script *script)
{
    const struct holder *holders = script->holders.base;
    for (size_t i = 0; i < script->holders.capacity; i++) {
        if (holders[i].number != 0) {
            holds_print(script, holders[i].number, holders[i].bytes,
                        fill_byte(holders[i].number));
        }
    }
    fputs("    return 0;\n}\n", script->out);
}

/* ---- both ---- */

static enum fl_status step_write(const struct fl_step *step, void *user, struct fl_error *err)
{
    struct script *script = user;
    if (!fl_table_reserve(&script->holders, (size_t)step->slot + 1)) {
        return fl_fail(err, FL_NOMEM, "no memory for a table of %u live objects", step->slot);
    }
    struct holder *holder = (struct holder *)script->holders.base + step->slot;
    const bool makes = fl_step_allocates(step) && step->action != FL_DO_RESIZE;
    const uint64_t number = makes ? ++script->objects : holder->number;
    script->step_print(script, step, holder, number);
    if (fl_step_allocates(step)) {
        *holder = (struct holder){number, step->size_bytes};
    } else if (fl_step_frees(step)) {
        *holder = (struct holder){0};
    }
    return FL_OK;
}

/* What it is, in lines that begin with `mark`. */
static void heading_print(const struct script *script, const char *mark, const char *origin)
{
    char text[MESSAGE_BYTES];
    fl_finding_text(&script->shrunk->finding, text, sizeof text);
    fprintf(script->out, "%s %s calls, shrunk by flreplay from %s of %s.\n", mark,
            fl_fmt_count(script->shrunk->calls).text,
            fl_fmt_count(script->shrunk->calls_before).text, origin);
    fprintf(script->out, "%s %s: %s.\n", mark, script->target->label, text);
}

static void program_usage(const struct script *script, const char *name)
{
    const struct fl_target *target = script->target;
    fprintf(script->out, "//   cc '%s.c' -o '%s' && ", name, name);
    if (target->library[0] != '\0') {
        fprintf(script->out, "LD_PRELOAD='%s' ", target->library);
    } else if (!fl_target_is_foreign(target->ops)) {
        fprintf(script->out, "LD_PRELOAD=libflmalloc.so FLMALLOC='%s' ", target->label);
    }
    fprintf(script->out, "./'%s'\n// ends with 1 and a line when a block is wrong.\n", name);
}

static enum fl_status file_fail(const char *path, struct fl_error *err)
{
    return fl_fail_os(err, FL_IO, errno, "cannot write %s", path);
}

static enum fl_status path_make(char *path, const char *name, const char *suffix,
                                struct fl_error *err)
{
    const int length = snprintf(path, PATH_MAX, "%s%s", name, suffix);
    return length >= 0 && length < PATH_MAX
               ? FL_OK
               : fl_fail(err, FL_LIMIT, "--shrink: the name is too long");
}

static enum fl_status file_close(FILE *file, const char *path, enum fl_status status,
                                 struct fl_error *err)
{
    const bool is_bad = ferror(file) != 0;
    return fclose(file) != 0 || (is_bad && status == FL_OK) ? file_fail(path, err) : status;
}

static enum fl_status text_write(struct script *script, const char *origin, const char *name,
                                 struct fl_error *err)
{
    char path[PATH_MAX];
    enum fl_status status = path_make(path, name, ".txt", err);
    if (status != FL_OK) {
        return status;
    }
    script->out = fopen(path, "we");
    if (script->out == NULL) {
        return file_fail(path, err);
    }
    script->step_print = text_step;
    heading_print(script, "#", origin);
    status = fl_steps_each(&script->shrunk->source, UINT64_MAX, step_write, script, NULL, err);
    return file_close(script->out, path, status, err);
}

static enum fl_status program_write(struct script *script, const char *origin, const char *name,
                                    struct fl_error *err)
{
    char path[PATH_MAX];
    enum fl_status status = path_make(path, name, ".c", err);
    if (status != FL_OK) {
        return status;
    }
    script->out = fopen(path, "we");
    if (script->out == NULL) {
        return file_fail(path, err);
    }
    script->step_print = program_step;
    heading_print(script, "//", origin);
    program_usage(script, name);
    fputs(preamble, script->out);
    status = fl_steps_each(&script->shrunk->source, UINT64_MAX, step_write, script, NULL, err);
    program_end(script);
    return file_close(script->out, path, status, err);
}

static enum fl_status trace_write(const struct fl_shrunk *shrunk, const char *name,
                                  struct fl_error *err)
{
    char path[PATH_MAX];
    const enum fl_status status = path_make(path, name, ".zst", err);
    if (status != FL_OK) {
        return status;
    }
    FILE *file = fopen(path, "we");
    if (file == NULL || lseek(shrunk->source.fd, 0, SEEK_SET) != 0) {
        return file_fail(path, err);
    }
    char bytes[BUFSIZ];
    ssize_t got;
    while ((got = read(shrunk->source.fd, bytes, sizeof bytes)) > 0) {
        fwrite(bytes, 1, (size_t)got, file);
    }
    return file_close(file, path, FL_OK, err);
}

static enum fl_status files_write(const struct fl_shrunk *shrunk,
                                  const struct fl_target *target, const char *origin,
                                  const char *name, struct fl_error *err)
{
    struct script text = {.shrunk = shrunk, .target = target};
    struct script program = {.shrunk = shrunk, .target = target};
    text.holders.element_bytes = program.holders.element_bytes = sizeof(struct holder);
    enum fl_status status = trace_write(shrunk, name, err);
    if (status == FL_OK) {
        status = text_write(&text, origin, name, err);
    }
    if (status == FL_OK) {
        status = program_write(&program, origin, name, err);
    }
    fl_table_free(&text.holders);
    fl_table_free(&program.holders);
    return status;
}

enum fl_status fl_reproduction_name(const char *path, const char *asked, char *name,
                                    struct fl_error *err)
{
    const char *slash = strrchr(path, '/');
    const char *base = slash != NULL ? slash + 1 : path;
    const char *end = strstr(base, ".zst");
    const int length = asked != NULL
                           ? snprintf(name, PATH_MAX, "%s", asked)
                           : snprintf(name, PATH_MAX, "%.*s.shrunk",
                                      end != NULL ? (int)(end - base) : NAME_MAX, base);
    return length >= 0 && length < PATH_MAX
               ? FL_OK
               : fl_fail(err, FL_USAGE, "--shrink: the name is too long");
}

/* The trace is not to be written over by its shrunk one. */
static enum fl_status name_check(const char *path, const char *name, struct fl_error *err)
{
    struct stat trace, shrunk;
    char shrunk_path[PATH_MAX];
    const enum fl_status status = path_make(shrunk_path, name, ".zst", err);
    if (status != FL_OK || stat(path, &trace) != 0 || stat(shrunk_path, &shrunk) != 0) {
        return status;
    }
    return trace.st_dev == shrunk.st_dev && trace.st_ino == shrunk.st_ino
               ? fl_fail(err, FL_USAGE, "--shrink=%s: %s is the trace itself", name,
                         shrunk_path)
               : FL_OK;
}

static void files_say(FILE *say, const struct fl_shrunk *shrunk, const char *name)
{
    fprintf(say, "flreplay: shrunk from %s calls to %s in %s tests: %s.c, %s.txt, %s.zst\n",
            fl_fmt_count(shrunk->calls_before).text, fl_fmt_count(shrunk->calls).text,
            fl_fmt_count(shrunk->tests).text, name, name, name);
    if (!shrunk->is_minimal) {
        fprintf(say, "flreplay: note: no more tests are made; it may become smaller still\n");
    }
}

enum fl_status fl_reproduce(const struct fl_run_request *request, const char *path,
                            const struct fl_target *target, const struct fl_finding *finding,
                            const char *name, FILE *say, struct fl_error *err)
{
    char chosen[PATH_MAX];
    struct fl_shrunk shrunk;
    enum fl_status status = fl_reproduction_name(path, name, chosen, err);
    if (status == FL_OK) {
        status = name_check(path, chosen, err);
    }
    if (status == FL_OK) {
        status = fl_shrink(request, path, target, finding, &shrunk, err);
    }
    if (status != FL_OK) {
        return status;
    }
    status = files_write(&shrunk, target, path, chosen, err);
    if (status == FL_OK && say != NULL) {
        files_say(say, &shrunk, chosen);
    }
    fl_source_close(&shrunk.source);
    return status;
}
