/* render_postgres_object.c - sequences, types, functions, views and the rest; comments and grants.
 */
#include "catalog/render_postgres.h"

#include "sql/quote.h"

/* ---- Sequences, types, functions ---- */

static bool is_identity(struct render *r, const struct object *seq)
{
	struct slice owned = seq->sequence.owned_by;
	size_t dot = owned.len;
	const struct object *t = NULL, *col;

	while (dot > 0 && owned.at[dot - 1] != '.')
		dot--;
	if (dot == 0 || !r->c)
		return false;
	if (catalog_find(r->c, NULL, OBJECT_TABLE, split_name(slice_sub(owned, 0, dot - 1)), &t) !=
		PRESENT)
		return false;
	col = r_part(t, OBJECT_COLUMN, slice_from(owned, dot));
	return col && col->column.identity.len;
}

void rp_sequence(struct render *r, const struct object *o)
{
	if (is_identity(r, o))
		return;
	r_text(r, "CREATE %sSEQUENCE ",
		slice_is(o->sequence.persistence, "unlogged") ? "UNLOGGED " : "");
	r_self(r, o);
	r_text(r, " AS %.*s", SLICE(o->sequence.type));
	rp_sequence_words(r, &o->sequence);
	r_text(r, ";\n");
}

void rp_sequence_owner(struct render *r, const struct object *o)
{
	struct slice owned = o->sequence.owned_by;
	size_t dot = owned.len;

	while (dot > 0 && owned.at[dot - 1] != '.')
		dot--;
	if (dot == 0 || is_identity(r, o))
		return;
	r_text(r, "ALTER SEQUENCE ");
	r_self(r, o);
	r_text(r, " OWNED BY ");
	r_name(r, split_name(slice_sub(owned, 0, dot - 1)).schema,
		split_name(slice_sub(owned, 0, dot - 1)).name);
	buf_addc(r->out, '.');
	r_ident(r, slice_from(owned, dot));
	r_text(r, ";\n");
}

static void domain(struct render *r, const struct object *o)
{
	const struct type_def *d = &o->type_;

	r_text(r, "CREATE DOMAIN ");
	r_self(r, o);
	r_text(r, " AS %.*s", SLICE(d->base));
	if (d->collation.len)
		rp_collation(r, d->collation);
	if (r_best(d->default_value).len)
		r_text(r, " DEFAULT %.*s", SLICE(r_best(d->default_value)));
	if (d->not_null)
		r_text(r, " NOT NULL");
	for (size_t i = 0; i < d->checks.n; i++) {
		struct slice c = d->checks.at[i];
		size_t colon = slice_find(c, SL(": "));

		if (slice_ends(c, " NOT VALID"))
			c.len -= strlen(" NOT VALID");
		r_text(r, " CONSTRAINT ");
		r_ident(r, slice_sub(c, 0, colon));
		r_text(r, " CHECK (%.*s)", SLICE(slice_from(c, colon + 2)));
	}
	r_text(r, ";\n");
}

/* name type [COLLATE schema.name]: the collation as it is stored, without quotes. */
static void attribute(struct render *r, struct slice a)
{
	size_t at = slice_find(a, SL(" COLLATE "));

	r_text(r, "%.*s", SLICE(slice_sub(a, 0, at)));
	if (at != SIZE_MAX)
		rp_collation(r, slice_from(a, at + strlen(" COLLATE ")));
}

void rp_type(struct render *r, const struct object *o)
{
	const struct type_def *d = &o->type_;

	if (slice_is(d->kind, "domain")) {
		domain(r, o);
		return;
	}
	r_text(r, "CREATE TYPE ");
	r_self(r, o);
	if (slice_is(d->kind, "enum")) {
		r_text(r, " AS ENUM (");
		for (size_t i = 0; i < d->labels.n; i++) {
			r_text(r, "%s", i ? ", " : "");
			r_literal(r, d->labels.at[i]);
		}
		r_text(r, ")");
	} else if (slice_is(d->kind, "composite")) {
		r_text(r, " AS (");
		for (size_t i = 0; i < d->attributes.n; i++) {
			r_text(r, "%s", i ? ", " : "");
			attribute(r, d->attributes.at[i]);
		}
		r_text(r, ")");
	} else if (!slice_is(d->kind, "shell")) {
		r_text(r, "%s %.*s", slice_is(d->kind, "range") ? " AS RANGE" : "",
			SLICE(r_best(d->definition)));
	}
	r_text(r, ";\n");
}

static void function_options(struct render *r, const struct function_def *d)
{
	r_text(r, " LANGUAGE %.*s", SLICE(d->language));
	if (slice_is(d->kind, "window"))
		r_text(r, " WINDOW");
	if (!slice_is(d->kind, "procedure")) {
		r_text(r, " %.*s", SLICE(d->volatility));
		if (d->strict)
			r_text(r, " STRICT");
		if (d->leakproof)
			r_text(r, " LEAKPROOF");
		if (!slice_is(d->parallel, "unsafe"))
			r_text(r, " PARALLEL %.*s", SLICE(d->parallel));
		if (!slice_is(d->cost, "100") && d->cost.len)
			r_text(r, " COST %.*s", SLICE(d->cost));
		if (!slice_is(d->rows, "0") && !slice_is(d->rows, "1000") && d->rows.len)
			r_text(r, " ROWS %.*s", SLICE(d->rows));
	}
	if (d->security_definer)
		r_text(r, " SECURITY DEFINER");
	for (size_t i = 0; i < d->settings.n; i++) {
		size_t eq = slice_chr(d->settings.at[i], '=');
		struct slice name = slice_sub(d->settings.at[i], 0, eq);
		struct slice value = slice_from(d->settings.at[i], eq + 1);

		r_text(r, " SET %.*s = ", SLICE(name));
		/* A list stands there as the server keeps it: each name quoted where it must be. */
		if (slice_is(name, "search_path") && value.len)
			r_text(r, "%.*s", SLICE(value));
		else
			r_literal(r, value);
	}
}

static bool has_sql_body(const struct function_def *d)
{
	struct slice body = slice_trim(r_best(d->body));

	return slice_istarts(body, "begin atomic") || slice_istarts(body, "return ");
}

void rp_function(struct render *r, const struct object *o)
{
	const struct function_def *d = &o->function;
	struct slice bare = slice_sub(o->name, 0, slice_chr(o->name, '('));
	bool procedure = slice_is(d->kind, "procedure");

	r_text(r, "CREATE %s ",
		procedure                        ? "PROCEDURE"
		: slice_is(d->kind, "aggregate") ? "AGGREGATE"
						 : "FUNCTION");
	r_name(r, o->schema, bare);
	r_text(r, "(%.*s)", SLICE(d->arguments));
	if (slice_is(d->kind, "aggregate")) {
		r_text(r, " %.*s;\n", SLICE(r_best(d->body)));
		return;
	}
	if (!procedure && d->returns.len)
		r_text(r, " RETURNS %.*s", SLICE(d->returns));
	function_options(r, d);
	if (has_sql_body(d)) {
		r_text(r, " %.*s;\n", SLICE(r_best(d->body)));
		return;
	}
	r_text(r, " AS ");
	r_literal(r, r_best(d->body));
	r_text(r, ";\n");
}

static bool names_relation(struct render *r, struct slice schema, struct slice text)
{
	size_t from = 0;

	for (size_t i = 0; i <= text.len; i++) {
		char ch = i < text.len ? text.at[i] : ' ';
		struct name n;

		if (ch == '_' || ch == '.' || ch == '$' || (ch >= '0' && ch <= '9') ||
			(ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z'))
			continue;
		n = split_name(slice_sub(text, from, i - from));
		if (slice_empty(n.schema))
			n.schema = schema;
		if (n.name.len && node_find(r->c, OBJECT_TABLE, n))
			return true;
		from = i + 1;
	}
	return false;
}

/* Does a function's head or its SQL body need tables? Then it comes after them. */
static bool needs_tables(struct render *r, const struct object *o)
{
	return has_sql_body(&o->function) || names_relation(r, o->schema, o->function.returns) ||
	       names_relation(r, o->schema, o->function.arguments);
}

void rp_early_function(struct render *r, const struct object *o)
{
	if (!needs_tables(r, o) && !slice_is(o->function.kind, "aggregate"))
		rp_function(r, o);
}

void rp_late_function(struct render *r, const struct object *o)
{
	if (needs_tables(r, o) || slice_is(o->function.kind, "aggregate"))
		rp_function(r, o);
}

/* ---- Views ---- */

void rp_view(struct render *r, const struct object *o)
{
	const struct view_def *d = &o->view;
	bool mat = o->type == OBJECT_MATVIEW;
	/* An author's text found its tables along some path: most likely this one. */
	bool path = slice_empty(d->query.normal) && !slice_is(o->schema, "public");

	if (path) {
		r_text(r, "SET search_path = ");
		r_ident(r, o->schema);
		r_text(r, ", public;\n");
	}
	r_text(r, "CREATE %sVIEW ", mat ? "MATERIALIZED " : "");
	r_self(r, o);
	if (d->columns.n) {
		buf_addc(r->out, ' ');
		r_idents(r, d->columns);
	}
	if (mat && d->access_method.len && !slice_is(d->access_method, "heap"))
		r_text(r, " USING %.*s", SLICE(d->access_method));
	r_options(r, d->options, " WITH ");
	if (mat && d->tablespace.len) {
		r_text(r, " TABLESPACE ");
		r_ident(r, d->tablespace);
	}
	r_text(r, " AS %.*s", SLICE(slice_trim(r_best(d->query))));
	if (d->check_option.len)
		r_text(r, " WITH %.*s CHECK OPTION", SLICE(d->check_option));
	if (mat && d->no_data)
		r_text(r, " WITH NO DATA");
	r_text(r, ";\n%s", path ? "RESET search_path;\n" : "");
}

/* ---- Everything else ---- */

void rp_schema(struct render *r, const struct object *o)
{
	if (slice_is(o->name, "public"))
		return;
	r_text(r, "CREATE SCHEMA ");
	r_ident(r, o->name);
	r_text(r, ";\n");
}

void rp_extension(struct render *r, const struct object *o)
{
	r_text(r, "CREATE EXTENSION IF NOT EXISTS ");
	r_ident(r, o->name);
	if (o->schema.len) {
		r_text(r, " SCHEMA ");
		r_ident(r, o->schema);
	}
	r_text(r, ";\n");
}

void rp_statistics(struct render *r, const struct object *o)
{
	struct name t = split_name(o->other.definition.text);

	r_text(r, "CREATE STATISTICS ");
	r_self(r, o);
	if (o->other.options.n) {
		buf_addc(r->out, ' ');
		r_texts(r, o->other.options);
	}
	r_text(r, " ON ");
	for (size_t i = 0; i < o->other.members.n; i++) {
		struct slice m = o->other.members.at[i];
		bool expression = slice_chr(m, '(') != SIZE_MAX;

		r_text(r, "%s", i ? ", " : "");
		if (expression)
			r_text(r, "(%.*s)", SLICE(m));
		else
			r_ident(r, m);
	}
	r_text(r, " FROM ");
	r_name(r, t.schema, t.name);
	r_text(r, ";\n");
}

void rp_publication(struct render *r, const struct object *o)
{
	bool any = false;

	r_text(r, "CREATE PUBLICATION ");
	r_ident(r, o->name);
	for (size_t i = 0; i < o->other.members.n; i++) {
		struct slice m = o->other.members.at[i];
		struct name t = split_name(m);

		if (slice_is(m, "*")) {
			r_text(r, " FOR ALL TABLES");
			break;
		}
		r_text(r, "%s", any ? ", " : " FOR ");
		any = true;
		if (slice_ends(m, ".*")) {
			r_text(r, "TABLES IN SCHEMA ");
			r_ident(r, t.schema);
		} else {
			r_text(r, "TABLE ");
			r_name(r, t.schema, t.name);
		}
	}
	r_options(r, o->other.options, " WITH ");
	r_text(r, ";\n");
}

void rp_event_trigger(struct render *r, const struct object *o)
{
	struct name fn = split_name(o->other.definition.text);

	r_text(r, "CREATE EVENT TRIGGER ");
	r_ident(r, o->name);
	r_text(r, " ON %.*s", SLICE(o->other.members.n ? o->other.members.at[0] : SLICE_NONE));
	for (size_t i = 0; i < o->other.options.n; i++) {
		struct slice tags = slice_from(o->other.options.at[i],
				     slice_chr(o->other.options.at[i], '=') + 1),
			     tag;
		bool first = true;

		r_text(r, " WHEN TAG IN (");
		while (slice_next(&tags, ',', &tag)) {
			r_text(r, "%s", first ? "" : ", ");
			first = false;
			r_literal(r, slice_trim(tag));
		}
		r_text(r, ")");
	}
	r_text(r, " EXECUTE FUNCTION ");
	r_name(r, fn.schema, fn.name);
	r_text(r, "();\n");
	if (slice_is(o->other.enabled, "origin") || !o->other.enabled.len)
		return;
	r_text(r, "ALTER EVENT TRIGGER ");
	r_ident(r, o->name);
	r_text(r, " %s;\n", rp_state_words(o->other.enabled));
}

static void cast_(struct render *r, const struct object *o)
{
	size_t as = slice_find(o->name, SL(" as "));

	r_text(r, "CREATE CAST (%.*s AS %.*s) %.*s;\n", SLICE(slice_sub(o->name, 0, as)),
		SLICE(slice_from(o->name, as + 4)), SLICE(r_best(o->other.definition)));
}

static void operator_(struct render *r, const struct object *o)
{
	r_text(r, "CREATE OPERATOR ");
	if (o->schema.len)
		r_ident(r, o->schema), buf_addc(r->out, '.');
	r_text(r, "%.*s ", SLICE(slice_sub(o->name, 0, slice_chr(o->name, '('))));
	r_texts(r, o->other.options);
	r_text(r, ";\n");
}

/* What is known by more than its class, name and definition. */
static void note(struct render *r, const struct object *o)
{
	struct slice text = r_best(o->other.definition);

	r_text(r, "-- %.*s ", SLICE(o->other.class_));
	r_self(r, o);
	r_text(r, ": ");
	for (size_t i = 0; i < text.len; i++)
		buf_addc(r->out, text.at[i] == '\n' || text.at[i] == '\r' ? ' ' : text.at[i]);
	r_text(r, "\n");
}

/* CREATE <class> <name> <definition>; a word at the definition's start that belongs before the
 * class is moved there. */
static const struct {
	const char *class_, *leading;
	bool foreign;
} others[] = {
	{"collation", NULL, false},
	{"operator class", NULL, false},
	{"operator family", NULL, false},
	{"conversion", "DEFAULT ", false},
	{"text search dictionary", NULL, false},
	{"text search parser", NULL, false},
	{"text search template", NULL, false},
	{"foreign data wrapper", NULL, true},
	{"server", NULL, true},
	{"language", "TRUSTED ", false},
	{"access method", NULL, false},
};

static bool by_class(struct render *r, const struct object *o)
{
	struct slice text = r_best(o->other.definition);

	for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
		const char *leading = others[i].leading;

		if (!slice_is(o->other.class_, others[i].class_))
			continue;
		if (!leading || !slice_starts(text, leading))
			leading = "";
		r_text(r, "CREATE %s%s ", leading, others[i].class_);
		r_self(r, o);
		r_text(r, " %.*s", SLICE(slice_from(text, strlen(leading))));
		if (others[i].foreign)
			rp_foreign_options(r, o->other.options);
		r_text(r, ";\n");
		return true;
	}
	return false;
}

void rp_other(struct render *r, const struct object *o)
{
	struct slice text = r_best(o->other.definition);

	if (slice_istarts(text, "create"))
		r_text(r, "%.*s;\n", SLICE(text));
	else if (slice_is(o->other.class_, "cast"))
		cast_(r, o);
	else if (slice_is(o->other.class_, "operator") && o->other.options.n)
		operator_(r, o);
	else if (!by_class(r, o))
		note(r, o);
}

/* Types and columns may use collations. */
static bool is_early(const struct object *o)
{
	return slice_is(o->other.class_, "collation");
}

void rp_early_other(struct render *r, const struct object *o)
{
	if (is_early(o))
		rp_other(r, o);
}

void rp_late_other(struct render *r, const struct object *o)
{
	if (!is_early(o))
		rp_other(r, o);
}

/* ---- Comments and grants ---- */

static void comment_target(struct render *r, const struct object *o)
{
	const char *word = object_type_word(o->type);

	if (o->type == OBJECT_COLUMN) {
		r_text(r, "COLUMN ");
		r_self(r, o);
		buf_addc(r->out, '.');
		r_ident(r, o->name);
	} else if (o->table && o->type != OBJECT_INDEX) {
		r_text(r, "%s ", word);
		r_ident(r, o->name);
		r_text(r, " ON ");
		r_self(r, o);
	} else if (o->type == OBJECT_FUNCTION) {
		struct slice bare = slice_sub(o->name, 0, slice_chr(o->name, '('));

		r_text(r, "%s ",
			slice_is(o->function.kind, "procedure")   ? "PROCEDURE"
			: slice_is(o->function.kind, "aggregate") ? "AGGREGATE"
								  : "FUNCTION");
		r_name(r, o->schema, bare);
		r_text(r, "%.*s", SLICE(slice_from(o->name, bare.len)));
	} else {
		if (o->type == OBJECT_TABLE && slice_is(o->table_.kind, "foreign"))
			word = "FOREIGN TABLE";
		if (o->type == OBJECT_TYPE && slice_is(o->type_.kind, "domain"))
			word = "DOMAIN";
		if (o->type == OBJECT_OTHER)
			word = arena_cstr(&r->scratch, o->other.class_);
		if (o->type == OBJECT_STATISTICS)
			word = "STATISTICS";
		r_text(r, "%s ", word);
		r_name(r, o->type == OBJECT_EXTENSION ? SLICE_NONE : o->schema, o->name);
	}
}

void rp_comment(struct render *r, const struct object *o)
{
	if (o->comment.len) {
		r_text(r, "COMMENT ON ");
		comment_target(r, o);
		r_text(r, " IS ");
		r_literal(r, o->comment);
		r_text(r, ";\n");
	}
	for (size_t i = 0; i < o->nparts; i++)
		rp_comment(r, o->parts[i]);
}

static void grant_target(struct render *r, const struct object *o)
{
	if (o->type == OBJECT_FUNCTION || o->type == OBJECT_SCHEMA || o->type == OBJECT_TYPE ||
		o->type == OBJECT_SEQUENCE) {
		comment_target(r, o);
		return;
	}
	r_text(r, "TABLE ");
	r_self(r, o);
}

static void role(struct render *r, struct slice name)
{
	if (name.len == 0)
		r_text(r, "PUBLIC");
	else if (name.at[0] == '"' || slice_is(name, "@owner"))
		r_text(r, "%.*s", SLICE(name.at[0] == '"' ? name : SL("CURRENT_USER")));
	else
		r_ident(r, name);
}

static void one_grant(struct render *r, const struct object *o, struct slice entry)
{
	struct slice grantee = slice_sub(entry, 0, slice_chr(entry, '='));
	struct names plain = {0}, passed = {0};

	acl_words(&r->scratch, entry, &plain, &passed);
	for (int option = 0; option < 2; option++) {
		struct names words = option ? passed : plain;

		if (words.n == 0)
			continue;
		r_text(r, "GRANT ");
		for (size_t i = 0; i < words.n; i++) {
			r_text(r, "%s%.*s", i ? ", " : "", SLICE(words.at[i]));
			if (o->type == OBJECT_COLUMN)
				r_text(r, " ("), r_ident(r, o->name), r_text(r, ")");
		}
		r_text(r, " ON ");
		grant_target(r, o);
		r_text(r, " TO ");
		role(r, grantee);
		r_text(r, "%s;\n", option ? " WITH GRANT OPTION" : "");
	}
}

/* An explicit list replaces the defaults: what they give to everybody is taken away first. */
static void grants(struct render *r, const struct object *o)
{
	struct names acl = acl_canonical(r->c, &r->scratch, o);
	bool everybody = o->type == OBJECT_FUNCTION || o->type == OBJECT_TYPE ||
			 (o->type == OBJECT_SCHEMA && slice_is(o->name, "public"));

	if (acl.n && everybody) {
		r_text(r, "REVOKE ALL ON ");
		grant_target(r, o);
		r_text(r, " FROM PUBLIC;\n");
	}
	if (acl.n && o->type != OBJECT_COLUMN) {
		r_text(r, "REVOKE ALL ON ");
		grant_target(r, o);
		r_text(r, " FROM CURRENT_USER;\n");
	}
	for (size_t i = 0; i < acl.n; i++)
		one_grant(r, o, acl.at[i]);
	for (size_t i = 0; i < o->nparts; i++)
		if (o->parts[i]->type == OBJECT_COLUMN)
			grants(r, o->parts[i]);
}

void rp_all_grants(struct render *r, const struct object *o)
{
	if (o->type != OBJECT_OTHER && o->type != OBJECT_DEFAULT_ACL)
		grants(r, o);
}

static void default_acl_entry(
	struct render *r, const struct object *o, struct slice entry, bool grant)
{
	struct names words = {0};

	acl_words(&r->scratch, entry, &words, &words);
	r_text(r, "ALTER DEFAULT PRIVILEGES");
	if (o->schema.len) {
		r_text(r, " IN SCHEMA ");
		r_ident(r, o->schema);
	}
	r_text(r, " %s ", grant ? "GRANT" : "REVOKE");
	for (size_t i = 0; i < words.n; i++)
		r_text(r, "%s%.*s", i ? ", " : "", SLICE(words.at[i]));
	r_text(r, " ON %.*sS %s ", SLICE(o->name), grant ? "TO" : "FROM");
	role(r, slice_sub(entry, 0, slice_chr(entry, '=')));
	r_text(r, ";\n");
}

void rp_default_acl(struct render *r, const struct object *o)
{
	struct names acl = acl_canonical(r->c, &r->scratch, o);

	for (size_t i = 0; i < acl.n; i++)
		if (!slice_starts(acl.at[i], "@owner="))
			default_acl_entry(r, o, acl.at[i], true);
}
