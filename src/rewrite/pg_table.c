/* pg_table.c - PostgreSQL: a table's name, and its partitions. */
#include "rewrite/internal.h"

#include <stdint.h>

/* The grants on rows that a view can have, from "role=arwd/owner"; an empty role is everybody. */
static void grant_one(struct step_writer *w, struct piece_list *to, struct slice entry)
{
	static const struct {
		char letter;
		const char *word;
	} rights[] = {{'r', "SELECT"}, {'a', "INSERT"}, {'w', "UPDATE"}, {'d', "DELETE"}};
	size_t eq = slice_chr(entry, '=');
	struct slice role = slice_sub(entry, 0, eq), letters = slice_from(entry, eq + 1);
	struct slice words = SLICE_NONE;

	letters = slice_sub(letters, 0, slice_chr(letters, '/'));
	for (size_t i = 0; i < sizeof rights / sizeof *rights; i++)
		if (slice_chr(letters, rights[i].letter) != SIZE_MAX)
			words = arena_printf(w->a, "%.*s%s%s", SLICE(words), words.len ? ", " : "",
				rights[i].word);
	if (eq == SIZE_MAX || !words.len || slice_eq(role, w->table->owner))
		return;
	piece(w, to, "GRANT %s ON %n TO %s", words, T(w),
		role.len ? text_of(w, "%i", role) : SL("PUBLIC"));
}

static void make_shim(struct step_writer *w, struct piece_list *to, struct slice with)
{
	piece(w, to, "CREATE VIEW %n%s AS SELECT * FROM %n", T(w), with, w->c->target.schema,
		w->c->other.name);
	for (size_t i = 0; w->table && i < w->table->acl.n; i++)
		grant_one(w, to, w->table->acl.at[i]);
}

static bool write_rename_table(struct step_writer *w)
{
	struct slice schema = w->c->target.schema, old = w->c->target.name;
	struct slice with = SLICE_NONE;
	struct safe_step *s;

	if ((w->c->type != OBJECT_TABLE && w->c->type != OBJECT_NONE) || !target_existed(w) ||
		(w->table && w->table->type != OBJECT_TABLE))
		return false;
	if (w->table && w->table->table_.row_security) {
		if (w->in->version < 150000)
			return refuse(w,
				"%.*s has row level security, and before PostgreSQL 15 a view "
				"under the old name would go round it",
				SLICE(old));
		with = SL(" WITH (security_invoker = true)");
	}
	s = step_add(w, PHASE_EXPAND, "expand",
		"both names work: the old one is a view now. COPY, TRUNCATE, ALTER TABLE and ON "
		"CONFLICT ON CONSTRAINT want the new name.");
	piece(w, &s->up, "ALTER TABLE %n RENAME TO %i", T(w), w->c->other.name);
	make_shim(w, &s->up, with);
	piece(w, &s->down, "DROP VIEW %n", T(w));
	piece(w, &s->down, "ALTER TABLE %n RENAME TO %i", schema, w->c->other.name, old);
	s = step_add(w, PHASE_CONTRACT, "contract", "when no running code says %.*s any more.",
		SLICE(old));
	s->allow = "drop-view";
	piece(w, &s->up, "DROP VIEW %n", T(w));
	make_shim(w, &s->down, with);
	return true;
}

const struct recipe recipe_rename_table = {
	.id = "rename-table",
	.engines = RULE_PG,
	.kinds = KINDS(CHANGE_RENAME_TABLE),
	.rules = RULES("rename-table"),
	.says = "rename, and a view under the old name in the same transaction; the view goes in "
		"the "
		"contract phase",
	.write = write_rename_table,
};

/* ---- Partitions ---- */

static bool has_default_partition(struct step_writer *w)
{
	const struct object **v;
	size_t n = w->table ? catalog_partitions(w->in->before, w->table, w->a, &v) : 0;

	for (size_t i = 0; i < n; i++)
		if (slice_istarts(slice_trim(best(v[i]->table_.partition_bound)), "default"))
			return true;
	return false;
}

static const struct object *child_of(struct step_writer *w)
{
	const struct object *o = NULL;

	if (catalog_find(w->in->before, w->in->session, OBJECT_TABLE, w->c->other, &o) != PRESENT)
		return NULL;
	return o;
}

/* The text between the next parentheses, moved behind them. */
static bool parenthesis(struct lexer *l, struct slice *inside, size_t *commas)
{
	struct token t = lexer_next(l);
	size_t from = t.off + 1;
	int depth = 1;

	*commas = 0;
	if (!token_punct(t, "("))
		return false;
	for (t = lexer_next(l); t.kind != TOKEN_END; t = lexer_next(l)) {
		depth += token_punct(t, "(") - token_punct(t, ")");
		if (depth == 0) {
			*inside = slice_trim(slice_sub(l->text, from, t.off - from));
			return true;
		}
		*commas += depth == 1 && token_punct(t, ",");
	}
	return false;
}

/* "RANGE (day)" of one plain column. */
static bool key_column(struct step_writer *w, const char *strategy, struct slice *column)
{
	struct slice inside;
	struct lexer l;
	struct token t;
	size_t commas;

	if (!w->table)
		return false;
	lexer_init(&l, w->d, best(w->table->table_.partition_key));
	t = lexer_next(&l);
	if (!token_is(t, strategy) || !parenthesis(&l, &inside, &commas) || commas)
		return false;
	lexer_init(&l, w->d, inside);
	t = lexer_next(&l);
	*column = token_value(w->a, w->d, t);
	return (t.kind == TOKEN_WORD || t.kind == TOKEN_QUOTED) && t.text.len == inside.len;
}

/* The server keeps the bound as a check of the table, which a plain DETACH does not leave. */
static void drop_bound_check(struct step_writer *w, struct safe_step *s)
{
	struct slice column = SLICE_NONE, name;

	if (!key_column(w, "range", &column) && !key_column(w, "list", &column))
		column = SLICE_NONE;
	name = chosen_name(w, w->c->other.name, column, "check", OBJECT_NONE);
	if (w->in->one_message)
		s = step_add(w, PHASE_EXPAND, "check",
			"the bound, which the server kept as a "
			"check, goes.");
	piece(w, &s->up, "ALTER TABLE %n DROP CONSTRAINT IF EXISTS %i", w->c->other.schema,
		w->c->other.name, name);
	if (w->in->one_message)
		nothing_to_undo(w, s, "attaching it again brings the bound");
}

static bool write_detach(struct step_writer *w)
{
	const struct object *child;
	struct safe_step *s;

	if ((w->c->flags & (CHANGE_CONCURRENTLY | CHANGE_FINALIZE)) || !target_existed(w))
		return false;
	if (has_default_partition(w))
		return refuse(w,
			"%.*s has a default partition, so DETACH … CONCURRENTLY is refused: "
			"detach in a quiet moment, under a short lock_timeout",
			SLICE(w->c->target.name));
	s = step_add(w, PHASE_EXPAND, "detach",
		"reads and writes of the parent go on. After a crash in between: ALTER TABLE … "
		"DETACH PARTITION … FINALIZE.");
	s->no_tx = true;
	piece(w, &s->up, "ALTER TABLE %n DETACH PARTITION %n CONCURRENTLY", T(w),
		w->c->other.schema, w->c->other.name);
	child = child_of(w);
	if (child && best(child->table_.partition_bound).len)
		piece(w, &s->down, "ALTER TABLE %n ATTACH PARTITION %n %s", T(w),
			w->c->other.schema, w->c->other.name, best(child->table_.partition_bound));
	else
		s->one_way = true;
	drop_bound_check(w, s);
	return true;
}

const struct recipe recipe_detach_partition = {
	.id = "detach-partition",
	.engines = RULE_PG,
	.since = 140000,
	.kinds = KINDS(CHANGE_DETACH_PARTITION),
	.rules = RULES("detach-not-concurrent"),
	.says = "DETACH PARTITION … CONCURRENTLY outside a transaction",
	.write = write_detach,
};

/* The bound as a check, so that ATTACH has nothing to read. */
static bool bound_check(struct step_writer *w, struct slice *check)
{
	struct slice column, from, to, parts;
	size_t commas;
	struct lexer l;

	lexer_init(&l, w->d, w->c->value.text);
	if (token_is(lexer_peek(&l), "for"))
		lexer_next(&l), lexer_next(&l);
	if (token_is(lexer_peek(&l), "in") && key_column(w, "list", &column)) {
		lexer_next(&l);
		if (!parenthesis(&l, &parts, &commas) || slice_ifind(parts, SL("null")) != SIZE_MAX)
			return false;
		*check = text_of(w, "%i IS NOT NULL AND %i IN (%s)", column, column, parts);
		return true;
	}
	if (!token_is(lexer_next(&l), "from") || !key_column(w, "range", &column) ||
		!parenthesis(&l, &from, &commas) || commas || !token_is(lexer_next(&l), "to") ||
		!parenthesis(&l, &to, &commas) || commas)
		return false;
	*check = text_of(w, "%i IS NOT NULL", column);
	if (!slice_iis(from, "minvalue"))
		*check = text_of(w, "%s AND %i >= %s", *check, column, from);
	if (!slice_iis(to, "maxvalue"))
		*check = text_of(w, "%s AND %i < %s", *check, column, to);
	return true;
}

static bool write_attach(struct step_writer *w)
{
	struct slice check, name;
	struct safe_step *s;
	struct name child = w->c->other;

	if (!target_existed(w) || !scans_table(w))
		return false;
	if (!bound_check(w, &check))
		return refuse(w,
			"the bound is not one that a check can say for one plain column (a list, "
			"or a range of one column): validate a CHECK that implies it on %.*s "
			"first, then attach",
			SLICE(child.name));
	name = chosen_name(w, child.name, SL("bound"), "check", OBJECT_NONE);
	s = step_add(w, PHASE_EXPAND, "attach",
		"a check proves that every row fits while reads and writes of %.*s go on; ATTACH "
		"then has nothing to read.%s",
		SLICE(child.name),
		has_default_partition(w) ? " The default partition is still read: give it a check "
					   "that excludes these rows first."
					 : "");
	s->no_tx = true;
	piece(w, &s->up, "ALTER TABLE %n ADD CONSTRAINT %i CHECK (%s) NOT VALID", child.schema,
		child.name, name, check);
	piece(w, &s->up, "ALTER TABLE %n VALIDATE CONSTRAINT %i", child.schema, child.name, name);
	piece_text(w, &s->up, alone(w));
	piece(w, &s->up, "ALTER TABLE %n DROP CONSTRAINT %i", child.schema, child.name, name);
	piece(w, &s->down, "ALTER TABLE %n DETACH PARTITION %n", T(w), child.schema, child.name);
	return true;
}

const struct recipe recipe_attach_partition = {
	.id = "attach-partition",
	.engines = RULE_PG,
	.kinds = KINDS(CHANGE_ATTACH_PARTITION),
	.rules = RULES("attach-partition-scan"),
	.says = "CHECK (the bound) NOT VALID on the table to attach, VALIDATE, ATTACH, DROP the "
		"check",
	.write = write_attach,
};
