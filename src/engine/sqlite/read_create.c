/* read_create.c - CREATE INDEX, VIEW, TRIGGER, VIRTUAL TABLE, and DROP of anything.
 *
 * https://sqlite.org/lang_createindex.html, lang_createview.html, lang_createtrigger.html,
 * lang_createvtab.html */
#include "engine/sqlite/read.h"

static unsigned if_not_exists(struct parse *p)
{
	if (!p_take(p, "IF"))
		return 0;
	p_want(p, "NOT");
	p_want(p, "EXISTS");
	return CHANGE_IF_NOT_EXISTS;
}

/* More than 2,000 are refused: those need not be told apart.
 * https://www.sqlite.org/limits.html */
static void note_columns(struct parse *p, struct object *o, size_t from, size_t to)
{
	enum { MOST_COLUMNS = 2000 };
	struct expr e = p_expr(p, from, to);

	if (o->index.columns.n > MOST_COLUMNS)
		return;
	for (size_t i = 0; e.facts && i < e.facts->columns.n; i++)
		if (!names_has(o->index.columns, e.facts->columns.at[i]))
			names_add(p->a, &o->index.columns, e.facts->columns.at[i]);
}

/* CREATE [UNIQUE] has been read; INDEX is next. */
void read_create_index(struct parse *p, bool unique, size_t start)
{
	struct change *ch = p_change(p, CHANGE_CREATE_INDEX, OBJECT_INDEX);
	struct object *o = p_object(p, OBJECT_INDEX);
	struct name index;

	(void)start;
	p->kind = "CREATE INDEX";
	p_want(p, "INDEX");
	ch->flags |= if_not_exists(p);
	index = p_qualified(p);
	p_want(p, "ON");
	ch->target = (struct name){index.schema, p_name(p)};
	ch->name = index.name;
	ch->def = o;
	o->schema = index.schema;
	o->name = index.name;
	o->index.unique = unique;
	p_want_punct(p, "(");
	do {
		size_t from = p->at;

		/* "x" is a string where no column is called so. */
		if (p_peek(p).kind == TOKEN_QUOTED && p_peek(p).text.at[0] == '"')
			names_add(p->a, &ch->list, token_value(p->a, DIALECT_SQLITE, p_peek(p)));
		names_add(p->a, &o->index.keys, read_key(p, NULL, NULL));
		note_columns(p, o, from, p->at);
	} while (p_take_punct(p, ",") && !p->failed);
	p_want_punct(p, ")");
	if (p_take(p, "WHERE")) {
		size_t from = p->at;

		p_skip_until(p, NULL, false);
		o->index.predicate = p_expr(p, from, p->at);
		note_columns(p, o, from, p->at);
		if (p->at == from)
			p_fail(p);
	}
}

/* CREATE [TEMP] has been read; VIEW is next. */
void read_create_view(struct parse *p, bool temporary, size_t start)
{
	struct change *ch = p_change(p, CHANGE_CREATE_VIEW, OBJECT_VIEW);
	struct object *o = p_object(p, OBJECT_VIEW);
	struct name view;
	size_t from;

	(void)start;
	p->kind = "CREATE VIEW";
	p_want(p, "VIEW");
	ch->flags |= if_not_exists(p) | (temporary ? CHANGE_TEMPORARY : 0);
	view = p_qualified(p);
	o->schema = temporary && !view.schema.len ? SL("temp") : view.schema;
	o->name = view.name;
	if (p_is_punct(p, "("))
		o->view.columns = p_name_list(p);
	p_want(p, "AS");
	from = p->at;
	if (!p_is(p, "SELECT") && !p_is(p, "WITH") && !p_is(p, "VALUES"))
		p_fail(p);
	p_skip_until(p, NULL, false);
	o->view.query = p_expr(p, from, p->at);
	p_reads(p, from, p->at, &o->view.reads);
	ch->target = (struct name){o->schema, o->name};
	ch->reads = o->view.reads;
	ch->def = o;
}

/* Tables that a trigger's body writes; what it reads is added by p_reads. */
static void body_writes(struct parse *p, size_t from, size_t to, struct names *out)
{
	for (size_t i = from; i + 1 < to; i++) {
		struct token t = p->tok[i];
		bool writes = token_is(t, "INTO") ||
			      (token_is(t, "UPDATE") && !token_is(p->tok[i + 1], "OF") &&
				      !token_is(p->tok[i + 1], "SET"));
		size_t at = i + 1;

		if (token_is(t, "UPDATE") && token_is(p->tok[at], "OR"))
			at += 2;
		if (writes && at < to) {
			struct slice name = token_value(p->a, DIALECT_SQLITE, p->tok[at]);

			if (!names_has(*out, name))
				names_add(p->a, out, name);
		}
	}
	p_reads(p, from, to, out);
}

static void trigger_event(struct parse *p, struct trigger_def *t)
{
	if (p_take(p, "DELETE")) {
		names_add(p->a, &t->events, SL("delete"));
	} else if (p_take(p, "INSERT")) {
		names_add(p->a, &t->events, SL("insert"));
	} else {
		p_want(p, "UPDATE");
		names_add(p->a, &t->events, SL("update"));
		if (p_take(p, "OF"))
			do
				names_add(p->a, &t->columns, p_name(p));
			while (p_take_punct(p, ","));
	}
}

static struct slice trigger_timing(struct parse *p)
{
	if (p_take(p, "AFTER"))
		return SL("after");
	if (p_take(p, "INSTEAD")) {
		p_want(p, "OF");
		return SL("instead of");
	}
	p_take(p, "BEFORE");
	return SL("before");
}

/* BEGIN statement; … END */
static void trigger_body_text(struct parse *p, struct object *o, struct change *ch)
{
	size_t from = p->at;

	p_want(p, "BEGIN");
	while (!p_at_end(p))
		p_next(p);
	if (p->failed || p->at < from + 3 || !token_is(p->tok[p->at - 1], "END") ||
		!token_punct(p->tok[p->at - 2], ";")) {
		p_fail(p);
		return;
	}
	o->trigger.body.text = p_text(p, from, p->at);
	body_writes(p, from + 1, p->at - 1, &ch->reads);
}

/* CREATE [TEMP] has been read; TRIGGER is next. */
void read_create_trigger(struct parse *p, bool temporary, size_t start)
{
	struct change *ch = p_change(p, CHANGE_CREATE_TRIGGER, OBJECT_TRIGGER);
	struct object *o = p_object(p, OBJECT_TRIGGER);
	struct name trigger, table;

	(void)start;
	p->kind = "CREATE TRIGGER";
	p_want(p, "TRIGGER");
	ch->flags |= if_not_exists(p) | (temporary ? CHANGE_TEMPORARY : 0);
	trigger = p_qualified(p);
	o->trigger.timing = trigger_timing(p);
	trigger_event(p, &o->trigger);
	p_want(p, "ON");
	table = p_qualified(p);
	if (p_take(p, "FOR")) {
		p_want(p, "EACH");
		p_want(p, "ROW");
	}
	o->trigger.for_each_row = true;
	if (p_take(p, "WHEN")) {
		static const char *const ends[] = {"BEGIN", NULL};
		size_t from = p->at;

		p_skip_until(p, ends, false);
		o->trigger.condition = p_expr(p, from, p->at);
	}
	trigger_body_text(p, o, ch);
	o->trigger.reads = ch->reads;
	o->schema = temporary && !trigger.schema.len ? SL("temp") : trigger.schema;
	o->name = trigger.name;
	ch->name = trigger.name;
	ch->target = (struct name){table.schema.len ? table.schema : trigger.schema, table.name};
	ch->def = o;
}

struct slice trigger_body(const struct change *create_trigger)
{
	struct slice body = create_trigger->def->trigger.body.text;

	if (body.len < strlen("BEGIN") + strlen("END"))
		return SLICE_NONE;
	body = slice_from(body, strlen("BEGIN"));
	body.len -= strlen("END");
	return body;
}

/* CREATE has been read; VIRTUAL TABLE is next. */
void read_create_virtual(struct parse *p, size_t start)
{
	struct change *ch = p_change(p, CHANGE_CREATE_TABLE, OBJECT_TABLE);
	struct object *o = p_object(p, OBJECT_TABLE);
	struct name table;
	size_t from, f, t;

	(void)start;
	p->kind = "CREATE VIRTUAL TABLE";
	p_want(p, "VIRTUAL");
	p_want(p, "TABLE");
	ch->flags |= if_not_exists(p);
	table = p_qualified(p);
	p_want(p, "USING");
	from = p->at;
	p_name(p);
	if (p_is_punct(p, "("))
		p_parens(p, &f, &t);
	o->schema = table.schema;
	o->name = table.name;
	o->table_.kind = SL("virtual");
	o->table_.persistence = SL("permanent");
	o->table_.definition.text = sqlite_squeeze(p->a, p_text(p, from, p->at));
	ch->target = table;
	ch->def = o;
}

void read_create(struct parse *p)
{
	bool temporary;
	size_t start = p->at;

	p_want(p, "CREATE");
	p->kind = "CREATE";
	temporary = p_take(p, "TEMP") || p_take(p, "TEMPORARY");
	if (p_is(p, "TABLE"))
		read_create_table(p, temporary, start);
	else if (p_is(p, "VIEW"))
		read_create_view(p, temporary, start);
	else if (p_is(p, "TRIGGER"))
		read_create_trigger(p, temporary, start);
	else if (temporary)
		p_fail(p);
	else if (p_is(p, "INDEX"))
		read_create_index(p, false, start);
	else if (p_take(p, "UNIQUE"))
		read_create_index(p, true, start);
	else if (p_is(p, "VIRTUAL"))
		read_create_virtual(p, start);
	else
		p_fail(p);
}

void read_drop(struct parse *p)
{
	static const struct {
		const char *word, *kind;
		enum change_kind change;
		enum object_type type;
	} drops[] = {
		{"TABLE", "DROP TABLE", CHANGE_DROP_TABLE, OBJECT_TABLE},
		{"INDEX", "DROP INDEX", CHANGE_DROP_INDEX, OBJECT_INDEX},
		{"VIEW", "DROP VIEW", CHANGE_DROP_VIEW, OBJECT_VIEW},
		{"TRIGGER", "DROP TRIGGER", CHANGE_DROP_TRIGGER, OBJECT_TRIGGER},
	};

	p_want(p, "DROP");
	p->kind = "DROP";
	for (size_t i = 0; i < sizeof drops / sizeof *drops; i++) {
		struct change *ch;

		if (!p_take(p, drops[i].word))
			continue;
		p->kind = drops[i].kind;
		ch = p_change(p, drops[i].change, drops[i].type);
		if (p_take(p, "IF")) {
			p_want(p, "EXISTS");
			ch->flags |= CHANGE_IF_EXISTS;
		}
		ch->target = p_qualified(p);
		if (drops[i].change == CHANGE_DROP_TRIGGER) {
			/* The table is not said: the name alone finds it. */
			ch->name = ch->target.name;
			ch->target.name = SLICE_NONE;
		}
		return;
	}
	p_fail(p);
}
