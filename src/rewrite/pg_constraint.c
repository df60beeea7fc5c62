/* pg_constraint.c - PostgreSQL: constraints on tables that have rows.
 *
 * NOT VALID takes its strong lock for a moment and looks at no row; VALIDATE looks at all of them
 * under SHARE UPDATE EXCLUSIVE, in a transaction of its own, for beside the ADD it would run under
 * that one's lock. Keys have no NOT VALID: their index is built concurrently and then taken over.
 */
#include "rewrite/internal.h"

/* The column that a check speaks of, when it is one: part of the name the server would choose. */
static struct slice only_column(const struct constraint_def *d)
{
	const struct expr_facts *f = d->expression.facts;

	if (d->columns.n == 1)
		return d->columns.at[0];
	return f && f->columns.n == 1 ? f->columns.at[0] : SLICE_NONE;
}

static struct slice all_columns(struct step_writer *w, const struct constraint_def *d)
{
	struct names all = {0};

	for (size_t i = 0; i < d->columns.n; i++)
		names_add(w->a, &all, d->columns.at[i]);
	for (size_t i = 0; i < d->include.n; i++)
		names_add(w->a, &all, d->include.at[i]);
	return joined(w, all);
}

static struct slice constraint_name(
	struct step_writer *w, const struct object *def, const char *label)
{
	struct slice middle =
		slice_is(def->constraint.kind, "check")         ? only_column(&def->constraint)
		: slice_is(def->constraint.kind, "primary key") ? SLICE_NONE
								: all_columns(w, &def->constraint);

	if (def->name.len && !def->generated_name)
		return def->name;
	return chosen_name(w, w->c->target.name, middle, label,
		slice_is(def->constraint.kind, "check") ||
				slice_is(def->constraint.kind, "foreign key")
			? OBJECT_CONSTRAINT
			: OBJECT_NONE);
}

static void not_valid_then_validate(
	struct step_writer *w, struct slice add, struct slice name, const char *says)
{
	struct safe_step *s = step_add(w, PHASE_EXPAND, "constraint", "%s", says);

	s->no_tx = true;
	piece(w, &s->up, "%s NOT VALID", add);
	piece(w, &s->up, "ALTER TABLE %n VALIDATE CONSTRAINT %i", T(w), name);
	piece(w, &s->down, "ALTER TABLE %n DROP CONSTRAINT %i", T(w), name);
	verify_constraint(w, s, name);
}

/* What the author wrote, with a name when there is none: it has to be validated by it. */
static struct slice add_text(
	struct step_writer *w, const struct object *def, struct slice name, struct slice written)
{
	if (def->name.len && !def->generated_name)
		return written;
	return with_word_after(w, written, "add", text_of(w, "CONSTRAINT %i", name));
}

bool add_foreign_key(struct step_writer *w, const struct object *def, struct slice written)
{
	struct slice name = constraint_name(w, def, "fkey");

	if (is_partitioned(w->table) && w->in->version < 180000)
		return refuse(w,
			"%.*s is partitioned, and before PostgreSQL 18 its foreign keys cannot be "
			"NOT VALID: add and validate the same key on each partition first, then on "
			"the parent, which takes those over without looking at the rows",
			SLICE(w->c->target.name));
	not_valid_then_validate(w, add_text(w, def, name, written), name,
		"the foreign key holds for new rows at once; the rows that are there are checked "
		"afterwards, while writes go on.");
	return true;
}

bool add_check(struct step_writer *w, const struct object *def, struct slice written)
{
	struct slice name = constraint_name(w, def, "check");

	not_valid_then_validate(w, add_text(w, def, name, written), name,
		"the check holds for new rows at once; the rows that are there are checked "
		"afterwards, while reads and writes go on.");
	return true;
}

/* What stands behind USING INDEX. */
static struct slice key_tail(struct step_writer *w, const struct constraint_def *d)
{
	return text_of(w, "%s%s", d->deferrable ? SL(" DEFERRABLE") : SLICE_NONE,
		d->deferred ? SL(" INITIALLY DEFERRED") : SLICE_NONE);
}

static struct slice index_text(
	struct step_writer *w, const struct constraint_def *d, struct slice name, bool concurrently)
{
	struct buf b = {0};
	struct slice s;

	sqlf(&b, w->d, "CREATE UNIQUE INDEX %s%i ON %n %s",
		concurrently ? SL("CONCURRENTLY ") : SLICE_NONE, name, T(w),
		column_list(w, d->columns));
	if (d->include.n)
		sqlf(&b, w->d, " INCLUDE %s", column_list(w, d->include));
	if (d->nulls_not_distinct)
		buf_adds(&b, " NULLS NOT DISTINCT");
	for (size_t i = 0, n = 0; i < d->options.n; i++) {
		if (slice_starts(d->options.at[i], "tablespace="))
			continue;
		sqlf(&b, w->d, "%s%s", n++ ? SL(", ") : SL(" WITH ("), d->options.at[i]);
		if (i + 1 == d->options.n ||
			(i + 2 == d->options.n &&
				slice_starts(d->options.at[i + 1], "tablespace=")))
			buf_addc(&b, ')');
	}
	for (size_t i = 0; i < d->options.n; i++)
		if (slice_starts(d->options.at[i], "tablespace="))
			sqlf(&b, w->d, " TABLESPACE %i",
				slice_from(d->options.at[i], strlen("tablespace=")));
	s = arena_slice(w->a, buf_slice(&b));
	buf_done(&b);
	return s;
}

/* Keys cannot be built beside writers on a partitioned table, nor with WITHOUT OVERLAPS. */
static bool key_refused(struct step_writer *w, const struct constraint_def *d)
{
	if (is_partitioned(w->table))
		return refuse(w,
			"%.*s is partitioned: add the key to each partition by a concurrently "
			"built index first, then to the parent",
			SLICE(w->c->target.name));
	if (d->period)
		return refuse(w, "a key WITHOUT OVERLAPS cannot take over an index that was built "
				 "concurrently");
	return false;
}

/* The pieces that turn the index into the key, and prove NOT NULL for it before. */
static void take_over(struct step_writer *w, struct safe_step *s, const struct object *def,
	struct slice name, bool primary)
{
	const struct constraint_def *d = &def->constraint;

	for (size_t i = 0; primary && i < d->columns.n; i++)
		if (!is_not_null(w->table, d->columns.at[i]))
			prove_not_null(w, s, d->columns.at[i], false);
	piece(w, &s->up, "ALTER TABLE %n ADD CONSTRAINT %i %s USING INDEX %i%s", T(w), name,
		primary ? SL("PRIMARY KEY") : SL("UNIQUE"), name, key_tail(w, d));
	piece(w, &s->down, "ALTER TABLE %n DROP CONSTRAINT %i", T(w), name);
	for (size_t i = 0; primary && i < d->columns.n; i++)
		if (!is_not_null(w->table, d->columns.at[i]))
			piece(w, &s->down, "ALTER TABLE %n ALTER COLUMN %i DROP NOT NULL", T(w),
				d->columns.at[i]);
	verify_constraint(w, s, name);
}

bool add_key(struct step_writer *w, const struct object *def)
{
	const struct constraint_def *d = &def->constraint;
	bool primary = slice_is(d->kind, "primary key");
	struct slice name = constraint_name(w, def, primary ? "pkey" : "key");
	struct safe_step *s;

	if (key_refused(w, d))
		return true;
	s = step_add(w, PHASE_EXPAND, primary ? "primary_key" : "unique",
		"the index is built while reads and writes go on, and then becomes the key. The "
		"build fails on duplicates, and so do writers that make some meanwhile.");
	s->no_tx = true;
	piece(w, &s->guard, "DROP INDEX CONCURRENTLY IF EXISTS %n", w->c->target.schema, name);
	piece_text(w, &s->up, index_text(w, d, name, true));
	verify_index(w, s, (struct name){w->c->target.schema, name});
	if (w->in->one_message) {
		piece(w, &s->down, "DROP INDEX CONCURRENTLY IF EXISTS %n", w->c->target.schema,
			name);
		s = step_add(w, PHASE_EXPAND, "take_over",
			"the index becomes the key. Its down "
			"script builds the plain index again, "
			"under a lock that stops writes.");
		s->no_tx = primary;
	}
	take_over(w, s, def, name, primary);
	if (w->in->one_message)
		piece_text(w, &s->down, index_text(w, d, name, false));
	return true;
}

static bool write_constraint(struct step_writer *w)
{
	const struct constraint_def *d = w->c->def ? &w->c->def->constraint : NULL;

	if (!d || d->not_valid || d->not_enforced || !target_existed(w))
		return false;
	if (slice_is(d->kind, "foreign key"))
		return add_foreign_key(w, w->c->def, alone(w));
	if (slice_is(d->kind, "check"))
		return add_check(w, w->c->def, alone(w));
	if (slice_is(d->kind, "unique") || slice_is(d->kind, "primary key"))
		return add_key(w, w->c->def);
	if (slice_is(d->kind, "exclude"))
		return refuse(w, "an exclusion constraint has no NOT VALID and no USING INDEX: a "
				 "new table with it, filled and swapped, or a window without "
				 "traffic");
	return false;
}

const struct recipe recipe_add_constraint = {
	.id = "add-constraint",
	.engines = RULE_PG,
	.kinds = KINDS(CHANGE_ADD_CONSTRAINT),
	.rules = RULES("add-fk-validated", "add-check-validated", "add-unique", "add-primary-key",
		"add-exclusion"),
	.says = "foreign keys and checks NOT VALID, then VALIDATE in a transaction of its own; "
		"keys "
		"by CREATE UNIQUE INDEX CONCURRENTLY, then USING INDEX",
	.write = write_constraint,
};

/* ---- NOT NULL ---- */

void prove_not_null(struct step_writer *w, struct safe_step *s, struct slice column, bool undo)
{
	struct slice name =
		chosen_name(w, w->c->target.name, column, "not_null", OBJECT_CONSTRAINT);

	if (w->in->version >= 180000) {
		piece(w, &s->up, "ALTER TABLE %n ADD CONSTRAINT %i NOT NULL %i NOT VALID", T(w),
			name, column);
		piece(w, &s->up, "ALTER TABLE %n VALIDATE CONSTRAINT %i", T(w), name);
	} else {
		piece(w, &s->up,
			"ALTER TABLE %n ADD CONSTRAINT %i CHECK (%i IS NOT NULL) NOT VALID", T(w),
			name, column);
		piece(w, &s->up, "ALTER TABLE %n VALIDATE CONSTRAINT %i", T(w), name);
		piece(w, &s->up, "ALTER TABLE %n ALTER COLUMN %i SET NOT NULL", T(w), column);
		piece(w, &s->up, "ALTER TABLE %n DROP CONSTRAINT %i", T(w), name);
	}
	if (undo)
		piece(w, &s->down, "ALTER TABLE %n ALTER COLUMN %i DROP NOT NULL", T(w), column);
	verify_not_null(w, s, column);
}

static bool write_set_not_null(struct step_writer *w)
{
	struct safe_step *s;

	if (!target_existed(w) || is_not_null(w->table, w->c->name))
		return false;
	if (w->in->effect && !scans_table(w))
		return false;
	if (w->in->fill.len) {
		s = step_add(w, PHASE_BACKFILL, "backfill", "rows without %.*s get a value.",
			SLICE(w->c->name));
		s->no_tx = s->batched = true;
		piece(w, &s->up, "UPDATE %n SET %i = %s WHERE %i IS NULL", T(w), w->c->name,
			w->in->fill, w->c->name);
		s->one_way = true;
		piece(w, &s->verify, "SELECT 1 AS still_null FROM %n WHERE %i IS NULL LIMIT 1",
			T(w), w->c->name);
	}
	s = step_add(w, w->in->fill.len ? PHASE_BACKFILL : PHASE_EXPAND, "not_null",
		"a check proves that no row is NULL while reads and writes go on; SET NOT NULL "
		"then has nothing to read.");
	s->no_tx = true;
	prove_not_null(w, s, w->c->name, true);
	return true;
}

const struct recipe recipe_set_not_null = {
	.id = "set-not-null",
	.engines = RULE_PG,
	.since = 120000,
	.kinds = KINDS(CHANGE_SET_NOT_NULL),
	.rules = RULES("set-not-null-scan"),
	.says = "CHECK (column IS NOT NULL) NOT VALID, VALIDATE, SET NOT NULL, DROP the check; "
		"from "
		"PostgreSQL 18 NOT NULL … NOT VALID, VALIDATE",
	.write = write_set_not_null,
};
