/* config_internal.h - shared by the files that read belay.yml. */
#ifndef BELAY_CLI_CONFIG_INTERNAL_H
#define BELAY_CLI_CONFIG_INTERNAL_H

#include "cli/config.h"

/* A small tree: what YAML says, with the place of each node for errors. */
enum node_kind { NODE_SCALAR, NODE_MAP, NODE_LIST };
struct node {
	enum node_kind kind;
	const char *text; /* scalar */
	struct node **keys, **values;
	size_t n;
	struct span at;
};

/* The first document of the text; *root is NULL when there is nothing in it. */
bool config_tree(struct arena *a, const struct source *src, struct node **root, struct err *err);

struct reading {
	struct config *out;
	struct arena *arena;
	struct err *err;
};

struct key {
	const char *name;
	bool (*read)(struct reading *r, const struct node *n, void *into);
};

/* An error at that node, its words underlined. Returns false. */
bool config_bad(struct reading *r, const struct node *n, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* `key:` with nothing behind it. */
bool config_is_empty(const struct node *n);
bool config_scalar(struct reading *r, const struct node *n, const char *key, const char **out);
/* A list of texts, or a single one; ends with NULL. */
bool config_texts(struct reading *r, const struct node *n, const char *key, const char ***out);
/* Keys and values by table, ends with NULL; unknown ones name the nearest. */
bool config_walk(struct reading *r, const struct node *n, const struct key *keys, void *into,
	const char *where);

/* What concerns judging: rules, allow, policies, start_after, baseline. */
extern const struct key config_lint_keys[]; /* ends with NULL */

/* backups: {mode, dir, max_size, keep}, and `backup:` of an environment. */
bool config_backups(struct reading *r, const struct node *n, void *into);
bool config_env_backup(struct reading *r, const struct node *n, void *into);

/* One function per key that is one text. */
#define TEXT_KEY(type, member, key_name)                                                           \
	static bool read_##type##_##member(struct reading *r, const struct node *n, void *into)    \
	{                                                                                          \
		return config_scalar(r, n, key_name, &((struct type *)into)->member);              \
	}

#endif
