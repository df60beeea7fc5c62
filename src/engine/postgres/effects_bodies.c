/* effects_bodies.c - what functions, triggers and rules do when they run.
 *
 * Their bodies are text: the words tell which tables are written and read, and IF TG_OP for which
 * event. What another condition or a loop decides is not certain; dynamic SQL is not understood. */
#include "engine/postgres/effects.h"
#include "sql/token.h"

#include <stdint.h>

enum will { LIVE, MAYBE, DEAD };
enum frame_kind { FRAME_BLOCK, FRAME_IF, FRAME_LOOP, FRAME_CASE };

struct frame {
	enum frame_kind kind;
	enum will outer;
	enum will taken; /* of IF: was a branch above taken? DEAD: none */
};

enum { FRAMES = 32 };

struct body {
	struct looking *l;
	struct token *t;
	size_t n;
	struct slice event; /* TG_OP; empty: there is none */
	enum will will;
	struct frame frames[FRAMES];
	size_t nframes;
	struct pg_deeds *out;
};

static bool word(const struct body *b, size_t i, const char *w)
{
	return i < b->n && token_is(b->t[i], w);
}

static bool punct(const struct body *b, size_t i, const char *p)
{
	return i < b->n && token_punct(b->t[i], p);
}

/* Where the statement, or what leads up to that word, ends. */
static size_t until(const struct body *b, size_t i, const char *w)
{
	int depth = 0;

	for (; i < b->n; i++) {
		depth += punct(b, i, "(");
		depth -= punct(b, i, ")");
		if (depth <= 0 && (punct(b, i, ";") || (w && word(b, i, w))))
			return i;
	}
	return b->n;
}

static struct slice text_between(const struct body *b, size_t from, size_t to)
{
	if (from >= to)
		return SLICE_NONE;
	return slice_n(b->t[from].text.at,
		(size_t)(b->t[to - 1].text.at + b->t[to - 1].text.len - b->t[from].text.at));
}

static bool is_name(const struct body *b, size_t i)
{
	return i < b->n && (b->t[i].kind == TOKEN_WORD || b->t[i].kind == TOKEN_QUOTED);
}

/* Reads "name" or "schema.name"; what follows it. */
static size_t name_at(const struct body *b, size_t i, struct name *out)
{
	*out = (struct name){0};
	if (!is_name(b, i))
		return i;
	out->name = token_value(b->l->arena, DIALECT_POSTGRES, b->t[i]);
	if (!punct(b, i + 1, ".") || !is_name(b, i + 2))
		return i + 1;
	out->schema = out->name;
	out->name = token_value(b->l->arena, DIALECT_POSTGRES, b->t[i + 2]);
	return i + 3;
}

/* ---- One statement of SQL ---- */

static bool sure(const struct body *b)
{
	return b->will == LIVE;
}

/* (a, b) behind the table of an INSERT. */
static struct names columns_at(const struct body *b, size_t i)
{
	struct names out = {0};

	if (!punct(b, i, "("))
		return out;
	for (i++; i < b->n && !punct(b, i, ")"); i++)
		if (is_name(b, i))
			names_add(b->l->arena, &out,
				token_value(b->l->arena, DIALECT_POSTGRES, b->t[i]));
	return out;
}

/* SET a = …, b = …: the names before an equals sign outside of brackets. */
static struct names columns_set(const struct body *b, size_t i, size_t end)
{
	struct names out = {0};
	int depth = 0;

	for (; i + 1 < end && !(depth == 0 && (word(b, i, "where") || word(b, i, "from"))); i++) {
		depth += punct(b, i, "(");
		depth -= punct(b, i, ")");
		if (depth == 0 && is_name(b, i) && punct(b, i + 1, "="))
			names_add(b->l->arena, &out,
				token_value(b->l->arena, DIALECT_POSTGRES, b->t[i]));
	}
	return out;
}

static void deed(struct body *b, enum change_kind kind, struct name table, struct names columns,
	size_t from, size_t end)
{
	enum rerun again = RERUN_SAME;

	b->out->writes = b->out->writes || b->will != DEAD;
	b->out->perhaps = b->out->perhaps || b->will == MAYBE;
	b->out->inserts_only = b->out->inserts_only && (kind == CHANGE_INSERT || b->will == DEAD);
	if (kind == CHANGE_UPDATE)
		again = pg_rerun_update(
			b->l, text_between(b, from, end), columns, (struct names){0});
	if (kind == CHANGE_INSERT)
		again = RERUN_DIFFERS;
	if ((b->will == MAYBE && again != RERUN_SAME) ||
		(kind == CHANGE_INSERT && b->out->deletes)) /* perhaps the same again */
		again = RERUN_UNKNOWN;
	b->out->deletes = b->out->deletes || kind == CHANGE_DELETE;
	if (b->will != DEAD)
		b->out->rerun = pg_worse_rerun(b->out->rerun, again);
	if (b->will != DEAD)
		pg_writes_too(b->l, kind, table, columns, text_between(b, from, end), sure(b));
}

/* INSERT INTO x, UPDATE x SET, DELETE FROM x, also inside WITH. What follows the name. */
static size_t written(struct body *b, size_t i, size_t end)
{
	struct name n;
	size_t at = i + 1, after;

	if (word(b, i, "insert") && word(b, at, "into")) {
		after = name_at(b, at + 1, &n);
		deed(b, CHANGE_INSERT, n, columns_at(b, after), i, end);
	} else if (word(b, i, "delete") && word(b, at, "from")) {
		after = name_at(b, at + 1 + word(b, at + 1, "only"), &n);
		deed(b, CHANGE_DELETE, n, (struct names){0}, i, end);
	} else if (word(b, i, "merge") && word(b, at, "into")) {
		after = name_at(b, at + 1 + word(b, at + 1, "only"), &n);
		deed(b, CHANGE_UPDATE, n, (struct names){0}, i, end);
	} else if (word(b, i, "update")) {
		after = name_at(b, at + word(b, at, "only"), &n);
		at = after + word(b, after, "as");
		at += !word(b, at, "set") && is_name(b, at);
		if (!n.name.len || !word(b, at, "set"))
			return i;
		deed(b, CHANGE_UPDATE, n, columns_set(b, at + 1, end), i, end);
	} else {
		return i;
	}
	return after;
}

static bool made_by_with(const struct body *b, size_t from, size_t end, struct slice name)
{
	for (size_t i = from; i + 2 < end; i++)
		if (is_name(b, i) && word(b, i + 1, "as") && punct(b, i + 2, "(") &&
			slice_eq(token_value(b->l->arena, DIALECT_POSTGRES, b->t[i]), name))
			return true;
	return false;
}

/* FROM x, y JOIN z */
static void read_from(struct body *b, size_t i, size_t from, size_t end)
{
	struct name n;

	for (;;) {
		size_t after = name_at(b, i + 1 + word(b, i + 1, "only"), &n);

		if (!n.name.len || punct(b, after, "(") || word(b, i + 1, "select"))
			return;
		if (b->will != DEAD &&
			!(slice_empty(n.schema) && made_by_with(b, from, end, n.name)))
			pg_reads_too(b->l, n, text_between(b, from, end), sure(b));
		after += word(b, after, "as");
		after += is_name(b, after) && is_name(b, after - 1) && !word(b, after, "where") &&
			 !word(b, after, "join");
		if (!punct(b, after, ","))
			return;
		i = after;
	}
}

static void call(struct body *b, size_t i)
{
	struct name n = {0};

	n.name = token_value(b->l->arena, DIALECT_POSTGRES, b->t[i]);
	if (i >= 2 && punct(b, i - 1, ".") && is_name(b, i - 2))
		n.schema = token_value(b->l->arena, DIALECT_POSTGRES, b->t[i - 2]);
	if (b->will != DEAD)
		pg_calls(b->l, n, SLICE_NONE, sure(b), b->out);
}

/* EXECUTE 'constant': as if it stood there. */
static bool constant_sql(struct body *b, size_t i)
{
	if (!word(b, i, "execute") || i + 1 >= b->n || b->t[i + 1].kind != TOKEN_STRING ||
		!(punct(b, i + 2, ";") || word(b, i + 2, "into") || word(b, i + 2, "using")) ||
		b->l->nest >= PG_NEST_MAX)
		return false;
	if (b->will != DEAD)
		pg_run_text(b->l, token_value(b->l->arena, DIALECT_POSTGRES, b->t[i + 1]), b->event,
			sure(b), b->out);
	return true;
}

/* extract(year FROM x) and its kin have no tables there. */
static bool is_syntax_from(const struct body *b, size_t from, size_t i)
{
	static const char *const calls[] = {"extract", "substring", "trim", "overlay", "position"};
	int depth = 0;

	for (; i > from; i--) {
		depth += punct(b, i, ")");
		if (punct(b, i, "(") && depth-- == 0) {
			for (size_t k = 0; k < sizeof calls / sizeof *calls; k++)
				if (word(b, i - 1, calls[k]))
					return true;
			return false;
		}
	}
	return false;
}

static void statement(struct body *b, size_t from, size_t end)
{
	if (constant_sql(b, from))
		return;
	if (word(b, from, "call")) {
		/* what it calls is seen below */
	} else if (word(b, from, "execute") || word(b, from, "copy") || word(b, from, "truncate") ||
		   word(b, from, "create") || word(b, from, "alter") || word(b, from, "drop"))
		b->out->understood = b->out->understood && b->will == DEAD;
	for (size_t i = from; i < end; i++) {
		size_t after = written(b, i, end);

		if (after > i) {
			i = after - 1;
		} else if ((word(b, i, "from") && !word(b, i - (i > 0), "distinct") &&
				   !is_syntax_from(b, from, i)) ||
			   word(b, i, "join") || word(b, i, "using")) {
			read_from(b, i, from, end);
		} else if (is_name(b, i) && punct(b, i + 1, "(")) {
			call(b, i);
		}
	}
}

/* ---- PL/pgSQL around it ---- */

/* NEW.x := …: what does it depend on? */
static void assignment(struct body *b, size_t from, size_t end)
{
	static const char *const moving[] = {"now", "clock_timestamp", "current_timestamp",
		"random", "gen_random_uuid", "statement_timestamp", "nextval", "localtimestamp",
		"transaction_timestamp", "current_date", "timeofday"};
	bool counts = false;

	if (!word(b, from, "new") || !punct(b, from + 1, ".") || b->will == DEAD)
		return;
	b->out->assigns = true;
	for (size_t i = from + 3; i < end; i++) {
		for (size_t k = 0; k < sizeof moving / sizeof *moving; k++)
			b->out->moves = b->out->moves || word(b, i, moving[k]);
		counts = counts ||
			 (b->t[i].kind == TOKEN_PUNCT && strchr("+-*/|", *b->t[i].text.at));
		if (counts && is_name(b, i) && is_name(b, from + 2))
			b->out->moves =
				b->out->moves || slice_ieq(b->t[i].text, b->t[from + 2].text);
		if (word(b, i, "old") && punct(b, i + 1, ".") && i + 2 < end && is_name(b, i + 2) &&
			slice_ieq(b->t[i + 2].text, b->t[from + 2].text) && i + 3 < end)
			b->out->moves = true;
	}
}

/* TG_OP = 'INSERT', TG_OP IN ('INSERT', 'UPDATE'), TG_OP <> 'DELETE', several with OR. */
static enum will condition(const struct body *b, size_t from, size_t end)
{
	bool same = false, unlike = false, seen = false;

	for (size_t i = from; i < end; i++) {
		if (word(b, i, "tg_op")) {
			seen = true;
		} else if (b->t[i].kind == TOKEN_STRING) {
			struct slice v = token_value(b->l->arena, DIALECT_POSTGRES, b->t[i]);

			same = same || slice_ieq(v, b->event);
		} else if (punct(b, i, "<>") || punct(b, i, "!=")) {
			unlike = true;
		} else if (!punct(b, i, "(") && !punct(b, i, ")") && !punct(b, i, "=") &&
			   !punct(b, i, ",") && !word(b, i, "in") && !word(b, i, "or")) {
			return MAYBE;
		}
	}
	if (!seen || b->event.len == 0)
		return MAYBE;
	return same != unlike ? LIVE : DEAD;
}

static enum will both(enum will a, enum will b)
{
	return a > b ? a : b;
}

static void push(struct body *b, enum frame_kind kind, enum will inside, enum will taken)
{
	if (b->nframes == FRAMES) {
		b->out->understood = false;
		return;
	}
	b->frames[b->nframes++] = (struct frame){kind, b->will, taken};
	b->will = both(b->will, inside);
}

/* IF … THEN and ELSIF … THEN, at the word; the index behind THEN. */
static size_t branch(struct body *b, size_t i, bool first)
{
	size_t then = until(b, i + 1, "then");
	enum will w = condition(b, i + 1, then);
	struct frame *f;

	if (!first && b->nframes) {
		f = &b->frames[b->nframes - 1];
		b->will = f->outer;
		if (f->taken == LIVE)
			w = DEAD;
		else if (f->taken == MAYBE)
			w = both(w, MAYBE);
	}
	statement(b, i + 1, then);
	if (first) {
		push(b, FRAME_IF, w, w);
	} else if (b->nframes) {
		f = &b->frames[b->nframes - 1];
		b->will = both(f->outer, w);
		f->taken = w == LIVE || f->taken == LIVE ? LIVE : w == MAYBE ? MAYBE : f->taken;
	}
	return then + 1;
}

static void otherwise(struct body *b)
{
	struct frame *f = b->nframes ? &b->frames[b->nframes - 1] : NULL;

	if (!f)
		return;
	b->will = both(f->outer, f->kind != FRAME_IF ? MAYBE
				 : f->taken == LIVE  ? DEAD
				 : f->taken == MAYBE ? MAYBE
						     : LIVE);
}

/* RETURN, RAISE EXCEPTION: nothing behind it runs. */
static void leave(struct body *b)
{
	if (b->will == MAYBE)
		for (size_t i = 0; i < b->nframes; i++)
			b->frames[i].outer = both(b->frames[i].outer, MAYBE);
	else if (b->will == LIVE)
		for (size_t i = b->nframes; i-- > 0 && b->frames[i].outer == LIVE;)
			b->frames[i].outer = DEAD;
	b->will = DEAD;
}

static size_t end_of_frame(struct body *b, size_t i)
{
	if (b->nframes)
		b->will = b->frames[--b->nframes].outer;
	return until(b, i, NULL) + 1;
}

/* A word that directs what runs; i if it is none. */
static size_t directive(struct body *b, size_t i)
{
	size_t end;

	if (word(b, i, "declare"))
		return until(b, i, "begin") == b->n ? b->n : i + 1;
	if (word(b, i, "begin")) {
		push(b, FRAME_BLOCK, LIVE, DEAD);
		return i + 1 + word(b, i + 1, "atomic");
	}
	if (word(b, i, "exception") || word(b, i, "when")) {
		if (word(b, i, "exception"))
			b->will = both(b->nframes ? b->frames[b->nframes - 1].outer : LIVE, MAYBE);
		end = word(b, i, "when") ? until(b, i, "then") : i;
		return end + 1;
	}
	if (word(b, i, "if") || word(b, i, "elsif") || word(b, i, "elseif"))
		return branch(b, i, word(b, i, "if"));
	if (word(b, i, "else")) {
		otherwise(b);
		return i + 1;
	}
	if (word(b, i, "end"))
		return end_of_frame(b, i);
	if (word(b, i, "case")) {
		push(b, FRAME_CASE, MAYBE, DEAD);
		return until(b, i, "when");
	}
	if (word(b, i, "for") || word(b, i, "while") || word(b, i, "foreach") ||
		word(b, i, "loop")) {
		end = until(b, i, "loop");
		statement(b, i, end);
		push(b, FRAME_LOOP, MAYBE, DEAD);
		return end + 1;
	}
	return i;
}

static void walk(struct body *b)
{
	for (size_t i = 0; i < b->n;) {
		size_t next = directive(b, i), end;

		if (next > i) {
			i = next;
			continue;
		}
		end = until(b, i, NULL);
		assignment(b, i, end);
		statement(b, i, end);
		if (word(b, i, "return") && !word(b, i + 1, "query") && !word(b, i + 1, "next"))
			leave(b);
		if (word(b, i, "raise") &&
			(word(b, i + 1, "exception") ||
				b->t[i + 1 < b->n ? i + 1 : i].kind == TOKEN_STRING)) {
			b->out->raises = b->out->raises || b->will != DEAD;
			leave(b);
		}
		i = end + 1;
	}
}

void pg_run_text(struct looking *l, struct slice text, struct slice event, bool certain,
	struct pg_deeds *out)
{
	struct body b = {.l = l, .event = event, .will = certain ? LIVE : MAYBE, .out = out};
	struct lexer x;
	struct token t;

	lexer_init(&x, DIALECT_POSTGRES, text);
	while ((t = lexer_next(&x)).kind != TOKEN_END)
		*ARENA_PUSH(l->arena, b.t, b.n) = t;
	walk(&b);
}

/* ---- Functions ---- */

static bool runs_sql(const struct object *f)
{
	return slice_iis(f->function.language, "sql") || slice_iis(f->function.language, "plpgsql");
}

void pg_calls(struct looking *l, struct name function, struct slice event, bool certain,
	struct pg_deeds *out)
{
	const struct object *f;
	struct looking inner = *l;
	struct slice body;

	if (slice_is(function.schema, "pg_catalog"))
		return;
	if (catalog_find(l->catalog, l->session, OBJECT_FUNCTION, function, &f) != PRESENT) {
		if (slice_empty(event) && pg_is_builtin(l, function.name))
			return;
		out->understood = out->understood && catalog_is_complete(l->catalog) &&
				  slice_empty(event) && !pg_has_extensions(l);
		return;
	}
	body = f->function.body.text.len ? f->function.body.text : f->function.body.normal;
	if (!runs_sql(f) || !body.len || l->nest >= PG_NEST_MAX) {
		out->understood = out->understood && slice_is(f->function.kind, "aggregate");
		return;
	}
	inner.nest++;
	pg_run_text(&inner, body, event, certain, out);
}

/* SQL in a function's body is read when it is made: locks, and nothing else. */
void pg_body_locks(struct looking *l, const struct object *function)
{
	struct pg_deeds deeds = {.understood = true, .inserts_only = true, .rerun = RERUN_SAME};
	struct looking inner = *l;

	inner.only_locks = true;
	inner.nest = PG_NEST_MAX;
	pg_run_text(&inner,
		function->function.body.text.len ? function->function.body.text
						 : function->function.body.normal,
		SLICE_NONE, true, &deeds);
}

/* So is what a rule does, behind DO. */
void pg_rule_locks(struct looking *l, const struct object *rule)
{
	struct pg_deeds deeds = {.understood = true, .inserts_only = true, .rerun = RERUN_SAME};
	struct slice text = rule->other.definition.text;
	size_t at = slice_ifind(text, SL(" do "));
	struct looking inner = *l;

	inner.only_locks = true;
	inner.nest = PG_NEST_MAX;
	if (at != SIZE_MAX)
		pg_run_text(&inner, slice_from(text, at + 4), SLICE_NONE, true, &deeds);
}

/* What a statement calls by name. */
/* Does the body of a procedure say COMMIT or ROLLBACK? */
bool pg_ends_transaction(struct looking *l, struct name procedure)
{
	const struct object *f;
	struct token t, last = {.text = SL(";")};
	struct lexer x;

	if (catalog_find(l->catalog, l->session, OBJECT_FUNCTION, procedure, &f) != PRESENT ||
		!runs_sql(f))
		return false;
	lexer_init(&x, DIALECT_POSTGRES,
		f->function.body.text.len ? f->function.body.text : f->function.body.normal);
	while ((t = lexer_next(&x)).kind != TOKEN_END) {
		bool first = token_punct(last, ";") || token_is(last, "begin") ||
			     token_is(last, "loop") || token_is(last, "then") ||
			     token_is(last, "else");

		if (first && (token_is(t, "commit") || token_is(t, "rollback")))
			return true;
		last = t;
	}
	return false;
}

void pg_calls_one(struct looking *l, struct name function)
{
	struct pg_deeds deeds = {.understood = true, .inserts_only = true, .rerun = RERUN_SAME};

	pg_calls(l, function, SLICE_NONE, true, &deeds);
	if (!deeds.understood)
		pg_need(l, "what function %.*s does", SLICE(function.name));
	if (!deeds.understood)
		pg_rerun(l, RERUN_UNKNOWN);
	else
		pg_rerun(l, pg_worse_rerun(l->rerun, deeds.rerun));
	if (!deeds.understood || (deeds.writes && !deeds.inserts_only))
		l->out->undo = UNDO_NONE;
}

void pg_calls_of(struct looking *l, const struct expr_facts *facts)
{
	for (size_t i = 0; facts && i < facts->functions.n; i++)
		pg_calls_one(l, pg_split_name(facts->functions.at[i]));
}

/* ---- Triggers and rules ---- */

static bool fires(const struct looking *l, const struct object *trigger, const char *event)
{
	const struct trigger_def *d = &trigger->trigger;
	bool on = false, column = d->columns.n == 0 || strcmp(event, "update") != 0;

	for (size_t i = 0; i < d->events.n; i++)
		on = on || slice_istarts(d->events.at[i], event);
	for (size_t i = 0; i < l->change->list.n; i++)
		column = column || names_has(d->columns, l->change->list.at[i]);
	return on && column && !slice_is(d->enabled, "disabled") &&
	       !slice_is(d->enabled, "replica");
}

static void rerun_with(struct looking *l, const struct pg_deeds *d, bool each_row)
{
	enum change_kind k = l->change->kind;

	if (!d->understood) {
		pg_rerun(l, RERUN_UNKNOWN);
	} else if (d->moves && k == CHANGE_UPDATE && l->rerun == RERUN_SAME) {
		pg_rerun(l, RERUN_DIFFERS);
	} else if (d->writes && l->rerun == RERUN_SAME) {
		/* Rows that are gone do not fire it a second time, nor do those that are there. */
		if (!(each_row &&
			    (k == CHANGE_DELETE || (k == CHANGE_INSERT && !pg_does_update(l)))))
			pg_rerun(l, d->rerun);
	}
	if (d->writes && !d->inserts_only)
		l->out->undo = UNDO_NONE;
}

static void run_trigger(struct looking *l, const struct object *p, const char *event)
{
	struct pg_deeds deeds = {.understood = true, .inserts_only = true, .rerun = RERUN_SAME};
	struct slice body =
		p->trigger.body.text.len ? p->trigger.body.text : p->trigger.body.normal;
	struct name f = pg_split_name(slice_sub(body, 0, slice_chr(body, '(')));
	struct slice op = slice_of(strcmp(event, "insert") == 0   ? "INSERT"
				   : strcmp(event, "update") == 0 ? "UPDATE"
								  : "DELETE");

	pg_calls(l, f, op, p->trigger.condition.text.len + p->trigger.condition.normal.len == 0,
		&deeds);
	if (!deeds.understood)
		pg_need(l, "what trigger %.*s does", SLICE(p->name));
	else if (deeds.perhaps)
		pg_need(l, "what the condition of trigger %.*s says", SLICE(p->name));
	if (deeds.raises)
		pg_may_fail(l, "trigger \"%.*s\" may refuse it", SLICE(p->name));
	if (!l->nest)
		rerun_with(l, &deeds, p->trigger.for_each_row);
	/* The row that was there now is changed by it too. */
	if (!l->nest && deeds.assigns && l->change->kind == CHANGE_INSERT &&
		strcmp(event, "update") == 0 && l->rerun == RERUN_SAME)
		pg_rerun(l, RERUN_UNKNOWN);
}

/* ON event TO table [WHERE …] DO [ALSO | INSTEAD] … */
static bool run_rule(struct looking *l, const struct object *p, const char *event)
{
	struct pg_deeds deeds = {.understood = true, .inserts_only = true, .rerun = RERUN_SAME};
	struct slice text = p->other.definition.text.len ? p->other.definition.text
							 : p->other.definition.normal;
	struct slice on = arena_printf(l->arena, "ON %s TO ", event), action;
	size_t at = slice_ifind(text, SL(" DO "));
	bool instead, where;

	for (size_t i = 0; i < text.len && at == SIZE_MAX; i++)
		if (slice_istarts(slice_from(text, i), "DO ") && i &&
			strchr("\n\t", text.at[i - 1]))
			at = i - 1;
	if (at == SIZE_MAX || slice_ifind(text, on) == SIZE_MAX ||
		slice_is(p->other.enabled, "disabled"))
		return false;
	action = slice_trim(slice_from(text, at + 4));
	instead = slice_istarts(action, "INSTEAD");
	where = slice_ifind(slice_sub(text, 0, at), SL(" WHERE ")) != SIZE_MAX ||
		slice_ifind(slice_sub(text, 0, at), SL("\n  WHERE ")) != SIZE_MAX;
	pg_run_text(l, action, SLICE_NONE, !where, &deeds);
	if (!deeds.understood)
		pg_need(l, "what rule %.*s does", SLICE(p->name));
	if (!l->nest)
		rerun_with(l, &deeds, true);
	return instead && !where;
}

static const char *event_of(enum change_kind k)
{
	return k == CHANGE_UPDATE ? "update" : k == CHANGE_DELETE ? "delete" : "insert";
}

bool pg_run_rules(struct looking *l, const struct relation *r)
{
	bool instead = false;

	if (l->change->kind == CHANGE_COPY_IN || l->change->kind == CHANGE_MERGE)
		return false;
	for (size_t i = 0; r->object && i < r->object->nparts; i++)
		if (r->object->parts[i]->type == OBJECT_RULE &&
			run_rule(l, r->object->parts[i], event_of(l->change->kind)))
			instead = true;
	return instead;
}

static bool merges(const struct looking *l, const char *what)
{
	return names_has(l->change->list, slice_of(what));
}

/* Those for each row are its partitions' too. */
static void run_inherited(struct looking *l, const struct relation *r, const char *event)
{
	struct relation up = *r;
	const struct object *own;

	for (int depth = 0; depth < 16 && up.object && up.object->type == OBJECT_TABLE &&
			    up.object->table_.partition_of.name.len;
		depth++) {
		up = pg_relation(l, up.object->table_.partition_of, OBJECT_TABLE);
		for (size_t i = 0; up.object && i < up.object->nparts; i++) {
			const struct object *p = up.object->parts[i];

			if (p->type == OBJECT_TRIGGER && p->trigger.for_each_row &&
				fires(l, p, event) &&
				catalog_part(l->catalog, r->object, OBJECT_TRIGGER, p->name,
					&own) != PRESENT)
				run_trigger(l, p, event);
		}
	}
}

void pg_run_triggers(struct looking *l, const struct relation *r)
{
	static const char *const events[] = {"insert", "update", "delete"};
	enum change_kind k = l->change->kind;

	for (size_t e = 0; e < 3; e++) {
		if (k == CHANGE_MERGE
				? !merges(l, events[e])
				: strcmp(event_of(k), events[e]) != 0 &&
					  !(e == 1 && k == CHANGE_INSERT && pg_does_update(l)))
			continue;
		for (size_t i = 0; r->object && i < r->object->nparts; i++)
			if (r->object->parts[i]->type == OBJECT_TRIGGER &&
				fires(l, r->object->parts[i], events[e]))
				run_trigger(l, r->object->parts[i], events[e]);
		run_inherited(l, r, events[e]);
	}
}
