/* mention.c - what an object's definition mentions: tables, sequences, types and functions by name.
 *
 * Server-printed text has its names qualified; an author's text is asked for the functions and
 * types that the reader saw in it, as they were written. A mention too many does no harm: whoever
 * asks looks at the object again. */
#include "catalog/internal.h"

/* The function in `EXECUTE FUNCTION schema.fn(args)`: the word before the bracket. */
static struct name called_function(struct slice body)
{
	size_t end = slice_chr(body, '('), from;

	if (end == SIZE_MAX)
		return (struct name){0};
	while (end > 0 && body.at[end - 1] == ' ')
		end--;
	for (from = end; from > 0 && body.at[from - 1] != ' '; from--)
		;
	return split_name(slice_sub(body, from, end - from));
}

static void mention_list(struct names n, mention_fn *fn, void *ctx)
{
	struct slice column;

	for (size_t i = 0; i < n.n; i++)
		fn(ctx, relation_in(n.at[i], &column));
}

static void mention(struct name n, mention_fn *fn, void *ctx)
{
	if (!slice_empty(n.name))
		fn(ctx, n);
}

static bool is_name_byte(char ch)
{
	return ch == '_' || ch == '$' || (ch >= '0' && ch <= '9') || (ch >= 'a' && ch <= 'z') ||
	       (ch >= 'A' && ch <= 'Z') || (unsigned char)ch >= 0x80;
}

/* Every a.b in the text; inside quotes too, for regclass literals. */
static void mention_text(struct slice text, mention_fn *fn, void *ctx)
{
	for (size_t i = 1; i + 1 < text.len; i++) {
		size_t from = i, to = i + 1;

		if (text.at[i] != '.')
			continue;
		while (from > 0 && is_name_byte(text.at[from - 1]))
			from--;
		while (to < text.len && is_name_byte(text.at[to]))
			to++;
		if (from < i && to > i + 1 && !(text.at[from] >= '0' && text.at[from] <= '9'))
			fn(ctx, (struct name){slice_sub(text, from, i - from),
					slice_sub(text, i + 1, to - i - 1)});
	}
}

/* The sequence of nextval('name'), not qualified; a qualified one is found by its dot. */
static struct slice nextval_name(struct slice text)
{
	size_t from, len;

	if (!slice_istarts(text, "nextval('"))
		return SLICE_NONE;
	from = strlen("nextval('");
	len = slice_chr(slice_from(text, from), '\'');
	return len == SIZE_MAX || slice_chr(slice_sub(text, from, len), '.') != SIZE_MAX
		       ? SLICE_NONE
		       : slice_sub(text, from, len);
}

static void mention_expr(const struct catalog *c, struct expr e, mention_fn *fn, void *ctx)
{
	if (!is_postgres(c))
		return;
	mention_text(e.normal.len ? e.normal : e.text, fn, ctx);
	mention((struct name){SLICE_NONE, nextval_name(e.text)}, fn, ctx);
	if (!e.facts || e.normal.len)
		return;
	for (size_t i = 0; i < e.facts->functions.n; i++)
		mention(split_name(e.facts->functions.at[i]), fn, ctx);
	for (size_t i = 0; i < e.facts->types.n; i++)
		mention(type_named(e.facts->types.at[i]), fn, ctx);
}

struct name name_in_database(struct slice name)
{
	return (struct name){SL("\1"), name};
}

void each_mention(const struct catalog *c, const struct object *o, mention_fn *fn, void *ctx)
{
	struct slice column;

	switch (o->type) {
	case OBJECT_CONSTRAINT:
		mention(o->constraint.ref_table, fn, ctx);
		mention_expr(c, o->constraint.expression, fn, ctx);
		if (is_mysql(c) && (slice_is(o->constraint.kind, "foreign key") ||
					   (slice_is(o->constraint.kind, "check") &&
						   !o->generated_name && o->name.len)))
			fn(ctx, name_in_database(o->name));
		break;
	case OBJECT_TABLE:
		mention_list(o->table_.inherits, fn, ctx);
		mention(o->table_.partition_of, fn, ctx);
		mention(o->table_.of_type, fn, ctx);
		break;
	case OBJECT_INDEX:
		mention(o->index.partition_of, fn, ctx);
		mention_expr(c, o->index.predicate, fn, ctx);
		for (size_t i = 0; is_postgres(c) && i < o->index.keys.n; i++)
			mention_text(o->index.keys.at[i], fn, ctx);
		break;
	case OBJECT_VIEW:
	case OBJECT_MATVIEW:
		mention_list(o->view.reads, fn, ctx);
		break;
	case OBJECT_FUNCTION:
		mention_list(o->function.reads, fn, ctx);
		if (is_postgres(c)) {
			mention_text(o->function.returns, fn, ctx);
			mention_text(o->name, fn, ctx);
		}
		break;
	case OBJECT_SEQUENCE:
		if (o->sequence.owned_by.len)
			fn(ctx, relation_in(o->sequence.owned_by, &column));
		break;
	case OBJECT_COLUMN:
		if (is_postgres(c) && slice_chr(o->column.type, '.') != SIZE_MAX)
			fn(ctx, type_named(o->column.type));
		mention_list(o->column.sequence, fn, ctx);
		mention_expr(c, o->column.default_value, fn, ctx);
		mention_expr(c, o->column.generation, fn, ctx);
		break;
	case OBJECT_TRIGGER:
		if (is_postgres(c))
			mention(called_function(o->trigger.body.text), fn, ctx);
		mention_expr(c, o->trigger.condition, fn, ctx);
		mention_list(o->trigger.reads, fn, ctx);
		if (is_mysql(c))
			fn(ctx, name_in_database(o->name));
		break;
	case OBJECT_TYPE:
		if (is_postgres(c) && slice_chr(o->type_.base, '.') != SIZE_MAX)
			fn(ctx, type_named(o->type_.base));
		mention_expr(c, o->type_.default_value, fn, ctx);
		for (size_t i = 0; i < o->type_.checks.n; i++)
			mention_text(o->type_.checks.at[i], fn, ctx);
		for (size_t i = 0; i < o->type_.attributes.n; i++)
			mention_text(o->type_.attributes.at[i], fn, ctx);
		break;
	case OBJECT_PUBLICATION:
		mention_list(o->other.members, fn, ctx);
		break;
	case OBJECT_STATISTICS:
		mention(relation_in(o->other.definition.text, &column), fn, ctx);
		break;
	case OBJECT_POLICY:
		mention_expr(c, o->policy.using_expr, fn, ctx);
		mention_expr(c, o->policy.check_expr, fn, ctx);
		break;
	case OBJECT_NONE:
	case OBJECT_SCHEMA:
	case OBJECT_EXTENSION:
	case OBJECT_RULE:
	case OBJECT_EVENT_TRIGGER:
	case OBJECT_EVENT:
	case OBJECT_DEFAULT_ACL:
	case OBJECT_OTHER:
	case OBJECT_DATABASE:
	case OBJECT_ROLE:
	case OBJECT_TYPES_:
		break;
	}
}
