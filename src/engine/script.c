/* script.c - a whole text into statements: split, read, with the directives that stand before. */
#include "engine/engine.h"

#include "sql/alike.h"
#include "sql/bulk.h"
#include "sql/directive.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static void fill_piece(
	struct statement *st, const struct source *src, size_t base, const struct piece *p)
{
	size_t off = base + p->body_off;

	st->piece = *p;
	st->raw = slice_sub(src->text, off, p->body_len);
	st->text = slice_sub(src->masked, off, p->body_len);
	st->span = (struct span){src, off, p->body_len};
	st->leading = slice_sub(src->text, base + p->off, p->body_off - p->off);
}

static void client_command(struct statement *st)
{
	st->state = STATEMENT_CLIENT;
	st->kind = "CLIENT COMMAND";
	st->opaque_reason = SL("a command for the client program, not SQL: never sent");
}

static void unclosed(struct statement *st)
{
	st->state = STATEMENT_SYNTAX;
	st->kind = "UNKNOWN";
	st->fault_message =
		SL("unterminated quote, comment or body: it runs to the end of the file");
	st->fault_at = st->piece.unclosed_at - st->piece.body_off;
	if (st->fault_at > st->text.len)
		st->fault_at = SIZE_MAX;
}

/* Too large to be read whole: as much of it as says what it does, or nothing. */
static bool read_large(const struct engine *e, struct reader *r, struct arena *a,
	struct statement *st, struct err *err)
{
	struct bulk large = bulk_trim(a, e->dialect, st);

	if (large.unreadable) {
		st->state = STATEMENT_OPAQUE;
		st->kind = "UNKNOWN";
		st->opaque_reason = large.says;
		names_add(a, &st->may_touch, SL("*"));
		return true;
	}
	if (!e->read(r, a, st, err))
		return false;
	if (large.says.len && st->state == STATEMENT_READ) {
		st->partly_opaque = true;
		st->opaque_reason = large.says;
	}
	return true;
}

static bool read_one(const struct engine *e, struct reader *r, struct arena *a,
	struct statement *st, struct err *err)
{
	if (st->piece.kind == PIECE_META)
		client_command(st);
	else if (st->piece.unclosed)
		unclosed(st);
	else if (!read_large(e, r, a, st, err))
		return err_span(err, st->span);
	return true;
}

/* As many as there are: while they come they grow on the heap. */
static void push(struct script *s, size_t *room, const struct statement *st)
{
	if (s->n == *room) {
		*room = *room ? *room * 2 : 16;
		s->at = mem_realloc(s->at, *room * sizeof *s->at);
	}
	s->at[s->n++] = *st;
}

static void settle(struct arena *a, struct script *s)
{
	struct statement *heap = s->at;

	s->at = ARENA_ARRAY(a, s->n, struct statement);
	if (s->n)
		memcpy(s->at, heap, s->n * sizeof *heap);
	free(heap);
}

/* ---- Statements one like the other ---- */

/* A script of more is refused: they cost a thousand bytes and more, each. */
enum { STATEMENTS_MOST = 1000000 };

struct reading {
	const struct engine *engine;
	struct reader *reader;
	struct arena *arena;
	struct script found;
	size_t room;
	bool large;
	struct alike like; /* the last statement, if more may be like it */
	unsigned index;
};

/* May the statement be one of many? */
static bool is_plain(const struct splitter *sp, const struct statement *st)
{
	const struct piece *p = &st->piece;

	return p->kind == PIECE_SQL && !p->unclosed && !p->joined && !p->meta_inside &&
	       !p->copy_in && !st->ndirectives && sp->delimiter_len == 1 && sp->delimiter[0] == ';';
}

/* Puts it behind the last one, if it is one more of the same. */
static bool joins(struct reading *x, const struct statement *st)
{
	struct statement *last = &x->found.at[x->found.n - 1];
	size_t len = (size_t)(st->raw.at + st->raw.len - last->raw.at);

	if (len > ALIKE_BYTES || !alike_is(&x->like, st->text))
		return false;
	last->raw.len = len;
	last->alike++;
	return true;
}

/* No more will be like it. */
static void say_alike(struct reading *x)
{
	struct statement *st = x->found.n ? &x->found.at[x->found.n - 1] : NULL;

	if (!st || !st->alike || st->state != STATEMENT_READ)
		return;
	st->partly_opaque = true;
	st->opaque_reason = arena_printf(x->arena,
		"%zu more like it follow, and of all their values only those of the first are read",
		st->alike);
}

static bool not_too_many(const struct reading *x, const struct statement *st, struct err *err)
{
	if (x->found.n < STATEMENTS_MOST)
		return true;
	err_set(err, ERR_INPUT,
		"cannot read \"%s\": it has more than %d statements, and that is the limit of one "
		"script",
		st->span.src->path, STATEMENTS_MOST);
	err_hint(err,
		"Make several migrations of it, or write rows as COPY … FROM stdin or as INSERTs "
		"of "
		"literals into the same columns of one table, one behind the other: those are read "
		"as one.");
	return err_span(err, st->span);
}

static bool take(
	struct reading *x, const struct splitter *sp, struct statement *st, struct err *err)
{
	bool plain = x->large && is_plain(sp, st);

	st->index = x->index++;
	if (plain && x->like.columns && joins(x, st))
		return true;
	say_alike(x);
	if (!not_too_many(x, st, err) || !read_one(x->engine, x->reader, x->arena, st, err))
		return false;
	st->tokens = NULL;
	x->like = plain ? alike_begin(x->engine->dialect, st->text) : (struct alike){0};
	push(&x->found, &x->room, st);
	return true;
}

static void take_data(
	struct reading *x, const struct source *src, size_t off, const struct piece *p)
{
	if (x->found.n)
		x->found.at[x->found.n - 1].copy_data =
			slice_sub(src->text, off + p->body_off, p->body_len);
}

bool script_read(const struct engine *e, struct reader *r, struct arena *a,
	const struct source *src, size_t off, size_t len, struct script *out, struct err *err)
{
	struct reading x = {.engine = e, .reader = r, .arena = a, .large = len > BULK_BYTES};
	struct kept_tokens kept = {0};
	struct splitter sp;
	struct piece p;
	bool ok = true;

	splitter_init(&sp, e->dialect, slice_sub(src->masked, off, len));
	sp.keep = &kept;
	while (ok && splitter_next(&sp, &p)) {
		struct statement st = {0};

		if (p.kind == PIECE_DATA)
			take_data(&x, src, off, &p);
		if (p.kind == PIECE_BLANK || p.kind == PIECE_DELIMITER || p.kind == PIECE_DATA)
			continue;
		fill_piece(&st, src, off, &p);
		directives_read(a, (struct span){src, off + p.off, p.body_off - p.off},
			&st.directives, &st.ndirectives);
		st.tokens = kept.whole ? &kept : NULL;
		ok = take(&x, &sp, &st, err);
	}
	free(kept.at);
	say_alike(&x);
	settle(a, &x.found);
	*out = x.found;
	return ok;
}
