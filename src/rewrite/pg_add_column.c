/* pg_add_column.c - PostgreSQL: a column that would rewrite the table, or break running inserts.
 *
 * A column without a value costs nothing; new rows get theirs from the default that is set
 * afterwards, old rows in batches, and only then NOT NULL, keys and checks follow. */
#include "rewrite/internal.h"

#include <stdint.h>

struct adding {
	struct step_writer *w;
	const struct object *def;
	const struct column_def *d;
	struct slice name;
	bool serial, identity, stored;
	bool required;      /* NOT NULL and nothing that gives it a value */
	bool default_later; /* volatile: only for new rows */
	struct slice sequence;
	struct piece_list make; /* the column as it first is */
	enum phase tighten;
};

static bool is_serial(struct slice type)
{
	return slice_ends(type, "serial") || slice_ends(type, "serial4") ||
	       slice_ends(type, "serial8") || slice_ends(type, "serial2");
}

static struct slice type_of(const struct adding *x)
{
	if (!x->serial)
		return x->d->type;
	if (slice_starts(x->d->type, "big") || slice_ends(x->d->type, "8"))
		return SL("bigint");
	if (slice_starts(x->d->type, "small") || slice_ends(x->d->type, "2"))
		return SL("smallint");
	return SL("integer");
}

static const struct object *inline_part(const struct object *def, const char *kind)
{
	for (size_t i = 0; i < def->nparts; i++)
		if (def->parts[i]->type == OBJECT_CONSTRAINT &&
			slice_is(def->parts[i]->constraint.kind, kind))
			return def->parts[i];
	return NULL;
}

static bool is_constrained_domain(struct step_writer *w, struct slice type)
{
	size_t dot = slice_chr(type, '.');
	struct name n = {SLICE_NONE, type};
	const struct object *o;

	if (dot != SIZE_MAX)
		n = (struct name){slice_sub(type, 0, dot), slice_from(type, dot + 1)};
	return catalog_find(w->in->before, w->in->session, OBJECT_TYPE, n, &o) == PRESENT &&
	       slice_is(o->type_.kind, "domain") && (o->type_.not_null || o->type_.checks.n);
}

/* (START WITH 100 …) of the author's IDENTITY, with its parentheses. */
static struct slice identity_options(struct step_writer *w)
{
	struct slice words = change_words_written(w);
	bool seen = false;
	size_t from = 0;
	struct lexer l;
	int depth = 0;

	lexer_init(&l, w->d, words);
	for (struct token t = lexer_next(&l); t.kind != TOKEN_END; t = lexer_next(&l)) {
		if (depth == 0 && token_is(t, "identity")) {
			seen = true;
			continue;
		}
		if (seen && depth == 0 && !token_punct(t, "("))
			return SLICE_NONE;
		if (token_punct(t, "(") && depth++ == 0)
			from = t.off;
		if (token_punct(t, ")") && --depth == 0 && seen)
			return slice_sub(words, from, t.off + 1 - from);
	}
	return SLICE_NONE;
}

static struct slice inside(struct slice options)
{
	return options.len > 2 ? slice_trim(slice_sub(options, 1, options.len - 2)) : SLICE_NONE;
}

static void numbers_from_sequence(struct adding *x)
{
	struct step_writer *w = x->w;
	struct slice options = inside(x->identity ? identity_options(w) : SLICE_NONE);
	struct slice schema = w->c->target.schema;

	x->sequence = chosen_name(
		w, w->c->target.name, x->name, x->identity ? "fill_seq" : "seq", OBJECT_NONE);
	piece(w, &x->make, "CREATE SEQUENCE %n AS %s%s%s OWNED BY %n.%i", schema, x->sequence,
		type_of(x), options.len ? SL(" ") : SLICE_NONE, options, T(w), x->name);
	piece(w, &x->make, "ALTER TABLE %n ALTER COLUMN %i SET DEFAULT nextval(%L)", T(w), x->name,
		text_of(w, "%n", schema, x->sequence));
}

/* A stored expression as a plain column that a trigger keeps. */
static void kept_by_trigger(struct adding *x)
{
	struct step_writer *w = x->w;
	struct slice f = chosen_name(w, w->c->target.name, x->name, "kept", OBJECT_FUNCTION);
	struct slice schema = w->c->target.schema;

	piece(w, &x->make,
		"CREATE FUNCTION %n() RETURNS trigger LANGUAGE plpgsql AS $$\nBEGIN\n"
		"    SELECT %s INTO NEW.%i FROM (SELECT NEW.*) AS %i;\n    RETURN NEW;\nEND\n$$",
		schema, f, best(x->d->generation), x->name, w->c->target.name);
	piece(w, &x->make,
		"CREATE TRIGGER %i BEFORE INSERT OR UPDATE ON %n FOR EACH ROW EXECUTE FUNCTION "
		"%n()",
		f, T(w), schema, f);
	x->sequence = f;
}

static void make_column(struct adding *x)
{
	struct step_writer *w = x->w;
	struct slice given = best(x->d->default_value), collate = SLICE_NONE;
	bool now = given.len && !x->default_later;

	if (x->d->collation.len)
		collate = text_of(w, " COLLATE %i", x->d->collation);
	piece(w, &x->make, "ALTER TABLE %n ADD COLUMN %i %s%s%s%s%s", T(w), x->name, type_of(x),
		collate, now ? SL(" DEFAULT ") : SLICE_NONE, now ? given : SLICE_NONE,
		now && x->d->not_null ? SL(" NOT NULL") : SLICE_NONE);
	if (x->default_later)
		piece(w, &x->make, "ALTER TABLE %n ALTER COLUMN %i SET DEFAULT %s", T(w), x->name,
			given);
	if (x->serial || x->identity)
		numbers_from_sequence(x);
	if (x->stored)
		kept_by_trigger(x);
}

static void expand(struct adding *x)
{
	struct step_writer *w = x->w;
	struct safe_step *s = step_add(w, PHASE_EXPAND, "expand", "%s",
		x->required ? "the column can be NULL for now: code that runs already does not "
			      "know it. Then release the code that writes it."
		: x->stored ? "a plain column that a trigger keeps, for a stored one cannot be had "
			      "without rewriting the table."
			    : "the column comes without a value, so no row is touched; new rows "
			      "get theirs.");

	s->up = x->make;
	piece(w, &s->down, "ALTER TABLE %n DROP COLUMN %i", T(w), x->name);
	if (x->stored) {
		s->down.n = 0;
		piece(w, &s->down, "DROP TRIGGER %i ON %n", x->sequence, T(w));
		piece(w, &s->down, "DROP FUNCTION %n()", w->c->target.schema, x->sequence);
		piece(w, &s->down, "ALTER TABLE %n DROP COLUMN %i", T(w), x->name);
	}
	verify_column(w, s, x->name, true);
}

struct safe_step *fill_step(struct step_writer *w, struct slice column, struct slice value,
	struct slice where, const struct piece_list *undo_with)
{
	struct safe_step *s = step_add(w, PHASE_BACKFILL, "backfill",
		"rows that were there before get their value. The way back makes the column anew, "
		"empty, without writing a row.");
	struct buf b = {0};

	s->no_tx = s->batched = true;
	piece(w, &s->up, "UPDATE %n SET %i = %s WHERE %s", T(w), column, value, where);
	sqlf(&b, w->d, "BEGIN;\nALTER TABLE %n DROP COLUMN %i;\n", T(w), column);
	for (size_t i = 0; i < undo_with->n; i++)
		sqlf(&b, w->d, "%s;\n", undo_with->at[i]);
	buf_adds(&b, "COMMIT");
	piece_text(w, &s->down, arena_slice(w->a, buf_slice(&b)));
	piece(w, &s->verify, "SELECT 1 AS not_filled FROM %n WHERE %s LIMIT 1", T(w), where);
	buf_done(&b);
	return s;
}

static void backfill(struct adding *x)
{
	struct step_writer *w = x->w;
	struct slice value = SLICE_NONE, where = text_of(w, "%i IS NULL", x->name);
	struct piece_list again = x->make;
	struct safe_step *s;

	if (x->default_later)
		value = best(x->d->default_value);
	else if (x->sequence.len && !x->stored)
		value = text_of(
			w, "nextval(%L)", text_of(w, "%n", w->c->target.schema, x->sequence));
	else if (x->stored)
		value = best(x->d->generation);
	else if (x->required)
		value = w->in->fill;
	else
		return;
	if (x->stored) {
		/* The trigger and its function do not depend on the column. */
		where = text_of(w, "%s IS DISTINCT FROM (%s)",
			comparable(w, text_of(w, "%i", x->name), x->d->type),
			comparable(w, value, x->d->type));
		again.n = 1;
	}
	if (value.len) {
		fill_step(w, x->name, value, where, &again);
		return;
	}
	s = step_add(w, PHASE_BACKFILL, "backfill", "rows that were there before need a value.");
	s->no_tx = s->batched = s->needs_value = true;
	piece(w, &s->up, "-- UPDATE %n SET %i = … WHERE %i IS NULL", T(w), x->name, x->name);
}

/* UNIQUE, REFERENCES, CHECK written beside the column, as constraints of their own. */
static bool constraints(struct adding *x)
{
	struct step_writer *w = x->w;
	size_t first = w->out->n;
	struct object stub = {
		.type = OBJECT_TABLE, .schema = w->c->target.schema, .name = w->c->target.name};

	for (size_t i = 0; i < x->def->nparts; i++) {
		const struct object *p = x->def->parts[i];
		struct object copy = *p;
		struct slice kind = p->constraint.kind;

		if (p->type != OBJECT_CONSTRAINT)
			continue;
		copy.table = &stub;
		if (slice_is(kind, "check") || slice_is(kind, "foreign key")) {
			if (slice_empty(copy.name) || copy.generated_name)
				copy.name = chosen_name(w, stub.name, x->name,
					slice_is(kind, "check") ? "check" : "fkey",
					OBJECT_CONSTRAINT);
			copy.generated_name = false;
			if (slice_is(kind, "check"))
				add_check(w, &copy, rendered(w, &copy));
			else
				add_foreign_key(w, &copy, rendered(w, &copy));
		} else if (slice_is(kind, "unique") || slice_is(kind, "primary key")) {
			add_key(w, &copy);
		}
		if (w->out->refused.len)
			return false;
	}
	for (size_t i = first; i < w->out->n; i++)
		w->out->steps[i]->phase = x->tighten;
	return true;
}

/* The numbers go on where the helping sequence stands. */
static void become_identity(struct adding *x)
{
	struct step_writer *w = x->w;
	struct name help = {w->c->target.schema, x->sequence};
	struct slice options = identity_options(w);
	struct slice own = chosen_name(w, w->c->target.name, x->name, "seq", OBJECT_NONE);
	struct safe_step *s = step_add(w, x->tighten, "identity",
		"the identity takes over from the sequence that gave the numbers so far.");

	piece(w, &s->up, "ALTER TABLE %n ALTER COLUMN %i DROP DEFAULT", T(w), x->name);
	piece(w, &s->up, "ALTER TABLE %n ALTER COLUMN %i ADD GENERATED %s AS IDENTITY%s%s", T(w),
		x->name, slice_is(x->d->identity, "always") ? SL("ALWAYS") : SL("BY DEFAULT"),
		options.len ? SL(" ") : SLICE_NONE, options);
	piece(w, &s->up, "SELECT setval(%L, last_value, is_called) FROM %n",
		text_of(w, "%n", help.schema, own), help.schema, help.name);
	piece(w, &s->up, "DROP SEQUENCE %n", help.schema, help.name);
	for (size_t i = 1; i < x->make.n; i++) {
		piece_text(w, &s->down, x->make.at[i]);
		if (i == 1) {
			piece(w, &s->down, "SELECT setval(%L, last_value, is_called) FROM %n",
				text_of(w, "%n", help.schema, help.name), help.schema, own);
			piece(w, &s->down, "ALTER TABLE %n ALTER COLUMN %i DROP IDENTITY", T(w),
				x->name);
		}
	}
}

/* One value for all rows needs no filling: a default gives it, also to code that runs already and
 * does not know the column, until that code is gone. */
static void by_default(struct adding *x)
{
	struct step_writer *w = x->w;
	struct slice collate = SLICE_NONE;
	struct safe_step *s = step_add(w, PHASE_EXPAND, "expand",
		"a constant default gives every row its value without touching one, and gives one "
		"to inserts of code that does not know the column yet.");

	if (x->d->collation.len)
		collate = text_of(w, " COLLATE %i", x->d->collation);
	piece(w, &s->up, "ALTER TABLE %n ADD COLUMN %i %s%s DEFAULT %s NOT NULL", T(w), x->name,
		x->d->type, collate, w->in->fill);
	piece(w, &s->down, "ALTER TABLE %n DROP COLUMN %i", T(w), x->name);
	verify_column(w, s, x->name, true);
	x->tighten = PHASE_BACKFILL;
	if (!constraints(x))
		return;
	s = step_add(w, PHASE_CONTRACT, "contract",
		"when all running code writes %.*s itself, the default goes.", SLICE(x->name));
	s->allow = "drop-default";
	piece(w, &s->up, "ALTER TABLE %n ALTER COLUMN %i DROP DEFAULT", T(w), x->name);
	piece(w, &s->down, "ALTER TABLE %n ALTER COLUMN %i SET DEFAULT %s", T(w), x->name,
		w->in->fill);
}

/* Rows that code without the column has written since the backfill. */
static void catch_up(struct adding *x)
{
	struct step_writer *w = x->w;
	struct safe_step *s = step_add(w, PHASE_CONTRACT, "catch_up",
		"rows that older code wrote since the backfill get their value.");

	s->no_tx = s->batched = true;
	piece(w, &s->up, "UPDATE %n SET %i = %s WHERE %i IS NULL", T(w), x->name, w->in->fill,
		x->name);
	nothing_to_undo(w, s, "the backfill's own way back empties the column");
}

static bool write_add_column(struct step_writer *w)
{
	const struct object *def = w->c->def;
	struct adding x = {.w = w, .def = def, .name = w->c->name, .tighten = PHASE_BACKFILL};
	bool rewrites, scans, keys;
	struct safe_step *s;

	if (!def || !target_existed(w))
		return false;
	x.d = &def->column;
	x.serial = is_serial(x.d->type);
	x.identity = x.d->identity.len > 0;
	x.stored = slice_is(x.d->generated, "stored");
	x.required = x.d->not_null && slice_empty(best(x.d->default_value)) && !x.serial &&
		     !x.identity && slice_empty(x.d->generated);
	keys = inline_part(def, "unique") || inline_part(def, "primary key");
	rewrites = rewrites_table(w);
	scans = scans_table(w) && (inline_part(def, "check") || inline_part(def, "foreign key"));
	if (!rewrites && !x.required && !keys && !scans)
		return false;
	if (is_constrained_domain(w, x.d->type))
		return refuse(w,
			"a column of the domain %.*s, which has constraints, rewrites the table: "
			"use the domain's base type, and its checks as a CHECK of this table",
			SLICE(x.d->type));
	x.default_later =
		rewrites && best(x.d->default_value).len && !x.serial && !x.identity && !x.stored;
	if (x.required && is_literal(w->d, w->in->fill)) {
		by_default(&x);
		return true;
	}
	make_column(&x);
	expand(&x);
	backfill(&x);
	if (x.required)
		x.tighten = PHASE_CONTRACT;
	if (x.required && w->in->fill.len)
		catch_up(&x);
	if (!constraints(&x))
		return true;
	if ((x.required || x.default_later || x.serial || x.identity || x.stored) &&
		(x.d->not_null || x.serial || x.identity) && !inline_part(def, "primary key")) {
		s = step_add(w, x.tighten, "not_null",
			"a check proves that no row is NULL while reads and writes go on; SET NOT "
			"NULL then has nothing to read.");
		s->no_tx = true;
		prove_not_null(w, s, x.name, true);
	}
	if (x.identity)
		become_identity(&x);
	return true;
}

const struct recipe recipe_add_column = {
	.id = "add-column",
	.engines = RULE_PG,
	.kinds = KINDS(CHANGE_ADD_COLUMN),
	.rules = RULES("add-column-volatile-default", "add-column-serial", "add-column-identity",
		"add-column-stored-generated", "add-column-required", "add-column-inline-unique",
		"add-column-inline-check", "add-column-inline-fk", "add-column-checked-domain"),
	.says = "ADD COLUMN without a value, SET DEFAULT for new rows, old rows in batches, then "
		"NOT "
		"NULL and constraints by their own safe forms",
	.write = write_add_column,
};
