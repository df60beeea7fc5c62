/* cmd_init.c - belay init: what a project is, written down. */
#include "base/io.h"
#include "cli/gates.h"
#include "cli/overlook.h"
#include "run/journal.h"
#include "sql/quote.h"

static void write_config(struct buf *b, const struct project *p)
{
	buf_adds(b,
		"# belay.yml: how belay sees this project. `belay init` wrote what it found.\n\n");
	if (p->dialect != DIALECT_UNKNOWN)
		buf_printf(b, "dialect: %s\n", dialect_name(p->dialect));
	else
		buf_adds(b, "# dialect: postgres        # postgres, mysql, mariadb or sqlite\n");
	buf_adds(b, "# server_version: 15       # the oldest server these migrations will meet\n");
	if (p->layout) {
		buf_printf(b, "layout: %s\n", p->layout->name);
		buf_adds(b, "migrations:\n");
		for (size_t i = 0; i < p->ndirs; i++) {
			buf_adds(b, "  - ");
			json_escape(b, slice_of(p->dirs[i]));
			buf_addc(b, '\n');
		}
	} else {
		buf_adds(b, "layout: plain\nmigrations:\n  - migrations\n");
	}
	buf_adds(b,
		"\n# Databases by name: belay up --env staging. ${NAME} is an environment "
		"variable.\n"
		"# environments:\n#   staging:\n#     url: ${STAGING_DATABASE_URL}\n"
		"\n# Rules: off, info, warning or error; `belay rules` lists them.\n"
		"# rules:\n#   drop-column: warning\n"
		"\n# Migrations up to this one are read for context, but not reported on.\n"
		"# start_after: \"0042\"\n"
		"\n# Findings of today, written by belay check --write-baseline FILE: only new "
		"ones "
		"are reported.\n"
		"# baseline: .belay-baseline\n"
		"\n# What this project asks of its migrations: columns, naming, forbid, comments, "
		"size, …\n"
		"# policies:\n#   - forbid: [drop table]\n#     because: tables are renamed away "
		"first\n"
		"\n# Late migrations and missing files stop belay up; here they do not:\n"
		"# out_of_order: true\n# ignore_missing: true\n"
		"\n# Values of placeholders such as ${schema} or {{ .Schema }}.\n"
		"# placeholders:\n#   schema: public\n");
}

/* What a role that may not create needs besides the tables. */
static void grants(struct buf *b, struct cli *c, enum dialect d)
{
	const struct config_env *e = gate_env(c);
	struct slice schema = cli_journal(c);
	const char *off = e && e->role ? "" : "-- ", *role = e && e->role ? e->role : "deployer";
	struct buf name = {0}, where = {0};

	if (d != DIALECT_POSTGRES)
		return;
	quote_ident_pretty(&name, d, slice_of(role));
	quote_ident_pretty(&where, d, schema.len ? schema : SL("belay"));
	if (off[0])
		buf_adds(b, "\n-- For the role that runs belay up, if it is another one:\n");
	buf_printf(b,
		"%sGRANT USAGE ON SCHEMA %s TO %s;\n"
		"%sGRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA %s TO %s;\n",
		off, buf_cstr(&where), buf_cstr(&name), off, buf_cstr(&where), buf_cstr(&name));
	buf_done(&name);
	buf_done(&where);
}

int cmd_init(struct cli *c, struct err *err)
{
	const char *path = io_join(&c->arena, c->root, "belay.yml");
	struct project p = {0};
	struct buf b = {0};
	bool ok;

	if (!cli_project(c, &p, false, err))
		return 2;
	if (cli_flag(c, "journal")) {
		journal_script(&b, p.dialect == DIALECT_UNKNOWN ? DIALECT_POSTGRES : p.dialect,
			cli_journal(c));
		grants(&b, c, p.dialect == DIALECT_UNKNOWN ? DIALECT_POSTGRES : p.dialect);
		fwrite(b.at, 1, b.len, stdout);
		buf_done(&b);
		return 0;
	}
	if (p.layout)
		printf("found %zu migrations of %s in %s, for %s\n", p.nmigrations, p.layout->name,
			p.ndirs ? p.dirs[0] : ".",
			p.dialect == DIALECT_UNKNOWN ? "an unknown database"
						     : dialect_name(p.dialect));
	else
		printf("found no migrations: new ones will go to migrations/, in the plain "
		       "layout\n");
	for (size_t i = 0; i < p.nproblems; i++)
		warning_print(c, "%s: %.*s", p.problems[i].path ? p.problems[i].path : "folder",
			SLICE(p.problems[i].message));
	if (c->config.path) {
		overlook_text(&b, c, &p);
		printf("%s is there already and was left alone\n%s", c->config.path, buf_cstr(&b));
		buf_done(&b);
		return 0;
	}
	write_config(&b, &p);
	ok = io_write_new(path, buf_slice(&b), 0644, err);
	buf_clear(&b);
	overlook_text(&b, c, &p);
	if (ok)
		printf("wrote belay.yml\nnext: %s\n%s", p.layout ? "belay check" : "belay new NAME",
			buf_cstr(&b));
	buf_done(&b);
	return ok ? 0 : 2;
}
