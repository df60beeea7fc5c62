/* sandbox.c - the run-time of the generated parser: memory, traps, long jumps, system calls.
 *
 * Names that begin with wasm_rt_ and Z_ are the generated code's, see wasm2c's wasm-rt.h.
 * Everything that can go wrong is kept per thread or per instance: a library must not take signals,
 * and a trap in one thread must not jump into another. */
#include "engine/postgres/grammar/sandbox.h"

#include "pgquery.h"

#include "base/arena.h"
#include "engine/postgres/grammar/provider.h"
#include "engine/postgres/grammar/sink.h"

#include <pthread.h>
#include <setjmp.h>
#include <stddef.h>
#include <sys/mman.h>

enum {
	PAGE = 65536,
	MOST_BYTES = 256 << 20, /* of SQL; the tree of far less fills the sandbox's 1 GiB */
	MOST_STACK = 48 << 20,  /* the module's own stack ends before this one does */
};

/* The host side of an instance: what the generated code calls Z_a_instance_t. */
struct Z_a_instance_t {
	Z_libpgZ2Dquery_instance_t wasm;
	jmp_buf *catch_longjmp; /* innermost invoke_ frame */
	jmp_buf trap;
	const char *trap_words;
	uint32_t first_pages; /* an instance that has grown is not kept */
	bool is_full;         /* the sandbox asked for more than it may have */
	bool is_broken;       /* this machine has no room for a sandbox */
	struct sink *sink;    /* the grammar's */
	bool is_counted;      /* pages become usable one growth at a time */
};
_Static_assert(sizeof(struct Z_a_instance_t) <= SANDBOX_MEMORY - sizeof(char *),
	"the box reaches into its memory");

struct grammar {
	struct Z_a_instance_t *box; /* NULL until the first parse, and after a trap */
	uint32_t last_result;       /* freed before the next call */
	bool last_is_string;
	struct sink sink;
};

/* ---- Traps ---- */

static _Thread_local struct Z_a_instance_t *running;

static const char *trap_words(const struct Z_a_instance_t *box, wasm_rt_trap_t trap)
{
	if (trap == WASM_RT_TRAP_EXHAUSTION)
		return "the statement is nested too deeply for the parser";
	if (box->is_full)
		return "the statement is too large: its tree does not fit the parser's 1 GiB";
	return "the parser gave up on this statement";
}

void wasm_rt_trap(wasm_rt_trap_t trap)
{
	running->trap_words = trap_words(running, trap);
	_longjmp(running->trap, 1);
}

bool wasm_rt_is_initialized(void)
{
	return true;
}

/* ---- Function types ---- */

enum { MOST_VALUES = 14 };

/* A type's number is its signature: a leading one, two bits for each value, one for "returns". So
 * there is no registry to lock, and what the invoke_ functions compare with is a constant. */
#define TYPE(values, kinds, returns) (((1u << 2 * (values) | (kinds)) << 1) | (returns))

uint32_t wasm_rt_register_func_type(uint32_t params, uint32_t results, ...)
{
	uint32_t kinds = 0, i;
	va_list ap;

	if (params + results > MOST_VALUES || results > 1)
		abort(); /* the pinned module has no such function */
	va_start(ap, results);
	for (i = 0; i < params + results; i++)
		kinds = kinds << 2 | (uint32_t)va_arg(ap, int);
	va_end(ap);
	return TYPE(params + results, kinds, results);
}

/* ---- Linear memory and the function table ---- */

/* The box is the head of its region. Where the kernel counts every page that could be written
 * (overcommit off), only what the module was given can be. */
static struct Z_a_instance_t *map_box(void)
{
	int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
	char *at = mmap(NULL, SANDBOX_REGION, PROT_READ | PROT_WRITE, flags, -1, 0);
	struct Z_a_instance_t *box;

	if (at != MAP_FAILED) {
#ifdef MADV_POPULATE_WRITE
		/* The module's data will be copied there: one call instead of a fault per page. */
		(void)madvise(at, SANDBOX_MEMORY + (1u << 20), MADV_POPULATE_WRITE);
#endif
		mprotect(at + SANDBOX_REGION - 4096, 4096, PROT_READ);
		return (struct Z_a_instance_t *)at;
	}
	at = mmap(NULL, SANDBOX_REGION, PROT_NONE, flags, -1, 0);
	if (at == MAP_FAILED)
		return NULL;
	if (mprotect(at, SANDBOX_MEMORY, PROT_READ | PROT_WRITE) != 0) {
		munmap(at, SANDBOX_REGION);
		return NULL;
	}
	box = (struct Z_a_instance_t *)at;
	box->is_counted = true;
	return box;
}

static bool may_use(struct Z_a_instance_t *box, uint64_t pages)
{
	return !box->is_counted ||
	       mprotect((char *)box + SANDBOX_MEMORY, pages * PAGE, PROT_READ | PROT_WRITE) == 0;
}

void wasm_rt_allocate_memory(wasm_rt_memory_t *m, uint32_t pages, uint32_t most)
{
	if (!may_use(running, pages)) {
		running->is_broken = true;
		wasm_rt_trap(WASM_RT_TRAP_OOB);
	}
	m->data = (uint8_t *)running + SANDBOX_MEMORY;
	m->pages = pages;
	m->max_pages = most;
	m->size = pages * PAGE;
	running->first_pages = pages;
}

uint32_t wasm_rt_grow_memory(wasm_rt_memory_t *m, uint32_t more)
{
	uint32_t before = m->pages;

	if (more > m->max_pages - before || !may_use(running, (uint64_t)before + more))
		return UINT32_MAX;
	m->pages = before + more;
	m->size = m->pages * PAGE;
	return before;
}

void wasm_rt_free_memory(wasm_rt_memory_t *m)
{
	m->data = NULL; /* it goes with its box */
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
	const wasm_rt_funcref_t *f = callee(box, i, TYPE(1, 0, 1));
	volatile uint32_t r = 0;
	CATCHING(r = F(uint32_t (*)(void *))(SELF))
	return r;
}
uint32_t Z_aZ_b(host *box, uint32_t i, uint32_t a)
{
	const wasm_rt_funcref_t *f = callee(box, i, TYPE(2, 0, 1));
	volatile uint32_t r = 0;
	CATCHING(r = F(uint32_t (*)(void *, uint32_t))(SELF, a))
	return r;
}
uint32_t Z_aZ_a(host *box, uint32_t i, uint32_t a, uint32_t b)
{
	const wasm_rt_funcref_t *f = callee(box, i, TYPE(3, 0, 1));
	volatile uint32_t r = 0;
	CATCHING(r = F(uint32_t (*)(void *, uint32_t, uint32_t))(SELF, a, b))
	return r;
}
uint32_t Z_aZ_d(host *box, uint32_t i, uint32_t a, uint32_t b, uint32_t c)
{
	const wasm_rt_funcref_t *f = callee(box, i, TYPE(4, 0, 1));
	volatile uint32_t r = 0;
	CATCHING(r = F(uint32_t (*)(void *, uint32_t, uint32_t, uint32_t))(SELF, a, b, c))
	return r;
}
uint32_t Z_aZ_k(host *box, uint32_t i, uint32_t a, uint32_t b, uint32_t c, uint32_t d)
{
	const wasm_rt_funcref_t *f = callee(box, i, TYPE(5, 0, 1));
	volatile uint32_t r = 0;
	CATCHING(r = F(uint32_t (*)(void *, uint32_t, uint32_t, uint32_t, uint32_t))(SELF, a, b, c, d))
	return r;
}
uint64_t Z_aZ_l(host *box, uint32_t i, uint32_t a)
{
	const wasm_rt_funcref_t *f = callee(box, i, TYPE(2, WASM_RT_I64, 1));
	volatile uint64_t r = 0;
	CATCHING(r = F(uint64_t (*)(void *, uint32_t))(SELF, a))
	return r;
}
void Z_aZ_e(host *box, uint32_t i)
{
	const wasm_rt_funcref_t *f = callee(box, i, TYPE(0, 0, 0));
	CATCHING(F(void (*)(void *))(SELF))
}
void Z_aZ_f(host *box, uint32_t i, uint32_t a)
{
	const wasm_rt_funcref_t *f = callee(box, i, TYPE(1, 0, 0));
	CATCHING(F(void (*)(void *, uint32_t))(SELF, a))
}
void Z_aZ_h(host *box, uint32_t i, uint32_t a, uint32_t b)
{
	const wasm_rt_funcref_t *f = callee(box, i, TYPE(2, 0, 0));
	CATCHING(F(void (*)(void *, uint32_t, uint32_t))(SELF, a, b))
}
void Z_aZ_j(host *box, uint32_t i, uint32_t a, uint32_t b, uint32_t c)
{
	const wasm_rt_funcref_t *f = callee(box, i, TYPE(3, 0, 0));
	CATCHING(F(void (*)(void *, uint32_t, uint32_t, uint32_t))(SELF, a, b, c))
}
void Z_aZ_i(host *box, uint32_t i, uint32_t a, uint32_t b, uint32_t c, uint32_t d)
{
	const wasm_rt_funcref_t *f = callee(box, i, TYPE(4, 0, 0));
	CATCHING(F(void (*)(void *, uint32_t, uint32_t, uint32_t, uint32_t))(SELF, a, b, c, d))
}
void Z_aZ_y(host *box, uint32_t i, uint32_t a, uint32_t b, uint32_t c, uint32_t d, uint32_t e)
{
	const wasm_rt_funcref_t *f = callee(box, i, TYPE(5, 0, 0));
	CATCHING(F(void (*)(void *, uint32_t, uint32_t, uint32_t, uint32_t, uint32_t))(SELF, a, b, c, d, e))
}
void Z_aZ_n(host *box, uint32_t i, uint32_t a, uint32_t b, uint32_t c, uint32_t d, uint32_t e, uint32_t p,
		uint32_t g, uint32_t h, uint32_t j, uint32_t k, uint32_t l, uint32_t m, uint32_t n)
{
	const wasm_rt_funcref_t *f = callee(box, i, TYPE(13, 0, 0));
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
	/* An eighth more than asked: where realloc copies, exact steps would copy without end. */
	if (wasm_rt_grow_memory(m, want - m->pages + want / 8) != UINT32_MAX ||
		wasm_rt_grow_memory(m, want - m->pages) != UINT32_MAX)
		return 1;
	box->is_full = true;
	return 0;
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

/* ---- What the module prints ---- */

/* The buffer that a tree begins in gets no room: what the module would write by itself then comes
 * through its functions. */
static bool may_begin(struct Z_a_instance_t *box, uint32_t text, char first)
{
	if (!sink_opens(box->sink, text, first))
		return false;
	memset(box->wasm.w2c_z.data + text + 8, 0, sizeof(uint32_t));
	return true;
}

bool sandbox_format(struct Z_a_instance_t *box, uint32_t text, uint32_t format, uint32_t args)
{
	struct sink *s = box->sink;
	const uint8_t *f = box->wasm.w2c_z.data + format;

	if (s->state != SINK_OPEN &&
		(s->state == SINK_OFF ||
			(s->state == SINK_WAITING && !may_begin(box, text, (char)*f))))
		return false;
	if (text != s->text)
		return false;
	if (f[0] != ',' || f[1]) /* one in four */
		sink_format(s, format, args);
	return true;
}

bool sandbox_char(struct Z_a_instance_t *box, uint32_t text, uint32_t c)
{
	struct sink *s = box->sink;

	if (s->state == SINK_OFF || (s->state == SINK_WAITING && !may_begin(box, text, (char)c)))
		return false;
	if (text != s->text)
		return false;
	sink_char(s, (char)c);
	return true;
}

bool sandbox_string(struct Z_a_instance_t *box, uint32_t text, uint32_t string)
{
	struct sink *s = box->sink;

	if (s->state == SINK_OFF || s->state == SINK_WAITING || text != s->text)
		return false;
	sink_string(s, string);
	return true;
}

/* ---- The provider ---- */

static pthread_once_t module_once = PTHREAD_ONCE_INIT;

static void drop_box(struct grammar *g)
{
	if (g->box) {
		Z_libpgZ2Dquery_free(&g->box->wasm);
		munmap(g->box, SANDBOX_REGION);
	}
	g->box = NULL;
	g->last_result = 0;
}

bool grammar_open(struct grammar **out, struct err *err)
{
	(void)err;
	pthread_once(&module_once, Z_libpgZ2Dquery_init_module);
	*out = mem_alloc(sizeof **out);
	return true;
}

void grammar_close(struct grammar *g)
{
	if (!g)
		return;
	drop_box(g);
	sink_done(&g->sink);
	free(g);
}

int grammar_version(void)
{
	return 18;
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

	if (at == 0 || (uint64_t)at + s.len + 1 > m->size)
		wasm_rt_trap(WASM_RT_TRAP_OOB);
	if (s.len)
		memcpy(m->data + at, s.at, s.len);
	m->data[at + s.len] = 0;
	return at;
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

struct call {
	struct grammar *g;
	struct slice sql, *json;
	struct grammar_fault *fault;
	void (*fn)(struct call *c);
	bool is_broken;
	struct tree *tree; /* call_tree() only */
	struct buf *values;
};

/* The result is three pointers (tree, what was printed, error), the error begins with its message
 * and has the cursor as its fifth word. */
static void call_parse(struct call *c)
{
	struct grammar *g = c->g;
	uint32_t text = put_string(g, c->sql), problem;

	g->last_result = Z_libpgZ2DqueryZ_F(&g->box->wasm, text);
	g->last_is_string = false;
	Z_libpgZ2DqueryZ_E(&g->box->wasm, text);
	if (!g->last_result)
		wasm_rt_trap(WASM_RT_TRAP_OOB);
	problem = load32(g, g->last_result + 8);
	if (problem) {
		c->fault->message = string_at(g, load32(g, problem));
		c->fault->offset = provider_offset(c->sql, load32(g, problem + 16));
	} else {
		*c->json = string_at(g, load32(g, g->last_result));
	}
	if (slice_empty(*c->json) && slice_empty(c->fault->message))
		wasm_rt_trap(WASM_RT_TRAP_OOB);
}

/* The tree node by node; as text where that is not to be had. */
static void call_tree(struct call *c)
{
	struct grammar *g = c->g;
	uint32_t text = put_string(g, c->sql), problem;
	bool whole;

	sink_begin(&g->sink, (const char *)g->box->wasm.w2c_z.data, c->tree, c->values);
	g->last_result = Z_libpgZ2DqueryZ_F(&g->box->wasm, text);
	g->last_is_string = false;
	whole = sink_end(&g->sink);
	Z_libpgZ2DqueryZ_E(&g->box->wasm, text);
	if (!g->last_result)
		wasm_rt_trap(WASM_RT_TRAP_OOB);
	problem = load32(g, g->last_result + 8);
	if (problem) {
		c->fault->message = string_at(g, load32(g, problem));
		c->fault->offset = provider_offset(c->sql, load32(g, problem + 16));
		if (slice_empty(c->fault->message))
			wasm_rt_trap(WASM_RT_TRAP_OOB);
	} else if (g->sink.is_full) {
		g->box->is_full = true;
		wasm_rt_trap(WASM_RT_TRAP_OOB);
	} else if (!whole) {
		free_last(g);
		call_parse(c);
	}
}

/* The result is one string: a JSON object, anything else is the error's words. */
static void call_plpgsql(struct call *c)
{
	struct grammar *g = c->g;
	struct slice tree, answer;
	uint32_t text;

	call_parse(c);
	tree = *c->json;
	*c->json = SLICE_NONE;
	if (!slice_empty(c->fault->message) || !provider_has_bodies(tree, c->json, c->fault))
		return;
	free_last(g);
	text = put_string(g, c->sql);
	g->last_result = Z_libpgZ2DqueryZ_H(&g->box->wasm, text);
	g->last_is_string = true;
	Z_libpgZ2DqueryZ_E(&g->box->wasm, text);
	answer = string_at(g, g->last_result);
	if (slice_empty(answer))
		wasm_rt_trap(WASM_RT_TRAP_OOB);
	if (slice_starts(answer, "{"))
		*c->json = answer;
	else
		c->fault->message = answer;
}

/* A trap may have left anything behind: its sandbox goes with it. */
static void enter(void *arg, char *low)
{
	struct call *c = arg;
	struct grammar *g = c->g;
	struct Z_a_instance_t *outer = running;

	SANDBOX_STACK_LIMIT(g->box) = low;
	running = g->box;
	g->box->catch_longjmp = NULL;
	if (_setjmp(g->box->trap) == 0) {
		if (!g->box->wasm.w2c_z.data) {
			Z_libpgZ2Dquery_instantiate(&g->box->wasm, g->box);
			Z_libpgZ2DqueryZ_A(&g->box->wasm);
		}
		free_last(g);
		c->fn(c);
	} else {
		*c->json = SLICE_NONE;
		*c->fault =
			(struct grammar_fault){slice_of(g->box->trap_words), .offset = SIZE_MAX};
		c->is_broken = g->box->is_broken;
		g->sink.state = SINK_OFF;
		drop_box(g);
	}
	running = outer;
}

static bool into_sandbox(struct call *c, struct err *err)
{
	struct grammar *g = c->g;

	if (!provider_takes(c->sql, MOST_BYTES, c->json, c->fault))
		return false;
	if (g->box && g->box->wasm.w2c_z.pages > g->box->first_pages)
		drop_box(g);
	if (!g->box && !(g->box = map_box()))
		return err_set(
			err, ERR_INPUT, "cannot set up the SQL parser: no 4 GiB of address space");
	g->box->sink = &g->sink;
	if (!provider_run(c->sql.len, MOST_STACK, enter, c, err))
		return false;
	if (c->is_broken) {
		c->fault->message = SLICE_NONE;
		return err_set(
			err, ERR_INPUT, "cannot set up the SQL parser: no 128 MiB of memory");
	}
	return slice_empty(c->fault->message);
}

bool grammar_parse(struct grammar *g, struct slice sql, struct slice *json,
	struct grammar_fault *fault, struct err *err)
{
	return into_sandbox(&(struct call){g, sql, json, fault, .fn = call_parse}, err);
}

bool grammar_tree(struct grammar *g, struct slice sql, struct tree *tree, struct buf *values,
	struct grammar_fault *fault, struct err *err)
{
	struct slice json;
	struct call c = {g, sql, &json, fault, .fn = call_tree, .tree = tree, .values = values};

	return into_sandbox(&c, err) &&
	       (slice_empty(json) || provider_tree(json, tree, values, fault));
}

bool grammar_plpgsql(struct grammar *g, struct slice sql, struct slice *json,
	struct grammar_fault *fault, struct err *err)
{
	return into_sandbox(&(struct call){g, sql, json, fault, .fn = call_plpgsql}, err);
}
