/* read_data.c - rows, transactions, the session and maintenance. */
#include "engine/postgres/read_impl.h"

/* ---- Rows ---- */

/* WHERE true, WHERE 1 = 1, and those with OR behind them */
static bool always_true(node where)
{
	node n = rd_body(where), l, r;

	if (tree_key_is(n, "BoolExpr") && tree_is(tree_get(n, "boolop"), "OR_EXPR")) {
		for (l = tree_first(tree_get(n, "args")); l; l = tree_next(tree_get(n, "args"), l))
			if (!tree_key_is(rd_body(l), "BoolExpr") && always_true(l))
				return true;
		return false;
	}
	if (tree_key_is(n, "A_Const"))
		return tree_true(tree_get(tree_get(n, "boolval"), "boolval"));
	if (!tree_key_is(n, "A_Expr") ||
		!tree_is(tree_get(rd_body(tree_nth(tree_get(n, "name"), 0)), "sval"), "="))
		return false;
	l = tree_get(rd_body(tree_get(n, "lexpr")), "ival");
	r = tree_get(rd_body(tree_get(n, "rexpr")), "ival");
	return l && r && tree_int(tree_get(l, "ival"), 0) == tree_int(tree_get(r, "ival"), 0);
}

static bool mentions(node n, const char *key)
{
	size_t len = strlen(key);
	uint32_t i;

	for (i = 0; n && i < n->size; i++)
		if (tree_key_is_n(n + i, key, len))
			return true;
	return false;
}

/* Statements in WITH that write are changes of their own, and run first. */
static void written_in_with(struct rd *rd, node n)
{
	node list = tree_get(tree_get(n, "withClause"), "ctes"), c;

	for (c = tree_first(list); c; c = tree_next(list, c)) {
		node query = tree_get(rd_body(c), "ctequery"), body = rd_body(query);

		if (tree_key_is(body, "SelectStmt"))
			written_in_with(rd, body);
		else
			rd_statement(rd, query);
	}
}

static void where(struct rd *rd, struct change *c, node n, node relation)
{
	node w = tree_get(n, "whereClause");
	size_t i, end, returning;

	if (!w)
		return;
	c->flags |= CHANGE_HAS_WHERE;
	if (always_true(w))
		c->flags |= CHANGE_WHERE_TRUE;
	i = rd_find(rd, rd_tok(rd, rd_loc(relation)), "where") + 1;
	end = rd_item_end(rd, i);
	returning = rd_find(rd, i, "returning");
	c->value = rd_expr(rd, w, i, returning < end ? returning : end);
}

/* pg_class and the like, which superusers can write to. */
static bool is_catalog(struct name n)
{
	static const char *const tables[] = {"pg_attrdef", "pg_attribute", "pg_authid", "pg_cast",
		"pg_class", "pg_collation", "pg_constraint", "pg_database", "pg_depend", "pg_enum",
		"pg_extension", "pg_index", "pg_inherits", "pg_namespace", "pg_operator",
		"pg_policy", "pg_proc", "pg_rewrite", "pg_sequence", "pg_statistic", "pg_trigger",
		"pg_type"};

	if (n.schema.len)
		return slice_is(n.schema, "pg_catalog");
	if (!slice_starts(n.name, "pg_"))
		return false;
	for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
		if (slice_is(n.name, tables[i]))
			return true;
	return false;
}

/* What INSERT, UPDATE, DELETE and MERGE share. */
static struct change *dml(struct rd *rd, node n, enum change_kind kind)
{
	node relation = tree_get(n, "relation");
	struct change *c;

	written_in_with(rd, n);
	c = rd_emit(rd, kind);
	c->type = OBJECT_TABLE;
	c->target = rd_relation(rd, relation);
	if (is_catalog(c->target))
		rd->partly = SL("what it makes of the server's own catalog");
	if (!tree_true(tree_get(relation, "inh")))
		c->flags |= CHANGE_ONLY;
	if (tree_get(n, "returningList") || tree_get(n, "returningClause"))
		c->flags |= CHANGE_RETURNING;
	if (kind != CHANGE_INSERT && mentions(n, "limitCount"))
		c->flags |= CHANGE_HAS_LIMIT;
	rd_reads(rd, n, &c->reads);
	rd_gates(rd, n);
	return c;
}

static struct names targets(struct rd *rd, node list)
{
	struct names out = {0};
	node c;

	for (c = tree_first(list); c; c = tree_next(list, c)) {
		struct slice s = rd_text_of(rd, tree_get(rd_body(c), "name"));

		if (s.len)
			rd_list(rd, &out, s);
	}
	return out;
}

static void insert(struct rd *rd, node n)
{
	struct change *c = dml(rd, n, CHANGE_INSERT);
	node select = rd_body(tree_get(n, "selectStmt"));

	c->list = targets(rd, tree_get(n, "cols"));
	if (select && !tree_get(select, "valuesLists"))
		c->flags |= CHANGE_FROM_SELECT;
	if (tree_get(n, "onConflictClause"))
		c->flags |= CHANGE_ON_CONFLICT;
	if (select && tree_get(select, "limitCount"))
		c->flags |= CHANGE_HAS_LIMIT;
	c->value.facts = rd_facts(rd, tree_get(n, "selectStmt"));
}

static void update(struct rd *rd, node n)
{
	struct change *c = dml(rd, n, CHANGE_UPDATE);

	c->list = targets(rd, tree_get(n, "targetList"));
	where(rd, c, n, tree_get(n, "relation"));
}

static void delete_(struct rd *rd, node n)
{
	where(rd, dml(rd, n, CHANGE_DELETE), n, tree_get(n, "relation"));
}

static void merge(struct rd *rd, node n)
{
	struct change *c = dml(rd, n, CHANGE_MERGE);
	node list = tree_get(n, "mergeWhenClauses"), w;

	c->flags |= CHANGE_FROM_SELECT;
	rd_requires(rd, 15, "MERGE");
	for (w = tree_first(list); w; w = tree_next(list, w)) {
		node type = tree_get(rd_body(w), "commandType");

		rd_list(rd, &c->list,
			tree_is(type, "CMD_INSERT")   ? SL("insert")
			: tree_is(type, "CMD_UPDATE") ? SL("update")
			: tree_is(type, "CMD_DELETE") ? SL("delete")
						      : SL("nothing"));
	}
}

static void truncate_(struct rd *rd, node n)
{
	node list = tree_get(n, "relations"), r;

	for (r = tree_first(list); r; r = tree_next(list, r)) {
		struct change *c = rd_emit(rd, CHANGE_TRUNCATE);
		node body = rd_body(r);

		c->type = OBJECT_TABLE;
		c->target = rd_relation(rd, r);
		c->flags |= (tree_true(tree_get(body, "inh")) ? 0 : CHANGE_ONLY) |
			    (tree_true(tree_get(n, "restart_seqs")) ? CHANGE_RESTART_IDENTITY : 0) |
			    (tree_is(tree_get(n, "behavior"), "DROP_CASCADE") ? CHANGE_CASCADE : 0);
		if (tree_count(list) > 1)
			c->span = rd_span(
				rd, rd_tok(rd, rd_loc(body)), rd_name_end(rd, rd_loc(body)));
	}
}

static void copy(struct rd *rd, node n)
{
	bool in = tree_true(tree_get(n, "is_from"));
	struct change *c = rd_emit(rd, in ? CHANGE_COPY_IN : CHANGE_COPY_OUT);
	node relation = tree_get(n, "relation");

	c->type = OBJECT_TABLE;
	c->target = rd_relation(rd, relation);
	c->list = rd_strings(rd, tree_get(n, "attlist"));
	c->settings = rd_options(rd, tree_get(n, "options"));
	c->value.text = tree_true(tree_get(n, "is_program")) ? SL("program")
			: tree_get(n, "filename")            ? SL("file")
			: in                                 ? SL("stdin")
							     : SL("stdout");
	rd_reads(rd, tree_get(n, "query"), &c->reads);
	if (!in && relation)
		rd_list(rd, &c->reads, rd_plain(rd, c->target));
	if (tree_get(n, "whereClause")) {
		c->flags |= CHANGE_HAS_WHERE;
		c->value.facts = rd_facts(rd, tree_get(n, "whereClause"));
	}
}

/* ---- SELECT ---- */

static node call_of(node target, const char *name)
{
	node call = rd_body(tree_get(rd_body(target), "val"));
	node names = tree_get(call, "funcname"), last;

	if (!tree_key_is(call, "FuncCall"))
		return NULL;
	last = tree_nth(names, tree_count(names) - 1);
	if (!tree_is(tree_get(rd_body(last), "sval"), name))
		return NULL;
	if (tree_count(names) == 2 &&
		!tree_is(tree_get(rd_body(tree_nth(names, 0)), "sval"), "pg_catalog"))
		return NULL;
	return call;
}

/* The string in 'x' or 'x'::regclass; false if it is something else. */
static bool constant_string(struct rd *rd, node n, struct slice *out)
{
	n = rd_body(n);
	while (tree_key_is(n, "TypeCast"))
		n = rd_body(tree_get(n, "arg"));
	if (!tree_key_is(n, "A_Const") || !tree_get(n, "sval"))
		return false;
	*out = rd_text_of(rd, tree_get(tree_get(n, "sval"), "sval"));
	return true;
}

struct name rd_name_in_string(struct rd *rd, node n)
{
	struct name out = {0};
	struct slice s;
	struct lexer l;
	struct token t;

	if (!constant_string(rd, n, &s))
		return out;
	lexer_init(&l, DIALECT_POSTGRES, s);
	for (t = lexer_next(&l); t.kind == TOKEN_WORD || t.kind == TOKEN_QUOTED;
		t = lexer_next(&l)) {
		out.schema = out.name;
		out.name = token_value(rd->a, DIALECT_POSTGRES, t);
		if (!token_punct(lexer_next(&l), "."))
			break;
	}
	return out;
}

/* Text of the i-th argument of a call. */
static struct expr argument(struct rd *rd, node call, size_t i)
{
	node arg = tree_nth(tree_get(call, "args"), i);
	size_t t = rd_name_end(rd, rd_loc(call)) + 1, k;

	if (!arg)
		return (struct expr){0};
	for (k = 0; k < i; k++)
		t = rd_item_end(rd, t) + 1;
	return rd_expr(rd, arg, t, rd_item_end(rd, t));
}

static void set_value(struct rd *rd, node select, node call)
{
	struct change *c = rd_emit(rd, CHANGE_SET_VALUE);
	node first = tree_nth(tree_get(call, "args"), 0), inner = rd_body(first);
	node names = tree_get(inner, "funcname");

	c->type = OBJECT_SEQUENCE;
	c->target = rd_name_in_string(rd, first);
	if (tree_key_is(inner, "FuncCall") &&
		tree_is(tree_get(rd_body(tree_nth(names, tree_count(names) - 1)), "sval"),
			"pg_get_serial_sequence")) {
		c->other = rd_name_in_string(rd, tree_nth(tree_get(inner, "args"), 0));
		constant_string(rd, tree_nth(tree_get(inner, "args"), 1), &c->name);
	}
	c->value = argument(rd, call, 1);
	rd_reads(rd, select, &c->reads);
}

static bool set_config(struct rd *rd, node call)
{
	node args = tree_get(call, "args"), local = rd_body(tree_nth(args, 2));
	struct slice name, value;
	struct change *c;

	if (!constant_string(rd, tree_nth(args, 0), &name) ||
		!constant_string(rd, tree_nth(args, 1), &value))
		return false;
	c = rd_emit(rd, CHANGE_SET_VARIABLE);
	c->name = rd_lower(rd, name);
	c->value.text = value;
	if (tree_true(tree_get(tree_get(local, "boolval"), "boolval")))
		c->flags |= CHANGE_LOCAL;
	return true;
}

static node into_of(node select)
{
	while (select && tree_get(select, "larg"))
		select = tree_get(select, "larg");
	return tree_get(select, "intoClause");
}

/* Locks on rows anywhere in it; the strongest waiting policy. FOR UPDATE OF x: the names in list.
 */
static void row_locks(struct rd *rd, struct change *c, node n)
{
	uint32_t i;
	node of, r;

	for (i = 0; i < n->size; i++) {
		if (!tree_key_is(n + i, "LockingClause"))
			continue;
		c->flags |= CHANGE_FOR_UPDATE;
		if (tree_is(tree_get(n + i, "waitPolicy"), "LockWaitError"))
			c->flags |= CHANGE_NOWAIT;
		of = tree_get(n + i, "lockedRels");
		for (r = tree_first(of); r; r = tree_next(of, r))
			rd_list(rd, &c->list, rd_text_of(rd, tree_get(rd_body(r), "relname")));
	}
}

static void plain_select(struct rd *rd, node n)
{
	struct change *c = rd_emit(rd, CHANGE_SELECT);

	c->value.facts = rd_facts(rd, n);
	rd_reads(rd, n, &c->reads);
	row_locks(rd, c, n);
	if (tree_get(n, "whereClause"))
		c->flags |= CHANGE_HAS_WHERE;
	if (tree_get(n, "limitCount"))
		c->flags |= CHANGE_HAS_LIMIT;
	rd_gates(rd, n);
}

void rd_select(struct rd *rd, node n)
{
	node list = tree_get(n, "targetList"), t, call;
	bool more = !tree_first(list);

	written_in_with(rd, n);
	for (t = tree_first(list); t; t = tree_next(list, t)) {
		if ((call = call_of(t, "setval")))
			set_value(rd, n, call);
		else if (!(call = call_of(t, "set_config")) || !set_config(rd, call))
			more = true;
	}
	if (more)
		plain_select(rd, n);
}

static void select_(struct rd *rd, node n)
{
	node into = into_of(n);

	if (into && !rd->depth)
		written_in_with(rd, n);
	if (into)
		rd_select_into(rd, n, into);
	else
		rd_select(rd, n);
}

static void call(struct rd *rd, node n)
{
	struct change *c = rd_emit(rd, CHANGE_CALL);

	c->type = OBJECT_FUNCTION;
	c->target = rd_qname(rd, tree_get(tree_get(n, "funccall"), "funcname"));
	c->value.facts = rd_facts(rd, tree_get(n, "funccall"));
	rd_reads(rd, n, &c->reads);
}

/* ---- Transactions ---- */

static void transaction(struct rd *rd, node n)
{
	static const struct {
		const char *kind, *words;
		enum change_kind change;
	} rows[] = {
		{"TRANS_STMT_BEGIN", "BEGIN", CHANGE_BEGIN},
		{"TRANS_STMT_START", "START TRANSACTION", CHANGE_BEGIN},
		{"TRANS_STMT_COMMIT", "COMMIT", CHANGE_COMMIT},
		{"TRANS_STMT_ROLLBACK", "ROLLBACK", CHANGE_ROLLBACK},
		{"TRANS_STMT_SAVEPOINT", "SAVEPOINT", CHANGE_SAVEPOINT},
		{"TRANS_STMT_RELEASE", "RELEASE", CHANGE_RELEASE},
		{"TRANS_STMT_ROLLBACK_TO", "ROLLBACK TO", CHANGE_ROLLBACK_TO},
		{"TRANS_STMT_PREPARE", "PREPARE TRANSACTION", CHANGE_COMMIT},
		{"TRANS_STMT_COMMIT_PREPARED", "COMMIT PREPARED", CHANGE_COMMIT},
		{"TRANS_STMT_ROLLBACK_PREPARED", "ROLLBACK PREPARED", CHANGE_ROLLBACK},
	};
	size_t i;

	for (i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct change *c;

		if (!tree_is(tree_get(n, "kind"), rows[i].kind))
			continue;
		rd->kind = rows[i].words;
		c = rd_emit(rd, rows[i].change);
		c->name = rd_text_of(rd, tree_get(n, "savepoint_name"));
		c->value.text = rd_text_of(rd, tree_get(n, "gid"));
		c->list = rd_options(rd, tree_get(n, "options"));
		if (tree_true(tree_get(n, "chain")))
			rd_list(rd, &c->list, SL("chain"));
		if (c->value.text.len && strncmp(rows[i].words, "PREPARE", 7) != 0)
			rd_opaque(rd, SL("what was prepared under that name is not written here"),
				SL("*"));
	}
}

static void lock(struct rd *rd, node n)
{
	static const char *const modes[] = {"", "ACCESS SHARE", "ROW SHARE", "ROW EXCLUSIVE",
		"SHARE UPDATE EXCLUSIVE", "SHARE", "SHARE ROW EXCLUSIVE", "EXCLUSIVE",
		"ACCESS EXCLUSIVE"};
	long long mode = tree_int(tree_get(n, "mode"), 8);
	node list = tree_get(n, "relations"), r;

	for (r = tree_first(list); r; r = tree_next(list, r)) {
		struct change *c = rd_emit(rd, CHANGE_LOCK_TABLE);

		c->type = OBJECT_TABLE;
		c->target = rd_relation(rd, r);
		c->value.text = slice_of(modes[mode >= 1 && mode <= 8 ? mode : 8]);
		c->flags |= (tree_true(tree_get(n, "nowait")) ? CHANGE_NOWAIT : 0) |
			    (tree_true(tree_get(rd_body(r), "inh")) ? 0 : CHANGE_ONLY);
		if (tree_count(list) > 1)
			c->span = rd_span(rd, rd_tok(rd, rd_loc(rd_body(r))),
				rd_name_end(rd, rd_loc(rd_body(r))));
	}
}

/* ---- The session ---- */

static void set_multi(struct rd *rd, node n, bool local)
{
	node list = tree_get(n, "args"), c;

	for (c = tree_first(list); c; c = tree_next(list, c)) {
		struct change *v = rd_emit(rd, CHANGE_SET_VARIABLE);

		v->name = rd_text_of(rd, tree_get(rd_body(c), "defname"));
		v->value.text = rd_option_value(rd, rd_body(c));
		if (local)
			v->flags |= CHANGE_LOCAL;
	}
}

static void set_role(struct rd *rd, node n, struct slice name)
{
	struct change *c = rd_emit(rd, CHANGE_SET_ROLE);

	c->name = name;
	c->value.text = rd_value(rd, tree_get(n, "args"));
	if (tree_true(tree_get(n, "is_local")))
		c->flags |= CHANGE_LOCAL;
}

static void variable(struct rd *rd, node n)
{
	node kind = tree_get(n, "kind"), args = tree_get(n, "args"), v;
	struct slice name = rd_lower(rd, rd_text_of(rd, tree_get(n, "name")));
	struct change *c;

	if (tree_is(kind, "VAR_SET_MULTI")) {
		if (slice_iis(name, "transaction snapshot")) {
			c = rd_emit(rd, CHANGE_SET_VARIABLE);
			c->name = SL("transaction_snapshot");
			c->value.text = rd_value(rd, args);
			c->flags |= CHANGE_LOCAL;
		} else {
			set_multi(rd, n, slice_is(name, "transaction"));
		}
		return;
	}
	if (tree_is(kind, "VAR_RESET") || tree_is(kind, "VAR_RESET_ALL") ||
		tree_is(kind, "VAR_SET_DEFAULT")) {
		rd->kind = tree_is(kind, "VAR_SET_DEFAULT") ? "SET" : "RESET";
		c = rd_emit(rd, CHANGE_RESET_VARIABLE);
		c->name = name.len ? name : SL("ALL");
		if (tree_true(tree_get(n, "is_local")))
			c->flags |= CHANGE_LOCAL;
		return;
	}
	if (slice_is(name, "role") || slice_is(name, "session_authorization")) {
		set_role(rd, n, name);
		return;
	}
	c = rd_emit(rd, CHANGE_SET_VARIABLE);
	c->name = name;
	c->value.text = rd_value(rd, args);
	for (v = tree_first(args); v; v = tree_next(args, v))
		rd_list(rd, &c->list, rd_value(rd, v));
	if (tree_is(kind, "VAR_SET_CURRENT"))
		c->value.text = SL("current");
	if (tree_true(tree_get(n, "is_local")))
		c->flags |= CHANGE_LOCAL;
}

static void set_constraints(struct rd *rd, node n)
{
	struct change *c = rd_emit(rd, CHANGE_SET_CONSTRAINTS);
	node list = tree_get(n, "constraints"), r;

	c->value.text = tree_true(tree_get(n, "deferred")) ? SL("deferred") : SL("immediate");
	c->name = tree_first(list) ? SLICE_NONE : SL("ALL");
	for (r = tree_first(list); r; r = tree_next(list, r))
		rd_list(rd, &c->list, rd_plain(rd, rd_relation(rd, r)));
}

static void show(struct rd *rd, node n)
{
	rd_emit(rd, CHANGE_SELECT)->name = rd_text_of(rd, tree_get(n, "name"));
}

static void listen(struct rd *rd, node n)
{
	rd_emit(rd, CHANGE_LISTEN)->name = rd_text_of(rd, tree_get(n, "conditionname"));
}

static void discard(struct rd *rd, node n)
{
	struct slice t = rd_text_of(rd, tree_get(n, "target"));

	rd_emit(rd, CHANGE_DISCARD)->value.text =
		rd_lower(rd, slice_starts(t, "DISCARD_") ? slice_from(t, 8) : t);
}

static void prepare(struct rd *rd, node n)
{
	struct change *v = NULL, *c;
	size_t count = 0;

	rd_into(rd, tree_get(n, "query"), CHANGE_INNER | CHANGE_GUARDED, &v, &count);
	c = rd_emit(rd, CHANGE_PREPARE);
	c->name = rd_text_of(rd, tree_get(n, "name"));
	c->value.text = SL("prepare");
	rd_reads(rd, n, &c->reads);
	c->inner = v;
	c->ninner = count;
}

static void execute(struct rd *rd, node n)
{
	struct change *c = rd_emit(rd, CHANGE_PREPARE);

	c->name = rd_text_of(rd, tree_get(n, "name"));
	c->value.text = SL("execute");
	rd_partly(
		rd, SL("EXECUTE runs a prepared statement, which is not written here"), SLICE_NONE);
}

static void deallocate(struct rd *rd, node n)
{
	struct change *c = rd_emit(rd, CHANGE_PREPARE);

	c->name = rd_text_of(rd, tree_get(n, "name"));
	c->value.text = SL("deallocate");
}

static void declare(struct rd *rd, node n)
{
	node query = tree_get(n, "query");

	rd_select(rd, rd_body(query));
	if (rd->n)
		rd->v[rd->n - 1].name = rd_text_of(rd, tree_get(n, "portalname"));
}

static void cursor(struct rd *rd, node n)
{
	bool move = tree_true(tree_get(n, "ismove"));

	rd->kind = move ? "MOVE" : "FETCH";
	rd_emit(rd, CHANGE_SELECT)->name = rd_text_of(rd, tree_get(n, "portalname"));
}

static void close_(struct rd *rd, node n)
{
	struct change *c = rd_emit(rd, CHANGE_DISCARD);

	c->name = rd_text_of(rd, tree_get(n, "portalname"));
	c->value.text = SL("cursor");
}

/* ---- Maintenance ---- */

/* An option that is on: no value, or not false, off, 0. */
static bool is_on(struct rd *rd, node list, const char *name)
{
	node o = rd_option(list, name);
	struct slice v;

	if (!o)
		return false;
	v = rd_option_value(rd, o);
	return !v.len || !(slice_iis(v, "false") || slice_iis(v, "off") || slice_is(v, "0"));
}

static void vacuum_one(struct rd *rd, node n, node rel)
{
	bool is_vacuum = tree_true(tree_get(n, "is_vacuumcmd"));
	node options = tree_get(n, "options"), relation = tree_get(rel, "relation");
	struct change *c = rd_emit(rd, is_vacuum ? CHANGE_VACUUM : CHANGE_ANALYZE);

	c->type = relation ? OBJECT_TABLE : OBJECT_DATABASE;
	c->target = rd_relation(rd, relation);
	c->list = rd_strings(rd, tree_get(rel, "va_cols"));
	c->settings = rd_options(rd, options);
	if (is_on(rd, options, "full"))
		c->flags |= CHANGE_FULL;
	if (relation && !tree_true(tree_get(relation, "inh"))) {
		c->flags |= CHANGE_ONLY;
		rd_requires(rd, 18, "ONLY in VACUUM and ANALYZE");
	}
	if (is_on(rd, options, "skip_locked"))
		c->flags |= CHANGE_NOWAIT;
}

static void vacuum(struct rd *rd, node n)
{
	node list = tree_get(n, "rels"), r;

	rd->kind = tree_true(tree_get(n, "is_vacuumcmd")) ? "VACUUM" : "ANALYZE";
	if (!tree_first(list))
		vacuum_one(rd, n, NULL);
	for (r = tree_first(list); r; r = tree_next(list, r))
		vacuum_one(rd, n, rd_body(r));
}

static void cluster(struct rd *rd, node n)
{
	struct change *c = rd_emit(rd, CHANGE_CLUSTER);

	c->type = tree_get(n, "relation") ? OBJECT_TABLE : OBJECT_DATABASE;
	c->target = rd_relation(rd, tree_get(n, "relation"));
	c->name = rd_text_of(rd, tree_get(n, "indexname"));
	c->settings = rd_options(rd, tree_get(n, "params"));
}

static void reindex(struct rd *rd, node n)
{
	struct change *c = rd_emit(rd, CHANGE_REINDEX);
	node kind = tree_get(n, "kind"), params = tree_get(n, "params");

	c->type = tree_is(kind, "REINDEX_OBJECT_INDEX")    ? OBJECT_INDEX
		  : tree_is(kind, "REINDEX_OBJECT_TABLE")  ? OBJECT_TABLE
		  : tree_is(kind, "REINDEX_OBJECT_SCHEMA") ? OBJECT_SCHEMA
							   : OBJECT_DATABASE;
	c->target = rd_relation(rd, tree_get(n, "relation"));
	if (!tree_get(n, "relation"))
		c->target.name = rd_text_of(rd, tree_get(n, "name"));
	c->settings = rd_options(rd, params);
	if (is_on(rd, params, "concurrently"))
		c->flags |= CHANGE_CONCURRENTLY;
	if (rd_option(params, "tablespace"))
		rd_requires(rd, 14, "REINDEX TABLESPACE");
}

static void refresh(struct rd *rd, node n)
{
	struct change *c = rd_emit(rd, CHANGE_REFRESH_MATVIEW);

	c->type = OBJECT_MATVIEW;
	c->target = rd_relation(rd, tree_get(n, "relation"));
	if (tree_true(tree_get(n, "concurrent")))
		c->flags |= CHANGE_CONCURRENTLY;
	if (tree_true(tree_get(n, "skipData")))
		c->flags |= CHANGE_WITH_NO_DATA;
}

static void explain(struct rd *rd, node n)
{
	struct change *v = NULL, *c;
	size_t count = 0;
	bool runs = is_on(rd, tree_get(n, "options"), "analyze");

	if (runs) /* EXPLAIN ANALYZE really does it */
		rd_into(rd, tree_get(n, "query"), CHANGE_INNER, &v, &count);
	c = rd_emit(rd, CHANGE_EXPLAIN);
	c->settings = rd_options(rd, tree_get(n, "options"));
	if (!runs && tree_get(rd_body(tree_get(n, "query")), "relation")) {
		c->type = OBJECT_TABLE; /* planned, and locked for it */
		c->target = rd_relation(rd, tree_get(rd_body(tree_get(n, "query")), "relation"));
	}
	rd_reads(rd, n, &c->reads);
	c->inner = v;
	c->ninner = count;
}

static void checkpoint(struct rd *rd, node n)
{
	(void)n;
	rd_emit(rd, CHANGE_CHECKPOINT);
}

static void alter_system(struct rd *rd, node n)
{
	struct change *c = rd_emit(rd, CHANGE_ALTER_SYSTEM);
	node set = tree_get(n, "setstmt");

	c->name = rd_text_of(rd, tree_get(set, "name"));
	c->value.text = rd_value(rd, tree_get(set, "args"));
}

static void load(struct rd *rd, node n)
{
	(void)n;
	rd_opaque(rd, SL("LOAD runs the code of a shared library"), SL("*"));
}

const struct statement_row read_data_rows[] = {
	{"InsertStmt", "INSERT", insert},
	{"UpdateStmt", "UPDATE", update},
	{"DeleteStmt", "DELETE", delete_},
	{"SelectStmt", "SELECT", select_},
	{"MergeStmt", "MERGE", merge},
	{"TruncateStmt", "TRUNCATE TABLE", truncate_},
	{"CopyStmt", "COPY", copy},
	{"CallStmt", "CALL", call},
	{"TransactionStmt", NULL, transaction},
	{"LockStmt", "LOCK TABLE", lock},
	{"VariableSetStmt", "SET", variable},
	{"ConstraintsSetStmt", "SET CONSTRAINTS", set_constraints},
	{"VariableShowStmt", "SHOW", show},
	{"ListenStmt", "LISTEN", listen},
	{"NotifyStmt", "NOTIFY", listen},
	{"UnlistenStmt", "UNLISTEN", listen},
	{"DiscardStmt", "DISCARD", discard},
	{"PrepareStmt", "PREPARE", prepare},
	{"ExecuteStmt", "EXECUTE", execute},
	{"DeallocateStmt", "DEALLOCATE", deallocate},
	{"DeclareCursorStmt", "DECLARE CURSOR", declare},
	{"FetchStmt", NULL, cursor},
	{"ClosePortalStmt", "CLOSE CURSOR", close_},
	{"VacuumStmt", NULL, vacuum},
	{"ClusterStmt", "CLUSTER", cluster},
	{"ReindexStmt", "REINDEX", reindex},
	{"RefreshMatViewStmt", "REFRESH MATERIALIZED VIEW", refresh},
	{"ExplainStmt", "EXPLAIN", explain},
	{"CheckPointStmt", "CHECKPOINT", checkpoint},
	{"AlterSystemStmt", "ALTER SYSTEM", alter_system},
	{"LoadStmt", "LOAD", load},
	{NULL, NULL, NULL},
};
