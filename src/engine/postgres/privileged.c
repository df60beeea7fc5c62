/* privileged.c - statements that only a superuser may run, and that a rehearsal runs all the same.
 *
 * The owner of a scratch database stays without privileges, for its SQL is hostile. But some things
 * that histories do as superuser cannot leave the database: those are done by functions of the
 * superuser's (queries/postgres/scratch_superuser.sql), which take names and flags and never SQL.
 * Here a statement that is one of them, to the last token, becomes a call. Everything else goes to
 * the server as it stands, which refuses it. */
#include "engine/postgres/scratch.h"

#include "sql/quote.h"
#include "sql/token.h"

struct form {
	struct arena *a;
	struct lexer l;
	struct buf b;
};

static bool word(struct form *f, const char *w)
{
	if (!token_is(lexer_peek(&f->l), w))
		return false;
	lexer_next(&f->l);
	return true;
}

static bool words(struct form *f, const char *const *w)
{
	for (; *w; w++)
		if (!word(f, *w))
			return false;
	return true;
}
#define WORDS(f, ...) words(f, (const char *const[]){__VA_ARGS__, NULL})

static bool punct(struct form *f, const char *p)
{
	if (!token_punct(lexer_peek(&f->l), p))
		return false;
	lexer_next(&f->l);
	return true;
}

static bool name(struct form *f, struct slice *out)
{
	struct token t = lexer_peek(&f->l);

	if (t.kind != TOKEN_WORD && t.kind != TOKEN_QUOTED)
		return false;
	*out = token_value(f->a, DIALECT_POSTGRES, lexer_next(&f->l));
	return true;
}

static bool string(struct form *f, struct slice *out)
{
	if (lexer_peek(&f->l).kind != TOKEN_STRING)
		return false;
	*out = token_value(f->a, DIALECT_POSTGRES, lexer_next(&f->l));
	return true;
}

static bool boolean(struct form *f, bool *out)
{
	*out = token_is(lexer_peek(&f->l), "TRUE");
	return word(f, "TRUE") || word(f, "FALSE");
}

static bool end(struct form *f)
{
	while (punct(f, ";"))
		;
	return lexer_peek(&f->l).kind == TOKEN_END;
}

static struct slice truth(bool b)
{
	return b ? SL("true") : SL("false");
}

/* [schema.]name as a string that a cast to regclass or regtype takes. */
static bool path(struct form *f, struct slice *out)
{
	struct slice schema = SLICE_NONE, last;
	struct buf b = {0};

	if (!name(f, &last))
		return false;
	if (punct(f, ".")) {
		schema = last;
		if (!name(f, &last))
			return false;
	}
	sqlf(&b, DIALECT_POSTGRES, "%N", schema, last);
	*out = arena_slice(f->a, buf_slice(&b));
	buf_done(&b);
	return true;
}

/* ALTER TABLE [ONLY] t {DISABLE | ENABLE} TRIGGER ALL */
static bool all_triggers(struct form *f)
{
	struct slice table;
	bool alone, disable;

	if (!WORDS(f, "ALTER", "TABLE"))
		return false;
	alone = word(f, "ONLY");
	if (!path(f, &table))
		return false;
	disable = word(f, "DISABLE");
	if ((!disable && !word(f, "ENABLE")) || !WORDS(f, "TRIGGER", "ALL"))
		return false;
	sqlf(&f->b, DIALECT_POSTGRES,
		"SELECT pg_catalog.belay_all_triggers(%L::pg_catalog.regclass, %s, %s)", table,
		truth(alone), truth(!disable));
	return end(f);
}

/* ALTER {TABLE | VIEW | … | TYPE | DOMAIN | SCHEMA} x OWNER TO role: a role's name, not
 * CURRENT_USER. The server's functions have their arguments: those are left alone. */
static bool owner(struct form *f)
{
	static const struct {
		const char *first, *second, *kind, *cast;
	} kinds[] = {
		{"TABLE", NULL, "TABLE", "regclass"},
		{"SEQUENCE", NULL, "TABLE", "regclass"},
		{"VIEW", NULL, "TABLE", "regclass"},
		{"MATERIALIZED", "VIEW", "TABLE", "regclass"},
		{"FOREIGN", "TABLE", "TABLE", "regclass"},
		{"TYPE", NULL, "TYPE", "regtype"},
		{"DOMAIN", NULL, "TYPE", "regtype"},
		{"SCHEMA", NULL, "SCHEMA", "regnamespace"},
	};
	struct slice object, role;
	size_t i = 0;

	if (!word(f, "ALTER"))
		return false;
	while (i < sizeof kinds / sizeof *kinds && !word(f, kinds[i].first))
		i++;
	if (i == sizeof kinds / sizeof *kinds || (kinds[i].second && !word(f, kinds[i].second)))
		return false;
	(void)word(f, "ONLY");
	if (!path(f, &object) || !WORDS(f, "OWNER", "TO"))
		return false;
	if (slice_istarts(lexer_peek(&f->l).text, "current_") ||
		token_is(lexer_peek(&f->l), "SESSION_USER") || !name(f, &role))
		return false;
	sqlf(&f->b, DIALECT_POSTGRES,
		"SELECT pg_catalog.belay_owner(%L, %L::pg_catalog.%s::pg_catalog.oid, %L)",
		slice_of(kinds[i].kind), object, slice_of(kinds[i].cast), role);
	return end(f);
}

/* UPDATE pg_index SET indisready = b WHERE indrelid = (SELECT oid FROM pg_class WHERE relname =
 * 't'), or = 't'::regclass */
static bool index_flag(struct form *f)
{
	struct slice flag, table;
	bool value;

	if (!word(f, "UPDATE"))
		return false;
	if (word(f, "pg_catalog") && !punct(f, "."))
		return false;
	if (!WORDS(f, "pg_index", "SET") || !name(f, &flag) || !punct(f, "=") ||
		!boolean(f, &value) || !WORDS(f, "WHERE", "indrelid") || !punct(f, "="))
		return false;
	if (punct(f, "(")) {
		if (!WORDS(f, "SELECT", "oid", "FROM"))
			return false;
		if (word(f, "pg_catalog") && !punct(f, "."))
			return false;
		if (!WORDS(f, "pg_class", "WHERE", "relname") || !punct(f, "=") ||
			!string(f, &table) || !punct(f, ")"))
			return false;
	} else if (!string(f, &table) || !punct(f, "::") || !word(f, "regclass")) {
		return false;
	} else if (slice_chr(table, '.') != SIZE_MAX || slice_chr(table, '"') != SIZE_MAX) {
		return false;
	}
	if (!end(f))
		return false;
	sqlf(&f->b, DIALECT_POSTGRES, "SELECT pg_catalog.belay_index_flag(%L, %L, %s)", table, flag,
		truth(value));
	return true;
}

static bool extension_comment(struct form *f)
{
	struct slice extension, text = SLICE_NONE;
	bool null;

	if (!WORDS(f, "COMMENT", "ON", "EXTENSION") || !name(f, &extension) || !word(f, "IS"))
		return false;
	null = word(f, "NULL");
	if ((!null && !string(f, &text)) || !end(f))
		return false;
	sqlf(&f->b, DIALECT_POSTGRES, "SELECT pg_catalog.belay_extension_comment(%L, ", extension);
	if (null)
		buf_adds(&f->b, "NULL)");
	else
		sqlf(&f->b, DIALECT_POSTGRES, "%L)", text);
	return true;
}

static bool publish_all(struct form *f)
{
	struct slice publication, publish;

	if (!WORDS(f, "CREATE", "PUBLICATION") || !name(f, &publication) ||
		!WORDS(f, "FOR", "ALL", "TABLES"))
		return false;
	sqlf(&f->b, DIALECT_POSTGRES, "SELECT pg_catalog.belay_publish_all(%L, ", publication);
	if (word(f, "WITH")) {
		if (!punct(f, "(") || !word(f, "publish") || !punct(f, "=") ||
			!string(f, &publish) || !punct(f, ")"))
			return false;
		sqlf(&f->b, DIALECT_POSTGRES, "%L)", publish);
	} else {
		buf_adds(&f->b, "NULL)");
	}
	return end(f);
}

/* Those of belay_set(). */
static bool is_setting(struct slice s)
{
	static const char *const settings[] = {"session_replication_role", "deadlock_timeout",
		"lc_messages", "log_statement", "log_min_duration_statement", "log_lock_waits",
		"track_io_timing", "track_functions", NULL};

	for (size_t i = 0; settings[i]; i++)
		if (slice_iis(s, settings[i]))
			return true;
	return false;
}

static bool set_setting(struct form *f)
{
	struct slice setting, value;
	bool reset = word(f, "RESET"), local = false;
	struct token t;

	if (!reset) {
		if (!word(f, "SET"))
			return false;
		local = word(f, "LOCAL");
		if (!local)
			(void)word(f, "SESSION");
	}
	if (!name(f, &setting) || !is_setting(setting))
		return false;
	sqlf(&f->b, DIALECT_POSTGRES, "SELECT pg_catalog.belay_set(%L, ", setting);
	if (!reset && !punct(f, "=") && !word(f, "TO"))
		return false;
	t = lexer_peek(&f->l);
	if (reset || word(f, "DEFAULT")) {
		buf_adds(&f->b, "NULL");
	} else if (t.kind == TOKEN_NUMBER) {
		lexer_next(&f->l);
		sqlf(&f->b, DIALECT_POSTGRES, "%L", t.text);
	} else if (string(f, &value) || name(f, &value)) {
		sqlf(&f->b, DIALECT_POSTGRES, "%L", value);
	} else {
		return false;
	}
	buf_adds(&f->b, local ? ", true)" : ", false)");
	return end(f);
}

bool pg_privileged(struct arena *a, struct slice sql, struct slice *send, bool *superuser)
{
	static const struct {
		bool (*is)(struct form *);
		bool superuser; /* nobody else may, anywhere */
	} forms[] = {{all_triggers, true}, {index_flag, true}, {extension_comment, true},
		{publish_all, true}, {set_setting, true}, {owner, false}};

	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
		struct form f = {.a = a};
		bool is;

		lexer_init(&f.l, DIALECT_POSTGRES, sql);
		is = forms[i].is(&f);
		if (is) {
			*send = arena_slice(a, buf_slice(&f.b));
			*superuser = forms[i].superuser;
		}
		buf_done(&f.b);
		if (is)
			return true;
	}
	return false;
}
