/* bulk_fuzz.c - any bytes as a statement that is too large: what is left is a beginning of the rows
 * and what stands behind them, byte by byte in its place. */
#include "sql/bulk.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
	if (!holds)
		abort();
}

/* The same, but for one stretch of blanks, and for the end if all of it is left out. */
static void check_places(struct slice before, struct slice after)
{
	size_t from = 0, to = after.len;

	check(after.len <= before.len);
	while (from < after.len && after.at[from] == before.at[from])
		from++;
	if (after.len < before.len) {
		check(from == after.len);
		return;
	}
	while (to > from && after.at[to - 1] == before.at[to - 1])
		to--;
	for (size_t i = from; i < to; i++)
		check(after.at[i] == ' ');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = {0};
	struct statement st = {0}, again;
	struct slice text;
	struct bulk cut, rest;
	enum dialect d;
	size_t bytes, tokens;

	if (size < 3)
		return 0;
	d = (enum dialect)(data[0] % 5);
	bytes = data[1];
	tokens = data[2] ? data[2] * 4u : SIZE_MAX / 2;
	text = slice_n((const char *)data + 3, size - 3);
	st.text = text;
	cut = bulk_trim_at(&a, d, &st, bytes, tokens);
	check(cut.rows >= cut.rows_read);
	if (cut.unreadable || cut.rows == cut.rows_read)
		check(slice_eq(st.text, text));
	else
		check(cut.says.len);
	check_places(text, st.text);
	/* What is left has the rows that were promised, and nothing more to leave out. */
	again = st;
	if (!cut.unreadable && cut.rows > cut.rows_read) {
		rest = bulk_trim_at(&a, d, &again, 0, SIZE_MAX / 2);
		check(rest.rows == cut.rows_read);
	}
	arena_done(&a);
	return 0;
}
