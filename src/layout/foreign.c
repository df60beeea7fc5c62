/* foreign.c - migrations that are programs: not read, but known for what they are.
 *
 * Where no folder with SQL is found, the sentence says whose migrations are there instead, and how
 * their SQL is had: most such tools print it, and `belay check -` reads it. */
#include "layout/internal.h"

#include <stdint.h>

enum { HEAD_BYTES = 4096 };

/* clang-format off */
static const struct tool {
	const char *suffix, *says; /* a file called like this that holds these words */
	const char *what, *hint;
} tools[] = {
	{".rb", "ActiveRecord::Migration", "Rails migrations, which are Ruby",
		"belay reads SQL: the log has what rails db:migrate runs. Check that: belay check FILE"},
	{".py", "migrations.Migration", "Django migrations, which are Python",
		"belay reads SQL: python manage.py sqlmigrate APP NAME | belay check -"},
	{".py", "from alembic import", "Alembic migrations, which are Python",
		"belay reads SQL: alembic upgrade FROM:TO --sql | belay check -"},
	{".py", "def migrate(", "Odoo migration scripts, which are Python",
		"belay reads SQL: what stands in cr.execute() can be checked with belay check FILE"},
	{".php", "Schema::", "Laravel migrations, which are PHP",
		"belay reads SQL: php artisan migrate --pretend prints it. Check that: belay check FILE"},
	{".php", "Doctrine\\Migrations", "Doctrine migrations, which are PHP",
		"belay reads SQL: doctrine:migrations:migrate --write-sql=FILE, then belay check FILE"},
	{".ts", "MigrationInterface", "TypeORM migrations, which are TypeScript",
		"belay reads SQL: what stands in queryRunner.query() can be checked with belay check FILE"},
	{".js", "MigrationInterface", "TypeORM migrations, which are JavaScript",
		"belay reads SQL: what stands in queryRunner.query() can be checked with belay check FILE"},
	{".js", "queryInterface", "Sequelize migrations, which are JavaScript",
		"belay reads SQL: with logging: console.log Sequelize prints it. Check that: belay check FILE"},
	{".ts", "queryInterface", "Sequelize migrations, which are TypeScript",
		"belay reads SQL: with logging: console.log Sequelize prints it. Check that: belay check FILE"},
	{".js", "knex", "Knex migrations, which are JavaScript",
		"belay reads SQL: with debug: true Knex prints it. Check that: belay check FILE"},
	{".ts", "knex", "Knex migrations, which are TypeScript",
		"belay reads SQL: with debug: true Knex prints it. Check that: belay check FILE"},
	{".exs", "Ecto.Migration", "Ecto migrations, which are Elixir",
		"belay reads SQL: mix ecto.migrate --log-migrations-sql prints it. Check that: belay check FILE"},
	{".cs", "MigrationBuilder", "Entity Framework migrations, which are C#",
		"belay reads SQL: dotnet ef migrations script FROM TO | belay check -"},
	{".xml", "<databaseChangeLog", "Liquibase changelogs in XML",
		"belay reads SQL: liquibase update-sql | belay check -"},
	{".yaml", "databaseChangeLog", "Liquibase changelogs in YAML",
		"belay reads SQL: liquibase update-sql | belay check -"},
	{".yml", "databaseChangeLog", "Liquibase changelogs in YAML",
		"belay reads SQL: liquibase update-sql | belay check -"},
	{".sql", "--changeset ", "Liquibase changelogs in formatted SQL",
		"Each file can be checked: belay check FILE. In which order they run, Liquibase knows: liquibase update-sql | belay check -"},
	{".sql", "-- +migrate ", "migrations of sql-migrate",
		"Each file can be checked: belay check FILE"},
	{".fizz", "(", "Fizz migrations of Pop",
		"belay reads SQL: soda generate sql, or what the log says. Check that: belay check FILE"},
};
/* clang-format on */

/* The tool whose file this is, if it is one's. */
static const struct tool *tool_of(struct peeks *k, const struct entry *e)
{
	struct slice text = SLICE_NONE, name = slice_of(e->name);
	struct err ignored = {0};

	for (size_t i = 0; i < sizeof tools / sizeof *tools; i++) {
		if (!slice_ends(name, tools[i].suffix))
			continue;
		if (!text.at && !io_read_head(k->a, io_join(k->a, k->root, e->path), HEAD_BYTES,
					&text, &ignored)) {
			err_done(&ignored);
			return NULL;
		}
		if (slice_find(text, slice_of(tools[i].says)) != SIZE_MAX)
			return &tools[i];
	}
	return NULL;
}

/* Three of its files are looked at: __init__.py and the like may come first. */
static const struct tool *tool_in(struct peeks *k, const struct entry *v, size_t n)
{
	const struct tool *t = NULL;
	size_t looked = 0;

	for (size_t i = 0; i < n && !t && looked < 3; i++)
		if (!v[i].dir && strcmp(v[i].name, "__init__.py") != 0) {
			t = tool_of(k, &v[i]);
			looked++;
		}
	return t;
}

static bool may_hold(const char *dir)
{
	static const char *const words[] = {"migrat", "versions", "changelog", "liquibase"};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (slice_ifind(slice_of(dir), slice_of(words[i])) != SIZE_MAX)
			return true;
	return false;
}

bool foreign_said(struct peeks *k, const char *const *dirs, size_t ndirs, struct err *err)
{
	for (size_t i = 0; i < ndirs; i++) {
		const struct entry *e;
		const struct tool *t;
		size_t n;

		if (ndirs > 1 && !may_hold(dirs[i]))
			continue;
		files_peek(k, dirs[i], &e, &n);
		t = tool_in(k, e, n);
		if (!t)
			continue;
		err_set(err, ERR_INPUT, "\"%s\" holds %s", dirs[i], t->what);
		err_hint(err, "%s", t->hint);
		return true;
	}
	return false;
}
