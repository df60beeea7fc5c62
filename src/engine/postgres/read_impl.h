/* read_impl.h - what the files of the PostgreSQL reader share. Nobody else includes it.
 *
 * One `struct rd` reads one statement text: the author's, or one found inside a body. Locations in
 * the tree are byte offsets into rd->text. The tree says where things begin, not where they end,
 * and some (the actions of ALTER TABLE) say nothing at all: ends come from the tokens of the text,
 * which are made the first time somebody asks. */
#ifndef BELAY_ENGINE_POSTGRES_READ_IMPL_H
#define BELAY_ENGINE_POSTGRES_READ_IMPL_H

#include "base/buf.h"
#include "engine/postgres/grammar/grammar.h"
#include "engine/postgres/tree.h"
#include "engine/postgres/read.h"
#include "sql/quote.h"
#include "sql/token.h"

typedef const struct tree_node *node;

enum { READ_DEPTH_MAX = 6 };

struct reader {
	struct grammar *grammar;
	int version;          /* of the server that the text is meant for */
	int grammar_version;  /* of the grammar that parses */
	struct arena scratch; /* tokens and inner trees; emptied after each statement */
	/* By depth: a statement, a body in it, a statement in that, … */
	struct tree trees[READ_DEPTH_MAX];
	struct buf texts[READ_DEPTH_MAX]; /* the JSON they point into */
};

struct rd {
	struct reader *r;
	struct arena *a;
	struct statement *st;
	struct err *err; /* the parser itself is broken */
	struct slice text;
	struct span span; /* of text in the source */
	bool exact;       /* offsets in text are offsets in the source */
	unsigned flags;   /* every change gets these */
	int depth;        /* of texts in texts */
	int level;        /* of statements in this text: 0 = not inside another one */
	const char *kind; /* of the outermost statement */
	const struct token *tok;
	size_t ntok;
	bool lexed;
	struct change *v;
	size_t n;
	int required; /* newer syntax than the server's: the version that has it, and its name */
	const char *required_for;
	struct slice opaque; /* reason; empty = read */
	struct slice partly; /* reason; empty = all of it was read */
	struct names may_touch;
	struct slice body_fault; /* what the server says of a PL/pgSQL body */
	struct names declared; /* … and the types of its variables, where they are plain names */
};

/* One row per node type of a statement. `kind` NULL: the function says it. */
struct statement_row {
	const char *node, *kind;
	void (*read)(struct rd *rd, node n);
};
extern const struct statement_row read_table_rows[], read_data_rows[], read_object_rows[],
	read_function_rows[], read_misc_rows[];

/* ---- read.c ---- */
/* A new change over the whole text; lent until the next one. */
struct change *rd_emit(struct rd *rd, enum change_kind kind);
void rd_opaque(struct rd *rd, struct slice reason, struct slice may_touch);
/* Read, but a part of it was not. */
void rd_partly(struct rd *rd, struct slice reason, struct slice may_touch);
/* The statement needs a newer server than the one it is read for. */
void rd_requires(struct rd *rd, int major, const char *what);
/* Reads the node of one statement, whatever it is. */
void rd_statement(struct rd *rd, node wrapped);
/* Parses SQL or a PL/pgSQL function into the tree of rd->depth; false: *fault says why. */
bool rd_parse(
	struct rd *rd, struct slice sql, bool plpgsql, node *root, struct grammar_fault *fault);
/* Reads other statement text (from a body) and gives its changes; false if it does not parse. */
bool rd_text(struct rd *rd, struct slice sql, size_t at, bool exact, unsigned flags,
	struct change **v, size_t *n);
/* The same for statements that are already in this tree (schema elements, CTEs). */
void rd_into(struct rd *rd, node wrapped, unsigned flags, struct change **v, size_t *n);

/* ---- read_text.c: names, tokens, spans ---- */
static inline node rd_body(node wrapped) /* {"Type":{…}} */
{
	return tree_first(wrapped);
}
/* The string of {"String":{"sval":…}}, or of a bare JSON string. */
struct slice rd_string(struct rd *rd, node n);
/* A type's name in SQL or in the catalogs that format_type() spells in another way. */
bool rd_is_own_spelling(struct slice name);
struct slice rd_text_of(struct rd *rd, node n);         /* tree_text in the result's arena */
struct name rd_relation(struct rd *rd, node range_var); /* bare or wrapped */
struct name rd_qname(struct rd *rd, node list);         /* list of strings */
struct slice rd_dotted(struct rd *rd, struct name n);   /* schema.name, pretty-quoted */
struct slice rd_plain(struct rd *rd, struct name n);    /* schema.name, as catalogs hold names */
struct slice rd_collation(struct rd *rd, node clause);  /* unquoted, as catalogs hold it */
struct names rd_strings(struct rd *rd, node list);
struct slice rd_role(struct rd *rd, node role_spec);
struct slice rd_roles(struct rd *rd, node list);
/* "name=value" for each DefElem; namespaces as "toast.name". */
struct names rd_options(struct rd *rd, node list);
struct slice rd_value(struct rd *rd, node n); /* a scalar node or a list of them */
struct slice rd_option_value(struct rd *rd, node def_elem);
node rd_option(node list, const char *name); /* the DefElem's body, or NULL */
void rd_list(struct rd *rd, struct names *list, struct slice s);
struct slice rd_upper(struct rd *rd, struct slice s);
struct slice rd_lower(struct rd *rd, struct slice s);

#define NOWHERE SIZE_MAX
size_t rd_loc(node n);     /* of a node body; NOWHERE if it has none */
size_t rd_min_loc(node n); /* the first place mentioned anywhere below */
const struct token *rd_tokens(struct rd *rd);
/* Index of the first token at or behind an offset (the END token at the latest). */
size_t rd_tok(struct rd *rd, size_t off);
/* The token of that keyword at bracket depth 0 from token i on; ntok-1 (END) if there is none. A
 * bracket that closes more than was opened ends the search. */
size_t rd_find(struct rd *rd, size_t i, const char *word);
bool rd_has(struct rd *rd, size_t i); /* a real token, not END */
/* The token behind the bracket group that begins at i. */
size_t rd_group_end(struct rd *rd, size_t i);
/* The token of the next comma at depth 0, or of the closing bracket, or END. */
size_t rd_item_end(struct rd *rd, size_t i);
struct slice rd_between(struct rd *rd, size_t from, size_t to); /* tokens [from, to) as written */
/* What stands inside the bracket that begins at token i, without it. */
struct slice rd_inside(struct rd *rd, size_t i);
/* The token behind a (qualified) name that begins at offset `off`. */
size_t rd_name_end(struct rd *rd, size_t off);
struct span rd_span(struct rd *rd, size_t from, size_t to); /* tokens [from, to) */
struct span rd_span_at(struct rd *rd, size_t off, size_t len);
/* Span from the statement's first word to the name at `off`. */
void rd_head_span(struct rd *rd, struct change *c, size_t off);

/* ---- read_expr.c ---- */
const struct expr_facts *rd_facts(struct rd *rd, node n);
/* Text as written between tokens, with the facts of the tree. */
struct expr rd_expr(struct rd *rd, node n, size_t from, size_t to);
struct expr rd_expr_in(struct rd *rd, node n, size_t bracket); /* inside the bracket at token */
/* Relations read anywhere below, without the names of common table expressions. */
void rd_reads(struct rd *rd, node n, struct names *out);
/* What newer syntax is used anywhere below. */
void rd_gates(struct rd *rd, node n);

/* ---- read_query.c ---- */
/* The columns that the query makes, as far as they can be known: to change->columns, and to its def
 * when no star is among them. */
void rd_query_columns(struct rd *rd, struct change *change, struct names given, node query);

/* ---- typenames.c ---- */
/* format_type()'s spelling; user types as written. Takes a TypeName, bare or wrapped. */
struct slice rd_type(struct rd *rd, node type_name);

/* ---- read_columns.c ---- */
/* A column and its inline constraints. The constraints go to `owner` as parts. */
struct object *rd_column(struct rd *rd, node column_def, struct object *owner, size_t end);
struct object *rd_constraint(struct rd *rd, node constraint, struct slice column, size_t end);
void rd_add_part(struct rd *rd, struct object *owner, struct object *part);
struct object *rd_object(struct rd *rd, enum object_type type, struct name name);
/* One key of an index, as the catalog spells it; plain columns go to *columns too. */
struct slice rd_index_key(struct rd *rd, node index_elem, size_t tok, struct names *columns);

/* ---- read_alter.c ---- */
void rd_alter_table(struct rd *rd, node n);
enum object_type rd_object_type(node objtype);
const char *rd_object_words(node objtype); /* "MATERIALIZED VIEW" */
const char *rd_kind(struct rd *rd, const char *verb, const char *words);

/* ---- read_data.c ---- */
void rd_select(struct rd *rd, node n);
void rd_select_into(struct rd *rd, node select, node into); /* read_table.c */
/* A name in a string constant, as regclass reads it; empty if it is none. */
struct name rd_name_in_string(struct rd *rd, node n);

/* ---- read_object.c ---- */
struct slice rd_signature(struct rd *rd, struct name n, node args, bool parameters);
struct name rd_signature_name(struct rd *rd, node object_with_args);
/* CREATE [OR REPLACE] words [IF NOT EXISTS] name rest: the rest. */
struct slice rd_behind_name(struct rd *rd, const char *words);
void rd_sequence_options(struct rd *rd, node list, struct object *o, struct names *changed);

/* ---- plpgsql.c ---- */
/* Everything readable in a PL/pgSQL body; its changes go to *v. `body` is the code, `at` where it
 * lies in rd->text (exact only if nothing was escaped). */
void rd_plpgsql(struct rd *rd, struct slice statement, struct slice body, size_t at, bool exact,
	struct change **v, size_t *n, struct names *reads, bool executed);

#endif
