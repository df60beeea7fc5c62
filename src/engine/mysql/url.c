/* url.c - taking a MySQL URL apart. Errors never repeat the URL: it may hold a password. */
#include "engine/mysql/url.h"

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
		return (c | 0x20) - 'a' + 10;
	return -1;
}

static bool decode(struct arena *a, struct slice s, const char **out, struct err *err)
{
	char *to = arena_alloc(a, s.len + 1);
	size_t n = 0;

	for (size_t i = 0; i < s.len; i++) {
		if (s.at[i] == '%') {
			if (i + 2 >= s.len || hex(s.at[i + 1]) < 0 || hex(s.at[i + 2]) < 0)
				return err_set(err, ERR_INPUT,
					"the database URL has a '%%' that two hexadecimal digits "
					"do not follow");
			to[n] = (char)(hex(s.at[i + 1]) * 16 + hex(s.at[i + 2]));
			i += 2;
		} else {
			to[n] = s.at[i];
		}
		if (to[n++] == '\0')
			return err_set(err, ERR_INPUT, "the database URL has a NUL byte in it");
	}
	to[n] = '\0';
	*out = to;
	return true;
}

static size_t last_chr(struct slice s, char c)
{
	for (size_t i = s.len; i-- > 0;)
		if (s.at[i] == c)
			return i;
	return s.len;
}

static bool parse_host(struct arena *a, struct slice s, struct my_url *out, struct err *err)
{
	size_t colon = last_chr(s, ':');
	unsigned long long port;

	if (s.len && s.at[0] == '[') { /* [::1]:3306 */
		size_t close = slice_chr(s, ']');

		if (close >= s.len)
			return err_set(
				err, ERR_INPUT, "the database URL has a '[' without its ']'");
		colon = close + 1 < s.len ? close + 1 : s.len;
		if (!decode(a, slice_sub(s, 1, close - 1), &out->host, err))
			return false;
	} else if (colon > 0 && s.len) {
		if (!decode(a, slice_sub(s, 0, colon < s.len ? colon : s.len), &out->host, err))
			return false;
	}
	if (colon >= s.len)
		return true;
	if (!slice_u64(slice_from(s, colon + 1), &port) || port == 0 || port > 65535)
		return err_set(
			err, ERR_INPUT, "the database URL's port is not a number from 1 to 65535");
	out->port = (unsigned)port;
	return true;
}

static bool parse_user(struct arena *a, struct slice s, struct my_url *out, struct err *err)
{
	size_t colon = slice_chr(s, ':');

	if (colon < s.len && !decode(a, slice_from(s, colon + 1), &out->password, err))
		return false;
	return decode(a, slice_sub(s, 0, colon < s.len ? colon : s.len), &out->user, err);
}

static bool is_yes(const char *value)
{
	static const char *const no[] = {"", "0", "false", "no", "off", "disable", "disabled",
		"preferred", "prefer", "skip-verify"};

	for (size_t i = 0; i < sizeof no / sizeof *no; i++)
		if (slice_iis(slice_of(value), no[i]))
			return false;
	return true;
}

static bool parse_parameter(struct arena *a, struct slice s, struct my_url *out, struct err *err)
{
	/* Words of other drivers, for things that belay settles itself. */
	static const char *const others[] = {"parsetime", "loc", "multistatements", "charset",
		"collation", "servertimezone", "allowpublickeyretrieval", "characterencoding",
		"useunicode", "autoreconnect", "timeout", "readtimeout", "writetimeout",
		"connect_timeout", "pool", "encoding", "reconnect", "allownativepasswords",
		"allowmultiqueries", "rewritebatchedstatements", "zerodatetimebehavior"};
	size_t eq = slice_chr(s, '=');
	struct slice key = slice_sub(s, 0, eq < s.len ? eq : s.len);
	const char *value;

	if (!decode(a, slice_from(s, eq < s.len ? eq + 1 : s.len), &value, err))
		return false;
	if (slice_iis(key, "socket") || slice_iis(key, "unix_socket"))
		out->socket = value;
	else if (slice_iis(key, "ssl") || slice_iis(key, "tls") || slice_iis(key, "usessl") ||
		 slice_iis(key, "sslmode") || slice_iis(key, "ssl-mode") ||
		 slice_iis(key, "ssl_mode"))
		out->ssl = is_yes(value);
	else if (slice_iis(key, "ssl-ca") || slice_iis(key, "ssl_ca") || slice_iis(key, "sslca"))
		out->ssl_ca = value, out->ssl = true;
	else if (slice_iis(key, "user"))
		out->user = value;
	else if (slice_iis(key, "password"))
		out->password = value;
	else {
		for (size_t i = 0; i < sizeof others / sizeof *others; i++)
			if (slice_iis(key, others[i]))
				return true;
		err_set(err, ERR_INPUT,
			"the database URL has a parameter that belay does not know: %.*s",
			SLICE(key));
		return err_hint(err, "Known: socket, ssl, ssl-ca, user, password.");
	}
	return true;
}

bool my_url_parse(struct arena *a, struct slice url, struct my_url *out, struct err *err)
{
	struct slice rest, query = SLICE_NONE, path = SLICE_NONE, one;
	size_t at;

	*out = (struct my_url){.port = 0};
	at = slice_chr(url, ':');
	rest = slice_from(url, at < url.len ? at + 1 : 0);
	if (slice_starts(rest, "//"))
		rest = slice_from(rest, 2);
	if ((at = slice_chr(rest, '?')) < rest.len) {
		query = slice_from(rest, at + 1);
		rest = slice_sub(rest, 0, at);
	}
	if ((at = last_chr(rest, '@')) < rest.len) {
		if (!parse_user(a, slice_sub(rest, 0, at), out, err))
			return false;
		rest = slice_from(rest, at + 1);
	}
	if ((at = slice_chr(rest, '/')) < rest.len) {
		path = slice_from(rest, at + 1);
		rest = slice_sub(rest, 0, at);
	}
	if (!parse_host(a, rest, out, err))
		return false;
	if (path.len && !decode(a, path, &out->database, err))
		return false;
	while (slice_next(&query, '&', &one))
		if (one.len && !parse_parameter(a, one, out, err))
			return false;
	return true;
}
