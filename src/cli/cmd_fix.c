/* cmd_fix.c - belay fix: the safe version of migrations that are not applied yet, as a diff.
 *
 * A migration whose unsafe statements have a recipe becomes the steps of those recipes; what stands
 * between them stays as it is. One step takes the file's own place and keeps its down script; of
 * several the first takes the place, and the others are numbered behind the last migration, so they
 * are only made for the last one. */
#include "base/io.h"
#include "cli/steps.h"

#include <stdint.h>

struct fixing {
	struct cli *cli;
	struct project *project;
	struct schema_now now;
	struct verdict verdict;
	const char **paths; /* chosen ones; all when n is 0 and `some` is not set */
	size_t npaths;
	bool some;
	struct new_file *files; /* as they shall be */
	size_t nfiles;
	struct buf notes; /* what stays unsafe, and why */
};

/* ---- Which statements ---- */

static bool is_below(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	while (n && dir[n - 1] == '/')
		n--;
	return strcmp(dir, ".") == 0 || n == 0 ||
	       (strncmp(path, dir, n) == 0 && (path[n] == '/' || path[n] == 0));
}

static bool chosen(void *ctx, const char *path)
{
	const struct fixing *x = ctx;

	for (size_t i = 0; i < x->npaths; i++)
		if (is_below(path, x->paths[i]))
			return true;
	return !x->some;
}

static const struct finding *finding_of(
	const struct fixing *x, const struct migration *m, const struct statement *st)
{
	for (size_t i = 0; i < x->verdict.nfindings; i++) {
		const struct finding *f = &x->verdict.findings[i];

		if (f->migration == m && f->statement == (int)st->index && !f->suppressed &&
			f->span.src == m->up.src && f->span.off >= st->span.off &&
			f->span.off <= st->span.off + st->span.len &&
			recipe_for_rule(f->rule->id, x->now.engine->dialect, x->now.version))
			return f;
	}
	return NULL;
}

static void note(struct fixing *x, const struct finding *f, struct slice why)
{
	struct place p = span_place(f->span);

	buf_printf(&x->notes, "%s:%zu: %s is not fixed: %.*s\n", f->span.src->path, p.line,
		f->rule->id, SLICE(why));
}

/* ---- One migration ---- */

struct rewriting {
	struct fixing *x;
	const struct migration *m;
	struct safe_step **steps;
	size_t n;
	struct safe_step *open;  /* statements that stay as they are */
	struct safe_step *first; /* the first of those */
	bool any;
};

/* The author's comments before a statement, without directives. */
static struct slice comments_of(struct arena *a, const struct statement *st)
{
	struct slice rest = st->leading, line;
	struct buf b = {0};
	struct slice s;

	while (slice_line(&rest, &line)) {
		struct slice t = slice_trim(line);

		if (t.len && !slice_starts(t, "-- belay:"))
			buf_printf(&b, "%.*s\n", SLICE(t));
	}
	s = arena_slice(a, buf_slice(&b));
	buf_done(&b);
	return s;
}

static struct safe_step *new_step(struct rewriting *r)
{
	struct arena *a = &r->x->cli->arena;
	struct safe_step *s = ARENA_NEW(a, struct safe_step);

	*ARENA_PUSH(a, r->steps, r->n) = s;
	return s;
}

static void add_piece(struct arena *a, struct piece_list *to, struct slice text)
{
	*ARENA_PUSH(a, to->at, to->n) = text;
}

/* An index on a table that this migration made needs only that table: it goes to where the table is
 * made, for in a migration of its own it would have to wait for writers. */
static bool belongs_to_first(const struct rewriting *r, const struct statement *st)
{
	const struct session *s = &r->x->now.session;
	const struct object *o;

	return r->first && st->nchanges == 1 && st->changes[0].kind == CHANGE_CREATE_INDEX &&
	       s->in_tx &&
	       catalog_find(r->x->now.catalog, s, OBJECT_TABLE, st->changes[0].target, &o) ==
		       PRESENT &&
	       o->born_tx && o->born_tx == s->tx;
}

static struct safe_step *kept_step(struct rewriting *r, const struct statement *st)
{
	if (belongs_to_first(r, st))
		return r->first;
	if (!r->open) {
		r->open = new_step(r);
		r->open->name = "more";
		r->open->no_tx = r->m->up.tx == TX_MODE_NONE;
		if (!r->first)
			r->first = r->open;
	}
	return r->open;
}

static void keep(struct rewriting *r, const struct statement *st, const struct rewrite_input *in)
{
	struct arena *a = &r->x->cli->arena;
	struct safe_step *s = kept_step(r, st);
	struct rewritten plain;
	struct piece_list down;

	add_piece(a, &s->up,
		arena_printf(a, "%.*s%.*s", SLICE(comments_of(a, st)), SLICE(slice_trim(st->raw))));
	rewrite_plainly(in, &plain);
	if (plain.steps[0]->one_way || s->one_way) {
		s->one_way = true;
		s->down = (struct piece_list){0};
		return;
	}
	down = plain.steps[0]->down;
	for (size_t i = 0; i < s->down.n; i++)
		add_piece(a, &down, s->down.at[i]);
	s->down = down;
}

static void comment_first(struct arena *a, struct safe_step *s, struct slice comments)
{
	if (comments.len && s->up.n && !slice_starts(s->up.at[0], "BEGIN"))
		s->up.at[0] = arena_printf(a, "%.*s%.*s", SLICE(comments), SLICE(s->up.at[0]));
}

static const char *unusable(const struct rewritten *out)
{
	for (size_t i = 0; i < out->n; i++)
		if (out->steps[i]->needs_value)
			return "the rows that are there need a value that only you know (belay new "
			       "--fill)";
	return NULL;
}

static void one_statement(struct rewriting *r, const struct statement *st)
{
	struct fixing *x = r->x;
	struct arena *a = &x->cli->arena;
	struct effect effect = {0};
	struct rewrite_input in = {.arena = a,
		.before = x->now.catalog,
		.session = &x->now.session,
		.statement = st,
		.effect = &effect,
		.dialect = x->now.engine->dialect,
		.version = x->now.version,
		.one_message = sends_one_message(x->project->layout)};
	const struct finding *f = finding_of(x, r->m, st);
	enum rewrite_result result = REWRITE_AS_IS;
	struct rewritten out = {0};
	struct slice why;

	x->now.engine->effects(a, x->now.catalog, &x->now.session, st, &effect);
	if (f)
		result = rewrite_statement(&in, &out);
	if (result == REWRITE_STEPS && unusable(&out)) {
		note(x, f, slice_of(unusable(&out)));
		result = REWRITE_AS_IS;
	} else if (result == REWRITE_REFUSED) {
		note(x, f, out.refused);
		result = REWRITE_AS_IS;
	}
	if (result == REWRITE_STEPS) {
		r->open = NULL;
		r->any = true;
		comment_first(a, out.steps[0], comments_of(a, st));
		for (size_t i = 0; i < out.n; i++)
			*ARENA_PUSH(a, r->steps, r->n) = out.steps[i];
	} else {
		keep(r, st, &in);
	}
	catalog_apply_statement(x->now.catalog, &x->now.session, st, &why);
}

/* ---- Its files ---- */

static struct slice whole_down(struct arena *a, const struct migration *m)
{
	if (!m->down.src)
		return SLICE_NONE;
	return arena_slice(a, slice_trim(slice_sub(m->down.src->text, m->down.off, m->down.len)));
}

/* 003_name of 003_name.up.sql, 20240101_name of a folder. */
static struct slice stem_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	struct slice s = slice_of(slash ? slash + 1 : path);

	if (slice_is(s, "up.sql") || slice_is(s, "migration.sql")) {
		s = slice_n(path, (size_t)(slash - path));
		slash = memrchr(s.at, '/', s.len);
		return slash ? slice_n(slash + 1, (size_t)(s.at + s.len - slash - 1)) : s;
	}
	for (const char *const *e = (const char *const[]){".up.sql", ".sql", NULL}; *e; e++)
		if (slice_ends(s, *e))
			return slice_sub(s, 0, s.len - strlen(*e));
	return s;
}

/* The path that the layout would give it, under the name that it has. */
static const char *in_place(struct cli *c, const char *path, struct slice new, struct slice old)
{
	size_t at = slice_find(slice_of(path), new);

	if (at == SIZE_MAX)
		return path;
	return arena_printf(&c->arena, "%.*s%.*s%s", (int)at, path, SLICE(old), path + at + new.len)
		.at;
}

static void put(struct fixing *x, const char *path, struct slice text)
{
	*ARENA_PUSH(&x->cli->arena, x->files, x->nfiles) = (struct new_file){path, text};
}

static bool first_file(
	struct rewriting *r, const struct step_text *t, bool keeps_down, struct err *err)
{
	struct fixing *x = r->x;
	struct cli *c = x->cli;
	struct slice down = keeps_down ? whole_down(&c->arena, r->m) : t->down;
	struct new_file *made;
	struct slice stem;
	size_t n;

	if (!x->project->layout->new_files(
		    x->project, &c->arena, r->m->name, t->up, down, &made, &n, err))
		return false;
	stem = stem_of(made[0].path);
	for (size_t i = 0; i < n; i++)
		put(x, i == 0 ? r->m->path : in_place(c, made[i].path, stem, stem_of(r->m->path)),
			made[i].text);
	/* A down script in a file of its own, in a folder of its own. */
	if (n == 1 && r->m->down.src && r->m->down.src != r->m->up.src && !keeps_down)
		put(x, r->m->down.src->path, t->down);
	return true;
}

static bool is_last(const struct fixing *x, const struct migration *m)
{
	for (const struct migration *k = m + 1;
		k < x->project->migrations + x->project->nmigrations; k++)
		if (!k->repeatable)
			return false;
	return true;
}

static bool write_steps(struct rewriting *r, struct err *err)
{
	struct fixing *x = r->x;
	struct arena *a = &x->cli->arena;
	bool one_message = sends_one_message(x->project->layout);
	struct step_text t = step_text(a, r->steps[0], 0, r->n, one_message);
	struct new_file *more;
	size_t n;

	if (r->n > 1 && !is_last(x, r->m)) {
		buf_printf(&x->notes,
			"%s is not fixed: it becomes %zu migrations, and others follow it; make it "
			"the last one first\n",
			r->m->path, r->n);
		return true;
	}
	if (!first_file(r, &t, r->n == 1, err))
		return false;
	if (r->n > 1 && !steps_files(x->cli, x->project, file_word(a, r->m->name), r->steps, 1,
				r->n, &more, &n, err))
		return false;
	for (size_t i = 0; r->n > 1 && i < n; i++)
		put(x, more[i].path, more[i].text);
	return true;
}

static bool one_migration(struct fixing *x, const struct migration *m, struct err *err)
{
	struct rewriting r = {.x = x, .m = m};
	struct script s;
	bool tx = m->up.tx != TX_MODE_NONE;

	if (!script_read(x->now.engine, x->now.reader, &x->cli->arena, m->up.src, m->up.off,
		    m->up.len, &s, err))
		return false;
	if (tx)
		session_begin(&x->now.session, x->now.catalog, true);
	for (size_t i = 0; i < s.n; i++)
		one_statement(&r, &s.at[i]);
	if (x->now.session.in_tx)
		session_end(&x->now.session, x->now.catalog, true);
	return !r.any || write_steps(&r, err);
}

static bool walk(struct fixing *x, struct err *err)
{
	struct cli *c = x->cli;
	struct source *base = NULL;

	if (!cli_base_schema(c, x->project, &base, err) ||
		(base && !schema_now_replay(c, &x->now, base, 0, base->text.len, err)))
		return false;
	for (size_t i = 0; i < x->project->nmigrations; i++) {
		const struct migration *m = &x->project->migrations[i];

		if (m->code)
			catalog_taint(x->now.catalog, &x->now.session, SL("*"));
		if (!m->up.src || m->baseline)
			continue;
		if (chosen(x, m->up.src->path) ? !one_migration(x, m, err)
					       : !schema_now_replay(c, &x->now, m->up.src,
							 m->up.off, m->up.len, err))
			return false;
	}
	return true;
}

/* ---- The diff ---- */

struct lines {
	struct slice *at;
	size_t n;
};

static struct lines lines_of(struct arena *a, struct slice text)
{
	struct lines l = {0};
	struct slice line;

	while (slice_line(&text, &line))
		*ARENA_PUSH(a, l.at, l.n) = line;
	return l;
}

/* Longest common subsequence; migrations are short. */
static unsigned *common(struct arena *a, const struct lines *x, const struct lines *y)
{
	size_t w = y->n + 1;
	unsigned *t = ARENA_ARRAY(a, (x->n + 1) * w, unsigned);

	for (size_t i = x->n; i-- > 0;)
		for (size_t k = y->n; k-- > 0;) {
			unsigned right = t[i * w + k + 1], below = t[(i + 1) * w + k];

			t[i * w + k] = slice_eq(x->at[i], y->at[k]) ? t[(i + 1) * w + k + 1] + 1
				       : below > right              ? below
								    : right;
		}
	return t;
}

static void diff_file(struct cli *c, struct buf *out, const char *path, bool is_new,
	struct slice before, struct slice after)
{
	struct lines x = lines_of(&c->arena, before), y = lines_of(&c->arena, after);
	size_t i = 0, k = 0, w = y.n + 1;
	unsigned *t = x.n * y.n < 25000000 ? common(&c->arena, &x, &y) : NULL;

	buf_printf(
		out, "--- %s%s\n+++ b/%s\n", is_new ? "/dev/null" : "a/", is_new ? "" : path, path);
	buf_printf(out, "@@ -%d,%zu +%d,%zu @@\n", x.n ? 1 : 0, x.n, y.n ? 1 : 0, y.n);
	while (i < x.n || k < y.n) {
		if (t && i < x.n && k < y.n && slice_eq(x.at[i], y.at[k])) {
			buf_printf(out, " %.*s\n", SLICE(x.at[i]));
			i++;
			k++;
		} else if (i < x.n && (k == y.n || !t || t[(i + 1) * w + k] >= t[i * w + k + 1])) {
			buf_printf(out, "-%.*s\n", SLICE(x.at[i]));
			i++;
		} else {
			buf_printf(out, "+%.*s\n", SLICE(y.at[k]));
			k++;
		}
	}
}

static bool diff_all(struct fixing *x, struct buf *out, struct err *err)
{
	struct cli *c = x->cli;

	for (size_t i = 0; i < x->nfiles; i++) {
		const char *full = io_join(&c->arena, c->root, x->files[i].path);
		struct slice before = SLICE_NONE;
		bool there = io_is_file(full);

		if (there && !io_read(&c->arena, full, &before, err))
			return false;
		if (!there || !slice_eq(before, x->files[i].text))
			diff_file(c, out, x->files[i].path, !there, before, x->files[i].text);
	}
	return true;
}

static bool write_all(struct fixing *x, struct err *err)
{
	struct cli *c = x->cli;

	for (size_t i = 0; i < x->nfiles; i++) {
		const char *full = io_join(&c->arena, c->root, x->files[i].path);

		if (io_is_file(full) ? !io_write(full, x->files[i].text, 0644, err)
				     : !files_write(c, &x->files[i], 1, err))
			return false;
		if (cli_wants(c, "text"))
			printf("%s\n", x->files[i].path);
	}
	return true;
}

static bool print_json(struct fixing *x, struct slice diff, bool written, struct err *err)
{
	struct slice notes = buf_slice(&x->notes), line;
	struct buf b = {0};
	struct json j;
	bool ok;

	json_init(&j, &b);
	json_object(&j);
	report_head(&j, "fix/1");
	json_kbool(&j, "written", written);
	json_key(&j, "files");
	json_array(&j);
	for (size_t i = 0; i < x->nfiles; i++)
		json_cstr(&j, x->files[i].path);
	json_end(&j);
	json_kstr(&j, "diff", diff);
	json_key(&j, "not_fixed");
	json_array(&j);
	while (slice_line(&notes, &line))
		json_str(&j, line);
	json_end(&j);
	json_end(&j);
	buf_addc(&b, '\n');
	ok = cli_emit(x->cli, "json", buf_slice(&b), err);
	buf_done(&b);
	return ok;
}

/* ---- The command ---- */

/* What was named must be there, and be a migration: the steps are written as its layout wants. */
static bool is_known(struct fixing *x, const char *path, struct err *err)
{
	struct cli *c = x->cli;
	const char *full = io_join(&c->arena, c->root, path);

	for (size_t i = 0; i < x->project->nmigrations; i++)
		if (x->project->migrations[i].path &&
			is_below(x->project->migrations[i].path, path))
			return true;
	if (!io_is_file(full) && !io_is_dir(full))
		return err_set(
			err, ERR_INPUT, "cannot read \"%s\": No such file or directory", path);
	err_set(err, ERR_INPUT, "\"%s\" holds no migration of this project", path);
	return err_hint(err, "belay check %s shows the safe form of each finding.", path);
}

static bool choose(struct fixing *x, struct err *err)
{
	struct cli *c = x->cli;
	bool known;

	x->paths = c->args;
	x->npaths = c->nargs;
	if (cli_text(c, "since")) {
		if (!cli_changed(c, &x->paths, &x->npaths, &known, err))
			return false;
	} else if (cli_flag(c, "write") && c->nargs == 0) {
		err_set(err, ERR_INPUT, "--write wants to know which migrations");
		return err_hint(err,
			"Name them, or say --since GITREF; without --write the diff is "
			"shown.");
	}
	x->some = c->nargs > 0 || cli_text(c, "since");
	for (size_t i = 0; i < c->nargs; i++)
		if (!is_known(x, c->args[i], err))
			return false;
	return true;
}

static bool judge_them(struct fixing *x, struct err *err)
{
	struct cli *c = x->cli;
	struct judge_input in = {.engine = x->now.engine,
		.version = x->now.version,
		.project = x->project,
		.settings = c->config.rules,
		.nsettings = c->config.nrules,
		.allows = c->config.allows,
		.nallows = c->config.nallows,
		.start_after = c->config.start_after,
		.today = cli_today(&c->arena),
		.report_this = chosen,
		.report_ctx = x};

	return cli_base_schema(c, x->project, &in.base_schema, err) &&
	       judge(&x->verdict, &c->arena, &in, err);
}

static bool fix(struct fixing *x, struct buf *diff, struct err *err)
{
	struct cli *c = x->cli;
	bool write = cli_flag(c, "write"), ok;

	ok = choose(x, err) && schema_now_empty(c, x->project, &x->now, err) &&
	     judge_them(x, err) && walk(x, err) && diff_all(x, diff, err);
	if (ok && write)
		ok = write_all(x, err);
	if (ok && !write && cli_wants(c, "text"))
		ok = cli_emit(c, "text", buf_slice(diff), err);
	if (ok && cli_wants(c, "json"))
		ok = print_json(x, buf_slice(diff), write, err);
	if (ok && !c->quiet && x->notes.len)
		fprintf(stderr, "%s", buf_cstr(&x->notes));
	return ok;
}

int cmd_fix(struct cli *c, struct err *err)
{
	struct project p = {0};
	struct fixing x = {.cli = c, .project = &p};
	struct buf diff = {0};
	bool ok = cli_project(c, &p, true, err) && fix(&x, &diff, err);
	int code = !ok ? 2 : diff.len && !cli_flag(c, "write") ? 1 : 0;

	schema_now_close(&x.now);
	buf_done(&x.notes);
	buf_done(&diff);
	return code;
}
