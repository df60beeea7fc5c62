/* libpq.c - libpq by dlopen. */
#include "engine/postgres/libpq.h"

#include <dlfcn.h>

static const char *const names[] = {
#ifdef __APPLE__
	"libpq.5.dylib",
	"/opt/homebrew/opt/libpq/lib/libpq.5.dylib",
	"/usr/local/opt/libpq/lib/libpq.5.dylib",
#else
	"libpq.so.5",
#endif
};

static bool find(void *handle, void *where, const char *name, struct err *err)
{
	void *f = dlsym(handle, name);

	if (!f)
		return err_set(err, ERR_CONNECT, "this libpq is too old: it has no %s", name);
	/* ISO C has no conversion between object and function pointers; POSIX promises this one. */
	memcpy(where, &f, sizeof f);
	return true;
}

bool libpq_open(struct libpq *pq, struct err *err)
{
	*pq = (struct libpq){0};
	for (size_t i = 0; i < sizeof names / sizeof *names && !pq->handle; i++)
		pq->handle = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
	if (!pq->handle) {
		err_set(err, ERR_CONNECT, "cannot talk to PostgreSQL: %s is not installed",
			names[0]);
		return err_hint(err, "Install PostgreSQL's client library (Debian: libpq5, Fedora: "
				     "libpq, macOS: brew install libpq).");
	}
#define LIBPQ_FIND(result, name, args)                                                             \
	if (!find(pq->handle, &pq->name, #name, err))                                              \
		goto fail;
	LIBPQ_FUNCTIONS(LIBPQ_FIND)
#undef LIBPQ_FIND
	return true;
fail:
	libpq_close(pq);
	return false;
}

void libpq_close(struct libpq *pq)
{
	if (pq->handle)
		dlclose(pq->handle);
	*pq = (struct libpq){0};
}
