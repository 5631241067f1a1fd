/*
 * The modules of a program, from /proc/<pid>/maps.
 *
 * All mappings of one file that stand together are one module. Only the executable ones matter to a
 * stack, but the lowest one tells where the file's first byte of code or data lies: address in memory
 * minus its start, plus the address of the file's first loadable segment, is the address as the ELF file
 * numbers it. A module is named in the trace when the first frame in it is met.
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
    char *path;
    uint64_t first_address; /* that the file gives to `begin` */
    uint32_t number;        /* in the trace, or FL_NUMBER_NONE */
};

struct fl_modules {
    pid_t pid;
    struct module *at; /* by rising address */
    size_t count, capacity;
};

struct fl_modules *fl_modules_new(void)
{
    return calloc(1, sizeof(struct fl_modules));
}

static void list_clear(struct fl_modules *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->at[i].path);
    free(list->at);
}

void fl_modules_free(struct fl_modules *modules)
{
    if (!modules)
        return;
    list_clear(modules);
    free(modules);
}

static struct module *list_add(struct fl_modules *list)
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

/* One line of the map: a new module, or more of the one before. Memory of no file is none. */
static void line_take(struct fl_modules *list, const char *line)
{
    struct module found = {.number = FL_NUMBER_NONE};
    int path_at = 0;
    if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %*s %*s %*s %" SCNu64 " %n", &found.begin,
               &found.end, &found.inode, &path_at) < 3 ||
        path_at == 0)
        return;
    const char *path = line + path_at;
    if (found.inode == 0 && strcmp(path, "[vdso]") != 0)
        return;
    struct module *last = list->count > 0 ? &list->at[list->count - 1] : NULL;
    if (last && last->inode == found.inode && strcmp(last->path, path) == 0) {
        last->end = found.end;
        return;
    }
    found.path = strdup(path);
    struct module *added = found.path ? list_add(list) : NULL;
    if (added)
        *added = found;
    else
        free(found.path);
}

static bool map_read(pid_t pid, struct fl_modules *list)
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

/* What was known of the same module stays known. */
static void numbers_keep(const struct fl_modules *before, struct fl_modules *now)
{
    size_t old = 0;
    for (size_t i = 0; i < now->count; i++) {
        struct module *module = &now->at[i];
        while (old < before->count && before->at[old].begin < module->begin)
            old++;
        if (old == before->count)
            return;
        const struct module *same = &before->at[old];
        if (same->begin != module->begin || same->inode != module->inode ||
            strcmp(same->path, module->path) != 0)
            continue;
        module->number = same->number;
        module->first_address = same->first_address;
    }
}

void fl_modules_read(struct fl_modules *modules, pid_t pid)
{
    struct fl_modules now = {.pid = pid};
    if (map_read(pid, &now)) {
        numbers_keep(modules, &now);
        list_clear(modules);
        *modules = now;
    } else {
        list_clear(&now);
    }
}

static struct module *module_at(const struct fl_modules *modules, uint64_t address)
{
    size_t low = 0, high = modules->count;
    while (low < high) {
        const size_t middle = (low + high) / 2;
        if (modules->at[middle].end <= address)
            low = middle + 1;
        else
            high = middle;
    }
    return low < modules->count && modules->at[low].begin <= address ? &modules->at[low] : NULL;
}

/* Read what the file says of itself, through the program's own root, and name it in the trace. */
static bool module_name(const struct fl_modules *modules, struct fl_writer *writer,
                        struct module *module)
{
    char path[FL_MAPS_LINE_MAX + 64], hex[2 * FL_BUILD_ID_MAX + 1] = "";
    struct fl_error err;
    snprintf(path, sizeof path, "/proc/%d/root%s", (int)modules->pid, module->path);
    if (!fl_inspect_module(path, hex, &module->first_address))
        (void)fl_inspect_module(module->path, hex, &module->first_address);
    const struct fl_module named = {module->path, hex, module->begin,
                                    module->end - module->begin};
    return fl_writer_module(writer, &named, &module->number, &err) == FL_OK;
}

void fl_modules_find(struct fl_modules *modules, struct fl_writer *writer, uint64_t address,
                     struct fl_frame *frame)
{
    struct module *module = module_at(modules, address);
    frame->module = FL_MODULE_NONE;
    frame->address = address;
    if (!module || (module->number == FL_NUMBER_NONE && !module_name(modules, writer, module)))
        return;
    frame->module = module->number;
    frame->address = address - module->begin + module->first_address;
}
