/* beside.c - files that belong to migrations without being one: checks, and code. */
#include "layout/internal.h"

#include <stdint.h>

const char *code_of(const char *name)
{
	static const struct {
		const char *suffix, *what;
	} kinds[] = {{".go", "a Go migration"}, {".kt", "a Kotlin migration"},
		{".java", "a Java migration"}, {".rb", "a Ruby migration"},
		{".py", "a Python script"}, {".ts", "a TypeScript migration"},
		{".js", "a JavaScript migration"}, {".mjs", "a JavaScript migration"},
		{".cjs", "a JavaScript migration"}, {".sh", "a shell script"},
		{".php", "a PHP migration"}, {".cs", "a C# migration"},
		{".groovy", "a Groovy migration"}, {".scala", "a Scala migration"},
		{".rs", "a Rust migration"}, {".exs", "an Elixir migration"}};

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (slice_ends(slice_of(name), kinds[i].suffix))
			return kinds[i].what;
	return NULL;
}

static struct slice number_in(struct slice name)
{
	size_t skip = slice_istarts(name, "verify_") || slice_istarts(name, "verify-") ? 7 : 0;

	name = slice_from(name, skip);
	return slice_sub(name, 0, count_digits(name));
}

static struct key_index by_plain_number(struct project *p)
{
	struct key_index x = {0};

	for (size_t i = 0; i < p->nmigrations; i++) {
		struct slice v = p->migrations[i].version;
		size_t n = count_digits(v);

		/* 20240115120000, and Prisma's 20240115120000_name */
		if (n && (n == v.len || v.at[n] == '_'))
			index_put(p->arena, &x, plain_number(slice_sub(v, 0, n)), i);
	}
	return x;
}

static void attach_from(struct project *p, const char *dir, const char *suffix)
{
	const struct entry *v;
	struct key_index x = {0};
	size_t n;

	files_peek(p->peeks, dir, &v, &n);
	if (n)
		x = by_plain_number(p);
	for (size_t i = 0; i < n; i++) {
		struct slice number = number_in(slice_of(v[i].name));
		const struct key_entry *e;
		struct migration *m;

		if (v[i].dir || !number.len || !slice_ends(slice_of(v[i].name), suffix))
			continue;
		e = index_get(&x, plain_number(number));
		m = e ? &p->migrations[e->first] : NULL;
		if (!m)
			problem(p, false, "not-a-migration", v[i].path, NOWHERE,
				"this checks a migration %.*s that is not there", SLICE(number));
		else if (!m->verify.src)
			m->verify = part_all(files_load(p, v[i].path), TX_MODE_NONE);
	}
}

void attach_verify(struct project *p)
{
	for (size_t i = 0; i < p->ndirs; i++) {
		const char *slash = strrchr(p->dirs[i], '/');

		attach_from(p, path_in(p->arena, p->dirs[i], "verify"), ".sql");
		if (slash)
			attach_from(p,
				arena_printf(p->arena, "%.*s/verify", (int)(slash - p->dirs[i]),
					p->dirs[i])
					.at,
				".sql");
		else if (strcmp(p->dirs[i], ".") != 0)
			attach_from(p, "verify", ".sql");
	}
}

void attach_verify_beside(struct project *p)
{
	for (size_t i = 0; i < p->ndirs; i++)
		attach_from(p, p->dirs[i], ".verify.sql");
}
