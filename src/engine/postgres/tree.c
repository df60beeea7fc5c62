/* tree.c - see tree.h. */
#include "engine/postgres/tree.h"

struct scan {
	const char *at, *end;
	struct tree *j;
};

void tree_grow(struct tree *j)
{
	j->cap = j->cap ? j->cap * 2 : 1024;
	j->at = mem_realloc(j->at, j->cap * sizeof *j->at);
}

void tree_deepen(struct tree *j)
{
	j->open_cap = j->open_cap ? j->open_cap * 2 : 64;
	j->open = mem_realloc(j->open, j->open_cap * sizeof *j->open);
}

#define EACH(byte) ((byte)*0x0101010101010101ull)
#define HAS_ZERO(w) (((w)-EACH(1ull)) & ~(w)&EACH(0x80ull))

/* The next quote or backslash, eight bytes at a time. */
static const char *next_mark(const char *p, const char *end)
{
	for (; end - p >= 8; p += 8) {
		uint64_t w;

		memcpy(&w, p, sizeof w);
		if (HAS_ZERO(w ^ EACH('"')) | HAS_ZERO(w ^ EACH('\\')))
			break;
	}
	while (p < end && *p != '"' && *p != '\\')
		p++;
	return p;
}

/* The text up to the closing quote; `at` stands behind the opening one. */
static bool string(struct scan *s, const char **val, uint32_t *len, bool *escaped)
{
	const char *p = s->at;

	*val = p;
	*escaped = false;
	while ((p = next_mark(p, s->end)) < s->end && *p != '"') {
		*escaped = true;
		p += 2;
	}
	if (p >= s->end)
		return false;
	*len = (uint32_t)(p - s->at);
	s->at = p + 1;
	return true;
}

static void blanks(struct scan *s)
{
	while (s->at < s->end && (unsigned char)*s->at <= ' ' &&
		(*s->at == ' ' || *s->at == '\n' || *s->at == '\t' || *s->at == '\r'))
		s->at++;
}

static bool number(struct scan *s, struct tree_node *n)
{
	const char *p = s->at;

	while (p < s->end && ((*p >= '0' && *p <= '9') || *p == '-' || *p == '+' || *p == '.' ||
				     *p == 'e' || *p == 'E'))
		p++;
	n->kind = TREE_NUMBER;
	n->val = s->at;
	n->len = (uint32_t)(p - s->at);
	s->at = p;
	return n->len > 0;
}

static bool word(struct scan *s, const char *w, size_t len)
{
	if ((size_t)(s->end - s->at) < len || memcmp(s->at, w, len) != 0)
		return false;
	s->at += len;
	return true;
}

/* Everything that is not a container. */
static bool scalar(struct scan *s, struct tree_node *n)
{
	switch (*s->at) {
	case '"':
		s->at++;
		n->kind = TREE_STRING;
		return string(s, &n->val, &n->len, &n->escaped);
	case 't':
		n->kind = TREE_TRUE;
		return word(s, "true", 4);
	case 'f':
		n->kind = TREE_FALSE;
		return word(s, "false", 5);
	case 'n':
		n->kind = TREE_NULL;
		return word(s, "null", 4);
	default:
		return number(s, n);
	}
}

static bool key(struct scan *s, struct tree_node *n)
{
	uint32_t len;
	bool escaped;

	if (s->at >= s->end || *s->at != '"')
		return false;
	s->at++;
	if (!string(s, &n->key, &len, &escaped) || len > UINT16_MAX)
		return false;
	n->keylen = (uint16_t)len;
	blanks(s);
	if (s->at >= s->end || *s->at != ':')
		return false;
	s->at++;
	blanks(s);
	return true;
}

/* Closes containers that end here; true while there is more to read at this level. */
static bool close_all(struct scan *s, size_t *depth, bool *bad)
{
	const uint32_t *open = s->j->open;

	for (;;) {
		struct tree_node *top;

		if (!*depth)
			return false;
		blanks(s);
		if (s->at >= s->end) {
			*bad = true;
			return false;
		}
		if (*s->at == ',') {
			s->at++;
			blanks(s);
			return true;
		}
		top = &s->j->at[open[*depth - 1]];
		if (*s->at != (top->kind == TREE_OBJECT ? '}' : ']')) {
			*bad = true;
			return false;
		}
		s->at++;
		top->size = (uint32_t)(s->j->n - open[*depth - 1]);
		--*depth;
	}
}

/* An explicit stack instead of recursion: the depth of a tree is the author's choice. */
bool tree_read(struct tree *j, struct slice text)
{
	struct scan s = {text.at, text.at + text.len, j};
	size_t depth = 0;
	bool bad = false, in_object = false;

	j->n = 0;
	if (text.len > UINT32_MAX)
		return false;
	blanks(&s);
	do {
		struct tree_node *n = tree_add(j);
		size_t i = (size_t)(n - j->at);

		memset(n, 0, sizeof *n);
		n->size = 1;
		if (in_object && !key(&s, n))
			return false;
		if (s.at >= s.end)
			return false;
		if (*s.at == '{' || *s.at == '[') {
			n->kind = *s.at == '{' ? TREE_OBJECT : TREE_ARRAY;
			s.at++;
			blanks(&s);
			if (s.at < s.end && *s.at == (n->kind == TREE_OBJECT ? '}' : ']')) {
				s.at++;
			} else {
				tree_open(j, depth, (uint32_t)i);
				depth++;
				in_object = n->kind == TREE_OBJECT;
				continue;
			}
		} else if (!scalar(&s, n)) {
			return false;
		}
		if (!close_all(&s, &depth, &bad))
			break;
		in_object = j->at[j->open[depth - 1]].kind == TREE_OBJECT;
	} while (true);
	blanks(&s);
	return !bad && s.at == s.end;
}

void tree_done(struct tree *j)
{
	free(j->at);
	free(j->open);
	*j = (struct tree){0};
}

const struct tree_node *tree_get_n(const struct tree_node *n, const char *key, size_t len)
{
	const struct tree_node *c;

	for (c = tree_first(n); c; c = tree_next(n, c))
		if (tree_key_is_n(c, key, len))
			return c;
	return NULL;
}

static int hex4(const char *p)
{
	int v = 0;
	size_t i;

	for (i = 0; i < 4; i++) {
		char c = p[i];

		v *= 16;
		if (c >= '0' && c <= '9')
			v += c - '0';
		else if (c >= 'a' && c <= 'f')
			v += c - 'a' + 10;
		else if (c >= 'A' && c <= 'F')
			v += c - 'A' + 10;
		else
			return -1;
	}
	return v;
}

/* The parser escapes control characters and < > only; everything else is UTF-8 as it came. */
static size_t put_utf8(char *out, int c)
{
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (char)(0xC0 | (c >> 6));
		out[1] = (char)(0x80 | (c & 0x3F));
		return 2;
	}
	out[0] = (char)(0xE0 | (c >> 12));
	out[1] = (char)(0x80 | ((c >> 6) & 0x3F));
	out[2] = (char)(0x80 | (c & 0x3F));
	return 3;
}

static struct slice unescape(struct arena *a, const struct tree_node *n)
{
	static const char plain[] = "bfnrt", meant[] = "\b\f\n\r\t";
	char *out = arena_alloc(a, n->len + 1);
	size_t i, len = 0;

	for (i = 0; i < n->len; i++) {
		const char *p;
		int c;

		if (n->val[i] != '\\' || i + 1 >= n->len) {
			out[len++] = n->val[i];
			continue;
		}
		i++;
		p = strchr(plain, n->val[i]);
		if (n->val[i] == 'u' && i + 4 < n->len && (c = hex4(n->val + i + 1)) >= 0) {
			len += put_utf8(out + len, c);
			i += 4;
		} else {
			out[len++] = p && *p ? meant[p - plain] : n->val[i];
		}
	}
	return slice_n(out, len);
}

struct slice tree_text(struct arena *a, const struct tree_node *n)
{
	if (!n || (n->kind != TREE_STRING && n->kind != TREE_NUMBER))
		return SLICE_NONE;
	if (!n->val)
		return arena_printf(a, "%s%u", n->minus ? "-" : "", n->len);
	if (n->escaped)
		return unescape(a, n);
	return arena_slice(a, slice_n(n->val, n->len));
}

bool tree_is(const struct tree_node *n, const char *text)
{
	return n && n->kind == TREE_STRING && slice_is(slice_n(n->val, n->len), text);
}

long long tree_int(const struct tree_node *n, long long otherwise)
{
	long long v = 0;
	bool minus;
	uint32_t i;

	if (!n || n->kind != TREE_NUMBER)
		return otherwise;
	if (!n->val)
		return n->minus ? -(long long)n->len : (long long)n->len;
	minus = n->len > 0 && n->val[0] == '-';
	/* Eighteen digits always fit. */
	for (i = minus; i < n->len && n->val[i] >= '0' && n->val[i] <= '9' && i < 18u + minus; i++)
		v = v * 10 + (n->val[i] - '0');
	return minus ? -v : v;
}

size_t tree_count(const struct tree_node *n)
{
	const struct tree_node *c;
	size_t count = 0;

	for (c = tree_first(n); c; c = tree_next(n, c))
		count++;
	return count;
}

const struct tree_node *tree_nth(const struct tree_node *n, size_t i)
{
	const struct tree_node *c;

	for (c = tree_first(n); c && i; c = tree_next(n, c))
		i--;
	return c;
}
