/* online.c - the best ALGORITHM and LOCK of every action.
 *
 * MariaDB's rows were observed on 10.11 and are held up against a real server by
 * tests/oracle/mysql. MySQL's are documented ones (8.0 manual, "Online DDL Operations"), with the
 * versions in which they changed; no MySQL server has confirmed them. */
#include "engine/mysql/online.h"

#include "engine/mysql/parser.h"

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

/* ---- types ---- */

static bool number_in(struct slice type, unsigned long long *n)
{
	size_t open = slice_chr(type, '(');
	struct slice s = slice_from(type, open < type.len ? open + 1 : type.len);

	s.len = slice_chr(s, ')') < s.len ? slice_chr(s, ')') : s.len;
	s.len = slice_chr(s, ',') < s.len ? slice_chr(s, ',') : s.len;
	return slice_u64(s, n);
}

static struct slice base_of(struct slice type)
{
	size_t open = slice_chr(type, '('), blank = slice_chr(type, ' ');
	size_t end = open < blank ? open : blank;

	return slice_sub(type, 0, end < type.len ? end : type.len);
}

static bool is_unsigned(struct slice type)
{
	return slice_find(type, SL(" unsigned")) < type.len;
}

static int int_size(struct slice base)
{
	static const char *const names[] = {"tinyint", "smallint", "mediumint", "int", "bigint"};

	for (int i = 0; i < 5; i++)
		if (slice_is(base, names[i]))
			return i + 1;
	return 0;
}

static int lob_size(struct slice base)
{
	static const char *const names[] = {"tinytext", "text", "mediumtext", "longtext"},
				 *const blobs[] = {"tinyblob", "blob", "mediumblob", "longblob"};

	for (int i = 0; i < 4; i++)
		if (slice_is(base, names[i]) || slice_is(base, blobs[i]))
			return i + 1;
	return 0;
}

static size_t label_count(struct slice type)
{
	size_t n = 1;
	bool quoted = false;

	for (size_t i = 0; i < type.len; i++) {
		if (type.at[i] == '\'')
			quoted = !quoted;
		n += type.at[i] == ',' && !quoted;
	}
	return n;
}

/* Labels appended at the end, and as many bytes for a value as before. */
static enum my_type_change enum_change(struct slice from, struct slice to, bool set)
{
	size_t a = label_count(from), b = label_count(to);
	struct slice head = slice_sub(from, 0, from.len - 1);
	size_t bytes_a = set ? (a + 7) / 8 : (a > 255), bytes_b = set ? (b + 7) / 8 : (b > 255);

	if (set) /* 1, 2, 3, 4 or 8 bytes */
		bytes_a = bytes_a > 4 ? 8 : bytes_a, bytes_b = bytes_b > 4 ? 8 : bytes_b;
	if (to.len < from.len || !slice_eq(slice_sub(to, 0, head.len), head) ||
		to.at[head.len] != ',')
		return TYPE_NARROWER;
	return bytes_a == bytes_b ? TYPE_METADATA : TYPE_WIDER;
}

static enum my_type_change varchar_change(
	const struct my_dialect *d, unsigned long long from, unsigned long long to, unsigned bytes)
{
	unsigned long long a = from * bytes, b = to * bytes;

	if (to < from)
		return TYPE_NARROWER;
	if (a <= 255 && b > 255)
		/* MariaDB: below 128 bytes the length byte has room to spare. */
		return is_mariadb(d) && a < 128 ? TYPE_METADATA : TYPE_WIDER;
	return TYPE_METADATA;
}

static enum my_type_change same_base(
	const struct my_dialect *d, const struct object *from, struct slice a, struct slice b)
{
	struct slice base = base_of(a);
	unsigned long long m = 0, n = 0;
	unsigned bytes =
		slice_is(base, "varchar") ? (unsigned)my_charset_bytes(from->column.charset) : 1;

	if (int_size(base))
		return is_unsigned(a) == is_unsigned(b) ? TYPE_METADATA : TYPE_NARROWER;
	if (slice_is(base, "enum") || slice_is(base, "set"))
		return enum_change(a, b, slice_is(base, "set"));
	if (!number_in(a, &m) || !number_in(b, &n))
		return TYPE_NARROWER;
	if (slice_is(base, "varchar") || slice_is(base, "varbinary"))
		return varchar_change(d, m, n, bytes);
	return n > m ? TYPE_WIDER : TYPE_NARROWER;
}

static enum my_type_change type_text_change(
	const struct my_dialect *d, const struct object *from, const struct object *to)
{
	struct slice a = from->column.type, b = to->column.type, x = base_of(a), y = base_of(b);

	if (slice_eq(a, b))
		return TYPE_SAME;
	if (slice_eq(x, y))
		return same_base(d, from, a, b);
	if (int_size(x) && int_size(y))
		return int_size(y) > int_size(x) && is_unsigned(a) == is_unsigned(b)
			       ? TYPE_WIDER
			       : TYPE_NARROWER;
	if (lob_size(x) && lob_size(y))
		return lob_size(y) > lob_size(x) ? TYPE_WIDER : TYPE_NARROWER;
	if (slice_is(x, "varchar") && lob_size(y) >= 2)
		return TYPE_WIDER;
	if (slice_is(x, "float") && slice_is(y, "double"))
		return TYPE_WIDER;
	if (slice_is(x, "date") && slice_is(y, "datetime"))
		return TYPE_WIDER;
	return TYPE_NARROWER;
}

/* What comes behind the character set's name: general_ci. */
static struct slice order_of(struct slice collation)
{
	size_t cut = slice_chr(collation, '_');

	return slice_from(collation, cut < collation.len ? cut : collation.len);
}

static enum my_type_change collation_change(const struct my_dialect *d, const struct column_def *a,
	const struct column_def *b, bool indexed)
{
	if (slice_empty(a->collation) || slice_empty(b->collation) ||
		slice_eq(order_of(a->collation), order_of(b->collation)))
		return TYPE_SAME;
	return is_mariadb(d) && !indexed ? TYPE_METADATA : TYPE_WIDER;
}

/* Only from utf8mb3 to utf8mb4 does text stay the same bytes (MariaDB; MySQL copies). */
static enum my_type_change charset_change(const struct my_dialect *d, const struct object *from,
	const struct object *to, bool indexed)
{
	const struct column_def *a = &from->column, *b = &to->column;
	unsigned long long n = 0, m = 0;
	enum my_type_change order = collation_change(d, a, b, indexed), c;

	if (slice_empty(a->charset) || slice_empty(b->charset))
		return TYPE_SAME;
	if (slice_eq(a->charset, b->charset))
		return order;
	if (!slice_is(b->charset, "utf8mb4"))
		return TYPE_NARROWER;
	if (!slice_is(a->charset, "utf8mb3") || !is_mariadb(d))
		return TYPE_WIDER;
	if (lob_size(base_of(a->type)))
		c = TYPE_METADATA;
	else if (!number_in(a->type, &n) || !number_in(b->type, &m) ||
		 !slice_is(base_of(a->type), "varchar"))
		c = TYPE_WIDER;
	else
		c = varchar_change(d, n * 3, m * 4, 1);
	return order > c ? order : c;
}

enum my_type_change my_type_change(const struct my_dialect *d, const struct object *from,
	const struct object *to, bool indexed)
{
	enum my_type_change t = type_text_change(d, from, to),
			    c = charset_change(d, from, to, indexed);

	return c > t ? c : t;
}

/* ---- what the table is like ---- */

struct shape {
	bool known, innodb, has_generated, has_stored, has_virtual, has_fulltext, compressed,
		versioned;
	bool has_primary;
};

static struct shape shape_of(const struct object *t)
{
	struct shape s = {.known = t && !t->tainted, .innodb = true};

	if (!t)
		return s;
	s.innodb =
		slice_empty(t->table_.access_method) || slice_is(t->table_.access_method, "InnoDB");
	s.compressed = names_has(t->table_.options, SL("row_format=compressed"));
	s.versioned = names_has(t->table_.options, SL("system versioning"));
	for (size_t i = 0; i < t->nparts; i++) {
		const struct object *o = t->parts[i];

		if (o->type == OBJECT_COLUMN && !slice_empty(o->column.generated)) {
			s.has_generated = true;
			s.has_stored |= slice_is(o->column.generated, "stored");
			s.has_virtual |= slice_is(o->column.generated, "virtual");
		}
		if (o->type == OBJECT_INDEX && slice_is(o->index.method, "fulltext"))
			s.has_fulltext = true;
		if (o->type == OBJECT_CONSTRAINT && slice_is(o->constraint.kind, "primary key"))
			s.has_primary = true;
	}
	return s;
}

static const struct object *column_of(const struct object *t, struct slice name)
{
	for (size_t i = 0; t && i < t->nparts; i++)
		if (t->parts[i]->type == OBJECT_COLUMN && slice_ieq(t->parts[i]->name, name))
			return t->parts[i];
	return NULL;
}

static bool in_names(struct names n, struct slice s)
{
	for (size_t i = 0; i < n.n; i++)
		if (slice_ieq(n.at[i], s))
			return true;
	return false;
}

static bool in_primary(const struct object *t, struct slice column)
{
	for (size_t i = 0; t && i < t->nparts; i++)
		if (t->parts[i]->type == OBJECT_CONSTRAINT &&
			slice_is(t->parts[i]->constraint.kind, "primary key") &&
			in_names(t->parts[i]->constraint.columns, column))
			return true;
	return false;
}

static bool is_indexed(const struct object *t, struct slice column)
{
	for (size_t i = 0; t && i < t->nparts; i++)
		if (t->parts[i]->type == OBJECT_INDEX &&
			in_names(t->parts[i]->index.columns, column))
			return true;
	return in_primary(t, column);
}

/* ---- the rows ---- */

static struct online row(enum algorithm g, enum lock_words l)
{
	return (struct online){.algorithm = g,
		.lock = l,
		.rebuild = g == ALGO_COPY,
		.scan = g == ALGO_NOCOPY,
		.applies = true};
}

/* FULLTEXT indexes are not kept up to date while the rows are written anew: writers wait. */
static struct online rebuild(const struct shape *s)
{
	struct online o = row(ALGO_INPLACE, s->has_fulltext ? LOCK_WORDS_SHARED : LOCK_WORDS_NONE);

	o.rebuild = true;
	return o;
}

static struct online copy(void)
{
	return row(ALGO_COPY, LOCK_WORDS_SHARED);
}

static struct online instant(void)
{
	return row(ALGO_INSTANT, LOCK_WORDS_NONE);
}

/* A change of metadata: MySQL calls some of them INPLACE. */
static struct online metadata(const struct my_dialect *d)
{
	return is_mariadb(d) ? instant() : row(ALGO_INPLACE, LOCK_WORDS_NONE);
}

static struct online needs(struct online o, const char *what, struct slice of)
{
	o.needs = what;
	o.needs_of = of;
	return o;
}

static bool is_now_default(const struct expr *e)
{
	return slice_starts(e->normal, "current_timestamp(");
}

/* A default that must be worked out for each row. */
static bool expression_default(const struct object *def)
{
	const struct expr *e = &def->column.default_value;

	return e->text.len && e->facts && !e->facts->constant && !is_now_default(e);
}

static struct online add_column(
	const struct my_dialect *d, const struct object *t, const struct change *ch)
{
	struct shape s = shape_of(t);
	const struct object *def = ch->def;
	struct online o = instant();
	bool placed = ch->list.n > 0;

	o.adds_column = true;
	if (!s.innodb || slice_is(def->column.generated, "stored") || expression_default(def))
		return copy();
	if (slice_is(def->column.identity, "auto_increment")) {
		o = rebuild(&s);
		o.lock = LOCK_WORDS_SHARED;
		return o;
	}
	if (slice_is(def->column.generated, "virtual")) {
		o.adds_column = false;
		return placed && !is_mariadb(d) ? rebuild(&s) : o;
	}
	if (is_mariadb(d)) {
		if (s.has_generated && placed)
			return copy();
		if (s.compressed || s.has_fulltext)
			return rebuild(&s);
		return s.known ? o : needs(o, "generated columns and indexes", ch->target.name);
	}
	if (d->version < 80012 || s.compressed || s.has_fulltext || (placed && d->version < 80029))
		return rebuild(&s);
	return s.known ? o : needs(o, "row format and indexes", ch->target.name);
}

/* Is there a FULLTEXT index that does not go with the column? */
static bool keeps_fulltext(const struct object *t, struct slice column)
{
	for (size_t i = 0; i < t->nparts; i++)
		if (t->parts[i]->type == OBJECT_INDEX &&
			slice_is(t->parts[i]->index.method, "fulltext") &&
			!(t->parts[i]->index.columns.n == 1 &&
				in_names(t->parts[i]->index.columns, column)))
			return true;
	return false;
}

static struct online drop_column(
	const struct my_dialect *d, const struct object *t, const struct change *ch)
{
	struct shape s = shape_of(t);
	const struct object *c = column_of(t, ch->name);
	struct online o = instant();

	o.adds_column = true;
	if (!s.innodb)
		return copy();
	if (!t)
		return needs(o, "indexes", ch->target.name);
	if (c && slice_is(c->column.generated, "virtual") && !is_indexed(t, ch->name)) {
		o.adds_column = false;
		return o;
	}
	if (in_primary(t, ch->name))
		return is_mariadb(d) ? rebuild(&s) : copy();
	if (is_mariadb(d)) {
		if (s.has_fulltext && !keeps_fulltext(t, ch->name)) {
			s.has_fulltext = false;
			return rebuild(&s);
		}
		if (s.compressed || s.has_fulltext)
			return rebuild(&s);
		if (is_indexed(t, ch->name))
			return row(ALGO_NOCOPY, LOCK_WORDS_NONE);
		return o;
	}
	if (d->version < 80029 || s.compressed || s.has_fulltext || is_indexed(t, ch->name))
		return rebuild(&s);
	return o;
}

static struct online null_change(
	const struct my_dialect *d, const struct shape *s, bool to_not_null)
{
	if (is_mariadb(d) && s->has_generated && to_not_null)
		return copy();
	return rebuild(s);
}

static struct online worse(struct online a, struct online b)
{
	struct online o = a;

	o.algorithm = b.algorithm > a.algorithm ? b.algorithm : a.algorithm;
	o.lock = b.lock > a.lock ? b.lock : a.lock;
	o.rebuild |= b.rebuild;
	o.scan |= b.scan;
	o.adds_column |= b.adds_column;
	o.adds_index |= b.adds_index;
	o.applies &= b.applies;
	if (!o.needs) {
		o.needs = b.needs;
		o.needs_of = b.needs_of;
	}
	return o;
}

/* The column as it will be: without a character set of its own it takes the table's. */
static struct object with_charset(const struct object *t, const struct object *def)
{
	struct object o = *def;

	if (t && slice_empty(o.column.charset) && my_type_has_charset(o.column.type)) {
		o.column.charset = t->table_.charset;
		if (slice_empty(o.column.collation))
			o.column.collation = t->table_.collation;
	}
	return o;
}

/* Only the order of the text changes: the indexes over it are built anew. */
static bool only_collation(const struct object *from, const struct object *to)
{
	return slice_eq(from->column.type, to->column.type) &&
	       slice_eq(from->column.charset, to->column.charset);
}

static struct online modify_type(const struct my_dialect *d, const struct object *t,
	const struct object *from, const struct object *to)
{
	bool indexed = is_indexed(t, from->name);
	struct online o;

	switch (my_type_change(d, from, to, indexed)) {
	case TYPE_SAME:
		return instant();
	case TYPE_METADATA:
		/* MySQL: appending to an enum or set is INSTANT, growing a varchar INPLACE. */
		if (slice_starts(from->column.type, "enum") ||
			slice_starts(from->column.type, "set"))
			return instant();
		return metadata(d);
	case TYPE_WIDER:
		if (!is_mariadb(d) || !indexed || !only_collation(from, to))
			break;
		o = row(ALGO_NOCOPY, LOCK_WORDS_NONE);
		o.adds_index = true;
		return o;
	case TYPE_NARROWER:
		break;
	}
	return copy();
}

static bool generated_changes(const struct object *from, const struct object *to)
{
	return !slice_eq(from->column.generated, to->column.generated) ||
	       (from->column.generation.normal.len && to->column.generation.normal.len &&
		       !slice_eq(from->column.generation.normal, to->column.generation.normal));
}

static struct online modify_order(const struct my_dialect *d, const struct shape *s)
{
	struct online o = instant();

	if (!is_mariadb(d) || s->compressed || s->has_fulltext)
		o = rebuild(s);
	o.adds_column = true;
	return o;
}

static struct online modify_generated(const struct my_dialect *d, const struct object *t,
	const struct object *from, const struct object *to)
{
	bool stays_virtual = slice_is(from->column.generated, "virtual") &&
			     slice_is(to->column.generated, "virtual");

	if (is_mariadb(d) && stays_virtual && !is_indexed(t, from->name))
		return instant();
	return copy();
}

static struct online modify_column(
	const struct my_dialect *d, const struct object *t, const struct change *ch)
{
	struct shape s = shape_of(t);
	const struct object *from = column_of(t, ch->name);
	struct object def = with_charset(t, ch->def), *to = &def;
	struct online o;

	if (!from)
		return needs(copy(), "old definition", ch->name);
	if (generated_changes(from, to))
		return modify_generated(d, t, from, to);
	o = modify_type(d, t, from, to);
	if (from->column.not_null != (to->column.not_null || in_primary(t, ch->name)))
		o = worse(o, null_change(d, &s, to->column.not_null));
	if (!slice_eq(from->column.identity, to->column.identity) &&
		!slice_empty(to->column.identity))
		o = worse(o, copy());
	if (ch->list.n) /* FIRST, AFTER */
		o = worse(o, modify_order(d, &s));
	if (!s.innodb && (o.algorithm != ALGO_INSTANT || o.adds_column ||
				 !slice_eq(from->column.type, to->column.type)))
		return copy();
	if (!is_mariadb(d) && !slice_empty(ch->other.name) &&
		!slice_ieq(ch->other.name, ch->name) && d->version < 80028)
		o = worse(o, row(ALGO_INPLACE, LOCK_WORDS_NONE));
	return o;
}

/* A unique key over whole texts is kept by a hidden column of hashes. */
static bool is_hash_unique(const struct object *t, const struct object *index)
{
	for (size_t i = 0; index->index.unique && i < index->index.columns.n; i++) {
		const struct object *c = column_of(t, index->index.columns.at[i]);
		struct slice key = i < index->index.keys.n ? index->index.keys.at[i] : SLICE_NONE;

		if (c && lob_size(base_of(c->column.type)) && slice_chr(key, '(') >= key.len)
			return true;
	}
	return false;
}

static struct online create_index(
	const struct my_dialect *d, const struct object *t, const struct change *ch)
{
	struct shape s = shape_of(t);
	struct online o = row(is_mariadb(d) ? ALGO_NOCOPY : ALGO_INPLACE, LOCK_WORDS_NONE);

	o.scan = o.adds_index = true;
	if (!s.innodb || (is_mariadb(d) && is_hash_unique(t, ch->def)))
		return copy();
	if (slice_is(ch->def->index.method, "fulltext")) {
		o = row(ALGO_INPLACE, LOCK_WORDS_SHARED);
		o.rebuild = !s.has_fulltext;
		o.scan = !o.rebuild;
		if (is_mariadb(d) && s.has_fulltext)
			o.algorithm = ALGO_NOCOPY;
		return s.known ? o : needs(o, "indexes", ch->target.name);
	}
	if (slice_is(ch->def->index.method, "spatial"))
		o.lock = LOCK_WORDS_SHARED;
	return o;
}

/* Does a key begin with these columns? Else InnoDB makes one. */
static bool has_key_over(const struct object *t, struct names columns)
{
	for (size_t i = 0; i < t->nparts; i++) {
		const struct object *o = t->parts[i];
		struct names key = {0};
		size_t k = 0;

		if (o->type == OBJECT_INDEX)
			key = o->index.columns;
		else if (o->type == OBJECT_CONSTRAINT &&
			 slice_is(o->constraint.kind, "primary key"))
			key = o->constraint.columns;
		while (k < columns.n && k < key.n && slice_ieq(key.at[k], columns.at[k]))
			k++;
		if (k == columns.n)
			return true;
	}
	return false;
}

static struct online add_constraint(const struct my_dialect *d, const struct session *session,
	const struct object *t, const struct change *ch)
{
	struct shape s = shape_of(t);
	struct slice kind = ch->def->constraint.kind;

	if (!s.innodb)
		return copy();
	if (slice_is(kind, "primary key")) {
		if (is_mariadb(d) && s.has_generated)
			for (size_t i = 0; i < ch->def->constraint.columns.n; i++) {
				const struct object *c =
					column_of(t, ch->def->constraint.columns.at[i]);

				if (c && !c->column.not_null)
					return copy();
			}
		return rebuild(&s);
	}
	if (slice_is(kind, "foreign key") && session && !session->foreign_keys) {
		struct online o = metadata(d);

		if (is_mariadb(d) && t && !has_key_over(t, ch->def->constraint.columns)) {
			o = row(ALGO_NOCOPY, LOCK_WORDS_NONE);
			o.adds_index = true;
		}
		return o;
	}
	if (slice_is(kind, "check") && ch->def->constraint.not_enforced)
		return instant();
	return copy();
}

static struct online drop_constraint(
	const struct my_dialect *d, const struct object *t, const struct change *ch)
{
	struct slice kind = ch->def ? ch->def->constraint.kind : SLICE_NONE;
	struct shape s = shape_of(t);

	for (size_t i = 0; slice_empty(kind) && t && i < t->nparts; i++)
		if (slice_ieq(t->parts[i]->name, ch->name)) {
			if (t->parts[i]->type == OBJECT_CONSTRAINT)
				kind = t->parts[i]->constraint.kind;
			else if (t->parts[i]->type == OBJECT_INDEX)
				kind = SL("unique");
		}
	if (slice_is(kind, "primary key"))
		return is_mariadb(d) && s.innodb ? rebuild(&s) : copy();
	if (slice_is(kind, "unique"))
		return row(is_mariadb(d) ? ALGO_NOCOPY : ALGO_INPLACE, LOCK_WORDS_NONE);
	if (slice_is(kind, "check"))
		return instant();
	if (slice_is(kind, "foreign key"))
		return metadata(d);
	return needs(instant(), "kind of the constraint", ch->name);
}

static bool option_rebuilds(struct slice option)
{
	static const char *const words[] = {"row_format", "key_block_size", "page_compressed",
		"page_compression_level", "encrypted", "encryption", "compression"};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (slice_starts(option, words[i]))
			return true;
	return false;
}

static struct online set_options(
	const struct my_dialect *d, const struct object *t, const struct change *ch)
{
	struct shape s = shape_of(t);

	for (size_t i = 0; i < ch->list.n; i++)
		if (option_rebuilds(ch->list.at[i]))
			return rebuild(&s);
	return metadata(d);
}

static struct online change_engine(const struct object *t, const struct change *ch)
{
	struct shape s = shape_of(t);

	if (s.innodb && slice_is(ch->value.text, "InnoDB"))
		return rebuild(&s);
	return copy();
}

static struct online none(void)
{
	return (struct online){.applies = false};
}

static struct online force(const struct object *t)
{
	struct shape s = shape_of(t);

	return s.innodb ? rebuild(&s) : copy();
}

struct online my_online_change(struct arena *a, const struct my_dialect *d, const struct session *s,
	const struct catalog *c, const struct object *t, const struct change *ch)
{
	struct online exclusive = row(ALGO_INSTANT, LOCK_WORDS_EXCLUSIVE);

	(void)a;
	(void)c;
	switch ((int)ch->kind) {
	case CHANGE_ADD_COLUMN:
		return add_column(d, t, ch);
	case CHANGE_DROP_COLUMN:
		return drop_column(d, t, ch);
	case CHANGE_MODIFY_COLUMN:
		return modify_column(d, t, ch);
	case CHANGE_CREATE_INDEX:
		return create_index(d, t, ch);
	case CHANGE_DROP_INDEX:
		if (!shape_of(t).innodb)
			return copy();
		return (struct online){
			.algorithm = is_mariadb(d) ? ALGO_NOCOPY : ALGO_INPLACE, .applies = true};
	case CHANGE_ADD_CONSTRAINT:
		return add_constraint(d, s, t, ch);
	case CHANGE_DROP_CONSTRAINT:
		return drop_constraint(d, t, ch);
	case CHANGE_RENAME_TABLE:
		return exclusive;
	case CHANGE_RENAME_COLUMN:
		return is_mariadb(d) || d->version >= 80028 ? instant()
							    : row(ALGO_INPLACE, LOCK_WORDS_NONE);
	case CHANGE_SET_DEFAULT:
	case CHANGE_DROP_DEFAULT:
	case CHANGE_COLUMN_VISIBILITY:
		return instant();
	case CHANGE_RENAME_INDEX:
	case CHANGE_ALTER_INDEX:
	case CHANGE_COMMENT_ON:
	case CHANGE_TABLE_CHARSET:
	case CHANGE_RESET_OPTIONS:
	case CHANGE_TABLE_OTHER:
		return metadata(d);
	case CHANGE_ALTER_CONSTRAINT:
		return ch->def && ch->def->constraint.not_enforced ? metadata(d) : copy();
	case CHANGE_SET_OPTIONS:
		return set_options(d, t, ch);
	case CHANGE_TABLE_ENGINE:
		return change_engine(t, ch);
	case CHANGE_TABLE_FORCE:
		return force(t);
	case CHANGE_SYSTEM_VERSIONING:
		if (slice_istarts(ch->value.text, "DROP"))
			return row(ALGO_INPLACE, LOCK_WORDS_SHARED);
		return copy();
	case CHANGE_CONVERT_CHARSET:
	case CHANGE_ORDER_BY:
		return copy();
	case CHANGE_ENABLE_KEYS:
	case CHANGE_SET_TABLESPACE:
	case CHANGE_ALTER_PARTITIONS:
	default:
		return none();
	}
}

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
static bool comes_with_column(
	const struct my_dialect *d, const struct change *ch, const struct change *first)
{
	return is_mariadb(d) && ch > first && ch->kind == CHANGE_ADD_CONSTRAINT &&
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
static bool json_changes(const struct my_dialect *d, const struct object *t,
	const struct statement *st, const struct change *ch)
{
	bool was = false, will;

	if (!is_mariadb(d) || ch->kind != CHANGE_MODIFY_COLUMN)
		return false;
	for (size_t i = 0; t && i < t->nparts; i++)
		was |= is_json_check(t->parts[i], ch->name);
	will = ch + 1 < st->changes + st->nchanges && ch[1].def &&
	       is_json_check(ch[1].def, ch->def->name);
	return was != will;
}

struct online my_online_statement(struct arena *a, const struct my_dialect *d,
	const struct session *s, const struct catalog *c, const struct object *t,
	const struct statement *st)
{
	struct online all = {.applies = st->nchanges > 0};
	struct shape shape = shape_of(t);

	for (size_t i = 0; i < st->nchanges; i++) {
		const struct change *ch = &st->changes[i];
		struct online one = my_online_change(a, d, s, c, t, ch);

		if (comes_with_column(d, ch, st->changes) ||
			(ch->kind == CHANGE_RENAME_TABLE && st->nchanges > 1))
			one = instant();
		if (json_changes(d, t, st, ch))
			one = worse(one, copy());
		if (one.algorithm == ALGO_COPY && ch->kind == CHANGE_DROP_CONSTRAINT &&
			shape.innodb && replaces_primary(st))
			one = rebuild(&shape);
		all = i ? worse(all, one) : one;
	}
	/* A column added or dropped instantly changes the format of new rows; beside an index that
	 * is being built the rows are written anew instead. MySQL: beside anything slower. */
	if (all.adds_column && all.algorithm < ALGO_COPY && all.algorithm > ALGO_INSTANT &&
		(all.adds_index || !is_mariadb(d))) {
		all.algorithm = ALGO_INPLACE;
		all.rebuild = true;
	}
	return all;
}
