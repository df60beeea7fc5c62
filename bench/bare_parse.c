/* bare_parse.c - what the parse alone costs: every file through the native libpg_query, nothing
 * else. The other side of the first figure of `make bench`. */
#include <pg_query.h>
#include <stdio.h>
#include <stdlib.h>

static char *read_whole(const char *path)
{
	FILE *f = fopen(path, "rb");
	char *text;
	long n;

	if (!f || fseek(f, 0, SEEK_END) || (n = ftell(f)) < 0 || fseek(f, 0, SEEK_SET))
		exit(2);
	text = malloc((size_t)n + 1);
	if (!text || fread(text, 1, (size_t)n, f) != (size_t)n)
		exit(2);
	text[n] = 0;
	fclose(f);
	return text;
}

int main(void)
{
	char path[4096];
	size_t failed = 0;

	while (fgets(path, sizeof path, stdin)) {
		char *text;
		PgQueryParseResult r;

		for (char *p = path; *p; p++)
			if (*p == '\n')
				*p = 0;
		text = read_whole(path);
		r = pg_query_parse(text);
		failed += r.error != NULL;
		pg_query_free_parse_result(r);
		free(text);
	}
	return failed ? 1 : 0;
}
