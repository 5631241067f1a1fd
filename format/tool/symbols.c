/*
 * Symbols through elfutils' libdwfl: the symbol table for names, DWARF for lines and inlined
 * functions, also from separate debug files found by build-id. A frame's address is where a
 * call returns to; the byte before it belongs to the call.
 *
 * Results are kept by (module, address) in an open hash: a program has some thousand places
 * that call, however many frames its stacks have.
 */
#include "symbols.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <elfutils/libdwfl.h>

#include <fl/fmt.h>
#include <fl/opt.h>

#define FL_INLINE_MAX 64u
#define FL_NAME_MAX   512u
#define FL_PLACES_MIN 1024u
#define FL_MODULE_FEW 16u

/* Of the C++ runtime; C has no header for it. */
extern char *__cxa_demangle(const char *mangled, char *buffer, size_t *bytes, int *status);

/* Code of one compilation unit, as the file numbers it. */
struct unit_range {
    Dwarf_Addr low, high;
    Dwarf_Die unit;
};

/* A file that was opened once, or could not be. */
struct module_file {
    Dwfl *session;
    Dwfl_Module *module; /* NULL: cannot be asked */
    bool was_tried, was_indexed;
    struct unit_range *ranges; /* by rising address, once indexed */
    size_t range_count, range_capacity;
};

struct place {
    uint64_t address;
    uint32_t module;
    uint32_t count; /* 0: empty */
    struct fl_symbol *symbols;
};

struct fl_symbols {
    const struct fl_stacks *stacks;
    struct module_file *files; /* by module */
    size_t file_count;
    struct place *places;
    size_t place_count, place_mask;
};

/* The functions of one place, while they are found. */
struct found {
    struct fl_symbol at[FL_INLINE_MAX];
    uint32_t count;
};

struct fl_symbols *fl_symbols_new(const struct fl_stacks *stacks)
{
    struct fl_symbols *symbols = calloc(1, sizeof *symbols);
    if (symbols == NULL) {
        return NULL;
    }
    symbols->stacks = stacks;
    symbols->place_mask = FL_PLACES_MIN - 1;
    symbols->places = calloc(FL_PLACES_MIN, sizeof *symbols->places);
    if (symbols->places == NULL) {
        free(symbols);
        return NULL;
    }
    return symbols;
}

static void symbols_clear(struct fl_symbol *at, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        free(at[i].function);
        free(at[i].file);
    }
}

void fl_symbols_free(struct fl_symbols *symbols)
{
    if (symbols == NULL) {
        return;
    }
    for (size_t i = 0; i < symbols->file_count; i++) {
        if (symbols->files[i].session != NULL) {
            dwfl_end(symbols->files[i].session);
        }
        free(symbols->files[i].ranges);
    }
    for (size_t i = 0; i <= symbols->place_mask; i++) {
        symbols_clear(symbols->places[i].symbols, symbols->places[i].count);
        free(symbols->places[i].symbols);
    }
    free(symbols->files);
    free(symbols->places);
    free(symbols);
}

/* ---- files ---- */

static bool build_id_is(Dwfl_Module *module, const char *wanted)
{
    const unsigned char *bits;
    GElf_Addr address;
    const int bytes = dwfl_module_build_id(module, &bits, &address);
    char hex[3];
    if (wanted[0] == '\0' || bytes <= 0) {
        return wanted[0] == '\0';
    }
    for (int i = 0; i < bytes; i++) {
        snprintf(hex, sizeof hex, "%02x", bits[i]);
        if (strncmp(wanted + 2 * i, hex, 2) != 0) {
            return false;
        }
    }
    return wanted[2 * bytes] == '\0';
}

static char *debug_path; /* NULL: where distributions put debug files */

static const Dwfl_Callbacks callbacks = {
    .find_elf = dwfl_build_id_find_elf,
    .find_debuginfo = dwfl_standard_find_debuginfo,
    .section_address = dwfl_offline_section_address,
    .debuginfo_path = &debug_path,
};

/* A path comes from the trace: a pipe that has its name now would be waited for without end. */
static bool is_plain_file(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISREG(status.st_mode);
}

static void file_open(struct module_file *file, const struct fl_module *module)
{
    file->was_tried = true;
    if (module->path[0] != '/' || !is_plain_file(module->path)) {
        return; /* [vdso], gone since, or lost with a damaged chunk */
    }
    file->session = dwfl_begin(&callbacks);
    if (file->session == NULL) {
        return;
    }
    dwfl_report_begin(file->session);
    Dwfl_Module *found = dwfl_report_offline(file->session, module->path, module->path, -1);
    dwfl_report_end(file->session, NULL, NULL);
    GElf_Addr bias;
    if (found == NULL || dwfl_module_getelf(found, &bias) == NULL) {
        return;
    }
    if (build_id_is(found, module->build_id)) {
        file->module = found;
        return;
    }
    char path[FL_NAME_MAX];
    snprintf(path, sizeof path, "%s", module->path);
    fl_make_printable(path);
    fprintf(
        stderr,
        "fltrace: note: %s is not the file that was recorded; its functions have no names\n",
        path);
}

static struct module_file *file_of(struct fl_symbols *symbols, uint32_t number)
{
    const struct fl_module *module = fl_stacks_module(symbols->stacks, number);
    if (module == NULL) {
        return NULL;
    }
    if (number >= symbols->file_count) {
        const size_t count = 2 * (size_t)number + FL_MODULE_FEW;
        struct module_file *grown = reallocarray(symbols->files, count, sizeof *grown);
        if (grown == NULL) {
            return NULL;
        }
        memset(grown + symbols->file_count, 0, (count - symbols->file_count) * sizeof *grown);
        symbols->files = grown;
        symbols->file_count = count;
    }
    struct module_file *file = &symbols->files[number];
    if (!file->was_tried) {
        file_open(file, module);
    }
    return file->module != NULL ? file : NULL;
}

/* ---- names ---- */

static char *name_copy(const char *name)
{
    char *copy = strdup(name);
    if (copy != NULL) {
        fl_make_printable(copy);
    }
    return copy;
}

static char *function_name(const char *name)
{
    int status;
    char *demangled =
        strncmp(name, "_Z", 2) == 0 ? __cxa_demangle(name, NULL, NULL, &status) : NULL;
    char *copy = name_copy(demangled != NULL ? demangled : name);
    if (copy != NULL && demangled == NULL) {
        copy[strcspn(copy, "@")] = '\0'; /* the version of a symbol is not its name */
    }
    free(demangled);
    return copy;
}

static char *base_name(const char *path)
{
    const char *slash = path != NULL ? strrchr(path, '/') : NULL;
    return path == NULL ? NULL : name_copy(slash != NULL ? slash + 1 : path);
}

static void found_add(struct found *found, char *function, const char *file, int line)
{
    if (found->count < FL_INLINE_MAX && function != NULL) {
        found->at[found->count++] = (struct fl_symbol){function, base_name(file), line};
    } else {
        free(function);
    }
}

/* Its linkage name says more than its name, where it has one. */
static const char *die_name(Dwarf_Die *die)
{
    Dwarf_Attribute attribute;
    const char *name =
        dwarf_formstring(dwarf_attr_integrate(die, DW_AT_linkage_name, &attribute));
    return name != NULL ? name : dwarf_diename(die);
}

static const char *call_file(Dwarf_Die *unit, Dwarf_Die *die)
{
    Dwarf_Attribute attribute;
    Dwarf_Word number;
    Dwarf_Files *files;
    size_t count;
    if (dwarf_formudata(dwarf_attr(die, DW_AT_call_file, &attribute), &number) != 0 ||
        dwarf_getsrcfiles(unit, &files, &count) != 0 || number >= count) {
        return NULL;
    }
    return dwarf_filesrc(files, number, NULL, NULL);
}

static int call_line(Dwarf_Die *die)
{
    Dwarf_Attribute attribute;
    Dwarf_Word number;
    return dwarf_formudata(dwarf_attr(die, DW_AT_call_line, &attribute), &number) == 0
               ? (int)number
               : 0;
}

/* The function of the symbol table that holds the place, when DWARF did not name one. */
static void outermost_add(struct found *found, Dwfl_Module *module, Dwarf_Addr address,
                          const char *file, int line)
{
    const char *name = dwfl_module_addrname(module, address);
    if (name != NULL) {
        found_add(found, function_name(name), file, line);
    }
}

/* Scopes from the inside out: each inlined function stands at the place the next one calls
 * it. */
static void scopes_take(struct found *found, Dwarf_Die *unit, Dwarf_Die *scopes, int count,
                        const char **file, int *line)
{
    for (int i = 0; i < count; i++) {
        if (dwarf_tag(&scopes[i]) != DW_TAG_inlined_subroutine) {
            continue;
        }
        const char *name = die_name(&scopes[i]);
        found_add(found, function_name(name != NULL ? name : "?"), *file, *line);
        *file = call_file(unit, &scopes[i]);
        *line = call_line(&scopes[i]);
    }
}

/* ---- units ---- */

static bool range_add(struct module_file *file, Dwarf_Addr low, Dwarf_Addr high, Dwarf_Die unit)
{
    if (file->range_count == file->range_capacity) {
        const size_t capacity = 2 * file->range_capacity + 256;
        struct unit_range *grown = reallocarray(file->ranges, capacity, sizeof *grown);
        if (grown == NULL) {
            return false;
        }
        file->ranges = grown;
        file->range_capacity = capacity;
    }
    file->ranges[file->range_count++] = (struct unit_range){low, high, unit};
    return true;
}

static int range_compare(const void *one, const void *other)
{
    const struct unit_range *left = one, *right = other;
    return left->low < right->low ? -1 : left->low > right->low;
}

/* clang writes no .debug_aranges, without which libdw finds no unit: so we look at all of
 * them. */
static void units_index(struct module_file *file)
{
    Dwarf_Die *unit = NULL;
    Dwarf_Addr bias, base, low, high;
    file->was_indexed = true;
    while ((unit = dwfl_module_nextcu(file->module, unit, &bias)) != NULL) {
        ptrdiff_t at = 0;
        while ((at = dwarf_ranges(unit, at, &base, &low, &high)) > 0) {
            if (low < high && !range_add(file, low, high, *unit)) {
                return;
            }
        }
    }
    if (file->range_count > 0) {
        qsort(file->ranges, file->range_count, sizeof *file->ranges, range_compare);
    }
}

/* The unit whose code holds `address` of the session; `*bias` is the session's for it. */
static Dwarf_Die *unit_at(struct module_file *file, Dwarf_Addr address, Dwarf_Addr *bias)
{
    Dwarf_Die *unit = dwfl_module_addrdie(file->module, address, bias);
    if (unit != NULL || dwfl_module_getdwarf(file->module, bias) == NULL) {
        return unit;
    }
    if (!file->was_indexed) {
        units_index(file);
    }
    size_t low = 0, high = file->range_count;
    while (low < high) {
        const size_t middle = (low + high) / 2;
        if (file->ranges[middle].low <= address - *bias) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low > 0 && address - *bias < file->ranges[low - 1].high ? &file->ranges[low - 1].unit
                                                                   : NULL;
}

static void inlined_add(struct found *found, Dwarf_Die *unit, Dwarf_Addr address,
                        const char **file, int *line)
{
    Dwarf_Die *scopes = NULL, *nested = NULL;
    if (dwarf_getscopes(unit, address, &scopes) <= 0) {
        return;
    }
    const int count = dwarf_getscopes_die(&scopes[0], &nested);
    if (count > 0) {
        scopes_take(found, unit, nested, count, file, line);
        free(nested);
    }
    free(scopes);
}

static void place_find(struct module_file *file, uint64_t elf_address, struct found *found)
{
    GElf_Addr elf_bias, bias;
    if (dwfl_module_getelf(file->module, &elf_bias) == NULL) {
        return;
    }
    const Dwarf_Addr address = elf_address - 1 + elf_bias;
    Dwarf_Die *unit = unit_at(file, address, &bias);
    const char *source = NULL;
    int line = 0;
    if (unit != NULL) {
        Dwarf_Line *at = dwarf_getsrc_die(unit, address - bias);
        source = at != NULL ? dwarf_linesrc(at, NULL, NULL) : NULL;
        if (at == NULL || dwarf_lineno(at, &line) != 0) {
            line = 0;
        }
        inlined_add(found, unit, address - bias, &source, &line);
    }
    outermost_add(found, file->module, address, source, line);
}

/* Where no name is known: the module and the address in it. */
static void nameless_add(struct found *found, const struct fl_module *module, uint64_t address)
{
    char text[FL_NAME_MAX];
    const char *slash = module != NULL ? strrchr(module->path, '/') : NULL;
    if (module == NULL) {
        snprintf(text, sizeof text, "0x%" PRIx64, address);
    } else {
        snprintf(text, sizeof text, "%s+0x%" PRIx64, slash != NULL ? slash + 1 : module->path,
                 address);
    }
    found_add(found, name_copy(text), NULL, 0);
}

/* ---- places ---- */

static size_t place_slot(const struct fl_symbols *symbols, uint64_t address, uint32_t module)
{
    size_t slot =
        (size_t)((address * UINT64_C(0x9E3779B97F4A7C15) + module) >> 20) & symbols->place_mask;
    while (symbols->places[slot].count != 0 && (symbols->places[slot].address != address ||
                                                symbols->places[slot].module != module)) {
        slot = (slot + 1) & symbols->place_mask;
    }
    return slot;
}

static bool places_grow(struct fl_symbols *symbols)
{
    struct place *before = symbols->places;
    const size_t count = symbols->place_mask + 1;
    struct place *grown = calloc(2 * count, sizeof *grown);
    if (grown == NULL) {
        return false;
    }
    symbols->places = grown;
    symbols->place_mask = 2 * count - 1;
    for (size_t i = 0; i < count; i++) {
        if (before[i].count != 0) {
            grown[place_slot(symbols, before[i].address, before[i].module)] = before[i];
        }
    }
    free(before);
    return true;
}

static const struct fl_symbol *place_add(struct fl_symbols *symbols,
                                         const struct fl_frame *frame, struct found *found)
{
    struct fl_symbol *kept = found->count > 0 ? malloc(found->count * sizeof *kept) : NULL;
    if (kept == NULL ||
        (2 * symbols->place_count > symbols->place_mask && !places_grow(symbols))) {
        symbols_clear(found->at, found->count);
        free(kept);
        return NULL;
    }
    memcpy(kept, found->at, found->count * sizeof *kept);
    symbols->place_count++;
    symbols->places[place_slot(symbols, frame->address, frame->module)] =
        (struct place){frame->address, frame->module, found->count, kept};
    return kept;
}

const struct fl_symbol *fl_symbols_at(struct fl_symbols *symbols, const struct fl_frame *frame,
                                      size_t *count)
{
    const struct place *known =
        &symbols->places[place_slot(symbols, frame->address, frame->module)];
    if (known->count != 0) {
        *count = known->count;
        return known->symbols;
    }
    struct found found = {.count = 0};
    struct module_file *file = file_of(symbols, frame->module);
    if (file != NULL) {
        place_find(file, frame->address, &found);
    }
    if (found.count == 0) {
        nameless_add(&found, fl_stacks_module(symbols->stacks, frame->module), frame->address);
    }
    *count = found.count;
    return place_add(symbols, frame, &found);
}
