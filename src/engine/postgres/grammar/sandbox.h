/* sandbox.h - what the generated code (wasm2c of libpg-query) needs from us.
 *
 * Included in front of the generated file and by sandbox.c. The generated code checks every access
 * against the size of its linear memory (no guard region, no signal handler). Every function checks
 * two stacks, so that deep recursion is a trap and not a crash: the C stack of the thread, and the
 * module's own one for what has an address. The latter lies above the module's static data without
 * a gap: running over its end would not leave the memory but change the parser's tables.
 * A trap leaves by longjmp to the statement that was being parsed, in the same thread. */
#ifndef BELAY_ENGINE_POSTGRES_GRAMMAR_SANDBOX_H
#define BELAY_ENGINE_POSTGRES_GRAMMAR_SANDBOX_H

#define WASM_RT_MEMCHECK_SIGNAL_HANDLER 0
#define WASM_RT_USE_STACK_DEPTH_COUNT 0

/* The module's stack pointer (its first global) starts at TOP and has 32 MB; no function takes more
 * than 8,208 bytes at once. tools/grammar.sh checks both against the generated code. */
#define SANDBOX_STACK_TOP 34515008u
#define SANDBOX_STACK_FLOOR (SANDBOX_STACK_TOP - (32u << 20) + (64u << 10))

/* The lowest address that a call may reach; set before every call into the sandbox. */
extern _Thread_local char *sandbox_stack_limit;

#define SANDBOX_PROLOGUE                                                                           \
	if ((char *)__builtin_frame_address(0) < sandbox_stack_limit ||                            \
		instance->w2c_g0 < SANDBOX_STACK_FLOOR)                                            \
		TRAP(EXHAUSTION);

#endif
