/* online.c - the best ALGORITHM and LOCK of every action.
 *
 * MariaDB's rows were observed on 10.11, MySQL's on 9.7, and are held up against real servers by
 * tests/oracle/mysql. What MySQL's earlier versions do otherwise is taken from the manual of 8.0
 * ("Online DDL Operations") and the release notes. */
#include "engine/mysql/online_parts.h"

#include "engine/mysql/parser.h"

#include <stdint.h>

const char *my_algorithm_word(enum algorithm g)
{
	static const char *const words[] = {"INSTANT", "NOCOPY", "INPLACE", "COPY"};

	return words[g];
}

const char *my_lock_word(enum lock_words l)
{
	static const char *const words[] = {"NONE", "SHARED", "EXCLUSIVE"};

	return words[l];
}

/* ---- what the table is like ---- */

const struct object *on_column(const struct object *t, struct slice name)
{
	for (size_t i = 0; t && i < t->nparts; i++)
		if (t->parts[i]->type == OBJECT_COLUMN && slice_ieq(t->parts[i]->name, name))
			return t->parts[i];
	return NULL;
}

bool on_generated(const struct object *o, const char *how)
{
	return o && o->type == OBJECT_COLUMN && slice_is(o->column.generated, how);
}

bool on_fulltext(const struct after_part *p)
{
	const struct object *o = p->will ? p->will : p->was;

	return p->type == OBJECT_INDEX && !p->implied && slice_is(o->index.method, "fulltext");
}

static bool is_spatial(const struct after_part *p)
{
	const struct object *o = p->will ? p->will : p->was;

	return p->type == OBJECT_INDEX && !p->implied && slice_is(o->index.method, "spatial");
}

/* An index over a virtual column. */
static bool will_be_virtual(const struct after_part *p, const struct after *after)
{
	for (size_t i = 0; p->type == OBJECT_INDEX && !p->gone && i < p->columns.n; i++) {
		const struct after_part *c = after_find(after, OBJECT_COLUMN, p->columns.at[i]);

		if (c && on_generated(c->will ? c->will : c->was, "virtual"))
			return true;
	}
	return false;
}

/* … as it is now. */
static bool is_virtual_index(const struct after_part *p, const struct object *t)
{
	for (size_t i = 0; p->type == OBJECT_INDEX && p->was && i < p->was->index.columns.n; i++)
		if (on_generated(on_column(t, p->was->index.columns.at[i]), "virtual"))
			return true;
	return false;
}

static struct shape shape_of(const struct object *t, const struct after *after)
{
	struct shape s = {.known = t && !t->tainted, .innodb = true};

	if (!t)
		return s;
	s.innodb =
		slice_empty(t->table_.access_method) || slice_is(t->table_.access_method, "InnoDB");
	s.partitioned = !slice_empty(t->table_.definition.text);
	s.compressed = names_has(t->table_.options, SL("row_format=compressed"));
	s.redundant = names_has(t->table_.options, SL("row_format=redundant"));
	s.temporary = slice_is(t->table_.persistence, "temporary");
	for (size_t i = 0; i < t->nparts; i++) {
		s.has_stored |= on_generated(t->parts[i], "stored");
		s.has_virtual |= on_generated(t->parts[i], "virtual");
	}
	for (size_t i = 0; i < after->n; i++) {
		s.nfulltext += !after->v[i].gone && on_fulltext(&after->v[i]);
		s.fulltext |= !after->v[i].gone && after->v[i].was && on_fulltext(&after->v[i]);
		s.spatial |= !after->v[i].gone && is_spatial(&after->v[i]);
		s.had_fulltext |= after->v[i].was && on_fulltext(&after->v[i]);
		s.had_virtual_index |= s.has_virtual && is_virtual_index(&after->v[i], t);
		s.virtual_index |= will_be_virtual(&after->v[i], after);
	}
	return s;
}

bool on_in_primary(const struct object *t, struct slice column)
{
	for (size_t i = 0; t && i < t->nparts; i++)
		if (t->parts[i]->type == OBJECT_CONSTRAINT &&
			slice_is(t->parts[i]->constraint.kind, "primary key") &&
			my_names_have(t->parts[i]->constraint.columns, column))
			return true;
	return false;
}

bool on_is_cut(const struct object *index, size_t k)
{
	return k < index->index.keys.n && slice_chr(index->index.keys.at[k], '(') != SIZE_MAX;
}

const struct object *on_clustered(const struct object *t)
{
	const struct object *best = NULL;

	for (size_t i = 0; t && i < t->nparts; i++) {
		const struct object *o = t->parts[i];
		bool whole = o->type == OBJECT_INDEX && o->index.unique;

		if (o->type == OBJECT_CONSTRAINT && slice_is(o->constraint.kind, "primary key"))
			return o;
		for (size_t k = 0; whole && k < o->index.columns.n; k++) {
			const struct object *c = on_column(t, o->index.columns.at[k]);

			whole = c && c->column.not_null && !on_is_cut(o, k);
		}
		if (whole && !best)
			best = o;
	}
	return best;
}

bool on_indexed(const struct object *t, struct slice column)
{
	for (size_t i = 0; t && i < t->nparts; i++)
		if (t->parts[i]->type == OBJECT_INDEX &&
			my_names_have(t->parts[i]->index.columns, column))
			return true;
	return on_in_primary(t, column);
}

bool on_is_twin(const struct asked *q, const struct change *ch)
{
	for (size_t i = 0; i < q->after->n; i++)
		if (q->after->v[i].by == ch && q->after->v[i].twin)
			return true;
	return false;
}

/* IF NOT EXISTS, and it exists. */
bool on_makes_nothing(const struct asked *q, const struct change *ch)
{
	for (size_t i = 0; i < q->after->n; i++)
		if (q->after->v[i].by == ch)
			return false;
	return q->is.known;
}

/* ---- the rows ---- */

struct online on_row(enum algorithm g, enum lock_words l)
{
	return (struct online){
		.algorithm = g, .lock = l, .rebuild = g == ALGO_COPY, .applies = true};
}

/* FULLTEXT and SPATIAL indexes, and MariaDB's over virtual columns, are not kept up to date while
 * the rows are written anew: writers wait. Only one FULLTEXT index is built at a time; MySQL builds
 * none beside the rows. */
struct online on_rebuild(const struct asked *q)
{
	bool waits = q->is.fulltext || q->is.spatial || (is_mariadb(q->d) && q->is.virtual_index);

	if (q->is.nfulltext > 1 || (!is_mariadb(q->d) && q->is.fulltext))
		return on_copy();

	struct online o = on_row(ALGO_INPLACE, waits ? LOCK_WORDS_SHARED : LOCK_WORDS_NONE);

	o.rebuild = true;
	return o;
}

struct online on_copy(void)
{
	return on_row(ALGO_COPY, LOCK_WORDS_SHARED);
}

struct online on_instant(void)
{
	return on_row(ALGO_INSTANT, LOCK_WORDS_NONE);
}

/* A change of metadata: MySQL calls some of them INPLACE. */
struct online on_metadata(const struct asked *q)
{
	return is_mariadb(q->d) ? on_instant() : on_row(ALGO_INPLACE, LOCK_WORDS_NONE);
}

struct online on_needs(struct online o, const char *what, struct slice of)
{
	o.needs = what;
	o.needs_of = of;
	return o;
}

static bool outweighs(const struct online *a, const struct online *b)
{
	return a->algorithm >= b->algorithm && a->lock >= b->lock && a->rebuild >= b->rebuild;
}

struct online on_worse(struct online a, struct online b)
{
	struct online o = a;

	o.algorithm = b.algorithm > a.algorithm ? b.algorithm : a.algorithm;
	o.lock = b.lock > a.lock ? b.lock : a.lock;
	o.rebuild |= b.rebuild;
	o.adds_column |= b.adds_column;
	o.adds_index |= b.adds_index;
	o.applies &= b.applies;
	/* What is not known does not matter beside something certain that costs as much. */
	if (a.needs && !b.needs && outweighs(&b, &a))
		o.needs = NULL;
	if (!a.needs && b.needs && !outweighs(&a, &b)) {
		o.needs = b.needs;
		o.needs_of = b.needs_of;
	}
	return o;
}

/* ---- the table itself ---- */

static bool option_rebuilds(struct slice option)
{
	static const char *const words[] = {"row_format", "key_block_size", "page_compressed",
		"page_compression_level", "encrypted", "encryption", "compression"};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (slice_starts(option, words[i]))
			return true;
	return false;
}

/* What MyISAM and Aria note down; everything else makes them copy. */
static bool copies_elsewhere(struct slice option)
{
	static const char *const words[] = {
		"comment", "key_block_size", "stats_", "avg_row_length"};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (slice_starts(option, words[i]))
			return false;
	return true;
}

/* MySQL's MyISAM. */
static bool mysql_copies_for(struct slice option)
{
	static const char *const noted[] = {"comment", "stats_", "avg_row_length"};

	for (size_t i = 0; i < sizeof noted / sizeof *noted; i++)
		if (slice_starts(option, noted[i]))
			return false;
	return true;
}

/* MySQL: ENCRYPTION='Y' of a table that is not, or the other way round. */
static bool encrypts(const struct asked *q, struct slice option)
{
	return q->t && names_has(q->t->table_.options, SL("encryption=y")) !=
			       slice_is(option, "encryption=y");
}

static struct online set_options(const struct asked *q, const struct change *ch)
{
	for (size_t i = 0; i < ch->list.n; i++) {
		if (!q->is.innodb && is_mariadb(q->d) && copies_elsewhere(ch->list.at[i]))
			return on_copy();
		if (!q->is.innodb && !is_mariadb(q->d) && mysql_copies_for(ch->list.at[i]))
			return on_copy();
		if (slice_starts(ch->list.at[i], "page_compressed") && q->t &&
			names_has(q->t->table_.options, ch->list.at[i]))
			continue; /* as it is already */
		if (!is_mariadb(q->d) && slice_starts(ch->list.at[i], "encryption=")) {
			if (encrypts(q, ch->list.at[i]))
				return on_copy();
			continue;
		}
		if (slice_starts(ch->list.at[i], "page_compressed=") && q->is.innodb &&
			q->d->version >= 110200)
			continue; /* pages to come */
		if (q->is.innodb && option_rebuilds(ch->list.at[i]))
			return on_rebuild(q);
	}
	if (!q->is.innodb)
		return on_instant();
	return on_metadata(q);
}

static struct online none(void)
{
	return (struct online){.applies = false};
}

static struct online system_versioning(const struct change *ch)
{
	struct online o = on_row(ALGO_INPLACE, LOCK_WORDS_SHARED);

	if (slice_istarts(ch->value.text, "DROP PERIOD"))
		return on_instant();

	o.rebuild = true;
	return slice_istarts(ch->value.text, "DROP") ? o : on_copy();
}

static struct online force(const struct asked *q)
{
	return q->is.innodb ? on_rebuild(q) : on_copy();
}

/* Until MariaDB 11.2 some copies are accepted, and made, under every name. */
static bool says_what_it_does(const struct my_dialect *d)
{
	return d->version >= 110200;
}

static bool is_same_engine(const struct asked *q, const struct change *ch)
{
	struct slice now = q->t ? q->t->table_.access_method : SLICE_NONE;

	return slice_ieq(now, ch->value.text) ||
	       (slice_empty(now) && slice_is(ch->value.text, "InnoDB"));
}

/* MariaDB accepts ALGORITHM=INSTANT for another engine, and copies the table all the same. */
static struct online change_engine(const struct asked *q, const struct change *ch)
{
	struct online o = on_copy();

	if (is_same_engine(q, ch))
		return force(q);
	if (is_mariadb(q->d) && !says_what_it_does(q->d))
		o.algorithm = ALGO_INSTANT;
	return o;
}

/* All text of the table, as if each column were modified. */
static struct online convert(const struct asked *q, const struct change *ch)
{
	struct online o = on_metadata(q);

	if (!q->is.known)
		return on_copy();
	for (size_t i = 0; i < q->t->nparts; i++) {
		const struct object *c = q->t->parts[i];
		struct object from, to;

		if (c->type != OBJECT_COLUMN || !my_type_has_charset(c->column.type))
			continue;
		from = my_with_charset(q->t, c);
		to = *c;
		to.column.charset = ch->value.text;
		to.column.collation = ch->list.n ? ch->list.at[0] : SLICE_NONE;
		o = on_worse(o, on_modify_type(q, &from, &to));
		if (my_lob_size(my_type_base(c->column.type)) &&
			my_charset_bytes(ch->value.text) > my_charset_bytes(from.column.charset))
			o = on_worse(o, on_copy()); /* TEXT becomes MEDIUMTEXT */
	}
	return q->is.innodb ? o : on_copy();
}

static struct online one_change(const struct asked *q, const struct change *ch)
{
	switch ((int)ch->kind) {
	case CHANGE_ADD_COLUMN:
		return on_add_column(q, ch);
	case CHANGE_DROP_COLUMN:
		return on_drop_column(q, ch);
	case CHANGE_MODIFY_COLUMN:
		return on_modify_column(q, ch);
	case CHANGE_CREATE_INDEX:
		return on_create_index(q, ch);
	case CHANGE_DROP_INDEX:
		if ((ch->flags & CHANGE_IF_EXISTS) && q->is.known && on_makes_nothing(q, ch))
			return on_instant();
		return q->is.innodb ? on_drop_key(q, ch->name) : on_copy();
	case CHANGE_ADD_CONSTRAINT:
		return on_add_constraint(q, ch);
	case CHANGE_DROP_CONSTRAINT:
		return on_drop_constraint(q, ch);
	case CHANGE_RENAME_TABLE:
		return on_row(
			ALGO_INSTANT, is_mariadb(q->d) ? LOCK_WORDS_EXCLUSIVE : LOCK_WORDS_NONE);
	case CHANGE_RENAME_COLUMN:
		return on_rename_column(q, ch->name);
	case CHANGE_SET_DEFAULT:
	case CHANGE_DROP_DEFAULT:
	case CHANGE_COLUMN_VISIBILITY:
		return on_instant();
	case CHANGE_COMMENT_ON:
		return q->is.innodb ? on_metadata(q) : on_instant();
	case CHANGE_RENAME_INDEX:
	case CHANGE_ALTER_INDEX:
		return on_metadata(q);
	case CHANGE_RESET_OPTIONS:
		return q->is.innodb ? on_metadata(q) : set_options(q, ch);
	case CHANGE_TABLE_CHARSET:
		return q->is.innodb ? on_metadata(q) : on_copy();
	case CHANGE_TABLE_OTHER:
		return !q->is.innodb && slice_istarts(ch->value.text, "AUTO_INCREMENT")
			       ? on_copy()
			       : on_metadata(q);
	case CHANGE_ALTER_CONSTRAINT:
		return ch->def && ch->def->constraint.not_enforced ? on_instant() : on_copy();
	case CHANGE_SET_OPTIONS:
		return set_options(q, ch);
	case CHANGE_TABLE_ENGINE:
		return change_engine(q, ch);
	case CHANGE_TABLE_FORCE:
		return force(q);
	case CHANGE_SYSTEM_VERSIONING:
		return system_versioning(ch);
	case CHANGE_CONVERT_CHARSET:
		return convert(q, ch);
	case CHANGE_ORDER_BY:
		return on_copy();
	case CHANGE_ENABLE_KEYS:
		return is_mariadb(q->d) ? on_row(ALGO_INSTANT, LOCK_WORDS_EXCLUSIVE) : on_instant();
	case CHANGE_SET_TABLESPACE:
		return is_mariadb(q->d) || !q->is.innodb ? none() : on_rebuild(q);
	case CHANGE_ALTER_PARTITIONS:
	default:
		return none();
	}
}

/* ---- several together ---- */

/* PRIMARY KEY dropped and added in one statement: MySQL needs no copy then. */
static bool replaces_primary(const struct statement *st)
{
	bool drops = false, adds = false;

	for (size_t i = 0; i < st->nchanges; i++) {
		const struct change *ch = &st->changes[i];
		bool primary =
			ch->def &&
			(ch->kind == CHANGE_ADD_CONSTRAINT || ch->kind == CHANGE_DROP_CONSTRAINT) &&
			slice_is(ch->def->constraint.kind, "primary key");

		drops |= primary && ch->kind == CHANGE_DROP_CONSTRAINT;
		adds |= primary && ch->kind == CHANGE_ADD_CONSTRAINT;
	}
	return drops && adds;
}

/* MariaDB: a column brings its own check along, and no row is looked at. */
static bool comes_with_column(const struct asked *q, const struct change *ch)
{
	return is_mariadb(q->d) && ch > q->st->changes && ch->kind == CHANGE_ADD_CONSTRAINT &&
	       slice_is(ch->def->constraint.kind, "check") && ch[-1].def &&
	       ch[-1].def->type == OBJECT_COLUMN && slice_eq(ch[-1].def->name, ch->name);
}

static bool is_json_check(const struct object *o, struct slice column)
{
	return o->type == OBJECT_CONSTRAINT && slice_is(o->constraint.kind, "check") &&
	       slice_ieq(o->name, column) &&
	       slice_starts(o->constraint.expression.normal, "json_valid(");
}

/* MariaDB's JSON is a longtext with a check; becoming one or ceasing to be one is another type. */
static bool json_changes(const struct asked *q, const struct change *ch)
{
	bool was = false, will;

	if (!is_mariadb(q->d) || ch->kind != CHANGE_MODIFY_COLUMN)
		return false;
	for (size_t i = 0; q->t && i < q->t->nparts; i++)
		was |= is_json_check(q->t->parts[i], ch->name);
	will = ch + 1 < q->st->changes + q->st->nchanges && ch[1].def &&
	       is_json_check(ch[1].def, ch->def->name);
	return was != will;
}

/* https://mariadb.com/kb/en/innodb-online-ddl-overview/, measured on 11.8. */
bool my_copies_online(const struct my_dialect *d, const struct object *t)
{
	if (!is_mariadb(d) || d->version < 110200)
		return false;
	for (size_t i = 0; t && i < t->nparts; i++) {
		const struct constraint_def *k = &t->parts[i]->constraint;

		if (t->parts[i]->type == OBJECT_CONSTRAINT && slice_is(k->kind, "foreign key") &&
			(slice_is(k->on_delete, "cascade") || slice_is(k->on_delete, "set null") ||
				slice_is(k->on_update, "cascade") ||
				slice_is(k->on_update, "set null")))
			return false;
	}
	return true;
}

static bool is_altered(const struct statement *st, struct slice column)
{
	for (size_t i = 0; i < st->nchanges; i++)
		if ((st->changes[i].kind == CHANGE_MODIFY_COLUMN ||
			    st->changes[i].kind == CHANGE_DROP_COLUMN) &&
			slice_ieq(st->changes[i].name, column))
			return true;
	return false;
}

static bool takes_null(const struct object *t, struct slice column)
{
	for (size_t i = 0; i < t->nparts; i++)
		if (t->parts[i]->type == OBJECT_COLUMN && slice_ieq(t->parts[i]->name, column))
			return !t->parts[i]->column.not_null;
	return true;
}

/* A key that tells the rows of the old table and of the copy apart: unique, NOT NULL, untouched. */
static bool keeps_a_key(const struct object *t, const struct statement *st)
{
	for (size_t i = 0; t && i < t->nparts; i++) {
		const struct object *o = t->parts[i];
		bool primary =
			o->type == OBJECT_CONSTRAINT && slice_is(o->constraint.kind, "primary key");
		struct names key = primary ? o->constraint.columns : o->index.columns;
		bool good = primary || (o->type == OBJECT_INDEX && o->index.unique);

		for (size_t k = 0; good && k < key.n; k++)
			good = !is_altered(st, key.at[k]) && !takes_null(t, key.at[k]);
		if (good)
			return true;
	}
	return false;
}

static bool counts_already(const struct object *t, struct slice column)
{
	for (size_t i = 0; t && i < t->nparts; i++)
		if (t->parts[i]->type == OBJECT_COLUMN && slice_ieq(t->parts[i]->name, column))
			return !slice_empty(t->parts[i]->column.identity);
	return false;
}

/* A counter, or the next value of a sequence, given to the rows that are there. */
static bool numbers_rows(
	const struct object *t, const struct statement *st, const struct change *ch)
{
	const struct column_def *d;

	if (!ch->def || ch->def->type != OBJECT_COLUMN)
		return false;
	d = &ch->def->column;
	if (ch->kind == CHANGE_ADD_COLUMN)
		return !slice_empty(d->identity) ||
		       slice_ifind(d->default_value.text, SL("nextval")) != SIZE_MAX ||
		       slice_ifind(d->default_value.text, SL("next value")) != SIZE_MAX;
	return !slice_empty(d->identity) && !counts_already(t, ch->name) && !keeps_a_key(t, st);
}

static bool keeps_writers_out(const struct object *t, const struct statement *st)
{
	for (size_t i = 0; i < st->nchanges; i++) {
		const struct change *ch = &st->changes[i];

		if ((ch->flags & CHANGE_IGNORE) || ch->kind == CHANGE_ORDER_BY ||
			(ch->kind == CHANGE_SYSTEM_VERSIONING &&
				slice_istarts(ch->value.text, "DROP")) ||
			numbers_rows(t, st, ch))
			return true;
	}
	return false;
}

/* LOCK=NONE alone: what else would keep writers out is copied beside them. */
static bool wants_writers(const struct statement *st)
{
	bool writers = false, algorithm = false;
	struct names settings = st->changes[0].settings;

	for (size_t i = 0; i < settings.n; i++) {
		algorithm |= slice_starts(settings.at[i], "algorithm=") &&
			     !slice_ends(settings.at[i], "=default");
		writers |= slice_is(settings.at[i], "lock=none");
	}
	return writers && !algorithm;
}

static bool is_new_index(const struct after_part *p)
{
	return p->type == OBJECT_INDEX && !p->gone && !p->was && !p->twin;
}

/* MariaDB copies a partitioned table for another primary key or for its rows' past, whatever
 * ALGORITHM was asked for. */
static bool hides_copy(const struct asked *q)
{
	bool hides = false;

	for (size_t i = 0; i < q->st->nchanges; i++) {
		const struct change *ch = &q->st->changes[i];

		hides |= ch->kind == CHANGE_SYSTEM_VERSIONING ||
			 (ch->kind == CHANGE_DROP_INDEX && slice_iis(ch->name, "primary")) ||
			 (ch->kind == CHANGE_DROP_CONSTRAINT && ch->def &&
				 slice_is(ch->def->constraint.kind, "primary key"));
	}
	return hides && is_mariadb(q->d) && q->is.partitioned;
}

static bool switches_engine(const struct asked *q)
{
	for (size_t i = 0; i < q->st->nchanges; i++)
		if (q->st->changes[i].kind == CHANGE_TABLE_ENGINE && is_mariadb(q->d) &&
			!is_same_engine(q, &q->st->changes[i]))
			return true;
	return false;
}

/* Rows have so many versions and no more: then they are all written anew. */
static struct online by_row_versions(const struct asked *q, struct online o)
{
	struct slice table = q->st->changes[0].target.name;
	struct online anew = on_rebuild(q);

	if (q->t->row_versions < 0)
		return o.needs ? o : on_needs(o, "row versions", table);
	if (q->t->row_versions < row_versions_max(q->d->version))
		return o;
	anew.adds_column = true;
	return q->t->row_versions_exact ? anew : on_needs(anew, "row versions", table);
}

struct online my_online_statement(struct arena *a, const struct my_dialect *d,
	const struct session *s, const struct catalog *c, const struct object *t,
	const struct statement *st, struct after *after)
{
	struct asked q = {a, d, s, c, t, st, after, shape_of(t, after)};
	struct online all = {.applies = st->nchanges > 0};

	on_mark_promoted(&q);
	for (size_t i = 0; i < st->nchanges; i++) {
		const struct change *ch = &st->changes[i];
		struct online one = on_is_twin(&q, ch) ? on_instant() : one_change(&q, ch);

		if (comes_with_column(&q, ch) ||
			(ch->kind == CHANGE_RENAME_TABLE && st->nchanges > 1))
			one = on_instant();
		if (json_changes(&q, ch))
			one = on_worse(one, on_copy());
		if (one.algorithm == ALGO_COPY && ch->kind == CHANGE_DROP_CONSTRAINT &&
			q.is.innodb && replaces_primary(st))
			one = on_rebuild(&q);
		all = i ? on_worse(all, one) : one;
	}
	if (q.is.temporary &&
		all.applies) { /* copied, whatever is asked for: nobody else sees it */
		all = says_what_it_does(d) && is_mariadb(d) ? on_copy() : on_instant();
		all.lock = LOCK_WORDS_NONE;
		return all;
	}
	if (is_mariadb(d))
		all = on_whole_table(&q, all);
	else if (all.applies && on_copies_for_virtual(&q))
		all = on_worse(all, on_copy());
	if (all.applies && all.algorithm > ALGO_INSTANT &&
		(hides_copy(&q) || switches_engine(&q))) {
		all = on_copy();
		if (!says_what_it_does(d))
			all.algorithm = ALGO_INSTANT;
	}
	/* A column added or dropped instantly changes the format of new rows; beside an index that
	 * is being built the rows are written anew instead. MySQL: beside anything slower. */
	if (all.adds_column && all.algorithm < ALGO_COPY && all.algorithm > ALGO_INSTANT &&
		(all.adds_index || !is_mariadb(d))) {
		all = on_worse(all, on_rebuild(&q));
		all.rebuild = true;
	}
	if (!is_mariadb(d) && d->version >= 80029 && all.algorithm == ALGO_INSTANT &&
		all.adds_column && t)
		all = by_row_versions(&q, all);
	if (!is_mariadb(d) && d->version < 80012 && all.algorithm == ALGO_INSTANT)
		all.algorithm = ALGO_INPLACE; /* the word came with 8.0.12 */
	if (my_copies_online(d, t) && !keeps_writers_out(t, st)) {
		if (all.applies && all.lock == LOCK_WORDS_SHARED && wants_writers(st))
			all = on_worse(all, on_copy());
		if (all.algorithm == ALGO_COPY)
			all.lock = LOCK_WORDS_NONE;
	}
	for (size_t i = 0; i < after->n; i++)
		all.scan |= is_new_index(&after->v[i]) && !all.rebuild;
	all.scan |= all.adds_index && !all.rebuild;
	return all;
}
