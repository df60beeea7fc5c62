/* effects_rerun.c - what a second run of a change of rows does. */
#include "engine/postgres/effects.h"
#include "sql/token.h"

#include <stdint.h>

static bool among(struct slice word, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (slice_iis(word, words[i]))
			return true;
	return false;
}

/* replace(x, 'a', 'b') finds no a the second time, unless b holds one. */
static bool replaces_all(const struct lexer *at)
{
	struct lexer x = *at;
	struct token t, texts[2];
	size_t n = 0;

	while (n < 2 && (t = lexer_next(&x)).kind != TOKEN_END && !token_punct(t, ")"))
		if (t.kind == TOKEN_STRING)
			texts[n++] = t;
	return n == 2 && texts[0].text.len > 2 &&
	       slice_ifind(texts[1].text, slice_sub(texts[0].text, 1, texts[0].text.len - 2)) ==
		       SIZE_MAX;
}

/* What stands between SET and WHERE. */
struct assignments {
	bool own;   /* names a column that is set */
	bool plain; /* no calls but of the known */
	bool again; /* only what does nothing the second time */
	bool moves; /* something else each time */
};

static void read_call(struct assignments *f, struct slice name, const struct lexer *x)
{
	static const char *const again[] = {"lower", "upper", "btrim", "ltrim", "rtrim", "trim",
		"coalesce", "abs", "round", "floor", "ceil", "initcap", "to_jsonb", "date_trunc",
		"greatest", "least", "nullif", "left"};
	static const char *const never[] = {"md5", "reverse", "concat", "sha256", "repeat"};
	bool known = among(name, again, sizeof again / sizeof *again) ||
		     (slice_iis(name, "replace") && replaces_all(x));

	f->again = f->again && known;
	f->plain = f->plain && known;
	f->moves = f->moves || (f->own && among(name, never, sizeof never / sizeof *never));
}

static struct assignments read_assignments(struct slice text, struct names columns)
{
	static const char *const moving[] = {"random", "now", "clock_timestamp", "gen_random_uuid",
		"nextval", "current_timestamp", "uuid_generate_v4", "statement_timestamp",
		"uuidv7"};
	struct assignments f = {.plain = true, .again = true};
	struct token t, last = {0}, call = {0};
	bool minus = false;
	struct lexer x;

	lexer_init(&x, DIALECT_POSTGRES, text);
	while ((t = lexer_next(&x)).kind != TOKEN_END) {
		bool target = last.kind == 0 || token_punct(last, ",");

		if (t.kind == TOKEN_WORD && among(t.text, moving, sizeof moving / sizeof *moving))
			f.moves = true;
		minus = minus || (token_punct(t, "-") && token_punct(last, "="));
		if (token_punct(t, "(") && last.kind == TOKEN_WORD) {
			call = last;
			read_call(&f, last.text, &x);
		}
		if (t.kind == TOKEN_WORD && !target && names_has(columns, t.text) &&
			!token_punct(lexer_peek(&x), "=")) {
			f.moves = f.moves || minus || (call.kind && slice_iis(call.text, "md5"));
			f.own = true;
		}
		if (f.own && t.kind == TOKEN_PUNCT && strchr("+-*/|", t.text.at[0]))
			f.moves = true;
		last = t;
	}
	return f;
}

/* SET a = 5 does the same again, SET a = a + 1 does not. */
enum rerun pg_rerun_update(
	struct looking *l, struct slice text, struct names columns, struct names reads)
{
	size_t set = slice_ifind(text, SL(" set "));
	struct assignments f;

	(void)l;
	if (set == SIZE_MAX)
		return RERUN_UNKNOWN;
	text = slice_from(text, set + 5);
	f = read_assignments(slice_sub(text, 0, slice_ifind(text, SL(" where "))), columns);
	if (f.moves)
		return RERUN_DIFFERS;
	if (!f.own)
		return f.plain || reads.n == 0 ? RERUN_SAME : RERUN_UNKNOWN;
	return f.again ? RERUN_SAME : RERUN_UNKNOWN;
}

/* Tables that are read besides the one that is written. */
static struct names other_reads(struct looking *l, const struct relation *r, bool *itself)
{
	struct names out = {0};

	*itself = false;
	for (size_t i = 0; i < l->change->reads.n; i++) {
		struct slice read = l->change->reads.at[i];

		if (name_eq(pg_relation(l, pg_split_name(read), OBJECT_NONE).name, r->name))
			*itself = true;
		else
			names_add(l->arena, &out, read);
	}
	return out;
}

/* Those that a LIMIT left are next. */
static bool takes_some(const struct looking *l)
{
	return l->change->kind == CHANGE_DELETE && l->change->flags & CHANGE_HAS_LIMIT;
}

static enum rerun rerun_update(struct looking *l, const struct relation *r)
{
	bool itself;

	if (l->statement->nchanges > 1)
		return RERUN_UNKNOWN;
	(void)other_reads(l, r, &itself);
	return pg_rerun_update(l, l->statement->text, l->change->list,
		itself ? l->change->reads : (struct names){0});
}

/* Does a column get the next number of a sequence, each time? */
static bool takes_numbers(struct looking *l, const struct relation *r, const struct pg_values *v)
{
	for (size_t i = 0; r->object && i < r->object->nparts; i++) {
		const struct object *p = r->object->parts[i];

		if (p->type == OBJECT_COLUMN && !pg_gives(l, v, r, p->name) &&
			(p->column.sequence.n || p->column.identity.len ||
				slice_ifind(p->column.default_value.text, SL("nextval(")) !=
					SIZE_MAX ||
				slice_ifind(p->column.default_value.normal, SL("nextval(")) !=
					SIZE_MAX))
			return true;
	}
	return false;
}

static bool is_moving(struct slice value)
{
	static const char *const words[] = {"random(", "gen_random_uuid(", "nextval(", "now(",
		"clock_timestamp(", "uuid_generate_v4(", "uuidv7(", "uuidv4(", "current_timestamp"};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (slice_ifind(value, slice_of(words[i])) != SIZE_MAX)
			return true;
	return false;
}

/* What an expression is made of: constants, the same each time. */
static bool says_again(struct looking *l, const struct relation *r, const struct pg_values *v,
	struct names columns)
{
	for (size_t i = 0; i < columns.n; i++)
		for (size_t n = 0; n < v->n; n++) {
			struct slice value = pg_value(l, v, n, r, columns.at[i]);

			if (!value.len || slice_iis(value, "null") || is_moving(value) ||
				slice_chr(value, '(') != SIZE_MAX)
				return false;
		}
	return columns.n > 0 && v->n > 0;
}

/* Will the row that was just written be met by a unique key? MAYBE: UNKNOWN. */
static enum presence meets_itself(
	struct looking *l, const struct relation *r, const struct pg_values *v)
{
	enum presence any = ABSENT;

	if (!r->object || r->type != OBJECT_TABLE)
		return UNKNOWN;
	for (size_t i = 0; i < r->object->nparts; i++) {
		const struct object *p = r->object->parts[i];
		bool all = p->type == OBJECT_INDEX && p->index.unique && p->index.keys.n,
		     sure = all;

		for (size_t k = 0; all && k < p->index.keys.n; k++) {
			struct slice key = p->index.keys.at[k];

			if (slice_chr(key, '(') != SIZE_MAX) {
				all = says_again(l, r, v, p->index.columns);
				continue;
			}
			all = pg_gives(l, v, r, key);
			for (size_t n = 0; all && n < v->n; n++) {
				struct slice value = pg_value(l, v, n, r, key);

				all = !slice_iis(value, "null") && !is_moving(value);
				sure = sure && slice_chr(value, '(') == SIZE_MAX;
			}
		}
		if (p->type == OBJECT_INDEX &&
			(p->index.predicate.text.len || p->index.predicate.normal.len))
			sure = false;
		if (all)
			any = sure || any == PRESENT ? PRESENT : UNKNOWN;
	}
	return any;
}

/* SET a = excluded.a for each column says the same again. */
static bool sets_excluded(struct slice text)
{
	size_t set = slice_ifind(text, SL("do update set "));
	struct lexer x;
	struct token t, last = {0};

	if (set == SIZE_MAX)
		return false;
	lexer_init(&x, DIALECT_POSTGRES, slice_from(text, set + 14));
	for (int wanted = 0; (t = lexer_next(&x)).kind != TOKEN_END; last = t) {
		if (token_is(t, "where") || token_is(t, "returning") || token_punct(t, ";"))
			break;
		if (token_punct(last, "=")) {
			wanted = token_is(t, "excluded");
			if (!wanted)
				return false;
		}
		if (t.kind == TOKEN_PUNCT && strchr("+-*/|(", *t.text.at))
			return false;
	}
	return true;
}

/* SET n = t.n + 1, SET at = now() */
static bool conflict_moves(struct slice text)
{
	struct lexer x;
	struct token t;

	if (is_moving(text))
		return true;
	lexer_init(&x, DIALECT_POSTGRES, text);
	while ((t = lexer_next(&x)).kind != TOKEN_END)
		if (t.kind == TOKEN_PUNCT && strchr("+-*/|", t.text.at[0]))
			return true;
	return false;
}

static enum rerun rerun_conflict(
	struct looking *l, const struct relation *r, const struct pg_values *v)
{
	struct slice text = l->statement->text;
	enum presence meets;

	if (l->statement->nchanges > 1 || !r->object)
		return RERUN_UNKNOWN;
	if (l->change->flags & CHANGE_FROM_SELECT)
		return takes_numbers(l, r, v) ? RERUN_DIFFERS
		       : slice_ifind(text, SL("do nothing")) != SIZE_MAX && r->type == OBJECT_TABLE
			       ? RERUN_SAME
			       : RERUN_UNKNOWN;
	if (takes_numbers(l, r, v))
		return RERUN_DIFFERS;
	meets = meets_itself(l, r, v);
	if (meets == ABSENT)
		return RERUN_DIFFERS;
	if (meets == UNKNOWN)
		return RERUN_UNKNOWN;
	if (!pg_does_update(l) || sets_excluded(text))
		return RERUN_SAME;
	return conflict_moves(slice_from(text, slice_ifind(text, SL("do update")))) ? RERUN_DIFFERS
										    : RERUN_UNKNOWN;
}

/* … WHERE NOT EXISTS (SELECT … FROM itself), NOT IN, EXCEPT, LEFT JOIN … IS NULL */
static bool guards_itself(struct looking *l, const struct relation *r)
{
	static const char *const guards[] = {"not exists", "not in", "except", "is null"};
	struct slice text = l->statement->text;
	bool itself;

	(void)other_reads(l, r, &itself);
	for (size_t i = 0; itself && i < sizeof guards / sizeof *guards; i++)
		if (slice_ifind(text, slice_of(guards[i])) != SIZE_MAX)
			return true;
	return false;
}

static enum rerun rerun_insert(
	struct looking *l, const struct relation *r, const struct pg_values *v)
{
	const struct change *c = l->change;
	struct slice needs = SLICE_NONE;
	enum presence meets;

	if (pg_is_temporary(r)) /* gone with its session */
		return RERUN_UNKNOWN;
	if (!r->object || r->type != OBJECT_TABLE)
		return c->flags & CHANGE_FROM_SELECT ? RERUN_UNKNOWN : RERUN_DIFFERS;
	if (c->flags & CHANGE_FROM_SELECT && guards_itself(l, r))
		return RERUN_SAME;
	/* What WITH has deleted is not there a second time. */
	if (c->flags & CHANGE_FROM_SELECT && l->statement->nchanges == 2 && c->reads.n == 0 &&
		l->statement->changes[0].kind == CHANGE_DELETE)
		return RERUN_SAME;
	if (c->flags & CHANGE_FROM_SELECT && l->statement->nchanges > 1)
		return RERUN_UNKNOWN;
	meets = meets_itself(l, r, v);
	if (meets == UNKNOWN || (meets == PRESENT && c->flags & CHANGE_FROM_SELECT &&
					pg_volatility(l, &c->value, &needs) != 'i'))
		return RERUN_UNKNOWN;
	return meets == PRESENT ? RERUN_FAILS : RERUN_DIFFERS;
}

static bool all_of(struct names some, struct names all)
{
	for (size_t i = 0; i < some.n; i++)
		if (!names_has(all, some.at[i]))
			return false;
	return true;
}

/* Does the insert write a column that ON compares? */
static bool inserts_key(struct looking *l)
{
	struct names columns = pg_merged_columns(l, true);
	bool on = false;
	struct lexer x;
	struct token t;

	if (columns.n == 0)
		return true; /* all of them */
	lexer_init(&x, DIALECT_POSTGRES, l->statement->text);
	while ((t = lexer_next(&x)).kind != TOKEN_END && !token_is(t, "when")) {
		on = on || token_is(t, "on");
		if (on && t.kind == TOKEN_WORD && names_has(columns, t.text))
			return true;
	}
	return false;
}

/* What was inserted matches the second time; what was deleted does not. */
static enum rerun rerun_merge(struct looking *l, const struct relation *r)
{
	const struct names *does = &l->change->list;
	bool inserts = names_has(*does, SL("insert")), updates = names_has(*does, SL("update"));

	if (inserts && !inserts_key(l))
		return RERUN_DIFFERS;
	if (!updates)
		return inserts && names_has(*does, SL("delete")) ? RERUN_DIFFERS : RERUN_SAME;
	if (names_has(*does, SL("delete")))
		return RERUN_UNKNOWN;
	if (inserts && !all_of(pg_merged_columns(l, false), pg_merged_columns(l, true)))
		return RERUN_UNKNOWN;
	return rerun_update(l, r);
}

/* SET a = a + 5 for all rows: a - 5 brings it back. */
static bool counts_back(const struct looking *l)
{
	const struct change *c = l->change;
	size_t set = slice_ifind(l->statement->text, SL(" set "));
	struct token t[8] = {0};
	struct lexer x;

	if (set == SIZE_MAX || c->list.n != 1 || c->flags & CHANGE_HAS_WHERE)
		return false;
	lexer_init(&x, DIALECT_POSTGRES, slice_from(l->statement->text, set + 5));
	for (int i = 0; i < 6; i++)
		t[i] = lexer_next(&x);
	return token_punct(t[1], "=") && slice_ieq(t[0].text, t[2].text) &&
	       (token_punct(t[3], "+") || token_punct(t[3], "-")) && t[4].kind == TOKEN_NUMBER &&
	       (t[5].kind == TOKEN_END || token_punct(t[5], ";"));
}

static void row_undo(struct looking *l)
{
	const struct change *c = l->change;

	if (c->kind == CHANGE_UPDATE && counts_back(l) && l->statement->nchanges == 1)
		l->out->undo = UNDO_EXACT;
	if (c->kind == CHANGE_MERGE && l->statement->nchanges == 1 &&
		!names_has(c->list, SL("update")) && !names_has(c->list, SL("delete")))
		l->out->undo = UNDO_EXACT;
	if (c->kind == CHANGE_INSERT && pg_does_update(l))
		l->out->undo = UNDO_NONE;
}

/* A second run of the same rows. */
void pg_row_rerun(struct looking *l, const struct relation *r, const struct pg_values *v)
{
	const struct change *c = l->change;

	row_undo(l);
	if (c->kind == CHANGE_UPDATE)
		pg_rerun(l, rerun_update(l, r));
	else if (takes_some(l))
		pg_rerun(l, RERUN_DIFFERS);
	else if (c->kind == CHANGE_MERGE)
		pg_rerun(l, rerun_merge(l, r));
	else if (c->kind == CHANGE_INSERT && c->flags & CHANGE_ON_CONFLICT)
		pg_rerun(l, rerun_conflict(l, r, v));
	else if (c->kind == CHANGE_INSERT)
		pg_rerun(l, rerun_insert(l, r, v));
}
