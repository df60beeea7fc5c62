/* rehearse.h - proving a migration on a throw-away server: up, compare, down, compare, up again,
 * a second up on top.
 *
 * Each proof starts from a copy of the state before the migration, so a failed down does not spoil
 * what follows. SQL is treated as hostile: unprivileged owner, cleared environment, private socket,
 * no network. Rows that the history itself put there count as data. */
#ifndef BELAY_REHEARSE_REHEARSE_H
#define BELAY_REHEARSE_REHEARSE_H

#include "run/run.h"

enum proof { PROOF_NONE, PROOF_OK, PROOF_FAILED };

struct rehearsed_difference {
	const char *stage; /* "down", "up_again", "rerun" */
	const char *kind;  /* "schema", "data" */
	struct slice object, before, after;
};
struct rehearsed_statement {
	const struct statement *statement;
	struct slice sql;
	double ms;
	struct observed observed;
};
struct rehearsed {
	const struct migration *migration;
	enum proof up, down, up_again; /* ran without error; NONE = not tried */
	double up_ms, down_ms, up_again_ms;
	struct slice up_error, down_error, up_again_error;
	struct span error_span;
	enum proof verify;
	struct slice *verify_failed;
	size_t nverify_failed;
	enum proof schema_restored, data_restored;
	enum rerun rerun;
	struct slice rerun_error;
	const char *rows_source; /* history, none */
	size_t rows_tables;
	struct rehearsed_difference *differences;
	size_t ndifferences;
	struct rehearsed_statement *statements;
	size_t nstatements;
	bool irreversible; /* no down, or it does not restore */
	/* What failed may be owed to the rehearsal: a superuser is wanted, or a migration before it
	 * did not run. Then this says so, and it counts neither as proven nor as failed. */
	struct slice unproven;
};
/* A migration that the walk went on without: code, or one that does not go up. */
struct rehearsed_gap {
	const struct migration *migration;
	struct slice why;
};
struct rehearsal {
	enum dialect dialect;
	struct slice server_version;
	struct rehearsed *at;
	size_t n, nirreversible, nunproven;
	struct rehearsed_gap *gaps;
	size_t ngaps;
	bool ok; /* everything that was asked for is proven */
	/* Fingerprint over the scripts and the schema they end in; empty when one did not go up. */
	char receipt[65];
};
struct rehearse_options {
	const struct migration *const *only; /* proofs for these; the ones before are just applied.
					      * NULL = all */
	size_t nonly;
	struct source *base_schema;
	struct scratch_options scratch;
	void (*progress)(void *ctx, const struct migration *m, size_t index, size_t total,
		const char *stage);
	void *ctx;
};
bool rehearse(struct rehearsal *out, struct arena *a, const struct project *p,
	const struct engine *e, const struct rehearse_options *o, struct err *err);
/* Did any of its proofs fail? */
bool rehearsed_failed(const struct rehearsed *r);

#endif
