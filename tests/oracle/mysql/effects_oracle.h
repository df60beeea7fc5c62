/* effects_oracle.h - the oracle of MariaDB's effects: what its two halves share. effects_test.c
 * reads the tables and compares, effects_server.c looks at what a server does. */
#ifndef BELAY_ORACLE_MYSQL_EFFECTS_ORACLE_H
#define BELAY_ORACLE_MYSQL_EFFECTS_ORACLE_H

#include "engine/mysql/scratch.h"
#include "sql/source.h"

enum fact { F_REWRITES, F_SCANS, F_BUILDS, F_WRITES, F_DESTROYS, F_BREAKS, F_NEEDS, LISTS_ };
enum word { W_ALGORITHM, W_TRANSACTION, W_RERUN, W_OUTCOME, W_UNDO, WORDS_ };

/* What one of the three says. Entries of lists end with "?" when they are not certain. */
struct answer {
	struct names lists[LISTS_];
	struct slice words[WORDS_]; /* empty: not said */
	bool said_breaks;
};

struct kase {
	size_t line;
	struct slice context, sql, manual;
	struct answer says;
};

struct oracle {
	const struct engine *e;
	const char *file, *only, *other; /* ORACLE_TABLE: a table from elsewhere */
	bool write;
	int version;     /* of the reader */
	int section;     /* of which the section speaks */
	bool documented; /* … and no server is asked */
	struct arena arena;
	struct cluster cluster; /* server NULL: nothing is observed */
	struct conn *admin, *conn;
	struct reader *reader;
	struct slice setup;
	struct slice made; /* the part of the setup that the database was made from */
	bool clean;        /* … and it is as that made it */
	struct catalog *model;
	struct session session;
	size_t cases, observed, faults, agreed[LISTS_ + WORDS_], all[LISTS_ + WORDS_];
	bool faulty;
	bool blind; /* files could not be looked at */
};

void oracle_must(bool ok, const struct err *err);
void oracle_add(struct oracle *o, struct names *n, struct slice s);
struct slice oracle_joined(struct oracle *o, struct names n);
struct script oracle_read(struct oracle *o, struct slice sql);
bool oracle_run(struct oracle *o, struct conn *c, struct slice sql, struct slice *why);
bool oracle_observe(struct oracle *o, const struct kase *k, const struct script *st,
	struct answer *out, struct slice *why);
void oracle_ask_algorithm(
	struct oracle *o, const struct kase *k, const struct script *st, struct answer *out);
bool oracle_has_kind(const struct script *s, bool (*is)(enum change_kind k));
/* Can the server be watched doing this (F_REWRITES …) with such a statement? */
bool oracle_is_observable(struct oracle *o, const struct script *st, int f);
/* "column t.c", which the statement drops and adds again: the schema shows no loss. */
bool oracle_makes_again(const struct script *st, struct slice fact);

#endif
