/* table.c - reading the table, and printing it as it was observed. */
#include "oracle.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

const struct fact_row fact_rows[FACTS_] = {
	[FACT_LOCKS] = {"locks", NULL},
	[FACT_REWRITES] = {"rewrites", NULL},
	[FACT_SCANS] = {"scans", NULL},
	[FACT_BUILDS] = {"builds", NULL},
	[FACT_WRITES] = {"writes", NULL},
	[FACT_DESTROYS] = {"destroys", NULL},
	[FACT_BREAKS] = {"breaks", NULL},
	[FACT_TRANSACTION] = {"transaction", "allowed"},
	[FACT_RERUN] = {"rerun", "same"},
	[FACT_UNDO] = {"undo", "exact"},
	[FACT_OUTCOME] = {"outcome", "ok"},
};

/* ---- Lists ---- */
bool fact_doubtful(struct slice s)
{
	return slice_ends(s, "?");
}

struct slice fact_sure(struct slice s)
{
	return fact_doubtful(s) ? slice_sub(s, 0, s.len - 1) : s;
}

bool fact_has(struct names n, struct slice s)
{
	for (size_t i = 0; i < n.n; i++)
		if (slice_eq(fact_sure(n.at[i]), fact_sure(s)))
			return true;
	return false;
}

void fact_add(struct arena *a, struct names *n, struct slice s)
{
	size_t at = n->n;

	if (fact_has(*n, s))
		return;
	names_add(a, n, s);
	for (; at > 0 && slice_cmp(n->at[at - 1], s) > 0; at--)
		n->at[at] = n->at[at - 1];
	n->at[at] = s;
}

void fact_add_word(struct arena *a, struct answer *to, enum fact f, struct slice word)
{
	to->told[f] = true;
	if (!slice_is(word, fact_rows[f].usual))
		fact_add(a, &to->facts[f], word);
}

struct slice fact_spelt(struct arena *a, struct name n, struct slice part)
{
	bool bare = n.schema.len == 0 || slice_is(n.schema, "public");

	return arena_printf(a, "%.*s%s%.*s%s%.*s", bare ? 0 : (int)n.schema.len,
		n.schema.at ? n.schema.at : "", bare ? "" : ".", SLICE(n.name), part.len ? "." : "",
		SLICE(part));
}

struct slice fact_joined(struct arena *a, struct names n)
{
	struct slice out = SLICE_NONE;

	for (size_t i = 0; i < n.n; i++)
		out = arena_printf(a, "%.*s%s%.*s", SLICE(out), i ? ", " : "", SLICE(n.at[i]));
	return out;
}

/* ---- Reading ---- */

/* "14-16", "17-", "-14" */
static void read_range(struct slice s, int *from, int *to)
{
	size_t dash = slice_chr(s, '-');
	unsigned long long v;

	*from = 0;
	*to = 99;
	if (slice_u64(slice_sub(s, 0, dash == SIZE_MAX ? s.len : dash), &v)) {
		*from = (int)v;
		if (dash == SIZE_MAX)
			*to = (int)v;
	}
	if (dash != SIZE_MAX && slice_u64(slice_from(s, dash + 1), &v))
		*to = (int)v;
}

static struct slice more(struct arena *a, struct slice text, struct slice line)
{
	return text.len ? arena_printf(a, "%.*s\n%.*s", SLICE(text), SLICE(line)) : line;
}

/* Up to the next comma that stands in no brackets: "function f(integer, integer)" is one entry. */
static bool next_entry(struct slice *rest, struct slice *entry)
{
	size_t end = 0;
	int depth = 0;

	if (!rest->len)
		return false;
	for (; end < rest->len && (depth || rest->at[end] != ','); end++)
		depth += (rest->at[end] == '(') - (rest->at[end] == ')');
	*entry = slice_sub(*rest, 0, end);
	*rest = slice_from(*rest, end < rest->len ? end + 1 : end);
	return true;
}

static void read_claim(struct table *t, struct kase *k, struct slice line, size_t at)
{
	size_t blank = slice_chr(line, ' '), mark;
	struct slice word = blank == SIZE_MAX ? line : slice_sub(line, 0, blank), piece;
	struct slice rest = blank == SIZE_MAX ? SLICE_NONE : slice_trim(slice_from(line, blank));
	struct claim c = {.to = 99};

	if (slice_is(word, "only")) {
		read_range(rest, &k->from, &k->to);
		return;
	}
	if (slice_is(word, "inverse")) {
		k->inverse = more(t->arena, k->inverse, rest);
		return;
	}
	mark = slice_chr(word, '@');
	if (mark != SIZE_MAX) {
		read_range(slice_from(word, mark + 1), &c.from, &c.to);
		word = slice_sub(word, 0, mark);
	}
	for (; c.fact < FACTS_ && !slice_is(word, fact_rows[c.fact].word); c.fact++)
		;
	if (c.fact == FACTS_)
		fail_msg("line %zu: %.*s", at, SLICE(line));
	/* A second run in the same transaction sees the same time. */
	if (c.fact == FACT_RERUN && slice_ends(rest, " by the clock")) {
		k->clock = true;
		rest = slice_sub(rest, 0, rest.len - strlen(" by the clock"));
	}
	while (next_entry(&rest, &piece))
		if (!fact_rows[c.fact].usual ||
			!slice_is(slice_trim(piece), fact_rows[c.fact].usual))
			fact_add(t->arena, &c.is, slice_trim(piece));
	*ARENA_PUSH(t->arena, k->claims, k->nclaims) = c;
}

static void flush(struct table *t, struct kase *k)
{
	if (k->sql.len && t->n)
		*ARENA_PUSH(t->arena, t->sections[t->n - 1].cases, t->sections[t->n - 1].n) = *k;
	*k = (struct kase){.to = 99};
}

/* "=== title @17-" */
static void start_section(struct table *t, const char *file, struct slice title)
{
	struct section *s = ARENA_PUSH(t->arena, t->sections, t->n);
	size_t mark = slice_find(title, SL(" @"));

	*s = (struct section){.file = file, .title = title, .to = 99};
	if (mark != SIZE_MAX)
		read_range(slice_from(title, mark + 2), &s->from, &s->to);
}

static void read_setup(struct table *t, struct slice *text, size_t *at)
{
	struct section *s = &t->sections[t->n - 1];
	struct slice line;

	s->line = *at;
	while (slice_line(text, &line)) {
		++*at;
		if (slice_is(line, "}"))
			return;
		s->setup = arena_printf(t->arena, "%.*s%.*s\n", SLICE(s->setup), SLICE(line));
	}
}

void table_read(struct table *t, struct arena *a, const char *file, struct slice text)
{
	struct kase k = {.to = 99};
	struct slice line;
	size_t at = 0;

	t->arena = a;
	while (slice_line(&text, &line)) {
		at++;
		if (slice_starts(line, "#")) {
			continue;
		} else if (slice_starts(line, "=== ")) {
			flush(t, &k);
			start_section(t, file, slice_from(line, 4));
		} else if (slice_is(line, "{")) {
			read_setup(t, &text, &at);
		} else if (slice_empty(slice_trim(line))) {
			flush(t, &k);
		} else if (slice_starts(line, "    ") || slice_starts(line, "\t")) {
			read_claim(t, &k, slice_trim(line), at);
		} else if (slice_starts(line, "| ")) {
			k.context = arena_printf(
				a, "%.*s%.*s;\n", SLICE(k.context), SLICE(slice_from(line, 2)));
		} else {
			k.line = k.sql.len ? k.line : at;
			k.sql = more(a, k.sql, line);
		}
	}
	flush(t, &k);
}

struct names table_says(const struct kase *k, enum fact f, int version)
{
	struct names all = {0};

	for (size_t i = 0; i < k->nclaims; i++)
		if (k->claims[i].fact == f && version >= k->claims[i].from &&
			version <= k->claims[i].to)
			return k->claims[i].is;
	return all;
}

/* ---- Printing ---- */

/* The server's answer, with what we are not sure of marked; ours where it does not tell. */
static struct names merged(
	struct arena *a, const struct kase *k, const struct result *r, enum fact f)
{
	struct names out = {0}, p = r->predicted.facts[f], s = r->observed.facts[f];

	if (f == FACT_RERUN && k->clock)
		return p;
	if (!r->observed.told[f] || f == FACT_OUTCOME || f == FACT_RERUN) {
		bool fails = f == FACT_OUTCOME && r->observed.told[f] && s.n && !p.n;

		if (f == FACT_RERUN && r->observed.told[f] && !fact_has(p, SL("unknown")))
			return s;
		if (f == FACT_OUTCOME && r->observed.told[f] && !s.n && fact_has(p, SL("fails")))
			return s;
		return fails ? s : p;
	}
	for (size_t i = 0; i < s.n; i++) {
		bool unsure = fact_has(p, s.at[i]) &&
			      fact_has(p, arena_printf(a, "%.*s?", SLICE(s.at[i])));

		for (size_t n = 0; unsure && n < p.n; n++)
			if (slice_eq(p.at[n], s.at[i]))
				unsure = false;
		fact_add(a, &out, unsure ? arena_printf(a, "%.*s?", SLICE(s.at[i])) : s.at[i]);
	}
	for (size_t i = 0; i < p.n; i++)
		if (fact_doubtful(p.at[i]) || slice_starts(p.at[i], "rows ") || f == FACT_WRITES)
			fact_add(a, &out, p.at[i]);
	return out;
}

static void print_range(const char *word, int from, int to)
{
	char first[16] = "", last[16] = "", whole[64];

	if (from)
		snprintf(first, sizeof first, "%d", from);
	if (to)
		snprintf(last, sizeof last, "%d", to);
	snprintf(whole, sizeof whole, "%s%s%s%s%s", word, from || to ? "@" : "", first,
		from != to ? "-" : "", from != to ? last : "");
	printf("    %-11s", whole);
}

static void print_fact(struct arena *a, const struct kase *k, enum fact f, size_t n)
{
	struct names now, next;

	for (size_t i = 0, end; i < n; i = end) {
		if (!k->results[i].version) {
			end = i + 1;
			continue;
		}
		now = merged(a, k, &k->results[i], f);
		for (end = i + 1; end < n && k->results[end].version; end++) {
			next = merged(a, k, &k->results[end], f);
			if (!names_eq(now, next))
				break;
		}
		if (now.n == 0)
			continue;
		print_range(fact_rows[f].word,
			i && k->results[i - 1].version ? k->results[i].version : 0,
			end < n && k->results[end].version ? k->results[end - 1].version : 0);
		printf(" %.*s%s\n", SLICE(fact_joined(a, now)),
			f == FACT_RERUN && k->clock ? " by the clock" : "");
	}
}

/* What differs from the prediction, as comments. */
static void print_remarks(struct arena *a, const struct kase *k, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct result *r = &k->results[i];

		for (int f = 0; r->version && f < FACTS_; f++) {
			struct names p = r->predicted.facts[f], m = merged(a, k, r, (enum fact)f);

			if (!names_eq(p, m))
				printf("#   %d predicted %s: %.*s (not %.*s)\n", r->version,
					fact_rows[f].word, SLICE(fact_joined(a, p)),
					SLICE(fact_joined(a, m)));
		}
		if (fact_has(r->predicted.facts[FACT_RERUN], SL("unknown")) &&
			r->observed.told[FACT_RERUN])
			printf("#   %d predicted rerun: unknown (is %.*s)\n", r->version,
				SLICE(fact_joined(a, r->observed.facts[FACT_RERUN])));
		if (r->replayed.len)
			printf("#   %d replayed: %.*s\n", r->version, SLICE(r->replayed));
		if (r->version && r->observed.words.len)
			printf("# %d: %.*s\n", r->version, SLICE(r->observed.words));
	}
}

static void print_case(struct arena *a, const struct kase *k, size_t n)
{
	struct slice rest = k->context, line;

	while (slice_line(&rest, &line))
		printf("| %.*s\n", SLICE(slice_sub(line, 0, line.len - 1)));
	printf("%.*s\n", SLICE(k->sql));
	if (k->from || k->to != 99) {
		print_range("only", 0, 0);
		if (k->from)
			printf(" %d", k->from);
		else
			printf(" ");
		printf("-");
		if (k->to != 99)
			printf("%d", k->to);
		printf("\n");
	}
	for (int f = 0; f < FACTS_; f++)
		print_fact(a, k, (enum fact)f, n);
	rest = k->inverse;
	while (slice_line(&rest, &line))
		printf("    inverse     %.*s\n", SLICE(line));
	print_remarks(a, k, n);
	printf("\n");
}

bool table_wants(const struct section *s, const char *only)
{
	return !only || strcmp(s->file, only) == 0 ||
	       slice_find(s->title, slice_of(only)) != SIZE_MAX;
}

void table_print(const struct table *t, size_t n, const char *only)
{
	for (size_t i = 0; i < t->n; i++) {
		const struct section *s = &t->sections[i];

		if (!table_wants(s, only))
			continue;
		printf("=== %.*s\n{\n%.*s}\n\n", SLICE(s->title), SLICE(s->setup));
		for (size_t k = 0; k < s->n; k++)
			print_case(t->arena, &s->cases[k], n);
	}
}
