/* config.c - belay.yml into plain structs, by table. */
#include "base/io.h"
#include "cli/cli.h"
#include "cli/config_internal.h"
#include "run/limits.h"

#include <stdlib.h>
#include <sys/stat.h>

bool config_bad(struct reading *r, const struct node *n, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	err_vset(r->err, ERR_INPUT, fmt, ap);
	va_end(ap);
	return err_span(r->err, n->at);
}

bool config_is_empty(const struct node *n)
{
	return n->kind == NODE_SCALAR && n->text[0] == 0;
}

bool config_scalar(struct reading *r, const struct node *n, const char *key, const char **out)
{
	if (n->kind != NODE_SCALAR)
		return config_bad(r, n, "%s wants one value", key);
	*out = n->text;
	return true;
}

bool config_texts(struct reading *r, const struct node *n, const char *key, const char ***out)
{
	const char **v;

	if (n->kind == NODE_SCALAR) {
		v = ARENA_ARRAY(r->arena, 2, const char *);
		v[0] = n->text;
		*out = v;
		return true;
	}
	if (n->kind != NODE_LIST || n->n == 0)
		return config_bad(r, n, "%s wants a list", key);
	v = ARENA_ARRAY(r->arena, n->n + 1, const char *);
	for (size_t i = 0; i < n->n; i++)
		if (!config_scalar(r, n->values[i], key, &v[i]))
			return false;
	*out = v;
	return true;
}

static bool yes_no(struct reading *r, const struct node *n, const char *key, bool *out)
{
	const char *text = NULL;

	if (!config_scalar(r, n, key, &text))
		return false;
	*out = strcmp(text, "true") == 0 || strcmp(text, "yes") == 0;
	if (*out || strcmp(text, "false") == 0 || strcmp(text, "no") == 0)
		return true;
	return config_bad(r, n, "%s wants true or false, not \"%s\"", key, text);
}

/* "200ms", "2s", "1500" (milliseconds) */
static bool duration(struct reading *r, const struct node *n, const char *key, int *out)
{
	const char *text = NULL;
	char *end;
	double v;

	if (!config_scalar(r, n, key, &text))
		return false;
	v = strtod(text, &end);
	if (end != text && strcmp(end, "s") == 0)
		v *= 1000;
	else if (end != text && strcmp(end, "m") == 0)
		v *= 60000;
	else if (end == text || (*end && strcmp(end, "ms") != 0))
		return config_bad(
			r, n, "%s wants a duration such as 200ms or 2s, not \"%s\"", key, text);
	if (v < 0 || v > 86400000)
		return config_bad(r, n, "%s is out of range: \"%s\"", key, text);
	*out = (int)v;
	return true;
}

bool config_walk(struct reading *r, const struct node *n, const struct key *keys, void *into,
	const char *where)
{
	if (n->kind != NODE_MAP)
		return config_bad(r, n, "%s wants keys and values", where);
	for (size_t i = 0; i < n->n; i++) {
		const char *name = n->keys[i]->text ? n->keys[i]->text : "";
		const char *words[48];
		const struct key *k = keys;
		size_t nwords = 0;

		while (k->name && strcmp(k->name, name) != 0)
			words[nwords++] = (k++)->name;
		if (!k->name) {
			const char *near = nearest_word(slice_of(name), words, nwords);

			config_bad(r, n->keys[i], "unknown key \"%s\" in %s", name, where);
			if (near)
				err_hint(r->err, "Did you mean %s?", near);
			return false;
		}
		for (size_t m = 0; m < i; m++)
			if (n->keys[m]->text && strcmp(n->keys[m]->text, name) == 0)
				return config_bad(
					r, n->keys[i], "\"%s\" is there twice in %s", name, where);
		if (!k->read(r, n->values[i], into))
			return false;
	}
	return true;
}

static bool read_config_server_version(struct reading *r, const struct node *n, void *into)
{
	struct config *c = into;

	if (!config_scalar(r, n, "server_version", &c->server_version))
		return false;
	if (version_is_text(slice_of(c->server_version)))
		return true;
	config_bad(r, n, "\"%s\" is not a server version", c->server_version);
	return err_hint(r->err, "Write it as the server does: 15, 10.11, 3.40.");
}

TEXT_KEY(config, dialect, "dialect")
TEXT_KEY(config, layout, "layout")
TEXT_KEY(config, base_schema, "base_schema")
TEXT_KEY(config, history_table, "history_table")
TEXT_KEY(config_env, url, "url")
TEXT_KEY(config_env, role, "role")

static bool read_migrations(struct reading *r, const struct node *n, void *into)
{
	struct config *c = into;

	if (n->kind == NODE_SCALAR) {
		*ARENA_PUSH(r->arena, c->migrations, c->nmigrations) = n->text;
		return true;
	}
	if (n->kind != NODE_LIST)
		return config_bad(r, n, "migrations wants a folder or a list of folders");
	for (size_t i = 0; i < n->n; i++) {
		const char *text = NULL;

		if (!config_scalar(r, n->values[i], "migrations", &text))
			return false;
		*ARENA_PUSH(r->arena, c->migrations, c->nmigrations) = text;
	}
	return true;
}

static bool read_placeholders(struct reading *r, const struct node *n, void *into)
{
	struct config *c = into;

	if (n->kind == NODE_SCALAR &&
		(strcmp(n->text, "false") == 0 || strcmp(n->text, "off") == 0)) {
		c->no_placeholders = true;
		return true;
	}
	if (n->kind != NODE_MAP)
		return config_bad(r, n, "placeholders wants names and values, or false");
	c->placeholders = arena_array(r->arena, n->n ? n->n : 1, sizeof *c->placeholders);
	for (size_t i = 0; i < n->n; i++) {
		const char *value = NULL;

		if (!config_scalar(r, n->values[i], "placeholders", &value))
			return false;
		c->placeholders[i][0] = slice_of(n->keys[i]->text ? n->keys[i]->text : "");
		if (!config_expand(r->arena, value, &c->placeholders[i][1], r->err))
			return err_span(r->err, n->values[i]->at);
	}
	c->nplaceholders = n->n;
	return true;
}

static bool read_journal(struct reading *r, const struct node *n, void *into)
{
	const char **where = into;

	if (n->kind == NODE_SCALAR)
		return config_scalar(r, n, "journal", where);
	if (n->kind == NODE_MAP && n->n == 1 && n->keys[0]->text &&
		(strcmp(n->keys[0]->text, "schema") == 0 ||
			strcmp(n->keys[0]->text, "prefix") == 0))
		return config_scalar(r, n->values[0], "journal", where);
	return config_bad(r, n, "journal wants schema: NAME or prefix: NAME");
}

static bool read_config_journal(struct reading *r, const struct node *n, void *into)
{
	return read_journal(r, n, &((struct config *)into)->journal);
}

static bool read_env_journal(struct reading *r, const struct node *n, void *into)
{
	return read_journal(r, n, &((struct config_env *)into)->journal);
}

static bool read_env_window(struct reading *r, const struct node *n, void *into)
{
	struct config_env *e = into;
	const char *text = NULL;

	if (!config_scalar(r, n, "window", &text))
		return false;
	return window_parse(slice_of(text), &e->window, r->err) || err_span(r->err, n->at);
}

/* A list of words, or a line that is parted at its blanks: there is no shell. */
static bool read_hook(
	struct reading *r, const struct node *n, const char *key, struct config_hook *out)
{
	struct slice rest, word;
	size_t size = 0;

	if (n->kind == NODE_LIST) {
		for (size_t i = 0; i < n->n; i++) {
			const char *text = NULL;

			if (!config_scalar(r, n->values[i], key, &text))
				return false;
			*ARENA_PUSH(r->arena, out->argv, out->n) = text;
		}
	} else if (n->kind == NODE_SCALAR) {
		rest = slice_of(n->text);
		while (slice_next(&rest, ' ', &word))
			if (word.len)
				*ARENA_PUSH(r->arena, out->argv, out->n) =
					arena_cstr(r->arena, word);
	}
	if (out->n == 0)
		return config_bad(r, n, "%s wants a program and its arguments", key);
	size = out->n;
	*ARENA_PUSH(r->arena, out->argv, size) = NULL;
	return true;
}

static bool read_before_up(struct reading *r, const struct node *n, void *into)
{
	return read_hook(r, n, "before_up", &((struct config *)into)->before_up);
}

static bool read_after_up(struct reading *r, const struct node *n, void *into)
{
	return read_hook(r, n, "after_up", &((struct config *)into)->after_up);
}

static bool read_on_block(struct reading *r, const struct node *n, void *into)
{
	return read_hook(r, n, "on_block", &((struct config *)into)->on_block);
}

static bool read_hooks(struct reading *r, const struct node *n, void *into)
{
	static const struct key keys[] = {{"before_up", read_before_up},
		{"after_up", read_after_up}, {"on_block", read_on_block}, {NULL, NULL}};

	return config_is_empty(n) || config_walk(r, n, keys, into, "hooks");
}

/* ---- batches ---- */

static bool read_limit(struct reading *r, const struct node *n, const char *name, void *into)
{
	struct err why = {0};
	const char *text = NULL;
	bool ok;

	if (!config_scalar(r, n, name, &text))
		return false;
	ok = limit_set(into, slice_of(name), slice_of(text), &why) ||
	     config_bad(r, n, "%s", why.message);
	err_done(&why);
	return ok;
}

#define LIMIT(name)                                                                                \
	static bool read_##name(struct reading *r, const struct node *n, void *into)               \
	{                                                                                          \
		return read_limit(r, n, #name, into);                                              \
	}
LIMIT(target_ms)
LIMIT(max_rows)
LIMIT(max_lag)
LIMIT(max_commit)
LIMIT(max_active)
LIMIT(max_wal)
LIMIT(max_history)
LIMIT(max_snapshot)
LIMIT(parallel)
LIMIT(window)
#undef LIMIT

static bool read_batch_query(struct reading *r, const struct node *n, void *into)
{
	const char *text = NULL;

	if (!config_scalar(r, n, "pause_query", &text))
		return false;
	if (!slice_istarts(slice_trim(slice_of(text)), "select"))
		return config_bad(r, n, "pause_query wants a SELECT that says true or false");
	((struct batch_limits *)into)->pause_query = slice_of(text);
	return true;
}

static bool read_replicas(struct reading *r, const struct node *n, void *into)
{
	const char **v;

	if (!config_texts(r, n, "replicas", &v))
		return false;
	for (size_t i = 0; v[i]; i++)
		names_add(r->arena, &((struct batch_limits *)into)->replicas, slice_of(v[i]));
	return true;
}

static bool read_batch_file(struct reading *r, const struct node *n, void *into)
{
	return config_scalar(r, n, "pause_file", &((struct batch_limits *)into)->pause_file);
}

static bool read_batches(struct reading *r, const struct node *n, void *into)
{
	static const struct key keys[] = {{"target_ms", read_target_ms},
		{"max_rows", read_max_rows}, {"max_lag", read_max_lag},
		{"max_commit", read_max_commit}, {"max_active", read_max_active},
		{"max_wal", read_max_wal}, {"max_history", read_max_history},
		{"max_snapshot", read_max_snapshot}, {"parallel", read_parallel},
		{"window", read_window}, {"replicas", read_replicas},
		{"pause_query", read_batch_query}, {"pause_file", read_batch_file}, {NULL, NULL}};

	return config_is_empty(n) ||
	       config_walk(r, n, keys, &((struct config *)into)->batches, "batches");
}

static bool read_env_protected(struct reading *r, const struct node *n, void *into)
{
	return yes_no(r, n, "protected", &((struct config_env *)into)->protected_);
}

static bool read_env_receipt(struct reading *r, const struct node *n, void *into)
{
	return yes_no(r, n, "require_receipt", &((struct config_env *)into)->require_receipt);
}

static bool read_budget_wait(struct reading *r, const struct node *n, void *into)
{
	return duration(r, n, "wait", &((struct config_env *)into)->wait_ms);
}

static bool read_budget_hold(struct reading *r, const struct node *n, void *into)
{
	return duration(r, n, "hold", &((struct config_env *)into)->hold_ms);
}

static bool read_env_budget(struct reading *r, const struct node *n, void *into)
{
	static const struct key keys[] = {
		{"wait", read_budget_wait}, {"hold", read_budget_hold}, {NULL, NULL}};

	return config_walk(r, n, keys, into, "budget");
}

static bool read_environments(struct reading *r, const struct node *n, void *into)
{
	static const struct key keys[] = {{"url", read_config_env_url},
		{"role", read_config_env_role}, {"window", read_env_window},
		{"protected", read_env_protected}, {"require_receipt", read_env_receipt},
		{"journal", read_env_journal}, {"budget", read_env_budget},
		{"backup", config_env_backup}, {NULL, NULL}};
	struct config *c = into;

	if (config_is_empty(n))
		return true;
	if (n->kind != NODE_MAP)
		return config_bad(r, n, "environments wants names");
	for (size_t i = 0; i < n->n; i++) {
		struct config_env e = {.name = n->keys[i]->text ? n->keys[i]->text : "",
			.wait_ms = -1,
			.hold_ms = -1};

		if (!config_walk(r, n->values[i], keys, &e, "environments"))
			return false;
		*ARENA_PUSH(r->arena, c->envs, c->nenvs) = e;
	}
	return true;
}

static bool read_out_of_order(struct reading *r, const struct node *n, void *into)
{
	return yes_no(r, n, "out_of_order", &((struct config *)into)->out_of_order);
}

static bool read_ignore_missing(struct reading *r, const struct node *n, void *into)
{
	return yes_no(r, n, "ignore_missing", &((struct config *)into)->ignore_missing);
}

static const struct key top[] = {{"dialect", read_config_dialect},
	{"server_version", read_config_server_version}, {"layout", read_config_layout},
	{"migrations", read_migrations}, {"base_schema", read_config_base_schema},
	{"history_table", read_config_history_table}, {"placeholders", read_placeholders},
	{"environments", read_environments}, {"journal", read_config_journal},
	{"hooks", read_hooks}, {"batches", read_batches}, {"backups", config_backups},
	{"out_of_order", read_out_of_order}, {"ignore_missing", read_ignore_missing}};

/* The rows above and those of config_lint.c as one table. */
static const struct key *all_keys(struct arena *a)
{
	size_t n = sizeof top / sizeof *top, more = 0;
	struct key *v;

	while (config_lint_keys[more].name)
		more++;
	v = ARENA_ARRAY(a, n + more + 1, struct key);
	memcpy(v, top, sizeof top);
	memcpy(v + n, config_lint_keys, more * sizeof *v);
	return v;
}

/* Anything of that name, a broken link too: what is there and cannot be read is not passed over. */
static bool is_there(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

/* A configuration is a file: a folder or a pipe of that name is a mistake, and a pipe would make
 * everybody wait. What the shell hands over for <(…) is read. */
static bool must_be_file(const char *path, const char *shown, struct err *err)
{
	if (io_is_file(path) || strncmp(path, "/dev/", 5) == 0 || strncmp(path, "/proc/", 6) == 0)
		return true;
	if (!is_there(path))
		return err_set(err, ERR_INPUT, "cannot read \"%s\": there is no such file", shown);
	err_set(err, ERR_INPUT, "cannot read \"%s\": it is %s", shown,
		io_is_dir(path) ? "a folder, not a file" : "not a file");
	return err_hint(err, "Rename it, or name the configuration with --config FILE.");
}

bool config_read(
	struct config *out, struct arena *a, const char *root, const char *path, struct err *err)
{
	static const char *const usual[] = {"belay.yml", "belay.yaml"};
	struct reading r = {.out = out, .arena = a, .err = err};
	const char *full = path ? path : NULL;
	struct source *src = ARENA_NEW(a, struct source);
	struct node *tree;
	struct slice text;

	*out = (struct config){0};
	for (size_t i = 0; !full && i < 2; i++)
		if (is_there(io_join(a, root, usual[i]))) {
			full = io_join(a, root, usual[i]);
			path = usual[i];
		}
	if (!full)
		return true;
	if (!must_be_file(full, path, err) || !io_read(a, full, &text, err))
		return false;
	out->path = path;
	source_init(src, a, path, text);
	if (!config_tree(a, src, &tree, err))
		return false;
	if (!tree || config_is_empty(tree))
		return true;
	return config_walk(&r, tree, all_keys(a), out, "belay.yml");
}

const struct config_env *config_env(const struct config *c, const char *name)
{
	for (size_t i = 0; i < c->nenvs; i++)
		if (strcmp(c->envs[i].name, name) == 0)
			return &c->envs[i];
	return NULL;
}

bool config_expand(struct arena *a, const char *value, struct slice *out, struct err *err)
{
	struct buf b = {0};
	const char *p = value;

	while (*p) {
		const char *end = p[0] == '$' && p[1] == '{' ? strchr(p, '}') : NULL;

		if (end) {
			char *name = arena_cstr(a, slice_n(p + 2, (size_t)(end - p - 2)));
			const char *v = getenv(name);

			if (!v) {
				buf_done(&b);
				err_set(err, ERR_INPUT, "the environment variable %s is not set",
					name);
				return false;
			}
			buf_adds(&b, v);
			p = end + 1;
		} else {
			buf_addc(&b, *p++);
		}
	}
	*out = arena_slice(a, buf_slice(&b));
	buf_done(&b);
	return true;
}
