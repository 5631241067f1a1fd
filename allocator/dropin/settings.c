/*
 * FLMALLOC, read once, at the first call of the family.
 *
 * That call may come from the dynamic linker, before the C library has set `environ`; then
 * /proc/self/environ is read instead, a page at a time. Nothing here allocates. A mistake is
 * never passed over: a measurement of an allocator that was not asked for is worse than none.
 */
#include "settings.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "report.h"

#define VARIABLE       "FLMALLOC"
#define STATUS_REFUSED 125 /* as env, timeout and flrec say "it was me, not the program" */
#define EVERY_FULL     1000
#define DEFAULT_NAME   "size-tree" /* the fastest on real programs: DESIGN.md, "What it costs" */

/* Room for the variable when it comes from /proc. */
static char early_text[1024];

void fl_settings_refuse(const char *format, ...)
{
    char sentence[400];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    fl_report(VARIABLE ": %s", sentence);
    _exit(STATUS_REFUSED);
}

/* ---- the text ---- */

/* A reader of variables that come in pieces. */
struct scan {
    size_t matched;   /* characters of "FLMALLOC=" that the present variable began with */
    bool is_other;    /* the present variable is another one */
    size_t collected; /* of the value, in early_text */
};

/* False when the value is complete. */
static bool scan_character(struct scan *scan, char character)
{
    static const char wanted[] = VARIABLE "=";
    const bool has_matched = scan->matched == sizeof wanted - 1;
    if (character == '\0') {
        if (has_matched)
            return false;
        *scan = (struct scan){0};
    } else if (has_matched) {
        if (scan->collected == sizeof early_text - 1)
            fl_settings_refuse("longer than %zu characters", sizeof early_text - 1);
        early_text[scan->collected++] = character;
    } else if (!scan->is_other && character == wanted[scan->matched]) {
        scan->matched++;
    } else {
        scan->is_other = true;
    }
    return true;
}

static const char *early_environment(void)
{
    const int file = open("/proc/self/environ", O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return NULL;
    struct scan scan = {0};
    char page[4096];
    bool goes_on = true;
    while (goes_on) {
        const ssize_t got = read(file, page, sizeof page);
        if (got <= 0)
            break;
        for (ssize_t i = 0; i < got && goes_on; i++)
            goes_on = scan_character(&scan, page[i]);
    }
    close(file);
    return goes_on ? NULL : early_text;
}

/* ---- the grammar ---- */

struct span {
    const char *at;
    size_t bytes;
};

/* Behind the key when the item is "key=...", else NULL. */
static const char *value_of(struct span item, const char *key, size_t *bytes)
{
    const size_t key_bytes = strlen(key);
    if (item.bytes <= key_bytes || item.at[key_bytes] != '=' ||
        memcmp(item.at, key, key_bytes) != 0)
        return NULL;
    *bytes = item.bytes - key_bytes - 1;
    return item.at + key_bytes + 1;
}

static bool is_word(const char *value, size_t bytes, const char *word)
{
    return strlen(word) == bytes && memcmp(value, word, bytes) == 0;
}

static void set_check(struct fl_settings *settings, const char *value, size_t bytes)
{
    const bool is_full = is_word(value, bytes, "full");
    if (!is_full && !is_word(value, bytes, "fast") && !is_word(value, bytes, "off"))
        fl_settings_refuse("check is one of off|fast|full, not '%.*s'", (int)bytes, value);
    settings->is_checked = !is_word(value, bytes, "off");
    settings->depth = is_full ? FL_CHECK_FULL : FL_CHECK_FAST;
}

static void set_check_every(struct fl_settings *settings, const char *value, size_t bytes)
{
    uint64_t number = 0;
    bool is_number = bytes > 0 && bytes < 19;
    for (size_t i = 0; i < bytes && is_number; i++) {
        is_number = value[i] >= '0' && value[i] <= '9';
        number = number * 10 + (uint64_t)(value[i] - '0');
    }
    if (!is_number || number == 0)
        fl_settings_refuse("check-every is a number of calls, 1 or more, not '%.*s'",
                           (int)bytes, value);
    settings->check_every = number;
}

static void set_stats(struct fl_settings *settings, const char *value, size_t bytes)
{
    settings->has_stats = is_word(value, bytes, "on");
    if (!settings->has_stats && !is_word(value, bytes, "off"))
        fl_settings_refuse("stats is one of off|on, not '%.*s'", (int)bytes, value);
}

static void set_knob(struct fl_settings *settings, struct span item)
{
    char sentence[300];
    const int failed = fl_allocator_set(settings->ops, &settings->config, item.at, item.bytes,
                                        sentence, sizeof sentence);
    if (failed == -ENOENT)
        fl_settings_refuse("%s; besides: check, check-every, stats", sentence);
    if (failed != 0)
        fl_settings_refuse("%s", sentence);
}

static void set_item(struct fl_settings *settings, struct span item)
{
    size_t bytes;
    const char *value;
    if ((value = value_of(item, "check", &bytes)) != NULL)
        set_check(settings, value, bytes);
    else if ((value = value_of(item, "check-every", &bytes)) != NULL)
        set_check_every(settings, value, bytes);
    else if ((value = value_of(item, "stats", &bytes)) != NULL)
        set_stats(settings, value, bytes);
    else
        set_knob(settings, item);
}

_Noreturn static void refuse_name(struct span name)
{
    char known[256] = "";
    size_t used = 0;
    for (size_t i = 0; i < fl_allocator_count() && used < sizeof known; i++)
        used += (size_t)snprintf(known + used, sizeof known - used, "%s%s", i > 0 ? ", " : "",
                                 fl_allocator_at(i)->name);
    fl_settings_refuse("no allocator '%.*s'; there are %s", (int)name.bytes, name.at, known);
}

static void set_name(struct fl_settings *settings, struct span name)
{
    settings->ops = fl_allocator_find(name.at, name.bytes);
    if (settings->ops == NULL)
        refuse_name(name);
    fl_allocator_defaults(settings->ops, &settings->config);
}

void fl_settings_read(struct fl_settings *out)
{
    const char *text = environ != NULL ? getenv(VARIABLE) : early_environment();
    struct fl_settings settings = {0};
    set_name(&settings, (struct span){DEFAULT_NAME, sizeof DEFAULT_NAME - 1});
    bool is_first = true;
    for (const char *at = text; at != NULL && *at != '\0'; is_first = false) {
        const size_t bytes = strcspn(at, ",");
        const struct span item = {at, bytes};
        if (is_first && memchr(at, '=', bytes) == NULL)
            set_name(&settings, item);
        else
            set_item(&settings, item);
        at += bytes + (at[bytes] == ',');
    }
    if (settings.check_every == 0)
        settings.check_every = settings.depth == FL_CHECK_FULL ? EVERY_FULL : 1;
    *out = settings;
}
