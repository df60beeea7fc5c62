/* json.h - writes JSON documents as they come, without building them first.
 *
 * Commas, nesting and indentation are kept by the writer; strings are escaped, invalid UTF-8
 * becomes U+FFFD, bidi marks and line separators are written as \uXXXX: the output is always valid
 *JSON and looks like what it is.
 *
 *	json_object(&j); json_key(&j, "n"); json_int(&j, 1); json_end(&j); */
#ifndef BELAY_BASE_JSON_H
#define BELAY_BASE_JSON_H

#include "base/buf.h"

struct json {
	struct buf *out;
	unsigned depth;
	unsigned long long is_array; /* a bit per level */
	unsigned long long has_item;
	bool after_key;
	bool compact; /* no line breaks */
};

void json_init(struct json *j, struct buf *out);
void json_object(struct json *j);
void json_array(struct json *j);
void json_end(struct json *j); /* closes the innermost object or array */
void json_key(struct json *j, const char *key);
void json_str(struct json *j, struct slice s);
void json_cstr(struct json *j, const char *s); /* NULL becomes null */
void json_int(struct json *j, long long v);
void json_ms(struct json *j, double ms); /* one decimal */
void json_bool(struct json *j, bool v);
void json_null(struct json *j);
/* key and value in one */
void json_kstr(struct json *j, const char *key, struct slice s);
void json_kcstr(struct json *j, const char *key, const char *s);
void json_kint(struct json *j, const char *key, long long v);
void json_kbool(struct json *j, const char *key, bool v);
/* Escaped, with its quotes. */
void json_escape(struct buf *out, struct slice s);

#endif
