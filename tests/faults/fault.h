/* The two halves of libfault.so: fault.c decides which call fails, wrappers.c stands in the
 * place of the functions. */
#ifndef FL_FAULT_H
#define FL_FAULT_H

#include <stdbool.h>
#include <stdint.h>

#include <sys/syscall.h>

#define FAULT_SHORT      (-1) /* instead of an errno: do half of it */
#define FAULT_SYS_OPENAT SYS_openat
#define FAULT_SYS_WRITE  SYS_write
#define FAULT_SYS_CLOSE  SYS_close

/* Shall this call of `function` fail? 0: no; else its errno, or FAULT_SHORT. */
int fault_errno(const char *function, const void *caller);

/* The kernel's answer: -errno on failure. Not through libc, whose functions we stand before. */
static inline long fault_syscall(long number, long a, long b, long c, long d, long e, long f)
{
#if defined(__x86_64__)
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = f;
    long result;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
#elif defined(__aarch64__)
    register long x8 __asm__("x8") = number;
    register long x0 __asm__("x0") = a;
    register long x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c;
    register long x3 __asm__("x3") = d;
    register long x4 __asm__("x4") = e;
    register long x5 __asm__("x5") = f;
    __asm__ volatile("svc 0"
                     : "+r"(x0)
                     : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
                     : "memory");
    return x0;
#endif
}

#endif
