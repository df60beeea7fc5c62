/* data.c - many rows are changed in batches; what has no safe form says why. */
#include "rewrite/internal.h"

#include "sql/batched.h"

static bool write_rows(struct step_writer *w)
{
	struct safe_step *s;

	if ((w->c->flags & (CHANGE_HAS_LIMIT | CHANGE_RETURNING)) || !target_existed(w) ||
		has_directive(w->in->statement, "batched"))
		return false;
	s = step_add(w, PHASE_BACKFILL, "backfill",
		"the rows are changed in batches with a commit each. There is no way back: the old "
		"values are gone.");
	s->no_tx = s->batched = s->one_way = true;
	piece_text(w, &s->up, slice_trim(w->in->statement->raw));
	return true;
}

const struct recipe recipe_rows_in_batches = {
	.id = "rows-in-batches",
	.engines = RULE_ALL,
	.kinds = KINDS(CHANGE_UPDATE, CHANGE_DELETE),
	.rules = RULES("update-no-where", "ddl-and-backfill-tx", "unbatched-backfill"),
	.says = "a file of its own, outside a transaction, with -- belay:batched",
	.write = write_rows,
};

/* UPDATE … LIMIT again and again, until nothing is left: each round looks for its rows from the
 * beginning, and without a COMMIT they all stay locked. */
static bool write_loop(struct step_writer *w)
{
	struct safe_step *s;
	struct batched b;

	if (has_directive(w->in->statement, "batched") ||
		!batched_loop(&b, w->a, w->d, w->in->statement->raw))
		return false;
	s = step_add(w, PHASE_BACKFILL, "backfill",
		"the loop is the statement that it means, in batches with a commit each. There is "
		"no way back: the old values are gone.");
	s->no_tx = s->batched = s->one_way = true;
	piece_text(w, &s->up, text_of(w, "%s\n WHERE %s", slice_trim(b.head), slice_trim(b.where)));
	return true;
}

const struct recipe recipe_loop_in_batches = {
	.id = "loop-in-batches",
	.engines = RULE_PG,
	.kinds = KINDS(CHANGE_DO_BLOCK),
	.rules = RULES("unbatched-backfill"),
	.says = "the statement that a loop of UPDATE … LIMIT means, with -- belay:batched",
	.write = write_loop,
};

static bool write_enum_value(struct step_writer *w)
{
	struct safe_step *s = step_add(w, PHASE_EXPAND, "enum_value",
		"a new value can be used when the transaction that adds it is over. There is no "
		"way "
		"back: a value of an enum cannot be removed.");

	s->no_tx = s->one_way = true;
	piece_text(w, &s->up, slice_trim(w->in->statement->raw));
	piece(w, &s->verify,
		"SELECT %L AS missing WHERE NOT EXISTS (\n"
		"    SELECT FROM pg_enum WHERE enumtypid = to_regtype(%L) AND enumlabel = %L)",
		w->c->value.text, text_of(w, "%n", T(w)), w->c->value.text);
	return true;
}

const struct recipe recipe_enum_value = {
	.id = "enum-value",
	.engines = RULE_PG,
	.kinds = KINDS(CHANGE_ADD_ENUM_VALUE),
	.rules = RULES("enum-value-in-tx"),
	.says = "ALTER TYPE … ADD VALUE in a migration of its own, before the one that uses the "
		"value",
	.write = write_enum_value,
};

static bool no_safe_form(struct step_writer *w)
{
	switch (w->c->kind) {
	case CHANGE_TRUNCATE:
		return refuse(w,
			"No safe form: TRUNCATE stops all reads and writes and cannot be "
			"undone. DELETE in batches (-- belay:batched), after a copy of what "
			"may be needed.");
	case CHANGE_CLUSTER:
		return refuse(w, "No safe form: CLUSTER copies the table under ACCESS EXCLUSIVE. "
				 "pg_repack does it beside the traffic.");
	case CHANGE_VACUUM:
		if (!(w->c->flags & CHANGE_FULL))
			return false;
		return refuse(w,
			"No safe form: VACUUM FULL copies the table under ACCESS "
			"EXCLUSIVE. VACUUM blocks nobody; pg_repack shrinks a table beside "
			"the traffic.");
	case CHANGE_SET_LOGGED:
	case CHANGE_SET_UNLOGGED:
	case CHANGE_SET_ACCESS_METHOD:
	case CHANGE_SET_TABLESPACE:
		if (!rewrites_table(w))
			return false;
		return refuse(w, "No safe form: the table is copied under ACCESS EXCLUSIVE. A new "
				 "table made that way, filled in batches and swapped, or a window "
				 "without traffic.");
	case CHANGE_DROP_SCHEMA:
	case CHANGE_DROP_DATABASE:
		return refuse(w, "No safe form: drop the objects by name, in the contract phase, "
				 "with a backup.");
	default:
		return false;
	}
}

const struct recipe recipe_no_safe_form = {
	.id = "no-safe-form",
	.engines = RULE_PG,
	.kinds = KINDS(CHANGE_TRUNCATE, CHANGE_CLUSTER, CHANGE_VACUUM, CHANGE_SET_LOGGED,
		CHANGE_SET_UNLOGGED, CHANGE_SET_ACCESS_METHOD, CHANGE_SET_TABLESPACE,
		CHANGE_DROP_SCHEMA, CHANGE_DROP_DATABASE),
	.rules = RULES("truncate", "cluster-table", "vacuum-full", "set-logged", "drop-schema"),
	.says = "none: refused with the reason",
	.write = no_safe_form,
};
