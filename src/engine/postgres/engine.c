/* engine.c - PostgreSQL's row in the table of engines. */
#include "engine/postgres/effects.h"
#include "engine/postgres/postgres.h"
#include "engine/postgres/read.h"

const struct engine engine_postgres = {
	.dialect = DIALECT_POSTGRES,
	.name = "postgres",
	.title = "PostgreSQL",
	.reader_open = postgres_reader_open,
	.reader_close = postgres_reader_close,
	.read = postgres_read,
	.looks_like = postgres_looks_like,
	.effects = postgres_effects,
	.volatility = postgres_volatility,
	.connect = pg_connect,
	.load = pg_load,
	.rows_fingerprint = pg_rows_fingerprint,
	.sizes = pg_sizes,
	.recorded = pg_recorded,
	.broken_indexes = pg_broken_indexes,
	.positions = pg_positions,
	.scratch_start = pg_scratch_start,
	.scratch_open = pg_scratch_open,
	.scratch_drop = pg_scratch_drop,
	.scratch_info = pg_scratch_info,
	.scratch_stop = pg_scratch_stop,
	.observe_begin = pg_observe_begin,
	.observe_end = pg_observe_end,
	.needs_no_tx = postgres_needs_no_tx,
	.witness = pg_witness,
	.probe = pg_probe,
	.halfway = pg_halfway,
	.sound = pg_sound,
	.locks = &pg_locks,
	.batches = &pg_batches,
	.keep = &pg_keep,
	.dump = &pg_dump,
	.watch = &pg_watch,
	.transactional_ddl = true,
	.exact_grammar = true,
	.scratch_extension_hint =
		"apt-get install postgresql-15, or name a server with --scratch URL",
};
