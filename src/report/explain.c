/* explain.c - effects of statements, as explain/1 and for people. */
#include "report/internal.h"
#include "sql/clean.h"
#include "sql/quote.h"

#include <stdint.h>

static bool is_plain(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.at[i] != '_' && !(s.at[i] >= 'a' && s.at[i] <= 'z') &&
			!(s.at[i] >= 'A' && s.at[i] <= 'Z') &&
			!(i && s.at[i] >= '0' && s.at[i] <= '9'))
			return false;
	return s.len > 0;
}

/* In MySQL a word behind a point needs no quotes, reserved or not: t.PRIMARY. */
static struct slice path(struct arena *a, enum dialect d, struct name n, struct slice part)
{
	bool my = d == DIALECT_MYSQL || d == DIALECT_MARIADB;
	size_t open = slice_chr(n.name, '(');
	struct buf b = {0};
	struct slice s;

	if (open != SIZE_MAX && slice_ends(n.name, ")")) { /* a function: name(types) */
		quote_name_pretty(&b, d, n.schema, slice_sub(n.name, 0, open));
		buf_add(&b, slice_from(n.name, open));
	} else {
		quote_name_pretty(&b, d, n.schema, n.name);
	}
	if (part.len) {
		buf_addc(&b, '.');
		if (my && is_plain(part))
			buf_add(&b, part);
		else
			quote_ident_pretty(&b, d, part);
	}
	s = arena_slice(a, buf_slice(&b));
	buf_done(&b);
	return s;
}

static const char *lock_type(enum object_type t)
{
	return object_type_word(t);
}

static void touched_json(struct json *j, struct arena *a, enum dialect d, const char *key,
	const struct touched *v, size_t n, bool with_type)
{
	bool rows;

	json_key(j, key);
	json_array(j);
	for (size_t i = 0; i < n; i++) {
		if (v[i].new_in_tx)
			continue;
		json_object(j);
		/* What goes with TRUNCATE is not a part of the table that has a name. */
		rows = v[i].type == OBJECT_TABLE && slice_is(v[i].part, "rows");
		if (with_type)
			json_kcstr(j, "type", rows ? "rows" : object_type_word(v[i].type));
		json_kstr(j, "object", path(a, d, v[i].object, rows ? SLICE_NONE : v[i].part));
		json_kbool(j, "certain", v[i].certain);
		json_end(j);
	}
	json_end(j);
}

static void locks_json(struct json *j, struct arena *a, enum dialect d, const struct effect *e)
{
	json_key(j, "locks");
	json_array(j);
	for (size_t i = 0; i < e->nlocks; i++) {
		const struct lock *l = &e->locks[i];

		if (l->new_in_tx)
			continue;
		json_object(j);
		json_kstr(j, "object", path(a, d, l->object, SLICE_NONE));
		json_kcstr(j, "type", lock_type(l->type));
		json_kcstr(j, "mode", l->mode);
		json_key(j, "blocks");
		json_array(j);
		if (l->blocks == LOCK_READS_WRITES)
			json_cstr(j, "reads");
		if (l->blocks >= LOCK_WRITES)
			json_cstr(j, "writes");
		if (l->blocks == LOCK_DDL)
			json_cstr(j, "ddl");
		json_end(j);
		json_kbool(j, "certain", l->certain);
		json_end(j);
	}
	json_end(j);
}

static void breaks_json(struct json *j, struct arena *a, enum dialect d, const struct effect *e)
{
	json_key(j, "breaks");
	json_array(j);
	for (size_t i = 0; i < e->nbreaks; i++) {
		json_object(j);
		json_kcstr(j, "who", breaks_word(e->breaks[i].who));
		json_kstr(j, "object", path(a, d, e->breaks[i].object, e->breaks[i].part));
		json_end(j);
	}
	json_end(j);
}

static void statement_json(struct json *j, const struct explained *x, enum dialect d)
{
	const struct statement *st = x->statement;
	const struct effect *e = &x->effect;
	struct arena a = {0};

	json_object(j);
	json_kcstr(j, "file", st->span.src->path);
	json_kint(j, "line", (long long)span_place(st->span).line);
	json_kstr(j, "sql", statement_shown(st));
	json_kcstr(j, "kind", st->kind);
	json_kcstr(
		j, "outcome", st->state == STATEMENT_SYNTAX ? "fails" : outcome_word(e->outcome));
	if (st->state == STATEMENT_SYNTAX)
		json_kstr(j, "error", st->fault_message);
	else if (e->outcome_why.len)
		json_kstr(j, "outcome_why", e->outcome_why);
	locks_json(j, &a, d, e);
	report_names_json(j, "waits_for", e->waits_for);
	touched_json(j, &a, d, "rewrites", e->rewrites, e->nrewrites, false);
	touched_json(j, &a, d, "scans", e->scans, e->nscans, false);
	touched_json(j, &a, d, "builds", e->builds, e->nbuilds, false);
	touched_json(j, &a, d, "writes_rows", e->writes_rows, e->nwrites_rows, false);
	touched_json(j, &a, d, "destroys", e->destroys, e->ndestroys, true);
	breaks_json(j, &a, d, e);
	json_kcstr(j, "transaction", tx_rule_word(e->transaction));
	json_kcstr(j, "rerun", rerun_word(e->rerun));
	json_kcstr(j, "undo", undo_word(e->undo));
	json_kcstr(j, "algorithm", e->algorithm);
	json_kcstr(j, "lock_clause", e->lock_clause);
	json_kcstr(j, "source", e->documented ? "documented" : "measured");
	json_kbool(j, "certain", e->certain);
	report_names_json(j, "needs", e->needs);
	if (st->opaque_reason.len)
		json_kstr(j, "opaque", st->opaque_reason);
	json_end(j);
	arena_done(&a);
}

void report_explain_json(
	struct buf *b, const struct explained *e, size_t n, const struct report_options *o)
{
	char version[24];
	struct json j;

	json_init(&j, b);
	json_object(&j);
	report_head(&j, "explain/1");
	json_kcstr(&j, "dialect", dialect_name(o->dialect));
	json_kcstr(&j, "server_version", version_text(o->dialect, o->version, version));
	json_key(&j, "statements");
	json_array(&j);
	for (size_t i = 0; i < n; i++)
		statement_json(&j, &e[i], o->dialect);
	json_end(&j);
	json_end(&j);
}

/* ---- For people ---- */

static const char *blocks_words(enum lock_class c)
{
	switch (c) {
	case LOCK_NOTHING:
		return "nobody waits";
	case LOCK_DDL:
		return "other schema changes and vacuum wait";
	case LOCK_WRITES:
		return "writes wait";
	case LOCK_READS_WRITES:
		return "reads and writes wait";
	}
	return "";
}

static void list_text(struct buf *b, struct arena *a, enum dialect d, const char *label,
	const struct touched *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (v[i].new_in_tx)
			continue;
		buf_printf(b, "  %-11s %.*s%s\n", label,
			SLICE(clean_line(a, path(a, d, v[i].object, v[i].part))),
			v[i].certain ? "" : " (possibly)");
	}
}

static void statement_text(struct buf *b, const struct explained *x, const struct report_options *o)
{
	const struct statement *st = x->statement;
	const struct effect *e = &x->effect;
	struct arena a = {0};

	buf_printf(b, "%s%.*s%s\n", tint(o->color, "bold"),
		SLICE(clean_line(&a, slice_sub(st->raw, 0, 160))), tint(o->color, "off"));
	if (st->state == STATEMENT_SYNTAX) {
		buf_printf(b, "  %ssyntax error%s %.*s\n\n", tint(o->color, "error"),
			tint(o->color, "off"), SLICE(clean_line(&a, st->fault_message)));
		arena_done(&a);
		return;
	}
	if (st->state != STATEMENT_READ) {
		buf_printf(b, "  not read: %.*s\n\n", SLICE(clean_line(&a, st->opaque_reason)));
		arena_done(&a);
		return;
	}
	if (e->outcome != OUTCOME_OK)
		buf_printf(b, "  %s%s%s: %.*s\n", tint(o->color, "error"), outcome_word(e->outcome),
			tint(o->color, "off"), SLICE(clean_line(&a, e->outcome_why)));
	for (size_t i = 0; i < e->nlocks; i++)
		if (!e->locks[i].new_in_tx)
			buf_printf(b, "  %-11s %s on %.*s: %s%s\n", "locks", e->locks[i].mode,
				SLICE(clean_line(
					&a, path(&a, o->dialect, e->locks[i].object, SLICE_NONE))),
				blocks_words(e->locks[i].blocks),
				e->locks[i].certain ? "" : " (possibly)");
	if (e->algorithm)
		buf_printf(b, "  %-11s %s, LOCK=%s\n", "algorithm", e->algorithm,
			e->lock_clause ? e->lock_clause : "?");
	list_text(b, &a, o->dialect, "rewrites", e->rewrites, e->nrewrites);
	list_text(b, &a, o->dialect, "scans", e->scans, e->nscans);
	list_text(b, &a, o->dialect, "builds", e->builds, e->nbuilds);
	list_text(b, &a, o->dialect, "writes to", e->writes_rows, e->nwrites_rows);
	list_text(b, &a, o->dialect, "destroys", e->destroys, e->ndestroys);
	for (size_t i = 0; i < e->nbreaks; i++)
		buf_printf(b, "  %-11s %s that use %.*s\n", "breaks", breaks_word(e->breaks[i].who),
			SLICE(clean_line(
				&a, path(&a, o->dialect, e->breaks[i].object, e->breaks[i].part))));
	buf_printf(b, "  transaction %s; run again: %s; undo: %s\n", tx_rule_word(e->transaction),
		rerun_word(e->rerun), undo_word(e->undo));
	if (e->documented)
		buf_adds(b, "  source      the server's manual, not a measurement\n");
	for (size_t i = 0; i < e->needs.n; i++)
		buf_printf(b, "  not known   %.*s\n", SLICE(clean_line(&a, e->needs.at[i])));
	buf_addc(b, '\n');
	arena_done(&a);
}

void report_explain_text(
	struct buf *b, const struct explained *e, size_t n, const struct report_options *o)
{
	for (size_t i = 0; i < n; i++)
		statement_text(b, &e[i], o);
}
