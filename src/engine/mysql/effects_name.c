/* effects_name.c - names that the server gives to nothing. */
#include "engine/mysql/effects_alter.h"

#include <stdint.h>

enum { LONGEST = 64 }; /* characters; aliases may be longer */

static size_t characters(struct slice s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.len; i++)
		n += ((unsigned char)s.at[i] & 0xc0) != 0x80;
	return n;
}

static void name_fits(struct effects *x, struct slice name, const char *word)
{
	if (characters(name) > LONGEST)
		fx_fails(x, OUTCOME_FAILS, "the name %.*s is longer than %d characters",
			SLICE(name), LONGEST);
	if (slice_ends(name, " "))
		fx_fails(x, OUTCOME_FAILS, "the name of a %s does not end with a blank", word);
}

/* InnoDB's own columns and index. */
static void is_not_innodbs(struct effects *x, enum object_type type, struct slice name)
{
	static const char *const columns[] = {"DB_ROW_ID", "DB_TRX_ID", "DB_ROLL_PTR"};

	for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
		if (type == OBJECT_COLUMN && slice_iis(name, columns[i]))
			fx_fails(x, OUTCOME_FAILS, "%s is a column of InnoDB's own", columns[i]);
	if (type == OBJECT_INDEX &&
		(slice_iis(name, "GEN_CLUST_INDEX") || (slice_iis(name, "PRIMARY"))))
		fx_fails(x, OUTCOME_FAILS, "%.*s is no name for an index", SLICE(name));
}

static void part_fits(struct effects *x, const struct object *o)
{
	if (o->generated_name ||
		(o->type == OBJECT_CONSTRAINT && slice_is(o->constraint.kind, "primary key")))
		return;
	if (o->type == OBJECT_COLUMN || o->type == OBJECT_INDEX || o->type == OBJECT_CONSTRAINT) {
		name_fits(x, o->name, object_type_word(o->type));
		is_not_innodbs(x, o->type, o->name);
	}
}

void fx_names_fit(struct effects *x, const struct change *ch)
{
	switch ((int)ch->kind) {
	case CHANGE_CREATE_TABLE:
		name_fits(x, ch->target.name, "table");
		for (size_t i = 0; ch->def && i < ch->def->nparts; i++)
			part_fits(x, ch->def->parts[i]);
		break;
	case CHANGE_ADD_COLUMN:
	case CHANGE_CREATE_INDEX:
	case CHANGE_ADD_CONSTRAINT:
		if (ch->def)
			part_fits(x, ch->def);
		break;
	case CHANGE_MODIFY_COLUMN:
	case CHANGE_RENAME_COLUMN:
	case CHANGE_RENAME_INDEX:
	case CHANGE_RENAME_TABLE:
		name_fits(x, ch->other.name, ch->kind == CHANGE_RENAME_TABLE ? "table" : "column");
		break;
	case CHANGE_CREATE_VIEW:
	case CHANGE_CREATE_FUNCTION:
	case CHANGE_CREATE_TABLE_AS:
		name_fits(x, ch->target.name, object_type_word(ch->type));
		break;
	case CHANGE_CREATE_TRIGGER:
		name_fits(x, ch->name, "trigger");
		break;
	default:
		break;
	}
}
