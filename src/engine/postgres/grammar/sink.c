/* sink.c - see sink.h. */
#include "engine/postgres/grammar/sink.h"

#include <stdlib.h>

enum {
	PIECES = 4096, /* slots; the module has about 1,500 formats, a statement uses a dozen */
	MOST_OPS = 8,
	MOST_NODES = 1 << 25, /* 1.3 GB */
	STATIC_END = 1 << 20, /* formats lie in the module's static data, below this */
};

enum op_kind {
	OP_END,
	OP_KEY,
	OP_OPEN_OBJECT,
	OP_OPEN_ARRAY,
	OP_CLOSE_OBJECT,
	OP_CLOSE_ARRAY,
	OP_TRUE,
	OP_NULL,
	OP_QUOTED,    /* "%s" */
	OP_CHARACTER, /* "%c" */
	OP_WORD,      /* %s: true, false */
	OP_SIGNED,    /* %d, %ld */
	OP_UNSIGNED,  /* %u */
};

/* A value's key stands with it where the format has both. */
struct op {
	enum op_kind kind;
	uint16_t keylen;
	const char *key;
};

struct sink_piece {
	uint32_t format; /* 0: free */
	struct op *ops;  /* up to OP_END; NULL: not understood */
};

/* ---- Taking a format apart ---- */

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_';
}

/* "key": or "%s" or "%c"; *f stands on the quote. */
static bool take_quoted(struct sink *s, const char **f, struct op *op)
{
	const char *p = *f + 1;
	size_t n = 0;

	if (strncmp(p, "%s\"", 3) == 0 || strncmp(p, "%c\"", 3) == 0) {
		op->kind = p[1] == 's' ? OP_QUOTED : OP_CHARACTER;
		*f = p + 3;
		return true;
	}
	while (is_word(p[n]) && n < 256)
		n++;
	if (n == 0 || p[n] != '"' || p[n + 1] != ':')
		return false;
	op->kind = OP_KEY;
	op->key = arena_cstr(&s->arena, slice_n(p, n));
	op->keylen = (uint16_t)n;
	*f = p + n + 2;
	return true;
}

static bool take_mark(const char **f, struct op *op)
{
	static const struct {
		const char *text;
		enum op_kind kind;
	} marks[] = {{"{", OP_OPEN_OBJECT}, {"[", OP_OPEN_ARRAY}, {"}", OP_CLOSE_OBJECT},
		{"]", OP_CLOSE_ARRAY}, {"true", OP_TRUE}, {"null", OP_NULL}, {"%s", OP_WORD},
		{"%d", OP_SIGNED}, {"%ld", OP_SIGNED}, {"%u", OP_UNSIGNED}};

	for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
		size_t n = strlen(marks[i].text);

		if (strncmp(*f, marks[i].text, n) == 0) {
			op->kind = marks[i].kind;
			*f += n;
			return true;
		}
	}
	return false;
}

static bool takes_key(enum op_kind k)
{
	return k != OP_END && k != OP_KEY && k != OP_CLOSE_OBJECT && k != OP_CLOSE_ARRAY;
}

static void compile(struct sink *s, struct sink_piece *p, const char *f)
{
	struct op ops[MOST_OPS];
	size_t n = 0;

	while (*f) {
		if (*f == ',') {
			f++;
			continue;
		}
		ops[n] = (struct op){0};
		if (n == MOST_OPS - 1 ||
			!(*f == '"' ? take_quoted(s, &f, &ops[n]) : take_mark(&f, &ops[n])))
			return;
		if (n && ops[n - 1].kind == OP_KEY && takes_key(ops[n].kind))
			ops[n - 1].kind = ops[n].kind;
		else
			n++;
	}
	ops[n++] = (struct op){.kind = OP_END};
	p->ops = ARENA_ARRAY(&s->arena, n, struct op);
	memcpy(p->ops, ops, n * sizeof *ops);
}

static size_t slot_of(uint32_t format)
{
	return format * 2654435761u >> 20; /* 12 bits */
}

static __attribute__((noinline)) const struct op *find_ops(struct sink *s, uint32_t format)
{
	size_t i = slot_of(format);
	struct sink_piece *p;

	if (format == 0 || format >= STATIC_END)
		return NULL;
	for (p = &s->pieces[i]; p->format && p->format != format; p = &s->pieces[i])
		i = (i + 1) & (PIECES - 1);
	if (!p->format) {
		if (s->npieces == PIECES / 2)
			return NULL;
		s->npieces++;
		p->format = format;
		compile(s, p, s->memory + format);
	}
	return p->ops;
}

/* NULL: a piece that is not understood. */
static inline const struct op *ops_of(struct sink *s, uint32_t format)
{
	const struct sink_piece *p = &s->pieces[slot_of(format)];

	return format && p->format == format ? p->ops : find_ops(s, format);
}

/* ---- Building the tree ---- */

static void refuse(struct sink *s)
{
	s->is_full = s->tree->n >= MOST_NODES;
	s->state = SINK_FAILED;
}

/* A member has a key, an element has none, and there is one root. */
static inline struct tree_node *add(struct sink *s, enum tree_kind kind)
{
	struct tree_node *n;

	if (s->in_object != s->has_key || (!s->depth && s->tree->n) || s->tree->n >= MOST_NODES)
		refuse(s);
	n = tree_add(s->tree);
	*n = (struct tree_node){.key = s->key, .keylen = s->keylen, .size = 1, .kind = kind};
	s->key = NULL;
	s->keylen = 0;
	s->has_key = false;
	return n;
}

/* A value's place is kept as an offset until the buffer has stopped moving. */
static inline void add_value(struct sink *s, enum tree_kind kind, const char *at, size_t len)
{
	struct tree_node *n = add(s, kind);
	struct buf *b = s->values;

	n->val = (const char *)(uintptr_t)b->len;
	n->len = (uint32_t)len;
	memcpy(b->cap - b->len > len ? b->at + b->len : buf_room(b, len), at, len);
	b->len += len;
}

static void add_number(struct sink *s, uint32_t magnitude, bool minus)
{
	struct tree_node *n = add(s, TREE_NUMBER);

	n->len = magnitude;
	n->minus = minus;
}

static void add_word(struct sink *s, const char *word)
{
	if (strcmp(word, "true") == 0)
		add(s, TREE_TRUE);
	else if (strcmp(word, "false") == 0)
		add(s, TREE_FALSE);
	else
		s->state = SINK_FAILED;
}

static void add_container(struct sink *s, enum tree_kind kind)
{
	struct tree_node *n = add(s, kind);

	tree_open(s->tree, s->depth++, (uint32_t)(n - s->tree->at));
	s->in_object = kind == TREE_OBJECT;
}

static void close_container(struct sink *s, enum tree_kind kind)
{
	struct tree_node *top = s->depth ? &s->tree->at[s->tree->open[s->depth - 1]] : NULL;

	if (!top || top->kind != kind || s->has_key) {
		s->state = SINK_FAILED;
		return;
	}
	top->size = (uint32_t)(s->tree->n - s->tree->open[--s->depth]);
	s->in_object = s->depth && s->tree->at[s->tree->open[s->depth - 1]].kind == TREE_OBJECT;
}

static uint32_t word_at(const struct sink *s, uint32_t at)
{
	uint32_t v;

	memcpy(&v, s->memory + at, sizeof v);
	return v;
}

static inline void set_key(struct sink *s, const struct op *op)
{
	s->key = op->key;
	s->keylen = op->keylen;
	s->has_key = true;
}

static void run(struct sink *s, const struct op *op, uint32_t args)
{
	for (; op->kind != OP_END; op++) {
		uint32_t v = 0;

		if (op->kind >= OP_QUOTED) {
			v = word_at(s, args);
			args += 4;
		}
		if (op->keylen)
			set_key(s, op);
		switch (op->kind) {
		case OP_END:
		case OP_KEY:
			break;
		case OP_OPEN_OBJECT:
			add_container(s, TREE_OBJECT);
			break;
		case OP_OPEN_ARRAY:
			add_container(s, TREE_ARRAY);
			break;
		case OP_CLOSE_OBJECT:
			close_container(s, TREE_OBJECT);
			break;
		case OP_CLOSE_ARRAY:
			close_container(s, TREE_ARRAY);
			break;
		case OP_TRUE:
			add(s, TREE_TRUE);
			break;
		case OP_NULL:
			add(s, TREE_NULL);
			break;
		case OP_QUOTED:
			add_value(s, TREE_STRING, s->memory + v, strlen(s->memory + v));
			break;
		case OP_CHARACTER:
			add_value(s, TREE_STRING, &(char){(char)v}, 1);
			break;
		case OP_WORD:
			add_word(s, s->memory + v);
			break;
		case OP_SIGNED:
			add_number(s, (int32_t)v < 0 ? 0u - v : v, (int32_t)v < 0);
			break;
		case OP_UNSIGNED:
			add_number(s, v, false);
			break;
		}
	}
}

/* ---- The doors ---- */

void sink_done(struct sink *s)
{
	free(s->pieces);
	arena_done(&s->arena);
	*s = (struct sink){0};
}

void sink_begin(struct sink *s, const char *memory, struct tree *tree, struct buf *values)
{
	if (!s->pieces)
		s->pieces = mem_alloc(PIECES * sizeof *s->pieces);
	s->state = SINK_WAITING;
	s->memory = memory;
	s->text = 0;
	s->tree = tree;
	s->values = values;
	s->depth = 0;
	s->key = NULL;
	s->keylen = 0;
	s->has_key = false;
	s->in_object = s->is_full = false;
	tree->n = 0;
	buf_clear(values);
}

bool sink_end(struct sink *s)
{
	bool whole = s->state == SINK_OPEN && s->depth == 0 && s->tree->n > 0;

	for (size_t i = 0; whole && i < s->tree->n; i++) {
		struct tree_node *n = &s->tree->at[i];

		if (n->kind == TREE_STRING)
			n->val = s->values->at + (uintptr_t)n->val;
	}
	s->state = SINK_OFF;
	return whole;
}

/* What is printed before the tree's first bracket is something else. */
bool sink_opens(struct sink *s, uint32_t text, char first)
{
	if (first != '{')
		return false;
	s->state = SINK_OPEN;
	s->text = text;
	return true;
}

void sink_format(struct sink *s, uint32_t format, uint32_t args)
{
	const struct op *ops = s->state == SINK_OPEN ? ops_of(s, format) : NULL;

	if (ops)
		run(s, ops, args);
	else
		s->state = SINK_FAILED;
}

void sink_char(struct sink *s, char c)
{
	if (s->state != SINK_OPEN)
		return;
	if (c == '{')
		add_container(s, TREE_OBJECT);
	else if (c == '[')
		add_container(s, TREE_ARRAY);
	else if (c == '}')
		close_container(s, TREE_OBJECT);
	else if (c == ']')
		close_container(s, TREE_ARRAY);
	else if (c != ',')
		s->state = SINK_FAILED;
}

void sink_string(struct sink *s, uint32_t string)
{
	if (s->state != SINK_OPEN)
		return;
	if (string)
		add_value(s, TREE_STRING, s->memory + string, strlen(s->memory + string));
	else
		add(s, TREE_NULL);
}
