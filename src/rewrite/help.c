/* help.c - building steps, reading the author's words, choosing names. */
#include "rewrite/internal.h"

#include <stdarg.h>
#include <stdint.h>

enum { NAME_MAX_BYTES = 63 };

struct safe_step *step_add(
	struct step_writer *w, enum phase phase, const char *name, const char *says, ...)
{
	struct safe_step *s = ARENA_NEW(w->a, struct safe_step);
	va_list ap;

	s->phase = phase;
	s->name = name;
	va_start(ap, says);
	s->says = arena_vprintf(w->a, says, ap);
	va_end(ap);
	*ARENA_PUSH(w->a, w->out->steps, w->out->n) = s;
	return s;
}

static struct slice vtext(struct step_writer *w, const char *template, va_list ap)
{
	struct buf b = {0};
	struct slice s;

	sqlvf(&b, w->d, template, ap);
	s = arena_slice(w->a, buf_slice(&b));
	buf_done(&b);
	return s;
}

struct slice text_of(struct step_writer *w, const char *template, ...)
{
	struct slice s;
	va_list ap;

	va_start(ap, template);
	s = vtext(w, template, ap);
	va_end(ap);
	return s;
}

void piece_text(struct step_writer *w, struct piece_list *to, struct slice sql)
{
	*ARENA_PUSH(w->a, to->at, to->n) = slice_trim(sql);
}

void allowed(struct step_writer *w, struct piece_list *to, const char *rule, const char *because,
	struct slice sql)
{
	piece_text(w, to,
		arena_printf(
			w->a, "-- belay:allow %s because \"%s\"\n%.*s", rule, because, SLICE(sql)));
}

void piece(struct step_writer *w, struct piece_list *to, const char *template, ...)
{
	va_list ap;

	va_start(ap, template);
	piece_text(w, to, vtext(w, template, ap));
	va_end(ap);
}

void nothing_to_undo(struct step_writer *w, struct safe_step *s, const char *why)
{
	piece_text(w, &s->down, arena_printf(w->a, "-- Nothing to take back: %s.", why));
}

bool refuse(struct step_writer *w, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	w->out->refused = arena_vprintf(w->a, fmt, ap);
	va_end(ap);
	return true;
}

/* ---- Looking ---- */

bool target_existed(struct step_writer *w)
{
	const struct object *o = NULL;

	switch (catalog_find(w->in->before, w->in->session, OBJECT_NONE, w->c->target, &o)) {
	case ABSENT:
		return false;
	case UNKNOWN:
		return true;
	case PRESENT:
		break;
	}
	w->table = o;
	if (o->type == OBJECT_TABLE && slice_is(o->table_.persistence, "temporary"))
		return false;
	return !(w->in->session->in_tx && o->born_tx && o->born_tx == w->in->session->tx);
}

bool is_partitioned(const struct object *t)
{
	return t && t->type == OBJECT_TABLE && slice_is(t->table_.kind, "partitioned");
}

const struct object *column_of(const struct object *table, struct slice name)
{
	for (size_t i = 0; table && i < table->nparts; i++)
		if (table->parts[i]->type == OBJECT_COLUMN && slice_eq(table->parts[i]->name, name))
			return table->parts[i];
	return NULL;
}

bool is_not_null(const struct object *table, struct slice column)
{
	const struct object *o = column_of(table, column);

	return o && o->column.not_null;
}

static bool touches(const struct touched *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!v[i].new_in_tx)
			return true;
	return false;
}

const struct effect *own_effect(struct step_writer *w)
{
	const struct engine *e;
	struct statement one;
	struct effect *out;
	struct err err = {0};

	if (w->own)
		return w->own;
	w->own = w->in->effect;
	if (w->in->effect && w->in->statement->nchanges > 1) {
		e = engine_for(w->d, &err);
		err_done(&err);
		one = *w->in->statement;
		one.changes = (struct change *)w->c;
		one.nchanges = 1;
		out = ARENA_NEW(w->a, struct effect);
		if (e)
			e->effects(w->a, w->in->before, w->in->session, &one, out);
		w->own = out;
	}
	return w->own;
}

bool rewrites_table(struct step_writer *w)
{
	const struct effect *e = own_effect(w);

	return e && touches(e->rewrites, e->nrewrites);
}

bool scans_table(struct step_writer *w)
{
	const struct effect *e = own_effect(w);

	return e && touches(e->scans, e->nscans);
}

bool builds_index(struct step_writer *w)
{
	const struct effect *e = own_effect(w);

	return e && touches(e->builds, e->nbuilds);
}

bool has_directive(const struct statement *st, const char *name)
{
	for (size_t i = 0; i < st->ndirectives; i++)
		if (slice_iis(st->directives[i].name, name))
			return true;
	return false;
}

bool index_mentions(const struct object *index, struct slice column)
{
	for (size_t i = 0; i < index->index.keys.n; i++)
		if (slice_eq(index->index.keys.at[i], column))
			return true;
	return names_has(index->index.columns, column) || names_has(index->index.include, column);
}

struct slice best(struct expr e)
{
	return e.normal.len ? e.normal : e.text;
}

bool is_only_guard(const struct object *table, const struct object *index)
{
	for (size_t i = 0; index->index.unique && i < table->nparts; i++) {
		const struct object *p = table->parts[i];
		bool within = p->type == OBJECT_INDEX && p != index && p->index.unique;

		for (size_t k = 0; within && k < p->index.keys.n; k++)
			within = names_has(index->index.keys, p->index.keys.at[k]);
		if (within)
			return false;
	}
	return index->index.unique;
}

/* ---- The author's words ---- */

struct slice change_words_written(const struct step_writer *w)
{
	const struct statement *st = w->in->statement;

	if (!w->c->span.src || w->c->span.off < st->span.off)
		return slice_trim(st->raw);
	return slice_trim(slice_sub(st->raw, w->c->span.off - st->span.off, w->c->span.len));
}

struct slice with_word_after(
	struct step_writer *w, struct slice text, const char *word, struct slice insert)
{
	struct lexer l;
	int depth = 0;

	lexer_init(&l, w->d, text);
	for (struct token t = lexer_next(&l); t.kind != TOKEN_END; t = lexer_next(&l)) {
		depth += token_punct(t, "(") - token_punct(t, ")");
		if (depth == 0 && token_is(t, word)) {
			size_t at = t.off + t.text.len;

			return text_of(
				w, "%s %s%s", slice_sub(text, 0, at), insert, slice_from(text, at));
		}
	}
	return text;
}

struct slice alone(struct step_writer *w)
{
	const struct statement *st = w->in->statement;
	const struct change *first = &st->changes[0];

	if (st->nchanges == 1 || !first->span.src || first->span.off < st->span.off)
		return slice_trim(st->raw);
	return text_of(w, "%s %s",
		slice_trim(slice_sub(st->raw, 0, first->span.off - st->span.off)),
		change_words_written(w));
}

struct slice column_list(struct step_writer *w, struct names columns)
{
	struct buf b = {0};
	struct slice s;

	buf_addc(&b, '(');
	for (size_t i = 0; i < columns.n; i++) {
		buf_adds(&b, i ? ", " : "");
		quote_ident_pretty(&b, w->d, columns.at[i]);
	}
	buf_addc(&b, ')');
	s = arena_slice(w->a, buf_slice(&b));
	buf_done(&b);
	return s;
}

struct slice rendered(struct step_writer *w, const struct object *o)
{
	struct buf b = {0};
	struct slice s;

	object_render(&b, w->d, o);
	s = arena_slice(w->a, slice_trim(buf_slice(&b)));
	buf_done(&b);
	if (s.len && s.at[s.len - 1] == ';')
		s.len--;
	return s;
}

struct slice comparable(struct step_writer *w, struct slice expr, struct slice type)
{
	static const char *const without[] = {
		"json", "xml", "point", "box", "polygon", "line", "lseg", "path", "circle"};

	for (size_t i = 0; w->d == DIALECT_POSTGRES && i < sizeof without / sizeof *without; i++)
		if (slice_is(type, without[i]))
			return text_of(w, "(%s)::text", expr);
	return expr;
}

/* 'x', 0, true: what a default can hold without touching a row. */
bool is_literal(enum dialect d, struct slice text)
{
	struct lexer l;
	struct token t;

	lexer_init(&l, d, text);
	t = lexer_next(&l);
	if (token_punct(t, "-"))
		t = lexer_next(&l);
	return (t.kind == TOKEN_STRING || t.kind == TOKEN_NUMBER || token_is(t, "true") ||
		       token_is(t, "false")) &&
	       lexer_peek(&l).kind == TOKEN_END;
}

/* ---- Names ---- */

struct slice joined(struct step_writer *w, struct names n)
{
	struct slice s = SLICE_NONE;

	for (size_t i = 0; i < n.n; i++)
		s = i ? arena_printf(w->a, "%.*s_%.*s", SLICE(s), SLICE(n.at[i])) : n.at[i];
	return s;
}

/* Not in the middle of a character. */
static struct slice cut(struct slice s, size_t len)
{
	while (len < s.len && len && ((unsigned char)s.at[len] & 0xc0) == 0x80)
		len--;
	return slice_sub(s, 0, len);
}

static struct slice fitted(
	struct step_writer *w, struct slice table, struct slice middle, struct slice label)
{
	size_t rest = NAME_MAX_BYTES - label.len - 1 - (middle.len > 0);
	size_t t = table.len, m = middle.len;

	while (t + m > rest) {
		if (t > m)
			t--;
		else
			m--;
	}
	return arena_printf(w->a, "%.*s%s%.*s_%.*s", SLICE(cut(table, t)), middle.len ? "_" : "",
		SLICE(cut(middle, m)), SLICE(label));
}

static bool is_taken(struct step_writer *w, struct slice name, enum object_type type)
{
	const struct object *o;

	if (type == OBJECT_CONSTRAINT || type == OBJECT_COLUMN)
		return w->table && catalog_part(w->in->before, w->table, type, name, &o) == PRESENT;
	return catalog_find(w->in->before, w->in->session, type,
		       (struct name){w->c->target.schema, name}, &o) == PRESENT;
}

struct slice chosen_name(struct step_writer *w, struct slice table, struct slice middle,
	const char *label, enum object_type type)
{
	struct slice name = fitted(w, table, middle, slice_of(label));

	for (int i = 1; i < 100 && is_taken(w, name, type); i++)
		name = fitted(w, table, middle, arena_printf(w->a, "%s%d", label, i));
	return name;
}
