/* split_fuzz.c - any bytes, any dialect: pieces joined are the text, bodies lie inside their
 * pieces, and a statement put in alone comes out whole. */
#include "sql/split.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
	if (!holds)
		abort();
}

static void check_again(const struct splitter *like, const struct piece *p)
{
	struct splitter s;
	struct piece q;

	struct slice body = slice_sub(like->text, p->body_off, p->body_len);

	/* A byte order mark counts at the start of a text only. */
	if (slice_starts(body, "\xef\xbb\xbf"))
		return;
	/* MySQL: -- at the end is a comment, in front of a ; it is two operators. */
	if (p->kind != PIECE_SQL || p->unclosed || p->meta_inside || slice_ends(body, "--"))
		return;
	splitter_init(&s, like->dialect, body);
	s.ansi_quotes = like->ansi_quotes;
	s.no_backslash_escapes = like->no_backslash_escapes;
	s.backslash_strings = like->backslash_strings;
	s.client_commands = false;
	s.compound = like->compound;
	memcpy(s.delimiter, like->delimiter, sizeof s.delimiter);
	s.delimiter_len = like->delimiter_len;
	check(splitter_next(&s, &q));
	check(q.body_off == 0 && q.body_len == p->body_len);
}

/* The tokens that were kept are those that the lexer finds in the statement alone. */
static void check_kept(const struct splitter *s, const struct piece *p)
{
	struct lexer l;
	struct token t;
	size_t i = 0;

	if (p->kind != PIECE_SQL || p->unclosed || !s->keep->whole)
		return;
	lexer_init(&l, s->dialect, slice_sub(s->text, p->body_off, p->body_len));
	l.ansi_quotes = s->ansi_quotes;
	l.backslash_strings = l.no_backslash_escapes = s->backslash_strings;
	if (slice_starts(l.text, "\xef\xbb\xbf"))
		return;
	do {
		t = lexer_next(&l);
		check(i < s->keep->n && t.kind == s->keep->at[i].kind &&
			t.off == s->keep->at[i].off && slice_eq(t.text, s->keep->at[i].text));
		i++;
	} while (t.kind != TOKEN_END);
	check(i == s->keep->n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kept_tokens kept = {0};
	struct splitter s, before;
	struct piece p;
	size_t at = 0;

	if (size == 0)
		return 0;
	splitter_init(&s, (enum dialect)(data[0] % 5), slice_n((const char *)data + 1, size - 1));
	s.ansi_quotes = data[0] & 0x10;
	s.backslash_strings = s.no_backslash_escapes = data[0] & 0x20;
	s.client_commands = !(data[0] & 0x40);
	s.compound = !(data[0] & 0x80);
	s.keep = &kept;
	for (before = s; splitter_next(&s, &p); before = s) {
		check(p.off == at && p.len > 0);
		check(p.body_off >= p.off && p.body_off + p.body_len <= p.off + p.len);
		check(!p.unclosed || p.unclosed_at < s.text.len);
		check_kept(&s, &p);
		check_again(&before, &p);
		at += p.len;
	}
	free(kept.at);
	check(at == s.text.len);
	return 0;
}
