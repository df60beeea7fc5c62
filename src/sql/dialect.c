/* dialect.c - names of the dialects, versions as one comparable number. */
#include "sql/dialect.h"

#include <stdio.h>

const char *dialect_name(enum dialect d)
{
	switch (d) {
	case DIALECT_UNKNOWN:
		return "unknown";
	case DIALECT_POSTGRES:
		return "postgres";
	case DIALECT_MYSQL:
		return "mysql";
	case DIALECT_MARIADB:
		return "mariadb";
	case DIALECT_SQLITE:
		return "sqlite";
	}
	return "unknown";
}

static const struct {
	const char *name;
	enum dialect dialect;
} names[] = {
	{"postgres", DIALECT_POSTGRES},
	{"postgresql", DIALECT_POSTGRES},
	{"pg", DIALECT_POSTGRES},
	{"mysql", DIALECT_MYSQL},
	{"mariadb", DIALECT_MARIADB},
	{"sqlite", DIALECT_SQLITE},
	{"sqlite3", DIALECT_SQLITE},
};

enum dialect dialect_from_name(struct slice name)
{
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (slice_iis(name, names[i].name))
			return names[i].dialect;
	return DIALECT_UNKNOWN;
}

/* The number at the start of *s, at most 9999; -1 if there is none. */
static int take_number(struct slice *s)
{
	int n = -1;

	while (s->len && s->at[0] >= '0' && s->at[0] <= '9') {
		n = (n < 0 ? 0 : n) * 10 + (s->at[0] - '0');
		if (n > 9999)
			n = 9999;
		*s = slice_from(*s, 1);
	}
	return n;
}

int version_from_text(enum dialect d, struct slice text)
{
	int part[3] = {0, 0, 0};

	/* MariaDB before 11 greets with a MySQL version in front: 5.5.5-10.11.19-MariaDB. */
	if (slice_starts(text, "5.5.5-") && text.len > 6 && text.at[6] >= '1' && text.at[6] <= '9')
		text = slice_from(text, 6);
	while (text.len && (text.at[0] < '0' || text.at[0] > '9'))
		text = slice_from(text, 1);
	for (int i = 0; i < 3; i++) {
		int n = take_number(&text);

		if (n < 0)
			break;
		part[i] = n;
		if (text.len < 2 || text.at[0] != '.')
			break;
		text = slice_from(text, 1);
	}
	/* Since version 10 PostgreSQL has two parts, and the second is the whole rest. */
	if (d == DIALECT_POSTGRES && part[0] >= 10)
		return part[0] * 10000 + part[1];
	return part[0] * 10000 + (part[1] > 99 ? 99 : part[1]) * 100 +
	       (part[2] > 99 ? 99 : part[2]);
}

bool version_is_text(struct slice text)
{
	size_t parts = 0;

	for (;;) {
		size_t n = 0;

		while (n < text.len && text.at[n] >= '0' && text.at[n] <= '9')
			n++;
		if (n == 0 || n > 3 || ++parts > 3 || (parts == 1 && text.at[0] == '0'))
			return false;
		text = slice_from(text, n);
		if (slice_empty(text) || text.at[0] == '-' || text.at[0] == ' ')
			return true;
		if (text.at[0] != '.')
			return false;
		text = slice_from(text, 1);
	}
}

int version_default(enum dialect d)
{
	switch (d) {
	case DIALECT_POSTGRES:
		return 150000;
	case DIALECT_MYSQL:
		return 80036;
	case DIALECT_MARIADB:
		return 101100;
	case DIALECT_SQLITE:
		return 34000;
	case DIALECT_UNKNOWN:
		break;
	}
	return 0;
}

const char *version_text(enum dialect d, int version, char out[24])
{
	int major = version / 10000, minor = version / 100 % 100, patch = version % 100;

	if (d == DIALECT_POSTGRES && major >= 10) {
		minor = version % 10000;
		if (minor)
			snprintf(out, 24, "%d.%d", major, minor);
		else
			snprintf(out, 24, "%d", major);
	} else if (patch) {
		snprintf(out, 24, "%d.%d.%d", major, minor, patch);
	} else {
		snprintf(out, 24, "%d.%d", major, minor);
	}
	return out;
}
