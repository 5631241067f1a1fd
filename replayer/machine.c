/*
 * Allocators read their settings from the environment, which workers inherit, and page faults
 * depend on the kernel's choice of page size: figures without these two cannot be compared.
 */
#include "machine.h"

#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "counter.h"

#define HUGE_PAGES_FILE "/sys/kernel/mm/transparent_hugepage/enabled"

/* The kernel's list has the choice in brackets: "always [madvise] never". */
static void huge_pages_read(char *word, size_t bytes)
{
    char text[128] = "";
    snprintf(word, bytes, "?");
    FILE *file = fopen(HUGE_PAGES_FILE, "re");
    if (file == NULL) {
        return;
    }
    const char *open = fgets(text, sizeof text, file) != NULL ? strchr(text, '[') : NULL;
    const char *close = open != NULL ? strchr(open, ']') : NULL;
    if (close != NULL) {
        snprintf(word, bytes, "%.*s", (int)(close - open - 1), open + 1);
    }
    fclose(file);
}

static int is_setting(const char *variable)
{
    static const char *const prefixes[] = {"MALLOC_", "MIMALLOC_", "TCMALLOC_",
                                           "GLIBC_TUNABLES="};
    for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++) {
        if (strncmp(variable, prefixes[i], strlen(prefixes[i])) == 0) {
            return 1;
        }
    }
    return 0;
}

unsigned fl_machine_processors(void)
{
    cpu_set_t set;
    const long count = sched_getaffinity(0, sizeof set, &set) == 0
                           ? CPU_COUNT(&set)
                           : sysconf(_SC_NPROCESSORS_ONLN);
    return count > 0 ? (unsigned)count : 1;
}

void fl_machine_read(struct fl_machine *machine)
{
    *machine = (struct fl_machine){.processors = fl_machine_processors()};
    huge_pages_read(machine->huge_pages, sizeof machine->huge_pages);
    struct fl_counter counter;
    machine->has_instruction_counter = fl_counter_open_instructions(&counter) == 0;
    fl_counter_close(&counter);
    for (char **variable = environ; variable != NULL && *variable != NULL; variable++) {
        if (is_setting(*variable) && machine->setting_count < FL_MACHINE_SETTINGS_MAX) {
            machine->settings[machine->setting_count++] = *variable;
        }
    }
}
