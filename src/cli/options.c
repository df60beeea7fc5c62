/* options.c - the command line into values, by table. */
#include "cli/cli.h"

#include <stdint.h>
#include <unistd.h>

static bool ends_table(const struct option_spec *s)
{
	return !s || !s->name;
}

static const struct option_spec *by_name(const struct option_spec *table, struct slice name)
{
	for (; !ends_table(table); table++)
		if (slice_is(name, table->name))
			return table;
	return NULL;
}

static const struct option_spec *by_letter(const struct option_spec *table, char letter)
{
	for (; !ends_table(table); table++)
		if (table->letter == letter)
			return table;
	return NULL;
}

const char *nearest_word(struct slice typed, const char *const *words, size_t n)
{
	const char *best = NULL;
	size_t least = typed.len / 3 + 2;

	for (size_t i = 0; i < n && words[i]; i++) {
		size_t d = slice_distance(typed, slice_of(words[i]));

		if (d < least) {
			least = d;
			best = words[i];
		}
	}
	return best;
}

static bool unknown(struct cli *c, struct slice name, struct err *err)
{
	const char *words[128];
	const char *near;
	size_t n = 0;

	for (const struct option_spec *s = c->command ? c->command->options : NULL;
		!ends_table(s) && n < 100; s++)
		words[n++] = s->name;
	for (const struct option_spec *s = global_options; !ends_table(s) && n < 127; s++)
		words[n++] = s->name;
	near = nearest_word(name, words, n);
	err_set(err, ERR_INPUT, "unknown option \"--%.*s\"", SLICE(name));
	if (near)
		return err_hint(err, "Did you mean --%s?", near);
	return err_hint(err, "See belay %s --help.", c->command ? c->command->name : "");
}

static void keep(struct cli *c, const struct option_spec *s, const char *text)
{
	*ARENA_PUSH(&c->arena, c->values, c->nvalues) = (struct option_value){s, text};
}

static bool take_long(
	struct cli *c, const char *word, int argc, char **argv, int *i, struct err *err)
{
	struct slice name = slice_of(word + 2);
	const char *value = strchr(word, '=');
	const struct option_spec *s;

	if (value)
		name.len = (size_t)(value++ - (word + 2));
	s = by_name(c->command ? c->command->options : NULL, name);
	if (!s)
		s = by_name(global_options, name);
	if (!s)
		return unknown(c, name, err);
	if (s->kind == OPTION_FLAG && value)
		return err_set(err, ERR_INPUT, "--%s takes no value", s->name);
	if (s->kind != OPTION_FLAG && s->kind != OPTION_CHOICE && !value) {
		if (*i + 1 >= argc) {
			err_set(err, ERR_INPUT, "--%s wants %s", s->name, s->arg);
			return err_hint(
				err, "See belay %s --help.", c->command ? c->command->name : "");
		}
		value = argv[++*i];
	}
	keep(c, s, value);
	return true;
}

static bool take_short(
	struct cli *c, const char *word, int argc, char **argv, int *i, struct err *err)
{
	const struct option_spec *s;

	for (const char *p = word + 1; *p; p++) {
		s = by_letter(c->command ? c->command->options : NULL, *p);
		if (!s)
			s = by_letter(global_options, *p);
		if (!s) {
			err_set(err, ERR_INPUT, "unknown option \"-%c\"", *p);
			return err_hint(
				err, "See belay %s --help.", c->command ? c->command->name : "");
		}
		if (s->kind == OPTION_FLAG || s->kind == OPTION_CHOICE) {
			keep(c, s, NULL);
			continue;
		}
		if (p[1])
			keep(c, s, p + 1);
		else if (*i + 1 < argc)
			keep(c, s, argv[++*i]);
		else
			return err_set(err, ERR_INPUT, "-%c wants %s", *p, s->arg);
		break;
	}
	return true;
}

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; commands[i].name; i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

static bool unknown_command(const char *word, struct err *err)
{
	const char *words[64];
	const char *near;
	size_t n = 0;

	while (commands[n].name && n < 63) {
		words[n] = commands[n].name;
		n++;
	}
	near = nearest_word(slice_of(word), words, n);
	err_set(err, ERR_INPUT, "there is no command \"%s\"", word);
	if (near)
		return err_hint(err, "Did you mean belay %s?", near);
	return err_hint(err, "belay --help lists the commands.");
}

static bool count_args(struct cli *c, struct err *err)
{
	const struct command *cmd = c->command;

	if (!cmd || cli_flag(c, "help"))
		return true;
	if (c->nargs < cmd->min_args)
		err_set(err, ERR_INPUT, "belay %s wants %s", cmd->name, cmd->args);
	else if (c->nargs > cmd->max_args)
		err_set(err, ERR_INPUT, "belay %s does not take \"%s\"", cmd->name,
			c->args[cmd->max_args]);
	else
		return true;
	return err_hint(err, "See belay %s --help.", cmd->name);
}

bool options_parse(struct cli *c, int argc, char **argv, struct err *err)
{
	bool only_args = false;

	/* The command first, so that its own options are known wherever they stand. */
	for (int i = 1; i < argc; i++) {
		const struct option_spec *s = NULL;

		if (argv[i][0] != '-' || argv[i][1] == 0) {
			c->command = find_command(argv[i]);
			if (!c->command)
				return unknown_command(argv[i], err);
			break;
		}
		if (argv[i][1] == '-' && !strchr(argv[i], '='))
			s = by_name(global_options, slice_of(argv[i] + 2));
		else if (argv[i][1] != '-' && argv[i][2] == 0)
			s = by_letter(global_options, argv[i][1]);
		if (s && s->kind != OPTION_FLAG && s->kind != OPTION_CHOICE)
			i++;
	}
	for (int i = 1, seen = 0; i < argc; i++) {
		const char *w = argv[i];

		if (!only_args && strcmp(w, "--") == 0) {
			only_args = true;
		} else if (!only_args && w[0] == '-' && w[1] == '-') {
			if (!take_long(c, w, argc, argv, &i, err))
				return false;
		} else if (!only_args && w[0] == '-' && w[1]) {
			if (!take_short(c, w, argc, argv, &i, err))
				return false;
		} else if (!seen) {
			seen = 1;
		} else {
			*ARENA_PUSH(&c->arena, c->args, c->nargs) = w;
		}
	}
	return count_args(c, err);
}

const char *cli_text(const struct cli *c, const char *option)
{
	for (size_t i = c->nvalues; i-- > 0;)
		if (strcmp(c->values[i].spec->name, option) == 0)
			return c->values[i].text;
	return NULL;
}

bool cli_flag(const struct cli *c, const char *option)
{
	for (size_t i = 0; i < c->nvalues; i++)
		if (strcmp(c->values[i].spec->name, option) == 0)
			return true;
	return false;
}

size_t cli_list(const struct cli *c, const char *option, const char ***out)
{
	struct arena *a = (struct arena *)&c->arena;
	const char **v = NULL;
	size_t n = 0;

	for (size_t i = 0; i < c->nvalues; i++)
		if (strcmp(c->values[i].spec->name, option) == 0)
			*ARENA_PUSH(a, v, n) = c->values[i].text;
	*out = v;
	return n;
}

bool cli_number(
	const struct cli *c, const char *option, long long none, long long *out, struct err *err)
{
	const char *text = cli_text(c, option);
	unsigned long long v;

	*out = none;
	if (!text)
		return true;
	if (!slice_u64(slice_of(text), &v) || v > INT64_MAX)
		return err_set(
			err, ERR_INPUT, "--%s wants a whole number, not \"%s\"", option, text);
	*out = (long long)v;
	return true;
}
