/* code.c - where an application's files say a name. */
#include "cli/code.h"

#include "base/io.h"
#include "catalog/uses.h"
#include "sql/clean.h"

#include <stdint.h>

enum { MOST_LINES = 500, MOST_BYTES = 4 << 20, SHOWN_BYTES = 160, MOST_FORMS = 8, MOST_DEEP = 40 };

struct forms {
	struct slice at[MOST_FORMS];
	size_t n;
};

struct searching {
	struct code_search *s;
	struct arena *a;
	const char *root;
	struct forms table, column;
};

/* ---- The names as code has them ---- */

static void add_form(struct forms *f, struct slice s)
{
	for (size_t i = 0; i < f->n; i++)
		if (slice_ieq(f->at[i], s))
			return;
	if (s.len && f->n < MOST_FORMS)
		f->at[f->n++] = s;
}

/* order_items → orderitems: words are compared without regard to case, so that covers OrderItems.
 */
static struct slice joined(struct arena *a, struct slice s)
{
	char *out = arena_cstr(a, s);
	size_t n = 0;

	for (size_t i = 0; i < s.len; i++)
		if (s.at[i] != '_')
			out[n++] = s.at[i];
	return slice_n(out, n);
}

static struct slice singular(struct arena *a, struct slice s)
{
	if (s.len > 4 && slice_ends(s, "ies"))
		return arena_printf(a, "%.*sy", (int)s.len - 3, s.at);
	if (s.len > 4 && (slice_ends(s, "sses") || slice_ends(s, "xes") || slice_ends(s, "ches")))
		return slice_sub(s, 0, s.len - 2);
	if (s.len > 2 && slice_ends(s, "s") && !slice_ends(s, "ss"))
		return slice_sub(s, 0, s.len - 1);
	return s;
}

static struct forms forms_of(struct arena *a, struct slice name, bool is_table)
{
	struct forms f = {0};

	add_form(&f, name);
	add_form(&f, joined(a, name));
	if (is_table) {
		add_form(&f, singular(a, name));
		add_form(&f, joined(a, singular(a, name)));
	}
	return f;
}

static bool has_form(struct slice text, const struct forms *f)
{
	for (size_t i = 0; i < f->n; i++)
		if (text_has_word(text, f->at[i]))
			return true;
	return false;
}

/* ---- Files ---- */

static bool is_left_out(const struct searching *x, const char *name, const char *rel)
{
	static const char *const known[] = {"node_modules", "vendor", "target", "build", "dist",
		"__pycache__", "venv", "coverage", NULL};

	if (name[0] == '.')
		return true;
	for (size_t i = 0; known[i]; i++)
		if (strcmp(name, known[i]) == 0)
			return true;
	for (size_t i = 0; x->s->leave_out && x->s->leave_out[i]; i++)
		if (strcmp(rel, x->s->leave_out[i]) == 0)
			return true;
	return false;
}

static void keep_line(struct searching *x, const char *rel, size_t number, struct slice line)
{
	struct slice text = clean_line(x->a, slice_sub(slice_trim(line), 0, SHOWN_BYTES));

	if (x->s->n >= MOST_LINES) {
		x->s->beyond++;
		return;
	}
	*ARENA_PUSH(x->a, x->s->at, x->s->n) =
		(struct code_line){rel, number, arena_slice(x->a, text)};
}

static void search_text(struct searching *x, const char *rel, struct slice text)
{
	const struct forms *wanted = x->s->column.len ? &x->column : &x->table;
	struct slice line;
	size_t number = 0;

	/* A NUL byte: no text. */
	if (memchr(text.at, 0, text.len < 8000 ? text.len : 8000))
		return;
	x->s->files++;
	if (!has_form(text, &x->table) || (x->s->column.len && !has_form(text, &x->column)))
		return;
	while (slice_line(&text, &line)) {
		number++;
		if (has_form(line, wanted))
			keep_line(x, rel, number, line);
	}
}

static bool search_file(struct searching *x, const char *path, const char *rel, struct err *err)
{
	struct arena scratch = {0};
	struct slice text = SLICE_NONE;
	bool ok = io_read_head(&scratch, path, MOST_BYTES, &text, err);

	if (ok && text.len)
		search_text(x, rel, text);
	arena_done(&scratch);
	return ok;
}

static bool search_dir(struct searching *x, const char *rel, unsigned deep, struct err *err)
{
	const char *dir = io_join(x->a, x->root, rel);
	struct io_entry *v;
	size_t n;

	if (!io_entries(x->a, dir, &v, &n, err))
		return false;
	for (size_t i = 0; i < n; i++) {
		const char *name =
			rel[0] ? arena_printf(x->a, "%s/%s", rel, v[i].name).at : v[i].name;
		const char *path = io_join(x->a, x->root, name);

		/* Links are left alone: what they lead to is searched where it is. */
		if (v[i].kind == IO_ASK || is_left_out(x, v[i].name, name))
			continue;
		if (v[i].kind == IO_DIR) {
			if (deep < MOST_DEEP && !search_dir(x, name, deep + 1, err))
				return false;
		} else if (!search_file(x, path, name, err)) {
			return false;
		}
	}
	return true;
}

bool code_find(struct code_search *s, struct arena *a, const char *dir, struct err *err)
{
	struct searching x = {.s = s, .a = a, .root = dir};

	x.table = forms_of(a, s->table, true);
	if (s->column.len)
		x.column = forms_of(a, s->column, false);
	s->at = NULL;
	s->n = s->files = s->beyond = 0;
	return search_dir(&x, "", 0, err);
}
