/* read_table.c - CREATE TABLE: columns, keys, options, partitions, LIKE and AS SELECT.
 *
 * The names that the server chooses for unnamed keys are worked out here: in CREATE TABLE
 * everything that they depend on stands in the statement. */
#include "engine/mysql/parser.h"

#include "sql/quote.h"

/* ---- options ---- */

struct table_option {
	const char *words, *label;
};

/* Options whose value is kept as label=value; the ones with a field of their own are below. */
/* clang-format off */
static const struct table_option kept_options[] = {
	{"AVG_ROW_LENGTH", "avg_row_length"}, {"CHECKSUM", "checksum"},
	{"TABLE_CHECKSUM", "checksum"}, {"PAGE_CHECKSUM", "page_checksum"},
	{"COMPRESSION", "compression"}, {"CONNECTION", "connection"},
	{"DATA DIRECTORY", "data directory"}, {"INDEX DIRECTORY", "index directory"},
	{"DELAY_KEY_WRITE", "delay_key_write"}, {"ENCRYPTION", "encryption"},
	{"ENCRYPTED", "encrypted"}, {"ENCRYPTION_KEY_ID", "encryption_key_id"},
	{"INSERT_METHOD", "insert_method"}, {"KEY_BLOCK_SIZE", "key_block_size"},
	{"MAX_ROWS", "max_rows"}, {"MIN_ROWS", "min_rows"}, {"PACK_KEYS", "pack_keys"},
	{"PAGE_COMPRESSED", "page_compressed"}, {"PAGE_COMPRESSION_LEVEL", "page_compression_level"},
	{"ROW_FORMAT", "row_format"}, {"STATS_AUTO_RECALC", "stats_auto_recalc"},
	{"STATS_PERSISTENT", "stats_persistent"}, {"STATS_SAMPLE_PAGES", "stats_sample_pages"},
	{"TRANSACTIONAL", "transactional"}, {"SEQUENCE", "sequence"},
	{"AUTOEXTEND_SIZE", "autoextend_size"}, {"SECONDARY_ENGINE", "secondary_engine"},
	{"ENGINE_ATTRIBUTE", "engine_attribute"},
	{"SECONDARY_ENGINE_ATTRIBUTE", "secondary_engine_attribute"}, {"PASSWORD", NULL},
	{"AUTO_INCREMENT", NULL},
};
/* clang-format on */

static bool option_value(struct parser *p, struct slice *out)
{
	struct token t;

	my_take_punct(p, "=");
	t = tok_now(p);
	if (t.kind == TOKEN_STRING)
		return my_take_string(p, out);
	if (t.kind != TOKEN_WORD && t.kind != TOKEN_NUMBER && t.kind != TOKEN_QUOTED)
		return my_fault_expected(p, "a value");
	p->at++;
	*out = my_lower(p->a, t.text);
	return true;
}

static bool read_charset_option(struct parser *p, struct object *table)
{
	struct slice value;
	const char *known;

	if (!option_value(p, &value))
		return false;
	known = my_charset_canonical(value);
	table->table_.charset = known ? slice_of(known) : my_lower(p->a, value);
	return true;
}

static bool read_collate_option(struct parser *p, struct object *table)
{
	struct slice value;

	if (!option_value(p, &value))
		return false;
	table->table_.collation = my_collation_canonical(p->a, value);
	return true;
}

static bool read_union(struct parser *p)
{
	size_t from, to;

	my_take_punct(p, "=");
	if (!my_is_punct(p, "("))
		return my_fault_expected(p, "\"(\" and table names");
	return my_take_brackets(p, &from, &to);
}

/* Options of MariaDB's, no part of MySQL's grammar. */
static bool is_mariadb_option(const char *label)
{
	static const char *const labels[] = {"page_checksum", "encrypted", "encryption_key_id",
		"page_compressed", "page_compression_level", "transactional", "sequence"};

	for (size_t i = 0; label && i < sizeof labels / sizeof *labels; i++)
		if (!strcmp(label, labels[i]))
			return true;
	return false;
}

static bool read_kept_option(struct parser *p, struct object *table, bool *took)
{
	struct slice value;

	for (size_t i = 0; i < sizeof kept_options / sizeof *kept_options; i++) {
		const struct table_option *o = &kept_options[i];

		if (!is_mariadb(&p->d) && is_mariadb_option(o->label))
			continue;
		if (!my_take_word(p, o->words))
			continue;
		if (!option_value(p, &value))
			return false;
		if (o->label && (slice_is(value, "default") || slice_is(value, "0")) &&
			!slice_starts(slice_of(o->label), "stats_"))
			p->reset = o->label;
		else if (o->label)
			names_add(p->a, &table->table_.options,
				arena_printf(
					p->a, "%s=%.*s", o->label, SLICE(my_lower(p->a, value))));
		*took = true;
		return true;
	}
	return true;
}

/* One table option; *took is false when none stands here. */
bool my_read_table_option(struct parser *p, struct object *table, bool *took)
{
	struct slice value;

	*took = true;
	if (my_take_word(p, "ENGINE") || my_take_word(p, "TYPE")) {
		if (!option_value(p, &value))
			return false;
		table->table_.access_method = engine_canonical(p->a, value);
		return true;
	}
	if (my_take_word(p, "DEFAULT CHARACTER SET") || my_take_word(p, "DEFAULT CHARSET") ||
		my_take_word(p, "CHARACTER SET") || my_take_word(p, "CHARSET"))
		return read_charset_option(p, table);
	if (my_take_word(p, "DEFAULT COLLATE") || my_take_word(p, "COLLATE"))
		return read_collate_option(p, table);
	if (my_take_word(p, "COMMENT")) {
		my_take_punct(p, "=");
		return my_want_string(p, &table->comment, "a comment in quotes");
	}
	if (my_take_word(p, "UNION"))
		return read_union(p);
	if (my_take_word(p, "TABLESPACE")) {
		my_take_punct(p, "=");
		if (!my_want_ident(p, &table->table_.tablespace, "a tablespace"))
			return false;
		if (my_take_word(p, "STORAGE"))
			p->at++;
		return true;
	}
	if (my_take_word(p, "WITH SYSTEM VERSIONING")) {
		names_add(p->a, &table->table_.options, SL("system versioning"));
		return true;
	}
	if (my_take_word(p, "START TRANSACTION"))
		return true;
	*took = false;
	if (!read_kept_option(p, table, took) || *took)
		return p->fault == FAULT_NONE;
	/* MariaDB: storage engines bring options of their own, always with '='. */
	if (is_mariadb(&p->d) && my_is_identifier(p, p->at) && token_punct(tok_next(p, 1), "=")) {
		struct slice key = my_lower(p->a, token_value(p->a, p->d.dialect, tok_now(p)));

		p->at++;
		if (!option_value(p, &value))
			return false;
		names_add(p->a, &table->table_.options,
			arena_printf(p->a, "%.*s=%.*s", SLICE(key), SLICE(my_lower(p->a, value))));
		*took = true;
	}
	return true;
}

/* ---- names that the server chooses ---- */

static bool index_name_taken(const struct object *t, struct slice name, size_t before)
{
	if (slice_iis(name, "PRIMARY"))
		return true;
	for (size_t i = 0; i < before; i++)
		if (t->parts[i]->type == OBJECT_INDEX && slice_ieq(t->parts[i]->name, name))
			return true;
	return false;
}

static struct slice choose_index_name(struct parser *p, const struct object *t, size_t at)
{
	const struct object *o = t->parts[at];
	struct slice base = o->index.columns.n ? o->index.columns.at[0] : SL("functional_index");
	struct slice name = base;

	if (o->index.keys.n && slice_starts(o->index.keys.at[0], "("))
		name = base = SL("functional_index");
	for (int i = 2; index_name_taken(t, name, at); i++)
		name = arena_printf(p->a, "%.*s_%d", SLICE(base), i);
	return name;
}

/* Does the key begin with these columns, whole, in this order? */
static bool covers(const struct object *index, struct names columns)
{
	if (slice_is(index->index.method, "fulltext") || slice_is(index->index.method, "spatial") ||
		index->index.columns.n < columns.n)
		return false;
	for (size_t i = 0; i < columns.n; i++)
		if (!slice_ieq(index->index.columns.at[i], columns.at[i]) ||
			slice_chr(index->index.keys.at[i], '(') < index->index.keys.at[i].len)
			return false;
	return true;
}

static bool primary_covers(const struct object *o, struct names columns)
{
	if (!slice_is(o->constraint.kind, "primary key") || o->constraint.columns.n < columns.n ||
		o->constraint.options.n)
		return false;
	for (size_t i = 0; i < columns.n; i++)
		if (!slice_ieq(o->constraint.columns.at[i], columns.at[i]))
			return false;
	return true;
}

static bool has_cover(const struct object *t, size_t fk, struct names columns)
{
	for (size_t i = 0; i < t->nparts; i++) {
		const struct object *o = t->parts[i];

		if (i != fk && o->type == OBJECT_INDEX && covers(o, columns))
			return true;
		if (o->type == OBJECT_CONSTRAINT && primary_covers(o, columns))
			return true;
		/* A later foreign key over more columns brings a key that serves this one too. */
		if (o->type == OBJECT_CONSTRAINT && i != fk &&
			slice_is(o->constraint.kind, "foreign key") &&
			o->constraint.columns.n > columns.n) {
			bool prefix = true;

			for (size_t k = 0; k < columns.n; k++)
				prefix &= slice_ieq(o->constraint.columns.at[k], columns.at[k]);
			if (prefix)
				return true;
		}
	}
	return false;
}

static void add_fk_indexes(struct parser *p, struct object *t)
{
	size_t n = t->nparts;

	for (size_t i = 0; i < n; i++) {
		struct object *fk = t->parts[i], *index;

		if (fk->type != OBJECT_CONSTRAINT || !slice_is(fk->constraint.kind, "foreign key"))
			continue;
		if (has_cover(t, i, fk->constraint.columns)) {
			fk->constraint.index = SLICE_NONE;
			continue;
		}
		index = my_implied_fk_index(p, fk);
		index->table = t;
		index->schema = t->schema;
		fk->constraint.index = SLICE_NONE;
		*ARENA_PUSH(p->a, t->parts, t->nparts) = index;
	}
}

static bool constraint_name_taken(const struct object *t, struct slice name)
{
	for (size_t i = 0; i < t->nparts; i++)
		if (t->parts[i]->type == OBJECT_CONSTRAINT && slice_ieq(t->parts[i]->name, name))
			return true;
	return false;
}

static struct slice choose_constraint_name(
	struct parser *p, const struct object *t, const struct object *o, int *fks, int *checks)
{
	struct slice name;

	do {
		if (slice_is(o->constraint.kind, "foreign key"))
			name = arena_printf(p->a, "%.*s_ibfk_%d", SLICE(t->name), ++*fks);
		else if (is_mariadb(&p->d))
			name = arena_printf(p->a, "CONSTRAINT_%d", ++*checks);
		else
			name = arena_printf(p->a, "%.*s_chk_%d", SLICE(t->name), ++*checks);
	} while (constraint_name_taken(t, name));
	return name;
}

void my_name_parts(struct parser *p, struct object *t)
{
	int fks = 0, checks = 0;

	add_fk_indexes(p, t);
	for (size_t i = 0; i < t->nparts; i++) {
		struct object *o = t->parts[i];

		if (o->type == OBJECT_INDEX && slice_empty(o->name))
			o->name = choose_index_name(p, t, i);
		if (o->type == OBJECT_CONSTRAINT && slice_empty(o->name))
			o->name = choose_constraint_name(p, t, o, &fks, &checks);
	}
}

/* ---- the list of columns and keys ---- */

static void adopt(struct parser *p, struct object *table, struct object *part)
{
	part->table = table;
	part->schema = table->schema;
	*ARENA_PUSH(p->a, table->parts, table->nparts) = part;
}

static struct object *column_of(const struct object *t, struct slice name)
{
	for (size_t i = 0; i < t->nparts; i++)
		if (t->parts[i]->type == OBJECT_COLUMN && slice_ieq(t->parts[i]->name, name))
			return t->parts[i];
	return NULL;
}

/* Names of columns have no case: keys are stored under the columns' own spelling. */
static void spell_columns(struct object *t, struct names *columns)
{
	struct object *c;

	for (size_t i = 0; i < columns->n; i++)
		if ((c = column_of(t, columns->at[i])))
			columns->at[i] = c->name;
}

/* Columns of a primary key are NOT NULL whatever they say. */
static void finish_constraints(struct object *t)
{
	for (size_t i = 0; i < t->nparts; i++) {
		struct object *o = t->parts[i], *c;

		if (o->type != OBJECT_CONSTRAINT)
			continue;
		spell_columns(t, &o->constraint.columns);
		if (!slice_is(o->constraint.kind, "primary key"))
			continue;
		for (size_t k = 0; k < o->constraint.columns.n; k++)
			if ((c = column_of(t, o->constraint.columns.at[k])))
				c->column.not_null = true;
	}
}

static bool read_element(struct parser *p, struct object *table, struct column_parts *inline_keys)
{
	struct object *o;
	struct slice name;
	unsigned flags = 0;
	size_t start = p->at;

	if (my_take_word(p, "PERIOD FOR")) {
		size_t from, to;

		p->at++;
		if (!my_take_brackets(p, &from, &to))
			return my_fault_expected(p, "\"(\" and two columns");
		names_add(p->a, &table->table_.options, my_tokens_squeezed(p, start, p->at));
		return true;
	}
	if (my_at_key(p)) {
		if (!my_read_key(p, &o, &flags))
			return false;
		o->span = my_parser_span(p, start, p->at);
		adopt(p, table, o);
		return true;
	}
	if (!my_want_ident(p, &name, "a column name"))
		return false;
	o = my_object_add_part(p->a, table, OBJECT_COLUMN, name);
	if (!my_read_column(p, o, inline_keys))
		return false;
	o->span = my_parser_span(p, start, p->at);
	return true;
}

static bool read_elements(struct parser *p, struct object *table)
{
	struct column_parts inline_keys = {0};

	if (!my_want_punct(p, "("))
		return false;
	do {
		size_t before = inline_keys.n;

		if (!read_element(p, table, &inline_keys))
			return false;
		for (; before < inline_keys.n; before++)
			adopt(p, table, inline_keys.at[before]);
	} while (my_take_punct(p, ","));
	if (!my_is_punct(p, ")"))
		return my_fault_expected(p, "\",\", \")\" or a column attribute");
	p->at++;
	return true;
}

static bool read_options(struct parser *p, struct object *table)
{
	bool took = true;

	while (took) {
		my_take_punct(p, ",");
		if (!my_read_table_option(p, table, &took))
			return false;
	}
	return true;
}

static void finish_charsets(struct parser *p, struct object *t)
{
	struct table_def *d = &t->table_;
	const char *dflt;

	if (slice_empty(d->charset) && !slice_empty(d->collation))
		d->charset = my_collation_charset(p->a, d->collation);
	if (!slice_empty(d->charset) && slice_empty(d->collation)) {
		dflt = my_charset_collation(&p->d, d->charset);
		if (dflt)
			d->collation = slice_of(dflt);
	}
}

bool my_type_has_charset(struct slice type)
{
	static const char *const starts[] = {
		"char", "varchar", "tinytext", "text", "mediumtext", "longtext", "enum", "set"};

	for (size_t i = 0; i < sizeof starts / sizeof *starts; i++)
		if (slice_starts(type, starts[i]))
			return true;
	return false;
}

/* Columns that say nothing have the table's character set, when the table says one. */
static void finish_column_charsets(struct object *t)
{
	for (size_t i = 0; i < t->nparts; i++) {
		struct object *c = t->parts[i];

		if (c->type != OBJECT_COLUMN || !slice_empty(c->column.charset) ||
			!my_type_has_charset(c->column.type))
			continue;
		c->column.charset = t->table_.charset;
		c->column.collation = t->table_.collation;
	}
}

/* The engine decides what a key is: MEMORY hashes, the others take HASH as BTREE. */
static void finish_indexes(struct object *t)
{
	bool memory = slice_is(t->table_.access_method, "MEMORY");

	for (size_t i = 0; i < t->nparts; i++) {
		struct object *o = t->parts[i];

		if (o->type == OBJECT_INDEX && !memory && slice_is(o->index.method, "hash"))
			o->index.method = SL("btree");
	}
}

static bool has_system_versioning(const struct object *t)
{
	return names_has(t->table_.options, SL("system versioning"));
}

static void finish_table(struct parser *p, struct object *t)
{
	if (slice_empty(t->table_.access_method))
		t->table_.access_method = SL("InnoDB");
	finish_charsets(p, t);
	finish_column_charsets(t);
	finish_indexes(t);
	finish_constraints(t);
	my_name_parts(p, t);
}

/* ---- the statement ---- */

static bool read_like(struct parser *p, size_t start, struct change *ch)
{
	bool brackets = my_take_punct(p, "(");

	my_take_word(p, "LIKE");
	if (!my_want_name(p, &ch->other, "a table name") || (brackets && !my_want_punct(p, ")")) ||
		!my_want_end(p))
		return false;
	names_add(p->a, &ch->reads, my_name_text(p->a, ch->other));
	/* A copy of another table's definition: the catalog may know it, the statement does not. */
	ch->value.text = my_tokens_text(p, start, p->at);
	names_add(p->a, &ch->list, my_name_text(p->a, ch->other));
	ch->def = my_object_new(p->a, OBJECT_TABLE, ch->target.name);
	ch->def->schema = ch->target.schema;
	ch->def->table_.kind = SL("table");
	ch->def->table_.persistence =
		ch->flags & CHANGE_TEMPORARY ? SL("temporary") : SL("permanent");
	my_change_push(p, ch, start);
	return true;
}

bool my_read_select_tail(struct parser *p, struct change *ch)
{
	size_t from = p->at;

	while (!my_at_end(p))
		p->at++;
	my_select_reads(p, from, p->at, &ch->reads);
	return true;
}

static bool at_select(const struct parser *p)
{
	size_t i = 0;

	while (token_punct(tok_next(p, i), "("))
		i++;
	return token_is(tok_next(p, i), "SELECT") || token_is(tok_next(p, i), "WITH") ||
	       token_is(tok_next(p, i), "VALUES") || token_is(tok_next(p, i), "TABLE");
}

static bool read_as_select(struct parser *p, size_t start, struct change *ch)
{
	my_take_either(p, "IGNORE", "REPLACE");
	my_take_word(p, "AS");
	if (my_at_end(p)) {
		my_change_push(p, ch, start);
		return true;
	}
	if (!at_select(p))
		return my_fault_expected(p, "a table option, PARTITION BY, AS SELECT or the end");
	ch->kind = CHANGE_CREATE_TABLE_AS;
	ch->flags |= CHANGE_FROM_SELECT;
	if (!my_read_select_tail(p, ch))
		return false;
	my_change_push(p, ch, start);
	return true;
}

/* Behind CREATE [OR REPLACE] [TEMPORARY] TABLE. */
bool my_read_create_table(struct parser *p, size_t start, unsigned flags)
{
	struct change ch = my_change_new(p, CHANGE_CREATE_TABLE, OBJECT_TABLE);
	struct object *t;

	ch.flags |= flags;
	if (my_take_word(p, "IF NOT EXISTS"))
		ch.flags |= CHANGE_IF_NOT_EXISTS;
	if (!my_want_name(p, &ch.target, "a table name"))
		return false;
	if (my_is_word(p, "LIKE") || (my_is_punct(p, "(") && token_is(tok_next(p, 1), "LIKE")))
		return read_like(p, start, &ch);
	t = ch.def = my_object_new(p->a, OBJECT_TABLE, ch.target.name);
	t->schema = ch.target.schema;
	t->table_.kind = SL("table");
	t->table_.persistence = flags & CHANGE_TEMPORARY ? SL("temporary") : SL("permanent");
	if (my_is_punct(p, "(") && !at_select(p) && !read_elements(p, t))
		return false;
	if (!read_options(p, t))
		return false;
	if (my_take_word(p, "PARTITION BY")) {
		t->table_.kind = SL("partitioned");
		if (!my_read_partitions(p, &t->table_.partition_key, &t->table_.definition))
			return false;
	}
	if (!has_system_versioning(t) && my_take_word(p, "WITH SYSTEM VERSIONING"))
		names_add(p->a, &t->table_.options, SL("system versioning"));
	finish_table(p, t);
	if (t->nparts == 0 && my_at_end(p))
		return my_fault_expected(p, "\"(\" and columns, LIKE or AS SELECT");
	if (!read_as_select(p, start, &ch))
		return false;
	t->span = p->changes[p->nchanges - 1].span;
	return true;
}
