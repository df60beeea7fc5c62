/* read_alter.c - ALTER TABLE: one change for each action, in the order they are written.
 *
 * ALGORITHM, LOCK and WAIT belong to the statement; every change of it carries them in `settings`.
 */
#include "engine/mysql/parser.h"

#include "sql/quote.h"

struct alter {
	struct name table;
	unsigned flags;
	struct names settings;
};

static struct change action(struct parser *p, const struct alter *al, enum change_kind k)
{
	struct change ch = my_change_new(p, k, OBJECT_TABLE);

	ch.target = al->table;
	ch.flags |= al->flags;
	return ch;
}

static unsigned if_exists(struct parser *p)
{
	return my_take_word(p, "IF EXISTS") ? CHANGE_IF_EXISTS : 0;
}

static unsigned if_not_exists(struct parser *p)
{
	return my_take_word(p, "IF NOT EXISTS") ? CHANGE_IF_NOT_EXISTS : 0;
}

/* FIRST, or AFTER column. */
static bool read_position(struct parser *p, struct change *ch)
{
	struct slice after;

	if (my_take_word(p, "FIRST")) {
		names_add(p->a, &ch->list, SL("FIRST"));
		return true;
	}
	if (!my_take_word(p, "AFTER"))
		return true;
	if (!my_want_ident(p, &after, "a column name"))
		return false;
	names_add(p->a, &ch->list, arena_printf(p->a, "AFTER %.*s", SLICE(after)));
	return true;
}

/* ---- ADD ---- */

static void key_change(
	struct parser *p, const struct alter *al, struct object *key, unsigned flags, size_t start)
{
	bool index = key->type == OBJECT_INDEX;
	struct change ch = action(p, al, index ? CHANGE_CREATE_INDEX : CHANGE_ADD_CONSTRAINT);

	ch.type = key->type;
	ch.name = key->name;
	ch.def = key;
	ch.flags |= flags;
	my_change_push(p, &ch, start);
	key->span = ch.span;
}

static bool add_column(struct parser *p, const struct alter *al, unsigned flags, size_t start)
{
	struct change ch = action(p, al, CHANGE_ADD_COLUMN);
	struct column_parts keys = {0};

	ch.type = OBJECT_COLUMN;
	ch.flags |= flags;
	if (!my_want_ident(p, &ch.name, "a column name"))
		return false;
	ch.def = my_object_new(p->a, OBJECT_COLUMN, ch.name);
	if (!my_read_column(p, ch.def, &keys) || !read_position(p, &ch))
		return false;
	my_change_push(p, &ch, start);
	for (size_t i = 0; i < keys.n; i++)
		key_change(p, al, keys.at[i], 0, start);
	return true;
}

static bool add_columns(struct parser *p, const struct alter *al, unsigned flags)
{
	struct object *key;
	unsigned key_flags;

	if (!my_want_punct(p, "("))
		return false;
	do {
		size_t start = p->at;

		key_flags = 0;
		if (my_at_key(p)) {
			if (!my_read_key(p, &key, &key_flags))
				return false;
			key_change(p, al, key, key_flags, start);
		} else if (!add_column(p, al, flags, start)) {
			return false;
		}
	} while (my_take_punct(p, ","));
	return my_want_punct(p, ")");
}

static bool versioning(struct parser *p, const struct alter *al, size_t start)
{
	struct change ch = action(p, al, CHANGE_SYSTEM_VERSIONING);

	ch.value.text = my_tokens_text(p, start, p->at);
	my_change_push(p, &ch, start);
	return true;
}

/* Words up to the next comma or the end: clauses that are kept as text. */
static bool other_clause(struct parser *p, const struct alter *al, enum change_kind k, size_t start)
{
	struct change ch = action(p, al, k);
	size_t from, to;

	while (!my_at_end(p) && !my_is_punct(p, ","))
		if (my_is_punct(p, "(")) {
			if (!my_take_brackets(p, &from, &to))
				return false;
		} else {
			p->at++;
		}
	ch.value.text = my_tokens_text(p, start, p->at);
	my_change_push(p, &ch, start);
	return true;
}

static bool partition_clause(struct parser *p, const struct alter *al, size_t start)
{
	struct change ch = action(p, al, CHANGE_ALTER_PARTITIONS);
	struct parser list;

	p->at = start;
	while (!my_at_end(p))
		p->at++;
	ch.value.text = my_tokens_text(p, start, p->at);
	/* The names behind DROP PARTITION a, b and its like. */
	list = *p;
	for (list.at = start; list.at < p->at && !my_is_word(&list, "PARTITION"); list.at++)
		;
	for (list.at++; my_is_identifier(&list, list.at) && list.at < p->at; list.at += 2) {
		struct slice name = token_value(p->a, p->d.dialect, tok_at(p, list.at));

		if (!slice_iis(name, "IF"))
			names_add(p->a, &ch.list, name);
		if (!token_punct(tok_at(p, list.at + 1), ","))
			break;
	}
	my_added_partitions(p, start, &ch.value.normal);
	for (list.at = start; list.at < p->at; list.at++)
		if (my_is_word(&list, "WITH TABLE")) {
			list.at += 2;
			if (!my_want_name(&list, &ch.other, "a table name"))
				break;
		}
	my_change_push(p, &ch, start);
	return true;
}

static bool read_add(struct parser *p, const struct alter *al, size_t start)
{
	struct object *key;
	unsigned flags = 0;

	if (my_is_word(p, "PARTITION"))
		return partition_clause(p, al, start);
	if (my_take_word(p, "SYSTEM VERSIONING"))
		return versioning(p, al, start);
	if (my_is_word(p, "PERIOD FOR"))
		return other_clause(p, al, CHANGE_SYSTEM_VERSIONING, start);
	if (my_take_word(p, "COLUMN")) {
		flags = if_not_exists(p);
		return my_is_punct(p, "(") ? add_columns(p, al, flags)
					   : add_column(p, al, flags, start);
	}
	if (my_at_key(p)) {
		if (!my_read_key(p, &key, &flags))
			return false;
		key_change(p, al, key, flags, start);
		return true;
	}
	flags = if_not_exists(p);
	return my_is_punct(p, "(") ? add_columns(p, al, flags) : add_column(p, al, flags, start);
}

/* ---- DROP ---- */

static bool drop_constraint(
	struct parser *p, const struct alter *al, const char *kind, struct slice name, size_t start)
{
	struct change ch = action(p, al, CHANGE_DROP_CONSTRAINT);

	ch.type = OBJECT_CONSTRAINT;
	ch.flags |= if_exists(p);
	ch.name = name;
	if (slice_empty(name) && !my_want_ident(p, &ch.name, "a constraint name"))
		return false;
	ch.def = my_object_new(p->a, OBJECT_CONSTRAINT, ch.name);
	ch.def->constraint.kind = slice_of(kind);
	my_change_push(p, &ch, start);
	return true;
}

static bool drop_index(struct parser *p, const struct alter *al, size_t start)
{
	struct change ch = action(p, al, CHANGE_DROP_INDEX);

	ch.type = OBJECT_INDEX;
	ch.flags |= if_exists(p);
	if (token_is(tok_now(p), "PRIMARY")) /* DROP INDEX `PRIMARY` needs quotes */
		return my_fault_expected(p, "an index name");
	if (!my_want_ident(p, &ch.name, "an index name"))
		return false;
	if (slice_iis(ch.name, "PRIMARY")) {
		ch.kind = CHANGE_DROP_CONSTRAINT;
		ch.type = OBJECT_CONSTRAINT;
		ch.name = SL("PRIMARY");
		ch.def = my_object_new(p->a, OBJECT_CONSTRAINT, ch.name);
		ch.def->constraint.kind = SL("primary key");
	}
	my_change_push(p, &ch, start);
	return true;
}

static bool read_alter_drop(struct parser *p, const struct alter *al, size_t start)
{
	struct change ch;

	if (my_take_word(p, "PRIMARY KEY"))
		return drop_constraint(p, al, "primary key", SL("PRIMARY"), start);
	if (my_take_word(p, "FOREIGN KEY"))
		return drop_constraint(p, al, "foreign key", SLICE_NONE, start);
	if (my_take_word(p, "CONSTRAINT"))
		return drop_constraint(p, al, "", SLICE_NONE, start);
	if (my_take_word(p, "CHECK"))
		return drop_constraint(p, al, "check", SLICE_NONE, start);
	if (my_take_word(p, "INDEX") || my_take_word(p, "KEY"))
		return drop_index(p, al, start);
	if (my_is_word(p, "PARTITION"))
		return partition_clause(p, al, start);
	if (my_take_word(p, "SYSTEM VERSIONING"))
		return versioning(p, al, start);
	if (my_is_word(p, "PERIOD FOR"))
		return other_clause(p, al, CHANGE_SYSTEM_VERSIONING, start);
	my_take_word(p, "COLUMN");
	ch = action(p, al, CHANGE_DROP_COLUMN);
	ch.type = OBJECT_COLUMN;
	ch.flags |= if_exists(p);
	if (!my_want_ident(p, &ch.name, "a column name"))
		return false;
	my_take_either(p, "RESTRICT", "CASCADE");
	my_change_push(p, &ch, start);
	return true;
}

/* ---- MODIFY, CHANGE, ALTER, RENAME ---- */

static bool read_modify(struct parser *p, const struct alter *al, bool change, size_t start)
{
	struct change ch = action(p, al, CHANGE_MODIFY_COLUMN);
	struct column_parts keys = {0};
	struct slice name;

	my_take_word(p, "COLUMN");
	ch.type = OBJECT_COLUMN;
	ch.flags |= if_exists(p);
	if (!my_want_ident(p, &ch.name, "a column name"))
		return false;
	name = ch.name;
	if (change) {
		if (!my_want_ident(p, &name, "the column's new name"))
			return false;
		ch.other.name = name;
	}
	ch.def = my_object_new(p->a, OBJECT_COLUMN, name);
	if (!my_read_column(p, ch.def, &keys) || !read_position(p, &ch))
		return false;
	my_change_push(p, &ch, start);
	for (size_t i = 0; i < keys.n; i++)
		key_change(p, al, keys.at[i], 0, start);
	return true;
}

static bool alter_index(struct parser *p, const struct alter *al, size_t start)
{
	struct change ch = action(p, al, CHANGE_ALTER_INDEX);

	ch.type = OBJECT_INDEX;
	ch.flags |= if_exists(p);
	if (!my_want_ident(p, &ch.name, "an index name"))
		return false;
	if (my_take_word(p, is_mariadb(&p->d) ? "NOT IGNORED" : "VISIBLE"))
		ch.value.text = SL("visible");
	else if (my_take_word(p, is_mariadb(&p->d) ? "IGNORED" : "INVISIBLE"))
		ch.value.text = SL("invisible");
	else
		return my_fault_expected(
			p, is_mariadb(&p->d) ? "IGNORED or NOT IGNORED" : "VISIBLE or INVISIBLE");
	my_change_push(p, &ch, start);
	return true;
}

static bool alter_constraint(struct parser *p, const struct alter *al, size_t start)
{
	struct change ch = action(p, al, CHANGE_ALTER_CONSTRAINT);

	ch.type = OBJECT_CONSTRAINT;
	if (!my_want_ident(p, &ch.name, "a constraint name"))
		return false;
	ch.def = my_object_new(p->a, OBJECT_CONSTRAINT, ch.name);
	ch.def->constraint.kind = SL("check");
	if (my_take_word(p, "NOT ENFORCED"))
		ch.def->constraint.not_enforced = true;
	else if (!my_want_word(p, "ENFORCED"))
		return false;
	my_change_push(p, &ch, start);
	return true;
}

static bool read_alter_column(struct parser *p, const struct alter *al, size_t start)
{
	struct change ch = action(p, al, CHANGE_SET_DEFAULT);
	struct my_type unknown = {0};

	if (my_take_word(p, "INDEX") || my_take_word(p, "KEY"))
		return alter_index(p, al, start);
	if (my_take_word(p, "CHECK") || my_take_word(p, "CONSTRAINT"))
		return alter_constraint(p, al, start);
	my_take_word(p, "COLUMN");
	ch.type = OBJECT_COLUMN;
	ch.flags |= if_exists(p);
	if (!my_want_ident(p, &ch.name, "a column name"))
		return false;
	if (my_take_word(p, "SET DEFAULT")) {
		if (!my_read_default(p, &unknown, &ch.value))
			return false;
		/* SET DEFAULT NULL: nullable columns have that anyway. */
		if (slice_empty(ch.value.text))
			ch.kind = CHANGE_DROP_DEFAULT;
	} else if (my_take_word(p, "DROP DEFAULT")) {
		ch.kind = CHANGE_DROP_DEFAULT;
	} else if (my_take_word(p, "SET VISIBLE") || my_take_word(p, "SET INVISIBLE")) {
		ch.kind = CHANGE_COLUMN_VISIBILITY;
		ch.value.text = my_lower(p->a, tok_at(p, p->at - 1).text);
	} else {
		return my_fault_expected(p, "SET DEFAULT, DROP DEFAULT or SET VISIBLE");
	}
	my_change_push(p, &ch, start);
	return true;
}

static bool read_alter_rename(struct parser *p, const struct alter *al, size_t start)
{
	bool column = my_take_word(p, "COLUMN");
	struct change ch;

	if (column || my_take_word(p, "INDEX") || my_take_word(p, "KEY")) {
		ch = action(p, al, column ? CHANGE_RENAME_COLUMN : CHANGE_RENAME_INDEX);
		ch.type = column ? OBJECT_COLUMN : OBJECT_INDEX;
		ch.flags |= if_exists(p);
		if (!my_want_ident(p, &ch.name, column ? "a column name" : "an index name") ||
			!my_want_word(p, "TO") || !my_want_ident(p, &ch.other.name, "the new name"))
			return false;
		my_change_push(p, &ch, start);
		return true;
	}
	if (!my_take_either(p, "TO", "AS"))
		my_take_punct(p, "=");
	ch = action(p, al, CHANGE_RENAME_TABLE);
	if (!my_want_name(p, &ch.other, "the new name"))
		return false;
	my_change_push(p, &ch, start);
	return true;
}

/* ---- options ---- */

static bool read_convert(struct parser *p, const struct alter *al, size_t start)
{
	struct change ch = action(p, al, CHANGE_CONVERT_CHARSET);
	struct slice charset, collation;
	const char *dflt;

	if (my_is_word(p, "PARTITION") || my_is_word(p, "TABLE"))
		return partition_clause(p, al, start);
	if (!my_want_word(p, "TO"))
		return false;
	if (!my_take_word(p, "CHARACTER SET") && !my_take_word(p, "CHARSET"))
		return my_fault_expected(p, "CHARACTER SET");
	my_take_punct(p, "=");
	if (my_take_word(p, "DEFAULT"))
		charset = SLICE_NONE;
	else if (my_take_word(p, "BINARY"))
		charset = SL("binary");
	else if (!my_take_string(p, &charset) && !my_want_ident(p, &charset, "a character set"))
		return false;
	dflt = my_charset_canonical(charset);
	ch.value.text = dflt ? slice_of(dflt) : my_lower(p->a, charset);
	if (my_take_word(p, "COLLATE")) {
		my_take_punct(p, "=");
		if (!my_take_string(p, &collation) && !my_want_ident(p, &collation, "a collation"))
			return false;
		names_add(p->a, &ch.list, my_collation_canonical(p->a, collation));
	} else if ((dflt = my_charset_collation(&p->d, charset))) {
		names_add(p->a, &ch.list, slice_of(dflt));
	}
	my_change_push(p, &ch, start);
	return true;
}

static void push_option(struct parser *p, const struct alter *al, const struct object *before,
	const struct object *t, size_t start)
{
	struct change ch = action(p, al, CHANGE_SET_OPTIONS);
	struct slice words = my_tokens_text(p, start, p->at);

	if (!slice_eq(before->table_.access_method, t->table_.access_method)) {
		ch.kind = CHANGE_TABLE_ENGINE;
		ch.value.text = t->table_.access_method;
	} else if (slice_istarts(words, "COMMENT")) {
		ch.kind = CHANGE_COMMENT_ON;
		ch.value.text = t->comment;
	} else if (!slice_eq(before->table_.tablespace, t->table_.tablespace)) {
		ch.kind = CHANGE_SET_TABLESPACE;
		ch.value.text = t->table_.tablespace;
	} else if (t->table_.options.n > before->table_.options.n) {
		for (size_t i = before->table_.options.n; i < t->table_.options.n; i++)
			names_add(p->a, &ch.list, t->table_.options.at[i]);
	} else if (p->reset) {
		ch.kind = CHANGE_RESET_OPTIONS;
		names_add(p->a, &ch.list, slice_of(p->reset));
	} else {
		ch.kind = CHANGE_TABLE_OTHER; /* AUTO_INCREMENT = n, UNION, PASSWORD */
		ch.value.text = words;
	}
	my_change_push(p, &ch, start);
}

static bool is_charset_word(const struct parser *p)
{
	return my_is_word(p, "DEFAULT CHARACTER SET") || my_is_word(p, "DEFAULT CHARSET") ||
	       my_is_word(p, "CHARACTER SET") || my_is_word(p, "CHARSET") ||
	       my_is_word(p, "DEFAULT COLLATE") || my_is_word(p, "COLLATE");
}

static bool read_charset_options(struct parser *p, const struct alter *al, size_t start)
{
	struct object t = {.type = OBJECT_TABLE};
	struct change ch = action(p, al, CHANGE_TABLE_CHARSET);
	const char *dflt;
	bool took;

	while (is_charset_word(p))
		if (!my_read_table_option(p, &t, &took))
			return false;
	if (slice_empty(t.table_.charset))
		t.table_.charset = my_collation_charset(p->a, t.table_.collation);
	ch.value.text = t.table_.charset;
	if (slice_empty(t.table_.collation) &&
		(dflt = my_charset_collation(&p->d, t.table_.charset)))
		t.table_.collation = slice_of(dflt);
	if (!slice_empty(t.table_.collation))
		names_add(p->a, &ch.list, t.table_.collation);
	my_change_push(p, &ch, start);
	return true;
}

static bool read_option_action(struct parser *p, const struct alter *al, bool *took)
{
	struct object t = {.type = OBJECT_TABLE};

	*took = false;
	for (;;) {
		struct object before = t;
		size_t start = p->at;
		bool one;

		if (is_charset_word(p)) {
			if (!read_charset_options(p, al, start))
				return false;
			*took = true;
			continue;
		}
		/* TABLESPACE of an ALTER, and words that are actions, are not options. */
		p->reset = NULL;
		if (!my_read_table_option(p, &t, &one))
			return false;
		if (!one)
			return true;
		*took = true;
		push_option(p, al, &before, &t, start);
	}
}

/* ---- the list of actions ---- */

static bool read_setting(struct parser *p, struct alter *al, bool *took)
{
	static const char *const labels[] = {"ALGORITHM", "LOCK"};

	*took = true;
	for (size_t i = 0; i < 2; i++) {
		struct slice value;

		if (!my_take_word(p, labels[i]))
			continue;
		my_take_punct(p, "=");
		value = tok_now(p).text;
		if (tok_now(p).kind != TOKEN_WORD)
			return my_fault_expected(
				p, i ? "DEFAULT, NONE, SHARED or EXCLUSIVE"
				     : "DEFAULT, INSTANT, NOCOPY, INPLACE or COPY");
		p->at++;
		names_add(p->a, &al->settings,
			arena_printf(p->a, "%s=%.*s", i ? "lock" : "algorithm",
				SLICE(my_lower(p->a, value))));
		return true;
	}
	if (my_take_word(p, "WITH VALIDATION") || my_take_word(p, "WITHOUT VALIDATION")) {
		names_add(p->a, &al->settings,
			token_is(tok_at(p, p->at - 2), "WITH") ? SL("validation=yes")
							       : SL("validation=no"));
		return true;
	}
	*took = false;
	return true;
}

static bool is_partition_action(const struct parser *p)
{
	static const char *const words[] = {"TRUNCATE PARTITION", "COALESCE PARTITION",
		"REORGANIZE PARTITION", "EXCHANGE PARTITION", "ANALYZE PARTITION",
		"CHECK PARTITION", "OPTIMIZE PARTITION", "REBUILD PARTITION", "REPAIR PARTITION",
		"REMOVE PARTITIONING", "DISCARD PARTITION", "IMPORT PARTITION", "PARTITION BY"};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (my_is_word(p, words[i]))
			return true;
	return false;
}

static bool read_partition_by(struct parser *p, const struct alter *al, size_t start)
{
	struct change ch = action(p, al, CHANGE_ALTER_PARTITIONS);
	struct object *t = my_object_new(p->a, OBJECT_TABLE, al->table.name);

	p->at += 2;
	t->schema = al->table.schema;
	t->table_.kind = SL("partitioned");
	if (!my_read_partitions(p, &t->table_.partition_key, &t->table_.definition))
		return false;
	ch.def = t;
	ch.value.text = my_tokens_text(p, start, p->at);
	my_change_push(p, &ch, start);
	return true;
}

static bool read_words_action(struct parser *p, const struct alter *al, bool *took)
{
	size_t start = p->at;
	struct change ch;

	*took = true;
	if (my_is_word(p, "PARTITION BY"))
		return read_partition_by(p, al, start);
	if (is_partition_action(p))
		return partition_clause(p, al, start);
	if (my_is_word(p, "ORDER BY")) {
		/* Its columns are separated by commas: it takes the rest. */
		ch = action(p, al, CHANGE_ORDER_BY);
		while (!my_at_end(p))
			p->at++;
		ch.value.text = my_tokens_text(p, start, p->at);
		my_change_push(p, &ch, start);
		return true;
	}
	if (my_take_word(p, "FORCE")) {
		ch = action(p, al, CHANGE_TABLE_FORCE);
	} else if (my_take_word(p, "DISABLE KEYS") || my_take_word(p, "ENABLE KEYS")) {
		ch = action(p, al, CHANGE_ENABLE_KEYS);
		ch.value.text = my_lower(p->a, tok_at(p, p->at - 2).text);
	} else if (my_take_word(p, "DISCARD TABLESPACE") || my_take_word(p, "IMPORT TABLESPACE")) {
		ch = action(p, al, CHANGE_TABLE_OTHER);
		ch.value.text = my_tokens_text(p, start, p->at);
	} else {
		*took = false;
		return true;
	}
	my_change_push(p, &ch, start);
	return true;
}

static bool read_action(struct parser *p, struct alter *al)
{
	size_t start = p->at;
	bool took;

	if (my_take_word(p, "ADD"))
		return read_add(p, al, start);
	if (my_take_word(p, "DROP"))
		return read_alter_drop(p, al, start);
	if (my_take_word(p, "MODIFY"))
		return read_modify(p, al, false, start);
	if (my_take_word(p, "CHANGE"))
		return read_modify(p, al, true, start);
	if (my_take_word(p, "ALTER"))
		return read_alter_column(p, al, start);
	if (my_take_word(p, "RENAME"))
		return read_alter_rename(p, al, start);
	if (my_take_word(p, "CONVERT"))
		return read_convert(p, al, start);
	if (!read_setting(p, al, &took) || took)
		return p->fault == FAULT_NONE;
	if (!read_words_action(p, al, &took) || took)
		return p->fault == FAULT_NONE;
	if (!read_option_action(p, al, &took) || took)
		return p->fault == FAULT_NONE;
	return my_fault_expected(p, "an action such as ADD, DROP, MODIFY or RENAME");
}

static bool read_wait(struct parser *p, struct alter *al)
{
	if (my_take_word(p, "NOWAIT")) {
		names_add(p->a, &al->settings, SL("wait=0"));
		al->flags |= CHANGE_NOWAIT;
		return true;
	}
	if (!my_take_word(p, "WAIT"))
		return true;
	if (tok_now(p).kind != TOKEN_NUMBER)
		return my_fault_expected(p, "a number of seconds");
	names_add(p->a, &al->settings, arena_printf(p->a, "wait=%.*s", SLICE(tok_now(p).text)));
	p->at++;
	return true;
}

/* Behind ALTER [ONLINE] [IGNORE] TABLE. */
bool my_read_alter_table(struct parser *p, size_t start)
{
	struct alter al = {.flags = 0};
	size_t first = p->nchanges;

	for (size_t i = start; i < p->at; i++)
		if (token_is(tok_at(p, i), "IGNORE"))
			al.flags |= CHANGE_IGNORE;
		else if (token_is(tok_at(p, i), "ONLINE"))
			names_add(p->a, &al.settings, SL("lock=none"));
	if (if_exists(p))
		al.flags |= CHANGE_IF_EXISTS;
	if (!my_want_name(p, &al.table, "a table name") || !read_wait(p, &al))
		return false;
	if (!my_at_end(p)) {
		do {
			if (!read_action(p, &al))
				return false;
			/* Partition options follow without a comma. */
			if (is_partition_action(p) && !read_action(p, &al))
				return false;
		} while (my_take_punct(p, ","));
	}
	if (!my_at_end(p))
		return my_fault_expected(p, "\",\" or the end of the statement");
	if (p->nchanges == first) {
		struct change ch = action(p, &al, CHANGE_TABLE_OTHER);

		my_change_push(p, &ch, start);
	}
	for (size_t i = first; i < p->nchanges; i++)
		p->changes[i].settings = al.settings;
	return true;
}
