/* acl.c - privileges as PostgreSQL keeps them: "grantee=letters/grantor", * behind a letter that
 * may be passed on, an empty grantee for PUBLIC. An empty list stands for the defaults: everything
 * for the owner, and EXECUTE on functions and USAGE on types for everybody.
 *
 * A history knows neither the grantor nor, often, the owner: he is "@owner" then, and grantors are
 * left out of comparisons. https://www.postgresql.org/docs/current/ddl-priv.html */
#include "catalog/internal.h"

static const struct {
	const char *word;
	char letter;
} privileges[] = {
	{"insert", 'a'},
	{"select", 'r'},
	{"update", 'w'},
	{"delete", 'd'},
	{"truncate", 'D'},
	{"references", 'x'},
	{"trigger", 't'},
	{"execute", 'X'},
	{"usage", 'U'},
	{"create", 'C'},
	{"connect", 'c'},
	{"temporary", 'T'},
	{"temp", 'T'},
	{"maintain", 'm'},
};
static const char letters[] = "arwdDxtXUCcTm"; /* in the server's order */

/* Bit i of `has` and `option`: letters[i]. */
struct grants {
	unsigned has, option;
};

static unsigned bit_of(char letter)
{
	const char *at = letter ? strchr(letters, letter) : NULL;

	return at ? 1u << (at - letters) : 0;
}

static unsigned bits_of(const char *some)
{
	unsigned bits = 0;

	for (; *some; some++)
		bits |= bit_of(*some);
	return bits;
}

static unsigned word_bits(struct slice word)
{
	for (size_t i = 0; i < sizeof privileges / sizeof *privileges; i++)
		if (slice_iis(word, privileges[i].word))
			return bit_of(privileges[i].letter);
	return 0;
}

static unsigned all_bits(const struct catalog *c, const struct object *o)
{
	if (o->type == OBJECT_DEFAULT_ACL)
		return slice_is(o->name, "table")      ? bits_of("arwdDxt")
		       : slice_is(o->name, "sequence") ? bits_of("rwU")
		       : slice_is(o->name, "function") ? bits_of("X")
		       : slice_is(o->name, "schema")   ? bits_of("UC")
						       : bits_of("U");
	if (o->type == OBJECT_SEQUENCE)
		return bits_of("rwU");
	if (o->type == OBJECT_FUNCTION)
		return bits_of("X");
	if (o->type == OBJECT_SCHEMA)
		return bits_of("UC");
	if (o->type == OBJECT_TYPE || o->type == OBJECT_OTHER)
		return bits_of("U");
	if (o->type == OBJECT_COLUMN)
		return bits_of("arwx");
	/* MAINTAIN came with PostgreSQL 17. */
	return bits_of(c->version >= 170000 ? "arwdDxtm" : "arwdDxt");
}

static struct slice entry(struct arena *a, struct slice grantee, struct grants g)
{
	struct buf b = {0};
	struct slice out;

	buf_add(&b, grantee);
	buf_addc(&b, '=');
	for (size_t i = 0; letters[i]; i++) {
		if (g.has & 1u << i)
			buf_addc(&b, letters[i]);
		if (g.has & g.option & 1u << i)
			buf_addc(&b, '*');
	}
	out = arena_slice(a, buf_slice(&b));
	buf_done(&b);
	return out;
}

static struct slice grantee_of(struct slice e)
{
	return slice_sub(e, 0, slice_chr(e, '='));
}

static struct grants grants_of(struct slice e)
{
	struct grants g = {0};

	for (size_t i = slice_chr(e, '=') + 1; i < e.len && e.at[i] != '/'; i++) {
		unsigned bit = bit_of(e.at[i]);

		g.has |= bit;
		if (i + 1 < e.len && e.at[i + 1] == '*')
			g.option |= bit;
	}
	return g;
}

static struct slice owner_of(const struct object *o)
{
	return o->owner.len ? o->owner : SL("@owner");
}

static struct names defaults(const struct catalog *c, struct arena *a, const struct object *o)
{
	bool public_schema = o->type == OBJECT_SCHEMA && slice_is(o->name, "public");
	struct names out = {0};

	if (o->type == OBJECT_COLUMN || (o->type == OBJECT_DEFAULT_ACL && o->schema.len))
		return out;
	names_add(a, &out, entry(a, owner_of(o), (struct grants){all_bits(c, o), 0}));
	if (o->type == OBJECT_FUNCTION ||
		(o->type == OBJECT_DEFAULT_ACL && slice_is(o->name, "function")))
		names_add(a, &out, SL("=X"));
	else if (o->type == OBJECT_TYPE ||
		 (o->type == OBJECT_DEFAULT_ACL && slice_is(o->name, "type")))
		names_add(a, &out, SL("=U"));
	else if (public_schema)
		names_add(a, &out, c->version >= 150000 ? SL("=U") : SL("=UC"));
	return out;
}

struct names acl_changed(struct catalog *c, const struct object *o, struct slice grantee,
	struct names words, bool grant, bool option)
{
	struct names old = o->acl.n ? o->acl : defaults(c, &c->arena, o), out = {0};
	struct grants g = {0};
	unsigned bits = 0;

	if (slice_iis(grantee, "public"))
		grantee = SLICE_NONE;
	for (size_t i = 0; i < words.n; i++)
		bits |= slice_iis(words.at[i], "all") || slice_iis(words.at[i], "all privileges")
				? all_bits(c, o)
				: word_bits(words.at[i]);
	for (size_t i = 0; i < old.n; i++)
		if (slice_eq(grantee_of(old.at[i]), grantee))
			g = grants_of(old.at[i]);
	if (grant) {
		g.has |= bits;
		g.option |= option ? bits : 0;
	} else {
		g.option &= ~bits;
		g.has &= option ? ~0u : ~bits;
	}
	for (size_t i = 0; i < old.n; i++) {
		if (!slice_eq(grantee_of(old.at[i]), grantee))
			names_add(&c->arena, &out, old.at[i]);
		else if (g.has)
			names_add(&c->arena, &out, entry(&c->arena, grantee, g)), g.has = 0;
	}
	if (g.has)
		names_add(&c->arena, &out, entry(&c->arena, grantee, g));
	return out;
}

void acl_words(struct arena *a, struct slice e, struct names *plain, struct names *passed)
{
	struct grants g = grants_of(e);

	for (size_t i = 0; letters[i]; i++) {
		size_t k = 0;

		if (!(g.has & 1u << i))
			continue;
		while (privileges[k].letter != letters[i])
			k++;
		names_add(a, g.option & 1u << i ? passed : plain, slice_of(privileges[k].word));
	}
}

static const char *default_kind(enum object_type t)
{
	if (t == OBJECT_TABLE || t == OBJECT_VIEW || t == OBJECT_MATVIEW)
		return "table";
	return t == OBJECT_SEQUENCE   ? "sequence"
	       : t == OBJECT_FUNCTION ? "function"
	       : t == OBJECT_TYPE     ? "type"
	       : t == OBJECT_SCHEMA   ? "schema"
				      : NULL;
}

static void add_entries(struct arena *a, struct names *to, struct names more)
{
	for (size_t i = 0; i < more.n; i++) {
		struct slice grantee = grantee_of(more.at[i]);
		struct grants g = grants_of(more.at[i]);
		bool merged = false;

		for (size_t k = 0; k < to->n && !merged; k++) {
			struct grants old = grants_of(to->at[k]);

			if (!slice_eq(grantee_of(to->at[k]), grantee))
				continue;
			old.has |= g.has;
			old.option |= g.option;
			to->at[k] = entry(a, grantee, old);
			merged = true;
		}
		if (!merged)
			names_add(a, to, entry(a, grantee, g));
	}
}

/* ALTER DEFAULT PRIVILEGES: of everywhere in place of the built-in ones, of a schema on top. */
struct names acl_of_new(struct catalog *c, const struct object *o)
{
	const char *kind = is_postgres(c) ? default_kind(o->type) : NULL;
	struct slice schemas[2] = {SLICE_NONE, o->schema};
	struct names out = o->acl;

	for (size_t i = 0; kind && i < 2; i++) {
		struct name name = {schemas[i], slice_of(kind)};
		struct node *d = node_find(c, OBJECT_DEFAULT_ACL, name);

		if (i && slice_empty(o->schema))
			break;
		for (; d; d = node_again(c, d, OBJECT_DEFAULT_ACL, name)) {
			if (d->o.owner.len && o->owner.len && !slice_eq(d->o.owner, o->owner))
				continue;
			if (i && out.n == 0)
				out = defaults(c, &c->arena, o);
			add_entries(&c->arena, &out, d->o.acl);
		}
	}
	return out;
}

static bool same_members(struct names a, struct names b)
{
	for (size_t i = 0; i < a.n; i++)
		if (!names_has(b, a.at[i]))
			return false;
	return a.n == b.n;
}

struct names acl_canonical(const struct catalog *c, struct arena *a, const struct object *o)
{
	struct object anonymous = *o;
	struct names out = {0};

	for (size_t i = 0; i < o->acl.n; i++) {
		struct slice grantee = grantee_of(o->acl.at[i]);

		/* Not of PostgreSQL, or not understood: as it is. */
		if (slice_chr(o->acl.at[i], '=') == SIZE_MAX) {
			names_add(a, &out, o->acl.at[i]);
			continue;
		}
		if (o->owner.len && slice_eq(grantee, o->owner))
			grantee = SL("@owner");
		names_add(a, &out, entry(a, grantee, grants_of(o->acl.at[i])));
	}
	anonymous.owner = SLICE_NONE;
	if (same_members(out, defaults(c, a, &anonymous)))
		return (struct names){0};
	return out;
}
