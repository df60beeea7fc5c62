/* words.c - why and what instead, where it is not the same on every engine.
 *
 * A rule's own words are those of its page, which speaks of all engines, or of PostgreSQL first.
 * Who reads a finding has one server in front of him: here is what is so on that one. */
#include "lint/internal.h"

#define MY (RULE_MYSQL | RULE_MARIADB)

struct engine_words {
	const char *rule;
	unsigned engines;
	const char *why, *safe; /* NULL: the rule's own */
};

#define IN_BATCHES_SQLITE                                                                          \
	"SQLite has one writer at a time: every other one waits, or fails with SQLITE_BUSY, for "  \
	"as "                                                                                      \
	"long as this runs. What was there before is overwritten or gone, and no down script "     \
	"knows "                                                                                   \
	"it."
#define IN_BATCHES_MYSQL                                                                           \
	"Each changed row stays locked until the transaction ends, the undo log keeps every old "  \
	"version until then, and replicas repeat all of it in one piece."
#define ONLINE_TOOL                                                                                \
	"An online schema change tool (gh-ost, pt-online-schema-change), or a quiet hour."
#define NO_NAME_LEFT                                                                               \
	"Duplicates that come in after the unique key is gone make it impossible to create "       \
	"again, "                                                                                  \
	"and "
#define NEW_GUARD                                                                                  \
	"Create the key that replaces it first; drop the old one when no code relies on it."

static const struct engine_words words[] = {
	{"add-column-serial", MY,
		"AUTO_INCREMENT numbers every row: the table is rebuilt while writes wait.",
		"Add a plain BIGINT column, fill it in batches, then make it the "
		"key. " ONLINE_TOOL},
	{"add-column-stored-generated", MY,
		"GENERATED … STORED is computed for each row: the table is copied while writes "
		"wait. A "
		"VIRTUAL column costs nothing, and can be indexed.",
		"VIRTUAL; or a plain column with a trigger, filled in batches."},
	{"add-column-stored-generated", RULE_SQLITE,
		"ALTER TABLE writes no rows in SQLite, so it refuses a STORED column as soon as "
		"the "
		"table has one.",
		"VIRTUAL; or rebuild the table."},
	{"add-column-expression-default", RULE_SQLITE,
		"ALTER TABLE writes no rows in SQLite, so it takes constants only: "
		"CURRENT_TIMESTAMP "
		"or an expression in parentheses fails as soon as the table has a row. On an empty "
		"database it passes.",
		"Add the column without a default and fill it; the code or a trigger sets it from "
		"then "
		"on. Or rebuild the table."},
	{"column-type-narrowing", MY, NULL,
		"Look for values that do not fit; a CHECK with the new limit, or a new column."},
	{"column-type-narrowing", RULE_SQLITE, NULL,
		"Look for values that do not fit before the rows are copied."},
	{"add-check-validated", MY,
		"ADD CHECK looks at every row: the table is copied while writes wait.",
		"Look for rows that break it first. " ONLINE_TOOL},
	{"add-primary-key", MY,
		"The rows are stored in the order of the primary key: the table is copied.",
		ONLINE_TOOL},
	{"set-not-null-unproven", MY | RULE_SQLITE,
		"NOT NULL is checked against every row. No migration of this history has written "
		"the "
		"column, so whether NULLs are left is known to nobody.",
		NULL},
	{"nested-tx", MY,
		"There is one transaction, not two: BEGIN commits what is open, and so does every "
		"change of the schema. A COMMIT inside a runner's transaction leaves a half-done "
		"migration that the runner believes in.",
		NULL},
	{"nested-tx", RULE_SQLITE,
		"There is one transaction, not two: SQLite refuses an inner BEGIN. A COMMIT inside "
		"a "
		"runner's transaction leaves a half-done migration that the runner believes in.",
		NULL},
	{"update-no-where", MY, IN_BATCHES_MYSQL, NULL},
	{"update-no-where", RULE_SQLITE, IN_BATCHES_SQLITE,
		"A WHERE that names the rows; keyed batches for large tables (-- belay:batched)."},
	{"unbatched-backfill", MY,
		IN_BATCHES_MYSQL
		" A loop in a procedure is one transaction too, unless it commits.",
		NULL},
	{"index-not-concurrent", MY,
		"InnoDB builds other indexes beside writes; the first FULLTEXT index rebuilds the "
		"table, and every FULLTEXT or SPATIAL one keeps writers out for the whole build.",
		ONLINE_TOOL},
	{"drop-unique-guard", MY,
		NO_NAME_LEFT
		"INSERT … ON DUPLICATE KEY UPDATE, REPLACE and INSERT IGNORE that rely on it "
		"insert a second row without a word.",
		NEW_GUARD},
	{"drop-unique-guard", RULE_SQLITE,
		NO_NAME_LEFT "INSERT … ON CONFLICT that names its columns fails.", NEW_GUARD},
	{"drop-column-loses-pk", MY,
		"Rows without a key are clustered by a hidden one, replicas look for each changed "
		"row "
		"in the whole table, and ORMs cannot find what they loaded.",
		NULL},
	{"drop-primary-key", MY,
		"The table is copied and clustered by a hidden key, replicas look for each changed "
		"row in the whole table, and duplicates may come in. A key that the same statement "
		"replaces is not meant.",
		"Drop the old key and add the new one in one ALTER TABLE. " ONLINE_TOOL},
	{"lock-table", MY,
		"LOCK TABLES waits for every transaction that uses the table, up to "
		"lock_wait_timeout "
		"(a day, in MySQL a year), and everybody who comes after it queues behind it.",
		"SET SESSION lock_wait_timeout = 5; first, and UNLOCK TABLES soon."},
	{"truncate", MY,
		"TRUNCATE drops the table and makes it again: it waits for everybody, commits at "
		"once "
		"and cannot be undone.",
		NULL},
	{"rename-table", MY, NULL,
		"A view takes the old name in the same statement: CREATE VIEW under another name, "
		"then "
		"RENAME TABLE old TO new, view TO old."},
	{"dependent-objects", MY,
		"The server lets it through, and the next reader of the view gets the error.",
		"Change the view first, so that it needs the column no more; then the table."},
	{"dependent-objects", RULE_SQLITE,
		"SQLite looks through every view and trigger when it changes a table, and refuses "
		"if "
		"one of them does not fit any more.",
		"Drop the view or trigger, change the table, make it again, in one transaction."},
};

void engine_words(const struct rule *r, enum dialect d, struct slice *why, struct slice *safe)
{
	unsigned engine = d == DIALECT_MYSQL     ? RULE_MYSQL
			  : d == DIALECT_MARIADB ? RULE_MARIADB
			  : d == DIALECT_SQLITE  ? RULE_SQLITE
						 : 0;

	for (size_t i = 0; engine && i < sizeof words / sizeof *words; i++) {
		if (!(words[i].engines & engine) || strcmp(words[i].rule, r->id) != 0)
			continue;
		if (words[i].why)
			*why = slice_of(words[i].why);
		if (words[i].safe)
			*safe = slice_of(words[i].safe);
		return;
	}
}
