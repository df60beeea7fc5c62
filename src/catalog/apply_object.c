/* apply_object.c - views, sequences, functions, triggers and everything with no file of its own. */
#include "catalog/internal.h"

#include "sql/quote.h"

/* ---- Views ---- */

static struct names resolved_reads(struct apply *x, struct names reads)
{
	struct names out = {0};

	for (size_t i = 0; i < reads.n; i++) {
		struct slice rest = reads.at[i], column = SLICE_NONE;
		struct name n = split_name(rest);
		size_t dot = slice_chr(n.name, '.');

		/* A publication's "*" and "schema.*". */
		if (slice_is(n.name, "*")) {
			names_add(&x->c->arena, &out, keep(x->c, rest));
			continue;
		}

		if (n.schema.len && dot != SIZE_MAX) {
			column = slice_from(n.name, dot + 1);
			n.name = slice_sub(n.name, 0, dot);
		}
		if (!slice_is(n.name, "*"))
			n = catalog_resolve(x->c, x->s, OBJECT_NONE, n);
		rest = dotted(&x->c->arena, n);
		if (column.len)
			rest = textf(x->c, "%.*s.%.*s", SLICE(rest), SLICE(column));
		if (!names_has(out, rest))
			names_add(&x->c->arena, &out, rest);
	}
	return out;
}

/* A query over what is not there is refused; SQLite looks when the view is used. */
enum apply_result reads_exist(struct apply *x, struct names reads)
{
	struct slice column;

	if (is_sqlite(x->c))
		return APPLIED;
	for (size_t i = 0; i < reads.n; i++) {
		struct name n = relation_in(reads.at[i], &column);
		const struct object *found;

		if (is_mysql(x->c) && slice_iis(n.name, "dual"))
			continue;
		if (catalog_find(x->c, x->s, OBJECT_NONE, n, &found) == ABSENT)
			return conflict(x, "relation \"%.*s\" does not exist", SLICE(n.name));
	}
	return APPLIED;
}

/* The old one's privileges, comment and parts stay when it is replaced. */
static void keep_of_old(struct catalog *c, struct node *n, const struct object *old)
{
	struct object *o = node_edit(c, n);

	o->owner = old->owner;
	o->comment = old->comment;
	o->acl = old->acl;
	o->born_tx = old->born_tx;
	node_edited(c, n);
}

static struct node *replace(
	struct apply *x, struct node *old, const struct object *def, struct name full)
{
	struct object was;
	struct node *n;
	bool tainted;

	if (!old)
		return create(x, def, full);
	was = old->o;
	tainted = was.tainted;
	catalog_drop(x->c, &old->o);
	n = create(x, def, full);
	if (!tainted)
		keep_of_old(x->c, n, &was);
	return n;
}

enum apply_result apply_create_view(struct apply *x)
{
	enum object_type type = x->ch->kind == CHANGE_CREATE_MATVIEW ? OBJECT_MATVIEW : OBJECT_VIEW;
	struct node *old, *n;
	struct name full;
	struct object *o, def = *x->ch->def;
	struct names reads;
	enum apply_result r = may_create(x, type, x->ch->target, &full, &old);

	if (r == APPLIED)
		r = reads_exist(x, x->ch->reads);
	if (r != APPLIED)
		return r;
	reads = resolved_reads(x, x->ch->def->view.reads.n ? x->ch->def->view.reads : x->ch->reads);
	n = replace(x, old, x->ch->def, full);
	o = node_edit(x->c, n);
	o->view.reads = reads;
	node_edited(x->c, n);
	if (x->ch->ncolumns)
		(void)query_columns(x, &def);
	for (size_t i = 0; i < def.nparts; i++)
		create_part(x, n, def.parts[i]);
	n->columns_unknown = n->columns_unknown || n->o.nparts == 0;
	return APPLIED;
}

enum apply_result apply_alter_view(struct apply *x)
{
	enum apply_result r = APPLIED;
	struct node *n = target(x, OBJECT_NONE, &r);
	struct object *o;

	if (!n)
		return r;
	if (!x->ch->def || !x->ch->def->view.query.text.len)
		return unsure(x, "what becomes of view \"%.*s\" was not read", SLICE(n->o.name));
	o = node_edit(x->c, n);
	o->view = node_new(x->c, x->ch->def)->o.view;
	o->view.reads = resolved_reads(x, x->ch->reads.n ? x->ch->reads : o->view.reads);
	node_edited(x->c, n);
	return APPLIED;
}

enum apply_result apply_refresh(struct apply *x)
{
	enum apply_result r = APPLIED;
	struct node *n = target(x, OBJECT_MATVIEW, &r);

	if (!n)
		return r;
	node_edit(x->c, n)->view.no_data = has(x, CHANGE_WITH_NO_DATA);
	node_edited(x->c, n);
	return APPLIED;
}

/* ---- Sequences ---- */

static struct slice resolved_owner(struct apply *x, struct slice owner)
{
	struct slice table, column;
	size_t dot = owner.len;
	struct name n;

	if (slice_empty(owner) || slice_is(owner, "none"))
		return owner;
	while (dot > 0 && owner.at[dot - 1] != '.')
		dot--;
	if (dot == 0)
		return owner;
	table = slice_sub(owner, 0, dot - 1);
	column = slice_from(owner, dot);
	n = catalog_resolve(x->c, x->s, OBJECT_NONE, split_name(table));
	return textf(x->c, "%.*s.%.*s.%.*s", SLICE(n.schema), SLICE(n.name), SLICE(column));
}

enum apply_result apply_create_sequence(struct apply *x)
{
	struct node *old, *n;
	struct name full;
	enum apply_result r = may_create(x, OBJECT_SEQUENCE, x->ch->target, &full, &old);

	if (r != APPLIED)
		return r;
	n = replace(x, old, x->ch->def, full);
	node_edit(x->c, n)->sequence.owned_by = resolved_owner(x, x->ch->def->sequence.owned_by);
	if (slice_is(n->o.sequence.owned_by, "none"))
		n->o.sequence.owned_by = SLICE_NONE;
	node_edited(x->c, n);
	return APPLIED;
}

static struct slice value_of(struct names options, const char *key, bool *said)
{
	*said = false;
	for (size_t i = 0; i < options.n; i++) {
		size_t eq = slice_chr(options.at[i], '=');

		if (!slice_is(slice_sub(options.at[i], 0, eq), key))
			continue;
		*said = true;
		return eq == SIZE_MAX ? SLICE_NONE : slice_from(options.at[i], eq + 1);
	}
	return SLICE_NONE;
}

/* key=value options of an identity column's sequence. */
void sequence_options(struct catalog *c, struct sequence_def *d, struct names options)
{
	const struct {
		const char *key;
		struct slice *to;
	} rows[] = {{"as", &d->type}, {"start", &d->start}, {"increment", &d->increment},
		{"minvalue", &d->min}, {"maxvalue", &d->max}, {"cache", &d->cache}};
	struct slice v;
	bool said;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		v = value_of(options, rows[i].key, &said);
		if (said)
			*rows[i].to = keep(c, v);
	}
	v = value_of(options, "cycle", &said);
	if (said)
		d->cycle = !slice_is(v, "false");
}

enum apply_result apply_alter_sequence(struct apply *x)
{
	enum apply_result r = APPLIED;
	struct node *n = target(x, OBJECT_SEQUENCE, &r);
	const struct sequence_def *new;
	struct sequence_def *d;
	struct names said = x->ch->list;

	if (!n)
		return r;
	if (!x->ch->def)
		return APPLIED;
	new = &x->ch->def->sequence;
	d = &node_edit(x->c, n)->sequence;
	if (names_has(said, SL("as"))) {
		d->type = keep(x->c, new->type);
		d->min = d->max = SLICE_NONE;
	}
	if (names_has(said, SL("start")))
		d->start = keep(x->c, new->start);
	if (names_has(said, SL("increment")))
		d->increment = keep(x->c, new->increment);
	if (names_has(said, SL("minvalue")))
		d->min = keep(x->c, new->min);
	if (names_has(said, SL("maxvalue")))
		d->max = keep(x->c, new->max);
	if (names_has(said, SL("cache")))
		d->cache = keep(x->c, new->cache);
	if (names_has(said, SL("cycle")))
		d->cycle = new->cycle;
	if (names_has(said, SL("owned_by")))
		d->owned_by = resolved_owner(x, new->owned_by);
	sequence_defaults(x->c, d);
	node_edited(x->c, n);
	return APPLIED;
}

/* ---- Functions ---- */

/* One of "a mood", "OUT b mood", "mood DEFAULT 'x'": its type with its schema. */
static struct slice resolved_argument(struct apply *x, struct slice piece)
{
	size_t tail = slice_find(piece, SL(" DEFAULT "));
	struct slice head = slice_sub(piece, 0, tail), type = head, more;

	if (tail == SIZE_MAX)
		tail = piece.len;
	/* The type is all of it, or what follows the mode, or what follows the name. */
	for (int words = 0; words < 3; words++) {
		struct slice full = resolve_type(x, type);

		if (!slice_eq(full, type))
			return textf(x->c, "%.*s%.*s%.*s",
				SLICE(slice_sub(head, 0, head.len - type.len)), SLICE(full),
				SLICE(slice_from(piece, tail)));
		more = slice_from(type,
			slice_chr(type, ' ') == SIZE_MAX ? type.len : slice_chr(type, ' ') + 1);
		if (more.len == 0)
			break;
		type = more;
	}
	return piece;
}

static struct slice resolved_arguments(struct apply *x, struct slice arguments)
{
	struct buf b = {0};
	struct slice out;
	int depth = 0;
	bool quoted = false;
	size_t from = 0;

	for (size_t i = 0; i <= arguments.len; i++) {
		char ch = i < arguments.len ? arguments.at[i] : ',';

		if (ch == '\'')
			quoted = !quoted;
		depth += !quoted && (ch == '(' || ch == '[');
		depth -= !quoted && (ch == ')' || ch == ']');
		if (i < arguments.len && (ch != ',' || quoted || depth))
			continue;
		if (from)
			buf_adds(&b, ", ");
		buf_add(&b, resolved_argument(x, slice_trim(slice_sub(arguments, from, i - from))));
		from = i + 1;
	}
	out = keep(x->c, buf_slice(&b));
	buf_done(&b);
	return out;
}

/* RETURNS: SETOF in front stays. */
static struct slice resolved_result(struct apply *x, struct slice returns)
{
	struct slice setof = SL("SETOF ");

	if (slice_starts(returns, "TABLE("))
		return returns;
	if (slice_starts(returns, "SETOF "))
		return textf(
			x->c, "SETOF %.*s", SLICE(resolve_type(x, slice_from(returns, setof.len))));
	return resolve_type(x, returns);
}

enum apply_result apply_create_function(struct apply *x)
{
	struct node *old, *n;
	struct object def;
	struct name full;
	enum apply_result r;

	r = may_create(x, OBJECT_FUNCTION, x->ch->target, &full, &old);
	if (r != APPLIED)
		return r;
	def = *x->ch->def;
	if (is_postgres(x->c))
		def.function.arguments = resolved_arguments(x, def.function.arguments);
	def.function.returns = resolved_result(x, def.function.returns);
	n = replace(x, old, &def, full);
	node_edit(x->c, n)->function.reads = resolved_reads(x, x->ch->def->function.reads);
	node_edited(x->c, n);
	return APPLIED;
}

/* ALTER FUNCTION … SET and RESET; "-name" is a RESET. */
static struct names settings_changed(struct catalog *c, struct names old, struct names said)
{
	for (size_t i = 0; i < said.n; i++) {
		struct slice s = said.at[i];
		bool reset = s.len && s.at[0] == '-';

		if (reset)
			s = slice_from(s, 1);
		old = slice_is(s, "all") ? (struct names){0}
					 : options_changed(c, old, (struct names){&s, 1}, reset);
	}
	return old;
}

/* change.list names the fields of def that were said. */
enum apply_result apply_alter_function(struct apply *x)
{
	enum apply_result r = APPLIED;
	struct node *n = target(x, OBJECT_FUNCTION, &r);
	const struct function_def *new;
	struct function_def *d;
	struct names said = x->ch->list;

	if (!n || !x->ch->def)
		return r;
	new = &node_new(x->c, x->ch->def)->o.function;
	d = &node_edit(x->c, n)->function;
	if (names_has(said, SL("volatility")))
		d->volatility = new->volatility;
	if (names_has(said, SL("strict")))
		d->strict = new->strict;
	if (names_has(said, SL("security")))
		d->security_definer = new->security_definer;
	if (names_has(said, SL("leakproof")))
		d->leakproof = new->leakproof;
	if (names_has(said, SL("parallel")))
		d->parallel = new->parallel;
	if (names_has(said, SL("cost")))
		d->cost = new->cost;
	if (names_has(said, SL("rows")))
		d->rows = new->rows;
	if (names_has(said, SL("set")))
		d->settings = settings_changed(x->c, d->settings, new->settings);
	node_edited(x->c, n);
	return APPLIED;
}

/* ---- Triggers, policies, rules: parts of a table ---- */

/* The function as the server prints it, with its schema. */
static void qualify_function(struct apply *x, struct trigger_def *d)
{
	struct name fn = x->ch->other;
	size_t open = slice_chr(d->body.text, '(');
	const struct object *found = NULL;
	struct buf b = {0};

	if (slice_empty(fn.name) || fn.schema.len || open == SIZE_MAX)
		return;
	if (catalog_find(x->c, x->s, OBJECT_FUNCTION, fn, &found) != PRESENT)
		return;
	quote_name_pretty(&b, x->c->dialect, found->schema, fn.name);
	buf_add(&b, slice_from(d->body.text, open));
	d->body.text = keep(x->c, buf_slice(&b));
	buf_done(&b);
}

enum apply_result apply_create_part(struct apply *x)
{
	enum apply_result r = APPLIED;
	struct node *table = target(x, OBJECT_NONE, &r), *old;
	enum object_type type = x->ch->def ? x->ch->def->type : x->ch->type;
	struct object def;

	if (!table)
		return r;
	def = *x->ch->def;
	def.name = x->ch->name.len ? x->ch->name : def.name;
	if (type == OBJECT_TRIGGER)
		def.trigger.reads = resolved_reads(x, def.trigger.reads);
	old = part_find(x->c, table, type, def.name);
	if (!old && type == OBJECT_TRIGGER && !is_postgres(x->c))
		old = node_find(x->c, type, in_table_schema(table, def.name));
	if (old && !old->o.tainted) {
		if (has(x, CHANGE_IF_NOT_EXISTS))
			return APPLY_NOOP;
		if (!has(x, CHANGE_OR_REPLACE))
			return conflict(x, "%s \"%.*s\" already exists", object_type_word(type),
				SLICE(def.name));
	}
	if (old)
		part_drop(x->c, old);
	if (type == OBJECT_TRIGGER && is_postgres(x->c))
		qualify_function(x, &def.trigger);
	create_part(x, table, &def);
	return APPLIED;
}

/* MySQL and SQLite name a trigger alone, PostgreSQL with its table. */
static struct node *part_of_change(struct apply *x, struct node **table, enum apply_result *r)
{
	enum object_type type = x->ch->type;
	struct name n = x->ch->target;

	*table = NULL;
	if (type == OBJECT_TRIGGER && !is_postgres(x->c)) {
		if (x->ch->name.len)
			n.name = x->ch->name;
		return target_named(x, type, n, r);
	}
	*table = target(x, OBJECT_NONE, r);
	return *table ? target_part(x, *table, type, x->ch->name, r) : NULL;
}

enum apply_result apply_drop_part(struct apply *x)
{
	enum apply_result r = APPLIED;
	struct node *table, *n = part_of_change(x, &table, &r);

	if (n)
		part_drop(x->c, n);
	return n ? APPLIED : r;
}

/* A trigger or rule whose new form is the change's definition. */
enum apply_result apply_alter_part(struct apply *x)
{
	enum apply_result r = APPLIED;
	struct node *table, *n = part_of_change(x, &table, &r);
	struct object *o;

	if (!n)
		return r;
	if (x->ch->other.name.len) {
		o = node_edit(x->c, n);
		o->name = keep(x->c, x->ch->other.name);
		node_edited(x->c, n);
	}
	return APPLIED;
}

static void set_state(struct apply *x, struct node *table, struct slice name)
{
	bool all = slice_is(name, "ALL") || slice_is(name, "USER");
	struct slice state = keep(x->c, x->ch->value.text);
	bool rules = x->ch->kind == CHANGE_RULE_STATE;
	struct node **v;
	size_t n;

	for (size_t i = table->ncolumns; i < table->o.nparts; i++) {
		struct node *p = node_of(table->o.parts[i]);

		if (p->o.type != (rules ? OBJECT_RULE : OBJECT_TRIGGER) ||
			(!all && !slice_eq(p->o.name, name)))
			continue;
		if (rules)
			node_edit(x->c, p)->other.enabled = state;
		else
			node_edit(x->c, p)->trigger.enabled = state;
		node_edited(x->c, p);
	}
	n = has(x, CHANGE_ONLY) ? 0 : children(x, table, &v);
	for (size_t i = 0; i < n; i++)
		set_state(x, v[i], name);
}

enum apply_result apply_trigger_state(struct apply *x)
{
	enum apply_result r = APPLIED;
	enum object_type type = x->ch->kind == CHANGE_RULE_STATE ? OBJECT_RULE : OBJECT_TRIGGER;
	struct node *table = target(x, OBJECT_NONE, &r);
	bool all = slice_is(x->ch->name, "ALL") || slice_is(x->ch->name, "USER");

	if (!table)
		return r;
	if (!all && !target_part(x, table, type, x->ch->name, &r))
		return r;
	set_state(x, table, x->ch->name);
	return APPLIED;
}

enum apply_result apply_alter_policy(struct apply *x)
{
	enum apply_result r = APPLIED;
	struct node *table = target(x, OBJECT_NONE, &r), *n;
	const struct policy_def *new;
	struct policy_def *d;

	if (!table)
		return r;
	n = target_part(x, table, OBJECT_POLICY, x->ch->name, &r);
	if (!n)
		return r;
	new = &x->ch->def->policy;
	d = &node_edit(x->c, n)->policy;
	if (names_has(x->ch->list, SL("roles")))
		d->roles = names_copy(&x->c->arena, new->roles);
	if (names_has(x->ch->list, SL("using")))
		d->using_expr = expr_copy(&x->c->arena, new->using_expr);
	if (names_has(x->ch->list, SL("with check")))
		d->check_expr = expr_copy(&x->c->arena, new->check_expr);
	node_edited(x->c, n);
	return APPLIED;
}

/* ---- Statistics: members are columns, the definition is the table ---- */

static struct slice statistics_name(
	struct apply *x, const struct node *table, const struct object *def)
{
	struct slice columns = pg_columns_addition(x->c, def->other.members), name;
	char label[24] = "stat";

	for (unsigned pass = 1;; pass++) {
		name = pg_relation_name(
			x->c, table->o.schema, table->o.name, columns, label, false);
		if (!node_find(x->c, OBJECT_STATISTICS, in_table_schema(table, name)))
			return name;
		snprintf(label, sizeof label, "stat%u", pass);
	}
}

/* The kinds in the server's order; all of them when none is named and there is more than one
 * member. */
static struct names statistics_kinds(struct apply *x, const struct object *def)
{
	static const char *const kinds[] = {"ndistinct", "dependencies", "mcv"};
	struct names out = {0};

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (def->other.options.n ? names_has(def->other.options, slice_of(kinds[i]))
					 : def->other.members.n > 1)
			names_add(&x->c->arena, &out, slice_of(kinds[i]));
	return out;
}

enum apply_result apply_create_statistics(struct apply *x)
{
	enum apply_result r = APPLIED;
	struct node *table = target_named(x, OBJECT_NONE, x->ch->other, &r), *old;
	struct object def;
	struct name full;

	if (!table)
		return r;
	def = *x->ch->def;
	def.other.options = statistics_kinds(x, &def);
	def.other.definition.text = def.other.definition.normal =
		dotted(&x->c->arena, (struct name){table->o.schema, table->o.name});
	if (x->ch->target.name.len) {
		r = may_create(x, OBJECT_STATISTICS, x->ch->target, &full, &old);
		if (r != APPLIED)
			return r;
		if (old)
			catalog_drop(x->c, &old->o);
	} else {
		full = in_table_schema(table, statistics_name(x, table, &def));
	}
	create(x, &def, full);
	return APPLIED;
}

/* ---- Schemas and extensions ---- */

enum apply_result apply_create_schema(struct apply *x)
{
	enum object_type type = x->ch->type == OBJECT_DATABASE && is_postgres(x->c)
					? OBJECT_DATABASE
					: OBJECT_SCHEMA;
	struct object bare = {.type = type};
	struct name name = {SLICE_NONE, x->ch->target.name};
	const struct object *found;
	enum presence p;

	if (type == OBJECT_DATABASE)
		return APPLIED; /* another database is outside of this catalog */
	p = catalog_find(x->c, x->s, type, name, &found);
	if (p == PRESENT)
		return has(x, CHANGE_IF_NOT_EXISTS)
			       ? APPLY_NOOP
			       : conflict(x, "schema \"%.*s\" already exists", SLICE(name.name));
	create(x, x->ch->def && x->ch->def->type == OBJECT_SCHEMA ? x->ch->def : &bare,
		name_copy(&x->c->arena, name));
	return APPLIED;
}

static enum apply_result drop_contents(struct apply *x, struct slice schema, bool cascade)
{
	const struct object **v;
	size_t n = catalog_list(x->c, OBJECT_NONE, &x->c->undo_arena, &v);
	struct slice blocker = SLICE_NONE;

	for (size_t i = 0; i < n; i++) {
		if (!slice_eq(v[i]->schema, schema) || node_of(v[i])->gone ||
			v[i]->type == OBJECT_EXTENSION)
			continue;
		if (!cascade)
			return conflict(
				x, "cannot drop schema \"%.*s\": it is not empty", SLICE(schema));
		if (!drop_all(x, node_of(v[i]), true, &blocker))
			return conflict(x, "cannot drop schema \"%.*s\": %.*s", SLICE(schema),
				SLICE(blocker));
	}
	return APPLIED;
}

enum apply_result apply_drop_schema(struct apply *x)
{
	enum apply_result r = APPLIED;
	struct name name = {SLICE_NONE, x->ch->target.name};
	struct node *n;

	if (x->ch->type == OBJECT_DATABASE && is_postgres(x->c))
		return APPLIED;
	n = target_named(x, OBJECT_SCHEMA, name, &r);
	if (!n)
		return r;
	r = drop_contents(x, n->o.name, has(x, CHANGE_CASCADE) || is_mysql(x->c));
	if (r != APPLIED)
		return r;
	node_drop(x->c, n);
	return APPLIED;
}

enum apply_result apply_create_extension(struct apply *x)
{
	struct name name = {SLICE_NONE, keep(x->c, x->ch->target.name)};
	struct node *old = node_find(x->c, OBJECT_EXTENSION, name), *n;
	struct slice schema = x->ch->def ? x->ch->def->schema : SLICE_NONE;
	struct object bare = {.type = OBJECT_EXTENSION};
	struct name full;

	if (old && !old->o.tainted)
		return has(x, CHANGE_IF_NOT_EXISTS)
			       ? APPLY_NOOP
			       : conflict(x, "extension \"%.*s\" already exists", SLICE(name.name));
	if (slice_is(name.name, "plpgsql"))
		return APPLIED; /* it is in every database */
	if (old)
		catalog_drop(x->c, &old->o);
	full = creation_name(x, (struct name){schema, name.name});
	n = create(x, x->ch->def ? x->ch->def : &bare, full);
	note_extension(x->c, n->o.name);
	return APPLIED;
}

enum apply_result apply_alter_extension(struct apply *x)
{
	enum apply_result r = APPLIED;
	struct node *n = target(x, OBJECT_EXTENSION, &r);

	if (!n)
		return r;
	if (slice_is(x->ch->value.text, "update") && x->ch->def) {
		node_edit(x->c, n)->other.version = keep(x->c, x->ch->def->other.version);
		node_edited(x->c, n);
	}
	return APPLIED;
}

/* Columns of its types need CASCADE. What else uses an extension is not known. */
static enum apply_result drop_extension_types(struct apply *x, const struct node *ext)
{
	struct slice blocker = SLICE_NONE;
	const char *type;

	for (size_t i = 0; (type = extension_type(ext->o.name, i)); i++) {
		struct name name = {ext->o.schema, slice_of(type)};
		struct node **v;
		size_t n = mentions(x->c, name, &x->c->undo_arena, &v);

		for (size_t k = 0; k < n; k++) {
			if (v[k]->gone || v[k]->o.type != OBJECT_COLUMN ||
				!name_eq(type_named(v[k]->o.column.type), name))
				continue;
			if (!has(x, CHANGE_CASCADE))
				return conflict(x,
					"cannot drop extension \"%.*s\": %.*s depends on it",
					SLICE(ext->o.name), SLICE(path_of(x, v[k])));
			if (!drop_column_all(x, node_of(v[k]->o.table), v[k], true, &blocker))
				return conflict(x, "cannot drop extension \"%.*s\": %.*s",
					SLICE(ext->o.name), SLICE(blocker));
		}
	}
	return APPLIED;
}

enum apply_result apply_drop_extension(struct apply *x)
{
	enum apply_result r = APPLIED;
	struct node *n = target(x, OBJECT_EXTENSION, &r);

	if (!n)
		return r;
	r = drop_extension_types(x, n);
	if (r == APPLIED)
		node_drop(x->c, n);
	return r;
}

/* ---- Objects of other kinds ---- */

/* Classes of other objects that live in schemas. */
static bool in_schemas(struct slice class_)
{
	return slice_is(class_, "collation") || slice_is(class_, "conversion") ||
	       slice_starts(class_, "operator") || slice_starts(class_, "text search") ||
	       slice_is(class_, "event");
}

enum apply_result apply_create_object(struct apply *x)
{
	enum object_type type = x->ch->def ? x->ch->def->type : x->ch->type;
	struct node *old;
	struct object def;
	struct name full;
	enum apply_result r;

	if (!x->ch->def)
		return APPLIED;
	r = may_create(x, type, x->ch->target, &full, &old);
	if (r != APPLIED)
		return r;
	if (type == OBJECT_PUBLICATION || type == OBJECT_EVENT_TRIGGER ||
		(type == OBJECT_OTHER && !in_schemas(x->ch->def->other.class_)))
		full.schema = SLICE_NONE;
	def = *x->ch->def;
	if (type == OBJECT_PUBLICATION)
		def.other.members = resolved_reads(x, def.other.members);
	replace(x, old, &def, full);
	return APPLIED;
}

enum apply_result apply_drop_object(struct apply *x)
{
	enum apply_result r = APPLIED;
	enum object_type type = x->ch->type;
	struct slice blocker = SLICE_NONE, name;
	struct node *n;

	if (type == OBJECT_NONE)
		type = x->ch->kind == CHANGE_DROP_FUNCTION     ? OBJECT_FUNCTION
		       : x->ch->kind == CHANGE_DROP_OTHER      ? OBJECT_OTHER
		       : x->ch->kind == CHANGE_DROP_STATISTICS ? OBJECT_STATISTICS
							       : OBJECT_TYPE;
	n = target(x, type, &r);
	if (!n)
		return r;
	name = n->o.name;
	if (!drop_all(x, n, has(x, CHANGE_CASCADE), &blocker))
		return conflict(x, "cannot drop %s \"%.*s\": %.*s", object_type_word(type),
			SLICE(name), SLICE(blocker));
	return APPLIED;
}

static enum apply_result alter_publication(struct apply *x, struct object *o)
{
	const struct other_def *new = &x->ch->def->other;
	struct slice word = x->ch->value.text;
	struct names members = resolved_reads(x, new->members);

	if (new->options.n)
		o->other.options = options_changed(x->c, o->other.options, new->options, false);
	if (slice_is(word, "set") && members.n)
		o->other.members = members;
	for (size_t i = 0; i < members.n; i++) {
		if (slice_is(word, "add"))
			o->other.members = names_copy(&x->c->arena, o->other.members);
		if (slice_is(word, "add") && !names_has(o->other.members, members.at[i]))
			names_add(&x->c->arena, &o->other.members, members.at[i]);
		else if (slice_is(word, "drop"))
			o->other.members = names_without(x->c, o->other.members, members.at[i]);
	}
	return APPLIED;
}

enum apply_result apply_alter_other(struct apply *x)
{
	enum apply_result r = APPLIED;
	struct node *n = meta_target(x, &r);
	struct object *o;

	if (!n)
		return r;
	o = node_edit(x->c, n);
	if (o->type == OBJECT_EVENT_TRIGGER)
		o->other.enabled = keep(x->c, x->ch->value.text);
	else if (o->type == OBJECT_PUBLICATION && x->ch->def)
		r = alter_publication(x, o);
	else if (o->type == OBJECT_EVENT && x->ch->def)
		o->other = node_new(x->c, x->ch->def)->o.other;
	else if (o->type == OBJECT_OTHER && x->ch->def && x->ch->def->other.options.n)
		o->other.options =
			options_changed(x->c, o->other.options, x->ch->def->other.options, false);
	node_edited(x->c, n);
	return r;
}

/* Types of extensions are not in the catalog, but columns and functions name their schema. */
static struct slice type_moved(
	struct apply *x, struct slice type, struct slice from, struct slice to)
{
	struct slice setof = slice_starts(type, "SETOF ") ? SL("SETOF ") : SLICE_NONE;
	struct slice rest = slice_from(type, setof.len);

	if (rest.len <= from.len || rest.at[from.len] != '.' ||
		!slice_eq(slice_sub(rest, 0, from.len), from))
		return type;
	return textf(
		x->c, "%.*s%.*s%.*s", SLICE(setof), SLICE(to), SLICE(slice_from(rest, from.len)));
}

static void move_types(struct apply *x, struct node *n, struct slice from, struct slice to)
{
	struct object *o = node_edit(x->c, n);

	if (o->type == OBJECT_COLUMN)
		o->column.type = type_moved(x, o->column.type, from, to);
	else if (o->type == OBJECT_FUNCTION)
		o->function.returns = type_moved(x, o->function.returns, from, to);
	node_edited(x->c, n);
}

static void rename_schema(struct apply *x, struct slice from, struct slice to)
{
	const struct object **v;
	size_t n = catalog_list(x->c, OBJECT_NONE, &x->c->undo_arena, &v);

	for (size_t i = 0; i < n; i++) {
		struct node *o = node_of(v[i]);
		struct name old = {from, o->o.name}, new = {to, o->o.name};

		if (is_postgres(x->c) && o->o.type == OBJECT_FUNCTION)
			move_types(x, o, from, to);
		for (size_t k = 0; is_postgres(x->c) && k < o->ncolumns; k++)
			move_types(x, node_of(o->o.parts[k]), from, to);
		if (!slice_eq(o->o.schema, from))
			continue;
		node_edit(x->c, o)->schema = to;
		node_edited(x->c, o);
		for (size_t k = 0; o->o.type == OBJECT_EXTENSION; k++) {
			const char *type = extension_type(o->o.name, k);

			if (!type)
				break;
			retarget(x->c, OBJECT_TYPE, (struct name){from, slice_of(type)},
				(struct name){to, slice_of(type)});
		}
		for (size_t k = 0; k < o->o.nparts; k++) {
			struct node *part = node_of(o->o.parts[k]);

			node_edit(x->c, part)->schema = to;
			node_edited(x->c, part);
			if (part->o.type == OBJECT_INDEX)
				retarget(x->c, OBJECT_INDEX, (struct name){from, part->o.name},
					(struct name){to, part->o.name});
		}
		retarget(x->c, o->o.type, old, new);
	}
}

static enum apply_result taken(struct apply *x, const struct node *n, struct slice to)
{
	const struct object *found;
	enum object_type type = object_is_relation(n->o.type) ? OBJECT_NONE : n->o.type;

	if (n->o.table ? part_find(x->c, node_of(n->o.table), n->o.type, to) != NULL
		       : catalog_find(x->c, x->s, type, (struct name){n->o.schema, to}, &found) ==
				 PRESENT)
		return conflict(
			x, "%s \"%.*s\" already exists", object_type_word(n->o.type), SLICE(to));
	return APPLIED;
}

enum apply_result apply_rename_object(struct apply *x)
{
	enum apply_result r = APPLIED;
	struct slice to = keep(x->c, x->ch->other.name), old;
	struct node *n;
	struct name from;

	if (x->ch->type == OBJECT_DATABASE || x->ch->type == OBJECT_ROLE)
		return APPLIED;
	if (object_is_relation(x->ch->type) && x->ch->type != OBJECT_INDEX)
		return apply_rename_relation(x);
	n = meta_target(x, &r);
	if (!n)
		return r;
	r = taken(x, n, to);
	if (r != APPLIED)
		return r;
	from = (struct name){n->o.schema, n->o.name};
	old = n->o.name;
	node_edit(x->c, n)->name = to;
	node_edited(x->c, n);
	if (n->o.type == OBJECT_SCHEMA)
		rename_schema(x, old, to);
	else if (n->o.type == OBJECT_FUNCTION)
		retarget(x->c, OBJECT_FUNCTION,
			(struct name){from.schema, slice_sub(old, 0, slice_chr(old, '('))},
			(struct name){from.schema, slice_sub(to, 0, slice_chr(to, '('))});
	else if (!n->o.table)
		retarget(x->c, n->o.type, from, (struct name){from.schema, to});
	return APPLIED;
}
