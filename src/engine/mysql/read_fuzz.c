/* read_fuzz.c - any bytes may be read, as one statement of either dialect, again and again. */
#include "engine/mysql/mysql.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_as(enum dialect d, struct slice text, unsigned flags)
{
	struct reader_options o = {
		.dialect = d, .ansi_quotes = flags & 1, .no_backslash_escapes = flags & 2};
	struct arena a = {0};
	struct err err = {0};
	struct reader *r;

	if (d == DIALECT_MYSQL ? mysql_reader_open(&r, &o, &err)
			       : mariadb_reader_open(&r, &o, &err)) {
		struct statement st = {.text = text, .raw = text};

		for (unsigned i = 0; i < 2; i++) {
			st = (struct statement){.text = text, .raw = text, .index = i};
			mysql_read(r, &a, &st, &err);
			if (st.state == STATEMENT_READ && st.fault_at != SIZE_MAX)
				abort();
			if (st.state == STATEMENT_SYNTAX && st.fault_at != SIZE_MAX &&
				st.fault_at > text.len)
				abort();
			if (st.state == STATEMENT_OPAQUE && slice_empty(st.opaque_reason))
				abort();
		}
		mysql_reader_close(r);
	}
	err_done(&err);
	arena_done(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = slice_n((const char *)data, size);

	if (size == 0 || size > 65536)
		return 0;
	read_as(DIALECT_MYSQL, slice_from(text, 1), data[0]);
	read_as(DIALECT_MARIADB, slice_from(text, 1), data[0]);
	return 0;
}
