/* sandbox.h - what the generated code (wasm2c of libpg-query) needs from us.
 *
 * Included in front of the generated file and by sandbox.c. The generated code checks every access
 * against the size of its linear memory (no guard region, no signal handler); every function checks
 * the C stack against the thread's limit, so deep recursion is a trap and not a crash. A trap
 * leaves by longjmp to the statement that was being parsed, in the same thread. */
#ifndef BELAY_ENGINE_POSTGRES_GRAMMAR_SANDBOX_H
#define BELAY_ENGINE_POSTGRES_GRAMMAR_SANDBOX_H

#define WASM_RT_MEMCHECK_SIGNAL_HANDLER 0
#define WASM_RT_USE_STACK_DEPTH_COUNT 0

/* The lowest address that a call may reach; set before every call into the sandbox. */
extern _Thread_local char *sandbox_stack_limit;

#define SANDBOX_PROLOGUE                                                                           \
	if ((char *)__builtin_frame_address(0) < sandbox_stack_limit)                              \
		TRAP(EXHAUSTION);

#endif
