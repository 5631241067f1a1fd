/* What a fuzz target gives its driver, and what every target needs. */
#ifndef FL_FUZZ_H
#define FL_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <fl/status.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

/* What every input must keep; when it does not, the run ends here, with a finding. */
void must(bool condition, const char *what);

/* A refusal must have a status of its own and a sentence, without control characters. */
void must_tell(const struct fl_error *err, enum fl_status status);

/* An input taken as choices; when there are no more, each is 0. */
struct choices {
    const uint8_t *at;
    size_t left;
};

uint8_t choose_byte(struct choices *choices);

/* A number of so many bytes, 8 at most. */
uint64_t choose(struct choices *choices, unsigned bytes);

/* A copy of an input as text: it ends at its first NUL byte. The caller frees it. */
char *fuzz_text(const uint8_t *bytes, size_t count);

/* A file in memory with these bytes, and a name under which it can be opened. */
struct fuzz_file {
    int fd;
    char path[32];
};

void fuzz_file_make(struct fuzz_file *file, const uint8_t *bytes, size_t count);
void fuzz_file_end(struct fuzz_file *file);

/* Where output goes that nobody reads. */
FILE *fuzz_nowhere(void);

#endif
