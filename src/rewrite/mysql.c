/* mysql.c - MySQL and MariaDB: the server is told how much a statement may cost.
 *
 * ALGORITHM and LOCK make it refuse what it would otherwise do by copying the table. What only a
 * copy can do is refused here with the reason, or done by a second column. DDL commits by itself,
 * so every statement stands alone. */
#include "rewrite/internal.h"

#include <stdint.h>

/* ", ALGORITHM=INSTANT"; INPLACE and NOCOPY let writes go on only with LOCK=NONE. */
static struct slice clause(const struct effect *e, bool commas)
{
	if (!e || !e->algorithm || strcmp(e->algorithm, "COPY") == 0)
		return SLICE_NONE;
	if (strcmp(e->algorithm, "INSTANT") == 0)
		return commas ? SL(", ALGORITHM=INSTANT") : SL(" ALGORITHM=INSTANT");
	if (!e->lock_clause || strcmp(e->lock_clause, "NONE") != 0)
		return SLICE_NONE;
	if (strcmp(e->algorithm, "NOCOPY") == 0)
		return commas ? SL(", ALGORITHM=NOCOPY, LOCK=NONE")
			      : SL(" ALGORITHM=NOCOPY LOCK=NONE");
	return commas ? SL(", ALGORITHM=INPLACE, LOCK=NONE") : SL(" ALGORITHM=INPLACE LOCK=NONE");
}

/* ---- What is fine, asserted ---- */

static bool has_own_recipe(enum change_kind k)
{
	switch (k) {
	case CHANGE_DROP_COLUMN:
	case CHANGE_RENAME_COLUMN:
	case CHANGE_RENAME_TABLE:
	case CHANGE_DROP_TABLE:
		return true;
	default:
		return false;
	}
}

/* The whole statement at once: its actions share one pass over the table. */
static bool write_online(struct step_writer *w)
{
	const struct statement *st = w->in->statement;
	bool alter = slice_istarts(slice_trim(st->raw), "alter");
	struct slice words = clause(w->in->effect, alter);
	struct slice raw = slice_trim(st->raw);
	struct safe_step *s;

	if (w->c != &st->changes[0] || !words.len || w->c->settings.n || !target_existed(w))
		return false;
	for (size_t i = 0; i < st->nchanges; i++)
		if (has_own_recipe(st->changes[i].kind))
			return false;
	if (w->c->kind == CHANGE_DROP_INDEX && !alter) {
		/* MariaDB has no ALGORITHM behind DROP INDEX. */
		raw = text_of(w, "ALTER TABLE %n DROP INDEX %i", T(w), w->c->name);
		words = clause(w->in->effect, true);
	}
	s = step_add(w, PHASE_EXPAND, "expand",
		"the server refuses the statement rather than stop writes for it.");
	s->no_tx = true;
	piece(w, &s->up, "%s%s", raw, words);
	for (size_t i = 0; i < st->nchanges; i++) {
		w->c = &st->changes[i];
		undo_one(w, s);
	}
	w->out->whole = true;
	return true;
}

const struct recipe recipe_mysql_online = {
	.id = "mysql-online",
	.engines = RULE_MYSQL | RULE_MARIADB,
	.kinds = KINDS(CHANGE_ADD_COLUMN, CHANGE_MODIFY_COLUMN, CHANGE_SET_DEFAULT,
		CHANGE_DROP_DEFAULT, CHANGE_ADD_CONSTRAINT, CHANGE_CREATE_INDEX, CHANGE_DROP_INDEX,
		CHANGE_RENAME_INDEX, CHANGE_DROP_CONSTRAINT, CHANGE_TABLE_FORCE),
	.says = "the same statement with ALGORITHM=INSTANT, or INPLACE or NOCOPY and LOCK=NONE, so "
		"that the server refuses rather than copies",
	.write = write_online,
};

/* ---- What only a copy can do ---- */

static bool write_copy(struct step_writer *w)
{
	const struct effect *e = w->in->effect;

	if (!e || !e->algorithm || strcmp(e->algorithm, "COPY") != 0 || !target_existed(w))
		return false;
	return refuse(w,
		"No safe form in plain SQL: only ALGORITHM=COPY can do this, which stops writes "
		"while "
		"the table is copied, on every replica one after the other. An online schema "
		"change "
		"tool (gh-ost, pt-online-schema-change) copies beside the traffic; or give the new "
		"form a column of its own name, fill it in batches and move the code.");
}

const struct recipe recipe_mysql_copy = {
	.id = "mysql-copy",
	.engines = RULE_MYSQL | RULE_MARIADB,
	.kinds = KINDS(CHANGE_MODIFY_COLUMN, CHANGE_CONVERT_CHARSET, CHANGE_ADD_COLUMN,
		CHANGE_TABLE_ENGINE),
	.rules = RULES("mysql-column-copy", "charset-collation-change", "mysql-enum-set-edit",
		"add-column-expression-default"),
	.says = "refused with the reason: only a copy of the table can do it",
	.write = write_copy,
};

/* ---- Foreign keys ---- */

static bool has_index_on(const struct object *t, struct names columns)
{
	for (size_t i = 0; t && i < t->nparts; i++) {
		const struct object *p = t->parts[i];
		bool fits = p->type == OBJECT_INDEX && p->index.keys.n >= columns.n;

		for (size_t k = 0; fits && k < columns.n; k++)
			fits = slice_ieq(p->index.keys.at[k], columns.at[k]);
		if (fits)
			return true;
	}
	return false;
}

static struct slice key_name(struct step_writer *w, const struct object *def)
{
	if (def->name.len && !def->generated_name)
		return def->name;
	for (int i = 1;; i++) {
		struct slice name = arena_printf(w->a, "%.*s_ibfk_%d", SLICE(w->c->target.name), i);
		const struct object *o;

		if (!w->table || catalog_part(w->in->before, w->table, OBJECT_CONSTRAINT, name,
					 &o) != PRESENT)
			return name;
	}
}

static void orphan_query(struct step_writer *w, struct safe_step *s, const struct constraint_def *d)
{
	struct buf on = {0}, set = {0};

	for (size_t i = 0; i < d->columns.n && i < d->ref_columns.n; i++) {
		sqlf(&on, w->d, "%sp.%i = c.%i", i ? SL(" AND ") : SLICE_NONE, d->ref_columns.at[i],
			d->columns.at[i]);
		sqlf(&set, w->d, "c.%i IS NOT NULL AND ", d->columns.at[i]);
	}
	if (d->ref_columns.n)
		piece(w, &s->verify,
			"SELECT 1 AS orphan FROM %n c LEFT JOIN %n p ON %s WHERE %sp.%i IS NULL "
			"LIMIT 1",
			T(w), d->ref_table.schema, d->ref_table.name, buf_slice(&on),
			buf_slice(&set), d->ref_columns.at[0]);
	buf_done(&on);
	buf_done(&set);
}

static bool write_foreign_key(struct step_writer *w)
{
	const struct constraint_def *d = w->c->def ? &w->c->def->constraint : NULL;
	struct slice name, index, add = alone(w);
	struct safe_step *s;

	if (!d || !slice_is(d->kind, "foreign key") || !target_existed(w))
		return false;
	/* The server would name the index after the key, or after the first column. */
	index = name = key_name(w, w->c->def);
	if (slice_empty(w->c->def->name) || w->c->def->generated_name) {
		index = d->columns.at[0];
		add = with_word_after(w, add, "add", text_of(w, "CONSTRAINT %i", name));
	}
	s = step_add(w, PHASE_EXPAND, "constraint",
		"with foreign_key_checks off the key is added without copying the table; the "
		"server "
		"does not look at the rows then, so the verify query does.");
	s->no_tx = true;
	if (!has_index_on(w->table, d->columns)) {
		piece(w, &s->up, "ALTER TABLE %n ADD INDEX %i %s, ALGORITHM=INPLACE, LOCK=NONE",
			T(w), index, column_list(w, d->columns));
		piece(w, &s->down, "ALTER TABLE %n DROP FOREIGN KEY %i", T(w), name);
		piece(w, &s->down, "ALTER TABLE %n DROP INDEX %i", T(w), index);
	} else {
		piece(w, &s->down, "ALTER TABLE %n DROP FOREIGN KEY %i", T(w), name);
	}
	piece(w, &s->up, "SET foreign_key_checks = 0");
	piece(w, &s->up, "%s, ALGORITHM=INPLACE, LOCK=NONE", add);
	piece(w, &s->up, "SET foreign_key_checks = 1");
	orphan_query(w, s, d);
	return true;
}

const struct recipe recipe_mysql_foreign_key = {
	.id = "mysql-foreign-key",
	.engines = RULE_MYSQL | RULE_MARIADB,
	.kinds = KINDS(CHANGE_ADD_CONSTRAINT),
	.rules = RULES("add-fk-copy"),
	.says = "its index INPLACE, foreign_key_checks off, ADD FOREIGN KEY INPLACE, checks on; a "
		"verify query looks for orphans, for the server does not",
	.write = write_foreign_key,
};

static bool write_check(struct step_writer *w)
{
	const struct constraint_def *d = w->c->def ? &w->c->def->constraint : NULL;

	if (!d || !slice_is(d->kind, "check") || d->not_enforced || !target_existed(w))
		return false;
	return refuse(w,
		"No safe form: ADD CHECK copies the table while writes wait, and there is no "
		"NOT VALID. An online schema change tool, or triggers that refuse new rows.");
}

const struct recipe recipe_mysql_check = {
	.id = "mysql-check",
	.engines = RULE_MYSQL | RULE_MARIADB,
	.kinds = KINDS(CHANGE_ADD_CONSTRAINT),
	.rules = RULES("add-check-validated"),
	.says = "refused with the reason: ADD CHECK copies the table",
	.write = write_check,
};

/* ---- Columns ---- */

static struct slice column_text(struct step_writer *w, const struct object *def, bool not_null,
	struct slice fill, const char *verb)
{
	struct object stub = {
		.type = OBJECT_TABLE, .schema = w->c->target.schema, .name = w->c->target.name};
	struct object copy = *def;
	struct slice text;
	size_t at;

	copy.table = &stub;
	copy.column.not_null = not_null;
	if (fill.len)
		copy.column.default_value = (struct expr){.text = fill};
	text = rendered(w, &copy);
	at = slice_find(text, SL(" ADD "));
	if (at == SIZE_MAX)
		return text;
	return text_of(w, "ALTER TABLE %n %s COLUMN %s", T(w), slice_of(verb),
		slice_from(text, at + strlen(" ADD ")));
}

static void fill_rows(struct step_writer *w, enum phase phase, const char *name, bool again)
{
	struct safe_step *s = step_add(w, phase, name, "%s",
		again ? "rows that older code wrote since the backfill get their value."
		      : "rows that were there before get their value.");

	s->no_tx = s->batched = true;
	piece(w, &s->up, "UPDATE %n SET %i = %s WHERE %i IS NULL", T(w), w->c->name, w->in->fill,
		w->c->name);
	if (again) {
		nothing_to_undo(w, s, "the backfill's own way back empties the column");
		return;
	}
	piece(w, &s->down, "ALTER TABLE %n DROP COLUMN %i", T(w), w->c->name);
	piece_text(w, &s->down, column_text(w, w->c->def, false, SLICE_NONE, "ADD"));
	piece(w, &s->verify, "SELECT 1 AS not_filled FROM %n WHERE %i IS NULL LIMIT 1", T(w),
		w->c->name);
}

static bool write_add_column(struct step_writer *w)
{
	const struct object *def = w->c->def;
	bool literal = is_literal(w->d, w->in->fill);
	struct safe_step *s;

	if (!def || !def->column.not_null || best(def->column.default_value).len ||
		def->column.identity.len || def->column.generated.len || w->c->list.n ||
		!target_existed(w))
		return false;
	s = step_add(w, PHASE_EXPAND, "expand", "%s",
		literal ? "a constant default gives every row its value without touching one, and "
			  "gives one to inserts of code that does not know the column yet."
			: "the column can be NULL for now: code that runs already does not know "
			  "it. "
			  "Then release the code that writes it.");
	s->no_tx = true;
	piece(w, &s->up, "%s, ALGORITHM=INSTANT",
		column_text(w, def, literal, literal ? w->in->fill : SLICE_NONE, "ADD"));
	piece(w, &s->down, "ALTER TABLE %n DROP COLUMN %i", T(w), w->c->name);
	verify_column(w, s, w->c->name, true);
	if (!literal && w->in->fill.len) {
		fill_rows(w, PHASE_BACKFILL, "backfill", false);
		fill_rows(w, PHASE_CONTRACT, "catch_up", true);
	} else if (!literal) {
		s = step_add(w, PHASE_BACKFILL, "backfill", "rows that were there need a value.");
		s->no_tx = s->batched = s->needs_value = true;
		piece(w, &s->up, "-- UPDATE %n SET %i = … WHERE %i IS NULL", T(w), w->c->name,
			w->c->name);
	}
	s = step_add(w, PHASE_CONTRACT, "contract", "when all running code writes %.*s itself.",
		SLICE(w->c->name));
	s->no_tx = true;
	if (literal) {
		s->allow = "drop-default";
		piece(w, &s->up, "ALTER TABLE %n ALTER COLUMN %i DROP DEFAULT", T(w), w->c->name);
		piece(w, &s->down, "ALTER TABLE %n ALTER COLUMN %i SET DEFAULT %s", T(w),
			w->c->name, w->in->fill);
	} else {
		piece(w, &s->up, "%s, ALGORITHM=INPLACE, LOCK=NONE",
			column_text(w, def, true, SLICE_NONE, "MODIFY"));
		piece(w, &s->down, "%s, ALGORITHM=INPLACE, LOCK=NONE",
			column_text(w, def, false, SLICE_NONE, "MODIFY"));
	}
	verify_not_null(w, s, w->c->name);
	return true;
}

const struct recipe recipe_mysql_add_column = {
	.id = "mysql-add-column",
	.engines = RULE_MYSQL | RULE_MARIADB,
	.kinds = KINDS(CHANGE_ADD_COLUMN),
	.rules = RULES("add-column-required"),
	.says = "ADD COLUMN that can be NULL, or with a constant default, INSTANT; rows in "
		"batches; NOT "
		"NULL INPLACE with LOCK=NONE in the contract phase",
	.write = write_add_column,
};

/* What would have to be moved to the second column and cannot be in passing. */
static const char *in_the_way(struct step_writer *w)
{
	const struct object **v;
	size_t n;

	for (size_t i = 0; i < w->table->nparts; i++) {
		const struct object *p = w->table->parts[i];
		const struct expr_facts *f = NULL;

		if (p->type == OBJECT_INDEX && p->index.primary && index_mentions(p, w->c->name))
			return "the primary key";
		if (p->type == OBJECT_INDEX && p->index.unique && index_mentions(p, w->c->name))
			return "a unique key";
		if (p->type == OBJECT_CONSTRAINT && names_has(p->constraint.columns, w->c->name))
			return "a key or constraint";
		if (p->type == OBJECT_CONSTRAINT)
			f = p->constraint.expression.facts;
		if (p->type == OBJECT_COLUMN && p->column.generated.len)
			f = p->column.generation.facts;
		if (f && names_has(f->columns, w->c->name))
			return "an expression of the table";
		if (p->type == OBJECT_TRIGGER &&
			slice_ifind(best(p->trigger.body), w->c->name) != SIZE_MAX)
			return "a trigger";
	}
	if (catalog_dependents(w->in->before, w->table, w->c->name, w->a, &v))
		return "a view that reads it";
	n = catalog_referencing(w->in->before, w->table, w->a, &v);
	for (size_t i = 0; i < n; i++)
		if (names_has(v[i]->constraint.ref_columns, w->c->name))
			return "a foreign key that refers to it";
	return NULL;
}

struct twin {
	struct step_writer *w;
	const struct object *col;
	struct slice old, new, on_insert, on_update;
	struct piece_list make;
	struct names indexes, twins;
};

static struct slice twin_text(struct twin *x, bool not_null, bool with_default, const char *verb)
{
	struct step_writer *w = x->w;
	struct object copy = *x->col;

	copy.name = x->new;
	if (!with_default)
		copy.column.default_value = (struct expr){0};
	return column_text(w, &copy, not_null, SLICE_NONE, verb);
}

static void make_twin(struct twin *x)
{
	struct step_writer *w = x->w;

	piece(w, &x->make, "%s AFTER %i, ALGORITHM=INSTANT", twin_text(x, false, false, "ADD"),
		x->old);
	piece(w, &x->make,
		"CREATE TRIGGER %i BEFORE INSERT ON %n FOR EACH ROW SET NEW.%i = COALESCE(NEW.%i, "
		"NEW.%i), NEW.%i = NEW.%i",
		x->on_insert, T(w), x->new, x->new, x->old, x->old, x->new);
	piece(w, &x->make,
		"CREATE TRIGGER %i BEFORE UPDATE ON %n FOR EACH ROW SET NEW.%i = IF(NEW.%i <=> "
		"OLD.%i, NEW.%i, NEW.%i), NEW.%i = NEW.%i",
		x->on_update, T(w), x->old, x->new, x->new, x->old, x->new, x->new, x->old);
}

static void drop_twin(struct twin *x, struct piece_list *to)
{
	struct step_writer *w = x->w;

	piece(w, to, "DROP TRIGGER %i", x->on_insert);
	piece(w, to, "DROP TRIGGER %i", x->on_update);
	piece(w, to, "ALTER TABLE %n DROP COLUMN %i", T(w), x->new);
}

static void twin_fill(struct twin *x)
{
	struct step_writer *w = x->w;
	struct safe_step *s = step_add(w, PHASE_BACKFILL, "backfill",
		"rows that were there before get their value. The way back makes the column anew, "
		"empty, without writing a row.");

	s->no_tx = s->batched = true;
	piece(w, &s->up, "UPDATE %n SET %i = %i WHERE NOT (%i <=> %i)", T(w), x->new, x->old,
		x->new, x->old);
	drop_twin(x, &s->down);
	for (size_t i = 0; i < x->make.n; i++)
		piece_text(w, &s->down, x->make.at[i]);
	piece(w, &s->verify, "SELECT 1 AS differs FROM %n WHERE NOT (%i <=> %i) LIMIT 1", T(w),
		x->new, x->old);
}

static struct slice index_keys(struct twin *x, const struct object *p)
{
	struct buf b = {0};
	struct slice s;

	for (size_t i = 0; i < p->index.keys.n; i++) {
		struct slice key = p->index.keys.at[i];

		buf_adds(&b, i ? ", " : "");
		if (slice_eq(key, x->old))
			quote_ident_pretty(&b, x->w->d, x->new);
		else if (column_of(x->w->table, key))
			quote_ident_pretty(&b, x->w->d, key);
		else
			buf_add(&b, key);
	}
	s = arena_slice(x->w->a, buf_slice(&b));
	buf_done(&b);
	return s;
}

static bool twin_indexes(struct twin *x)
{
	struct step_writer *w = x->w;
	struct safe_step *s = NULL;

	for (size_t i = 0; i < w->table->nparts; i++) {
		const struct object *p = w->table->parts[i];
		struct slice name;

		if (p->type != OBJECT_INDEX || !index_mentions(p, x->old))
			continue;
		if (!names_has(p->index.keys, x->old) || slice_iis(p->index.method, "fulltext") ||
			slice_iis(p->index.method, "spatial"))
			return !refuse(w, "index %.*s is not over the plain column: drop it first",
				SLICE(p->name));
		if (!s)
			s = step_add(w, PHASE_BACKFILL, "indexes",
				"the same indexes for readers by the new name.");
		s->no_tx = true;
		name = chosen_name(w, p->name, SLICE_NONE, "twin", OBJECT_CONSTRAINT);
		names_add(w->a, &x->indexes, p->name);
		names_add(w->a, &x->twins, name);
		piece(w, &s->up, "ALTER TABLE %n ADD INDEX %i (%s), ALGORITHM=INPLACE, LOCK=NONE",
			T(w), name, index_keys(x, p));
		piece(w, &s->down, "ALTER TABLE %n DROP INDEX %i", T(w), name);
		verify_index(w, s, (struct name){w->c->target.schema, name});
	}
	return true;
}

static void twin_contract(struct twin *x)
{
	struct step_writer *w = x->w;
	struct slice old_default = best(x->col->column.default_value);
	struct safe_step *s = step_add(w, PHASE_CONTRACT, "contract",
		"when no running code says %.*s any more. There is no way back from here.",
		SLICE(x->old));

	s->no_tx = s->one_way = true;
	if (x->col->column.not_null || old_default.len)
		piece(w, &s->up, "%s, ALGORITHM=INPLACE, LOCK=NONE",
			twin_text(x, x->col->column.not_null, true, "MODIFY"));
	piece(w, &s->up, "DROP TRIGGER %i", x->on_insert);
	piece(w, &s->up, "DROP TRIGGER %i", x->on_update);
	for (size_t i = 0; i < x->indexes.n; i++) {
		piece(w, &s->up, "ALTER TABLE %n DROP INDEX %i", T(w), x->indexes.at[i]);
		piece(w, &s->up, "ALTER TABLE %n RENAME INDEX %i TO %i", T(w), x->twins.at[i],
			x->indexes.at[i]);
	}
	s->allow = "drop-column";
	piece(w, &s->up, "ALTER TABLE %n DROP COLUMN %i", T(w), x->old);
	verify_column(w, s, x->new, true);
	verify_column(w, s, x->old, false);
}

static bool write_rename_column(struct step_writer *w)
{
	struct twin x = {.w = w, .old = w->c->name, .new = w->c->other.name};
	const char *way;
	struct safe_step *s;

	if (!x.new.len || slice_ieq(x.new, x.old) || !target_existed(w))
		return false;
	x.col = column_of(w->table, x.old);
	if (!x.col)
		return refuse(w,
			"Add a column of the new name, keep both in step by triggers, fill it in "
			"batches, move the readers, then drop the old one. The type of %.*s is not "
			"known here, so the statements cannot be written: --base-schema or --db "
			"tell.",
			SLICE(x.old));
	way = x.col->column.identity.len    ? "auto_increment"
	      : x.col->column.generated.len ? "its generation expression"
					    : in_the_way(w);
	if (way)
		return refuse(w,
			"%.*s cannot have a second column beside it as it stands: %s is in "
			"the way",
			SLICE(x.old), way);
	x.on_insert = chosen_name(w, w->c->target.name, x.old, "sync_insert", OBJECT_TRIGGER);
	x.on_update = chosen_name(w, w->c->target.name, x.old, "sync_update", OBJECT_TRIGGER);
	make_twin(&x);
	s = step_add(w, PHASE_EXPAND, "expand",
		"both names work, and triggers keep them in step: code of either version may "
		"write.");
	s->no_tx = true;
	s->up = x.make;
	drop_twin(&x, &s->down);
	verify_column(w, s, x.new, true);
	twin_fill(&x);
	if (twin_indexes(&x))
		twin_contract(&x);
	return true;
}

const struct recipe recipe_mysql_rename_column = {
	.id = "mysql-rename-column",
	.engines = RULE_MYSQL | RULE_MARIADB,
	.kinds = KINDS(CHANGE_RENAME_COLUMN, CHANGE_MODIFY_COLUMN),
	.rules = RULES("rename-column"),
	.says = "a second column of the new name, kept in step by triggers both ways, filled in "
		"batches, with the same indexes; the old one goes in the contract phase",
	.write = write_rename_column,
};

/* ---- Tables ---- */

/* One RENAME TABLE puts the table under its new name and a view under the old one, with no moment
 * in between; the view has to be made over an empty table of that name before. */
static bool write_rename_table(struct step_writer *w)
{
	struct slice schema = w->c->target.schema, old = w->c->target.name;
	struct slice new = w->c->other.name, view, scrap;
	struct safe_step *s;

	if (w->in->statement->nchanges != 1 || !target_existed(w))
		return false;
	view = chosen_name(w, old, SLICE_NONE, "view", OBJECT_NONE);
	scrap = chosen_name(w, old, SLICE_NONE, "scrap", OBJECT_NONE);
	s = step_add(w, PHASE_EXPAND, "expand",
		"both names work: the old one is a view now. ALTER TABLE and TRUNCATE want the new "
		"name.");
	s->no_tx = true;
	piece(w, &s->up, "CREATE TABLE %n LIKE %n", schema, new, schema, old);
	piece(w, &s->up, "CREATE VIEW %n AS SELECT * FROM %n", schema, view, schema, new);
	piece(w, &s->up, "RENAME TABLE %n TO %n, %n TO %n, %n TO %n", schema, new, schema, scrap,
		schema, old, schema, new, schema, view, schema, old);
	piece(w, &s->up, "DROP TABLE %n", schema, scrap);
	piece(w, &s->down, "RENAME TABLE %n TO %n, %n TO %n", schema, old, schema, view, schema,
		new, schema, old);
	piece(w, &s->down, "DROP VIEW %n", schema, view);
	s = step_add(w, PHASE_CONTRACT, "contract", "when no running code says %.*s any more.",
		SLICE(old));
	s->no_tx = true;
	s->allow = "drop-view";
	piece(w, &s->up, "DROP VIEW %n", schema, old);
	piece(w, &s->down, "CREATE VIEW %n AS SELECT * FROM %n", schema, old, schema, new);
	return true;
}

const struct recipe recipe_mysql_rename_table = {
	.id = "mysql-rename-table",
	.engines = RULE_MYSQL | RULE_MARIADB,
	.kinds = KINDS(CHANGE_RENAME_TABLE),
	.rules = RULES("rename-table"),
	.says = "one RENAME TABLE that puts a view under the old name; the view goes in the "
		"contract "
		"phase",
	.write = write_rename_table,
};
