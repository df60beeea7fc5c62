/* read_test.c - statements and what is read in them, as text that people can review.
 *
 * testdata/NAME.sql holds statements, one to a paragraph (blank lines between them); NAME.want
 * holds what the reader says about each. BELAY_REGENERATE=1 writes the .want files anew. With a
 * file as argument the program prints what it reads in it. */
#include "base/io.h"
#include "engine/postgres/grammar/grammar.h"
#include "engine/postgres/read.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

/* ---- Changes as text ---- */

static void put(struct buf *b, const char *label, struct slice s)
{
	size_t i;

	if (!s.len)
		return;
	buf_printf(b, " %s=[", label);
	for (i = 0; i < s.len; i++) {
		if (s.at[i] == '\n' || s.at[i] == '\t')
			buf_addc(b, ' ');
		else
			buf_addc(b, s.at[i]);
	}
	buf_addc(b, ']');
}

static void put_name(struct buf *b, const char *label, struct name n)
{
	if (n.schema.len || n.name.len)
		buf_printf(b, " %s=%.*s%s%.*s", label, SLICE(n.schema), n.schema.len ? "." : "",
			SLICE(n.name));
}

static void put_names(struct buf *b, const char *label, struct names n)
{
	size_t i;

	if (!n.n)
		return;
	buf_printf(b, " %s={", label);
	for (i = 0; i < n.n; i++)
		buf_printf(b, "%s%.*s", i ? " | " : "", SLICE(n.at[i]));
	buf_addc(b, '}');
}

static void put_facts(struct buf *b, const struct expr_facts *f)
{
	if (!f)
		return;
	buf_printf(b, " <%s%s%s%s%s", f->constant ? "constant " : "", f->null ? "null " : "",
		f->has_columns ? "columns " : "", f->has_subquery ? "subquery " : "",
		f->has_params ? "params " : "");
	put_names(b, "calls", f->functions);
	put_names(b, "cols", f->columns);
	put_names(b, "types", f->types);
	buf_addc(b, '>');
}

static void put_expr(struct buf *b, const char *label, struct expr e)
{
	put(b, label, e.text);
	if (e.text.len)
		put_facts(b, e.facts);
}

static void put_bool(struct buf *b, const char *label, bool v)
{
	if (v)
		buf_printf(b, " %s", label);
}

#define DUMP_TEXT put
#define DUMP_NAME put_name
#define DUMP_BOOL put_bool
#define DUMP_EXPR put_expr
#define DUMP_LIST put_names
#define DUMP_SET put_names
#define DUMP_NOTE put_names
#define DUMP(kind, member, label) DUMP_##kind(b, #member, d->member);

static void put_fields(struct buf *b, const struct object *o)
{
	switch (o->type) {
	case OBJECT_TABLE: {
		const struct table_def *d = &o->table_;
		TABLE_FIELDS(DUMP)
		return;
	}
	case OBJECT_COLUMN: {
		const struct column_def *d = &o->column;
		COLUMN_FIELDS(DUMP)
		return;
	}
	case OBJECT_CONSTRAINT: {
		const struct constraint_def *d = &o->constraint;
		CONSTRAINT_FIELDS(DUMP)
		return;
	}
	case OBJECT_INDEX: {
		const struct index_def *d = &o->index;
		INDEX_FIELDS(DUMP)
		return;
	}
	case OBJECT_SEQUENCE: {
		const struct sequence_def *d = &o->sequence;
		SEQUENCE_FIELDS(DUMP)
		return;
	}
	case OBJECT_VIEW:
	case OBJECT_MATVIEW: {
		const struct view_def *d = &o->view;
		VIEW_FIELDS(DUMP)
		return;
	}
	case OBJECT_TYPE: {
		const struct type_def *d = &o->type_;
		TYPE_FIELDS(DUMP)
		return;
	}
	case OBJECT_FUNCTION: {
		const struct function_def *d = &o->function;
		FUNCTION_FIELDS(DUMP)
		return;
	}
	case OBJECT_TRIGGER: {
		const struct trigger_def *d = &o->trigger;
		TRIGGER_FIELDS(DUMP)
		return;
	}
	case OBJECT_POLICY: {
		const struct policy_def *d = &o->policy;
		POLICY_FIELDS(DUMP)
		return;
	}
	default: {
		const struct other_def *d = &o->other;
		OTHER_FIELDS(DUMP)
		return;
	}
	}
}

static void put_object(struct buf *b, const struct object *o, int indent)
{
	static const char *const words[] = {"none", "schema", "extension", "table", "column",
		"constraint", "index", "sequence", "view", "matview", "type", "function", "trigger",
		"policy", "rule", "statistics", "publication", "event trigger", "event",
		"default acl", "other", "database", "role"};
	size_t i;

	buf_printf(b, "%*s- %s %.*s%s%.*s", indent, "", words[o->type], SLICE(o->schema),
		o->schema.len ? "." : "", SLICE(o->name));
	put_bool(b, "generated-name", o->generated_name);
	put(b, "owner", o->owner);
	put_fields(b, o);
	buf_addc(b, '\n');
	for (i = 0; i < o->nparts; i++)
		put_object(b, o->parts[i], indent + 2);
}

static const char *const flag_words[] = {"if-exists", "if-not-exists", "or-replace", "cascade",
	"concurrently", "not-valid", "only", "where", "where-true", "limit", "from-select",
	"on-conflict", "local", "nowait", "full", "temporary", "no-data", "returning", "for-update",
	"finalize", "restart-identity", "guarded", "inner", "ignore", "passed-over"};

static void put_changes(
	struct buf *b, const struct statement *st, const struct change *v, size_t n, int indent)
{
	size_t i, k;

	for (i = 0; i < n; i++) {
		const struct change *c = &v[i];
		struct slice at = span_text(c->span);

		buf_printf(b, "%*s%s", indent, "", change_words(c->kind));
		for (k = 0; k < sizeof flag_words / sizeof *flag_words; k++)
			put_bool(b, flag_words[k], c->flags & (1u << k));
		put_name(b, "target", c->target);
		put(b, "name", c->name);
		put_name(b, "other", c->other);
		put(b, "value", c->value.text);
		put_facts(b, c->value.facts);
		put_names(b, "list", c->list);
		put_names(b, "reads", c->reads);
		put_names(b, "settings", c->settings);
		if (!slice_eq(at, st->text))
			put(b, "at", at);
		buf_addc(b, '\n');
		if (c->def)
			put_object(b, c->def, indent + 2);
		put_changes(b, st, c->inner, c->ninner, indent + 4);
	}
}

static void put_statement(struct buf *b, const struct statement *st)
{
	static const char *const states[] = {"", " OPAQUE", " SYNTAX", " CLIENT"};
	struct slice rest = st->text, line;

	slice_line(&rest, &line);
	buf_printf(b, "> %.*s\n%s%s", SLICE(line), st->kind, states[st->state]);
	if (st->partly_opaque)
		buf_adds(b, " PARTLY");
	if (postgres_needs_no_tx(st, 150000))
		buf_adds(b, " NO-TX");
	put(b, "because", st->opaque_reason);
	put_names(b, "may-touch", st->may_touch);
	put(b, "fault", st->fault_message);
	if (st->state == STATEMENT_SYNTAX && st->fault_at != SIZE_MAX)
		put(b, "before", slice_sub(st->text, st->fault_at, 20));
	buf_addc(b, '\n');
	put_changes(b, st, st->changes, st->nchanges, 2);
	buf_addc(b, '\n');
}

/* ---- Files of paragraphs ---- */

static bool paragraph(struct slice *rest, struct slice *out)
{
	struct slice line, before = *rest;
	const char *from = NULL, *end = NULL;

	while (before = *rest, slice_line(rest, &line)) {
		bool blank = !slice_trim(line).len || (!from && slice_starts(line, "--"));

		if (blank && from)
			break;
		if (blank)
			continue;
		if (!from)
			from = before.at;
		end = line.at + line.len;
	}
	if (!from)
		return false;
	*out = slice_trim(slice_n(from, (size_t)(end - from)));
	if (slice_ends(*out, ";"))
		out->len--;
	return true;
}

static void read_all(struct buf *out, struct slice text, int version)
{
	struct reader_options o = {.dialect = DIALECT_POSTGRES, .version = version};
	struct arena a = {0};
	struct err err = {0};
	struct source src;
	struct reader *r;
	struct slice p;

	source_init(&src, &a, "test.sql", text);
	assert_true(postgres_reader_open(&r, &o, &err));
	while (paragraph(&text, &p)) {
		struct statement st = {.text = p, .raw = p};

		st.span = (struct span){&src, (size_t)(p.at - src.text.at), p.len};
		assert_true(postgres_read(r, &a, &st, &err));
		put_statement(out, &st);
	}
	postgres_reader_close(r);
	arena_done(&a);
}

static const char *const cases[] = {"table", "alter", "index", "data", "session", "object", "type",
	"function", "misc", "block", "version", "version18", "syntax", "span"};

static struct slice testdata(struct arena *a, const char *name, const char *ext)
{
	struct slice file = slice_of(__FILE__);
	size_t len = file.len;

	while (len && file.at[len - 1] != '/')
		len--;
	return arena_printf(a, "%.*stestdata/%s.%s%c", (int)len, file.at, name, ext, 0);
}

static struct slice whole(struct arena *a, const char *path)
{
	struct slice s = {0};
	struct buf b = {0};
	FILE *f = fopen(path, "rb");
	size_t n;

	if (!f)
		return s;
	while ((n = fread(buf_room(&b, 4096), 1, 4096, f)) > 0)
		b.len += n;
	fclose(f);
	s = arena_slice(a, buf_slice(&b));
	buf_done(&b);
	return s;
}

static void golden(void **state)
{
	struct arena a = {0};
	struct buf out = {0};
	struct slice want;
	const char *path = testdata(&a, *state, "want").at;

	if (strcmp(*state, "version18") == 0 && grammar_version() < 18)
		skip(); /* the system's grammar is older */
	read_all(&out, whole(&a, testdata(&a, *state, "sql").at),
		strncmp(*state, "version", 7) == 0 ? 120000 : 150000);
	if (getenv("BELAY_REGENERATE")) {
		FILE *f = fopen(path, "wb");

		assert_non_null(f);
		fwrite(out.at, 1, out.len, f);
		fclose(f);
	}
	want = whole(&a, path);
	if (!slice_eq(want, buf_slice(&out)))
		print_message("%.*s", SLICE(buf_slice(&out)));
	assert_true(slice_eq(want, buf_slice(&out)));
	buf_done(&out);
	arena_done(&a);
}

static void looks_like(void **state)
{
	(void)state;
	assert_true(postgres_looks_like(
			    SL("CREATE TABLE t (id bigserial, j jsonb DEFAULT '{}'::jsonb)")) >= 3);
	assert_int_equal(postgres_looks_like(SL("CREATE TABLE t (id int AUTO_INCREMENT)")), 0);
}

int main(int argc, char **argv)
{
	struct CMUnitTest tests[sizeof cases / sizeof *cases + 1];
	size_t n = sizeof cases / sizeof *cases, i;

	if (argc > 1) {
		struct arena a = {0};
		struct buf out = {0};

		read_all(&out, whole(&a, argv[1]), 150000);
		fwrite(out.at, 1, out.len, stdout);
		buf_done(&out);
		arena_done(&a);
		return 0;
	}
	memset(tests, 0, sizeof tests);
	for (i = 0; i < n; i++)
		tests[i] = (struct CMUnitTest){
			cases[i], golden, NULL, NULL, (void *)(uintptr_t)cases[i]};
	tests[n] = (struct CMUnitTest){"looks like", looks_like, NULL, NULL, NULL};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
