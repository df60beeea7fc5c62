/* read_object.c - CREATE, ALTER, DROP and RENAME of everything but tables and routines, and GRANT.
 */
#include "engine/mysql/parser.h"

#include "sql/quote.h"

/* ---- CREATE: the words between CREATE and the kind of object ---- */

struct create {
	size_t start;
	unsigned flags;
	struct slice security; /* "invoker" or "" */
	const char *method;    /* of an index */
	bool unique, view_words;
};

static bool read_definer(struct parser *p)
{
	struct slice unused;

	return my_want_punct(p, "=") && my_want_account(p, &unused);
}

/* A word of MariaDB's that changes nothing. */
static bool take_online(struct parser *p)
{
	return is_mariadb(&p->d) && (my_take_word(p, "ONLINE") || my_take_word(p, "OFFLINE"));
}

static bool read_create_words(struct parser *p, struct create *c)
{
	for (;;) {
		if (my_take_word(p, "OR REPLACE")) {
			c->flags |= CHANGE_OR_REPLACE;
		} else if (my_take_word(p, "TEMPORARY")) {
			c->flags |= CHANGE_TEMPORARY;
		} else if (take_online(p) || my_take_word(p, "AGGREGATE")) {
			;
		} else if (my_take_word(p, "UNIQUE")) {
			c->unique = true;
		} else if (my_take_word(p, "FULLTEXT")) {
			c->method = "fulltext";
		} else if (my_take_word(p, "SPATIAL") && !my_is_word(p, "REFERENCE")) {
			c->method = "spatial";
		} else if (my_take_word(p, "DEFINER")) {
			if (!read_definer(p))
				return false;
		} else if (my_take_word(p, "ALGORITHM")) {
			my_take_punct(p, "=");
			p->at++;
		} else if (my_take_word(p, "SQL SECURITY")) {
			c->security = my_lower(p->a, tok_now(p).text);
			p->at++;
		} else {
			return true;
		}
	}
}

/* ALGORITHM = x and LOCK = x behind CREATE and DROP INDEX. */
static bool read_online_words(struct parser *p, struct names *settings)
{
	for (;;) {
		bool lock = my_is_word(p, "LOCK");

		if (!my_take_word(p, "ALGORITHM") && !my_take_word(p, "LOCK"))
			return true;
		my_take_punct(p, "=");
		if (tok_now(p).kind != TOKEN_WORD)
			return my_fault_expected(p, "an algorithm or a lock");
		names_add(p->a, settings,
			arena_printf(p->a, "%s=%.*s", lock ? "lock" : "algorithm",
				SLICE(my_lower(p->a, tok_now(p).text))));
		p->at++;
	}
}

static bool read_wait_words(struct parser *p, struct change *ch)
{
	if (my_take_word(p, "NOWAIT")) {
		names_add(p->a, &ch->settings, SL("wait=0"));
		ch->flags |= CHANGE_NOWAIT;
	} else if (my_take_word(p, "WAIT")) {
		if (tok_now(p).kind != TOKEN_NUMBER)
			return my_fault_expected(p, "a number of seconds");
		names_add(p->a, &ch->settings,
			arena_printf(p->a, "wait=%.*s", SLICE(tok_now(p).text)));
		p->at++;
	}
	return true;
}

static bool create_index(struct parser *p, const struct create *c)
{
	struct change ch = my_change_new(p, CHANGE_CREATE_INDEX, OBJECT_INDEX);
	struct object *o;

	ch.flags |= c->flags;
	if (my_take_word(p, "IF NOT EXISTS"))
		ch.flags |= CHANGE_IF_NOT_EXISTS;
	if (!my_want_ident(p, &ch.name, "an index name"))
		return false;
	o = ch.def = my_object_new(p->a, OBJECT_INDEX, ch.name);
	o->index.unique = c->unique;
	if (c->method)
		o->index.method = slice_of(c->method);
	if (my_take_word(p, "USING") || my_take_word(p, "TYPE"))
		p->at++;
	if (!my_want_word(p, "ON") || !my_want_name(p, &ch.target, "a table name") ||
		!read_wait_words(p, &ch) || !my_read_index_rest(p, o) || !read_wait_words(p, &ch) ||
		!read_online_words(p, &ch.settings))
		return false;
	if (slice_is(o->index.method, "hash"))
		o->index.method = SL("btree");
	o->schema = ch.target.schema;
	if (!my_want_end(p))
		return false;
	if (c->flags & CHANGE_OR_REPLACE) { /* first the old one goes, if there is one */
		struct change drop = my_change_new(p, CHANGE_DROP_INDEX, OBJECT_INDEX);

		drop.flags |= CHANGE_IF_EXISTS;
		drop.target = ch.target;
		drop.name = ch.name;
		drop.settings = ch.settings;
		my_change_push(p, &drop, c->start);
		ch.flags &= ~(unsigned)CHANGE_OR_REPLACE;
	}
	my_change_push(p, &ch, c->start);
	o->span = ch.span;
	return true;
}

static bool read_view(struct parser *p, const struct create *c, enum change_kind kind)
{
	struct change ch = my_change_new(p, kind, OBJECT_VIEW);
	size_t from, to;
	struct object *o;

	ch.flags |= c->flags;
	if (my_take_word(p, "IF NOT EXISTS"))
		ch.flags |= CHANGE_IF_NOT_EXISTS;
	if (!my_want_name(p, &ch.target, "a view name"))
		return false;
	o = ch.def = my_object_new(p->a, OBJECT_VIEW, ch.target.name);
	o->schema = ch.target.schema;
	o->view.security = slice_is(c->security, "invoker") ? SL("invoker") : SL("definer");
	/* Names in brackets come back from the server as aliases inside the query. */
	if (my_is_punct(p, "(") && !my_want_ident_list(p, &ch.list, "a column name"))
		return false;
	if (!my_want_word(p, "AS"))
		return false;
	from = p->at;
	while (!my_at_end(p))
		p->at++;
	to = p->at;
	if (to >= from + 3 && token_is(tok_at(p, to - 1), "OPTION") &&
		token_is(tok_at(p, to - 2), "CHECK")) {
		to -= 2;
		o->view.check_option = SL("cascaded");
		if (token_is(tok_at(p, to - 1), "LOCAL"))
			o->view.check_option = SL("local");
		while (to > from && !token_is(tok_at(p, to), "WITH"))
			to--;
	}
	if (to <= from)
		return my_fault_expected(p, "SELECT");
	o->view.query.text = my_tokens_text(p, from, to);
	my_select_reads(p, from, to, &o->view.reads);
	ch.reads = o->view.reads;
	my_change_push(p, &ch, c->start);
	o->span = ch.span;
	return true;
}

static bool read_database_options(struct parser *p, struct change *ch)
{
	struct object t = {.type = OBJECT_TABLE};
	bool took = true;

	while (took && !my_at_end(p)) {
		if (my_take_word(p, "DEFAULT ENCRYPTION") || my_take_word(p, "ENCRYPTION")) {
			my_take_punct(p, "=");
			p->at++;
			continue;
		}
		if (my_take_word(p, "READ ONLY")) {
			my_take_punct(p, "=");
			p->at++;
			continue;
		}
		if (!my_read_table_option(p, &t, &took))
			return false;
	}
	if (slice_empty(t.table_.charset) && !slice_empty(t.table_.collation))
		t.table_.charset = my_collation_charset(p->a, t.table_.collation);
	if (!slice_empty(t.table_.charset))
		names_add(p->a, &ch->list,
			arena_printf(p->a, "charset=%.*s", SLICE(t.table_.charset)));
	if (!slice_empty(t.table_.collation))
		names_add(p->a, &ch->list,
			arena_printf(p->a, "collation=%.*s", SLICE(t.table_.collation)));
	return my_want_end(p);
}

static bool create_database(struct parser *p, const struct create *c)
{
	struct change ch = my_change_new(p, CHANGE_CREATE_SCHEMA, OBJECT_SCHEMA);

	ch.flags |= c->flags;
	if (my_take_word(p, "IF NOT EXISTS"))
		ch.flags |= CHANGE_IF_NOT_EXISTS;
	if (!my_want_ident(p, &ch.target.name, "a database name") || !read_database_options(p, &ch))
		return false;
	ch.def = my_object_new(p->a, OBJECT_SCHEMA, ch.target.name);
	my_change_push(p, &ch, c->start);
	return true;
}

/* ---- sequences (MariaDB) ---- */

static bool sequence_number(struct parser *p, struct slice *out)
{
	bool minus;

	my_take_punct(p, "=");
	minus = my_take_punct(p, "-");
	if (tok_now(p).kind != TOKEN_NUMBER)
		return my_fault_expected(p, "a number");
	*out = minus ? arena_printf(p->a, "-%.*s", SLICE(tok_now(p).text)) : tok_now(p).text;
	p->at++;
	return true;
}

static bool sequence_option(struct parser *p, struct change *ch, bool *took)
{
	struct sequence_def *d = &ch->def->sequence;
	struct slice *to = NULL;
	const char *label = NULL;

	*took = true;
	if (my_take_word(p, "INCREMENT BY") || my_take_word(p, "INCREMENT"))
		to = &d->increment, label = "increment";
	else if (my_take_word(p, "START WITH") || my_take_word(p, "START"))
		to = &d->start, label = "start";
	else if (my_take_word(p, "MINVALUE"))
		to = &d->min, label = "min";
	else if (my_take_word(p, "MAXVALUE"))
		to = &d->max, label = "max";
	else if (my_take_word(p, "CACHE"))
		to = &d->cache, label = "cache";
	if (to) {
		names_add(p->a, &ch->list, slice_of(label));
		return sequence_number(p, to);
	}
	if (my_take_word(p, "RESTART WITH") || my_take_word(p, "RESTART")) {
		struct slice unused;

		names_add(p->a, &ch->list, SL("restart"));
		if (tok_now(p).kind == TOKEN_NUMBER || my_is_punct(p, "=") || my_is_punct(p, "-"))
			return sequence_number(p, &unused);
		return true;
	}
	if (my_take_word(p, "NO MINVALUE") || my_take_word(p, "NOMINVALUE") ||
		my_take_word(p, "NO MAXVALUE") || my_take_word(p, "NOMAXVALUE"))
		return true;
	if (my_take_word(p, "NOCACHE")) {
		d->cache = SL("0");
		names_add(p->a, &ch->list, SL("cache"));
	} else if (my_take_word(p, "NOCYCLE")) {
		d->cycle = false;
		names_add(p->a, &ch->list, SL("cycle"));
	} else if (my_take_word(p, "CYCLE")) {
		d->cycle = true;
		names_add(p->a, &ch->list, SL("cycle"));
	} else {
		struct object t = {.type = OBJECT_TABLE};

		return my_read_table_option(p, &t, took);
	}
	return true;
}

static void sequence_defaults(struct sequence_def *d)
{
	bool down = slice_starts(d->increment, "-");

	d->type = SL("bigint");
	if (slice_empty(d->increment))
		d->increment = SL("1");
	if (slice_empty(d->min))
		d->min = down ? SL("-9223372036854775807") : SL("1");
	if (slice_empty(d->max))
		d->max = down ? SL("-1") : SL("9223372036854775806");
	if (slice_empty(d->start))
		d->start = down ? d->max : d->min;
	if (slice_empty(d->cache))
		d->cache = SL("1000");
	d->persistence = SL("permanent");
}

static bool read_sequence(struct parser *p, const struct create *c, enum change_kind kind)
{
	struct change ch = my_change_new(p, kind, OBJECT_SEQUENCE);
	bool took = true;

	ch.flags |= c->flags;
	if (my_take_word(p, "IF NOT EXISTS"))
		ch.flags |= CHANGE_IF_NOT_EXISTS;
	if (my_take_word(p, "IF EXISTS"))
		ch.flags |= CHANGE_IF_EXISTS;
	if (!my_want_name(p, &ch.target, "a sequence name"))
		return false;
	ch.def = my_object_new(p->a, OBJECT_SEQUENCE, ch.target.name);
	ch.def->schema = ch.target.schema;
	while (took && !my_at_end(p))
		if (!sequence_option(p, &ch, &took))
			return false;
	if (kind == CHANGE_CREATE_SEQUENCE)
		sequence_defaults(&ch.def->sequence);
	if (!my_want_end(p))
		return false;
	my_change_push(p, &ch, c->start);
	return true;
}

/* ---- accounts and the rest ---- */

/* Accounts up to the first word of their options; passwords stay out of it. */
static bool read_accounts(struct parser *p, enum change_kind kind, unsigned flags, size_t start)
{
	do {
		struct change ch = my_change_new(p, kind, OBJECT_ROLE);
		size_t from, to;

		ch.flags |= flags;
		if (!my_want_account(p, &ch.target.name))
			return false;
		while (!my_at_end(p) && !my_is_punct(p, ","))
			if (my_is_punct(p, "(")) {
				if (!my_take_brackets(p, &from, &to))
					return false;
			} else {
				p->at++;
			}
		my_change_push(p, &ch, start);
	} while (my_take_punct(p, ","));
	return true;
}

struct other_row {
	const char *words, *class;
};

static const struct other_row others[] = {
	{"SERVER", "server"},
	{"LOGFILE GROUP", "logfile group"},
	{"RESOURCE GROUP", "resource group"},
	{"PACKAGE BODY", "package body"},
	{"PACKAGE", "package"},
	{"UNDO TABLESPACE", "undo tablespace"},
	{"TABLESPACE", "tablespace"},
	{"REFERENCE SYSTEM", "spatial reference system"},
	{"SPATIAL REFERENCE SYSTEM", "spatial reference system"},
	{"LIBRARY", "library"},
	{"INSTANCE", "instance"},
	{"CATALOG", "catalog"},
};

static bool read_other(
	struct parser *p, enum change_kind kind, unsigned flags, size_t start, bool *took)
{
	for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
		struct change ch = my_change_new(p, kind, OBJECT_OTHER);

		if (!my_take_word(p, others[i].words))
			continue;
		*took = true;
		ch.flags |= flags;
		if (my_take_word(p, "IF EXISTS"))
			ch.flags |= CHANGE_IF_EXISTS;
		if (my_take_word(p, "IF NOT EXISTS"))
			ch.flags |= CHANGE_IF_NOT_EXISTS;
		if (my_is_identifier(p, p->at))
			my_want_name(p, &ch.target, "a name");
		while (!my_at_end(p))
			p->at++;
		ch.def = my_object_new(p->a, OBJECT_OTHER, ch.target.name);
		ch.def->schema = ch.target.schema;
		ch.def->other.class_ = slice_of(others[i].class);
		my_change_push(p, &ch, start);
		return true;
	}
	*took = false;
	return true;
}

bool my_read_create(struct parser *p)
{
	struct create c = {.start = p->at};
	bool took;

	p->at++;
	if (!read_create_words(p, &c))
		return false;
	if (my_take_word(p, "TABLE"))
		return p->kind = "CREATE TABLE", my_read_create_table(p, c.start, c.flags);
	if (my_take_word(p, "INDEX"))
		return p->kind = "CREATE INDEX", create_index(p, &c);
	if (my_take_word(p, "VIEW"))
		return p->kind = "CREATE VIEW", read_view(p, &c, CHANGE_CREATE_VIEW);
	if (my_take_word(p, "TRIGGER"))
		return p->kind = "CREATE TRIGGER", my_read_create_trigger(p, c.start, c.flags);
	if (my_is_word(p, "PROCEDURE") || my_is_word(p, "FUNCTION"))
		return p->kind = my_is_word(p, "FUNCTION") ? "CREATE FUNCTION" : "CREATE PROCEDURE",
		       my_read_create_routine(p, c.start, c.flags);
	if (my_take_word(p, "EVENT"))
		return p->kind = "CREATE EVENT", my_read_create_event(p, c.start, c.flags);
	if (my_take_word(p, "DATABASE") || my_take_word(p, "SCHEMA"))
		return p->kind = "CREATE DATABASE", create_database(p, &c);
	if (my_take_word(p, "SEQUENCE"))
		return p->kind = "CREATE SEQUENCE", read_sequence(p, &c, CHANGE_CREATE_SEQUENCE);
	if (my_take_word(p, "USER") || my_take_word(p, "ROLE")) {
		p->kind = "CREATE USER";
		if (my_take_word(p, "IF NOT EXISTS"))
			c.flags |= CHANGE_IF_NOT_EXISTS;
		return read_accounts(p, CHANGE_CREATE_ROLE, c.flags, c.start);
	}
	p->kind = "CREATE";
	if (!read_other(p, CHANGE_CREATE_OTHER, c.flags, c.start, &took) || took)
		return p->fault == FAULT_NONE;
	return my_fault_expected(p, "TABLE, INDEX, VIEW, TRIGGER or another kind of object");
}

/* ---- ALTER ---- */

static bool alter_routine(struct parser *p, size_t start)
{
	struct change ch = my_change_new(p, CHANGE_ALTER_FUNCTION, OBJECT_FUNCTION);

	if (!my_want_name(p, &ch.target, "a routine name"))
		return false;
	ch.value.text = my_tokens_text(p, p->at, p->n - 1);
	while (!my_at_end(p))
		p->at++;
	my_change_push(p, &ch, start);
	return true;
}

static bool alter_database(struct parser *p, size_t start)
{
	struct change ch = my_change_new(p, CHANGE_ALTER_DATABASE, OBJECT_SCHEMA);

	if (my_is_identifier(p, p->at) && !token_punct(tok_next(p, 1), "=") &&
		!my_is_word(p, "CHARACTER") && !my_is_word(p, "CHARSET") &&
		!my_is_word(p, "COLLATE") && !my_is_word(p, "COMMENT") &&
		!my_is_word(p, "ENCRYPTION"))
		if (!my_want_ident(p, &ch.target.name, "a database name"))
			return false;
	if (my_take_word(p, "UPGRADE DATA DIRECTORY NAME")) {
		my_change_push(p, &ch, start);
		return true;
	}
	if (!read_database_options(p, &ch))
		return false;
	my_change_push(p, &ch, start);
	return true;
}

bool my_read_alter(struct parser *p)
{
	struct create c = {.start = p->at};
	bool took;

	p->at++;
	take_online(p);
	my_take_word(p, "IGNORE");
	if (my_take_word(p, "TABLE"))
		return p->kind = "ALTER TABLE", my_read_alter_table(p, c.start);
	if (!read_create_words(p, &c))
		return false;
	if (my_take_word(p, "VIEW"))
		return p->kind = "ALTER VIEW", read_view(p, &c, CHANGE_ALTER_VIEW);
	if (my_take_word(p, "EVENT"))
		return p->kind = "ALTER EVENT", my_read_alter_event(p, c.start);
	if (my_take_word(p, "PROCEDURE") || my_take_word(p, "FUNCTION"))
		return p->kind = "ALTER FUNCTION", alter_routine(p, c.start);
	if (my_take_word(p, "DATABASE") || my_take_word(p, "SCHEMA"))
		return p->kind = "ALTER DATABASE", alter_database(p, c.start);
	if (my_take_word(p, "SEQUENCE"))
		return p->kind = "ALTER SEQUENCE", read_sequence(p, &c, CHANGE_ALTER_SEQUENCE);
	if (my_take_word(p, "USER")) {
		p->kind = "ALTER USER";
		if (my_take_word(p, "IF EXISTS"))
			c.flags |= CHANGE_IF_EXISTS;
		return read_accounts(p, CHANGE_ALTER_ROLE, c.flags, c.start);
	}
	p->kind = "ALTER";
	if (!read_other(p, CHANGE_ALTER_OTHER, c.flags, c.start, &took) || took)
		return p->fault == FAULT_NONE;
	return my_fault_expected(p, "TABLE, VIEW, DATABASE or another kind of object");
}

/* ---- DROP ---- */

static bool drop_list(struct parser *p, enum change_kind kind, enum object_type type,
	const char *what, unsigned flags, size_t start)
{
	size_t first = p->nchanges;
	struct change tail = {0};

	if (my_take_word(p, "IF EXISTS"))
		flags |= CHANGE_IF_EXISTS;
	do {
		struct change ch = my_change_new(p, kind, type);
		size_t from = first == p->nchanges ? start : p->at;

		ch.flags |= flags;
		if (!my_want_name(p, &ch.target, what))
			return false;
		my_change_push(p, &ch, from);
	} while (my_take_punct(p, ","));
	if (!read_wait_words(p, &tail))
		return false;
	my_take_either(p, "RESTRICT", "CASCADE");
	for (size_t i = first; i < p->nchanges; i++)
		p->changes[i].settings = tail.settings;
	return my_want_end(p);
}

static bool drop_index(struct parser *p, size_t start)
{
	struct change ch = my_change_new(p, CHANGE_DROP_INDEX, OBJECT_INDEX);

	if (my_take_word(p, "IF EXISTS"))
		ch.flags |= CHANGE_IF_EXISTS;
	if (!my_want_ident(p, &ch.name, "an index name") || !my_want_word(p, "ON") ||
		!my_want_name(p, &ch.target, "a table name") || !read_wait_words(p, &ch) ||
		(!is_mariadb(&p->d) && !read_online_words(p, &ch.settings)))
		return false;
	if (is_mariadb(&p->d) && (my_is_word(p, "ALGORITHM") || my_is_word(p, "LOCK")))
		return my_fault_expected(p, "the end of the statement (MariaDB's DROP INDEX takes "
					    "no ALGORITHM and no LOCK, ALTER TABLE does)");
	if (!my_want_end(p))
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

/* A trigger's table is not said: target.name stays empty. */
static bool drop_trigger(struct parser *p, size_t start)
{
	struct change ch = my_change_new(p, CHANGE_DROP_TRIGGER, OBJECT_TRIGGER);
	struct name n;

	if (my_take_word(p, "IF EXISTS"))
		ch.flags |= CHANGE_IF_EXISTS;
	if (!my_want_name(p, &n, "a trigger name") || !my_want_end(p))
		return false;
	ch.target.schema = n.schema;
	ch.name = n.name;
	my_change_push(p, &ch, start);
	return true;
}

static bool drop_database(struct parser *p, size_t start)
{
	struct change ch = my_change_new(p, CHANGE_DROP_SCHEMA, OBJECT_SCHEMA);

	if (my_take_word(p, "IF EXISTS"))
		ch.flags |= CHANGE_IF_EXISTS;
	if (!my_want_ident(p, &ch.target.name, "a database name") || !my_want_end(p))
		return false;
	my_change_push(p, &ch, start);
	return true;
}

static bool drop_prepared(struct parser *p, size_t start)
{
	struct change ch = my_change_new(p, CHANGE_PREPARE, OBJECT_NONE);

	if (!my_want_ident(p, &ch.name, "a statement name") || !my_want_end(p))
		return false;
	ch.value.text = SL("deallocate");
	my_change_push(p, &ch, start);
	return true;
}

bool my_read_drop(struct parser *p)
{
	size_t start = p->at;
	unsigned flags = p->flags;
	bool took;

	p->at++;
	if (my_take_word(p, "TEMPORARY"))
		flags |= CHANGE_TEMPORARY;
	take_online(p);
	if (my_take_word(p, "TABLE") || my_take_word(p, "TABLES"))
		return p->kind = "DROP TABLE",
		       drop_list(p, CHANGE_DROP_TABLE, OBJECT_TABLE, "a table name", flags, start);
	if (my_take_word(p, "VIEW"))
		return p->kind = "DROP VIEW",
		       drop_list(p, CHANGE_DROP_VIEW, OBJECT_VIEW, "a view name", flags, start);
	if (my_take_word(p, "SEQUENCE"))
		return p->kind = "DROP SEQUENCE",
		       drop_list(p, CHANGE_DROP_SEQUENCE, OBJECT_SEQUENCE, "a sequence name", flags,
			       start);
	if (my_take_word(p, "INDEX"))
		return p->kind = "DROP INDEX", drop_index(p, start);
	if (my_take_word(p, "TRIGGER"))
		return p->kind = "DROP TRIGGER", drop_trigger(p, start);
	if (my_take_word(p, "DATABASE") || my_take_word(p, "SCHEMA"))
		return p->kind = "DROP DATABASE", drop_database(p, start);
	if (my_is_word(p, "PROCEDURE") || my_is_word(p, "FUNCTION")) {
		p->kind = my_is_word(p, "FUNCTION") ? "DROP FUNCTION" : "DROP PROCEDURE";
		p->at++;
		return drop_list(
			p, CHANGE_DROP_FUNCTION, OBJECT_FUNCTION, "a routine name", flags, start);
	}
	if (my_take_word(p, "EVENT"))
		return p->kind = "DROP EVENT",
		       drop_list(p, CHANGE_DROP_OTHER, OBJECT_EVENT, "an event name", flags, start);
	if (my_take_word(p, "USER") || my_take_word(p, "ROLE")) {
		p->kind = "DROP USER";
		if (my_take_word(p, "IF EXISTS"))
			flags |= CHANGE_IF_EXISTS;
		return read_accounts(p, CHANGE_DROP_ROLE, flags, start);
	}
	if (my_take_word(p, "PREPARE"))
		return p->kind = "DEALLOCATE", drop_prepared(p, start);
	p->kind = "DROP";
	if (!read_other(p, CHANGE_DROP_OTHER, flags, start, &took) || took)
		return p->fault == FAULT_NONE;
	return my_fault_expected(p, "TABLE, INDEX, VIEW or another kind of object");
}

/* ---- RENAME ---- */

static bool rename_user(struct parser *p)
{
	do {
		struct change ch = my_change_new(p, CHANGE_ALTER_ROLE, OBJECT_ROLE);
		size_t from = p->at;

		if (!my_want_account(p, &ch.target.name) || !my_want_word(p, "TO") ||
			!my_want_account(p, &ch.other.name))
			return false;
		my_change_push(p, &ch, from);
	} while (my_take_punct(p, ","));
	return my_want_end(p);
}

bool my_read_rename(struct parser *p)
{
	unsigned flags = 0;

	p->kind = "RENAME TABLE";
	p->at++;
	if (my_take_word(p, "USER"))
		return p->kind = "RENAME USER", rename_user(p);
	if (!my_take_word(p, "TABLE") && !my_take_word(p, "TABLES"))
		return my_fault_expected(p, "TABLE or USER");
	if (my_take_word(p, "IF EXISTS"))
		flags |= CHANGE_IF_EXISTS;
	do {
		struct change ch = my_change_new(p, CHANGE_RENAME_TABLE, OBJECT_TABLE);
		size_t from = p->at;

		ch.flags |= flags;
		if (!my_want_name(p, &ch.target, "a table name") || !read_wait_words(p, &ch) ||
			!my_want_word(p, "TO") || !my_want_name(p, &ch.other, "the new name"))
			return false;
		my_change_push(p, &ch, from);
	} while (my_take_punct(p, ","));
	return my_want_end(p);
}

/* ---- GRANT and REVOKE ---- */

static enum object_type grant_type(struct parser *p)
{
	if (my_take_word(p, "TABLE"))
		return OBJECT_TABLE;
	if (my_take_word(p, "FUNCTION") || my_take_word(p, "PROCEDURE") ||
		my_take_word(p, "PACKAGE BODY") || my_take_word(p, "PACKAGE"))
		return OBJECT_FUNCTION;
	return OBJECT_TABLE;
}

/* What a privilege is on: *.*, db.*, *, db.table, table. */
static bool grant_object(struct parser *p, struct change *ch)
{
	ch->type = grant_type(p);
	if (my_take_punct(p, "*.*") || my_take_punct(p, "*")) {
		ch->type = OBJECT_DATABASE;
		if (my_take_punct(p, ".") && !my_take_punct(p, "*"))
			return my_fault_expected(p, "\"*\"");
		return true;
	}
	if (my_is_identifier(p, p->at) && token_punct(tok_next(p, 1), ".*")) {
		ch->type = OBJECT_SCHEMA;
		my_want_ident(p, &ch->target.name, "a database");
		p->at++;
		return true;
	}
	if (my_is_identifier(p, p->at) && token_punct(tok_next(p, 1), ".") &&
		token_punct(tok_next(p, 2), "*")) {
		ch->type = OBJECT_SCHEMA;
		my_want_ident(p, &ch->target.name, "a database");
		p->at += 2;
		return true;
	}
	return my_want_name(p, &ch->target, "a table or database");
}

static bool read_privileges(struct parser *p, struct change *ch)
{
	size_t from, to, start = p->at;

	while (!my_at_end(p) && !my_is_word(p, "ON") && !my_is_word(p, "TO") &&
		!my_is_word(p, "FROM")) {
		if (my_is_punct(p, ",")) {
			names_add(p->a, &ch->list,
				my_lower(p->a, my_tokens_squeezed(p, start, p->at)));
			start = p->at + 1;
		}
		if (my_is_punct(p, "(")) {
			if (!my_take_brackets(p, &from, &to))
				return false;
		} else {
			p->at++;
		}
	}
	if (p->at == start)
		return my_fault_expected(p, "a privilege");
	names_add(p->a, &ch->list, my_lower(p->a, my_tokens_squeezed(p, start, p->at)));
	return true;
}

bool my_read_grant(struct parser *p)
{
	bool grant = my_is_word(p, "GRANT");
	struct change ch = my_change_new(p, grant ? CHANGE_GRANT : CHANGE_REVOKE, OBJECT_ROLE);
	size_t start = p->at, from, accounts;

	p->kind = grant ? "GRANT" : "REVOKE";
	p->at++;
	if (my_take_word(p, "IF EXISTS"))
		ch.flags |= CHANGE_IF_EXISTS;
	if (!read_privileges(p, &ch))
		return false;
	if (my_take_word(p, "ON") && !grant_object(p, &ch))
		return false;
	if (!my_want_word(p, grant ? "TO" : "FROM"))
		return false;
	from = accounts = p->at;
	do {
		struct slice one;

		if (!my_want_account(p, &one))
			return false;
		accounts = p->at;
		/* A password must not get any further than this. */
		while (!my_at_end(p) && !my_is_punct(p, ",") && !my_is_word(p, "WITH") &&
			!my_is_word(p, "REQUIRE"))
			p->at++;
	} while (my_take_punct(p, ","));
	ch.value.text = my_tokens_text(p, from, accounts);
	while (!my_at_end(p))
		p->at++;
	my_change_push(p, &ch, start);
	return true;
}
