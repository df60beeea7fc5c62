/* script.c - a whole text into statements: split, read, with the directives that stand before. */
#include "engine/engine.h"

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

bool script_read(const struct engine *e, struct reader *r, struct arena *a,
	const struct source *src, size_t off, size_t len, struct script *out, struct err *err)
{
	struct script found = {0};
	struct kept_tokens kept = {0};
	struct splitter sp;
	struct piece p;
	size_t room = 0;
	bool ok = true;

	splitter_init(&sp, e->dialect, slice_sub(src->masked, off, len));
	sp.keep = &kept;
	while (ok && splitter_next(&sp, &p)) {
		struct statement st = {.index = (unsigned)found.n};

		if (p.kind == PIECE_BLANK || p.kind == PIECE_DELIMITER)
			continue;
		if (p.kind == PIECE_DATA) {
			if (found.n)
				found.at[found.n - 1].copy_data =
					slice_sub(src->text, off + p.body_off, p.body_len);
			continue;
		}
		fill_piece(&st, src, off, &p);
		directives_read(a, (struct span){src, off + p.off, p.body_off - p.off},
			&st.directives, &st.ndirectives);
		st.tokens = kept.whole ? &kept : NULL;
		ok = read_one(e, r, a, &st, err);
		st.tokens = NULL;
		push(&found, &room, &st);
	}
	free(kept.at);
	settle(a, &found);
	*out = found;
	return ok;
}
