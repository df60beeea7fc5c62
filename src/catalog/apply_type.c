/* apply_type.c - enums, composite types, domains. */
#include "catalog/internal.h"

enum apply_result apply_create_type(struct apply *x)
{
	struct node *old, *n;
	struct name full;
	struct object *o;
	enum apply_result r = may_create(x, OBJECT_TYPE, x->ch->target, &full, &old);

	if (r != APPLIED)
		return r;
	if (old && !slice_is(old->o.type_.kind, "shell") && !old->o.tainted)
		return conflict(x, "type \"%.*s\" already exists", SLICE(full.name));
	if (old)
		catalog_drop(x->c, &old->o);
	n = create(x, x->ch->def, full);
	o = node_edit(x->c, n);
	if (slice_is(o->type_.kind, "domain")) {
		o->type_.base = keep(x->c, resolve_type(x, o->type_.base));
		o->type_.checks = domain_checks(x, o->name, x->ch->def);
	}
	node_edited(x->c, n);
	return APPLIED;
}

/* "name: expression", the name made up as the server does where none was given. */
static struct slice domain_check(struct apply *x, struct names have, struct slice domain,
	struct slice name, struct slice expression, bool not_valid)
{
	for (unsigned pass = 0; slice_empty(name); pass++) {
		struct slice try = pass ? textf(x->c, "%.*s_check%u", SLICE(domain), pass)
					: textf(x->c, "%.*s_check", SLICE(domain));
		struct slice head = textf(x->c, "%.*s: ", SLICE(try));
		bool used = false;

		for (size_t i = 0; i < have.n && !used; i++)
			used = slice_eq(slice_sub(have.at[i], 0, head.len), head);
		if (!used)
			name = try;
	}
	return textf(x->c, "%.*s: %.*s%s", SLICE(name), SLICE(expression),
		not_valid ? " NOT VALID" : "");
}

struct names domain_checks(struct apply *x, struct slice domain, const struct object *def)
{
	struct names out = {0};

	for (size_t i = 0; i < def->nparts; i++)
		if (is_kind(def->parts[i], "check"))
			names_add(&x->c->arena, &out,
				domain_check(x, out, domain, def->parts[i]->name,
					def->parts[i]->constraint.expression.text, false));
	return out.n ? out : names_copy(&x->c->arena, def->type_.checks);
}

/* The composite attribute called `name` in a list of "name type"; n if there is none. */
static size_t attribute_at(struct apply *x, struct names attributes, struct slice name)
{
	for (size_t i = 0; i < attributes.n; i++)
		if (slice_eq(key_column(x->c, attributes.at[i]), name))
			return i;
	return attributes.n;
}

static struct names without_at(struct apply *x, struct names n, size_t at)
{
	struct names out = {0};

	for (size_t i = 0; i < n.n; i++)
		if (i != at)
			names_add(&x->c->arena, &out, n.at[i]);
	return out;
}

static struct slice attribute_text(struct apply *x, struct slice name, const struct column_def *d)
{
	struct slice type = resolve_type(x, d->type), key = key_of_column(x->c, name);

	return d->collation.len ? textf(x->c, "%.*s %.*s COLLATE %.*s", SLICE(key), SLICE(type),
					  SLICE(d->collation))
				: textf(x->c, "%.*s %.*s", SLICE(key), SLICE(type));
}

static struct names attribute_changed(struct apply *x, struct names old, size_t at)
{
	struct slice word = x->ch->value.text;
	struct names out;

	if (slice_is(word, "drop"))
		return without_at(x, old, at);
	out = names_copy(&x->c->arena, old);
	if (slice_is(word, "add")) {
		names_add(&x->c->arena, &out, attribute_text(x, x->ch->name, &x->ch->def->column));
	} else if (slice_is(word, "rename")) {
		struct slice key = key_of_column(x->c, x->ch->other.name);

		out.at[at] = textf(x->c, "%.*s%.*s", SLICE(key),
			SLICE(slice_from(out.at[at], slice_chr(out.at[at], ' '))));
	} else {
		out.at[at] = attribute_text(x, x->ch->name, &x->ch->def->column);
	}
	return out;
}

enum apply_result apply_type_attr(struct apply *x)
{
	enum apply_result r = APPLIED;
	struct node *n = target(x, OBJECT_TYPE, &r);
	bool add = slice_is(x->ch->value.text, "add");
	struct object *o;
	size_t at;

	if (!n)
		return r;
	at = attribute_at(x, n->o.type_.attributes, x->ch->name);
	if (add && at < n->o.type_.attributes.n)
		return conflict(x, "attribute \"%.*s\" already exists", SLICE(x->ch->name));
	if (!add && at == n->o.type_.attributes.n)
		return has(x, CHANGE_IF_EXISTS) ? APPLY_NOOP
						: conflict(x, "attribute \"%.*s\" does not exist",
							  SLICE(x->ch->name));
	o = node_edit(x->c, n);
	o->type_.attributes = attribute_changed(x, o->type_.attributes, at);
	node_edited(x->c, n);
	return APPLIED;
}

/* ---- Enums ---- */

static size_t label_at(struct names labels, struct slice label)
{
	size_t i = 0;

	while (i < labels.n && !slice_eq(labels.at[i], label))
		i++;
	return i;
}

enum apply_result apply_add_enum_value(struct apply *x)
{
	enum apply_result r = APPLIED;
	struct node *n = target(x, OBJECT_TYPE, &r);
	struct slice label = x->ch->value.text;
	struct names old, new = {0};
	size_t at;

	if (!n)
		return r;
	old = n->o.type_.labels;
	if (names_has(old, label))
		return has(x, CHANGE_IF_NOT_EXISTS)
			       ? APPLY_NOOP
			       : conflict(x, "enum label \"%.*s\" already exists", SLICE(label));
	at = old.n;
	if (x->ch->list.n == 2) {
		at = label_at(old, x->ch->list.at[1]);
		if (at == old.n)
			return conflict(x, "\"%.*s\" is not an existing enum label",
				SLICE(x->ch->list.at[1]));
		at += slice_is(x->ch->list.at[0], "after");
	}
	for (size_t i = 0; i <= old.n; i++) {
		if (i == at)
			names_add(&x->c->arena, &new, label);
		if (i < old.n)
			names_add(&x->c->arena, &new, old.at[i]);
	}
	/* Before 17 that the type is as new does not help. */
	if (x->s->in_tx && (n->o.born_tx != x->s->tx || x->c->version < 170000))
		names_add(x->s->arena, &x->s->new_labels, arena_slice(x->s->arena, label));
	node_edit(x->c, n)->type_.labels = new;
	node_edited(x->c, n);
	return APPLIED;
}

enum apply_result apply_rename_enum_value(struct apply *x)
{
	enum apply_result r = APPLIED;
	struct node *n = target(x, OBJECT_TYPE, &r);
	struct names labels;
	size_t at;

	if (!n)
		return r;
	at = label_at(n->o.type_.labels, x->ch->name);
	if (at == n->o.type_.labels.n)
		return conflict(x, "\"%.*s\" is not an existing enum label", SLICE(x->ch->name));
	if (names_has(n->o.type_.labels, x->ch->other.name))
		return conflict(x, "enum label \"%.*s\" already exists", SLICE(x->ch->other.name));
	labels = names_copy(&x->c->arena, n->o.type_.labels);
	labels.at[at] = keep(x->c, x->ch->other.name);
	node_edit(x->c, n)->type_.labels = labels;
	node_edited(x->c, n);
	return APPLIED;
}

/* ---- Domains ---- */

static size_t check_at(struct names checks, struct slice name)
{
	size_t i = 0;

	while (i < checks.n && !(slice_eq(slice_sub(checks.at[i], 0, name.len), name) &&
				       slice_starts(slice_from(checks.at[i], name.len), ": ")))
		i++;
	return i;
}

static enum apply_result domain_constraint(struct apply *x, struct object *o, struct slice word)
{
	struct names checks = names_copy(&x->c->arena, o->type_.checks);
	const struct object *con = x->ch->def;
	size_t at = check_at(checks, x->ch->name);

	if (slice_is(word, "add-constraint")) {
		if (con && is_kind(con, "not null")) {
			o->type_.not_null = true;
			return APPLIED;
		}
		if (x->ch->name.len && at < checks.n)
			return conflict(
				x, "constraint \"%.*s\" already exists", SLICE(x->ch->name));
		if (con)
			names_add(&x->c->arena, &checks,
				domain_check(x, checks, o->name, con->name,
					con->constraint.expression.text, has(x, CHANGE_NOT_VALID)));
		o->type_.checks = checks;
		return APPLIED;
	}
	if (at == checks.n)
		return has(x, CHANGE_IF_EXISTS) ? APPLY_NOOP
						: conflict(x, "constraint \"%.*s\" does not exist",
							  SLICE(x->ch->name));
	if (slice_is(word, "drop-constraint"))
		checks = without_at(x, checks, at);
	else if (slice_is(word, "rename-constraint"))
		checks.at[at] = textf(x->c, "%.*s%.*s", SLICE(x->ch->other.name),
			SLICE(slice_from(checks.at[at], x->ch->name.len)));
	else if (slice_ends(checks.at[at], " NOT VALID"))
		checks.at[at] =
			slice_sub(checks.at[at], 0, checks.at[at].len - strlen(" NOT VALID"));
	o->type_.checks = checks;
	return APPLIED;
}

enum apply_result apply_alter_domain(struct apply *x)
{
	enum apply_result r = APPLIED;
	struct node *n = target(x, OBJECT_TYPE, &r);
	struct slice word = x->ch->value.text;
	struct object *o;

	if (!n)
		return r;
	o = node_edit(x->c, n);
	r = APPLIED;
	if (slice_is(word, "set-default"))
		o->type_.default_value =
			x->ch->def ? expr_copy(&x->c->arena, x->ch->def->type_.default_value)
				   : (struct expr){0};
	else if (slice_is(word, "drop-default"))
		o->type_.default_value = (struct expr){0};
	else if (slice_is(word, "set-not-null") || slice_is(word, "drop-not-null"))
		o->type_.not_null = slice_is(word, "set-not-null");
	else
		r = domain_constraint(x, o, word);
	node_edited(x->c, n);
	return r;
}
