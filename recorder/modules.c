/*
 * The modules of a program, from /proc/<pid>/maps.
 *
 * All mappings of one file that stand together, as the loader makes them, are one module. Only
 * the executable ones matter to a stack, but the lowest one tells where the file's first byte
 * of code or data lies: address in memory minus its start, plus the address of the file's first
 * loadable segment, is the address as the ELF file numbers it. A module is named in the trace
 * when the first frame in it is met.
 */
#include "modules.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "inspect.h"

#define FL_MAPS_LINE_MAX 8192
#define FL_NUMBER_NONE   UINT32_MAX

struct module {
    uint64_t begin, end; /* in memory */
    uint64_t inode;
    uint64_t last_offset; /* in the file, of its last mapping */
    char *path;
    uint64_t first_address; /* that the file gives to `begin` */
    uint32_t number;        /* in the trace, or FL_NUMBER_NONE */
};

struct list {
    struct module *at;
    size_t count, capacity;
};

struct fl_modules {
    pid_t pid;
    struct list now; /* by rising address */
    struct list
        named; /* all that the trace has names for, in that order: also what is unloaded */
};

struct fl_modules *fl_modules_new(void)
{
    return calloc(1, sizeof(struct fl_modules));
}

static void list_clear(struct list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->at[i].path);
    free(list->at);
}

void fl_modules_free(struct fl_modules *modules)
{
    if (!modules)
        return;
    list_clear(&modules->now);
    list_clear(&modules->named);
    free(modules);
}

static struct module *list_add(struct list *list)
{
    if (list->count == list->capacity) {
        const size_t capacity = 2 * list->capacity + 32;
        struct module *grown = reallocarray(list->at, capacity, sizeof *grown);
        if (!grown)
            return NULL;
        list->at = grown;
        list->capacity = capacity;
    }
    return &list->at[list->count++];
}

/* Does a mapping go on with the module before it? The loader maps a file by rising offsets; two
 * parts that share their first page may both have offset 0, where the second is its code. What
 * starts over is the file once more: mapped as data beside the library, say. */
static bool is_continued(const struct module *last, const struct module *found,
                         const char *path, char execute)
{
    return last->inode == found->inode && strcmp(last->path, path) == 0 &&
           (found->last_offset > last->last_offset ||
            (found->last_offset == last->last_offset &&
             (found->last_offset > 0 || execute == 'x')));
}

/* One line of the map: a new module, or more of the one before. Memory of no file is none. */
static void line_take(struct list *list, const char *line)
{
    struct module found = {.number = FL_NUMBER_NONE};
    int path_at = 0;
    char execute;
    if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %*2c%c%*s %" SCNx64 " %*s %" SCNu64 " %n",
               &found.begin, &found.end, &execute, &found.last_offset, &found.inode,
               &path_at) < 5 ||
        path_at == 0)
        return;
    const char *path = line + path_at;
    if (found.inode == 0 && strcmp(path, "[vdso]") != 0)
        return;
    struct module *last = list->count > 0 ? &list->at[list->count - 1] : NULL;
    if (last && is_continued(last, &found, path, execute)) {
        last->end = found.end;
        last->last_offset = found.last_offset;
        return;
    }
    found.path = strdup(path);
    struct module *added = found.path ? list_add(list) : NULL;
    if (added)
        *added = found;
    else
        free(found.path);
}

static bool map_read(pid_t pid, struct list *list)
{
    char path[64], line[FL_MAPS_LINE_MAX];
    snprintf(path, sizeof path, "/proc/%d/maps", (int)pid);
    FILE *maps = fopen(path, "re");
    if (!maps)
        return false;
    while (fgets(line, sizeof line, maps)) {
        line[strcspn(line, "\n")] = '\0';
        line_take(list, line);
    }
    fclose(maps);
    return list->count > 0;
}

void fl_modules_read(struct fl_modules *modules, pid_t pid)
{
    struct list now = {0};
    modules->pid = pid;
    if (map_read(pid, &now)) {
        list_clear(&modules->now);
        modules->now = now;
    } else {
        list_clear(&now);
    }
}

static struct module *module_at(const struct fl_modules *modules, uint64_t address)
{
    const struct list *list = &modules->now;
    size_t low = 0, high = list->count;
    while (low < high) {
        const size_t middle = (low + high) / 2;
        if (list->at[middle].end <= address)
            low = middle + 1;
        else
            high = middle;
    }
    return low < list->count && list->at[low].begin <= address ? &list->at[low] : NULL;
}

/* A plugin that was unloaded and is there again is the same module, wherever it stands now. */
static bool module_recall(const struct fl_modules *modules, struct module *module)
{
    for (size_t i = modules->named.count; i-- > 0;) {
        const struct module *named = &modules->named.at[i];
        if (named->inode != module->inode || strcmp(named->path, module->path) != 0)
            continue;
        module->number = named->number;
        module->first_address = named->first_address;
        return true;
    }
    return false;
}

static bool module_remember(struct fl_modules *modules, const struct module *module)
{
    struct module copy = *module;
    copy.path = strdup(module->path);
    struct module *added = copy.path ? list_add(&modules->named) : NULL;
    if (added)
        *added = copy;
    else
        free(copy.path);
    return added != NULL;
}

/* Read what the file says of itself, through the program's own root, and name it in the
 * trace. */
static bool module_name(struct fl_modules *modules, struct fl_writer *writer,
                        struct module *module)
{
    char path[FL_MAPS_LINE_MAX + 64], hex[2 * FL_BUILD_ID_MAX + 1] = "";
    struct fl_error err;
    snprintf(path, sizeof path, "/proc/%d/root%s", (int)modules->pid, module->path);
    if (!fl_inspect_module(path, hex, &module->first_address))
        (void)fl_inspect_module(module->path, hex, &module->first_address);
    const struct fl_module named = {module->path, hex, module->begin,
                                    module->end - module->begin};
    if (fl_writer_module(writer, &named, &module->number, &err) != FL_OK)
        return false;
    (void)module_remember(modules, module); /* else it is named once more when it comes again */
    return true;
}

void fl_modules_find(struct fl_modules *modules, struct fl_writer *writer, uint64_t address,
                     struct fl_frame *frame)
{
    struct module *module = module_at(modules, address);
    frame->module = FL_MODULE_NONE;
    frame->address = address;
    const bool is_named =
        module && (module->number != FL_NUMBER_NONE || module_recall(modules, module) ||
                   module_name(modules, writer, module));
    if (!is_named)
        return;
    frame->module = module->number;
    frame->address = address - module->begin + module->first_address;
}
