/* config_backup.c - what belay.yml says about backups. */
#include "cli/config_internal.h"
#include "cli/doors.h"

#include <stdlib.h>

static bool mode(struct reading *r, const struct node *n, const char *key, enum backup_mode *out)
{
	const char *text = NULL;

	if (!config_scalar(r, n, key, &text))
		return false;
	return backup_mode_of(slice_of(text), out) ||
	       config_bad(r, n, "%s wants scoped, whole or none, not \"%s\"", key, text);
}

static bool read_mode(struct reading *r, const struct node *n, void *into)
{
	return mode(r, n, "mode", &((struct config_backups *)into)->mode);
}

static bool read_dir(struct reading *r, const struct node *n, void *into)
{
	return config_scalar(r, n, "dir", &((struct config_backups *)into)->dir);
}

/* 500MB, 2GB; a bare number is bytes. */
static bool read_size(struct reading *r, const struct node *n, void *into)
{
	static const struct {
		const char *word;
		double bytes;
	} units[] = {{"", 1}, {"kB", 1e3}, {"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"TB", 1e12}};
	long long *out = &((struct config_backups *)into)->max_bytes;
	const char *text = NULL;
	char *end;
	double v;

	if (!config_scalar(r, n, "max_size", &text))
		return false;
	v = strtod(text, &end);
	while (*end == ' ')
		end++;
	for (size_t i = 0; end != text && v > 0 && i < sizeof units / sizeof *units; i++)
		if (strcmp(end, units[i].word) == 0 && v * units[i].bytes < 1e18) {
			*out = (long long)(v * units[i].bytes);
			return true;
		}
	return config_bad(r, n, "max_size wants a size such as 500MB or 2GB, not \"%s\"", text);
}

static bool read_keep(struct reading *r, const struct node *n, void *into)
{
	int *out = &((struct config_backups *)into)->keep_days;
	const char *text = NULL;
	char *end;
	long v;

	if (!config_scalar(r, n, "keep", &text))
		return false;
	v = strtol(text, &end, 10);
	while (*end == ' ')
		end++;
	if (end == text || v <= 0 || v > 36500 ||
		(strcmp(end, "d") != 0 && strcmp(end, "days") != 0 && strcmp(end, "day") != 0))
		return config_bad(r, n, "keep wants days such as 30d, not \"%s\"", text);
	*out = (int)v;
	return true;
}

bool config_backups(struct reading *r, const struct node *n, void *into)
{
	static const struct key keys[] = {{"mode", read_mode}, {"dir", read_dir},
		{"max_size", read_size}, {"keep", read_keep}, {NULL, NULL}};

	return config_is_empty(n) ||
	       config_walk(r, n, keys, &((struct config *)into)->backups, "backups");
}

bool config_env_backup(struct reading *r, const struct node *n, void *into)
{
	struct config_env *e = into;

	e->backup_said = true;
	return mode(r, n, "backup", &e->backup);
}
