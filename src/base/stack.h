/* stack.h - how far down the C stack of this thread may be used. */
#ifndef BELAY_BASE_STACK_H
#define BELAY_BASE_STACK_H

/* The lowest address that recursion may reach, with room left for what comes after the check.
 * Worked out once per thread. */
char *stack_limit(void);

#endif
