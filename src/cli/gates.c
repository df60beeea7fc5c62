/* gates.c - what stands between a command and a database. */
#include "cli/gates.h"

#include "base/digest.h"
#include "base/io.h"
#include "engine/engine.h"
#include "sql/clean.h"

#include <unistd.h>

const struct config_env *gate_env(const struct cli *c)
{
	const char *name = cli_text(c, "env");

	return name ? config_env(&c->config, name) : NULL;
}

/* ---- Roles ---- */

bool gate_role(const struct cli *c, struct conn *conn, struct err *err)
{
	const struct config_env *e = gate_env(c);
	const struct engine_locks *locks = conn->engine->locks;

	if (!e || !e->role)
		return true;
	if (conn->id.dialect == DIALECT_SQLITE)
		return err_set(err, ERR_INPUT,
			"environment \"%s\" asks for role \"%s\": SQLite has no roles", e->name,
			e->role);
	if (locks && locks->is_direct && !locks->is_direct(conn)) {
		err_set(err, ERR_INPUT,
			"cannot become role \"%s\" through a pooler: the role would stay in a "
			"session "
			"that others use too",
			e->role);
		return err_hint(err,
			"Connect to the server itself, or give the login its role there: "
			"ALTER ROLE login SET role = …");
	}
	if (!conn_execf(conn, err, "SET ROLE %I", slice_of(e->role)))
		return err_context(err, "becoming the role of environment \"%s\"", e->name);
	conn->id.role = slice_of(e->role);
	return true;
}

/* ---- Protected environments ---- */

static bool typed(const char *name)
{
	char line[256];
	size_t n;

	fprintf(stderr, "environment \"%s\" is protected: type its name to go on: ", name);
	fflush(stderr);
	if (!fgets(line, sizeof line, stdin))
		return false;
	n = strcspn(line, "\r\n");
	line[n] = 0;
	return strcmp(line, name) == 0;
}

bool gate_protected(const struct cli *c, struct err *err)
{
	const struct config_env *e = gate_env(c);
	const char *given = cli_text(c, "confirm");

	if (!e || !e->protected_ || (given && strcmp(given, e->name) == 0))
		return true;
	if (given) {
		err_set(err, ERR_REFUSED,
			"environment \"%s\" is protected, and --confirm says \"%s\"", e->name,
			given);
	} else {
		if (isatty(STDIN_FILENO) && isatty(STDERR_FILENO) && typed(e->name))
			return true;
		err_set(err, ERR_REFUSED, "environment \"%s\" is protected", e->name);
	}
	return err_hint(err, "Nothing was done. Say its name in advance: --confirm %s", e->name);
}

/* ---- Windows ---- */

bool gate_window(const struct cli *c, struct window *out, struct err *err)
{
	const struct config_env *e = gate_env(c);
	const char *given = cli_text(c, "window");

	*out = e ? e->window : (struct window){0};
	return !given || window_parse(slice_of(given), out, err);
}

/* ---- Receipts ---- */

/* One line a migration, and a last line over all of them: a file that was cut off is seen. */
static const char receipt_head[] = "belay receipt 1";

static void receipt_text(struct buf *b, const struct rehearsal *r)
{
	char seal[65];

	buf_printf(b, "%s\n%s %.*s\nschema %s\n", receipt_head, dialect_name(r->dialect),
		SLICE(r->server_version), r->receipt);
	for (size_t i = 0; i < r->n; i++)
		if (r->at[i].migration)
			buf_printf(b, "migration %s %.*s\n", r->at[i].migration->checksum,
				SLICE(r->at[i].migration->id));
	digest_sha256_hex(buf_slice(b), seal);
	buf_printf(b, "seal %s\n", seal);
}

bool receipt_write(struct cli *c, const struct rehearsal *r, struct err *err)
{
	const char *path = cli_text(c, "receipt");
	struct buf b = {0};
	bool ok;

	if (!path)
		return true;
	if (!r->ok) {
		warning_print(c, "no receipt was written: not every proof holds");
		return true;
	}
	receipt_text(&b, r);
	ok = io_write(path, buf_slice(&b), 0600, err);
	buf_done(&b);
	return ok;
}

static bool is_sealed(struct slice text)
{
	size_t at = text.len;
	char seal[65];

	/* "seal " + 64 + newline is the last line. */
	if (at < 70 || !slice_starts(text, receipt_head))
		return false;
	at -= 70;
	digest_sha256_hex(slice_sub(text, 0, at), seal);
	return slice_starts(slice_from(text, at), "seal ") &&
	       slice_is(slice_sub(text, at + 5, 64), seal);
}

static bool has_migration(struct slice text, const struct migration *m)
{
	struct slice line;

	while (slice_line(&text, &line))
		if (slice_starts(line, "migration ") && line.len > 75 &&
			slice_is(slice_sub(line, 10, 64), m->checksum) &&
			slice_eq(slice_from(line, 75), m->id))
			return true;
	return false;
}

bool gate_receipt(struct cli *c, const struct plan *plan, struct err *err)
{
	const struct config_env *e = gate_env(c);
	const char *path = cli_text(c, "receipt");
	struct slice text;

	if (!path) {
		if (!e || !e->require_receipt)
			return true;
		err_set(err, ERR_REFUSED, "environment \"%s\" wants a receipt", e->name);
		return err_hint(err,
			"belay rehearse --receipt FILE writes one; then belay up --receipt "
			"FILE");
	}
	if (!io_read(&c->arena, path, &text, err))
		return false;
	if (!is_sealed(text))
		return err_set(err, ERR_REFUSED, "\"%s\" is no receipt, or was changed", path);
	for (size_t i = 0; i < plan->nmigrations; i++)
		if (!has_migration(text, plan->migrations[i])) {
			err_set(err, ERR_REFUSED,
				"migration %.*s was not rehearsed as it is now: it is not in the "
				"receipt "
				"\"%s\"",
				SLICE(plan->migrations[i]->id), path);
			err_at(err, plan->migrations[i]->path, 0, 0, 0);
			return err_hint(err, "Nothing was done. belay rehearse --receipt %s", path);
		}
	return true;
}
