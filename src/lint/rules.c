/* rules.c - the rule table, by id, and finding a rule by name. */
#include "lint/internal.h"

const struct rule *const rules[] = {&rule_add_check_validated, &rule_add_column_identity,
	&rule_add_column_inline_unique, &rule_add_column_required, &rule_add_column_serial,
	&rule_add_column_stored_generated, &rule_add_column_volatile_default, &rule_add_fk_copy,
	&rule_add_fk_validated, &rule_add_primary_key, &rule_add_unique,
	&rule_attach_partition_scan, &rule_cluster_table, &rule_column_type_rewrite,
	&rule_concurrent_index_partitioned, &rule_concurrent_index_retry, &rule_concurrently_in_tx,
	&rule_ddl_and_backfill_tx, &rule_detach_not_concurrent, &rule_drop_cascade,
	&rule_drop_column, &rule_drop_index_not_concurrent, &rule_drop_schema, &rule_drop_table,
	&rule_enum_value_in_tx, &rule_history_replay, &rule_index_not_concurrent,
	&rule_irreversible, &rule_migration_folder, &rule_mysql_column_copy, &rule_raw_sql_unread,
	&rule_refresh_matview, &rule_reindex_not_concurrent, &rule_rename_column,
	&rule_rename_table, &rule_set_logged, &rule_set_not_null_scan, &rule_sqlite_table_rebuild,
	&rule_statement_not_in_tx, &rule_syntax_error, &rule_truncate_rule, &rule_unused_ignore,
	&rule_update_no_where, &rule_vacuum_full, &rule_validate_in_same_tx, NULL};

const struct rule *rule_find(struct slice id, const char **nearest)
{
	size_t best = id.len / 3 + 2;

	if (nearest)
		*nearest = NULL;
	for (size_t i = 0; rules[i]; i++)
		if (slice_is(id, rules[i]->id))
			return rules[i];
	for (size_t i = 0; nearest && rules[i]; i++) {
		size_t d = slice_distance(id, slice_of(rules[i]->id));

		if (d < best) {
			best = d;
			*nearest = rules[i]->id;
		}
	}
	return NULL;
}
