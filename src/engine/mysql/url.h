/* url.h - mysql://user:password@host:port/database?socket=/path */
#ifndef BELAY_ENGINE_MYSQL_URL_H
#define BELAY_ENGINE_MYSQL_URL_H

#include "base/arena.h"
#include "base/err.h"

struct my_url {
	const char *user, *password, *host, *socket, *database; /* NULL = not said */
	const char *ssl_ca;
	bool ssl;
	unsigned port;
};

bool my_url_parse(struct arena *a, struct slice url, struct my_url *out, struct err *err);

#endif
