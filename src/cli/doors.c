/* doors.c - asking in front of one-way doors. */
#include "cli/doors.h"

#include "sql/clean.h"

#include <stdint.h>
#include <unistd.h>

/* ---- The same command again ---- */

static bool is_plain(struct slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		char ch = s.at[i];

		if (!(ch >= 'a' && ch <= 'z') && !(ch >= 'A' && ch <= 'Z') &&
			!(ch >= '0' && ch <= '9') && !strchr("_-./:=@,+%", ch))
			return false;
	}
	return s.len > 0;
}

/* As one word of a shell. */
static void add_word(struct buf *b, struct slice s)
{
	if (is_plain(s)) {
		buf_add(b, s);
		return;
	}
	buf_addc(b, '\'');
	for (size_t i = 0; i < s.len; i++) {
		if (s.at[i] == '\'')
			buf_adds(b, "'\\''");
		else
			buf_addc(b, s.at[i]);
	}
	buf_addc(b, '\'');
}

/* A URL without its password: who pastes the command has it somewhere better. */
static struct slice without_password(struct cli *c, struct slice url)
{
	size_t scheme = slice_find(url, SL("://")), at, colon;
	struct slice rest;

	if (scheme == SIZE_MAX)
		return url;
	rest = slice_from(url, scheme + 3);
	at = slice_chr(slice_sub(rest, 0, slice_chr(rest, '/')), '@');
	colon = at == SIZE_MAX ? SIZE_MAX : slice_chr(slice_sub(rest, 0, at), ':');
	if (colon == SIZE_MAX)
		return url;
	return arena_printf(&c->arena, "%.*s://%.*s%.*s", SLICE(slice_sub(url, 0, scheme)),
		SLICE(slice_sub(rest, 0, colon)), SLICE(slice_from(rest, at)));
}

struct slice command_again(struct cli *c, const char *without, struct slice more)
{
	struct buf b = {0};
	struct slice out;

	buf_printf(&b, "belay %s", c->command->name);
	for (size_t i = 0; i < c->nargs; i++) {
		buf_addc(&b, ' ');
		add_word(&b, slice_of(c->args[i]));
	}
	for (size_t i = 0; i < c->nvalues; i++) {
		const struct option_value *v = &c->values[i];
		const char *name = v->spec->name;

		if (strcmp(name, "output") == 0 || strcmp(name, "dry-run") == 0 ||
			(without && strcmp(name, without) == 0))
			continue;
		buf_printf(&b, " --%s", name);
		if (!v->text)
			continue;
		buf_addc(&b, v->spec->kind == OPTION_CHOICE ? '=' : ' ');
		add_word(&b, strcmp(name, "db") == 0 ? without_password(c, slice_of(v->text))
						     : slice_of(v->text));
	}
	buf_add(&b, more);
	out = arena_slice(&c->arena, buf_slice(&b));
	buf_done(&b);
	return out;
}

/* ---- Agreeing ---- */

static bool agreed_before(const struct cli *c, const struct migration *m, const struct door *d)
{
	const char **names;
	size_t n = cli_list(c, "yes-destroy", &names);

	for (size_t i = 0; i < n; i++)
		if (slice_is(m->id, names[i]) || door_is_named(d, slice_of(names[i])))
			return true;
	return d->allowed;
}

static bool typed(struct cli *c, const struct migration *m, const struct door *d)
{
	struct slice words = clean_line(&c->arena, door_words(d, &c->arena));
	char line[512];
	size_t n;

	if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO) || c->log_json)
		return false;
	fprintf(stderr,
		"migration %.*s destroys %.*s; --backup would keep it.\ntype %.*s to destroy it: ",
		SLICE(clean_line(&c->arena, m->id)), SLICE(words),
		SLICE(clean_line(&c->arena, d->object)));
	fflush(stderr);
	if (!fgets(line, sizeof line, stdin))
		return false;
	n = strcspn(line, "\r\n");
	return door_is_named(d, slice_n(line, n));
}

static void list_words(struct cli *c, struct buf *b, const struct door *const *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		buf_printf(b, "%s%.*s",
			i == 0       ? ""
			: i + 1 == n ? " and "
				     : ", ",
			SLICE(clean_line(&c->arena, door_words(v[i], &c->arena))));
}

static bool refuse(struct cli *c, const struct migration *m, const struct door *const *v, size_t n,
	enum direction d, struct err *err)
{
	struct buf words = {0}, more = {0};
	struct slice keep, destroy;

	list_words(c, &words, v, n);
	for (size_t i = 0; i < n; i++) {
		buf_adds(&more, " --yes-destroy ");
		add_word(&more, v[i]->object);
	}
	keep = command_again(c, "backup", SL(" --backup"));
	destroy = command_again(c, NULL, buf_slice(&more));
	err_set(err, ERR_REFUSED, "stopped before %s %.*s: it would destroy %s",
		d == DIR_UP ? "migration" : "undoing migration", SLICE(m->id), buf_cstr(&words));
	err_span(err, v[0]->step->statement->span);
	err_hint(err, "Nothing of this migration was run. --backup keeps what would go, and belay "
		      "restore puts it back; --yes-destroy agrees to the loss.");
	err_next(err, "%.*s\n%.*s", SLICE(keep), SLICE(destroy));
	buf_done(&words);
	buf_done(&more);
	return false;
}

bool doors_agree(struct cli *c, const struct migration *m, const struct door *doors, size_t n,
	enum direction d, struct err *err)
{
	const struct door **left = NULL;
	size_t nleft = 0;

	for (size_t i = 0; i < n; i++)
		if (!agreed_before(c, m, &doors[i]) && !typed(c, m, &doors[i]))
			*ARENA_PUSH(&c->arena, left, nleft) = &doors[i];
	return nleft == 0 || refuse(c, m, left, nleft, d, err);
}

bool doors_print(struct cli *c, struct doors *all, size_t from, struct err *err)
{
	const struct plan *p = all->plan;
	struct door *doors;
	size_t n, to = from;

	while (to < p->nsteps && p->steps[to].migration == p->steps[from].migration)
		to++;
	if (!doors_find(all, from, to, &doors, &n, err))
		return false;
	for (size_t i = 0; i < n; i++)
		printf("-- one-way door: %.*s would be destroyed; --backup keeps it, --yes-destroy "
		       "%.*s agrees%s\n",
			SLICE(clean_line(&c->arena, door_words(&doors[i], &c->arena))),
			SLICE(clean_line(&c->arena, doors[i].object)),
			doors[i].allowed ? " (the migration does)" : "");
	return true;
}

/* ---- Backups ---- */

bool backup_mode_of(struct slice word, enum backup_mode *out)
{
	static const char *const words[] = {"none", "scoped", "whole"};

	for (size_t i = 0; i < 3; i++)
		if (slice_is(word, words[i])) {
			*out = (enum backup_mode)i;
			return true;
		}
	return false;
}

bool doors_backup(struct cli *c, struct run_options *out, struct err *err)
{
	const char *env = cli_text(c, "env"), *word = cli_text(c, "backup");
	const struct config_env *e = env ? config_env(&c->config, env) : NULL;

	out->backup = e && e->backup_said ? e->backup : c->config.backups.mode;
	out->most_bytes = c->config.backups.max_bytes;
	out->no_restore = cli_flag(c, "no-restore");
	if (!cli_flag(c, "backup"))
		return true;
	out->backup = BACKUP_SCOPED;
	return !word || backup_mode_of(slice_of(word), &out->backup) ||
	       err_set(err, ERR_INPUT, "--backup wants scoped, whole or none, not \"%s\"", word);
}
