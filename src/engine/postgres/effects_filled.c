/* effects_filled.c - which columns the triggers in front of a row may fill in.
 *
 * What a PL/pgSQL body assigns to NEW is seen in its words. A body that says more (NULL is returned
 * and the row is dropped, NEW is made as a whole, dynamic SQL) may change anything. */
#include "engine/postgres/effects.h"
#include "sql/token.h"

#include <stdint.h>

/* Words that make a body say more than NEW.column := value. */
static bool says_more(struct slice body)
{
	static const char *const words[] = {"return null", "return old", "into new", "execute ",
		"new :=", "new:=", "return row", "return (", "hstore", "jsonb_populate"};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (slice_ifind(body, slice_of(words[i])) != SIZE_MAX)
			return true;
	return false;
}

/* NEW.column, whatever is done with it: compared columns are taken for assigned ones. */
static bool mentions_new(struct arena *a, struct slice body, struct slice column)
{
	struct token t, last = {0}, before = {0};
	struct lexer x;

	lexer_init(&x, DIALECT_POSTGRES, body);
	while ((t = lexer_next(&x)).kind != TOKEN_END) {
		if (token_punct(last, ".") && token_is(before, "new") &&
			slice_eq(token_value(a, DIALECT_POSTGRES, t), column))
			return true;
		before = last;
		last = t;
	}
	return false;
}

static bool fills(struct looking *l, const struct object *trigger, struct slice column)
{
	const struct expr *call = &trigger->trigger.body;
	struct slice text = call->text.len ? call->text : call->normal;
	const struct object *f;
	struct slice body;

	if (catalog_find(l->catalog, l->session, OBJECT_FUNCTION,
		    pg_split_name(slice_sub(text, 0, slice_chr(text, '('))), &f) != PRESENT ||
		!slice_iis(f->function.language, "plpgsql"))
		return true;
	body = f->function.body.text.len ? f->function.body.text : f->function.body.normal;
	return says_more(body) || (column.len && mentions_new(l->arena, body, column));
}

bool pg_fills(struct looking *l, const struct object *table, const char *event, struct slice column)
{
	for (size_t i = 0; i < table->nparts; i++) {
		const struct object *p = table->parts[i];

		if (p->type == OBJECT_RULE)
			return true;
		if (p->type == OBJECT_TRIGGER && p->trigger.for_each_row &&
			slice_iis(p->trigger.timing, "before") &&
			names_has(p->trigger.events, slice_of(event)) && fills(l, p, column))
			return true;
	}
	return false;
}
