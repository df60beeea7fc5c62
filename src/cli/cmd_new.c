/* cmd_new.c - belay new: a migration in the project's layout; of a change, its safe phases. */
#include "base/io.h"
#include "cli/steps.h"
#include "sql/quote.h"

static bool make_project(struct cli *c, struct project *p, struct err *err)
{
	const char *layout = cli_text(c, "layout"), **dirs;

	if (!cli_project(c, p, false, err))
		return false;
	if (p->layout)
		return true;
	/* The first migration of a project. */
	if (!layout)
		layout = c->config.layout ? c->config.layout : "plain";
	p->layout = layout_by_name(slice_of(layout), err);
	p->ndirs = cli_list(c, "migrations", &dirs);
	if (p->ndirs == 0) {
		dirs = ARENA_ARRAY(&c->arena, 1, const char *);
		dirs[0] = c->config.nmigrations ? c->config.migrations[0] : "migrations";
		p->ndirs = 1;
	}
	p->dirs = dirs;
	return p->layout != NULL;
}

/* ---- The words of a change ---- */

struct wanted {
	struct cli *cli;
	enum dialect d;
	const char **args; /* behind the change's own word */
	size_t n;
	struct buf sql;
};

/* schema.table, as the server keeps it; "…" around what has dots or capitals to keep. */
static struct name name_arg(struct wanted *w, size_t i)
{
	struct slice s = i < w->n ? slice_of(w->args[i]) : SLICE_NONE;
	size_t dot = slice_chr(s, '.');

	if (dot == 0 || dot == s.len || dot > s.len)
		return (struct name){SLICE_NONE, s};
	return (struct name){slice_sub(s, 0, dot), slice_from(s, dot + 1)};
}

static struct slice arg(struct wanted *w, size_t i)
{
	return i < w->n ? slice_of(w->args[i]) : SLICE_NONE;
}

/* a,b,c as (a, b, c) */
static void columns(struct wanted *w, size_t i)
{
	struct slice rest = arg(w, i), one;
	bool first = true;

	buf_addc(&w->sql, '(');
	while (slice_next(&rest, ',', &one)) {
		buf_adds(&w->sql, first ? "" : ", ");
		quote_ident_pretty(&w->sql, w->d, slice_trim(one));
		first = false;
	}
	buf_addc(&w->sql, ')');
}

static void table_and(struct wanted *w, const char *rest)
{
	struct name t = name_arg(w, 0);

	sqlf(&w->sql, w->d, "ALTER TABLE %n ", t.schema, t.name);
	buf_adds(&w->sql, rest);
}

static struct slice made_name(struct wanted *w, const char *label)
{
	struct slice table = name_arg(w, 0).name;
	char *s = arena_cstr(&w->cli->arena, arena_printf(&w->cli->arena, "%.*s_%.*s_%s",
						     SLICE(table), SLICE(arg(w, 1)), label));

	for (char *p = s; *p; p++)
		if (*p == ',' || *p == ' ')
			*p = '_';
	return slice_of(s);
}

static void add_column(struct wanted *w)
{
	table_and(w, "ADD COLUMN ");
	sqlf(&w->sql, w->d, "%i %s", arg(w, 1), arg(w, 2));
}

static void drop_column(struct wanted *w)
{
	table_and(w, "DROP COLUMN ");
	sqlf(&w->sql, w->d, "%i", arg(w, 1));
}

static void rename_column(struct wanted *w)
{
	table_and(w, "RENAME COLUMN ");
	sqlf(&w->sql, w->d, "%i TO %i", arg(w, 1), arg(w, 2));
}

static void change_type(struct wanted *w)
{
	const char *using_ = cli_text(w->cli, "using");

	table_and(w, dialect_is_mysql(w->d) ? "MODIFY COLUMN " : "ALTER COLUMN ");
	sqlf(&w->sql, w->d, dialect_is_mysql(w->d) ? "%i %s" : "%i TYPE %s", arg(w, 1), arg(w, 2));
	if (using_)
		sqlf(&w->sql, w->d, " USING %s", slice_of(using_));
}

static void set_not_null(struct wanted *w)
{
	table_and(w, "ALTER COLUMN ");
	sqlf(&w->sql, w->d, "%i SET NOT NULL", arg(w, 1));
}

static void drop_not_null(struct wanted *w)
{
	table_and(w, "ALTER COLUMN ");
	sqlf(&w->sql, w->d, "%i DROP NOT NULL", arg(w, 1));
}

static void set_default(struct wanted *w)
{
	table_and(w, "ALTER COLUMN ");
	sqlf(&w->sql, w->d, "%i SET DEFAULT %s", arg(w, 1), arg(w, 2));
}

static void add_index(struct wanted *w)
{
	struct name t = name_arg(w, 0);

	sqlf(&w->sql, w->d, "CREATE INDEX %i ON %n ", w->n > 2 ? arg(w, 2) : made_name(w, "idx"),
		t.schema, t.name);
	columns(w, 1);
}

static void drop_index(struct wanted *w)
{
	struct name n = name_arg(w, 0), t = name_arg(w, 1);

	sqlf(&w->sql, w->d, "DROP INDEX %n", n.schema, n.name);
	if (dialect_is_mysql(w->d))
		sqlf(&w->sql, w->d, " ON %n", t.schema, t.name);
}

static void add_unique(struct wanted *w)
{
	struct name t = name_arg(w, 0);
	struct slice name = w->n > 2 ? arg(w, 2) : made_name(w, "key");

	if (w->d == DIALECT_SQLITE)
		sqlf(&w->sql, w->d, "CREATE UNIQUE INDEX %i ON %n ", name, t.schema, t.name);
	else
		sqlf(&w->sql, w->d, "ALTER TABLE %n ADD CONSTRAINT %i UNIQUE ", t.schema, t.name,
			name);
	columns(w, 1);
}

static void add_primary_key(struct wanted *w)
{
	table_and(w, "ADD PRIMARY KEY ");
	columns(w, 1);
}

static void add_foreign_key(struct wanted *w)
{
	struct name to = name_arg(w, 2);

	table_and(w, "ADD CONSTRAINT ");
	sqlf(&w->sql, w->d, "%i FOREIGN KEY ", made_name(w, "fkey"));
	columns(w, 1);
	sqlf(&w->sql, w->d, " REFERENCES %n", to.schema, to.name);
	if (w->n > 3) {
		buf_addc(&w->sql, ' ');
		columns(w, 3);
	}
}

static void add_check(struct wanted *w)
{
	table_and(w, "ADD CONSTRAINT ");
	sqlf(&w->sql, w->d, "%i CHECK (%s)", arg(w, 1), arg(w, 2));
}

static void drop_constraint(struct wanted *w)
{
	table_and(w, "DROP CONSTRAINT ");
	sqlf(&w->sql, w->d, "%i", arg(w, 1));
}

static void rename_table(struct wanted *w)
{
	table_and(w, "RENAME TO ");
	sqlf(&w->sql, w->d, "%i", arg(w, 1));
}

static void drop_table(struct wanted *w)
{
	struct name t = name_arg(w, 0);

	sqlf(&w->sql, w->d, "DROP TABLE %n", t.schema, t.name);
}

/* clang-format off */
static const struct change_word {
	const char *word, *args;
	size_t min, max;
	void (*sql)(struct wanted *w);
	/* SQLite has no statement for it: the change itself. */
	enum change_kind made;
} new_words[] = {
	{"add-column",      "TABLE COLUMN 'TYPE …'",                   3, 3, add_column},
	{"drop-column",     "TABLE COLUMN",                            2, 2, drop_column},
	{"rename-column",   "TABLE OLD NEW",                           3, 3, rename_column},
	{"change-type",     "TABLE COLUMN TYPE",                       3, 3, change_type, CHANGE_ALTER_TYPE},
	{"set-not-null",    "TABLE COLUMN",                            2, 2, set_not_null, CHANGE_SET_NOT_NULL},
	{"drop-not-null",   "TABLE COLUMN",                            2, 2, drop_not_null, CHANGE_DROP_NOT_NULL},
	{"set-default",     "TABLE COLUMN EXPRESSION",                 3, 3, set_default, CHANGE_SET_DEFAULT},
	{"add-index",       "TABLE COLUMN[,COLUMN…] [NAME]",           2, 3, add_index},
	{"drop-index",      "NAME [TABLE]",                            1, 2, drop_index},
	{"add-unique",      "TABLE COLUMN[,COLUMN…] [NAME]",           2, 3, add_unique},
	{"add-primary-key", "TABLE COLUMN[,COLUMN…]",                  2, 2, add_primary_key, CHANGE_ADD_CONSTRAINT},
	{"add-foreign-key", "TABLE COLUMN[,COLUMN…] TABLE [COLUMN…]",  3, 4, add_foreign_key, CHANGE_ADD_CONSTRAINT},
	{"add-check",       "TABLE NAME EXPRESSION",                   3, 3, add_check, CHANGE_ADD_CONSTRAINT},
	{"drop-constraint", "TABLE NAME",                              2, 2, drop_constraint, CHANGE_DROP_CONSTRAINT},
	{"rename-table",    "OLD NEW",                                 2, 2, rename_table},
	{"drop-table",      "TABLE",                                   1, 1, drop_table},
};
/* clang-format on */
enum { N_WORDS = sizeof new_words / sizeof *new_words };

static const struct change_word *find_word(struct cli *c, struct err *err)
{
	const char *words[N_WORDS], *near;

	for (size_t i = 0; i < N_WORDS; i++) {
		if (strcmp(new_words[i].word, c->args[1]) == 0)
			return &new_words[i];
		words[i] = new_words[i].word;
	}
	near = nearest_word(slice_of(c->args[1]), words, N_WORDS);
	err_set(err, ERR_INPUT, "there is no change \"%s\"", c->args[1]);
	if (near)
		err_hint(err, "Did you mean %s?", near);
	else
		err_hint(err, "belay new --help lists them; --sql takes any statement.");
	return NULL;
}

/* ---- SQLite: changes without a statement ---- */

static struct names split_columns(struct wanted *w, size_t i)
{
	struct slice rest = arg(w, i), one;
	struct names n = {0};

	while (slice_next(&rest, ',', &one))
		names_add(&w->cli->arena, &n, slice_trim(one));
	return n;
}

static void make_constraint(struct wanted *w, const struct change_word *word, struct object *o)
{
	struct constraint_def *d = &o->constraint;

	o->type = OBJECT_CONSTRAINT;
	if (word->sql == add_check) {
		o->name = arg(w, 1);
		d->kind = SL("check");
		d->expression.text = arg(w, 2);
		return;
	}
	d->columns = split_columns(w, 1);
	d->kind = word->sql == add_primary_key ? SL("primary key") : SL("foreign key");
	if (word->sql == add_foreign_key) {
		o->name = made_name(w, "fkey");
		d->ref_table = name_arg(w, 2);
		d->ref_columns = split_columns(w, 3);
	}
}

static struct statement made_statement(struct wanted *w, const struct change_word *word)
{
	struct change *c = ARENA_NEW(&w->cli->arena, struct change);
	struct object *o = ARENA_NEW(&w->cli->arena, struct object);
	const char *using_ = cli_text(w->cli, "using");

	c->kind = word->made;
	c->type = OBJECT_TABLE;
	c->target = name_arg(w, 0);
	c->name = arg(w, 1);
	c->def = o;
	if (word->made == CHANGE_ADD_CONSTRAINT)
		make_constraint(w, word, o);
	if (word->made == CHANGE_ALTER_TYPE) {
		o->type = OBJECT_COLUMN;
		o->column.type = arg(w, 2);
		c->value.text = slice_of(using_);
	}
	if (word->made == CHANGE_SET_DEFAULT)
		c->value.text = arg(w, 2);
	return (struct statement){.state = STATEMENT_READ,
		.kind = "ALTER TABLE",
		.text = slice_of(word->word),
		.raw = slice_of(word->word),
		.changes = c,
		.nchanges = 1};
}

/* ---- What is asked for, as a statement ---- */

/* In words, or a text still to be read. */
struct asked {
	struct slice sql;
	bool made;
	struct statement statement;
};

static bool what_is_asked(struct cli *c, enum dialect d, struct asked *out, struct err *err)
{
	const char *sql = cli_text(c, "sql");
	struct wanted w = {.cli = c, .d = d};
	const struct change_word *word;

	if (sql && c->nargs > 1)
		return err_set(err, ERR_INPUT, "a change in words and --sql do not go together");
	*out = (struct asked){.sql = slice_of(sql)};
	if (sql)
		return true;
	word = find_word(c, err);
	if (!word)
		return false;
	w.args = c->args + 2;
	w.n = c->nargs - 2;
	if (w.n < word->min || w.n > word->max)
		return err_set(err, ERR_INPUT, "%s wants %s", word->word, word->args);
	out->made = d == DIALECT_SQLITE && word->made != CHANGE_CREATE_TABLE;
	if (out->made) {
		out->statement = made_statement(&w, word);
		return true;
	}
	word->sql(&w);
	out->sql = arena_slice(&c->arena, buf_slice(&w.sql));
	buf_done(&w.sql);
	return true;
}

static bool readable(struct statement *st, struct err *err)
{
	if (st->state == STATEMENT_SYNTAX) {
		err_set(err, ERR_INPUT, "the statement does not parse: %.*s",
			SLICE(st->fault_message));
		return err_span(err, st->span);
	}
	if (st->state == STATEMENT_READ)
		return true;
	err_set(err, ERR_INPUT, "the statement cannot be read: %.*s", SLICE(st->opaque_reason));
	return err_span(err, st->span);
}

struct making {
	struct cli *cli;
	const struct project *project;
	struct schema_now *now;
	struct safe_step **steps;
	size_t n;
};

static bool needs_value(const struct rewritten *r)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->steps[i]->needs_value)
			return true;
	return false;
}

/* `made` by us: the engine has no word for it, and the recipe says what stands in its way. */
static bool steps_of(struct making *m, const struct statement *st, bool made, struct err *err)
{
	struct arena *a = &m->cli->arena;
	struct effect effect = {0};
	struct rewrite_input in = {.arena = a,
		.before = m->now->catalog,
		.session = &m->now->session,
		.statement = st,
		.effect = &effect,
		.dialect = m->now->engine->dialect,
		.version = m->now->version,
		.one_message = sends_one_message(m->project->layout),
		.fill = slice_of(cli_text(m->cli, "fill"))};
	struct rewritten out;
	struct slice why;

	if (!made)
		m->now->engine->effects(a, m->now->catalog, &m->now->session, st, &effect);
	if (effect.outcome == OUTCOME_FAILS)
		return err_set(err, ERR_INPUT, "it would fail: %.*s", SLICE(effect.outcome_why));
	switch (rewrite_statement(&in, &out)) {
	case REWRITE_REFUSED:
		if (slice_starts(out.refused, "No safe form"))
			return err_set(
				err, ERR_REFUSED, "n%.*s", SLICE(slice_from(out.refused, 1)));
		return err_set(err, ERR_REFUSED, "there is no safe form: %.*s", SLICE(out.refused));
	case REWRITE_AS_IS:
		rewrite_plainly(&in, &out);
		break;
	case REWRITE_STEPS:
		break;
	}
	if (needs_value(&out)) {
		err_set(err, ERR_INPUT, "the rows that are there need a value for the new column");
		return err_hint(err, "Give one: --fill EXPRESSION, such as --fill \"''\" or the "
				     "name of another column.");
	}
	for (size_t i = 0; i < out.n; i++)
		*ARENA_PUSH(a, m->steps, m->n) = out.steps[i];
	catalog_apply_statement(m->now->catalog, &m->now->session, st, &why);
	return true;
}

static bool make_steps(struct making *m, struct err *err)
{
	struct cli *c = m->cli;
	struct source *src = ARENA_NEW(&c->arena, struct source);
	struct script script = {0};
	struct asked asked;

	if (!schema_now_open(c, m->project, m->now, err) ||
		!what_is_asked(c, m->now->engine->dialect, &asked, err))
		return false;
	if (asked.made)
		return steps_of(m, &asked.statement, true, err) &&
		       steps_parse(c, m->now, m->steps, m->n, err);
	source_init(src, &c->arena, "-", asked.sql);
	if (!script_read(
		    m->now->engine, m->now->reader, &c->arena, src, 0, asked.sql.len, &script, err))
		return false;
	if (script.n == 0)
		return err_set(err, ERR_INPUT, "there is no statement in it");
	for (size_t i = 0; i < script.n; i++)
		if (!readable(&script.at[i], err) || !steps_of(m, &script.at[i], false, err))
			return false;
	return steps_parse(c, m->now, m->steps, m->n, err);
}

static bool print_files(struct cli *c, const struct new_file *files, size_t n, struct err *err)
{
	struct buf b = {0};
	struct json j;
	bool ok = true;

	for (size_t i = 0; cli_wants(c, "text") && i < n; i++)
		buf_printf(&b, "%s\n", files[i].path);
	if (cli_wants(c, "text"))
		ok = cli_emit(c, "text", buf_slice(&b), err);
	if (ok && cli_wants(c, "json")) {
		buf_clear(&b);
		json_init(&j, &b);
		json_object(&j);
		report_head(&j, "new/1");
		json_key(&j, "files");
		json_array(&j);
		for (size_t i = 0; i < n; i++)
			json_cstr(&j, files[i].path);
		json_end(&j);
		json_end(&j);
		buf_addc(&b, '\n');
		ok = cli_emit(c, "json", buf_slice(&b), err);
	}
	buf_done(&b);
	return ok;
}

int cmd_new(struct cli *c, struct err *err)
{
	struct slice name = file_word(&c->arena, slice_of(c->args[0]));
	struct schema_now now = {0};
	struct making m = {.cli = c, .now = &now};
	struct new_file *files;
	struct project p = {0};
	size_t n;
	bool ok;

	if (!make_project(c, &p, err))
		return 2;
	m.project = &p;
	if (c->nargs == 1 && !cli_text(c, "sql")) {
		ok = p.layout->new_files(
			&p, &c->arena, name, SLICE_NONE, SLICE_NONE, &files, &n, err);
	} else {
		ok = make_steps(&m, err) &&
		     steps_files(c, &p, name, m.steps, 0, m.n, &files, &n, err);
	}
	schema_now_close(&now);
	if (!ok || !files_write(c, files, n, err) || !print_files(c, files, n, err))
		return 2;
	return 0;
}
