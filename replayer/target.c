/*
 * The catalog of targets and the grammar of --alloc.
 *
 * The grammar needs no quoting: a comma ends an item, '=' makes it a knob of the name before
 * it. So `addr-tree,fit=best,list-addr` is two targets, and one list can hold a name twice with
 * different knobs, or with the same, which shows the noise of a measurement. `lib:` begins a
 * file name, in which '=' is nothing special; what the loader would take for the end of the
 * name, or for a variable, is refused. Own family: the registry of allocator/ is the only list
 * of its names. Cost: linear in the length of the list; a catalog has tens of names.
 */
#include "target.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <fl/opt.h>

static const struct fl_allocator_ops *const built_in[] = {
    &fl_target_system,   &fl_target_glibc, &fl_target_jemalloc, &fl_target_mimalloc,
    &fl_target_tcmalloc, &fl_target_lib,   &fl_target_none};
#define BUILT_IN_COUNT (sizeof built_in / sizeof built_in[0])
#define NAMES_MAX      128u

size_t fl_catalog_count(const struct fl_catalog *catalog)
{
    return fl_allocator_count() + BUILT_IN_COUNT + catalog->extra_count;
}

const struct fl_allocator_ops *fl_catalog_at(const struct fl_catalog *catalog, size_t i)
{
    if (i < fl_allocator_count()) {
        return fl_allocator_at(i);
    }
    i -= fl_allocator_count();
    return i < BUILT_IN_COUNT ? built_in[i] : catalog->extra[i - BUILT_IN_COUNT];
}

const struct fl_allocator_ops *fl_catalog_find(const struct fl_catalog *catalog,
                                               const char *name, size_t length)
{
    for (size_t i = 0; i < fl_catalog_count(catalog); i++) {
        const struct fl_allocator_ops *ops = fl_catalog_at(catalog, i);
        if (strlen(ops->name) == length && memcmp(ops->name, name, length) == 0) {
            return ops;
        }
    }
    return NULL;
}

static enum fl_status name_unknown(const struct fl_catalog *catalog, const char *name,
                                   size_t length, struct fl_error *err)
{
    const char *names[NAMES_MAX];
    size_t count = 0;
    for (size_t i = 0; i < fl_catalog_count(catalog) && count < NAMES_MAX; i++) {
        names[count++] = fl_catalog_at(catalog, i)->name;
    }
    char word[64];
    snprintf(word, sizeof word, "%.*s", (int)length, name);
    const char *nearest = fl_opt_nearest(word, names, count);
    if (nearest != NULL) {
        return fl_fail(err, FL_USAGE, "no allocator is called '%s'; did you mean '%s'?", word,
                       nearest);
    }
    return fl_fail(err, FL_USAGE, "no allocator is called '%s'; --alloc=help lists them", word);
}

/* Append ",item" (or "item" when it is the first) to the target's label, cut when too long. */
static void label_append(struct fl_target *target, const char *item, size_t length)
{
    const size_t used = strlen(target->label);
    snprintf(target->label + used, sizeof target->label - used, "%s%.*s", used > 0 ? "," : "",
             (int)length, item);
}

static enum fl_status list_add_ops(const struct fl_allocator_ops *ops, const char *label,
                                   size_t length, struct fl_target_list *list,
                                   struct fl_error *err)
{
    if (list->count == FL_TARGETS_MAX) {
        return fl_fail(err, FL_USAGE, "more than %u allocators in one call", FL_TARGETS_MAX);
    }
    struct fl_target *target = &list->at[list->count++];
    *target = (struct fl_target){.ops = ops};
    fl_allocator_defaults(ops, &target->config);
    label_append(target, label, length);
    return FL_OK;
}

static enum fl_status list_add_name(const struct fl_catalog *catalog, const char *name,
                                    size_t length, struct fl_target_list *list,
                                    struct fl_error *err)
{
    const struct fl_allocator_ops *ops = fl_catalog_find(catalog, name, length);
    if (ops == NULL && list->count > 0 && list->at[list->count - 1].ops == &fl_target_lib) {
        return fl_fail(err, FL_USAGE,
                       "no allocator is called '%.*s'; a comma ends the name of a library",
                       (int)length, name);
    }
    return ops == NULL ? name_unknown(catalog, name, length, err)
                       : list_add_ops(ops, name, length, list, err);
}

static bool is_library(const char *item)
{
    return strncmp(item, FL_LIBRARY_PREFIX, strlen(FL_LIBRARY_PREFIX)) == 0;
}

static const char *library_base(const struct fl_target *target)
{
    const char *slash = strrchr(target->library, '/');
    return slash == NULL ? target->library : slash + 1;
}

/* Is there a library of the same name in another folder, as of two builds? */
static bool library_has_namesake(const struct fl_target_list *list,
                                 const struct fl_target *target)
{
    for (size_t i = 0; i < list->count; i++) {
        const struct fl_target *other = &list->at[i];
        if (other->ops == &fl_target_lib &&
            strcmp(library_base(other), library_base(target)) == 0 &&
            strcmp(other->library, target->library) != 0) {
            return true;
        }
    }
    return false;
}

/* Folders do not belong to an allocator's name, but where it takes them to tell two apart. Of a
 * long path the end. */
static void libraries_label(struct fl_target_list *list)
{
    const size_t room = FL_TARGET_LABEL_MAX - strlen(FL_LIBRARY_PREFIX) - 1;
    for (size_t i = 0; i < list->count; i++) {
        struct fl_target *target = &list->at[i];
        if (target->ops != &fl_target_lib) {
            continue;
        }
        const char *name =
            library_has_namesake(list, target) ? target->library : library_base(target);
        const size_t length = strlen(name);
        snprintf(target->label, sizeof target->label, FL_LIBRARY_PREFIX "%.*s", (int)room,
                 length > room ? name + (length - room) : name);
    }
}

/* Of equal ones the second is NAME#2, and so on: rows, and what other tools are told, have
 * names of their own. */
static void labels_number(struct fl_target_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        struct fl_target *target = &list->at[i];
        if (target->ops != &fl_target_lib) {
            target->label[strcspn(target->label, "#")] = '\0';
        }
    }
    for (size_t i = list->count; i-- > 0;) {
        struct fl_target *target = &list->at[i];
        size_t number = 1;
        for (size_t j = 0; j < i; j++) {
            number += strcmp(list->at[j].label, target->label) == 0;
        }
        const size_t used = strlen(target->label);
        if (number > 1) {
            snprintf(target->label + used, sizeof target->label - used, "#%zu", number);
        }
    }
}

static enum fl_status list_add_library(const char *item, size_t length,
                                       struct fl_target_list *list, struct fl_error *err)
{
    char file[FL_LIBRARY_MAX];
    const size_t prefix = strlen(FL_LIBRARY_PREFIX);
    const int file_length =
        snprintf(file, sizeof file, "%.*s", (int)(length - prefix), item + prefix);
    if (file_length < 1 || (size_t)file_length >= sizeof file) {
        return fl_fail(err, FL_USAGE, "%.*s: the name of a library has 1 to %u bytes", 40, item,
                       FL_LIBRARY_MAX - 1);
    }
    if (file[strcspn(file, ": \t\n$")] != '\0') {
        return fl_fail(err, FL_USAGE,
                       "lib:%s: the loader takes no name with a blank, ':' or '$'; a link with "
                       "another name helps",
                       file);
    }
    const enum fl_status status = list_add_ops(&fl_target_lib, "", 0, list, err);
    if (status == FL_OK) {
        struct fl_target *target = &list->at[list->count - 1];
        snprintf(target->library, sizeof target->library, "%s", file);
    }
    return status;
}

static enum fl_status list_set_knob(struct fl_target_list *list, size_t first, const char *item,
                                    size_t length, struct fl_error *err)
{
    if (list->count == first) {
        return fl_fail(err, FL_USAGE, "'%.*s' stands before any allocator's name", (int)length,
                       item);
    }
    struct fl_target *target = &list->at[list->count - 1];
    char message[200] = "";
    if (fl_allocator_set(target->ops, &target->config, item, length, message, sizeof message) !=
        0) {
        return fl_fail(err, FL_USAGE, "%s: %s", target->ops->name, message);
    }
    label_append(target, item, length);
    return FL_OK;
}

enum fl_status fl_target_list_add(const struct fl_catalog *catalog, const char *text,
                                  struct fl_target_list *list, struct fl_error *err)
{
    const size_t first = list->count;
    enum fl_status status = FL_OK;
    for (const char *item = text; status == FL_OK;) {
        const size_t length = strcspn(item, ",");
        if (length == 0) {
            status = fl_fail(err, FL_USAGE, "empty item in --alloc=%s", text);
        } else if (is_library(item)) {
            status = list_add_library(item, length, list, err);
        } else if (memchr(item, '=', length) != NULL) {
            status = list_set_knob(list, first, item, length, err);
        } else {
            status = list_add_name(catalog, item, length, list, err);
        }
        if (item[length] == '\0') {
            break;
        }
        item += length + 1;
    }
    if (status != FL_OK) {
        list->count = first;
    }
    libraries_label(list);
    labels_number(list);
    return status;
}
