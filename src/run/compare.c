/* compare.c - are the rows of an INSERT … SELECT where they belong?
 *
 * Each row of a range is looked for in the target by the key that was copied with it, and its
 * values are compared after both sides are of the target's declared type, by the server. What
 * differs from one reading to the next (now(), random(), functions of the user's) is left out. */
#include "run/batch_internal.h"

#include "sql/quote.h"
#include "sql/token.h"

#include <stdint.h>

/* Functions that give the same for the same. */
static const char *const steady[] = {"lower", "upper", "trim", "ltrim", "rtrim", "btrim",
	"coalesce", "nullif", "abs", "round", "floor", "ceil", "concat", "length", "substr",
	"substring", "replace", "cast", "left", "right", "ifnull", "md5", "date", "char_length"};
static const char *const moments[] = {"CURRENT_TIMESTAMP", "CURRENT_DATE", "CURRENT_TIME",
	"LOCALTIME", "LOCALTIMESTAMP", "CURRENT_USER", "SESSION_USER", "SYSDATE", "SELECT",
	"DEFAULT"};

static bool is_word_of(struct slice word, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (slice_iis(word, words[i]))
			return true;
	return false;
}

static bool is_steady(enum dialect d, struct slice value)
{
	struct lexer l;
	struct token t, next;

	lexer_init(&l, d, value);
	for (t = lexer_next(&l); t.kind != TOKEN_END; t = next) {
		next = lexer_next(&l);
		if (t.kind != TOKEN_WORD && t.kind != TOKEN_QUOTED)
			continue;
		if (is_word_of(t.text, moments, sizeof moments / sizeof *moments))
			return false;
		if (token_punct(next, "(") &&
			!is_word_of(t.text, steady, sizeof steady / sizeof *steady))
			return false;
	}
	return true;
}

/* `value` is that column of the source and nothing else: a, s.a, "a" */
static bool is_column(struct arena *a, enum dialect d, struct slice value, struct slice column)
{
	struct lexer l;
	struct token t, last = {0};

	lexer_init(&l, d, value);
	for (t = lexer_next(&l); t.kind != TOKEN_END; t = lexer_next(&l)) {
		if (t.kind != TOKEN_WORD && t.kind != TOKEN_QUOTED && !token_punct(t, "."))
			return false;
		last = t;
	}
	if (last.kind != TOKEN_WORD && last.kind != TOKEN_QUOTED)
		return false;
	return d == DIALECT_POSTGRES ? slice_eq(token_value(a, d, last), column)
				     : slice_ieq(token_value(a, d, last), column);
}

/* The target's column that the i-th column of the key is copied to; SIZE_MAX: it is not. */
static size_t copy_of(struct batcher *x, size_t key)
{
	const struct batched *w = x->what;

	for (size_t i = 0; i < w->values.n; i++)
		if (is_column(&x->scratch, x->b->conn->id.dialect, w->values.at[i],
			    x->key->columns.at[key]))
			return i;
	return SIZE_MAX;
}

bool compare_can(struct batcher *x, bool *can, struct err *err)
{
	const struct batched *w = x->what;

	(void)err;
	*can = !w->tail.len && w->columns.n && w->columns.n == w->values.n &&
	       x->b->conn->engine->batches->same;
	for (size_t i = 0; *can && i < nkey(x); i++)
		*can = copy_of(x, i) != SIZE_MAX;
	return true;
}

static void column_of(struct buf *b, struct batcher *x, size_t i)
{
	buf_adds(b, "belay_t.");
	quote_ident(b, x->b->conn->id.dialect, x->what->columns.at[i]);
}

/* AND what the columns hold */
static void add_values(struct batcher *x, const struct slice *types)
{
	const struct engine_batches *e = x->b->conn->engine->batches;
	const struct batched *w = x->what;
	struct buf column = {0};

	for (size_t i = 0; i < w->columns.n; i++) {
		struct buf same = {0};

		buf_clear(&column);
		column_of(&column, x, i);
		if (is_steady(x->b->conn->id.dialect, w->values.at[i]) &&
			e->same(&same, types[i], buf_slice(&column),
				arena_printf(&x->scratch, "belay_s.belay_%zu", i)))
			buf_printf(&x->sql, " AND %s", buf_cstr(&same));
		buf_done(&same);
	}
	buf_done(&column);
}

static void add_key(struct batcher *x, const struct slice *types)
{
	for (size_t i = 0; i < nkey(x); i++) {
		size_t at = copy_of(x, i);

		buf_adds(&x->sql, i ? " AND " : "");
		column_of(&x->sql, x, at);
		if (x->b->conn->id.dialect == DIALECT_POSTGRES)
			buf_printf(&x->sql, " = belay_s.belay_%zu::%.*s", at, SLICE(types[at]));
		else
			buf_printf(&x->sql, " = belay_s.belay_%zu", at);
	}
}

bool compare_range(struct batcher *x, long long *missing, struct err *err)
{
	const struct batched *w = x->what;
	struct slice *types = ARENA_ARRAY(&x->scratch, w->columns.n, struct slice);
	unsigned long long n = 0;
	struct rows r = {0};

	if (!x->b->conn->engine->batches->types(
		    x->b->conn, &x->scratch, w->into, w->columns, types, err))
		return false;
	buf_clear(&x->sql);
	buf_adds(&x->sql, "SELECT count(*) FROM (SELECT ");
	for (size_t i = 0; i < w->values.n; i++)
		buf_printf(
			&x->sql, "%s%.*s AS belay_%zu", i ? ", " : "", SLICE(w->values.at[i]), i);
	buf_printf(&x->sql, " FROM %.*s WHERE ", SLICE(w->relation));
	if (w->where.len)
		buf_printf(&x->sql, "(%.*s\n) AND ", SLICE(w->where));
	range_between(x, x->bound);
	buf_adds(&x->sql, ") belay_s WHERE NOT EXISTS (SELECT 1 FROM ");
	quote_name(&x->sql, x->b->conn->id.dialect, w->into.schema, w->into.name);
	buf_adds(&x->sql, " belay_t WHERE ");
	add_key(x, types);
	add_values(x, types);
	buf_adds(&x->sql, ")");
	if (!conn_query(x->b->conn, buf_slice(&x->sql), &x->scratch, &r, err))
		return false;
	slice_u64(rows_get(&r, 0, 0), &n);
	*missing = (long long)n;
	return true;
}
