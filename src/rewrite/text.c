/* text.c - steps as text: for a finding, and as the parts of migration files. */
#include "rewrite/internal.h"

#include <stdint.h>

static const char *phase_word(enum phase p)
{
	switch (p) {
	case PHASE_NONE:
	case PHASE_EXPAND:
		break;
	case PHASE_BACKFILL:
		return "backfill";
	case PHASE_CONTRACT:
		return "contract";
	}
	return "expand";
}

static bool ends_line(const struct buf *b)
{
	return b->len == 0 || b->at[b->len - 1] == '\n';
}

/* A statement with its semicolon; comments alone stay as they are. */
static void add_statement(struct buf *b, struct slice sql)
{
	if (!ends_line(b))
		buf_addc(b, '\n');
	buf_add(b, sql);
	if (!slice_starts(sql, "--") || slice_chr(sql, '\n') != SIZE_MAX)
		if (sql.at[sql.len - 1] != ';')
			buf_addc(b, ';');
	buf_addc(b, '\n');
}

static struct slice taken(struct arena *a, struct buf *b)
{
	struct slice s = arena_slice(a, buf_slice(b));

	buf_done(b);
	return s;
}

struct slice rewrite_text(struct arena *a, const struct rewritten *r)
{
	struct buf b = {0};

	for (size_t i = 0; i < r->n; i++) {
		const struct safe_step *s = r->steps[i];
		bool lone = r->n == 1 && s->up.n == 1 && s->phase != PHASE_CONTRACT;

		if (lone && !s->batched) {
			add_statement(&b, s->up.at[0]);
			b.len--;
			if (s->no_tx)
				buf_adds(&b, "   -- outside a transaction");
			break;
		}
		if (r->n > 1)
			buf_printf(&b, "-- %zu %s", i + 1, phase_word(s->phase));
		else
			buf_printf(&b, "-- %s", phase_word(s->phase));
		buf_adds(&b, s->no_tx && s->up.n > 1
				     ? ", each statement in a transaction of its own"
			     : s->no_tx ? ", outside a transaction"
					: "");
		if (s->says.len && (s->phase == PHASE_CONTRACT || s->one_way))
			buf_printf(&b, ": %.*s", SLICE(s->says));
		buf_adds(&b, s->batched ? "\n-- belay:batched\n" : "\n");
		for (size_t k = 0; k < s->up.n; k++)
			add_statement(&b, s->up.at[k]);
	}
	while (b.len && b.at[b.len - 1] == '\n')
		b.len--;
	return taken(a, &b);
}

/* "-- " before each line, wrapped at about 100 columns. */
static void comment(struct buf *b, struct slice words)
{
	size_t column = 0;
	struct slice rest = words, word;

	while (slice_next(&rest, ' ', &word)) {
		if (word.len == 0)
			continue;
		if (column && column + 1 + word.len > 97) {
			buf_addc(b, '\n');
			column = 0;
		}
		buf_adds(b, column ? " " : "-- ");
		buf_add(b, word);
		column += word.len + 1;
	}
	if (column)
		buf_addc(b, '\n');
}

static void header(
	struct arena *a, struct buf *b, const struct safe_step *s, size_t index, size_t n)
{
	struct slice says = s->says;

	if (n > 1)
		says = arena_printf(a, "Step %zu of %zu%s%.*s", index + 1, n, says.len ? ": " : ".",
			SLICE(says));
	else if (says.len && says.at[0] >= 'a' && says.at[0] <= 'z')
		says = arena_printf(
			a, "%c%.*s", says.at[0] - 'a' + 'A', SLICE(slice_from(says, 1)));
	comment(b, says);
	if (s->batched)
		comment(b, SL("belay up runs the statement in batches that can be resumed; another "
			      "runner sends it as one statement."));
	if (s->phase != PHASE_NONE)
		buf_printf(b, "-- belay:phase %s\n", phase_word(s->phase));
	if (s->no_tx)
		buf_adds(b, "-- belay:no-transaction\n");
}

/* `allow` answers for the last piece. */
static struct slice joined_pieces(
	struct arena *a, const struct piece_list *v, bool apart, const char *allow)
{
	struct buf b = {0};

	for (size_t i = 0; i < v->n; i++) {
		bool wrap =
			apart && !slice_starts(v->at[i], "BEGIN") &&
			!(slice_starts(v->at[i], "-- ") && slice_chr(v->at[i], '\n') == SIZE_MAX);

		/* One message is one transaction, unless it says otherwise. */
		if (wrap)
			buf_adds(&b, "BEGIN;\n");
		if (allow && i + 1 == v->n)
			buf_printf(&b,
				"-- belay:allow %s because \"contract phase: nothing uses it any "
				"more\"\n",
				allow);
		add_statement(&b, v->at[i]);
		if (wrap)
			buf_adds(&b, "COMMIT;\n");
	}
	return taken(a, &b);
}

struct step_text step_text(
	struct arena *a, const struct safe_step *s, size_t index, size_t n, bool one_message)
{
	bool apart = one_message && s->no_tx && s->up.n > 1;
	bool apart_down = one_message && s->no_tx && s->down.n > 1;
	struct step_text t = {0};
	struct buf b = {0};

	header(a, &b, s, index, n);
	if (!one_message)
		buf_add(&b, joined_pieces(a, &s->guard, false, NULL));
	if (s->batched)
		buf_adds(&b, "-- belay:batched\n");
	buf_add(&b, joined_pieces(a, &s->up, apart, s->allow));
	t.up = taken(a, &b);
	if (s->down.n) {
		b = (struct buf){0};
		if (s->no_tx)
			buf_adds(&b, "-- belay:no-transaction\n");
		buf_add(&b, joined_pieces(a, &s->down, apart_down, NULL));
		t.down = taken(a, &b);
	}
	t.verify = joined_pieces(a, &s->verify, false, NULL);
	return t;
}
