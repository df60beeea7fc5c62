/* json.c - writes JSON documents as they come. */
#include "base/json.h"

#include "base/utf8.h"

void json_init(struct json *j, struct buf *out)
{
	*j = (struct json){.out = out};
}

static void newline(struct json *j)
{
	if (j->compact)
		return;
	buf_addc(j->out, '\n');
	for (unsigned i = 0; i < j->depth; i++)
		buf_adds(j->out, "  ");
}

static void before_value(struct json *j)
{
	unsigned long long bit = 1ull << j->depth;

	if (j->after_key) {
		j->after_key = false;
		return;
	}
	if (j->depth == 0)
		return;
	if (j->has_item & bit)
		buf_addc(j->out, ',');
	j->has_item |= bit;
	newline(j);
}

static void open_level(struct json *j, char c, bool array)
{
	before_value(j);
	buf_addc(j->out, c);
	j->depth++;
	j->has_item &= ~(1ull << j->depth);
	if (array)
		j->is_array |= 1ull << j->depth;
	else
		j->is_array &= ~(1ull << j->depth);
}

void json_object(struct json *j)
{
	open_level(j, '{', false);
}

void json_array(struct json *j)
{
	open_level(j, '[', true);
}

void json_end(struct json *j)
{
	unsigned long long bit = 1ull << j->depth;
	bool had = (j->has_item & bit) != 0;

	j->depth--;
	if (had)
		newline(j);
	buf_addc(j->out, (j->is_array & bit) ? ']' : '}');
	if (j->depth == 0 && !j->compact)
		buf_addc(j->out, '\n');
}

void json_key(struct json *j, const char *key)
{
	before_value(j);
	json_escape(j->out, slice_of(key));
	buf_adds(j->out, j->compact ? ":" : ": ");
	j->after_key = true;
}

/* Turns the reading direction or breaks lines where JSON is shown: written as \uXXXX, which means
 * the same to a program. */
static bool is_tricky(unsigned c)
{
	return (c >= 0x80 && c < 0xa0) || c == 0x61c || (c >= 0x200e && c <= 0x200f) ||
	       (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c == 0xfeff;
}

void json_escape(struct buf *out, struct slice s)
{
	static const char hex[] = "0123456789abcdef";
	size_t i = 0;

	buf_addc(out, '"');
	while (i < s.len) {
		unsigned char c = (unsigned char)s.at[i];
		size_t n;

		if (c == '"' || c == '\\') {
			buf_addc(out, '\\');
			buf_addc(out, (char)c);
			i++;
		} else if (c == '\n' || c == '\t' || c == '\r') {
			buf_addc(out, '\\');
			buf_addc(out, c == '\n' ? 'n' : c == '\t' ? 't' : 'r');
			i++;
		} else if (c < 0x20 || c == 0x7f) {
			buf_adds(out, "\\u00");
			buf_addc(out, hex[c >> 4]);
			buf_addc(out, hex[c & 15]);
			i++;
		} else if (c < 0x80) {
			buf_addc(out, (char)c);
			i++;
		} else {
			n = utf8_length(slice_from(s, i));
			if (n && is_tricky(utf8_decode(slice_from(s, i), n)))
				buf_printf(out, "\\u%04x", utf8_decode(slice_from(s, i), n));
			else
				buf_add(out, n ? slice_sub(s, i, n) : SL("\xEF\xBF\xBD"));
			i += n ? n : 1;
		}
	}
	buf_addc(out, '"');
}

void json_str(struct json *j, struct slice s)
{
	before_value(j);
	json_escape(j->out, s);
}

void json_cstr(struct json *j, const char *s)
{
	if (s)
		json_str(j, slice_of(s));
	else
		json_null(j);
}

void json_int(struct json *j, long long v)
{
	before_value(j);
	buf_printf(j->out, "%lld", v);
}

void json_ms(struct json *j, double ms)
{
	long long tenths = (long long)(ms * 10 + 0.5);

	before_value(j);
	buf_printf(j->out, "%lld.%lld", tenths / 10, tenths % 10);
}

void json_bool(struct json *j, bool v)
{
	before_value(j);
	buf_adds(j->out, v ? "true" : "false");
}

void json_null(struct json *j)
{
	before_value(j);
	buf_adds(j->out, "null");
}

void json_kstr(struct json *j, const char *key, struct slice s)
{
	json_key(j, key);
	json_str(j, s);
}

void json_kcstr(struct json *j, const char *key, const char *s)
{
	json_key(j, key);
	json_cstr(j, s);
}

void json_kint(struct json *j, const char *key, long long v)
{
	json_key(j, key);
	json_int(j, v);
}

void json_kbool(struct json *j, const char *key, bool v)
{
	json_key(j, key);
	json_bool(j, v);
}
