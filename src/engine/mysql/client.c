/* client.c - libmariadb by dlopen. */
#include "engine/mysql/client.h"

#include <dlfcn.h>

static const char *const names[] = {
#ifdef __APPLE__
	"libmariadb.3.dylib",
	"/opt/homebrew/opt/mariadb-connector-c/lib/mariadb/libmariadb.3.dylib",
	"/usr/local/opt/mariadb-connector-c/lib/mariadb/libmariadb.3.dylib",
#else
	"libmariadb.so.3",
#endif
};

static bool find(void *handle, void *where, const char *name, struct err *err)
{
	void *f = dlsym(handle, name);

	if (!f)
		return err_set(err, ERR_CONNECT, "this libmariadb is too old: it has no %s", name);
	/* ISO C has no conversion between object and function pointers; POSIX promises this one. */
	memcpy(where, &f, sizeof f);
	return true;
}

bool my_client_open(struct client *c, struct err *err)
{
	*c = (struct client){0};
	/* Never unloaded: the library keeps memory of its own for as long as the process lives. */
	for (size_t i = 0; i < sizeof names / sizeof *names && !c->handle; i++)
		c->handle = dlopen(names[i], RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
	if (!c->handle) {
		err_set(err, ERR_CONNECT, "cannot talk to MySQL or MariaDB: %s is not installed",
			names[0]);
		return err_hint(err,
			"Install MariaDB's client library (Debian: libmariadb3, Fedora: "
			"mariadb-connector-c, macOS: brew install "
			"mariadb-connector-c).");
	}
#define CLIENT_FIND(result, name, args)                                                            \
	if (!find(c->handle, &c->name, #name, err))                                                \
		goto fail;
	CLIENT_CALLS(CLIENT_FIND)
#undef CLIENT_FIND
	return true;
fail:
	my_client_close(c);
	return false;
}

void my_client_close(struct client *c)
{
	if (c->handle)
		dlclose(c->handle);
	*c = (struct client){0};
}
