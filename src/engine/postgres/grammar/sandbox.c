/* sandbox.c - the run-time of the generated parser: memory, traps, long jumps, system calls.
 *
 * Names that begin with wasm_rt_ and Z_ are the generated code's, see wasm2c's wasm-rt.h.
 * Everything that can go wrong is kept per thread or per instance: a library must not take signals,
 * and a trap in one thread must not jump into another. */
#include "engine/postgres/grammar/sandbox.h"

#include "pgquery.h"

#include "base/arena.h"
#include "base/stack.h"
#include "base/utf8.h"
#include "engine/postgres/grammar/grammar.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdint.h>

enum {
	PAGE = 65536,
	KEEP_PAGES = 2048 + 2048, /* an instance that grew past this is made anew */
	MOST_TYPES = 64,
};

_Thread_local char *sandbox_stack_limit;

/* The host side of an instance: what the generated code calls Z_a_instance_t. */
struct Z_a_instance_t {
	Z_libpgZ2Dquery_instance_t wasm;
	jmp_buf *catch_longjmp; /* innermost invoke_ frame */
	jmp_buf trap;
	const char *trap_words;
};

struct grammar {
	struct Z_a_instance_t *box; /* NULL until the first parse, and after a trap */
	char *lent;                 /* words of a trap that took its sandbox along */
	uint32_t last_result;       /* freed before the next call */
	bool last_is_string;
};

/* ---- Traps ---- */

static _Thread_local struct Z_a_instance_t *running;

static const char *trap_words(wasm_rt_trap_t trap)
{
	switch (trap) {
	case WASM_RT_TRAP_EXHAUSTION:
		return "the statement is nested too deeply for the parser";
	case WASM_RT_TRAP_OOB:
	case WASM_RT_TRAP_NONE:
	case WASM_RT_TRAP_INT_OVERFLOW:
	case WASM_RT_TRAP_DIV_BY_ZERO:
	case WASM_RT_TRAP_INVALID_CONVERSION:
	case WASM_RT_TRAP_UNREACHABLE:
	case WASM_RT_TRAP_CALL_INDIRECT:
	case WASM_RT_TRAP_UNCAUGHT_EXCEPTION:
		break;
	}
	return "the parser gave up on this statement";
}

void wasm_rt_trap(wasm_rt_trap_t trap)
{
	running->trap_words = trap_words(trap);
	longjmp(running->trap, 1);
}

bool wasm_rt_is_initialized(void)
{
	return true;
}

/* ---- Function types: one registry for the process, filled once ---- */

static struct {
	uint32_t params, results;
	unsigned char kinds[16];
} types[MOST_TYPES];
static uint32_t ntypes;

uint32_t wasm_rt_register_func_type(uint32_t params, uint32_t results, ...)
{
	unsigned char kinds[16] = {0};
	va_list ap;
	uint32_t i;

	va_start(ap, results);
	for (i = 0; i < params + results && i < sizeof kinds; i++)
		kinds[i] = (unsigned char)va_arg(ap, int);
	va_end(ap);
	for (i = 0; i < ntypes; i++)
		if (types[i].params == params && types[i].results == results &&
			memcmp(types[i].kinds, kinds, sizeof kinds) == 0)
			return i + 1;
	if (ntypes == MOST_TYPES)
		abort(); /* the pinned module has thirty */
	types[ntypes].params = params;
	types[ntypes].results = results;
	memcpy(types[ntypes].kinds, kinds, sizeof kinds);
	return ++ntypes;
}

/* ---- Linear memory and the function table ---- */

void wasm_rt_allocate_memory(wasm_rt_memory_t *m, uint32_t pages, uint32_t most)
{
	m->data = mem_alloc((size_t)pages * PAGE); /* lazily zero: only what is touched costs */
	m->pages = pages;
	m->max_pages = most;
	m->size = pages * PAGE;
}

uint32_t wasm_rt_grow_memory(wasm_rt_memory_t *m, uint32_t more)
{
	uint32_t before = m->pages;
	uint8_t *bigger;

	if (more > m->max_pages - before)
		return UINT32_MAX;
	bigger = realloc(m->data, (size_t)(before + more) * PAGE);
	if (!bigger)
		return UINT32_MAX;
	memset(bigger + (size_t)before * PAGE, 0, (size_t)more * PAGE);
	m->data = bigger;
	m->pages = before + more;
	m->size = m->pages * PAGE;
	return before;
}

void wasm_rt_free_memory(wasm_rt_memory_t *m)
{
	free(m->data);
	m->data = NULL;
}

void wasm_rt_allocate_funcref_table(wasm_rt_funcref_table_t *t, uint32_t n, uint32_t most)
{
	t->data = mem_alloc(n * sizeof *t->data);
	t->size = n;
	t->max_size = most;
}

void wasm_rt_free_funcref_table(wasm_rt_funcref_table_t *t)
{
	free(t->data);
	t->data = NULL;
}

/* ---- Calls through a table with a catch for longjmp (emscripten's invoke_*) ---- */

static const wasm_rt_funcref_t *callee(struct Z_a_instance_t *box, uint32_t index, uint32_t type)
{
	const wasm_rt_funcref_table_t *t = &box->wasm.w2c_D;

	if (index >= t->size || !t->data[index].func || t->data[index].func_type != type)
		wasm_rt_trap(WASM_RT_TRAP_CALL_INDIRECT);
	return &t->data[index];
}

#define I32 WASM_RT_I32
/* Runs CALL; a longjmp out of it restores the sandbox's stack and tells it so. */
#define CATCHING(CALL)                                                                             \
	jmp_buf here, *outer = box->catch_longjmp;                                                 \
	uint32_t sp = Z_libpgZ2DqueryZ_R(&box->wasm);                                              \
	if (_setjmp(here) == 0) {                                                                  \
		box->catch_longjmp = &here;                                                        \
		CALL;                                                                              \
		box->catch_longjmp = outer;                                                        \
	} else {                                                                                   \
		box->catch_longjmp = outer;                                                        \
		Z_libpgZ2DqueryZ_Q(&box->wasm, sp);                                                \
		Z_libpgZ2DqueryZ_P(&box->wasm, 1, 0);                                              \
	}

typedef struct Z_a_instance_t host;
#define F(type) ((type)f->func)
#define SELF f->module_instance

/* clang-format off */
uint32_t Z_aZ_g(host *box, uint32_t i)
{
	const wasm_rt_funcref_t *f = callee(box, i, wasm_rt_register_func_type(0, 1, I32));
	volatile uint32_t r = 0;
	CATCHING(r = F(uint32_t (*)(void *))(SELF))
	return r;
}
uint32_t Z_aZ_b(host *box, uint32_t i, uint32_t a)
{
	const wasm_rt_funcref_t *f = callee(box, i, wasm_rt_register_func_type(1, 1, I32, I32));
	volatile uint32_t r = 0;
	CATCHING(r = F(uint32_t (*)(void *, uint32_t))(SELF, a))
	return r;
}
uint32_t Z_aZ_a(host *box, uint32_t i, uint32_t a, uint32_t b)
{
	const wasm_rt_funcref_t *f = callee(box, i, wasm_rt_register_func_type(2, 1, I32, I32, I32));
	volatile uint32_t r = 0;
	CATCHING(r = F(uint32_t (*)(void *, uint32_t, uint32_t))(SELF, a, b))
	return r;
}
uint32_t Z_aZ_d(host *box, uint32_t i, uint32_t a, uint32_t b, uint32_t c)
{
	const wasm_rt_funcref_t *f = callee(box, i, wasm_rt_register_func_type(3, 1, I32, I32, I32, I32));
	volatile uint32_t r = 0;
	CATCHING(r = F(uint32_t (*)(void *, uint32_t, uint32_t, uint32_t))(SELF, a, b, c))
	return r;
}
uint32_t Z_aZ_k(host *box, uint32_t i, uint32_t a, uint32_t b, uint32_t c, uint32_t d)
{
	const wasm_rt_funcref_t *f = callee(box, i, wasm_rt_register_func_type(4, 1, I32, I32, I32, I32, I32));
	volatile uint32_t r = 0;
	CATCHING(r = F(uint32_t (*)(void *, uint32_t, uint32_t, uint32_t, uint32_t))(SELF, a, b, c, d))
	return r;
}
uint64_t Z_aZ_l(host *box, uint32_t i, uint32_t a)
{
	const wasm_rt_funcref_t *f = callee(box, i, wasm_rt_register_func_type(1, 1, I32, WASM_RT_I64));
	volatile uint64_t r = 0;
	CATCHING(r = F(uint64_t (*)(void *, uint32_t))(SELF, a))
	return r;
}
void Z_aZ_e(host *box, uint32_t i)
{
	const wasm_rt_funcref_t *f = callee(box, i, wasm_rt_register_func_type(0, 0));
	CATCHING(F(void (*)(void *))(SELF))
}
void Z_aZ_f(host *box, uint32_t i, uint32_t a)
{
	const wasm_rt_funcref_t *f = callee(box, i, wasm_rt_register_func_type(1, 0, I32));
	CATCHING(F(void (*)(void *, uint32_t))(SELF, a))
}
void Z_aZ_h(host *box, uint32_t i, uint32_t a, uint32_t b)
{
	const wasm_rt_funcref_t *f = callee(box, i, wasm_rt_register_func_type(2, 0, I32, I32));
	CATCHING(F(void (*)(void *, uint32_t, uint32_t))(SELF, a, b))
}
void Z_aZ_j(host *box, uint32_t i, uint32_t a, uint32_t b, uint32_t c)
{
	const wasm_rt_funcref_t *f = callee(box, i, wasm_rt_register_func_type(3, 0, I32, I32, I32));
	CATCHING(F(void (*)(void *, uint32_t, uint32_t, uint32_t))(SELF, a, b, c))
}
void Z_aZ_i(host *box, uint32_t i, uint32_t a, uint32_t b, uint32_t c, uint32_t d)
{
	const wasm_rt_funcref_t *f = callee(box, i, wasm_rt_register_func_type(4, 0, I32, I32, I32, I32));
	CATCHING(F(void (*)(void *, uint32_t, uint32_t, uint32_t, uint32_t))(SELF, a, b, c, d))
}
void Z_aZ_y(host *box, uint32_t i, uint32_t a, uint32_t b, uint32_t c, uint32_t d, uint32_t e)
{
	const wasm_rt_funcref_t *f = callee(box, i, wasm_rt_register_func_type(5, 0, I32, I32, I32, I32, I32));
	CATCHING(F(void (*)(void *, uint32_t, uint32_t, uint32_t, uint32_t, uint32_t))(SELF, a, b, c, d, e))
}
void Z_aZ_n(host *box, uint32_t i, uint32_t a, uint32_t b, uint32_t c, uint32_t d, uint32_t e, uint32_t p,
		uint32_t g, uint32_t h, uint32_t j, uint32_t k, uint32_t l, uint32_t m, uint32_t n)
{
	const wasm_rt_funcref_t *f = callee(box, i, wasm_rt_register_func_type(13, 0, I32, I32, I32, I32, I32,
			I32, I32, I32, I32, I32, I32, I32, I32));
	CATCHING(F(void (*)(void *, uint32_t, uint32_t, uint32_t, uint32_t, uint32_t, uint32_t, uint32_t,
			uint32_t, uint32_t, uint32_t, uint32_t, uint32_t, uint32_t))(SELF, a, b, c, d, e, p, g, h, j, k, l, m, n))
}
/* clang-format on */

/* emscripten_throw_longjmp */
void Z_aZ_p(host *box)
{
	if (!box->catch_longjmp)
		wasm_rt_trap(WASM_RT_TRAP_UNREACHABLE);
	_longjmp(*box->catch_longjmp, 1);
}

/* ---- System calls: there is no system in there ---- */

void Z_aZ_c(host *box, uint32_t a, uint32_t b, uint32_t c, uint32_t d) /* assert failed */
{
	(void)box, (void)a, (void)b, (void)c, (void)d;
	wasm_rt_trap(WASM_RT_TRAP_UNREACHABLE);
}

void Z_aZ_x(host *box) /* abort */
{
	(void)box;
	wasm_rt_trap(WASM_RT_TRAP_UNREACHABLE);
}

void Z_aZ_m(host *box, uint32_t code) /* exit */
{
	(void)box, (void)code;
	wasm_rt_trap(WASM_RT_TRAP_UNREACHABLE);
}

void Z_aZ_v(host *box, uint32_t code) /* proc_exit */
{
	(void)box, (void)code;
	wasm_rt_trap(WASM_RT_TRAP_UNREACHABLE);
}

void Z_aZ_w(host *box) /* runtime keep-alive */
{
	(void)box;
}

uint32_t Z_aZ_o(host *box, uint32_t which, double after) /* setitimer */
{
	(void)box, (void)which, (void)after;
	return 0;
}

uint32_t Z_aZ_q(host *box, uint32_t size) /* resize heap */
{
	wasm_rt_memory_t *m = &box->wasm.w2c_z;
	uint32_t want = (uint32_t)(((uint64_t)size + PAGE - 1) / PAGE);

	if (want <= m->pages)
		return 1;
	return wasm_rt_grow_memory(m, want - m->pages) != UINT32_MAX;
}

enum { WASI_BADF = 8 };

uint32_t Z_aZ_u(host *box, uint32_t fd) /* fd_close */
{
	(void)box, (void)fd;
	return WASI_BADF;
}

uint32_t Z_aZ_r(host *box, uint32_t fd, uint32_t v, uint32_t n, uint32_t out) /* fd_read */
{
	(void)box, (void)fd, (void)v, (void)n, (void)out;
	return WASI_BADF;
}

uint32_t Z_aZ_s(host *box, uint32_t fd, uint64_t to, uint32_t whence, uint32_t out) /* fd_seek */
{
	(void)box, (void)fd, (void)to, (void)whence, (void)out;
	return WASI_BADF;
}

uint32_t Z_aZ_t(host *box, uint32_t fd, uint32_t v, uint32_t n, uint32_t out) /* fd_write */
{
	(void)box, (void)fd, (void)v, (void)n, (void)out;
	return WASI_BADF;
}

/* ---- The provider ---- */

static pthread_once_t module_once = PTHREAD_ONCE_INIT;

static void init_types(void)
{
	Z_libpgZ2Dquery_init_module();
	/* The invoke_ functions look their types up again: all must be known before threads start.
	 */
	wasm_rt_register_func_type(0, 1, I32);
	wasm_rt_register_func_type(1, 1, I32, WASM_RT_I64);
	wasm_rt_register_func_type(5, 0, I32, I32, I32, I32, I32);
	wasm_rt_register_func_type(4, 1, I32, I32, I32, I32, I32);
	wasm_rt_register_func_type(
		13, 0, I32, I32, I32, I32, I32, I32, I32, I32, I32, I32, I32, I32, I32);
}

static void drop_box(struct grammar *g)
{
	if (g->box) {
		Z_libpgZ2Dquery_free(&g->box->wasm);
		free(g->box);
	}
	g->box = NULL;
	g->last_result = 0;
}

bool grammar_open(struct grammar **out, struct err *err)
{
	(void)err;
	pthread_once(&module_once, init_types);
	*out = mem_alloc(sizeof **out);
	return true;
}

void grammar_close(struct grammar *g)
{
	if (!g)
		return;
	drop_box(g);
	free(g->lent);
	free(g);
}

int grammar_version(void)
{
	return 18;
}

static void lend(struct grammar *g, const char *words)
{
	free(g->lent);
	g->lent = mem_cstr(slice_of(words));
}

static uint32_t load32(struct grammar *g, uint32_t at)
{
	const wasm_rt_memory_t *m = &g->box->wasm.w2c_z;
	uint32_t v;

	if (at > m->size - sizeof v)
		wasm_rt_trap(WASM_RT_TRAP_OOB);
	memcpy(&v, m->data + at, sizeof v);
	return v;
}

/* A NUL-terminated string inside the sandbox. */
static struct slice string_at(struct grammar *g, uint32_t at)
{
	const wasm_rt_memory_t *m = &g->box->wasm.w2c_z;
	const uint8_t *end;

	if (at == 0 || at >= m->size)
		return SLICE_NONE;
	end = memchr(m->data + at, 0, m->size - at);
	if (!end)
		wasm_rt_trap(WASM_RT_TRAP_OOB);
	return slice_n((const char *)m->data + at, (size_t)(end - (m->data + at)));
}

static uint32_t put_string(struct grammar *g, struct slice s)
{
	uint32_t at = Z_libpgZ2DqueryZ_C(&g->box->wasm, (uint32_t)s.len + 1);
	wasm_rt_memory_t *m = &g->box->wasm.w2c_z;

	if (at == 0 || at > m->size - s.len - 1)
		wasm_rt_trap(WASM_RT_TRAP_OOB);
	memcpy(m->data + at, s.at, s.len);
	m->data[at + s.len] = 0;
	return at;
}

/* The server counts characters from 1. */
static size_t byte_offset(struct slice sql, uint32_t cursor)
{
	size_t off = 0;

	if (cursor == 0)
		return SIZE_MAX;
	while (--cursor && off < sql.len) {
		size_t n = utf8_length(slice_from(sql, off));

		off += n ? n : 1;
	}
	return off;
}

static void free_last(struct grammar *g)
{
	if (!g->last_result)
		return;
	if (g->last_is_string)
		Z_libpgZ2DqueryZ_N(&g->box->wasm, g->last_result);
	else
		Z_libpgZ2DqueryZ_G(&g->box->wasm, g->last_result);
	g->last_result = 0;
}

static void call_parse(
	struct grammar *g, struct slice sql, struct slice *json, struct grammar_fault *fault)
{
	uint32_t text = put_string(g, sql), problem;

	g->last_result = Z_libpgZ2DqueryZ_F(&g->box->wasm, text);
	g->last_is_string = false;
	Z_libpgZ2DqueryZ_E(&g->box->wasm, text);
	if (!g->last_result)
		wasm_rt_trap(WASM_RT_TRAP_OOB);
	problem = load32(g, g->last_result + 8);
	if (problem) {
		fault->message = string_at(g, load32(g, problem));
		fault->offset = byte_offset(sql, load32(g, problem + 16));
	} else {
		*json = string_at(g, load32(g, g->last_result));
	}
}

static void call_plpgsql(
	struct grammar *g, struct slice sql, struct slice *json, struct grammar_fault *fault)
{
	uint32_t text = put_string(g, sql);
	struct slice answer;

	g->last_result = Z_libpgZ2DqueryZ_H(&g->box->wasm, text);
	g->last_is_string = true;
	Z_libpgZ2DqueryZ_E(&g->box->wasm, text);
	answer = string_at(g, g->last_result);
	/* Success is a JSON object, anything else the error's words. */
	if (slice_starts(answer, "{"))
		*json = answer;
	else
		fault->message = answer.len ? answer : SL("the body does not parse");
}

static bool into_sandbox(struct grammar *g, struct slice sql, struct slice *json,
	struct grammar_fault *fault,
	void (*call)(struct grammar *, struct slice, struct slice *, struct grammar_fault *))
{
	struct Z_a_instance_t *outer = running;

	*fault = (struct grammar_fault){.offset = SIZE_MAX};
	*json = SLICE_NONE;
	if (memchr(sql.at ? sql.at : "", 0, sql.len)) {
		fault->message = SL("a NUL byte: PostgreSQL's text ends there");
		fault->offset = slice_chr(sql, 0);
		return false;
	}
	if (sql.len > (size_t)512 << 20) {
		fault->message = SL("the statement is longer than the parser's limit of 512 MiB");
		return false;
	}
	sandbox_stack_limit = stack_limit();
	if (g->box && g->box->wasm.w2c_z.pages > KEEP_PAGES)
		drop_box(g);
	if (!g->box)
		g->box = mem_alloc(sizeof *g->box);
	else
		g->box->catch_longjmp = NULL;
	running = g->box;
	if (_setjmp(g->box->trap) == 0) {
		if (!g->box->wasm.w2c_z.data) {
			Z_libpgZ2Dquery_instantiate(&g->box->wasm, g->box);
			Z_libpgZ2DqueryZ_A(&g->box->wasm);
		}
		free_last(g);
		call(g, sql, json, fault);
	} else {
		lend(g, g->box->trap_words);
		fault->message = slice_of(g->lent);
		drop_box(g);
	}
	running = outer;
	return slice_empty(fault->message);
}

bool grammar_parse(struct grammar *g, struct slice sql, struct slice *json,
	struct grammar_fault *fault, struct err *err)
{
	(void)err;
	return into_sandbox(g, sql, json, fault, call_parse);
}

bool grammar_plpgsql(struct grammar *g, struct slice sql, struct slice *json,
	struct grammar_fault *fault, struct err *err)
{
	(void)err;
	return into_sandbox(g, sql, json, fault, call_plpgsql);
}
