/*
 * Runs a fuzz target on every file of the folders given, with any compiler.
 */
#include "fuzz.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

static bool run_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        perror(path);
        return false;
    }
    uint8_t bytes[64 * 1024];
    const size_t count = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    LLVMFuzzerTestOneInput(bytes, count);
    return true;
}

static unsigned run_folder(const char *folder)
{
    DIR *entries = opendir(folder);
    unsigned count = 0;
    for (struct dirent *entry; entries != NULL && (entry = readdir(entries)) != NULL;) {
        char path[1024];
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        count += entry->d_name[0] != '.' && run_file(path);
    }
    if (entries != NULL) {
        closedir(entries);
    }
    return count;
}

int main(int argc, char **argv)
{
    unsigned count = 0;
    for (int i = 1; i < argc; i++) {
        count += run_folder(argv[i]);
    }
    printf("%u files\n", count);
    return count > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
