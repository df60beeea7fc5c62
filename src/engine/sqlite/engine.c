/* engine.c - SQLite's row of the table of engines. */
#include "engine/sqlite/sqlite.h"

extern const struct engine engine_sqlite;
const struct engine engine_sqlite = {
	.dialect = DIALECT_SQLITE,
	.name = "sqlite",
	.title = "SQLite",
	.reader_open = sqlite_reader_open,
	.reader_close = sqlite_reader_close,
	.read = sqlite_read,
	.looks_like = sqlite_looks_like,
	.effects = sqlite_effects,
	.connect = sqlite_connect,
	.load = sqlite_load,
	.rows_fingerprint = sqlite_rows_fingerprint,
	.sizes = sqlite_sizes,
	.positions = sqlite_positions,
	.scratch_start = sqlite_scratch_start,
	.scratch_open = sqlite_scratch_open,
	.scratch_drop = sqlite_scratch_drop,
	.scratch_info = sqlite_scratch_info,
	.scratch_stop = sqlite_scratch_stop,
	.observe_begin = sqlite_observe_begin,
	.observe_end = sqlite_observe_end,
	.needs_no_tx = sqlite_needs_no_tx,
	.is_same = sqlite_is_same,
	.commit_unsure = sqlite_commit_unsure,
	.batches = &sqlite_batches,
	.keep = &sqlite_keep,
	.dump = &sqlite_dump,
	.transactional_ddl = true,
	.scratch_extension_hint = "SQLite is built in: nothing has to be installed",
};
