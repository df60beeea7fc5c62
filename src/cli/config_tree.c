/* config_tree.c - YAML into a small tree, event by event with libyaml. */
#include "base/utf8.h"
#include "cli/config_internal.h"

#include <stdint.h>
#include <yaml.h>

struct yaml_reader {
	struct arena *arena;
	yaml_parser_t parser;
	const struct source *src;
	struct err *err;
	size_t line, line_at; /* where the last mark was: marks come in order */
};

/* The offset of a mark. libyaml counts columns in characters. */
static size_t offset_of(struct yaml_reader *y, yaml_mark_t m)
{
	struct slice text = y->src->text;
	size_t at;

	if (m.line < y->line)
		y->line = y->line_at = 0;
	for (; y->line < m.line; y->line++) {
		size_t n = slice_chr(slice_from(text, y->line_at), '\n');

		y->line_at = n == SIZE_MAX ? text.len : y->line_at + n + 1;
	}
	at = y->line_at;
	for (size_t i = 0; i < m.column && at < text.len; i++) {
		size_t n = utf8_length(slice_from(text, at));

		at += n ? n : 1;
	}
	return at;
}

static struct span between(struct yaml_reader *y, yaml_mark_t from, yaml_mark_t to)
{
	size_t off = offset_of(y, from), end = offset_of(y, to);

	return (struct span){y->src, off, end > off ? end - off : 0};
}

static bool next_event(struct yaml_reader *y, yaml_event_t *e)
{
	if (yaml_parser_parse(&y->parser, e))
		return true;
	err_set(y->err, ERR_INPUT, "cannot read the configuration: %s",
		y->parser.problem ? y->parser.problem : "not YAML");
	return err_span(y->err, between(y, y->parser.problem_mark, y->parser.problem_mark));
}

static struct node *read_node(struct yaml_reader *y, yaml_event_t *first, unsigned depth);

static bool read_children(
	struct yaml_reader *y, struct node *n, yaml_event_type_t end, unsigned depth)
{
	size_t nkeys = 0;

	for (;;) {
		struct node *child;
		yaml_event_t e;

		if (!next_event(y, &e))
			return false;
		if (e.type == end) {
			yaml_event_delete(&e);
			return true;
		}
		child = read_node(y, &e, depth + 1);
		if (!child)
			return false;
		if (n->kind == NODE_MAP && nkeys == n->n)
			*ARENA_PUSH(y->arena, n->keys, nkeys) = child;
		else
			*ARENA_PUSH(y->arena, n->values, n->n) = child;
	}
}

static struct node *read_node(struct yaml_reader *y, yaml_event_t *first, unsigned depth)
{
	struct node *n = ARENA_NEW(y->arena, struct node);
	yaml_event_type_t type = first->type;

	n->at = between(y, first->start_mark, first->end_mark);
	if (type == YAML_SCALAR_EVENT)
		n->text = arena_cstr(y->arena,
			slice_n((const char *)first->data.scalar.value, first->data.scalar.length));
	yaml_event_delete(first);
	if (type == YAML_SCALAR_EVENT)
		return n;
	if (type == YAML_ALIAS_EVENT || depth > 20) {
		err_set(y->err, ERR_INPUT, "aliases and deep nesting are not used in belay.yml");
		err_span(y->err, n->at);
		return NULL;
	}
	n->kind = type == YAML_MAPPING_START_EVENT ? NODE_MAP : NODE_LIST;
	if (!read_children(y, n,
		    type == YAML_MAPPING_START_EVENT ? YAML_MAPPING_END_EVENT
						     : YAML_SEQUENCE_END_EVENT,
		    depth))
		return NULL;
	return n;
}

static bool read_document(struct yaml_reader *y, struct node **root)
{
	struct slice text = y->src->text;
	yaml_event_t e;
	bool ok = true;

	*root = NULL;
	if (!yaml_parser_initialize(&y->parser))
		alloc_failed(sizeof y->parser);
	yaml_parser_set_input_string(
		&y->parser, (const unsigned char *)(text.at ? text.at : ""), text.len);
	while (ok && !*root) {
		bool end;

		ok = next_event(y, &e);
		if (!ok)
			break;
		end = e.type == YAML_STREAM_END_EVENT;
		if (e.type == YAML_SCALAR_EVENT || e.type == YAML_MAPPING_START_EVENT ||
			e.type == YAML_SEQUENCE_START_EVENT || e.type == YAML_ALIAS_EVENT) {
			*root = read_node(y, &e, 0);
			ok = *root != NULL;
			break;
		}
		yaml_event_delete(&e);
		if (end)
			break;
	}
	yaml_parser_delete(&y->parser);
	return ok;
}

bool config_tree(struct arena *a, const struct source *src, struct node **root, struct err *err)
{
	struct yaml_reader y = {.arena = a, .src = src, .err = err};

	return read_document(&y, root);
}
