/* overlook.c - tools that compare a database with what they know, or dump all of it, find belay's
 * journal there: a row for each, with the setting that makes them pass over it.
 *
 * PostgreSQL has the journal in a schema of its own, which most tools never look into; elsewhere it
 * is a handful of tables with a prefix. */
#include "cli/overlook.h"

#include "base/io.h"

struct tool {
	const char *name;
	const char *markers[4]; /* files of which one is there; NULL ends */
	const char *layout;     /* or this layout */
	const char *for_schema; /* %s: the schema; NULL: nothing has to be set */
	const char *for_prefix; /* %s: the prefix; NULL likewise */
};

/* clang-format off */
static const struct tool tools[] = {
	{"Prisma", {"prisma/schema.prisma", "schema.prisma", NULL}, "prisma",
	 NULL, /* it looks into the schemas of its datasource only */
	 "In prisma.config.ts, so that migrate dev sees no drift:\n"
	 "  experimental: { externalTables: true },\n"
	 "  tables: { external: [\"%1$srun\", \"%1$sstep\", \"%1$sapplied\", \"%1$scursor\", \"%1$smoved\",\n"
	 "                       \"%1$sversion\", \"%1$ssnapshot\", \"%1$sverified\"] },\n"},
	{"Alembic", {"alembic.ini", NULL}, NULL,
	 "In env.py, where include_schemas is set, for context.configure(include_name=…):\n"
	 "  def include_name(name, type_, parent_names):\n"
	 "      return not (type_ == \"schema\" and name == \"%1$s\")\n",
	 "In env.py, so that autogenerate drops nothing, for context.configure(include_object=…):\n"
	 "  def include_object(obj, name, type_, reflected, compare_to):\n"
	 "      return not (type_ == \"table\" and reflected and name.startswith(\"%1$s\"))\n"},
	{"Django", {"manage.py", NULL}, NULL, NULL, NULL}, /* compares models with migrations only */
	{"Rails", {"config/application.rb", NULL}, NULL,
	 NULL, /* schema.rb holds the search path's schemas */
	 "In config/initializers/belay.rb, so that schema.rb leaves the journal out:\n"
	 "  ActiveRecord::SchemaDumper.ignore_tables += [/\\A%1$s/]\n"},
	{"Diesel", {"diesel.toml", NULL}, "diesel",
	 NULL, /* print-schema reads one schema */
	 "In diesel.toml, so that print-schema leaves the journal out:\n"
	 "  [print_schema]\n"
	 "  filter = { except_tables = [\"^%1$s\"] }\n"},
	{"dbmate", {NULL}, "dbmate",
	 "schema.sql is a dump of everything: where your dbmate passes arguments on,\n"
	 "  dbmate dump -- --exclude-schema=%1$s\n",
	 NULL},
	{"Atlas", {"atlas.hcl", NULL}, NULL,
	 "In atlas.hcl, in the env block:\n"
	 "  exclude = [\"%1$s\"]\n",
	 "In atlas.hcl, in the env block:\n"
	 "  exclude = [\"%1$s*\"]\n"},
	{"Flyway", {NULL}, "flyway",
	 NULL, /* the schemas it was given */
	 "flyway clean would drop the journal too; belay makes it again, and knows no hashes then.\n"},
};
/* clang-format on */

static bool is_used(struct cli *c, const struct project *p, const struct tool *t)
{
	if (t->layout && p->layout && strcmp(p->layout->name, t->layout) == 0)
		return true;
	for (size_t i = 0; t->markers[i]; i++)
		if (io_is_file(io_join(&c->arena, c->root, t->markers[i])))
			return true;
	return false;
}

/* %1$s replaced: the only mark in the rows above. */
static void put(struct buf *b, const char *text, struct slice name)
{
	struct slice rest = slice_of(text);
	size_t at;

	while ((at = slice_find(rest, SL("%1$s"))) != (size_t)-1) {
		buf_add(b, slice_sub(rest, 0, at));
		buf_add(b, name);
		rest = slice_from(rest, at + 4);
	}
	buf_add(b, rest);
}

void overlook_text(struct buf *b, struct cli *c, const struct project *p)
{
	bool schema = p->dialect == DIALECT_POSTGRES || p->dialect == DIALECT_UNKNOWN;
	struct slice where = cli_journal(c);

	if (!where.len)
		where = schema ? SL("belay") : SL("belay_");
	for (size_t i = 0; i < sizeof tools / sizeof *tools; i++) {
		const char *text = schema ? tools[i].for_schema : tools[i].for_prefix;

		if (!text || !is_used(c, p, &tools[i]))
			continue;
		buf_printf(b, "\n%s will find belay's journal (%s %.*s%s).\n", tools[i].name,
			schema ? "schema" : "tables", SLICE(where), schema ? "" : "…");
		put(b, text, where);
	}
}
