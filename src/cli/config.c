/* config.c - belay.yml, read event by event with libyaml into plain structs. */
#include "cli/config.h"

#include "base/io.h"
#include "cli/cli.h"

#include <stdlib.h>
#include <yaml.h>

/* A small tree: what YAML says, with the line of each node for errors. */
enum node_kind { NODE_SCALAR, NODE_MAP, NODE_LIST };
struct node {
	enum node_kind kind;
	const char *text; /* scalar */
	struct node **keys, **values;
	size_t n;
	size_t line;
};

struct yaml_reader {
	struct arena *arena;
	yaml_parser_t parser;
	const char *path;
	struct err *err;
};

static bool next_event(struct yaml_reader *y, yaml_event_t *e)
{
	if (yaml_parser_parse(&y->parser, e))
		return true;
	err_set(y->err, ERR_INPUT, "cannot read the configuration: %s",
		y->parser.problem ? y->parser.problem : "not YAML");
	return err_at(y->err, y->path, y->parser.problem_mark.line + 1,
		y->parser.problem_mark.column + 1, y->parser.problem_mark.column + 1);
}

static struct node *read_node(struct yaml_reader *y, yaml_event_t *first, unsigned depth);

static bool read_children(
	struct yaml_reader *y, struct node *n, yaml_event_type_t end, unsigned depth)
{
	size_t nkeys = 0;

	for (;;) {
		struct node *child;
		yaml_event_t e;

		if (!next_event(y, &e))
			return false;
		if (e.type == end) {
			yaml_event_delete(&e);
			return true;
		}
		child = read_node(y, &e, depth + 1);
		if (!child)
			return false;
		if (n->kind == NODE_MAP && nkeys == n->n)
			*ARENA_PUSH(y->arena, n->keys, nkeys) = child;
		else
			*ARENA_PUSH(y->arena, n->values, n->n) = child;
	}
}

static struct node *read_node(struct yaml_reader *y, yaml_event_t *first, unsigned depth)
{
	struct node *n = ARENA_NEW(y->arena, struct node);
	yaml_event_type_t type = first->type;

	n->line = first->start_mark.line + 1;
	if (type == YAML_SCALAR_EVENT)
		n->text = arena_cstr(y->arena,
			slice_n((const char *)first->data.scalar.value, first->data.scalar.length));
	yaml_event_delete(first);
	if (type == YAML_SCALAR_EVENT)
		return n;
	if (type == YAML_ALIAS_EVENT || depth > 20) {
		err_set(y->err, ERR_INPUT, "aliases and deep nesting are not used in belay.yml");
		err_at(y->err, y->path, n->line, 0, 0);
		return NULL;
	}
	n->kind = type == YAML_MAPPING_START_EVENT ? NODE_MAP : NODE_LIST;
	if (!read_children(y, n,
		    type == YAML_MAPPING_START_EVENT ? YAML_MAPPING_END_EVENT
						     : YAML_SEQUENCE_END_EVENT,
		    depth))
		return NULL;
	return n;
}

static bool read_document(struct yaml_reader *y, struct slice text, struct node **root)
{
	yaml_event_t e;
	bool ok = true;

	*root = NULL;
	if (!yaml_parser_initialize(&y->parser))
		alloc_failed(sizeof y->parser);
	yaml_parser_set_input_string(
		&y->parser, (const unsigned char *)(text.at ? text.at : ""), text.len);
	while (ok && !*root) {
		bool end;

		ok = next_event(y, &e);
		if (!ok)
			break;
		end = e.type == YAML_STREAM_END_EVENT;
		if (e.type == YAML_SCALAR_EVENT || e.type == YAML_MAPPING_START_EVENT ||
			e.type == YAML_SEQUENCE_START_EVENT || e.type == YAML_ALIAS_EVENT) {
			*root = read_node(y, &e, 0);
			ok = *root != NULL;
			break;
		}
		yaml_event_delete(&e);
		if (end)
			break;
	}
	yaml_parser_delete(&y->parser);
	return ok;
}

/* ---- From the tree into the struct, by table ---- */

struct reading {
	struct config *out;
	struct arena *arena;
	struct err *err;
};

static bool bad(struct reading *r, const struct node *n, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static bool bad(struct reading *r, const struct node *n, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	err_vset(r->err, ERR_INPUT, fmt, ap);
	va_end(ap);
	return err_at(r->err, r->out->path, n->line, 0, 0);
}

static bool scalar(struct reading *r, const struct node *n, const char *key, const char **out)
{
	if (n->kind != NODE_SCALAR)
		return bad(r, n, "%s wants one value", key);
	*out = n->text;
	return true;
}

static bool yes_no(struct reading *r, const struct node *n, const char *key, bool *out)
{
	const char *text = NULL;

	if (!scalar(r, n, key, &text))
		return false;
	*out = strcmp(text, "true") == 0 || strcmp(text, "yes") == 0;
	if (*out || strcmp(text, "false") == 0 || strcmp(text, "no") == 0)
		return true;
	return bad(r, n, "%s wants true or false, not \"%s\"", key, text);
}

/* "200ms", "2s", "1500" (milliseconds) */
static bool duration(struct reading *r, const struct node *n, const char *key, int *out)
{
	const char *text = NULL;
	char *end;
	double v;

	if (!scalar(r, n, key, &text))
		return false;
	v = strtod(text, &end);
	if (end != text && strcmp(end, "s") == 0)
		v *= 1000;
	else if (end != text && strcmp(end, "m") == 0)
		v *= 60000;
	else if (end == text || (*end && strcmp(end, "ms") != 0))
		return bad(r, n, "%s wants a duration such as 200ms or 2s, not \"%s\"", key, text);
	if (v < 0 || v > 86400000)
		return bad(r, n, "%s is out of range: \"%s\"", key, text);
	*out = (int)v;
	return true;
}

struct key {
	const char *name;
	bool (*read)(struct reading *r, const struct node *n, void *into);
};

static bool walk(struct reading *r, const struct node *n, const struct key *keys, void *into,
	const char *where)
{
	if (n->kind != NODE_MAP)
		return bad(r, n, "%s wants keys and values", where);
	for (size_t i = 0; i < n->n; i++) {
		const char *name = n->keys[i]->text ? n->keys[i]->text : "";
		const char *words[48];
		const struct key *k = keys;
		size_t nwords = 0;

		while (k->name && strcmp(k->name, name) != 0)
			words[nwords++] = (k++)->name;
		if (!k->name) {
			const char *near = nearest_word(slice_of(name), words, nwords);

			bad(r, n->keys[i], "unknown key \"%s\" in %s", name, where);
			if (near)
				err_hint(r->err, "Did you mean %s?", near);
			return false;
		}
		if (!k->read(r, n->values[i], into))
			return false;
	}
	return true;
}

#define TEXT_KEY(type, member, key_name)                                                           \
	static bool read_##type##_##member(struct reading *r, const struct node *n, void *into)    \
	{                                                                                          \
		return scalar(r, n, key_name, &((struct type *)into)->member);                     \
	}
TEXT_KEY(config, dialect, "dialect")
TEXT_KEY(config, server_version, "server_version")
TEXT_KEY(config, layout, "layout")
TEXT_KEY(config, base_schema, "base_schema")
TEXT_KEY(config, history_table, "history_table")
TEXT_KEY(config, start_after, "start_after")
TEXT_KEY(config, baseline, "baseline")
TEXT_KEY(config_env, url, "url")
TEXT_KEY(config_env, role, "role")
TEXT_KEY(config_env, window, "window")
TEXT_KEY(allow_setting, file, "file")
TEXT_KEY(allow_setting, rule, "rule")
TEXT_KEY(allow_setting, fingerprint, "fingerprint")
TEXT_KEY(allow_setting, until, "until")
TEXT_KEY(allow_setting, because, "because")

static bool read_migrations(struct reading *r, const struct node *n, void *into)
{
	struct config *c = into;

	if (n->kind == NODE_SCALAR) {
		*ARENA_PUSH(r->arena, c->migrations, c->nmigrations) = n->text;
		return true;
	}
	if (n->kind != NODE_LIST)
		return bad(r, n, "migrations wants a folder or a list of folders");
	for (size_t i = 0; i < n->n; i++) {
		const char *text = NULL;

		if (!scalar(r, n->values[i], "migrations", &text))
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
		return bad(r, n, "placeholders wants names and values, or false");
	c->placeholders = arena_array(r->arena, n->n ? n->n : 1, sizeof *c->placeholders);
	for (size_t i = 0; i < n->n; i++) {
		const char *value = NULL;

		if (!scalar(r, n->values[i], "placeholders", &value))
			return false;
		c->placeholders[i][0] = slice_of(n->keys[i]->text ? n->keys[i]->text : "");
		if (!config_expand(r->arena, value, &c->placeholders[i][1], r->err))
			return err_at(r->err, c->path, n->values[i]->line, 0, 0);
	}
	c->nplaceholders = n->n;
	return true;
}

static bool read_journal(struct reading *r, const struct node *n, void *into)
{
	const char **where = into;

	if (n->kind == NODE_SCALAR)
		return scalar(r, n, "journal", where);
	if (n->kind == NODE_MAP && n->n == 1 && n->keys[0]->text &&
		(strcmp(n->keys[0]->text, "schema") == 0 ||
			strcmp(n->keys[0]->text, "prefix") == 0))
		return scalar(r, n->values[0], "journal", where);
	return bad(r, n, "journal wants schema: NAME or prefix: NAME");
}

static bool read_config_journal(struct reading *r, const struct node *n, void *into)
{
	return read_journal(r, n, &((struct config *)into)->journal);
}

static bool read_env_journal(struct reading *r, const struct node *n, void *into)
{
	return read_journal(r, n, &((struct config_env *)into)->journal);
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

	return walk(r, n, keys, into, "budget");
}

static bool read_environments(struct reading *r, const struct node *n, void *into)
{
	static const struct key keys[] = {{"url", read_config_env_url},
		{"role", read_config_env_role}, {"window", read_config_env_window},
		{"protected", read_env_protected}, {"require_receipt", read_env_receipt},
		{"journal", read_env_journal}, {"budget", read_env_budget}, {NULL, NULL}};
	struct config *c = into;

	if (n->kind != NODE_MAP)
		return bad(r, n, "environments wants names");
	for (size_t i = 0; i < n->n; i++) {
		struct config_env e = {.name = n->keys[i]->text ? n->keys[i]->text : "",
			.wait_ms = -1,
			.hold_ms = -1};

		if (!walk(r, n->values[i], keys, &e, "environments"))
			return false;
		*ARENA_PUSH(r->arena, c->envs, c->nenvs) = e;
	}
	return true;
}

static bool severity_of(struct reading *r, const struct node *n, enum severity *out)
{
	static const struct {
		const char *word;
		enum severity severity;
	} words[] = {{"off", SEVERITY_OFF}, {"info", SEVERITY_INFO}, {"warning", SEVERITY_WARNING},
		{"error", SEVERITY_ERROR}};

	/* YAML reads a bare `off` as false in some editors' schemas: take both. */
	if (n->kind == NODE_SCALAR && strcmp(n->text, "false") == 0) {
		*out = SEVERITY_OFF;
		return true;
	}
	for (size_t i = 0; n->kind == NODE_SCALAR && i < sizeof words / sizeof *words; i++)
		if (strcmp(n->text, words[i].word) == 0) {
			*out = words[i].severity;
			return true;
		}
	return bad(r, n, "a severity is off, info, warning or error");
}

static bool read_rule_severity(struct reading *r, const struct node *n, void *into)
{
	return severity_of(r, n, &((struct rule_setting *)into)->severity);
}

static bool read_rule_paths(struct reading *r, const struct node *n, void *into)
{
	struct rule_setting *s = into;
	const char **paths;

	if (n->kind != NODE_LIST)
		return bad(r, n, "paths wants a list of patterns");
	paths = ARENA_ARRAY(r->arena, n->n + 1, const char *);
	for (size_t i = 0; i < n->n; i++)
		if (!scalar(r, n->values[i], "paths", &paths[i]))
			return false;
	s->paths = paths;
	return true;
}

static bool read_rules(struct reading *r, const struct node *n, void *into)
{
	static const struct key keys[] = {
		{"severity", read_rule_severity}, {"paths", read_rule_paths}, {NULL, NULL}};
	struct config *c = into;

	if (n->kind != NODE_MAP)
		return bad(r, n, "rules wants rule names");
	for (size_t i = 0; i < n->n; i++) {
		struct rule_setting s = {.rule = n->keys[i]->text ? n->keys[i]->text : ""};
		const char *near = NULL;

		if (strcmp(s.rule, "all") != 0 && !rule_find(slice_of(s.rule), &near)) {
			bad(r, n->keys[i], "there is no rule \"%s\"", s.rule);
			if (near)
				err_hint(r->err, "Did you mean %s?", near);
			return false;
		}
		if (n->values[i]->kind == NODE_SCALAR ? !severity_of(r, n->values[i], &s.severity)
						      : !walk(r, n->values[i], keys, &s, s.rule))
			return false;
		*ARENA_PUSH(r->arena, c->rules, c->nrules) = s;
	}
	return true;
}

static bool read_allow(struct reading *r, const struct node *n, void *into)
{
	static const struct key keys[] = {{"file", read_allow_setting_file},
		{"rule", read_allow_setting_rule}, {"fingerprint", read_allow_setting_fingerprint},
		{"until", read_allow_setting_until}, {"because", read_allow_setting_because},
		{NULL, NULL}};
	struct config *c = into;

	if (n->kind != NODE_LIST)
		return bad(r, n, "allow wants a list");
	for (size_t i = 0; i < n->n; i++) {
		struct allow_setting s = {0};

		if (!walk(r, n->values[i], keys, &s, "allow"))
			return false;
		if (!s.rule || !s.because)
			return bad(r, n->values[i], "an allow wants a rule and a because");
		*ARENA_PUSH(r->arena, c->allows, c->nallows) = s;
	}
	return true;
}

static const struct key top[] = {{"dialect", read_config_dialect},
	{"server_version", read_config_server_version}, {"layout", read_config_layout},
	{"migrations", read_migrations}, {"base_schema", read_config_base_schema},
	{"history_table", read_config_history_table}, {"placeholders", read_placeholders},
	{"environments", read_environments}, {"journal", read_config_journal},
	{"rules", read_rules}, {"start_after", read_config_start_after},
	{"baseline", read_config_baseline}, {"allow", read_allow}, {NULL, NULL}};

bool config_read(
	struct config *out, struct arena *a, const char *root, const char *path, struct err *err)
{
	static const char *const usual[] = {"belay.yml", "belay.yaml"};
	struct yaml_reader y = {.arena = a, .err = err};
	struct reading r = {.out = out, .arena = a, .err = err};
	const char *full = path ? path : NULL;
	struct node *tree;
	struct slice text;

	*out = (struct config){0};
	for (size_t i = 0; !full && i < 2; i++)
		if (io_is_file(io_join(a, root, usual[i]))) {
			full = io_join(a, root, usual[i]);
			path = usual[i];
		}
	if (!full)
		return true;
	if (!io_read(a, full, &text, err))
		return false;
	out->path = y.path = path;
	if (!read_document(&y, text, &tree))
		return false;
	if (!tree || (tree->kind == NODE_SCALAR && tree->text[0] == 0))
		return true;
	return walk(&r, tree, top, out, "belay.yml");
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
