/* engine.c - the two rows of this folder. They share everything but how a reader begins, which
 * server a scratch is, and what a text looks like. */
#include "engine/mysql/mysql.h"

extern const struct engine engine_mysql, engine_mariadb;


const struct engine engine_mysql = {
	.dialect = DIALECT_MYSQL,
	.name = "mysql",
	.title = "MySQL",
	.reader_open = mysql_reader_open,
	.reader_close = mysql_reader_close,
	.read = mysql_read,
	.looks_like = mysql_looks_like,
	.effects = mysql_effects,
	.connect = mysql_connect_url,
	.load = mysql_load,
	.rows_fingerprint = mysql_rows_fingerprint,
	.positions = mysql_positions,
	.scratch_start = mysql_scratch_start,
	.scratch_open = mysql_scratch_open,
	.scratch_drop = mysql_scratch_drop,
	.scratch_info = mysql_scratch_info,
	.scratch_stop = mysql_scratch_stop,
	.needs_no_tx = mysql_needs_no_tx,
	.transactional_ddl = false,
	.witness = mysql_witness,
	.probe = mysql_probe,
	.locks = &mysql_locks,
	.batches = &mysql_batches,
	.keep = &mysql_keep,
	.watch = &mysql_watch,
	.scratch_extension_hint = "give a MySQL server with --scratch mysql://USER:PASSWORD@HOST/",
};

const struct engine engine_mariadb = {
	.dialect = DIALECT_MARIADB,
	.name = "mariadb",
	.title = "MariaDB",
	.reader_open = mariadb_reader_open,
	.reader_close = mysql_reader_close,
	.read = mysql_read,
	.looks_like = mariadb_looks_like,
	.effects = mysql_effects,
	.connect = mariadb_connect_url,
	.load = mysql_load,
	.rows_fingerprint = mysql_rows_fingerprint,
	.positions = mysql_positions,
	.scratch_start = mariadb_scratch_start,
	.scratch_open = mysql_scratch_open,
	.scratch_drop = mysql_scratch_drop,
	.scratch_info = mysql_scratch_info,
	.scratch_stop = mysql_scratch_stop,
	.needs_no_tx = mysql_needs_no_tx,
	.transactional_ddl = false,
	.witness = mysql_witness,
	.probe = mysql_probe,
	.locks = &mysql_locks,
	.batches = &mysql_batches,
	.keep = &mysql_keep,
	.watch = &mysql_watch,
	.scratch_extension_hint = "install MariaDB's server (Debian: mariadb-server)",
};
