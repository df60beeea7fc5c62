/* effects_expr.c - what expressions of computed columns, defaults and checks cannot hold, and which
 * columns they cannot look at. */
#include "engine/mysql/effects_alter.h"

#include "engine/mysql/parser.h"

#include <stdint.h>

/* clang-format off */
/* MariaDB: of the session or the moment. A virtual column and a default may have them, what is kept
 * (a stored column, a check, an index) may not. MySQL: nothing but a default may. */
static const char *const moving[] = {
	"now", "current_timestamp", "localtime", "localtimestamp", "sysdate", "curdate", "current_date",
	"curtime", "current_time", "utc_timestamp", "utc_date", "utc_time", "unix_timestamp", "rand",
	"uuid", "uuid_short", "sys_guid", "user", "current_user", "session_user", "system_user",
	"current_role", "connection_id", "database", "schema", "version", "random_bytes",
};
/* MariaDB: their words or their first day of the week are the session's. */
static const char *const local_words[] = {
	"date_format", "dayname", "monthname", "from_unixtime", "to_char",
};
/* Neither server has them in any of the three. */
static const char *const never[] = {
	"last_insert_id", "found_rows", "row_count", "sleep", "benchmark", "get_lock", "release_lock",
	"is_free_lock", "is_used_lock", "release_all_locks", "load_file", "match", "values", "name_const",
	"master_pos_wait", "json_table",
	"count", "sum", "avg", "min", "max", "group_concat", "bit_and", "bit_or", "bit_xor", "std",
	"stddev", "stddev_pop", "stddev_samp", "variance", "var_pop", "var_samp", "json_arrayagg",
	"json_objectagg",
	"row_number", "rank", "dense_rank", "percent_rank", "cume_dist", "ntile", "lag", "lead",
	"first_value", "nth_value",
};
/* Each server has its own: to the other they are functions of nobody. */
static const char *const mysql_has[] = {
	"uuid_to_bin", "bin_to_uuid", "is_uuid", "json_storage_size", "json_storage_free", "regexp_like",
	"statement_digest", "json_schema_validation_report", "st_validate", "st_swapxy", "any_value",
	"grouping", "gtid_subset",
};
/* MySQL 9.6 and later have them in a component that nobody installs by default. */
static const char *const gone[] = {"md5", "sha", "sha1"};
static const char *const mariadb_has[] = {
	"sys_guid", "nextval", "lastval", "setval", "sformat", "to_char", "json_exists", "json_compact",
	"json_detailed", "json_loose", "json_query", "nvl2", "column_get", "column_create", "column_json",
	"last_value", "decode_oracle", "encrypt", "md5_bin", "chr", "natural_sort_key", "json_normalize",
	"trim_oracle", "crc32c", "lengthb", "substr_oracle",
};
/* clang-format on */

#define ONE_OF(name, list) one_of((name), (list), sizeof(list) / sizeof *(list))
static bool one_of(struct slice name, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (slice_iis(name, list[i]))
			return true;
	return false;
}

/* ---- functions ---- */

static bool is_moving(const struct effects *x, const struct expr *e, struct slice name)
{
	if (slice_iis(name, "unix_timestamp") && is_mariadb(&x->d))
		return !e->facts->has_columns;
	if (slice_iis(name, "week") && is_mariadb(&x->d))
		return slice_chr(e->text, ',') == SIZE_MAX;
	return ONE_OF(name, moving) || (is_mariadb(&x->d) && ONE_OF(name, local_words));
}

/* A routine of the schema, or a function that only the other server has. */
static bool is_foreign_function(struct effects *x, struct slice name)
{
	enum presence how;

	if (is_mariadb(&x->d) ? ONE_OF(name, mysql_has) : ONE_OF(name, mariadb_has))
		return true;
	if (!is_mariadb(&x->d) && x->d.version >= 90600 && ONE_OF(name, gone))
		return true;
	fx_find(x, OBJECT_FUNCTION, (struct name){SLICE_NONE, name}, &how);
	return how == PRESENT;
}

/* MySQL has fewer functions in a default than in a query. */
static bool default_lacks(const struct effects *x, struct slice name)
{
	return !is_mariadb(&x->d) && slice_iis(name, "version");
}

static bool function_fits(
	struct effects *x, const struct expr *e, enum fx_clause clause, struct slice name)
{
	bool kept = clause == FX_STORED || clause == FX_CHECK ||
		    (clause == FX_VIRTUAL && !is_mariadb(&x->d));

	if (ONE_OF(name, never))
		return false;
	if (clause == FX_DEFAULT && default_lacks(x, name))
		return false;
	if (kept && is_moving(x, e, name))
		return false;
	if (slice_iis(name, "nextval") || slice_iis(name, "lastval"))
		return clause == FX_DEFAULT && is_mariadb(&x->d);
	return !is_foreign_function(x, name);
}

static const char *clause_word(enum fx_clause clause)
{
	switch (clause) {
	case FX_CHECK:
		return "a check";
	case FX_DEFAULT:
		return "a default";
	case FX_VIRTUAL:
	case FX_STORED:
		break;
	}
	return "a computed column";
}

void fx_expr_fits(struct effects *x, const struct expr *e, enum fx_clause clause, struct slice of)
{
	bool variables = clause == FX_STORED || clause == FX_CHECK || !is_mariadb(&x->d);

	if (!e->facts)
		return;
	if (e->facts->has_subquery)
		fx_fails(x, OUTCOME_FAILS, "%s has no sub-select", clause_word(clause));
	if (e->facts->has_params && variables)
		fx_fails(x, OUTCOME_FAILS, "%s has no variables", clause_word(clause));
	for (size_t i = 0; i < e->facts->functions.n; i++)
		if (!function_fits(x, e, clause, e->facts->functions.at[i]))
			fx_fails(x, OUTCOME_FAILS, "%.*s() cannot be used in %s (%.*s)",
				SLICE(e->facts->functions.at[i]), clause_word(clause), SLICE(of));
}

/* ---- columns ---- */

static const struct object *is_now(const struct after_part *p)
{
	return p->will ? p->will : p->was;
}

static bool is_computed(const struct object *column)
{
	return !slice_empty(column->column.generated);
}

static bool is_calculated(const struct object *column)
{
	const struct expr *e = &column->column.default_value;

	return e->facts && !e->facts->constant && slice_starts(e->text, "(");
}

/* NEXT VALUE FOR invoice_no: the sequence is no column. */
static bool counts_up(const struct expr *e)
{
	return slice_istarts(slice_trim(e->text), "next value") ||
	       my_names_have(e->facts->functions, SL("nextval")) ||
	       my_names_have(e->facts->functions, SL("lastval"));
}

/* Values are computed from left to right: MariaDB's defaults before all computed columns. */
static bool is_too_late(
	const struct effects *x, bool computed, const struct object *to, bool stands_behind)
{
	if (is_mariadb(&x->d)) {
		if (computed)
			return stands_behind && is_computed(to);
		return is_computed(to) || (stands_behind && is_calculated(to));
	}
	return stands_behind && (is_computed(to) || is_calculated(to));
}

static bool counts_here(const struct effects *x, const struct object *column)
{
	return !is_mariadb(&x->d) || !slice_is(column->column.generated, "virtual");
}

/* One column that an expression mentions. `place`: of the column with the expression. */
static void mention_fits(
	struct effects *x, size_t place, bool computed, struct slice mentioned, bool incomplete)
{
	const struct object *from = is_now(&x->after.v[place]), *to;
	const struct after_part *p = after_find(&x->after, OBJECT_COLUMN, mentioned);

	if (!p) {
		if (!incomplete)
			fx_fails(x, OUTCOME_FAILS, "there is no column %.*s to compute %.*s from",
				SLICE(mentioned), SLICE(from->name));
		return;
	}
	to = is_now(p);
	if (is_too_late(x, computed, to, (size_t)(p - x->after.v) >= place))
		fx_fails(x, OUTCOME_FAILS, "%.*s is computed from %.*s, which comes after it",
			SLICE(from->name), SLICE(to->name));
	if (!slice_empty(to->column.identity) && (!computed || counts_here(x, from)))
		fx_fails(x, OUTCOME_FAILS, "%.*s is computed from the AUTO_INCREMENT column %.*s",
			SLICE(from->name), SLICE(to->name));
}

static bool has_new_column(const struct effects *x)
{
	for (size_t i = 0; i < x->after.n; i++)
		if (x->after.v[i].type == OBJECT_COLUMN && x->after.v[i].will)
			return true;
	return false;
}

void fx_columns_fit(struct effects *x)
{
	bool incomplete = !x->t || x->t->tainted;

	if (!has_new_column(x))
		return;
	for (size_t i = 0; i < x->after.n; i++) {
		const struct object *c = is_now(&x->after.v[i]);
		bool computed;
		const struct expr *e;

		if (x->after.v[i].type != OBJECT_COLUMN || x->after.v[i].gone)
			continue;
		computed = is_computed(c);
		e = computed ? &c->column.generation : &c->column.default_value;
		for (size_t k = 0; e->facts && !counts_up(e) && k < e->facts->columns.n; k++)
			mention_fits(x, i, computed, e->facts->columns.at[k],
				incomplete || !x->after.v[i].will);
	}
}

/* A check over columns that are there; none of them counts. */
void fx_check_fits(struct effects *x, const struct object *check)
{
	const struct expr *e = &check->constraint.expression;

	fx_expr_fits(x, e, FX_CHECK, check->name);
	for (size_t i = 0; e->facts && i < e->facts->columns.n; i++) {
		const struct after_part *p =
			after_find(&x->after, OBJECT_COLUMN, e->facts->columns.at[i]);

		if (!p && x->t && !x->t->tainted)
			fx_fails(x, OUTCOME_FAILS, "there is no column %.*s to check",
				SLICE(e->facts->columns.at[i]));
		if (p && !slice_empty(is_now(p)->column.identity))
			fx_fails(x, OUTCOME_FAILS,
				"a check cannot look at the AUTO_INCREMENT column %.*s",
				SLICE(p->name));
	}
}
