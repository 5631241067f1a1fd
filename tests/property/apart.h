/*
 * Work done in a child process: a crash, a failed assertion and a hang are failures with a
 * message too.
 */
#ifndef FL_TEST_APART_H
#define FL_TEST_APART_H

#include <stdbool.h>
#include <stddef.h>

/** What is done there. False: `message` says why. */
typedef bool apart_work(void *user, char *message, size_t message_bytes);

/**
 * Run it in a child.
 *
 * @param seconds  after which a child that says nothing is ended; apart_alive starts them anew
 * @param message  why it failed: of work, else the first line on standard error, else the signal
 */
bool run_apart(apart_work *work, void *user, unsigned seconds, char *message,
               size_t message_bytes);

/** Called by the work now and then. */
void apart_alive(unsigned seconds);

/** Zeroed memory that parent and child both see. The test ends when there is none. */
void *apart_shared(size_t bytes);
void apart_unshare(void *shared, size_t bytes);

#endif
