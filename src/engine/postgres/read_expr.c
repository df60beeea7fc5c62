/* read_expr.c - what an expression or query mentions, found in one walk over its nodes.
 *
 * In the parser's output node types begin with a capital and members do not, and the tree is an
 * array in preorder: so "everything below" is a loop, and a node is known by its key. */
#include "engine/postgres/read_impl.h"

/* FuncCall funcname → schema.name; what the grammar makes of SQL's own syntax (EXTRACT, AT TIME
 * ZONE, TRIM) loses the pg_catalog nobody wrote. */
static struct slice function_name(struct rd *rd, node call)
{
	struct name n = rd_qname(rd, tree_get(call, "funcname"));

	if (tree_is(tree_get(call, "funcformat"), "COERCE_SQL_SYNTAX"))
		n.schema = SLICE_NONE;
	return rd_plain(rd, n);
}

static bool has(const struct names *list, struct slice s)
{
	size_t i;

	for (i = 0; i < list->n; i++)
		if (slice_eq(list->at[i], s))
			return true;
	return false;
}

static void add_once(struct rd *rd, struct names *list, struct slice s)
{
	if (s.len && !has(list, s))
		rd_list(rd, list, s);
}

/* SVFOP_CURRENT_TIMESTAMP_N → current_timestamp */
static struct slice value_function(struct rd *rd, node n)
{
	struct slice op = tree_text(rd->a, tree_get(n, "op"));

	if (slice_starts(op, "SVFOP_"))
		op = slice_from(op, 6);
	if (slice_ends(op, "_N"))
		op.len -= 2;
	return rd_lower(rd, op);
}

static void column_ref(struct rd *rd, struct expr_facts *f, node n)
{
	node fields = tree_get(n, "fields"), c, last = NULL;

	for (c = tree_first(fields); c; c = tree_next(fields, c))
		last = c;
	f->has_columns = true;
	if (last && tree_key_is(rd_body(last), "String"))
		add_once(rd, &f->columns, rd_string(rd, last));
}

/* May this operator-like node stand in a constant? Signs only. */
static bool is_sign(node n)
{
	node op = tree_nth(tree_get(n, "name"), 0);

	return !tree_get(n, "lexpr") && (tree_is(tree_get(rd_body(op), "sval"), "-") ||
						tree_is(tree_get(rd_body(op), "sval"), "+"));
}

struct walk {
	struct rd *rd;
	struct expr_facts *f;
	bool constant;
};

/* One node; everything that is not a literal, sign, cast or array makes it no constant. */
static void visit(struct walk *w, node n)
{
	if (tree_key_is(n, "ColumnRef")) {
		column_ref(w->rd, w->f, n);
	} else if (tree_key_is(n, "PartitionElem") || tree_key_is(n, "IndexElem")) {
		add_once(w->rd, &w->f->columns, rd_text_of(w->rd, tree_get(n, "name")));
		w->f->has_columns = w->f->columns.n > 0;
	} else if (tree_key_is(n, "FuncCall")) {
		add_once(w->rd, &w->f->functions, function_name(w->rd, n));
	} else if (tree_key_is(n, "SQLValueFunction")) {
		add_once(w->rd, &w->f->functions, value_function(w->rd, n));
	} else if (tree_key_is(n, "SubLink") || tree_key_is(n, "RangeSubselect") ||
		   tree_key_is(n, "CommonTableExpr")) {
		w->f->has_subquery = true;
	} else if (tree_key_is(n, "ParamRef")) {
		w->f->has_params = true;
	} else if (tree_key_is(n, "TypeCast")) {
		add_once(w->rd, &w->f->types, rd_type(w->rd, tree_get(n, "typeName")));
		return;
	} else if (tree_key_is(n, "A_Const") || tree_key_is(n, "A_ArrayExpr") ||
		   tree_key_is(n, "String") || tree_key_is(n, "Integer") ||
		   tree_key_is(n, "Float") || tree_key_is(n, "Boolean") ||
		   tree_key_is(n, "BitString") || tree_key_is(n, "CollateClause") ||
		   (tree_key_is(n, "A_Expr") && is_sign(n))) {
		return;
	}
	w->constant = false;
}

/* NULL, perhaps cast. */
static bool is_null(node n)
{
	while (tree_key_is(n, "TypeCast"))
		n = rd_body(tree_get(n, "arg"));
	return tree_key_is(n, "A_Const") && tree_true(tree_get(n, "isnull"));
}

static bool is_node(node n)
{
	return n->keylen && n->key[0] >= 'A' && n->key[0] <= 'Z';
}

const struct expr_facts *rd_facts(struct rd *rd, node n)
{
	struct expr_facts *f;
	struct walk w;
	uint32_t i;

	if (!n)
		return NULL;
	f = ARENA_NEW(rd->a, struct expr_facts);
	w = (struct walk){rd, f, true};
	for (i = 0; i < n->size; i++)
		if (is_node(n + i))
			visit(&w, n + i);
	f->constant = w.constant;
	f->null = is_null(is_node(n) ? n : rd_body(n));
	return f;
}

struct expr rd_expr(struct rd *rd, node n, size_t from, size_t to)
{
	return (struct expr){.text = rd_between(rd, from, to), .facts = rd_facts(rd, n)};
}

struct expr rd_expr_in(struct rd *rd, node n, size_t bracket)
{
	return (struct expr){.text = rd_inside(rd, bracket), .facts = rd_facts(rd, n)};
}

static struct names cte_names(struct rd *rd, node root)
{
	struct names out = {0};
	uint32_t i;

	for (i = 0; i < root->size; i++)
		if (tree_key_is(root + i, "ctename"))
			add_once(rd, &out, rd_text_of(rd, root + i));
	return out;
}

void rd_reads(struct rd *rd, node n, struct names *out)
{
	struct names ctes = {0};
	uint32_t i;

	if (n)
		ctes = cte_names(rd, n);
	for (i = 0; n && i < n->size; i++) {
		struct name r;

		if (!tree_key_is(n + i, "RangeVar"))
			continue;
		r = rd_relation(rd, n + i);
		if (r.schema.len || !has(&ctes, r.name))
			add_once(rd, out, rd_plain(rd, r));
	}
}

/* Which server version first knew a node; the grammar that parses here knows them all. */
struct gate {
	const char *node;
	int major;
	const char *what;
};

/* clang-format off */
static const struct gate gates[] = {
	{"CTECycleClause",         14, "CYCLE"},
	{"CTESearchClause",        14, "SEARCH"},
	{"JsonArrayAgg",           16, "JSON_ARRAYAGG"},
	{"JsonArrayConstructor",   16, "JSON_ARRAY"},
	{"JsonArrayQueryConstructor", 16, "JSON_ARRAY"},
	{"JsonFuncExpr",           17, "SQL/JSON query functions"},
	{"JsonIsPredicate",        16, "IS JSON"},
	{"JsonObjectAgg",          16, "JSON_OBJECTAGG"},
	{"JsonObjectConstructor",  16, "JSON_OBJECT"},
	{"JsonParseExpr",          17, "JSON()"},
	{"JsonScalarExpr",         17, "JSON_SCALAR"},
	{"JsonSerializeExpr",      17, "JSON_SERIALIZE"},
	{"JsonTable",              17, "JSON_TABLE"},
	{"MergeStmt",              15, "MERGE"},
	{"ReturningOption",        18, "RETURNING WITH (OLD, NEW)"},
};
/* clang-format on */

static void gate_of(struct rd *rd, node n)
{
	size_t i;

	for (i = 0; i < sizeof gates / sizeof *gates; i++)
		if (tree_key_is_of(n, gates[i].node))
			rd_requires(rd, gates[i].major, gates[i].what);
	if (tree_key_is(n, "RangeSubselect") && !tree_get(n, "alias"))
		rd_requires(rd, 16, "a subquery in FROM without an alias");
	if (tree_key_is(n, "MergeStmt") &&
		(tree_get(n, "returningList") || tree_get(n, "returningClause")))
		rd_requires(rd, 17, "MERGE RETURNING");
	if (tree_key_is(n, "MergeWhenClause") &&
		tree_is(tree_get(n, "matchKind"), "MERGE_WHEN_NOT_MATCHED_BY_SOURCE"))
		rd_requires(rd, 17, "WHEN NOT MATCHED BY SOURCE");
}

/* By its first letters: nearly all nodes are none of those above. */
static bool may_be_gated(node n)
{
	static const char *const begins[] = {"CTE", "Json", "Merge", "Return", "RangeSub"};

	switch (n->key[0]) {
	case 'C':
	case 'J':
	case 'M':
	case 'R':
		break;
	default:
		return false;
	}
	for (size_t i = 0; i < sizeof begins / sizeof *begins; i++) {
		size_t len = strlen(begins[i]);

		if (n->keylen > len && n->key[1] == begins[i][1] &&
			memcmp(n->key, begins[i], len) == 0)
			return true;
	}
	return false;
}

void rd_gates(struct rd *rd, node n)
{
	uint32_t i;

	if (rd->r->version >= 180000)
		return;
	for (i = 0; n && i < n->size; i++)
		if (is_node(n + i) && may_be_gated(n + i))
			gate_of(rd, n + i);
}
