/* order.c - numbers, order, and the touches that every layout's migrations get at the end. */
#include "layout/internal.h"

#include "base/digest.h"
#include "sql/directive.h"
#include "sql/mask.h"

#include <stdint.h>
#include <stdlib.h>

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

size_t count_digits(struct slice s)
{
	size_t n = 0;

	while (n < s.len && is_digit(s.at[n]))
		n++;
	return n;
}

struct slice plain_number(struct slice digits)
{
	while (digits.len > 1 && digits.at[0] == '0')
		digits = slice_from(digits, 1);
	return digits;
}

int cmp_number(struct slice x, struct slice y)
{
	x = plain_number(x);
	y = plain_number(y);
	if (x.len != y.len)
		return x.len < y.len ? -1 : 1;
	return slice_cmp(x, y);
}

/* One letter missing, added, changed, or two neighbours swapped. */
bool is_near(struct slice w, const char *to)
{
	size_t n = strlen(to), head = 0, tail = 0, shorter = w.len < n ? w.len : n;

	if (slice_iis(w, to) || w.len > n + 1 || n > w.len + 1)
		return false;
	while (head < shorter && (w.at[head] | 32) == to[head])
		head++;
	while (tail < shorter - head && (w.at[w.len - 1 - tail] | 32) == to[n - 1 - tail])
		tail++;
	if (w.len - head - tail <= 1 && n - head - tail <= 1)
		return true;
	return w.len == n && n - head - tail == 2 && (w.at[head] | 32) == to[head + 1] &&
	       (w.at[head + 1] | 32) == to[head];
}

/* ---- Keys: open addressing, half full at most ---- */

static struct key_entry *slot_of(const struct key_index *x, struct slice key)
{
	size_t i = (size_t)slice_hash(key) & (x->cap - 1);

	while (x->at[i].count && !slice_eq(x->at[i].key, key))
		i = (i + 1) & (x->cap - 1);
	return &x->at[i];
}

void index_put(struct arena *a, struct key_index *x, struct slice key, size_t i)
{
	struct key_entry *e;

	if (x->n * 2 >= x->cap) {
		struct key_index old = *x;

		x->cap = old.cap ? old.cap * 2 : 64;
		x->at = ARENA_ARRAY(a, x->cap, struct key_entry);
		for (size_t k = 0; k < old.cap; k++)
			if (old.at[k].count)
				*slot_of(x, old.at[k].key) = old.at[k];
	}
	e = slot_of(x, key);
	if (!e->count) {
		*e = (struct key_entry){.key = key, .first = i};
		x->n++;
	}
	e->count++;
}

const struct key_entry *index_get(const struct key_index *x, struct slice key)
{
	const struct key_entry *e = x->cap ? slot_of(x, key) : NULL;

	return e && e->count ? e : NULL;
}

struct migration *migration_add(struct project *p, struct slice id, struct slice version,
	struct slice name, const char *path)
{
	struct migration *m = ARENA_PUSH(p->arena, p->migrations, p->nmigrations);

	*m = (struct migration){.id = arena_slice(p->arena, id),
		.version = arena_slice(p->arena, version),
		.name = arena_slice(p->arena, name),
		.path = path};
	return m;
}

struct script_part part_all(struct source *src, enum tx_mode tx)
{
	struct script_part part = {.src = src, .len = src ? src->text.len : 0, .tx = tx};

	return part;
}

int by_number(const struct migration *x, const struct migration *y)
{
	return cmp_number(x->version, y->version);
}

int by_version_text(const struct migration *x, const struct migration *y)
{
	return slice_cmp(x->version, y->version);
}

/* ---- Sorting: an insertion into runs, stable, so that ties keep the order of the names ---- */

static void merge(struct migration *v, struct migration *spare, size_t n, migration_cmp cmp)
{
	size_t half = n / 2, i = 0, k = half, o = 0;

	if (n < 2)
		return;
	merge(v, spare, half, cmp);
	merge(v + half, spare, n - half, cmp);
	memcpy(spare, v, n * sizeof *v);
	while (i < half && k < n)
		v[o++] = cmp(&spare[k], &spare[i]) < 0 ? spare[k++] : spare[i++];
	while (i < half)
		v[o++] = spare[i++];
	while (k < n)
		v[o++] = spare[k++];
}

static bool is_sorted(const struct migration *v, size_t n, migration_cmp cmp)
{
	for (size_t i = 1; i < n; i++)
		if (cmp(&v[i], &v[i - 1]) < 0)
			return false;
	return true;
}

/* ---- Problems of the whole ---- */

static void find_duplicates(struct project *p, migration_cmp cmp)
{
	for (size_t i = 1; i < p->nmigrations; i++) {
		const struct migration *x = &p->migrations[i - 1], *y = &p->migrations[i];

		if (cmp(x, y) == 0 && !x->repeatable)
			problem(p, true, "duplicate-version", y->path, NOWHERE,
				"two migrations have the version %.*s: %s and %s",
				SLICE(y->version), x->path, y->path);
	}
}

static bool small_number(const struct migration *m, unsigned long long *n)
{
	return count_digits(m->version) == m->version.len && slice_u64(m->version, n) &&
	       *n < 1000000;
}

/* A gap is worth a word where numbers normally follow one another; not with times or steps. */
static void find_gaps(struct project *p)
{
	size_t gaps = 0, steps = 0;

	for (int say = 0; say < 2; say++) {
		for (size_t i = 1; i < p->nmigrations; i++) {
			unsigned long long x, y;

			if (!small_number(&p->migrations[i - 1], &x) ||
				!small_number(&p->migrations[i], &y))
				continue;
			steps++;
			if (y <= x + 1)
				continue;
			gaps++;
			if (say)
				problem(p, false, "version-gap", p->migrations[i].path, NOWHERE,
					"there is no migration %llu: %.*s follows %.*s", x + 1,
					SLICE(p->migrations[i].version),
					SLICE(p->migrations[i - 1].version));
		}
		if (gaps * 3 > steps)
			return;
	}
}

static void find_missing_downs(struct project *p)
{
	size_t have = 0;

	for (size_t i = 0; i < p->nmigrations; i++)
		have += p->migrations[i].down.src != NULL;
	if (have * 2 < p->nmigrations)
		return; /* a project that seldom goes down does not want to hear it every time */
	for (size_t i = 0; i < p->nmigrations; i++) {
		const struct migration *m = &p->migrations[i];

		if (!m->down.src && !m->code && !m->repeatable && !m->baseline)
			problem(p, false, "missing-down", m->path, NOWHERE,
				"migration %.*s has no down script", SLICE(m->id));
	}
}

/* ---- Each migration ---- */

static void mask_source(struct project *p, struct source *s)
{
	if (s && p->mask_styles && s->masked.at == s->text.at)
		s->masked = mask_text(p->arena, p->dialect, s->text, p->mask_styles, NULL, NULL);
}

static enum phase phase_of(struct slice word)
{
	if (slice_iis(word, "expand"))
		return PHASE_EXPAND;
	if (slice_iis(word, "backfill"))
		return PHASE_BACKFILL;
	if (slice_iis(word, "contract"))
		return PHASE_CONTRACT;
	return PHASE_NONE;
}

static void take_directive(
	struct project *p, struct migration *m, struct script_part *part, struct directive *d)
{
	const char *wrong = directive_is_peer(d) ? NULL : directive_problem(p->arena, d);

	if (wrong && (part == &m->up || part->src != m->up.src))
		problem(p, false, "unknown-directive", part->src->path, d->span, "%s", wrong);
	if (slice_is(d->name, "no-transaction"))
		part->tx = TX_MODE_NONE;
	else if (slice_is(d->name, "phase") && part == &m->up)
		m->phase = phase_of(slice_trim(d->args));
}

/* `-- belay:` lines of the whole file: they count for each part that comes from it. */
static void read_directives(struct project *p, struct migration *m, struct script_part *part)
{
	struct slice rest = part->src->text, line;

	if (slice_find(rest, SL("belay:")) == SIZE_MAX)
		return;
	while (slice_line(&rest, &line)) {
		struct slice s = slice_trim(line);
		struct directive *v = NULL;
		size_t n = 0;

		if (!slice_starts(s, "--") || !slice_starts(slice_trim(slice_from(s, 2)), "belay:"))
			continue;
		directives_read(p->arena,
			(struct span){part->src, (size_t)(line.at - part->src->text.at), line.len},
			&v, &n);
		for (size_t i = 0; i < n; i++)
			take_directive(p, m, part, &v[i]);
	}
}

/* The first comment line that says something, not a marker or a directive. */
static struct slice first_comment(struct slice text)
{
	struct slice line;
	const char *tool;

	while (slice_line(&text, &line)) {
		struct slice s = slice_trim(line);

		if (s.len == 0)
			continue;
		if (!slice_starts(s, "--"))
			break;
		while (s.len && (s.at[0] == '-' || s.at[0] == '=' || s.at[0] == ' '))
			s = slice_from(s, 1);
		if (s.len == 0 || marker_of(s, &tool) != MARKER_NONE || s.at[0] == '+' ||
			slice_istarts(s, "migrate:") || slice_istarts(s, "belay:") ||
			slice_ends(s, ".sql") || s.at[0] == '#')
			continue; /* a marker, a directive, or the file's own name */
		if (slice_istarts(s, "migration:") || slice_istarts(s, "description:"))
			s = slice_trim(slice_from(s, slice_chr(s, ':') + 1));
		if (s.len)
			return s;
	}
	return SLICE_NONE;
}

static void finish_part(struct project *p, struct migration *m, struct script_part *part)
{
	if (!part->src)
		return;
	mask_source(p, part->src);
	read_directives(p, m, part);
	part->empty = text_is_empty(p->dialect, slice_sub(part->src->masked, part->off, part->len));
}

static void finish_one(struct project *p, struct migration *m)
{
	finish_part(p, m, &m->up);
	finish_part(p, m, &m->down);
	finish_part(p, m, &m->verify);
	if (!p->no_checksums)
		digest_sha256_hex(
			m->up.src ? slice_sub(m->up.src->text, m->up.off, m->up.len) : SLICE_NONE,
			m->checksum);
	if (!m->up.src)
		return;
	m->description = first_comment(m->up.src->text);
	/* One of comments alone says why it has nothing to run. */
	if (m->up.empty && !m->code && !m->description.len)
		problem(p, false, "empty-migration", m->path, NOWHERE,
			"migration %.*s has nothing to run", SLICE(m->id));
}

static void link_parents(struct project *p)
{
	const struct migration *before = NULL;

	for (size_t i = 0; i < p->nmigrations; i++) {
		struct migration *m = &p->migrations[i];

		m->order = i;
		if (m->repeatable)
			continue;
		if (before)
			*ARENA_PUSH(p->arena, m->parents, m->nparents) = before->id;
		before = m;
	}
}

void migrations_finish(struct project *p, migration_cmp cmp, unsigned flags)
{
	if (!is_sorted(p->migrations, p->nmigrations, cmp))
		merge(p->migrations, ARENA_ARRAY(p->arena, p->nmigrations, struct migration),
			p->nmigrations, cmp);
	link_parents(p);
	for (size_t i = 0; i < p->nmigrations; i++)
		finish_one(p, &p->migrations[i]);
	if (flags & FINISH_DUPLICATES)
		find_duplicates(p, cmp);
	if (flags & FINISH_GAPS)
		find_gaps(p);
	if (flags & FINISH_WANTS_DOWN)
		find_missing_downs(p);
}
