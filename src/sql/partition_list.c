/* partition_list.c - MySQL's partitions as one text. */
#include "sql/partition_list.h"

#include "base/buf.h"

bool partition_next(struct slice *list, struct slice *name, struct slice *bound)
{
	struct slice s = slice_trim(*list);
	size_t end = 0, blank;
	bool quoted = false;

	if (slice_empty(s))
		return false;
	for (; end < s.len; end++) {
		quoted ^= s.at[end] == '\'';
		if (!quoted && s.at[end] == ',' && end + 1 < s.len && s.at[end + 1] == ' ')
			break;
	}
	*list = slice_from(s, end < s.len ? end + 2 : end);
	s.len = end;
	blank = slice_chr(s, ' ');
	*name = slice_sub(s, 0, blank < s.len ? blank : s.len);
	*bound = blank < s.len ? slice_from(s, blank + 1) : SLICE_NONE;
	return true;
}

bool partition_listed(struct slice list, struct slice name)
{
	struct slice one, bound;

	while (partition_next(&list, &one, &bound))
		if (slice_ieq(one, name))
			return true;
	return false;
}

size_t partition_count(struct slice list)
{
	struct slice one, bound;
	size_t n = 0;

	while (partition_next(&list, &one, &bound))
		n++;
	return n;
}

static void add(struct buf *b, struct slice name, struct slice bound)
{
	buf_printf(b, "%s%.*s%s%.*s", b->len ? ", " : "", SLICE(name), bound.len ? " " : "",
		SLICE(bound));
}

static bool is_named(struct names n, struct slice name)
{
	for (size_t i = 0; i < n.n; i++)
		if (slice_ieq(n.at[i], name))
			return true;
	return false;
}

/* The named ones go; `added` takes the place of the first of them, or comes last. */
static void replace(struct buf *b, struct slice list, struct names named, struct slice added)
{
	struct slice name, bound, new, its;
	bool placed = false;

	while (partition_next(&list, &name, &bound)) {
		if (!is_named(named, name)) {
			add(b, name, bound);
			continue;
		}
		while (!placed && partition_next(&added, &new, &its))
			add(b, new, its);
		placed = true;
	}
	while (partition_next(&added, &new, &its))
		add(b, new, its);
}

/* HASH and KEY: p0, p1 … */
static void count(struct buf *b, unsigned long long n)
{
	for (unsigned long long i = 0; i < n && i < 8192; i++)
		buf_printf(b, "%sp%llu", i ? ", " : "", i);
}

static bool number_behind(struct slice text, const char *words, unsigned long long *n)
{
	return slice_istarts(text, words) &&
	       slice_u64(slice_trim(slice_from(text, strlen(words))), n);
}

bool partition_list_after(
	struct arena *a, const struct change *ch, struct slice list, struct slice *out)
{
	static const char *const still[] = {
		"TRUNCATE", "REBUILD", "OPTIMIZE", "ANALYZE", "CHECK", "REPAIR", "EXCHANGE"};
	struct slice text = ch->value.text;
	unsigned long long n, now = partition_count(list);
	struct buf b = {0};
	bool known = now > 0;

	for (size_t i = 0; i < sizeof still / sizeof *still; i++)
		if (slice_istarts(text, still[i])) {
			*out = list;
			return true;
		}
	if (number_behind(text, "ADD PARTITION PARTITIONS", &n))
		count(&b, now + n);
	else if (number_behind(text, "COALESCE PARTITION", &n) && n < now)
		count(&b, now - n);
	else if (slice_istarts(text, "ADD PARTITION") && ch->value.normal.len)
		replace(&b, list, (struct names){0}, ch->value.normal);
	else if (slice_istarts(text, "DROP PARTITION"))
		replace(&b, list, ch->list, SLICE_NONE);
	else if (slice_istarts(text, "REORGANIZE PARTITION") && ch->value.normal.len)
		replace(&b, list, ch->list, ch->value.normal);
	else
		known = false;
	if (known)
		*out = arena_slice(a, buf_slice(&b));
	buf_done(&b);
	return known;
}
