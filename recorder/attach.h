/** How a process joins a recording. Thread safety: see each function. */
#ifndef FL_ATTACH_H
#define FL_ATTACH_H

/**
 * Resolve the real allocator and, when flrec wants this image recorded, open the gate. The
 * first caller does it; others, and later calls, return at once. Takes no lock.
 */
void fl_attach(void);

/** Write a line to standard error, while it is what it was when this image joined. Any
 * thread. */
void fl_say(const char *text);

/** Close the gate for good and say `why` on standard error, once. Any thread. */
void fl_detach(const char *why);

#endif
