/*
 * Metadata: an ordered list of named byte strings, and its form on disk (SPEC.md, "Metadata").
 * A trace has some twenty of them, so a plain array searched from the front is enough.
 */
#include "metadata.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

struct item {
    char *name;
    char *value; /* NUL-terminated behind its last byte */
    size_t value_bytes;
};

struct fl_metadata {
    struct item *items;
    size_t count, capacity;
};

struct fl_metadata *fl_metadata_new(void)
{
    return calloc(1, sizeof(struct fl_metadata));
}

void fl_metadata_free(struct fl_metadata *meta)
{
    if (meta == NULL) {
        return;
    }
    for (size_t i = 0; i < meta->count; i++) {
        free(meta->items[i].name);
        free(meta->items[i].value);
    }
    free(meta->items);
    free(meta);
}

static struct item *item_find(const struct fl_metadata *meta, const char *name,
                              size_t name_bytes)
{
    for (size_t i = 0; i < meta->count; i++) {
        const char *known = meta->items[i].name;
        if (strncmp(known, name, name_bytes) == 0 && known[name_bytes] == '\0') {
            return &meta->items[i];
        }
    }
    return NULL;
}

static char *bytes_copy(const void *from, size_t bytes)
{
    char *copy = malloc(bytes + 1);
    if (copy != NULL) {
        if (bytes > 0) {
            memcpy(copy, from, bytes);
        }
        copy[bytes] = '\0';
    }
    return copy;
}

static bool list_grow(struct fl_metadata *meta)
{
    if (meta->count < meta->capacity) {
        return true;
    }
    const size_t capacity = meta->capacity == 0 ? 16 : 2 * meta->capacity;
    struct item *items = reallocarray(meta->items, capacity, sizeof *items);
    if (items == NULL) {
        return false;
    }
    meta->items = items;
    meta->capacity = capacity;
    return true;
}

static bool item_set(struct fl_metadata *meta, const char *name, size_t name_bytes,
                     const void *value, size_t bytes)
{
    char *copy = bytes_copy(value, bytes);
    struct item *item = item_find(meta, name, name_bytes);
    if (copy != NULL && item == NULL && list_grow(meta)) {
        char *own_name = bytes_copy(name, name_bytes);
        if (own_name != NULL) {
            item = &meta->items[meta->count++];
            *item = (struct item){.name = own_name};
        }
    }
    if (copy == NULL || item == NULL) {
        free(copy);
        return false;
    }
    free(item->value);
    item->value = copy;
    item->value_bytes = bytes;
    return true;
}

bool fl_metadata_set(struct fl_metadata *meta, const char *name, const void *value,
                     size_t bytes)
{
    return item_set(meta, name, strlen(name), value, bytes);
}

bool fl_metadata_set_text(struct fl_metadata *meta, const char *name, const char *text)
{
    return fl_metadata_set(meta, name, text, strlen(text));
}

bool fl_metadata_set_number(struct fl_metadata *meta, const char *name, uint64_t number)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRIu64, number);
    return fl_metadata_set_text(meta, name, text);
}

const char *fl_metadata_get(const struct fl_metadata *meta, const char *name, size_t *bytes)
{
    const struct item *item = item_find(meta, name, strlen(name));
    if (item == NULL) {
        return NULL;
    }
    if (bytes != NULL) {
        *bytes = item->value_bytes;
    }
    return item->value;
}

size_t fl_metadata_count(const struct fl_metadata *meta)
{
    return meta->count;
}

void fl_metadata_at(const struct fl_metadata *meta, size_t i, const char **name,
                    const char **value, size_t *bytes)
{
    *name = meta->items[i].name;
    *value = meta->items[i].value;
    *bytes = meta->items[i].value_bytes;
}

size_t fl_metadata_encoded_bytes(const struct fl_metadata *meta)
{
    size_t total = FL_VARINT_MAX;
    for (size_t i = 0; i < meta->count; i++) {
        total += 2 * FL_VARINT_MAX + strlen(meta->items[i].name) + meta->items[i].value_bytes;
    }
    return total;
}

static uint8_t *put_bytes(uint8_t *at, const void *from, size_t bytes)
{
    at = fl_put_varint(at, bytes);
    if (bytes > 0) {
        memcpy(at, from, bytes);
    }
    return at + bytes;
}

size_t fl_metadata_encode(const struct fl_metadata *meta, uint8_t *out)
{
    uint8_t *at = fl_put_varint(out, meta->count);
    for (size_t i = 0; i < meta->count; i++) {
        const struct item *item = &meta->items[i];
        at = put_bytes(at, item->name, strlen(item->name));
        at = put_bytes(at, item->value, item->value_bytes);
    }
    return (size_t)(at - out);
}

static bool get_counted(struct fl_cursor *from, struct fl_cursor *span)
{
    uint64_t bytes;
    return fl_get_varint(from, &bytes) && fl_get_span(from, bytes, span);
}

enum fl_status fl_metadata_decode(struct fl_cursor from, struct fl_metadata *meta)
{
    uint64_t count;
    if (!fl_get_varint(&from, &count) || count > FL_METADATA_ITEMS_MAX ||
        count > fl_cursor_left(&from) / 2) {
        return FL_CORRUPT;
    }
    for (uint64_t i = 0; i < count; i++) {
        struct fl_cursor name, value;
        if (!get_counted(&from, &name) || !get_counted(&from, &value) ||
            memchr(name.at, '\0', fl_cursor_left(&name)) != NULL) {
            return FL_CORRUPT;
        }
        if (!item_set(meta, (const char *)name.at, fl_cursor_left(&name), value.at,
                      fl_cursor_left(&value))) {
            return FL_NOMEM;
        }
    }
    return fl_cursor_left(&from) == 0 ? FL_OK : FL_CORRUPT;
}

bool fl_metadata_copy(struct fl_metadata *to, const struct fl_metadata *from)
{
    for (size_t i = 0; from != NULL && i < fl_metadata_count(from); i++) {
        const char *name, *value;
        size_t bytes;
        fl_metadata_at(from, i, &name, &value, &bytes);
        if (!fl_metadata_set(to, name, value, bytes)) {
            return false;
        }
    }
    return true;
}
