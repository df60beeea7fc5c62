/* pg_index.c - PostgreSQL: indexes are built, dropped and rebuilt without stopping writes.
 *
 * CONCURRENTLY holds SHARE UPDATE EXCLUSIVE only, cannot stand in a transaction, and leaves an
 * INVALID index behind when it fails: so each file drops such a leftover before it builds. */
#include "rewrite/internal.h"

#include <stdint.h>

/* lower(x), also in parentheses: lower; another expression: expr. */
static struct slice key_word(struct step_writer *w, struct slice key)
{
	bool inner = false;
	struct lexer l;
	struct token t;

	lexer_init(&l, w->d, key);
	for (t = lexer_next(&l); token_punct(t, "("); t = lexer_next(&l))
		inner = true;
	if (t.kind != TOKEN_WORD && t.kind != TOKEN_QUOTED)
		return SL("expr");
	if (inner && !token_punct(lexer_peek(&l), "("))
		return SL("expr");
	return token_value(w->a, w->d, t);
}

/* What the server would put into the name. */
static struct slice key_words(struct step_writer *w, struct names keys)
{
	struct names words = {0};

	for (size_t i = 0; i < keys.n; i++)
		names_add(w->a, &words, key_word(w, keys.at[i]));
	return joined(w, words);
}

static struct name index_name(struct step_writer *w)
{
	const struct object *def = w->c->def;

	if (def->name.len && !def->generated_name)
		return (struct name){w->c->target.schema, def->name};
	return (struct name){w->c->target.schema,
		def->name.len ? def->name
			      : chosen_name(w, w->c->target.name, key_words(w, def->index.keys),
					"idx", OBJECT_NONE)};
}

/* IF NOT EXISTS would take the INVALID index that a failed build leaves for done. */
static struct slice without_if_not_exists(struct step_writer *w, struct slice text)
{
	size_t from = SIZE_MAX;
	struct lexer l;

	lexer_init(&l, w->d, text);
	for (struct token t = lexer_next(&l); t.kind != TOKEN_END; t = lexer_next(&l)) {
		if (token_is(t, "if") && from == SIZE_MAX)
			from = t.off;
		if (token_is(t, "exists") && from != SIZE_MAX)
			return text_of(w, "%s%s", slice_sub(text, 0, from),
				slice_trim(slice_from(text, t.off + t.text.len)));
		if (token_is(t, "on"))
			break;
	}
	return text;
}

/* The author's statement with CONCURRENTLY, and the name that the server would have chosen. */
static struct slice concurrent_text(struct step_writer *w, struct name name)
{
	struct slice raw = without_if_not_exists(w, slice_trim(w->in->statement->raw));
	struct slice insert = SL("CONCURRENTLY");

	if (slice_empty(w->c->def->name) || w->c->def->generated_name)
		insert = text_of(w, "CONCURRENTLY %i", name.name);
	return with_word_after(w, raw, "index", insert);
}

static void build(struct step_writer *w, struct slice text, struct name name, struct name on)
{
	struct safe_step *s = step_add(w, PHASE_EXPAND, "index",
		"build index %.*s on %.*s while reads and writes go on. Should it fail, it leaves "
		"an INVALID index, %s.",
		SLICE(name.name), SLICE(on.name),
		w->c->flags & CHANGE_IF_NOT_EXISTS
			? "which has to be dropped before the next attempt"
			: "which the next attempt drops first");

	s->no_tx = true;
	/* Where an index of that name may be there for good reason it is not dropped: the build
	 * then fails, which harms nobody. */
	if (!(w->c->flags & CHANGE_IF_NOT_EXISTS))
		piece(w, &s->guard, "DROP INDEX CONCURRENTLY IF EXISTS %n", name.schema, name.name);
	piece_text(w, &s->up, text);
	piece(w, &s->down, "DROP INDEX CONCURRENTLY IF EXISTS %n", name.schema, name.name);
	verify_index(w, s, name);
}

static struct slice without_name_and_table(struct step_writer *w)
{
	const struct index_def *d = &w->c->def->index;
	struct object copy = *w->c->def;
	struct slice text;
	size_t at;

	(void)d;
	copy.name = SL("x");
	copy.table = NULL;
	copy.schema = SLICE_NONE;
	text = rendered(w, &copy);
	at = slice_find(text, SL(" USING "));
	return at == SIZE_MAX ? SLICE_NONE : slice_from(text, at + 1);
}

/* ON ONLY the parent, which is INVALID until the last partition's index is attached. */
static bool build_on_partitions(struct step_writer *w, struct name name)
{
	const struct object **parts;
	size_t n = catalog_partitions(w->in->before, w->table, w->a, &parts);
	struct slice keys = without_name_and_table(w);
	struct slice unique = w->c->def->index.unique ? SL("UNIQUE ") : SLICE_NONE;
	struct safe_step *s;
	struct slice *names = ARENA_ARRAY(w->a, n + 1, struct slice);

	for (size_t i = 0; i < n; i++)
		if (is_partitioned(parts[i]))
			return refuse(w,
				"%.*s has partitions of partitions: build the index ON ONLY each "
				"parent, CONCURRENTLY on each leaf, and attach them upwards",
				SLICE(w->table->name));
	s = step_add(w, PHASE_EXPAND, "parent",
		"the index of the partitioned table itself; it is not valid before every partition "
		"has one.");
	piece(w, &s->up, "CREATE %sINDEX %i ON ONLY %n %s", unique, name.name, T(w), keys);
	piece(w, &s->down, "DROP INDEX %n", name.schema, name.name);
	for (size_t i = 0; i < n; i++) {
		struct name on = {parts[i]->schema, parts[i]->name};

		if (slice_empty(w->c->target.schema))
			on.schema = SLICE_NONE;
		names[i] = chosen_name(
			w, on.name, key_words(w, w->c->def->index.keys), "idx", OBJECT_NONE);
		build(w,
			text_of(w, "CREATE %sINDEX CONCURRENTLY %i ON %n %s", unique, names[i],
				on.schema, on.name, keys),
			(struct name){on.schema, names[i]}, on);
	}
	s = step_add(
		w, PHASE_EXPAND, "attach", "the partitions' indexes become parts of the whole.");
	for (size_t i = 0; i < n; i++)
		piece(w, &s->up, "ALTER INDEX %n ATTACH PARTITION %n", name.schema, name.name,
			slice_empty(w->c->target.schema) ? SLICE_NONE : parts[i]->schema, names[i]);
	/* An index cannot be detached: the parent's goes, its parts with it, and they come back. */
	piece(w, &s->down, "DROP INDEX %n", name.schema, name.name);
	for (size_t i = 0; i < n; i++)
		piece(w, &s->down, "CREATE %sINDEX %i ON %n %s", unique, names[i],
			slice_empty(w->c->target.schema) ? SLICE_NONE : parts[i]->schema,
			parts[i]->name, keys);
	piece(w, &s->down, "CREATE %sINDEX %i ON ONLY %n %s", unique, name.name, T(w), keys);
	verify_index(w, s, name);
	return true;
}

static bool write_create(struct step_writer *w)
{
	struct name name;

	if (!w->c->def || w->c->def->index.on_only || !target_existed(w))
		return false;
	if ((w->c->flags & CHANGE_CONCURRENTLY) && !is_partitioned(w->table))
		return false;
	name = index_name(w);
	if (is_partitioned(w->table))
		return build_on_partitions(w, name);
	build(w, concurrent_text(w, name), name, w->c->target);
	return true;
}

const struct recipe recipe_create_index = {
	.id = "create-index",
	.engines = RULE_PG,
	.kinds = KINDS(CHANGE_CREATE_INDEX),
	.rules = RULES(
		"index-not-concurrent", "concurrent-index-partitioned", "index-in-exclusive-tx"),
	.says = "CREATE INDEX CONCURRENTLY outside a transaction; on a partitioned table ON ONLY "
		"the parent, CONCURRENTLY on each partition, then attach",
	.write = write_create,
};

static bool write_drop(struct step_writer *w)
{
	const struct object *o = NULL;
	struct safe_step *s;

	if ((w->c->flags & CHANGE_CONCURRENTLY) ||
		catalog_find(w->in->before, w->in->session, OBJECT_INDEX, w->c->target, &o) ==
			ABSENT)
		return false;
	if (w->c->flags & CHANGE_CASCADE)
		return refuse(w,
			"DROP INDEX CONCURRENTLY knows no CASCADE: drop what depends on "
			"%.*s by name, then the index",
			SLICE(w->c->target.name));
	if (o && is_partitioned(o->table))
		return refuse(w,
			"the index of a partitioned table cannot be dropped "
			"concurrently: drop it in a quiet moment, under a short lock_timeout");
	s = step_add(w, PHASE_EXPAND, "drop_index", "drop the index while reads and writes go on.");
	s->no_tx = true;
	piece(w, &s->up, "DROP INDEX CONCURRENTLY %s%n",
		w->c->flags & CHANGE_IF_EXISTS ? SL("IF EXISTS ") : SLICE_NONE, T(w));
	if (o)
		piece_text(w, &s->down,
			with_word_after(w, rendered(w, o), "index", SL("CONCURRENTLY")));
	else
		s->one_way = true;
	piece(w, &s->verify, "SELECT %L AS still_there WHERE to_regclass(%L) IS NOT NULL",
		w->c->target.name, text_of(w, "%n", T(w)));
	return true;
}

const struct recipe recipe_drop_index = {
	.id = "drop-index",
	.engines = RULE_PG,
	.kinds = KINDS(CHANGE_DROP_INDEX),
	.rules = RULES("drop-index-not-concurrent"),
	.says = "DROP INDEX CONCURRENTLY outside a transaction",
	.write = write_drop,
};

static const char *reindex_word(enum object_type t)
{
	switch (t) {
	case OBJECT_INDEX:
		return "index";
	case OBJECT_TABLE:
		return "table";
	case OBJECT_SCHEMA:
		return "schema";
	case OBJECT_DATABASE:
		return "database";
	default:
		return NULL;
	}
}

static bool write_reindex(struct step_writer *w)
{
	const char *word = reindex_word(w->c->type);
	struct safe_step *s;

	if (w->c->flags & CHANGE_CONCURRENTLY)
		return false;
	if (!word)
		return refuse(w, "system catalogs cannot be reindexed concurrently");
	s = step_add(w, PHASE_EXPAND, "reindex", "rebuild while reads and writes go on.");
	s->no_tx = true;
	piece_text(w, &s->up,
		with_word_after(w, slice_trim(w->in->statement->raw), word, SL("CONCURRENTLY")));
	nothing_to_undo(w, s, "the indexes are the same, only new");
	return true;
}

const struct recipe recipe_reindex = {
	.id = "reindex",
	.engines = RULE_PG,
	.since = 120000,
	.kinds = KINDS(CHANGE_REINDEX),
	.rules = RULES("reindex-not-concurrent"),
	.says = "REINDEX … CONCURRENTLY outside a transaction",
	.write = write_reindex,
};

/* CONCURRENTLY compares old and new rows by a unique index over plain columns. */
static bool has_plain_unique(const struct object *view)
{
	for (size_t i = 0; i < view->nparts; i++) {
		const struct object *p = view->parts[i];

		if (p->type == OBJECT_INDEX && p->index.unique &&
			slice_empty(best(p->index.predicate)) &&
			p->index.keys.n == p->index.columns.n)
			return true;
	}
	return false;
}

static bool write_refresh(struct step_writer *w)
{
	const struct object *o = NULL;
	struct safe_step *s;

	if ((w->c->flags & (CHANGE_CONCURRENTLY | CHANGE_WITH_NO_DATA)) ||
		catalog_find(w->in->before, w->in->session, OBJECT_MATVIEW, w->c->target, &o) ==
			ABSENT)
		return false;
	if (o && o->view.no_data)
		return false;
	if (o && !has_plain_unique(o))
		return refuse(w,
			"REFRESH … CONCURRENTLY needs a unique index over plain columns of %.*s: "
			"build one first",
			SLICE(o->name));
	s = step_add(w, PHASE_EXPAND, "refresh",
		"readers see the old rows until the new ones are "
		"ready.");
	piece_text(w, &s->up,
		with_word_after(w, slice_trim(w->in->statement->raw), "view", SL("CONCURRENTLY")));
	nothing_to_undo(w, s, "the view's query did not change");
	return true;
}

const struct recipe recipe_refresh_matview = {
	.id = "refresh-matview",
	.engines = RULE_PG,
	.kinds = KINDS(CHANGE_REFRESH_MATVIEW),
	.rules = RULES("refresh-matview"),
	.says = "REFRESH MATERIALIZED VIEW CONCURRENTLY",
	.write = write_refresh,
};
