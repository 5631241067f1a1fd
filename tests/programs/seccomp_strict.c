/*
 * seccomp_strict [N]: makes N calls (default 1,000) in the kernel's strict mode, in which any
 * system call but read, write and exit kills: what records a call must not make one either.
 */
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <linux/seccomp.h>

#include "say.h"

int main(int argc, char **argv)
{
    const uint64_t count = argument_number(argc, argv, 1, 1000);
    free(malloc(1000)); /* the heap is there before the gate closes */
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) != 0) {
        say("no seccomp here\n");
        return 77;
    }
    for (uint64_t i = 0; i < count / 2; i++) {
        free(malloc(i % 500));
    }
    say("total %ju\n", (uintmax_t)(count / 2 * 2 + 2));
    syscall(SYS_exit, 0); /* exit_group is not allowed */
    return 1;
}
