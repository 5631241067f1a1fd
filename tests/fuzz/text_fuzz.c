/*
 * Any bytes as a text trace of --explain: refused with its line, or replayed and shown call by
 * call, the whole heap checked after each. The first byte chooses the allocator.
 */
#include "fuzz.h"

#include "explain.h"

#define CALLS_MAX 300u /* each is shown with all that is free: the cost grows by its square */

/* What draws differently: lists, trees, and the oddest smallest blocks. */
static const char *const targets[] = {
    "list-lifo,links=single,align=4", "list-addr,fit=next,tags=none",
    "list-size,coalesce=off,big=4k",  "size-tree,align=8,trim=always",
    "addr-tree,augment=max,chunk=4k", "combo-tree,split-min=100",
};
#define TARGET_COUNT (sizeof targets / sizeof targets[0])

static void script_explain(const struct fl_script *script, const char *name)
{
    static const struct fl_catalog catalog = {.extra = NULL};
    const struct fl_explain_options options = {.call_limit = CALLS_MAX, .wants_check = true};
    struct fl_target_list list = {.count = 0};
    struct fl_error err;
    must(fl_target_list_add(&catalog, name, &list, &err) == FL_OK, "the target exists");
    const enum fl_status status =
        fl_explain(fuzz_nowhere(), script, &list.at[0], &options, &err);
    must(status == FL_OK || status == FL_NOMEM, "the answers are right");
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    if (count == 0) {
        return 0;
    }
    struct fuzz_file file;
    struct fl_script script;
    struct fl_error err;
    fuzz_file_make(&file, bytes + 1, count - 1);
    const enum fl_status status = fl_script_read(file.path, &script, &err);
    if (status == FL_OK) {
        script_explain(&script, targets[bytes[0] % TARGET_COUNT]);
        fl_script_free(&script);
    } else {
        must_tell(&err, status);
    }
    fuzz_file_end(&file);
    return 0;
}
