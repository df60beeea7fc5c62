/* verify.c - the questions that a migration brings along, asked and compared.
 *
 * Each SELECT of the verify script is a check. What counts as right, in this order:
 *   -- belay:verify none | some | expect 'TEXT'   before it
 *   -- Expected: TEXT                             behind it; also "Should be TEXT", "After: TEXT"
 *   -- Verify … exists                            the line before it: some row
 *   nothing said                                  no row must come back
 * TEXT is compared with the rows: cells joined by " | ", rows by line ends, blanks trimmed; a lone
 * number also means "one row with that value". "no rows" / "none" mean none, words after a
 * parenthesis or a dash are remarks. */
#include "run/run_internal.h"

#include "engine/engine.h"

#include <stdint.h>

enum expectation { EXPECT_NONE, EXPECT_SOME, EXPECT_TEXT };

struct check {
	enum expectation kind;
	struct slice text;
};

static const char *const expecting[] = {"expected:", "should be ", "should return ", "after:"};

/* "-- Expected: X" inside a stretch of comments; the first one wins. */
static bool find_expected(struct slice comments, struct slice *out)
{
	struct slice line;

	while (slice_line(&comments, &line)) {
		struct slice s = slice_trim(line);

		if (slice_starts(s, ";")) /* the statement's own, with the comment behind it */
			s = slice_trim(slice_from(s, 1));
		if (!slice_starts(s, "--"))
			continue;
		s = slice_trim(slice_from(s, 2));
		for (size_t i = 0; i < sizeof expecting / sizeof *expecting; i++)
			if (slice_istarts(s, expecting[i])) {
				*out = slice_trim(slice_from(s, strlen(expecting[i])));
				return true;
			}
	}
	return false;
}

/* "-- Verify index exists": the last line of comments before it. */
static bool wants_existence(struct slice leading)
{
	struct slice line, last = SLICE_NONE;

	while (slice_line(&leading, &line))
		if (slice_starts(slice_trim(line), "--"))
			last = slice_trim(slice_from(slice_trim(line), 2));
	return (slice_istarts(last, "verify ") || slice_istarts(last, "check ")) &&
	       (slice_ends(last, " exists") || slice_ends(last, " exist"));
}

/* The comments directly behind a statement belong to it: the guides write the expectation there. */
static struct slice comments_behind(
	const struct script *s, size_t i, const struct script_part *part)
{
	const struct statement *st = &s->at[i];
	size_t from = st->span.off + st->span.len;
	size_t to = i + 1 < s->n ? s->at[i + 1].span.off : part->off + part->len;

	return slice_sub(part->src->text, from, to - from);
}

static struct check from_words(struct slice text)
{
	static const char *const remarks[] = {" (", " if ", " - "};
	struct check c = {EXPECT_TEXT, text};

	for (size_t i = 0; i < sizeof remarks / sizeof *remarks; i++) {
		size_t at = slice_find(c.text, slice_of(remarks[i]));

		if (at != SIZE_MAX)
			c.text = slice_trim(slice_sub(c.text, 0, at));
	}
	if (slice_iis(c.text, "none") || slice_istarts(c.text, "no row") ||
		slice_iis(c.text, "0 rows"))
		c.kind = EXPECT_NONE;
	else if (slice_iis(c.text, "some") || slice_istarts(c.text, "at least one"))
		c.kind = EXPECT_SOME;
	return c;
}

static bool from_directive(const struct statement *st, struct check *c)
{
	for (size_t i = 0; i < st->ndirectives; i++) {
		const struct directive *d = &st->directives[i];

		if (!slice_iis(d->name, "verify"))
			continue;
		if (slice_iis(d->args, "some"))
			c->kind = EXPECT_SOME;
		else if (slice_istarts(d->args, "expect")) {
			struct slice t = slice_trim(slice_from(d->args, 6));

			if (t.len >= 2 && t.at[0] == '\'' && t.at[t.len - 1] == '\'')
				t = slice_n(t.at + 1, t.len - 2);
			*c = (struct check){EXPECT_TEXT, t};
		} else {
			c->kind = EXPECT_NONE;
		}
		return true;
	}
	return false;
}

static struct check expectation(const struct script *s, size_t i, const struct script_part *part)
{
	struct check c = {EXPECT_NONE, SLICE_NONE};
	struct slice text;

	if (from_directive(&s->at[i], &c))
		return c;
	if (find_expected(comments_behind(s, i, part), &text))
		return from_words(text);
	if (wants_existence(s->at[i].leading))
		c.kind = EXPECT_SOME;
	return c;
}

static struct slice rows_text(struct arena *a, const struct rows *r)
{
	struct buf b = {0};
	struct slice out;

	for (size_t i = 0; i < r->nrows; i++) {
		if (i)
			buf_addc(&b, '\n');
		for (size_t k = 0; k < r->ncols; k++) {
			if (k)
				buf_adds(&b, " | ");
			buf_add(&b,
				rows_null(r, i, k) ? SL("NULL") : slice_trim(rows_get(r, i, k)));
		}
	}
	out = arena_slice(a, buf_slice(&b));
	buf_done(&b);
	return out;
}

static bool same_words(struct slice a, struct slice b)
{
	/* Blanks around | do not matter. */
	size_t i = 0, k = 0;

	for (;;) {
		while (i < a.len && a.at[i] == ' ')
			i++;
		while (k < b.len && b.at[k] == ' ')
			k++;
		if (i == a.len || k == b.len)
			return i == a.len && k == b.len;
		if (a.at[i++] != b.at[k++])
			return false;
	}
}

static bool holds(const struct check *c, const struct rows *r, struct slice got)
{
	switch (c->kind) {
	case EXPECT_NONE:
		return r->nrows == 0;
	case EXPECT_SOME:
		return r->nrows > 0;
	case EXPECT_TEXT:
		return same_words(c->text, got);
	}
	return false;
}

static struct slice expected_words(const struct check *c)
{
	switch (c->kind) {
	case EXPECT_NONE:
		return SL("no row");
	case EXPECT_SOME:
		return SL("at least one row");
	case EXPECT_TEXT:
		return c->text;
	}
	return SLICE_NONE;
}

static bool is_question(const struct statement *st)
{
	return st->state == STATEMENT_READ && st->nchanges && st->changes[0].kind == CHANGE_SELECT;
}

static bool ask(struct run_result *out, struct arena *a, const struct migration *m,
	const struct script *s, size_t i, struct conn *c, struct err *err)
{
	const struct statement *st = &s->at[i];
	struct check check = expectation(s, i, &m->verify);
	struct rows r = {0};
	struct slice got;

	if (!conn_query(c, st->raw, a, &r, err)) {
		err_context(err, "verifying migration %.*s", SLICE(m->id));
		return err_span(err, st->span);
	}
	got = rows_text(a, &r);
	*ARENA_PUSH(a, out->checks, out->nchecks) = (struct verify_check){.migration = m,
		.query = (unsigned)i,
		.sql = st->raw,
		.expected = expected_words(&check),
		.got = r.nrows ? got : SL("no row"),
		.holds = holds(&check, &r, got)};
	if (!out->checks[out->nchecks - 1].holds)
		*ARENA_PUSH(a, out->failures, out->nfailures) =
			(struct verify_failure){.migration = m,
				.query = st->raw,
				.expected = expected_words(&check),
				.got = r.nrows ? got : SL("no row"),
				.span = st->span};
	return true;
}

bool verify_migration(struct run_result *out, struct arena *a, const struct project *p,
	const struct migration *m, struct conn *c, struct err *err)
{
	struct reader_options ro = {.dialect = c->engine->dialect, .version = c->id.version};
	struct reader *reader = NULL;
	struct script s = {0};
	bool ok;

	(void)p;
	if (!m->verify.src)
		return true;
	if (!c->engine->reader_open(&reader, &ro, err))
		return false;
	ok = script_read(
		c->engine, reader, a, m->verify.src, m->verify.off, m->verify.len, &s, err);
	c->engine->reader_close(reader);
	for (size_t i = 0; ok && i < s.n; i++) {
		if (!is_question(&s.at[i])) {
			err_set(err, ERR_INPUT,
				"a verify script may only ask: \"%s\" is not a SELECT",
				s.at[i].kind ? s.at[i].kind : "this statement");
			return err_span(err, s.at[i].span);
		}
		ok = ask(out, a, m, &s, i, c, err);
	}
	return ok;
}

bool run_verify(struct run_result *out, struct arena *a, const struct project *p,
	const struct migration *const *m, size_t n, struct conn *c, struct err *err)
{
	bool pg = c->id.dialect == DIALECT_POSTGRES, sqlite = c->id.dialect == DIALECT_SQLITE;
	struct err ignored = {0};
	bool ok = true;

	*out = (struct run_result){0};
	if (!conn_exec(c,
		    pg       ? SL("BEGIN TRANSACTION READ ONLY")
		    : sqlite ? SL("BEGIN")
			     : SL("START TRANSACTION READ ONLY"),
		    err))
		return false;
	for (size_t i = 0; ok && i < n; i++)
		ok = verify_migration(out, a, p, m[i], c, err);
	conn_exec(c, SL("ROLLBACK"), &ignored);
	err_done(&ignored);
	return ok;
}
