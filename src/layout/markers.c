/* markers.c - up, down and verify in one file, parted by comments that people write by hand.
 *
 * A marker is a comment that consists of one direction word and words that only accompany it:
 * `-- UP`, `-- DOWN Migration`, `-- Rollback:`, `/ * Verification queries * /`. Whatever looks like
 * one and is not understood (a slip of the fingers, both directions at once, another tool's form)
 * stops everything: running a down script as part of an up would be the worst that can happen.
 *
 * Comments are found by the lexer, so that text inside quotes and function bodies is never a
 * marker; where the lexer meets an open quote, the rest is read line by line. */
#include "layout/internal.h"

#include "sql/token.h"

#include <stdint.h>

enum { MAX_WORDS = 5 };

static const char *const up_words[] = {"up", "upgrade", NULL};
static const char *const down_words[] = {"down", "downgrade", "rollback", "revert", "undo", NULL};
static const char *const verify_words[] = {"verify", "verification", NULL};
static const char *const companions[] = {"migration", "migrations", "migrate", "script", "scripts",
	"section", "part", "sql", "queries", "query", "checks", "direction", NULL};

static bool is_one_of(struct slice w, const char *const *v)
{
	for (; *v; v++)
		if (slice_iis(w, *v))
			return true;
	return false;
}

/* Letters around which words part; the rest of a comment's decoration goes away too. */
static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_decoration(char c)
{
	return strchr(" \t\r\n-=*#+~_:[]().<>|!/", c) != NULL && c != 0;
}

/* The words of a comment. False: it holds something that no marker has (digits, quotes, commas…)
 * or more words than a marker would. */
static bool words_of(struct slice s, struct slice words[MAX_WORDS], size_t *n)
{
	size_t i = 0;

	*n = 0;
	while (i < s.len) {
		size_t from = i;

		while (i < s.len && is_letter(s.at[i]))
			i++;
		if (i > from) {
			if (*n == MAX_WORDS)
				return false;
			words[(*n)++] = slice_n(s.at + from, i - from);
			continue;
		}
		if (!is_decoration(s.at[i]))
			return false;
		i++;
	}
	return *n > 0;
}

static const char *other_tool(struct slice s)
{
	static const struct {
		const char *start, *tool;
	} forms[] = {{"+goose ", "goose"}, {"+migrate ", "sql-migrate"}, {"migrate:up", "dbmate"},
		{"migrate:down", "dbmate"}, {"+micrate ", "micrate"},
		{"//@undo", "MyBatis Migrations"}, {"@undo", "MyBatis Migrations"},
		{"changeset ", "Liquibase"}, {"rollback changeset", "Liquibase"}};

	if (slice_ifind(s, SL("create above / drop below")) != SIZE_MAX)
		return "tern";
	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
		if (slice_istarts(s, forms[i].start))
			return forms[i].tool;
	return NULL;
}

struct tally {
	size_t up, down, verify, near, strange;
};

static bool near_direction(struct slice w)
{
	/* Real words that are one letter away. */
	static const char *const real[] = {"own", "town", "gown", "dawn", "downs", "ups", "under",
		"reverts", "rollbacks", "upgrades", "upgraded", "undone", "rollbacked", "verified",
		NULL};

	if (is_one_of(w, real))
		return false;
	return is_near(w, "down") || is_near(w, "rollback") || is_near(w, "downgrade") ||
	       is_near(w, "upgrade") || (w.len == 3 && is_near(w, "up") && slice_istarts(w, "up"));
}

static struct tally count_words(const struct slice *w, size_t n)
{
	struct tally t = {0};

	for (size_t i = 0; i < n; i++) {
		if (is_one_of(w[i], up_words))
			t.up++;
		else if (is_one_of(w[i], down_words))
			t.down++;
		else if (slice_iis(w[i], "roll") && i + 1 < n && slice_iis(w[i + 1], "back"))
			t.down++, i++;
		else if (is_one_of(w[i], verify_words))
			t.verify++;
		else if (is_one_of(w[i], companions) || slice_iis(w[i], "and"))
			continue;
		else if (near_direction(w[i]))
			t.near++;
		else
			t.strange++;
	}
	return t;
}

enum marker marker_of(struct slice comment, const char **tool)
{
	struct slice words[MAX_WORDS], s = slice_trim(comment);
	struct tally t;
	size_t n;

	*tool = NULL;
	while (s.len && (s.at[0] == '-' || s.at[0] == ' '))
		s = slice_from(s, 1);
	*tool = other_tool(s);
	if (*tool)
		return MARKER_UNKNOWN;
	if (!words_of(s, words, &n))
		return MARKER_NONE;
	t = count_words(words, n);
	if (t.strange || t.up + t.down + t.verify + t.near == 0)
		return MARKER_NONE;
	if (t.up + t.down + t.verify == 1 && t.near == 0)
		return t.up ? MARKER_UP : t.down ? MARKER_DOWN : MARKER_VERIFY;
	return MARKER_UNKNOWN;
}

bool text_is_empty(enum dialect d, struct slice text)
{
	struct lexer l;

	lexer_init(&l, d, text);
	for (;;) {
		struct token t = lexer_next(&l);

		if (t.kind == TOKEN_END)
			return true;
		if (t.kind == TOKEN_BAD && t.text.len == 3 &&
			memcmp(t.text.at, "\xef\xbb\xbf", 3) == 0)
			continue;
		if (!token_punct(t, ";"))
			return false;
	}
}

/* ---- Cutting a file ---- */

struct cut {
	enum marker kind;
	size_t at, end; /* of the comment */
};
struct cutter {
	struct project *p;
	struct source *src;
	struct cut *cuts;
	size_t ncuts;
	bool ok;
};

static struct slice comment_words(struct slice c)
{
	if (slice_starts(c, "/*"))
		c = slice_from(c, 2);
	else if (slice_starts(c, "--"))
		c = slice_from(c, 2);
	else if (slice_starts(c, "#"))
		c = slice_from(c, 1);
	if (slice_ends(c, "*/"))
		c.len -= 2;
	return c;
}

/* The comment stands alone on its line(s): behind a statement it is a remark. */
static bool alone_on_line(struct slice text, size_t at)
{
	while (at > 0 && (text.at[at - 1] == ' ' || text.at[at - 1] == '\t'))
		at--;
	return at == 0 || text.at[at - 1] == '\n' || text.at[at - 1] == '\r' ||
	       (at == 3 && slice_starts(text, "\xef\xbb\xbf"));
}

static bool sql_between(struct cutter *c, size_t from, size_t to)
{
	return !text_is_empty(c->p->dialect, slice_sub(c->src->text, from, to - from));
}

/* `-- Rollback: drop the column` is a remark when it stands before all SQL or behind it, or when
 * what follows the colon is a statement; in the middle nobody can tell. */
static bool ambiguous_remark(struct cutter *c, struct slice words, size_t at, size_t end)
{
	static const char *const verbs[] = {"alter", "drop", "create", "delete", "update", "insert",
		"truncate", "grant", "revoke", "none", "n/a", "not", "see", "no", NULL};
	size_t colon = slice_chr(words, ':');
	const char *tool;
	enum marker m;
	struct slice rest, first;

	if (colon == SIZE_MAX || slice_chr(words, '\n') != SIZE_MAX)
		return false;
	m = marker_of(slice_sub(words, 0, colon), &tool);
	rest = slice_trim(slice_from(words, colon + 1));
	if ((m != MARKER_DOWN && m != MARKER_UP) || tool || rest.len == 0)
		return false;
	if (!slice_next(&(struct slice){rest.at, rest.len}, ' ', &first) || is_one_of(first, verbs))
		return false;
	return sql_between(c, 0, at) && sql_between(c, end, c->src->text.len);
}

static void refuse(struct cutter *c, size_t at, size_t end, const char *why)
{
	struct span span = {c->src, at, end - at};
	struct slice shown = slice_trim(span_text(span));

	problem(c->p, true, "unknown-marker", c->src->path, span, "\"%.*s\" %s",
		SLICE(slice_sub(shown, 0, 60)), why);
	c->ok = false;
}

static void see_comment(struct cutter *c, size_t at, size_t end)
{
	struct slice words = comment_words(slice_sub(c->src->text, at, end - at));
	const char *tool = NULL;
	enum marker m;

	if (!alone_on_line(c->src->text, at))
		return;
	m = marker_of(words, &tool);
	if (m == MARKER_NONE) {
		if (ambiguous_remark(c, words, at, end))
			refuse(c, at, end,
				"stands between statements and may be a remark or the beginning "
				"of the down script; write `-- DOWN` alone on a line, or reword "
				"the remark");
		return;
	}
	if (tool) {
		struct slice why = arena_printf(c->p->arena,
			"is a marker of %s, which the plain layout does not follow", tool);

		refuse(c, at, end, why.at);
		return;
	}
	if (m == MARKER_UNKNOWN) {
		refuse(c, at, end,
			"looks like an up or down marker and is not understood; write `-- UP`, "
			"`-- DOWN` or `-- VERIFY`");
		return;
	}
	*ARENA_PUSH(c->p->arena, c->cuts, c->ncuts) = (struct cut){m, at, end};
}

/* From `at` on line by line, where the lexer gave up. */
static void by_lines(struct cutter *c, size_t at)
{
	struct slice rest = slice_from(c->src->text, at), line;

	while (slice_line(&rest, &line)) {
		size_t off = (size_t)(line.at - c->src->text.at), from = off;

		while (from < off + line.len &&
			(c->src->text.at[from] == ' ' || c->src->text.at[from] == '\t'))
			from++;
		if (slice_starts(slice_from(c->src->text, from), "--"))
			see_comment(c, from, off + line.len);
	}
}

/* Behind it no comment begins. */
static size_t last_comment(struct slice text)
{
	static const char *const opens[] = {"#", "--", "/*"};
	size_t last = 0;

	for (size_t k = 0; k < sizeof opens / sizeof *opens; k++) {
		size_t n = strlen(opens[k]), to = text.len;
		const char *at;

		/* What is before the last one found so far does not matter. */
		while (to > last && (at = memrchr(text.at + last, opens[k][n - 1], to - last))) {
			to = (size_t)(at - text.at);
			if (n == 1 || (to && text.at[to - 1] == opens[k][0])) {
				last = to;
				break;
			}
		}
	}
	return last;
}

static void find_cuts(struct cutter *c)
{
	size_t last = last_comment(c->src->text);
	struct lexer l;

	lexer_init(&l, c->p->dialect, c->src->text);
	while (l.at <= last) {
		struct token t = lexer_raw(&l);

		if (t.kind == TOKEN_END)
			return;
		if (t.kind == TOKEN_BAD && t.text.len > 4) {
			by_lines(c, t.off);
			return;
		}
		if (t.kind == TOKEN_COMMENT)
			see_comment(c, t.off, t.off + t.text.len);
	}
}

static const char *marker_word(enum marker m)
{
	return m == MARKER_UP ? "up" : m == MARKER_DOWN ? "down" : "verify";
}

bool markers_split(struct project *p, struct source *src, struct script_part *up,
	struct script_part *down, struct script_part *verify)
{
	struct cutter c = {.p = p, .src = src, .ok = true};
	struct script_part *parts[] = {
		[MARKER_UP] = up, [MARKER_DOWN] = down, [MARKER_VERIFY] = verify};
	bool seen[MARKER_UNKNOWN] = {false};

	find_cuts(&c);
	if (!c.ok)
		return false;
	*up = (struct script_part){.src = src, .len = c.ncuts ? c.cuts[0].at : src->text.len};
	/* What stands before a first marker that is not UP is the up script. */
	seen[MARKER_UP] =
		c.ncuts && c.cuts[0].kind != MARKER_UP && sql_between(&c, 0, c.cuts[0].at);
	for (size_t i = 0; i < c.ncuts; i++) {
		const struct cut *k = &c.cuts[i];
		size_t next = i + 1 < c.ncuts ? c.cuts[i + 1].at : src->text.len;

		if (k->kind == MARKER_UP && i == 0 && sql_between(&c, 0, k->at)) {
			refuse(&c, k->at, k->end,
				"comes after statements that stand outside of it");
			return false;
		}
		if (seen[k->kind]) {
			struct slice why = arena_printf(p->arena,
				"is the second %s marker of this file", marker_word(k->kind));

			refuse(&c, k->at, k->end, why.at);
			return false;
		}
		seen[k->kind] = true;
		*parts[k->kind] =
			(struct script_part){.src = src, .off = k->end, .len = next - k->end};
	}
	return true;
}
