/* sandbox.h - what the generated code (wasm2c of libpg-query) needs from us.
 *
 * Included in front of the generated file and by sandbox.c. The module's address is 32 bits wide
 * and its linear memory lies in a region of its own that is as large as such an address can reach,
 * right behind the instance: no access can leave it, so none is checked (and no signal is needed).
 * Behind what the module was given there is nothing but zeros. Every function checks two stacks, so
 * that deep recursion is a trap and not a crash: the C stack of the thread, and the module's own
 * one for what has an address. The latter lies above the module's static data without a gap:
 * running over its end would not leave the memory but change the parser's tables. A trap leaves by
 * longjmp to the statement that was being parsed, in the same thread. */
#ifndef BELAY_ENGINE_POSTGRES_GRAMMAR_SANDBOX_H
#define BELAY_ENGINE_POSTGRES_GRAMMAR_SANDBOX_H

#include <stdbool.h>
#include <stdint.h>

#define WASM_RT_MEMCHECK_SIGNAL_HANDLER 0
#define WASM_RT_USE_STACK_DEPTH_COUNT 0

/* The module's stack pointer (its first global) starts at TOP and has 32 MB; no function takes more
 * than 8,208 bytes at once. tools/grammar.sh checks both against the generated code. */
#define SANDBOX_STACK_TOP 34515008u
#define SANDBOX_STACK_FLOOR (SANDBOX_STACK_TOP - (32u << 20) + (64u << 10))

/* From the instance to its memory; and the region: 4 GiB, the largest constant that the module adds
 * to an address (tools/grammar.sh checks it) and a page of zeros that nothing can write. */
#define SANDBOX_MEMORY 4096u
#define SANDBOX_SLACK (1u << 20)
#define SANDBOX_REGION (SANDBOX_MEMORY + (1ull << 32) + SANDBOX_SLACK + 4096u)

/* Where ADDRESS is, given the instance's memory M. */
#define SANDBOX_AT(m, address)                                                                     \
	((uint8_t *)(m)-offsetof(Z_libpgZ2Dquery_instance_t, w2c_z) + SANDBOX_MEMORY + (address))

/* What the module prints into the text buffer at TEXT; true: taken (see sink.h). */
struct Z_a_instance_t;
bool sandbox_format(struct Z_a_instance_t *box, uint32_t text, uint32_t format, uint32_t args);
bool sandbox_char(struct Z_a_instance_t *box, uint32_t text, uint32_t c);
bool sandbox_string(struct Z_a_instance_t *box, uint32_t text, uint32_t string);

/* The lowest address of the C stack that a call may reach: the last word before the memory. Set
 * before every call into the sandbox. */
#define SANDBOX_STACK_LIMIT(box) (*(char **)((char *)(box) + SANDBOX_MEMORY - sizeof(char *)))

/* Where the C stack is, without a frame pointer if possible. */
#if defined(__x86_64__)
#define SANDBOX_STACK_POINTER                                                                      \
	({                                                                                         \
		char *sp_;                                                                         \
		__asm__("mov %%rsp, %0" : "=r"(sp_));                                              \
		sp_;                                                                               \
	})
#else
#define SANDBOX_STACK_POINTER ((char *)__builtin_frame_address(0))
#endif

#define SANDBOX_PROLOGUE                                                                           \
	if (SANDBOX_STACK_POINTER < SANDBOX_STACK_LIMIT(instance) ||                               \
		instance->w2c_g0 < SANDBOX_STACK_FLOOR)                                            \
		TRAP(EXHAUSTION);

#endif
