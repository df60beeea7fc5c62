/* names_mysql.c - the names MySQL and MariaDB give to what nobody named.
 *
 * Indexes are called like their first column, then with _2, _3 …; foreign keys <table>_ibfk_N and
 * checks <table>_chk_N (MySQL) or CONSTRAINT_N (MariaDB), one above the highest number in use.
 * https://dev.mysql.com/doc/refman/8.0/en/create-table-foreign-keys.html
 * https://mariadb.com/kb/en/constraint/ */
#include "catalog/internal.h"

struct slice my_index_name(struct catalog *c, const struct node *table, struct slice column)
{
	struct slice name = column;

	if (slice_empty(name))
		name = SL("functional_index");
	for (unsigned n = 2; part_find(c, table, OBJECT_INDEX, name) || slice_iis(name, "primary");
		n++)
		name = textf(c, "%.*s_%u",
			SLICE(slice_empty(column) ? SL("functional_index") : column), n);
	return name;
}

struct slice my_constraint_name(struct catalog *c, const struct node *table, const char *infix)
{
	bool mariadb_check = c->dialect == DIALECT_MARIADB && !strcmp(infix, "chk");
	struct slice head = mariadb_check ? SL("CONSTRAINT_")
					  : textf(c, "%.*s_%s_", SLICE(table->o.name), infix);
	unsigned long long highest = 0, n;

	for (size_t i = 0; i < table->o.nparts; i++) {
		const struct object *o = table->o.parts[i];

		if (o->type == OBJECT_CONSTRAINT && o->name.len > head.len &&
			slice_ieq(slice_sub(o->name, 0, head.len), head) &&
			slice_u64(slice_from(o->name, head.len), &n) && n > highest)
			highest = n;
	}
	return textf(c, "%.*s%llu", SLICE(head), highest + 1);
}
