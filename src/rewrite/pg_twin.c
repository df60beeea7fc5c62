/* pg_twin.c - PostgreSQL: a second column beside the first, kept in step by a trigger.
 *
 * Renaming: both names are written while two versions of the code run; then the second column goes
 * and the first takes its name, so that indexes, keys, views and defaults never notice.
 * Changing the type: the second column has the new type and is filled in batches; when it has the
 * indexes and constraints of the first, the two change names in one short transaction.
 *
 * The trigger looks at which column changed, not at who is connected. It is not bound to the
 * columns (no UPDATE OF), so the way back of the fill can drop the column and make it anew. */
#include "rewrite/internal.h"

#include <stdint.h>

static struct slice atomic(struct step_writer *w, const struct piece_list *v)
{
	struct buf b = {0};
	struct slice s;

	buf_adds(&b, "BEGIN;\n");
	for (size_t i = 0; i < v->n; i++)
		sqlf(&b, w->d, "%s;\n", v->at[i]);
	buf_adds(&b, "COMMIT");
	s = arena_slice(w->a, buf_slice(&b));
	buf_done(&b);
	return s;
}

static bool not_known(struct step_writer *w, const char *words)
{
	return refuse(w,
		"%s. The type of %.*s.%.*s is not known here, so the statements cannot be "
		"written: --base-schema or --db tell.",
		words, SLICE(w->c->target.name), SLICE(w->c->name));
}

static struct slice collate_words(struct step_writer *w, const struct column_def *d)
{
	return d->collation.len ? text_of(w, " COLLATE %i", d->collation) : SLICE_NONE;
}

static void trigger_pieces(
	struct step_writer *w, struct piece_list *to, struct slice name, struct slice body)
{
	struct slice schema = w->c->target.schema;

	piece(w, to,
		"CREATE FUNCTION %n() RETURNS trigger LANGUAGE plpgsql AS $$\nBEGIN\n%s"
		"    RETURN NEW;\nEND\n$$",
		schema, name, body);
	piece(w, to,
		"CREATE TRIGGER %i BEFORE INSERT OR UPDATE ON %n FOR EACH ROW EXECUTE FUNCTION "
		"%n()",
		name, T(w), schema, name);
}

static void drop_trigger_pieces(struct step_writer *w, struct piece_list *to, struct slice name)
{
	piece(w, to, "DROP TRIGGER %i ON %n", name, T(w));
	piece(w, to, "DROP FUNCTION %n()", w->c->target.schema, name);
}

/* The column's name inside keys and expressions of the author's; not functions, not parts of
 * other names. */
static struct slice with_column(
	struct step_writer *w, struct slice text, struct slice from, struct slice to)
{
	struct buf b = {0};
	bool after_dot = false;
	size_t done = 0;
	struct lexer l;
	struct slice s;

	lexer_init(&l, w->d, text);
	for (struct token t = lexer_next(&l); t.kind != TOKEN_END; t = lexer_next(&l)) {
		bool name = t.kind == TOKEN_WORD || t.kind == TOKEN_QUOTED;

		if (name && !after_dot && !token_punct(lexer_peek(&l), "(") &&
			slice_eq(token_value(w->a, w->d, t), from)) {
			buf_add(&b, slice_sub(text, done, t.off - done));
			quote_ident_pretty(&b, w->d, to);
			done = t.off + t.text.len;
		}
		after_dot = token_punct(t, ".");
	}
	buf_add(&b, slice_from(text, done));
	s = arena_slice(w->a, buf_slice(&b));
	buf_done(&b);
	return s;
}

/* The index on the second column: concurrently, under another name. */
static struct slice twin_index(struct step_writer *w, const struct object *index, struct slice name,
	struct slice column, bool unique, bool concurrently)
{
	struct object copy = *index;
	struct slice text, head;
	size_t at;

	text = rendered(w, &copy);
	at = slice_find(text, SL(" USING "));
	if (at == SIZE_MAX)
		return SLICE_NONE;
	head = text_of(w, "CREATE %sINDEX %s%i ON %n", unique ? SL("UNIQUE ") : SLICE_NONE,
		concurrently ? SL("CONCURRENTLY ") : SLICE_NONE, name, T(w));
	return text_of(w, "%s%s", head, with_column(w, slice_from(text, at), w->c->name, column));
}

/* ---- Renaming ---- */

static struct slice both_ways(struct step_writer *w, struct slice type)
{
	struct slice old = w->c->name, new = w->c->other.name;
	struct slice new_new = comparable(w, text_of(w, "NEW.%i", new), type);
	struct slice old_new = comparable(w, text_of(w, "OLD.%i", new), type);
	struct slice new_old = comparable(w, text_of(w, "NEW.%i", old), type);
	struct slice old_old = comparable(w, text_of(w, "OLD.%i", old), type);

	return text_of(w,
		"    IF TG_OP = 'INSERT' THEN\n"
		"        IF NEW.%i IS NULL THEN\n"
		"            NEW.%i := NEW.%i;\n"
		"        ELSE\n"
		"            NEW.%i := NEW.%i;\n"
		"        END IF;\n"
		"    ELSIF %s IS DISTINCT FROM %s AND %s IS DISTINCT FROM %s THEN\n"
		"        IF %s IS DISTINCT FROM %s THEN\n"
		"            RAISE EXCEPTION 'two values for one column: %%, %%', %L, %L;\n"
		"        END IF;\n"
		"        NEW.%i := NEW.%i;\n"
		"    ELSE\n"
		"        NEW.%i := NEW.%i;\n"
		"    END IF;\n",
		new, new, old, old, new, new_new, old_new, new_new, new_old, new_old, old_old, old,
		new, old, new, new, old);
}

/* Non-unique copies of the indexes, for readers by the new name; the first column enforces. */
static size_t reader_indexes(struct step_writer *w, struct slice **names, struct slice **texts)
{
	size_t n = 0;

	*names = ARENA_ARRAY(w->a, w->table->nparts + 1, struct slice);
	*texts = ARENA_ARRAY(w->a, w->table->nparts + 1, struct slice);
	for (size_t i = 0; i < w->table->nparts && !is_partitioned(w->table); i++) {
		const struct object *p = w->table->parts[i];
		struct slice name;

		if (p->type != OBJECT_INDEX || !index_mentions(p, w->c->name))
			continue;
		name = chosen_name(w, p->name, SLICE_NONE, "twin", OBJECT_NONE);
		(*names)[n] = name;
		(*texts)[n++] = twin_index(w, p, name, w->c->other.name, false, true);
	}
	return n;
}

static void index_steps(
	struct step_writer *w, const struct slice *names, const struct slice *texts, size_t n)
{
	struct safe_step *s = NULL;

	for (size_t i = 0; i < n; i++) {
		if (!s || w->in->one_message)
			s = step_add(w, PHASE_BACKFILL, "indexes",
				"the same indexes for readers by the new name; they go when the "
				"old name goes.");
		s->no_tx = true;
		piece(w, &s->guard, "DROP INDEX CONCURRENTLY IF EXISTS %n", w->c->target.schema,
			names[i]);
		piece_text(w, &s->up, texts[i]);
		piece(w, &s->down, "DROP INDEX CONCURRENTLY IF EXISTS %n", w->c->target.schema,
			names[i]);
		verify_index(w, s, (struct name){w->c->target.schema, names[i]});
	}
}

static void rename_contract(struct step_writer *w, const struct piece_list *make,
	struct slice trigger, const struct slice *texts, size_t ntexts)
{
	struct slice old = w->c->name, new = w->c->other.name;
	struct piece_list up = {0}, down = {0};
	struct safe_step *s = step_add(w, PHASE_CONTRACT, "contract",
		"when no running code says %.*s any more. The second column goes, and the first "
		"takes its name: no row is touched.",
		SLICE(old));

	s->no_tx = true;
	drop_trigger_pieces(w, &up, trigger);
	allowed(w, &up, "drop-column", "the first column has the same values",
		text_of(w, "ALTER TABLE %n DROP COLUMN %i", T(w), new));
	allowed(w, &up, "rename-column", "contract phase: nothing uses the old name any more",
		text_of(w, "ALTER TABLE %n RENAME COLUMN %i TO %i", T(w), old, new));
	piece_text(w, &s->up, atomic(w, &up));
	piece(w, &down, "ALTER TABLE %n RENAME COLUMN %i TO %i", T(w), new, old);
	for (size_t i = 0; i < make->n; i++)
		piece_text(w, &down, make->at[i]);
	piece_text(w, &s->down, atomic(w, &down));
	piece(w, &s->down, "UPDATE %n SET %i = %i WHERE %i IS NULL AND %i IS NOT NULL", T(w), new,
		old, new, old);
	for (size_t i = 0; i < ntexts; i++)
		piece_text(w, &s->down, texts[i]);
	verify_column(w, s, new, true);
	verify_column(w, s, old, false);
}

static bool write_rename_column(struct step_writer *w)
{
	struct slice new = w->c->other.name, *names, *texts;
	const struct object *col;
	struct piece_list make = {0};
	struct slice trigger, differs;
	struct safe_step *s;
	size_t n;

	if (!target_existed(w) || (w->table && w->table->type != OBJECT_TABLE))
		return false;
	col = column_of(w->table, w->c->name);
	if (!col || col->column.type.len == 0)
		return not_known(w,
			"Add a column of the new name, keep both in step by a trigger, "
			"fill it in batches, move the readers, then let the old name go");
	if (col->column.generated.len)
		return refuse(w,
			"%.*s is a generated column: add a second one of the new name with "
			"the same expression, and drop this one in the contract phase",
			SLICE(w->c->name));
	if (is_partitioned(w->table) && w->in->version < 130000)
		return refuse(w,
			"before PostgreSQL 13 a partitioned table has no BEFORE triggers that "
			"could keep a second column in step");
	trigger = chosen_name(w, w->c->target.name,
		joined(w, (struct names){(struct slice[]){w->c->name, new}, 2}), "sync",
		OBJECT_FUNCTION);
	piece(w, &make, "ALTER TABLE %n ADD COLUMN %i %s%s", T(w), new, col->column.type,
		collate_words(w, &col->column));
	trigger_pieces(w, &make, trigger, both_ways(w, col->column.type));
	s = step_add(w, PHASE_EXPAND, "expand",
		"both names work, and a trigger keeps them in step: code of either version may "
		"write.");
	s->up = make;
	drop_trigger_pieces(w, &s->down, trigger);
	piece(w, &s->down, "ALTER TABLE %n DROP COLUMN %i", T(w), new);
	verify_column(w, s, new, true);
	differs = text_of(w, "%s IS DISTINCT FROM %s",
		comparable(w, text_of(w, "%i", new), col->column.type),
		comparable(w, text_of(w, "%i", w->c->name), col->column.type));
	fill_step(w, new, text_of(w, "%i", w->c->name), differs, &(struct piece_list){make.at, 1});
	n = reader_indexes(w, &names, &texts);
	index_steps(w, names, texts, n);
	rename_contract(w, &make, trigger, texts, w->in->one_message ? 0 : n);
	return true;
}

const struct recipe recipe_rename_column = {
	.id = "rename-column",
	.engines = RULE_PG,
	.kinds = KINDS(CHANGE_RENAME_COLUMN),
	.rules = RULES("rename-column"),
	.says = "a second column of the new name, kept in step by a trigger both ways, filled in "
		"batches; in the contract phase it goes and the first takes its name",
	.write = write_rename_column,
};

/* ---- Another type ---- */

struct retype {
	struct step_writer *w;
	const struct object *col;
	const struct column_def *to;
	struct slice type, using_;
	struct slice c, new, old, trigger, back;
	struct piece_list make;
	struct safe_step *prepare, *swap, *contract;
};

static bool mentions_word(struct step_writer *w, struct slice text, struct slice column)
{
	struct lexer l;

	lexer_init(&l, w->d, text);
	for (struct token t = lexer_next(&l); t.kind != TOKEN_END; t = lexer_next(&l))
		if ((t.kind == TOKEN_WORD || t.kind == TOKEN_QUOTED) &&
			slice_eq(token_value(w->a, w->d, t), column))
			return true;
	return false;
}

/* What cannot be carried over to another column; NULL when nothing stands in the way. */
static const char *part_in_the_way(struct step_writer *w, const struct object *p)
{
	struct slice c = w->c->name;

	switch (p->type) {
	case OBJECT_CONSTRAINT:
		if (slice_is(p->constraint.kind, "primary key") &&
			names_has(p->constraint.columns, c))
			return "the primary key";
		if (slice_is(p->constraint.kind, "exclude") &&
			mentions_word(w, best(p->constraint.expression), c))
			return "an exclusion constraint";
		return NULL;
	case OBJECT_COLUMN:
		return p->column.generated.len && mentions_word(w, best(p->column.generation), c)
			       ? "a generated column"
			       : NULL;
	case OBJECT_POLICY:
		return mentions_word(w, best(p->policy.using_expr), c) ||
				       mentions_word(w, best(p->policy.check_expr), c)
			       ? "a policy"
			       : NULL;
	case OBJECT_TRIGGER:
		return names_has(p->trigger.columns, c) ||
				       mentions_word(w, best(p->trigger.condition), c)
			       ? "a trigger's columns"
			       : NULL;
	case OBJECT_RULE:
		return "a rule of the table";
	default:
		return NULL;
	}
}

static const char *in_the_way(struct step_writer *w, const struct object *col)
{
	const struct object **v;
	size_t n;

	if (is_partitioned(w->table) || w->table->table_.partition_of.name.len ||
		w->table->table_.inherits.n)
		return "partitioning or inheritance";
	if (col->column.identity.len || col->column.sequence.n)
		return "its sequence";
	if (col->column.generated.len)
		return "its generation expression";
	if (col->acl.n)
		return "grants on the column";
	for (size_t i = 0; i < w->table->nparts; i++) {
		const char *way = part_in_the_way(w, w->table->parts[i]);

		if (way)
			return way;
	}
	if (catalog_dependents(w->in->before, w->table, w->c->name, w->a, &v))
		return "a view that reads it";
	n = catalog_referencing(w->in->before, w->table, w->a, &v);
	for (size_t i = 0; i < n; i++)
		if (names_has(v[i]->constraint.ref_columns, w->c->name))
			return "a foreign key that refers to it";
	return NULL;
}

static struct slice forward(struct retype *x)
{
	struct step_writer *w = x->w;

	/* An assignment fails on what does not fit; an explicit cast would cut it off. */
	if (!x->using_.len)
		return text_of(w, "    NEW.%i := NEW.%i;\n", x->new, x->c);
	return text_of(w, "    SELECT %s INTO NEW.%i FROM (SELECT NEW.*) AS %i;\n", x->using_,
		x->new, w->c->target.name);
}

static void retype_expand(struct retype *x)
{
	struct step_writer *w = x->w;
	struct safe_step *s = step_add(w, PHASE_EXPAND, "expand",
		"a second column of the new type, which a trigger keeps in step.");
	struct slice where = text_of(w, "%i IS NULL AND %i IS NOT NULL", x->new, x->c);

	piece(w, &x->make, "ALTER TABLE %n ADD COLUMN %i %s%s", T(w), x->new, x->type,
		collate_words(w, x->to));
	trigger_pieces(w, &x->make, x->trigger, forward(x));
	s->up = x->make;
	drop_trigger_pieces(w, &s->down, x->trigger);
	piece(w, &s->down, "ALTER TABLE %n DROP COLUMN %i", T(w), x->new);
	verify_column(w, s, x->new, true);
	if (x->using_.len)
		where = text_of(w, "%i IS NULL AND (%s) IS NOT NULL", x->new, x->using_);
	fill_step(w, x->new, x->using_.len ? x->using_ : text_of(w, "%i", x->c), where,
		&(struct piece_list){x->make.at, 1});
}

static struct safe_step *prepare_step(struct retype *x)
{
	if (!x->prepare || x->w->in->one_message) {
		x->prepare = step_add(x->w, PHASE_BACKFILL, "prepare",
			"the second column gets the indexes and constraints of the first.");
		x->prepare->no_tx = true;
	}
	return x->prepare;
}

/* Collected first: the swap stands behind the last prepare step. */
struct moves {
	struct piece_list up, down, contract;
};

static void drop_guard(
	struct retype *x, struct moves *m, const struct object *index, struct slice sql)
{
	if (is_only_guard(x->w->table, index))
		allowed(x->w, &m->contract, "drop-unique-guard", "the new column has its own", sql);
	else
		piece_text(x->w, &m->contract, sql);
}

static void move_index(struct retype *x, struct moves *m, const struct object *p)
{
	struct step_writer *w = x->w;
	struct slice schema = w->c->target.schema;
	bool key = p->index.constraint.len > 0;
	struct slice new = chosen_name(w, p->name, SLICE_NONE, "new", OBJECT_NONE);
	struct slice old = chosen_name(w, p->name, SLICE_NONE, "old", OBJECT_NONE);
	struct safe_step *s = prepare_step(x);

	piece(w, &s->guard, "DROP INDEX CONCURRENTLY IF EXISTS %n", schema, new);
	piece_text(w, &s->up, twin_index(w, p, new, x->new, p->index.unique, true));
	piece(w, &s->down, "DROP INDEX CONCURRENTLY IF EXISTS %n", schema, new);
	verify_index(w, s, (struct name){schema, new});
	if (key) {
		piece(w, &m->up, "ALTER TABLE %n RENAME CONSTRAINT %i TO %i", T(w),
			p->index.constraint, old);
		piece(w, &m->up, "ALTER TABLE %n ADD CONSTRAINT %i UNIQUE USING INDEX %i", T(w),
			p->index.constraint, new);
		piece(w, &m->down, "ALTER TABLE %n DROP CONSTRAINT %i", T(w), p->index.constraint);
		piece(w, &m->down, "ALTER TABLE %n RENAME CONSTRAINT %i TO %i", T(w), old,
			p->index.constraint);
		piece_text(w, &m->down, twin_index(w, p, new, x->new, true, false));
		drop_guard(x, m, p, text_of(w, "ALTER TABLE %n DROP CONSTRAINT %i", T(w), old));
		return;
	}
	piece(w, &m->up, "ALTER INDEX %n RENAME TO %i", schema, p->name, old);
	piece(w, &m->up, "ALTER INDEX %n RENAME TO %i", schema, new, p->name);
	piece(w, &m->down, "ALTER INDEX %n RENAME TO %i", schema, p->name, new);
	piece(w, &m->down, "ALTER INDEX %n RENAME TO %i", schema, old, p->name);
	drop_guard(x, m, p, text_of(w, "DROP INDEX CONCURRENTLY %n", schema, old));
}

static void move_constraint(struct retype *x, struct moves *m, const struct object *p)
{
	struct step_writer *w = x->w;
	struct slice new = chosen_name(w, p->name, SLICE_NONE, "new", OBJECT_CONSTRAINT);
	struct slice old = chosen_name(w, p->name, SLICE_NONE, "old", OBJECT_CONSTRAINT);
	struct object copy = *p;
	struct safe_step *s;

	if (slice_is(p->constraint.kind, "check")) {
		if (!mentions_word(w, best(p->constraint.expression), x->c))
			return;
		copy.constraint.expression = (struct expr){
			.text = with_column(w, best(p->constraint.expression), x->c, x->new)};
	} else if (slice_is(p->constraint.kind, "foreign key")) {
		if (!names_has(p->constraint.columns, x->c))
			return;
		copy.constraint.columns = names_copy(w->a, p->constraint.columns);
		for (size_t i = 0; i < copy.constraint.columns.n; i++)
			if (slice_eq(copy.constraint.columns.at[i], x->c))
				copy.constraint.columns.at[i] = x->new;
	} else {
		return;
	}
	copy.name = new;
	copy.constraint.not_valid = true;
	s = prepare_step(x);
	piece_text(w, &s->up, rendered(w, &copy));
	if (!p->constraint.not_valid)
		piece(w, &s->up, "ALTER TABLE %n VALIDATE CONSTRAINT %i", T(w), new);
	piece(w, &s->down, "ALTER TABLE %n DROP CONSTRAINT %i", T(w), new);
	piece(w, &m->up, "ALTER TABLE %n RENAME CONSTRAINT %i TO %i", T(w), p->name, old);
	piece(w, &m->up, "ALTER TABLE %n RENAME CONSTRAINT %i TO %i", T(w), new, p->name);
	piece(w, &m->down, "ALTER TABLE %n RENAME CONSTRAINT %i TO %i", T(w), p->name, new);
	piece(w, &m->down, "ALTER TABLE %n RENAME CONSTRAINT %i TO %i", T(w), old, p->name);
	/* The key's end locks the other table as well: a transaction of its own. */
	if (slice_is(p->constraint.kind, "foreign key"))
		piece(w, &m->contract, "ALTER TABLE %n DROP CONSTRAINT %i", T(w), old);
}

static void names_change(struct retype *x, struct piece_list *to, struct slice from_old,
	struct slice from_new, struct slice spare)
{
	struct step_writer *w = x->w;

	piece(w, to, "ALTER TABLE %n RENAME COLUMN %i TO %i", T(w), from_old, spare);
	piece(w, to, "ALTER TABLE %n RENAME COLUMN %i TO %i", T(w), from_new, from_old);
}

static void move_default(
	struct retype *x, struct piece_list *to, struct slice bearer, struct slice other)
{
	struct step_writer *w = x->w;
	struct slice d = best(x->col->column.default_value);

	if (d.len == 0)
		return;
	piece(w, to, "ALTER TABLE %n ALTER COLUMN %i SET DEFAULT %s", T(w), bearer, d);
	piece(w, to, "ALTER TABLE %n ALTER COLUMN %i DROP DEFAULT", T(w), other);
}

/* The names change; from then on the old column follows, as long as a value fits. */
static void retype_swap(struct retype *x, const struct moves *m)
{
	struct step_writer *w = x->w;
	bool not_null = x->col->column.not_null;
	struct piece_list *up, *down;
	struct slice follow = text_of(w,
		"    BEGIN\n        NEW.%i := NEW.%i;\n"
		"    EXCEPTION WHEN others THEN\n        NEW.%i := NULL;\n    END;\n",
		x->old, x->c, x->old);

	x->swap = step_add(w, PHASE_BACKFILL, "swap",
		"the columns change names in one short transaction. Clients with prepared "
		"statements on the table fail once (\"cached plan must not change result type\") "
		"and prepare again.%s",
		x->using_.len ? " There is no way back from here: the new values cannot be turned "
				"into old ones."
			      : " From here on the old column follows the new one.");
	up = &x->swap->up;
	down = &x->swap->down;
	drop_trigger_pieces(w, up, x->trigger);
	for (size_t i = 0; i < m->up.n; i++)
		piece_text(w, up, m->up.at[i]);
	allowed(w, up, "rename-column", "the other column takes its name in this transaction",
		text_of(w, "ALTER TABLE %n RENAME COLUMN %i TO %i", T(w), x->c, x->old));
	allowed(w, up, "rename-column", "no code knows the helping column",
		text_of(w, "ALTER TABLE %n RENAME COLUMN %i TO %i", T(w), x->new, x->c));
	if (not_null)
		piece(w, up, "ALTER TABLE %n ALTER COLUMN %i DROP NOT NULL", T(w), x->old);
	move_default(x, up, x->c, x->old);
	if (x->col->comment.len)
		piece(w, up, "COMMENT ON COLUMN %n.%i IS %L", T(w), x->c, x->col->comment);
	if (x->using_.len) {
		x->swap->one_way = true;
		return;
	}
	trigger_pieces(w, up, x->back, follow);
	piece(w, down,
		"CREATE OR REPLACE FUNCTION %n() RETURNS trigger LANGUAGE plpgsql AS $$\nBEGIN\n"
		"    NEW.%i := NEW.%i;\n    RETURN NEW;\nEND\n$$",
		w->c->target.schema, x->back, x->old, x->c);
	piece(w, down, "UPDATE %n SET %i = %i WHERE %i IS NULL AND %i IS NOT NULL", T(w), x->c,
		x->c, x->old, x->c);
	drop_trigger_pieces(w, down, x->back);
	move_default(x, down, x->old, x->c);
	if (not_null)
		piece(w, down, "ALTER TABLE %n ALTER COLUMN %i SET NOT NULL", T(w), x->old);
	names_change(x, down, x->c, x->old, x->new);
	for (size_t i = 0; i < m->down.n; i++)
		piece_text(w, down, m->down.at[i]);
	for (size_t i = 1; i < x->make.n; i++)
		piece_text(w, down, x->make.at[i]);
	if (x->col->comment.len)
		piece(w, down, "COMMENT ON COLUMN %n.%i IS NULL", T(w), x->new);
}

static void retype_contract(struct retype *x, const struct moves *m)
{
	struct step_writer *w = x->w;
	struct piece_list last = {0};
	struct safe_step *s = NULL;

	for (size_t i = 0; i <= m->contract.n; i++) {
		if (!s || w->in->one_message)
			s = step_add(w, PHASE_CONTRACT, "contract",
				"when the new type has proven itself: the old column goes. There "
				"is no way back from here.");
		s->no_tx = s->one_way = true;
		if (i < m->contract.n)
			piece_text(w, &s->up, m->contract.at[i]);
	}
	if (!x->using_.len)
		drop_trigger_pieces(w, &last, x->back);
	allowed(w, &last, "drop-column", "the new column has its values",
		text_of(w, "ALTER TABLE %n DROP COLUMN %i", T(w), x->old));
	piece_text(w, &s->up, atomic(w, &last));
	verify_column(w, s, x->old, false);
}

static bool write_alter_type(struct step_writer *w)
{
	struct retype x = {.w = w, .c = w->c->name};
	struct moves m = {0};
	const char *way;

	if (!w->c->def || !target_existed(w) || (!rewrites_table(w) && !builds_index(w)))
		return false;
	x.col = column_of(w->table, w->c->name);
	if (!x.col)
		return not_known(w, "A new column of the new type, kept in step by a trigger, "
				    "filled in batches, then swapped by renaming");
	way = in_the_way(w, x.col);
	if (way)
		return refuse(w,
			"%.*s.%.*s cannot be swapped for a second column as it stands: %s is in "
			"the way. Take that away first, or give the new type a column of its own "
			"name and move the code.",
			SLICE(w->c->target.name), SLICE(w->c->name), way);
	x.to = &w->c->def->column;
	x.type = x.to->type;
	x.using_ = best(w->c->value);
	x.new = chosen_name(w, x.c, SLICE_NONE, "new", OBJECT_COLUMN);
	x.old = chosen_name(w, x.c, SLICE_NONE, "old", OBJECT_COLUMN);
	x.trigger = chosen_name(w, w->c->target.name, x.c, "sync", OBJECT_FUNCTION);
	x.back = chosen_name(w, w->c->target.name, x.c, "back", OBJECT_FUNCTION);
	retype_expand(&x);
	if (x.col->column.not_null)
		prove_not_null(w, prepare_step(&x), x.new, true);
	for (size_t i = 0; i < w->table->nparts; i++) {
		const struct object *p = w->table->parts[i];

		if (p->type == OBJECT_INDEX && index_mentions(p, x.c))
			move_index(&x, &m, p);
		else if (p->type == OBJECT_CONSTRAINT)
			move_constraint(&x, &m, p);
	}
	retype_swap(&x, &m);
	retype_contract(&x, &m);
	return true;
}

const struct recipe recipe_alter_type = {
	.id = "alter-type",
	.engines = RULE_PG,
	.kinds = KINDS(CHANGE_ALTER_TYPE),
	.rules = RULES("column-type-rewrite", "column-type-reindex", "column-type-narrowing"),
	.says = "a second column of the new type, kept in step by a trigger, filled in batches, "
		"given "
		"the first one's indexes and constraints; the two change names; the old one goes "
		"in "
		"the contract phase",
	.write = write_alter_type,
};
