/* cmd_look.c - belay rules, graph, completions: tables shown to people. */
#include "cli/cli.h"
#include "rewrite/rewrite.h"
#include "sql/clean.h"

#include <stdint.h>

static const char *tier_word(enum tier t)
{
	switch (t) {
	case TIER_ON:
		return "on";
	case TIER_ADVICE:
		return "advice";
	case TIER_POLICY:
		break;
	}
	return "policy";
}

static void engines_text(struct buf *b, unsigned mask)
{
	static const struct {
		unsigned bit;
		const char *name;
	} known[] = {{RULE_PG, "postgres"}, {RULE_MYSQL, "mysql"}, {RULE_MARIADB, "mariadb"},
		{RULE_SQLITE, "sqlite"}};
	bool first = true;

	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (mask & known[i].bit) {
			buf_printf(b, "%s%s", first ? "" : ", ", known[i].name);
			first = false;
		}
}

/* What the recipe makes of the unsafe example. */
static void recipe_text(struct buf *b, const struct rule *r)
{
	const struct recipe *recipe =
		recipe_for_rule(r->id, r->example_dialect, version_default(r->example_dialect));
	struct arena a = {0};
	struct slice rest, line;

	rest = rewrite_example(&a, r);
	if (recipe)
		buf_printf(b, "\nRecipe %s: %s.\n", recipe->id, recipe->says);
	if (recipe && rest.len) {
		buf_adds(b, "The unsafe example becomes:\n");
		while (slice_line(&rest, &line))
			buf_printf(b, "  %.*s\n", SLICE(line));
	}
	arena_done(&a);
}

static void one_rule(struct buf *b, const struct rule *r, bool color)
{
	buf_printf(b, "%s%s%s: %s\n\n%s\n\nSeverity: %s (%s)\nFor:      ", tint(color, "bold"),
		r->id, tint(color, "off"), r->says, r->why, severity_word(r->severity),
		tier_word(r->tier));
	engines_text(b, r->engines);
	buf_printf(b, "\nManual:   %s\n", r->doc);
	if (r->config) {
		struct slice rest = slice_of(r->config), line;

		buf_adds(b, "\nWith this in belay.yml:\n");
		while (slice_line(&rest, &line))
			buf_printf(b, "  %.*s\n", SLICE(line));
	}
	if (r->setup && r->setup[0])
		buf_printf(b, "\nGiven:\n  %s\n", r->setup);
	buf_printf(b, "\n%sUnsafe:%s\n  %s\n", tint(color, "error"), tint(color, "off"), r->bad);
	buf_printf(b, "\n%sSafe:%s\n  %s\n", tint(color, "ok"), tint(color, "off"), r->good);
	if (r->safe && r->safe[0])
		buf_printf(b, "\n%s\n", r->safe);
	recipe_text(b, r);
}

static void recipe_json(struct json *j, const struct rule *r)
{
	const struct recipe *recipe =
		recipe_for_rule(r->id, r->example_dialect, version_default(r->example_dialect));
	struct arena a = {0};
	struct slice form = rewrite_example(&a, r);

	json_kcstr(j, "recipe", recipe ? recipe->id : NULL);
	json_kcstr(j, "recipe_says", recipe ? recipe->says : NULL);
	if (form.len)
		json_kstr(j, "recipe_form", form);
	arena_done(&a);
}

static void rule_json(struct json *j, const struct rule *r)
{
	json_object(j);
	json_kcstr(j, "id", r->id);
	json_kcstr(j, "tier", tier_word(r->tier));
	json_kcstr(j, "severity", severity_word(r->severity));
	json_kcstr(j, "says", r->says);
	json_kcstr(j, "why", r->why);
	json_kcstr(j, "safe", r->safe);
	json_kcstr(j, "doc", r->doc);
	json_kcstr(j, "config", r->config);
	json_kcstr(j, "setup", r->setup);
	json_kcstr(j, "bad", r->bad);
	json_kcstr(j, "good", r->good);
	json_kcstr(j, "example_dialect", dialect_name(r->example_dialect));
	if (r->example_version)
		json_kcstr(j, "example_version", r->example_version);
	recipe_json(j, r);
	json_end(j);
}

static void rules_json(struct buf *b, const struct rule *only)
{
	struct json j;

	json_init(&j, b);
	json_object(&j);
	report_head(&j, "rules/1");
	json_key(&j, "rules");
	json_array(&j);
	for (size_t i = 0; rules[i]; i++)
		if (!only || only == rules[i])
			rule_json(&j, rules[i]);
	json_end(&j);
	json_end(&j);
}

int cmd_rules(struct cli *c, struct err *err)
{
	const struct rule *only = NULL;
	const char *near = NULL;
	struct buf b = {0};
	bool ok = true;

	if (c->nargs) {
		only = rule_find(slice_of(c->args[0]), &near);
		if (!only) {
			err_set(err, ERR_INPUT, "there is no rule \"%s\"", c->args[0]);
			if (near)
				err_hint(err, "Did you mean %s?", near);
			return 2;
		}
	}
	if (cli_wants(c, "text")) {
		if (only)
			one_rule(&b, only, c->color_out);
		for (size_t i = 0; !only && rules[i]; i++)
			buf_printf(&b, "%-30s %-8s %-8s %s\n", rules[i]->id,
				severity_word(rules[i]->severity), tier_word(rules[i]->tier),
				rules[i]->says);
		ok = cli_emit(c, "text", buf_slice(&b), err);
	}
	if (ok && cli_wants(c, "json")) {
		buf_clear(&b);
		rules_json(&b, only);
		ok = cli_emit(c, "json", buf_slice(&b), err);
	}
	buf_done(&b);
	return ok ? 0 : 2;
}

/* ---- graph ---- */

static void graph_text(
	struct cli *c, struct buf *b, const struct project *p, struct slice *heads, size_t nheads)
{
	for (size_t i = 0; i < p->nmigrations; i++) {
		const struct migration *m = &p->migrations[i];
		bool head = false;

		for (size_t k = 0; k < nheads; k++)
			head = head || slice_eq(heads[k], m->id);
		buf_printf(b, "%s %.*s  %.*s%s%s%s%s\n", head ? "*" : "|",
			SLICE(clean_line(&c->arena, m->id)), SLICE(clean_line(&c->arena, m->name)),
			m->down.src ? "" : "  (no down)", m->code ? "  (" : "",
			m->code ? m->code : "", m->code ? ")" : "");
	}
	for (size_t i = 0; i < p->nproblems; i++)
		buf_printf(b, "%.*s: %.*s\n",
			SLICE(clean_line(&c->arena,
				slice_of(p->problems[i].path ? p->problems[i].path : "folder"))),
			SLICE(clean_line(&c->arena, p->problems[i].message)));
	buf_printf(b, "%s: %zu migrations, %zu head%s\n", p->layout->name, p->nmigrations, nheads,
		nheads == 1 ? "" : "s");
}

static void graph_json(struct buf *b, const struct project *p, struct slice *heads, size_t nheads)
{
	struct json j;

	json_init(&j, b);
	json_object(&j);
	report_head(&j, "graph/1");
	json_kcstr(&j, "layout", p->layout->name);
	json_kcstr(&j, "dialect", dialect_name(p->dialect));
	json_key(&j, "heads");
	json_array(&j);
	for (size_t i = 0; i < nheads; i++)
		json_str(&j, heads[i]);
	json_end(&j);
	json_key(&j, "migrations");
	json_array(&j);
	for (size_t i = 0; i < p->nmigrations; i++) {
		const struct migration *m = &p->migrations[i];

		json_object(&j);
		json_kstr(&j, "id", m->id);
		json_kstr(&j, "name", m->name);
		json_kcstr(&j, "path", m->path);
		json_key(&j, "parents");
		json_array(&j);
		for (size_t k = 0; k < m->nparents; k++)
			json_str(&j, m->parents[k]);
		json_end(&j);
		json_kbool(&j, "down", m->down.src != NULL);
		json_kcstr(&j, "code", m->code);
		json_end(&j);
	}
	json_end(&j);
	json_end(&j);
}

int cmd_graph(struct cli *c, struct err *err)
{
	struct project p;
	struct slice *heads;
	struct buf b = {0};
	size_t n;
	bool ok = true;

	if (!cli_project(c, &p, true, err))
		return 2;
	n = project_heads(&p, &c->arena, &heads);
	if (cli_wants(c, "text")) {
		graph_text(c, &b, &p, heads, n);
		ok = cli_emit(c, "text", buf_slice(&b), err);
	}
	if (ok && cli_wants(c, "json")) {
		buf_clear(&b);
		graph_json(&b, &p, heads, n);
		ok = cli_emit(c, "json", buf_slice(&b), err);
	}
	buf_done(&b);
	if (!ok)
		return 2;
	return cli_flag(c, "check") && n > 1 ? 1 : 0;
}

/* ---- completions ---- */

static void bash(void)
{
	printf("_belay() {\n\tlocal cur=${COMP_WORDS[COMP_CWORD]} cmd=\n\tlocal i\n"
	       "\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
	       "\t\tcase ${COMP_WORDS[i]} in -*) ;; *) cmd=${COMP_WORDS[i]}; break ;; "
	       "esac\n\tdone\n"
	       "\tlocal words='");
	for (const struct option_spec *o = global_options; o->name; o++)
		printf("--%s ", o->name);
	printf("'\n\tcase $cmd in\n\t'') words=\"$words ");
	for (size_t i = 0; commands[i].name; i++)
		printf("%s ", commands[i].name);
	printf("\" ;;\n");
	for (size_t i = 0; commands[i].name; i++) {
		if (!commands[i].options && strcmp(commands[i].name, "rules") != 0)
			continue;
		printf("\t%s) words=\"$words ", commands[i].name);
		for (const struct option_spec *o = commands[i].options; o && o->name; o++)
			printf("--%s ", o->name);
		if (strcmp(commands[i].name, "rules") == 0)
			for (size_t k = 0; rules[k]; k++)
				printf("%s ", rules[k]->id);
		printf("\" ;;\n");
	}
	printf("\tesac\n\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n"
	       "\t[[ $cur == -* || -z $cmd ]] || "
	       "mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -f -- \"$cur\")\n}\n"
	       "complete -o filenames -F _belay belay\n");
}

static void zsh_options(const struct option_spec *o)
{
	for (; o && o->name; o++)
		printf("\t\t'--%s%s[%s]%s'\n", o->name, o->arg ? "=" : "", o->name,
			o->arg ? ":value:" : "");
}

static void zsh(void)
{
	printf("#compdef belay\n_belay() {\n\tlocal -a commands\n\tcommands=(\n");
	for (size_t i = 0; commands[i].name; i++)
		printf("\t\t'%s:%s'\n", commands[i].name, commands[i].name);
	printf("\t)\n\tif (( CURRENT == 2 )); then\n\t\t_describe command "
	       "commands\n\t\treturn\n\tfi\n"
	       "\tlocal -a options\n\toptions=(\n");
	zsh_options(global_options);
	printf("\t)\n\tcase $words[2] in\n");
	for (size_t i = 0; commands[i].name; i++) {
		if (!commands[i].options)
			continue;
		printf("\t%s) options+=(\n", commands[i].name);
		zsh_options(commands[i].options);
		printf("\t\t) ;;\n");
	}
	printf("\tesac\n\t_arguments -s $options '*:file:_files'\n}\n_belay \"$@\"\n");
}

static void fish(void)
{
	for (size_t i = 0; commands[i].name; i++)
		printf("complete -c belay -n __fish_use_subcommand -a %s -d '%s'\n",
			commands[i].name, commands[i].name);
	for (const struct option_spec *o = global_options; o->name; o++)
		printf("complete -c belay -l %s%s\n", o->name,
			o->arg && o->kind != OPTION_CHOICE ? " -r" : "");
	for (size_t i = 0; commands[i].name; i++)
		for (const struct option_spec *o = commands[i].options; o && o->name; o++)
			printf("complete -c belay -n '__fish_seen_subcommand_from %s' -l %s%s\n",
				commands[i].name, o->name, o->arg ? " -r" : "");
}

int cmd_completions(struct cli *c, struct err *err)
{
	const char *shell = c->args[0];

	if (strcmp(shell, "bash") == 0)
		bash();
	else if (strcmp(shell, "zsh") == 0)
		zsh();
	else if (strcmp(shell, "fish") == 0)
		fish();
	else {
		err_set(err, ERR_INPUT, "there are no completions for \"%s\"", shell);
		err_hint(err, "Shells are bash, zsh and fish.");
		return 2;
	}
	return 0;
}
