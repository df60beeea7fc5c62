/* conn.h - a connection to MySQL or MariaDB, for the files of this folder. */
#ifndef BELAY_ENGINE_MYSQL_CONN_H
#define BELAY_ENGINE_MYSQL_CONN_H

#include "engine/mysql/client.h"
#include "engine/mysql/mysql.h"
#include "engine/mysql/url.h"

/* Of the session: time of a statement, autocommit, completion_type, sql_safe_updates. */
enum { SETTINGS = 4 };

struct my_conn {
	struct conn base;
	struct client lib;
	MYSQL *my;
	struct my_url url;
	unsigned long thread;
	const char *who;     /* an expression that tells this server and session from others */
	struct slice anchor; /* what it gave when the connection was opened */
	bool cancelled;
	bool odd[SETTINGS]; /* the server or the role has set it otherwise: set_usual() */
};

static inline struct my_conn *my_conn(struct conn *c)
{
	return (struct my_conn *)c;
}
struct my_dialect my_conn_dialect(const struct conn *c);

/* Rows of one query written as a template (sqlf). */
bool my_queryf(struct conn *c, struct arena *a, struct rows *out, struct err *err,
	const char *template, ...);

#endif
