/* config_lint.c - the part of belay.yml that is about judging: rules, allow, baseline, policies. */
#include "cli/cli.h"
#include "cli/config_internal.h"

enum { NOT_SAID = 99 };

TEXT_KEY(config, start_after, "start_after")
TEXT_KEY(config, baseline, "baseline")
TEXT_KEY(allow_setting, file, "file")
TEXT_KEY(allow_setting, fingerprint, "fingerprint")
TEXT_KEY(allow_setting, because, "because")

/* A row of a list is shown by its first line. */
static size_t first_line(struct span at)
{
	struct slice rest = slice_from(at.src->text, at.off), line = SLICE_NONE;

	slice_line(&rest, &line);
	return slice_trim(line).len;
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
	return config_bad(r, n, "a severity is off, info, warning or error");
}

static bool read_rule_severity(struct reading *r, const struct node *n, void *into)
{
	return severity_of(r, n, &((struct rule_setting *)into)->severity);
}

static bool read_rule_paths(struct reading *r, const struct node *n, void *into)
{
	return config_texts(r, n, "paths", (const char ***)&((struct rule_setting *)into)->paths);
}

static bool is_rule(struct reading *r, const struct node *n, const char *name)
{
	const char *near = NULL;

	if (rule_find(slice_of(name), &near))
		return true;
	config_bad(r, n, "there is no rule \"%s\"", name);
	if (near)
		err_hint(r->err, "Did you mean %s?", near);
	return false;
}

/* One severity, or one with the paths it is for. */
static bool read_setting(struct reading *r, const struct node *n, const char *rule)
{
	static const struct key keys[] = {
		{"severity", read_rule_severity}, {"paths", read_rule_paths}, {NULL, NULL}};
	struct rule_setting s = {.rule = rule, .severity = (enum severity)NOT_SAID};

	if (n->kind == NODE_SCALAR ? !severity_of(r, n, &s.severity)
				   : !config_walk(r, n, keys, &s, rule))
		return false;
	if ((int)s.severity == NOT_SAID)
		return config_bad(r, n, "%s wants a severity", rule);
	*ARENA_PUSH(r->arena, r->out->rules, r->out->nrules) = s;
	return true;
}

static bool read_rules(struct reading *r, const struct node *n, void *into)
{
	(void)into;
	if (config_is_empty(n))
		return true;
	if (n->kind != NODE_MAP)
		return config_bad(r, n, "rules wants rule names");
	for (size_t i = 0; i < n->n; i++) {
		const char *rule = n->keys[i]->text ? n->keys[i]->text : "";
		const struct node *v = n->values[i];
		bool ok = strcmp(rule, "all") == 0 || is_rule(r, n->keys[i], rule);

		for (size_t k = 0; ok && v->kind == NODE_LIST && k < v->n; k++)
			ok = read_setting(r, v->values[k], rule);
		if (!ok || (v->kind != NODE_LIST && !read_setting(r, v, rule)))
			return false;
	}
	return true;
}

static bool is_date(const char *s)
{
	static const char shape[] = "dddd-dd-dd";

	for (size_t i = 0; i < sizeof shape - 1; i++)
		if (shape[i] == 'd' ? s[i] < '0' || s[i] > '9' : s[i] != shape[i])
			return false;
	return s[sizeof shape - 1] == 0;
}

static bool read_allow_setting_rule(struct reading *r, const struct node *n, void *into)
{
	struct allow_setting *s = into;

	return config_scalar(r, n, "rule", &s->rule) && is_rule(r, n, s->rule);
}

static bool read_allow_setting_until(struct reading *r, const struct node *n, void *into)
{
	struct allow_setting *s = into;

	if (!config_scalar(r, n, "until", &s->until))
		return false;
	return is_date(s->until) || config_bad(r, n, "\"%s\" is not a date (YYYY-MM-DD)", s->until);
}

static bool read_allow(struct reading *r, const struct node *n, void *into)
{
	static const struct key keys[] = {{"file", read_allow_setting_file},
		{"rule", read_allow_setting_rule}, {"fingerprint", read_allow_setting_fingerprint},
		{"until", read_allow_setting_until}, {"because", read_allow_setting_because},
		{NULL, NULL}};
	struct config *c = into;

	if (config_is_empty(n))
		return true;
	if (n->kind != NODE_LIST)
		return config_bad(r, n, "allow wants a list");
	for (size_t i = 0; i < n->n; i++) {
		struct allow_setting s = {.at = n->values[i]->at};

		if (!config_walk(r, n->values[i], keys, &s, "allow"))
			return false;
		s.at.len = first_line(s.at);
		if (!s.rule || !s.because || !s.because[0])
			return config_bad(r, n->values[i], "an allow wants a rule and a because");
		*ARENA_PUSH(r->arena, c->allows, c->nallows) = s;
	}
	return true;
}

/* ---- Policies ---- */

TEXT_KEY(policy, because, "because")

static bool read_policy_tables(struct reading *r, const struct node *n, void *into)
{
	return config_texts(r, n, "tables", &((struct policy *)into)->tables);
}

static bool read_policy_paths(struct reading *r, const struct node *n, void *into)
{
	return config_texts(r, n, "paths", &((struct policy *)into)->paths);
}

static bool read_policy_engines(struct reading *r, const struct node *n, void *into)
{
	return config_texts(r, n, "engines", &((struct policy *)into)->engines);
}

static bool read_policy_charsets(struct reading *r, const struct node *n, void *into)
{
	return config_texts(r, n, "charsets", &((struct policy *)into)->charsets);
}

static bool read_policy_collations(struct reading *r, const struct node *n, void *into)
{
	return config_texts(r, n, "collations", &((struct policy *)into)->collations);
}

static bool read_policy_forbid_types(struct reading *r, const struct node *n, void *into)
{
	return config_texts(r, n, "forbid_types", &((struct policy *)into)->forbid_types);
}

static bool read_policy_severity(struct reading *r, const struct node *n, void *into)
{
	enum severity s = SEVERITY_OFF;

	if (!severity_of(r, n, &s))
		return false;
	((struct policy *)into)->severity = (int)s;
	return s != SEVERITY_OFF || config_bad(r, n, "a policy that is off can be left out");
}

static bool read_policy_columns(struct reading *r, const struct node *n, void *into)
{
	struct policy *p = into;

	if (n->kind != NODE_LIST || n->n == 0)
		return config_bad(
			r, n, "columns wants a list: \"- load_id integer references load(id)\"");
	for (size_t i = 0; i < n->n; i++) {
		const char *text = NULL;

		if (!config_scalar(r, n->values[i], "columns", &text))
			return false;
		if (!strchr(text, ' '))
			return config_bad(r, n->values[i],
				"a required column wants a name and a type, as in CREATE TABLE");
		*ARENA_PUSH(r->arena, p->columns, p->ncolumns) =
			(struct required_column){slice_of(text), n->values[i]->at};
	}
	return true;
}

static bool read_policy_naming(struct reading *r, const struct node *n, void *into)
{
	struct policy *p = into;
	const char *words[NAMING_KINDS];

	if (n->kind != NODE_MAP)
		return config_bad(r, n, "naming wants kinds and patterns: table: '[a-z_]+'");
	for (int k = 0; k < NAMING_KINDS; k++)
		words[k] = naming_word((enum naming_kind)k);
	for (size_t i = 0; i < n->n; i++) {
		const char *name = n->keys[i]->text ? n->keys[i]->text : "", *near;
		char why[128];
		int k = 0;

		while (k < NAMING_KINDS && strcmp(words[k], name) != 0)
			k++;
		if (k == NAMING_KINDS) {
			config_bad(r, n->keys[i], "\"%s\" is no kind of name", name);
			near = nearest_word(slice_of(name), words, NAMING_KINDS);
			return near ? err_hint(r->err, "Did you mean %s?", near) : false;
		}
		if (!config_scalar(r, n->values[i], name, &p->naming[k]))
			return false;
		if (!naming_pattern_ok(p->naming[k], why))
			return config_bad(
				r, n->values[i], "\"%s\" is no pattern: %s", p->naming[k], why);
	}
	return true;
}

static bool read_policy_forbid(struct reading *r, const struct node *n, void *into)
{
	struct policy *p = into;
	const char **texts = NULL, *near = NULL;

	if (!config_texts(r, n, "forbid", &texts))
		return false;
	for (size_t i = 0; texts[i]; i++) {
		enum change_kind k;

		if (!change_by_words(slice_of(texts[i]), &k, &near)) {
			config_bad(r, n->kind == NODE_LIST ? n->values[i] : n,
				"\"%s\" is no operation that belay knows", texts[i]);
			return near ? err_hint(r->err, "Did you mean %s?", near) : false;
		}
		*ARENA_PUSH(r->arena, p->forbid, p->nforbid) = k;
	}
	return true;
}

static bool read_policy_comments(struct reading *r, const struct node *n, void *into)
{
	struct policy *p = into;
	const char **texts = NULL;

	if (!config_texts(r, n, "comments", &texts))
		return false;
	for (size_t i = 0; texts[i]; i++) {
		bool table = strcmp(texts[i], "table") == 0;

		if (!table && strcmp(texts[i], "column") != 0)
			return config_bad(r, n->kind == NODE_LIST ? n->values[i] : n,
				"comments are for table and column, not \"%s\"", texts[i]);
		*(table ? &p->table_comments : &p->column_comments) = true;
	}
	return true;
}

static bool read_policy_size(struct reading *r, const struct node *n, void *into)
{
	struct policy *p = into;
	const char *text = NULL;

	if (!config_scalar(r, n, "size", &text))
		return false;
	p->size = strcmp(text, "small") == 0   ? SIZE_SMALL
		  : strcmp(text, "large") == 0 ? SIZE_LARGE
					       : SIZE_NOT_SAID;
	return p->size != SIZE_NOT_SAID ||
	       config_bad(r, n, "size is small or large, not \"%s\"", text);
}

static bool read_policies(struct reading *r, const struct node *n, void *into)
{
	static const struct key keys[] = {{"tables", read_policy_tables},
		{"paths", read_policy_paths}, {"because", read_policy_because},
		{"severity", read_policy_severity}, {"columns", read_policy_columns},
		{"naming", read_policy_naming}, {"forbid", read_policy_forbid},
		{"comments", read_policy_comments}, {"engines", read_policy_engines},
		{"charsets", read_policy_charsets}, {"collations", read_policy_collations},
		{"forbid_types", read_policy_forbid_types}, {"size", read_policy_size},
		{NULL, NULL}};
	struct config *c = into;

	if (config_is_empty(n))
		return true;
	if (n->kind != NODE_LIST)
		return config_bad(r, n, "policies wants a list");
	for (size_t i = 0; i < n->n; i++) {
		struct policy p = {.at = n->values[i]->at};

		if (!config_walk(r, n->values[i], keys, &p, "policies"))
			return false;
		p.at.len = first_line(p.at);
		if (p.size != SIZE_NOT_SAID && !p.tables)
			return config_bad(r, n->values[i], "size wants the tables it is said of");
		*ARENA_PUSH(r->arena, c->policies, c->npolicies) = p;
	}
	return true;
}

const struct key config_lint_keys[] = {{"rules", read_rules},
	{"start_after", read_config_start_after}, {"baseline", read_config_baseline},
	{"allow", read_allow}, {"policies", read_policies}, {NULL, NULL}};
