/* needs.c - what a history expects to be there and its owner may not make.
 *
 * On a real server somebody else did these things. On our own scratch server we do them, just
 * before the statement that needs them is sent:
 *
 *   a role that is granted to, owns or is named by a policy, and does not exist: made, NOLOGIN, and
 *   the owner becomes its admin;
 *   CREATE ROLE of one that only another scratch database knows (roles belong to the whole server,
 *   and a proof runs on a copy): the other one is renamed out of the way;
 *   CREATE EXTENSION of one on our list that is not trusted: installed by the superuser and handed
 *   to the owner, unless the database already holds functions of the owner's, which an install
 *   script might be tricked into calling. It stays when the transaction is rolled back.
 *
 * What stands in the statement is looked at, in a DO block too, and in the strings that it
 * executes; not what a block puts together. A block that looks whether a role is there is left to
 * itself.
 *
 * Statements that need a superuser and can do no harm: see privileged.c. */
#include "engine/postgres/scratch.h"

#include "sql/quote.h"
#include "sql/token.h"

static const char *const extensions[] = {"bloom", "btree_gin", "btree_gist", "citext", "cube",
	"earthdistance", "fuzzystrmatch", "hstore", "intarray", "isn", "ltree",
	"pg_stat_statements", "pg_trgm", "pg_uuidv7", "pgcrypto", "pgrouting", "postgis",
	"postgis_topology", "rum", "seg", "tablefunc", "unaccent", "uuid-ossp", "vector", NULL};

/* ---- Reading what a text needs ---- */
struct wanted_extension {
	struct slice name, schema;
	size_t after; /* offset behind the word EXTENSION; 0 = says IF NOT EXISTS itself */
};

struct needs {
	struct names used;    /* roles that must exist */
	struct names created; /* roles that it creates */
	struct wanted_extension *extensions;
	size_t nextensions;
};

static bool is_name(struct token t)
{
	return t.kind == TOKEN_WORD || t.kind == TOKEN_QUOTED;
}

static bool is_special(struct slice role)
{
	static const char *const words[] = {
		"public", "current_user", "current_role", "session_user", "none", NULL};

	for (size_t i = 0; words[i]; i++)
		if (slice_iis(role, words[i]))
			return true;
	return slice_starts(role, "pg_") || slice_is(role, SCRATCH_OWNER) ||
	       slice_is(role, SCRATCH_ADMIN);
}

static void role_list(struct arena *a, struct lexer *l, struct names *into)
{
	for (;;) {
		struct token t = lexer_peek(l);
		struct slice role;

		if (token_is(t, "GROUP")) {
			lexer_next(l);
			t = lexer_peek(l);
		}
		if (!is_name(t))
			return;
		lexer_next(l);
		role = token_value(a, DIALECT_POSTGRES, t);
		if (!is_special(role) && !names_has(*into, role))
			names_add(a, into, role);
		if (!token_punct(lexer_peek(l), ","))
			return;
		lexer_next(l);
	}
}

static void read_create(struct arena *a, struct lexer *l, struct needs *n)
{
	struct token what = lexer_peek(l);

	if (token_is(what, "ROLE") || token_is(what, "USER") || token_is(what, "GROUP")) {
		lexer_next(l);
		if (!token_is(lexer_peek(l), "MAPPING"))
			role_list(a, l, &n->created);
	} else if (token_is(what, "EXTENSION")) {
		struct wanted_extension *x = ARENA_PUSH(a, n->extensions, n->nextensions);

		lexer_next(l);
		*x = (struct wanted_extension){.after = what.off + what.text.len};
		if (token_is(lexer_peek(l), "IF")) {
			x->after = 0;
			for (int i = 0; i < 3; i++)
				lexer_next(l);
		}
		if (is_name(lexer_peek(l)))
			x->name = token_value(a, DIALECT_POSTGRES, lexer_next(l));
	}
}

/* The words after which roles stand, given the statement's first word. */
static bool roles_follow(struct token first, struct token before, struct token t)
{
	if (token_is(t, "TO"))
		return token_is(before, "OWNER") || token_is(first, "GRANT") ||
		       token_is(first, "CREATE") || token_is(first, "ALTER");
	if (token_is(t, "FROM"))
		return token_is(first, "REVOKE");
	if (token_is(t, "AUTHORIZATION"))
		return true;
	return (token_is(t, "ROLE") || token_is(t, "USER")) &&
	       (token_is(before, "FOR") || token_is(before, "SET") || token_is(before, "LOCAL"));
}

/* Where a statement of PL/pgSQL begins besides after a semicolon. */
static bool opens(struct token t)
{
	static const char *const words[] = {"BEGIN", "THEN", "ELSE", "LOOP", NULL};

	for (size_t i = 0; words[i]; i++)
		if (token_is(t, words[i]))
			return true;
	return false;
}

/* A block that looks for roles itself knows what to do without them. */
static bool asks_for_roles(struct slice body)
{
	static const char *const words[] = {"rolname", "usename", "pg_roles", "to_regrole", NULL};

	for (size_t i = 0; words[i]; i++)
		if (slice_ifind(body, slice_of(words[i])) != SIZE_MAX)
			return true;
	return false;
}

static void read_needs(struct arena *a, struct slice sql, struct needs *n, unsigned depth);

/* What stands in a DO block, and in the strings that it executes. */
static void read_body(struct arena *a, struct token string, struct needs *n, unsigned depth)
{
	struct needs inner = {0};
	struct slice body = token_value(a, DIALECT_POSTGRES, string);
	bool asks = asks_for_roles(body);

	read_needs(a, body, &inner, depth + 1);
	for (size_t i = 0; i < inner.created.n; i++)
		if (!names_has(n->created, inner.created.at[i]))
			names_add(a, &n->created, inner.created.at[i]);
	for (size_t i = 0; !asks && i < inner.used.n; i++)
		if (!names_has(n->used, inner.used.at[i]))
			names_add(a, &n->used, inner.used.at[i]);
	/* IF NOT EXISTS cannot be put into a body. */
	for (size_t i = 0; i < inner.nextensions; i++)
		if (inner.extensions[i].after == 0)
			*ARENA_PUSH(a, n->extensions, n->nextensions) = inner.extensions[i];
}

static void read_needs(struct arena *a, struct slice sql, struct needs *n, unsigned depth)
{
	struct token first = {0}, before = {0};
	bool policy = false;
	struct lexer l;

	lexer_init(&l, DIALECT_POSTGRES, sql);
	for (;;) {
		struct token t = lexer_next(&l);

		if (t.kind == TOKEN_END || t.kind == TOKEN_BAD)
			return;
		if (token_punct(t, ";") || (depth > 0 && opens(t))) {
			first = before = (struct token){0};
			policy = false;
			continue;
		}
		if (first.kind == TOKEN_END)
			first = t;
		policy = policy || token_is(t, "POLICY") || token_is(t, "PRIVILEGES");
		if (t.kind == TOKEN_STRING && depth < 3 &&
			(token_is(first, "DO") || (depth > 0 && token_is(first, "EXECUTE"))))
			read_body(a, t, n, depth);
		else if (token_is(t, "CREATE"))
			read_create(a, &l, n);
		else if (token_is(t, "SCHEMA") && n->nextensions > 0 && is_name(lexer_peek(&l)))
			n->extensions[n->nextensions - 1].schema =
				token_value(a, DIALECT_POSTGRES, lexer_next(&l));
		else if (roles_follow(first, before, t) &&
			 (!token_is(t, "TO") || policy || token_is(before, "OWNER") ||
				 token_is(first, "GRANT")))
			role_list(a, &l, &n->used);
		before = t;
	}
}

/* ---- Meeting the needs ---- */
static bool exists(
	struct scratch *s, const char *sql, struct slice name, bool *out, struct err *err)
{
	struct cell param = {name, false};
	struct arena a = {0};
	struct rows r = {0};
	bool ok;

	ok = conn_query_params(pg_scratch_admin_conn(s), slice_of(sql), &param, 1, &a, &r, err);
	*out = ok && r.nrows > 0;
	arena_done(&a);
	return ok;
}

static const char role_sql[] = "SELECT 1 FROM pg_catalog.pg_roles WHERE rolname = $1";

/* One that the statement's own transaction has made is seen by nobody else yet, but its name is
 * taken: whoever waits for that waits for ever. */
static bool create_role(struct conn *admin, struct slice role, bool *taken, struct err *err)
{
	struct err second = {0};
	bool ok;

	*taken = false;
	if (!conn_exec(admin, SL("SET lock_timeout = '200ms'"), err))
		return false;
	ok = conn_execf(admin, err, "CREATE ROLE %I NOLOGIN", role);
	if (!ok && strcmp(err->sqlstate, "55P03") == 0) {
		*taken = ok = true;
		err_done(err);
	}
	if (!conn_exec(admin, SL("SET lock_timeout = 0"), ok ? err : &second))
		ok = false;
	err_done(&second);
	return ok;
}

static bool make_role(struct scratch *s, struct slice role, struct err *err)
{
	struct conn *admin = pg_scratch_admin_conn(s);
	bool there;

	if (!exists(s, role_sql, role, &there, err) || there)
		return !err_is(err);
	pg_scratch_role_made(s, role, SLICE_NONE);
	if (!create_role(admin, role, &there, err))
		return false;
	return there ||
	       conn_execf(admin, err, "GRANT %I TO %I WITH ADMIN OPTION", role, SL(SCRATCH_OWNER));
}

static bool free_role(struct scratch *s, struct slice role, struct slice database, struct err *err)
{
	struct arena a = {0};
	bool there = false, ok = true;

	if (pg_scratch_role_known(s, role, database))
		return true;
	if (!exists(s, role_sql, role, &there, err))
		return false;
	for (unsigned i = 1; there && ok; i++) {
		struct slice other = arena_printf(&a, "%.*s (%u)", SLICE(role), i);
		bool taken = false;

		ok = exists(s, role_sql, other, &taken, err);
		if (!ok || taken)
			continue;
		ok = conn_execf(
			pg_scratch_admin_conn(s), err, "ALTER ROLE %I RENAME TO %I", role, other);
		break;
	}
	arena_done(&a);
	if (ok)
		pg_scratch_role_made(s, role, database);
	return ok;
}

static bool is_listed(struct slice extension)
{
	for (size_t i = 0; extensions[i]; i++)
		if (slice_is(extension, extensions[i]))
			return true;
	return false;
}

/* One row when it is there to be installed, needs a superuser, and is not installed yet; and the
 * database holds no function that is not the superuser's own. */
static const char installable_sql[] =
	"SELECT 1 FROM pg_catalog.pg_available_extension_versions v"
	" WHERE v.name = $1 AND v.superuser AND NOT COALESCE((pg_catalog.to_jsonb(v) ->> "
	"'trusted')::boolean, false) AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_extension e WHERE "
	"e.extname = $1) AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_proc p JOIN "
	"pg_catalog.pg_roles"
	" r ON r.oid = p.proowner WHERE NOT r.rolsuper) LIMIT 1";

static bool install(struct conn *admin, const struct wanted_extension *x, struct err *err)
{
	struct slice schema = x->schema.len ? x->schema : SL("public");

	return conn_execf(admin, err, "CREATE EXTENSION %I SCHEMA %I", x->name, schema) &&
	       conn_execf(admin, err,
		       "UPDATE pg_catalog.pg_extension SET extowner = (SELECT r.oid FROM"
		       " pg_catalog.pg_roles r WHERE r.rolname = %L) WHERE extname = %L",
		       SL(SCRATCH_OWNER), x->name);
}

static bool make_extension(struct scratch *s, struct slice database,
	const struct wanted_extension *x, bool *made, struct err *err)
{
	struct cell param = {x->name, false};
	struct conn *admin = NULL;
	struct arena a = {0};
	struct rows r = {0};
	bool ok;

	*made = false;
	if (!is_listed(x->name))
		return true;
	ok = pg_scratch_admin(s, database, &admin, err) &&
	     conn_query_params(admin, slice_of(installable_sql), &param, 1, &a, &r, err);
	if (ok && r.nrows > 0)
		ok = *made = install(admin, x, err);
	conn_close(admin);
	arena_done(&a);
	return ok;
}

/* Those that were made just now are no longer missing: IF NOT EXISTS is put in. Last one first, so
 * that the offsets stay right. */
static bool make_extensions(struct scratch *s, struct slice database, const struct needs *n,
	struct arena *a, struct slice *sql, struct err *err)
{
	for (size_t i = n->nextensions; i-- > 0;) {
		const struct wanted_extension *x = &n->extensions[i];
		bool made;

		if (!make_extension(s, database, x, &made, err))
			return false;
		if (made && x->after > 0)
			*sql = arena_printf(a, "%.*s IF NOT EXISTS%.*s",
				SLICE(slice_sub(*sql, 0, x->after)),
				SLICE(slice_from(*sql, x->after)));
	}
	return true;
}

bool pg_needs_meet(struct scratch *s, struct slice database, struct slice sql, struct arena *a,
	struct slice *send, struct err *err)
{
	struct needs n = {0};
	bool ok = true;

	*send = sql;
	read_needs(a, sql, &n, 0);
	for (size_t i = 0; ok && i < n.created.n; i++)
		ok = free_role(s, n.created.at[i], database, err);
	for (size_t i = 0; ok && i < n.used.n; i++)
		if (!names_has(n.created, n.used.at[i]))
			ok = make_role(s, n.used.at[i], err);
	ok = ok && make_extensions(s, database, &n, a, send, err);
	return ok ? true : err_context(err, "preparing the scratch server for this statement");
}
