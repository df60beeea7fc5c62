/* rules_constraint_test.c - keys, checks, domains: where a rule fires, and where it must not. */
#include "lint/rules_fixture.h"

#define USERS "CREATE TABLE users (id bigint PRIMARY KEY, email text, code int NOT NULL);\n"
#define SHOPS "CREATE TABLE shops (id bigint PRIMARY KEY);\n"
#define ORDERS                                                                                     \
	"CREATE TABLE orders (id bigint PRIMARY KEY, user_id bigint, shop_id bigint, n int);\n"
#define KEYED                                                                                      \
	"CREATE TABLE orders (id bigint PRIMARY KEY, user_id bigint, CONSTRAINT fk FOREIGN KEY "   \
	"(user_id) REFERENCES users, CONSTRAINT pos CHECK (user_id > 0), CONSTRAINT uq UNIQUE "    \
	"(user_id));\n"
#define EVENTS "CREATE TABLE events (id bigint, day date NOT NULL) PARTITION BY RANGE (day);\n"
#define MYSQL DIALECT_MYSQL
#define MARIA DIALECT_MARIADB

/* clang-format off */
static const struct row rows[] = {
	/* the other table's lock */
	{"fk-locks-parent", true,  USERS "CREATE TABLE a (id bigint, u bigint REFERENCES users);"},
	{"fk-locks-parent", true,  USERS ORDERS "ALTER TABLE orders ADD CONSTRAINT k FOREIGN KEY (user_id) REFERENCES users NOT VALID;"},
	{"fk-locks-parent", false, "BEGIN;" USERS "CREATE TABLE a (id bigint, u bigint REFERENCES users); COMMIT;"},
	{"fk-locks-parent", false, "CREATE TABLE t (id bigint PRIMARY KEY, up bigint REFERENCES t);"},
	{"fk-locks-parent", false, USERS ORDERS "ALTER TABLE orders ADD CONSTRAINT k FOREIGN KEY (user_id) REFERENCES users;"}, /* add-fk-validated */
	{"several-fks-one-tx", true,  USERS SHOPS "CREATE TABLE a (u bigint REFERENCES users, s bigint REFERENCES shops);"},
	{"several-fks-one-tx", true,  USERS SHOPS "BEGIN; CREATE TABLE a (u bigint REFERENCES users); CREATE TABLE b (s bigint REFERENCES shops); COMMIT;"},
	{"several-fks-one-tx", false, USERS SHOPS "CREATE TABLE a (u bigint REFERENCES users); CREATE TABLE b (s bigint REFERENCES shops);"},
	{"several-fks-one-tx", false, USERS "CREATE TABLE a (u bigint REFERENCES users, s bigint REFERENCES users);"},
	{"several-fks-one-tx", false, USERS "BEGIN;" SHOPS "CREATE TABLE a (u bigint REFERENCES users, s bigint REFERENCES shops); COMMIT;"},
	{"drop-fk-locks-both", true,  USERS KEYED "ALTER TABLE orders DROP CONSTRAINT fk;"},
	{"drop-fk-locks-both", false, USERS KEYED "ALTER TABLE orders DROP CONSTRAINT pos;"},
	{"drop-fk-locks-both", false, "BEGIN;" USERS KEYED "ALTER TABLE orders DROP CONSTRAINT fk; COMMIT;"},
	{"drop-foreign-key", true,  USERS KEYED "ALTER TABLE orders DROP CONSTRAINT fk;"},
	{"drop-foreign-key", false, USERS KEYED "ALTER TABLE orders DROP CONSTRAINT fk; ALTER TABLE orders DROP COLUMN user_id;"},
	{"drop-foreign-key", false, USERS KEYED "ALTER TABLE orders DROP CONSTRAINT fk; DROP TABLE orders;"},
	{"drop-foreign-key", false, USERS KEYED "ALTER TABLE orders DROP CONSTRAINT fk, ADD CONSTRAINT fk2 FOREIGN KEY (user_id) REFERENCES users NOT VALID;"},
	{"drop-foreign-key", false, USERS KEYED "ALTER TABLE orders DROP CONSTRAINT pos;"},
	{"drop-foreign-key", true,  "CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE c (id int PRIMARY KEY, p int, CONSTRAINT fk FOREIGN KEY (p) REFERENCES p (id));"
		"ALTER TABLE c DROP FOREIGN KEY fk;", MARIA},
	{"drop-constraint", false, USERS KEYED "ALTER TABLE orders DROP CONSTRAINT pos, ADD CONSTRAINT pos CHECK (user_id >= 0) NOT VALID;"},
	{"drop-constraint", true,  USERS KEYED "ALTER TABLE orders DROP CONSTRAINT pos;"},
	{"drop-constraint", false, "BEGIN;" USERS KEYED "ALTER TABLE orders DROP CONSTRAINT pos; COMMIT;"},
	{"drop-constraint", false, USERS "ALTER TABLE users ADD CONSTRAINT nn CHECK (email IS NOT NULL) NOT VALID; ALTER TABLE users VALIDATE CONSTRAINT nn;"
		"ALTER TABLE users ALTER COLUMN email SET NOT NULL; ALTER TABLE users DROP CONSTRAINT nn;"},
	{"drop-constraint", true,  USERS "ALTER TABLE users ADD CONSTRAINT nn CHECK (email IS NOT NULL) NOT VALID; ALTER TABLE users DROP CONSTRAINT nn;"},
	{"fk-without-index", true,  USERS ORDERS "ALTER TABLE orders ADD CONSTRAINT k FOREIGN KEY (user_id) REFERENCES users NOT VALID;"},
	{"fk-without-index", true,  USERS "CREATE TABLE a (id bigint, u bigint REFERENCES users); CREATE INDEX i ON a (id, u);"},
	{"fk-without-index", true,  USERS "CREATE TABLE a (id bigint, u bigint REFERENCES users); CREATE INDEX i ON a (u) WHERE id > 5;"},
	{"fk-without-index", false, USERS "CREATE TABLE a (id bigint, u bigint REFERENCES users); CREATE INDEX i ON a (u DESC, id);"},
	{"fk-without-index", false, USERS "CREATE TABLE a (u bigint PRIMARY KEY REFERENCES users);"},
	{"fk-without-index", false, USERS "CREATE TABLE a (id bigint, u bigint REFERENCES users); DROP TABLE a;"},
	{"fk-without-index", false, "CREATE TABLE p (a int, b int, UNIQUE (a, b)); CREATE TABLE c (a int, b int, FOREIGN KEY (a, b) REFERENCES p (a, b));"
		"CREATE INDEX i ON c (b, a);"},
	/* do the sides fit */
	{"fk-type-mismatch", true,  USERS "CREATE TABLE a (u int REFERENCES users);"},
	{"fk-type-mismatch", true,  USERS "CREATE TABLE a (u uuid REFERENCES users);"},
	{"fk-type-mismatch", false, "CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE a (u bigint REFERENCES p);"},
	{"fk-type-mismatch", false, "CREATE TABLE p (id serial PRIMARY KEY); CREATE TABLE a (u int REFERENCES p);"},
	{"fk-type-mismatch", false, "CREATE TABLE p (id varchar(20) PRIMARY KEY); CREATE TABLE a (u text REFERENCES p);"},
	{"fk-type-mismatch", false, "CREATE DOMAIN d AS bigint;" USERS "CREATE TABLE a (u d REFERENCES users);"},
	{"fk-type-mismatch", true,  USERS "CREATE TABLE a (u int REFERENCES users (code));"}, /* no unique index */
	{"fk-type-mismatch", false, USERS "CREATE UNIQUE INDEX i ON users (code); CREATE TABLE a (u int REFERENCES users (code));"},
	{"fk-type-mismatch", false, "CREATE TABLE a (u int REFERENCES elsewhere (code));"},
	{"fk-type-mismatch", true,  USERS ORDERS "ALTER TABLE orders ADD CONSTRAINT k FOREIGN KEY (n) REFERENCES users NOT VALID;"},
	{"fk-type-mismatch", true,  "CREATE TABLE p (id bigint PRIMARY KEY); CREATE TABLE c (id int PRIMARY KEY, p int, FOREIGN KEY (p) REFERENCES p (id));", MARIA},
	{"fk-type-mismatch", true,  "CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE c (id int PRIMARY KEY, p bigint, FOREIGN KEY (p) REFERENCES p (id));", MYSQL},
	{"fk-type-mismatch", false, "CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE c (id int PRIMARY KEY, p int, FOREIGN KEY (p) REFERENCES p (id));", MYSQL},
	{"fk-collation", false, "CREATE TABLE p (c text COLLATE \"C\" PRIMARY KEY); CREATE TABLE u (c text COLLATE \"C\" REFERENCES p);"},
	/* unique, primary, exclusion */
	{"unique-may-fail", true,  USERS "ALTER TABLE users ADD CONSTRAINT u UNIQUE (email);"},
	{"unique-may-fail", false, USERS "CREATE UNIQUE INDEX CONCURRENTLY i ON users (code, id);"},
	{"unique-may-fail", false, USERS "ALTER TABLE users ADD COLUMN x text; CREATE UNIQUE INDEX i ON users (x);"},
	{"unique-may-fail", true,  USERS "ALTER TABLE users ADD COLUMN x text; UPDATE users SET x = 'a'; CREATE UNIQUE INDEX i ON users (x);"},
	{"unique-may-fail", false, "BEGIN;" USERS "CREATE UNIQUE INDEX i ON users (email); COMMIT;"},
	{"unique-may-fail", false, "CREATE TEMP TABLE t (a int); CREATE UNIQUE INDEX i ON t (a);"},
	{"pk-index-nullable", true,  "CREATE TABLE t (a int, b int NOT NULL); CREATE UNIQUE INDEX i ON t (b, a); ALTER TABLE t ADD CONSTRAINT p PRIMARY KEY USING INDEX i;"},
	{"pk-index-nullable", false, "CREATE TABLE t (a int NOT NULL); CREATE UNIQUE INDEX i ON t (a); ALTER TABLE t ADD CONSTRAINT p PRIMARY KEY USING INDEX i;"},
	{"pk-index-nullable", false, "CREATE TABLE t (a int); CREATE UNIQUE INDEX i ON t (a); ALTER TABLE t ADD CONSTRAINT nn CHECK (a IS NOT NULL) NOT VALID;"
		"ALTER TABLE t VALIDATE CONSTRAINT nn; ALTER TABLE t ADD CONSTRAINT p PRIMARY KEY USING INDEX i;"},
	{"pk-index-nullable", false, "BEGIN; CREATE TABLE t (a int); CREATE UNIQUE INDEX i ON t (a); ALTER TABLE t ADD CONSTRAINT p PRIMARY KEY USING INDEX i; COMMIT;"},
	{"add-exclusion", true,  ORDERS "ALTER TABLE orders ADD EXCLUDE USING btree (n WITH =);"},
	{"add-exclusion", false, "BEGIN;" ORDERS "ALTER TABLE orders ADD EXCLUDE USING btree (n WITH =); COMMIT;"},
	{"add-exclusion", false, "CREATE TEMP TABLE t (a int); ALTER TABLE t ADD EXCLUDE USING btree (a WITH =);"},
	{"partition-key-in-pk", true,  EVENTS "ALTER TABLE events ADD PRIMARY KEY (id);"},
	{"partition-key-in-pk", true,  EVENTS "CREATE UNIQUE INDEX i ON events (id);"},
	{"partition-key-in-pk", false, EVENTS "CREATE INDEX i ON events (id);"},
	{"partition-key-in-pk", false, EVENTS "ALTER TABLE events ADD PRIMARY KEY (day, id);"},
	{"partition-key-in-pk", false, "CREATE TABLE t (id bigint PRIMARY KEY, day date);"},
	{"partition-key-in-pk", true,  "CREATE TABLE t (id bigint, day date, UNIQUE (id)) PARTITION BY LIST (day);"},
	{"drop-primary-key", true,  USERS "ALTER TABLE users DROP CONSTRAINT users_pkey;"},
	{"drop-primary-key", false, USERS "ALTER TABLE users DROP CONSTRAINT users_pkey; ALTER TABLE users ADD PRIMARY KEY (code);"},
	{"drop-primary-key", false, USERS "ALTER TABLE users DROP CONSTRAINT users_pkey; DROP TABLE users;"},
	{"drop-primary-key", false, "BEGIN;" USERS "ALTER TABLE users DROP CONSTRAINT users_pkey; COMMIT;"},
	{"drop-primary-key", true,  "CREATE TABLE t (id int PRIMARY KEY); ALTER TABLE t DROP PRIMARY KEY;", MYSQL},
	{"drop-primary-key", false, "CREATE TABLE t (id int PRIMARY KEY, b int NOT NULL); ALTER TABLE t DROP PRIMARY KEY, ADD PRIMARY KEY (b);", MYSQL},
	{"replica-identity", true,  USERS "ALTER TABLE users REPLICA IDENTITY NOTHING;"},
	{"replica-identity", true,  USERS "ALTER TABLE users REPLICA IDENTITY FULL;"},
	{"replica-identity", false, "BEGIN;" USERS "ALTER TABLE users REPLICA IDENTITY NOTHING; COMMIT;"},
	{"replica-identity", true,  USERS "CREATE UNIQUE INDEX i ON users (code); ALTER TABLE users REPLICA IDENTITY USING INDEX i; DROP INDEX i;"},
	{"replica-identity", false, USERS "CREATE UNIQUE INDEX i ON users (code); ALTER TABLE users REPLICA IDENTITY USING INDEX i; DROP INDEX i;"
		"ALTER TABLE users REPLICA IDENTITY DEFAULT;"},
	{"table-without-pk", false, "CREATE TEMP TABLE t (a int);"},
	{"table-without-pk", false, EVENTS "ALTER TABLE events ADD PRIMARY KEY (id, day); CREATE TABLE e1 PARTITION OF events DEFAULT;"},
	{"table-without-pk", false, "CREATE TABLE t (a int); ALTER TABLE t ADD PRIMARY KEY (a);"},
	{"table-without-pk", false, "CREATE TABLE t (a int); DROP TABLE t;"},
	{"table-without-pk", true,  "CREATE TABLE t (a int);", MARIA},
	{"table-without-pk", true,  "CREATE TABLE t (a int UNIQUE);"},
	{"unique-instead-of-pk", true,  "CREATE TABLE t (a int NOT NULL); CREATE UNIQUE INDEX i ON t (a);"},
	{"unique-instead-of-pk", false, "CREATE TABLE t (a int UNIQUE);"},
	{"unique-instead-of-pk", false, "CREATE TABLE t (id bigint PRIMARY KEY, a int NOT NULL UNIQUE);"},
	{"short-primary-key", true,  "CREATE TABLE t (id int); ALTER TABLE t ADD PRIMARY KEY (id);"},
	{"short-primary-key", true,  "CREATE TABLE t (id int unsigned AUTO_INCREMENT PRIMARY KEY);", MYSQL},
	{"short-primary-key", false, "CREATE TABLE t (id bigint unsigned AUTO_INCREMENT PRIMARY KEY);", MYSQL},
	{"short-primary-key", false, "CREATE TABLE t (a int, b int, PRIMARY KEY (a, b));"},
	{"sequence-capacity", true,  "CREATE SEQUENCE s AS integer;"},
	{"sequence-capacity", false, "CREATE SEQUENCE s;"},
	{"sequence-capacity", false, "CREATE SEQUENCE s AS smallint CYCLE;"},
	{"sequence-capacity", false, "CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY); ALTER TABLE t ALTER COLUMN id TYPE bigint;"},
	/* checks */
	{"check-volatile", true,  USERS "ALTER TABLE users ADD CONSTRAINT c CHECK (code > random()) NOT VALID;"},
	{"check-volatile", true,  USERS "ALTER TABLE users ADD CONSTRAINT c CHECK (email <> current_user) NOT VALID;"},
	{"check-volatile", true,  "CREATE TABLE t (d date CHECK (d <= CURRENT_DATE));"},
	{"check-volatile", false, "CREATE TABLE t (a text CHECK (length(concat(a, 'x')) > 1), b timestamptz CHECK (b > '2000-01-01'));"},
	{"check-volatile", false, "CREATE TABLE t (a text CHECK (my_check(a)));"},
	{"check-volatile", false, "CREATE FUNCTION my_check(text) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT true'; CREATE TABLE t (a text CHECK (my_check(a)));"},
	{"never-validated", false, USERS "ALTER TABLE users ADD CONSTRAINT c CHECK (code > 0);"},
	{"never-validated", false, USERS "ALTER TABLE users ADD CONSTRAINT c CHECK (code > 0) NOT VALID; ALTER TABLE users DROP CONSTRAINT c;"},
	{"never-validated", true,  USERS ORDERS "ALTER TABLE orders ADD CONSTRAINT k FOREIGN KEY (user_id) REFERENCES users NOT VALID;"},
	{"not-enforced", true,  USERS "ALTER TABLE users ADD CONSTRAINT c CHECK (code > 0) NOT ENFORCED;", 0, "18"},
	{"unnamed-constraint", true,  USERS "ALTER TABLE users ADD UNIQUE (email);"},
	{"unnamed-constraint", false, "CREATE TABLE t (id bigint PRIMARY KEY, a int NOT NULL);"},
	{"unnamed-constraint", true,  "CREATE TABLE t (id bigint PRIMARY KEY, a int CHECK (a > 0));"},
	{"domain-constraint", true,  "CREATE DOMAIN d AS int NOT NULL;"},
	{"domain-constraint-scan", false, "CREATE DOMAIN d AS int; ALTER DOMAIN d ADD CONSTRAINT c CHECK (VALUE > 0);"},
	{"domain-constraint-scan", true,  "CREATE DOMAIN d AS int; CREATE TABLE t (a d); ALTER DOMAIN d SET NOT NULL;"},
	{"domain-constraint-scan", false, "CREATE DOMAIN d AS int; CREATE TABLE t (a d); ALTER DOMAIN d ADD CONSTRAINT c CHECK (VALUE > 0) NOT VALID; ALTER DOMAIN d VALIDATE CONSTRAINT c;"},
	{"domain-constraint-scan", false, "BEGIN; CREATE DOMAIN d AS int; CREATE TABLE t (a d); ALTER DOMAIN d ADD CONSTRAINT c CHECK (VALUE > 0); COMMIT;"},
	{"add-check-validated", true,  "CREATE TABLE t (id int PRIMARY KEY, a int); ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0);", MARIA},
	{"add-check-validated", true,  "CREATE TABLE t (id int PRIMARY KEY, a int); ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0);", MYSQL},
	{"add-check-validated", false, "CREATE TABLE t (id int PRIMARY KEY, a int CHECK (a > 0));", MYSQL},
	{"add-primary-key", false, "CREATE TABLE t (id int NOT NULL); ALTER TABLE t ADD PRIMARY KEY (id);", MYSQL}, /* in place, beside writes */
	{"add-primary-key", true,  "CREATE TABLE t (id int NOT NULL, a int); ALTER TABLE t ADD PRIMARY KEY (id), MODIFY a bigint;", MYSQL},
	/* policy */
	{"fk-on-delete-cascade", true,  "CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE c (p INTEGER REFERENCES p (id) ON DELETE CASCADE);", DIALECT_SQLITE},
	{"no-foreign-keys", true,  "CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE c (id int PRIMARY KEY, p int, FOREIGN KEY (p) REFERENCES p (id));", MYSQL},
	{"fk-not-deferrable", false, USERS "CREATE TABLE a (u bigint REFERENCES users DEFERRABLE INITIALLY DEFERRED);"},
};
/* clang-format on */

static void test_rules(void **state)
{
	(void)state;
	run_rows(rows, sizeof rows / sizeof *rows);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_rules)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
