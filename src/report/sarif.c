/* sarif.c - SARIF 2.1.0, which code scanning services and editors read. */
#include "report/internal.h"
#include "sql/clean.h"

#define SCHEMA                                                                                     \
	"https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/"                      \
	"sarif-schema-2.1.0.json"

static const char *level(enum severity s)
{
	switch (s) {
	case SEVERITY_OFF:
		return "none";
	case SEVERITY_INFO:
		return "note";
	case SEVERITY_WARNING:
		return "warning";
	case SEVERITY_ERROR:
		break;
	}
	return "error";
}

static void text_object(struct json *j, const char *key, struct slice text)
{
	json_key(j, key);
	json_object(j);
	json_kstr(j, "text", text);
	json_end(j);
}

/* A path as a relative URI: everything but RFC 3986's unreserved characters and / is encoded. */
static struct slice uri(struct arena *a, struct slice path)
{
	struct buf b = {0};
	struct slice out;

	for (size_t i = 0; i < path.len; i++) {
		unsigned char c = (unsigned char)path.at[i];

		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
			strchr("-._~/", c))
			buf_addc(&b, (char)c);
		else
			buf_printf(&b, "%%%02X", c);
	}
	out = arena_slice(a, buf_slice(&b));
	buf_done(&b);
	return out;
}

static size_t rule_index(const struct rule *const *used, size_t n, const struct rule *r)
{
	size_t i = 0;

	while (i < n && used[i] != r)
		i++;
	return i;
}

static size_t rules_used(struct arena *a, const struct verdict *v, const struct rule ***out)
{
	const struct finding *f;
	size_t n = 0, i = 0;

	*out = NULL;
	while ((f = report_next(v, &i)))
		if (rule_index(*out, n, f->rule) == n)
			*ARENA_PUSH(a, *out, n) = f->rule;
	return n;
}

static void one_rule(struct json *j, const struct rule *r)
{
	json_object(j);
	json_kcstr(j, "id", r->id);
	text_object(j, "shortDescription", slice_of(r->says));
	text_object(j, "fullDescription", slice_of(r->why));
	if (r->safe[0])
		text_object(j, "help", slice_of(r->safe));
	json_kcstr(j, "helpUri", r->doc);
	json_key(j, "defaultConfiguration");
	json_object(j);
	json_kcstr(j, "level", level(r->severity));
	json_end(j);
	json_end(j);
}

static void driver(struct json *j, const struct rule *const *used, size_t n)
{
	json_key(j, "tool");
	json_object(j);
	json_key(j, "driver");
	json_object(j);
	json_kcstr(j, "name", "belay");
	json_kcstr(j, "version", BELAY_VERSION);
	json_kcstr(j, "semanticVersion", BELAY_VERSION);
	json_key(j, "rules");
	json_array(j);
	for (size_t i = 0; i < n; i++)
		one_rule(j, used[i]);
	json_end(j);
	json_end(j);
	json_end(j);
}

static void location(
	struct json *j, struct arena *a, const struct finding *f, const struct report_options *o)
{
	struct place p = report_place(f);
	struct slice sql = report_sql(a, f, o->dialect);

	json_key(j, "locations");
	json_array(j);
	json_object(j);
	json_key(j, "physicalLocation");
	json_object(j);
	json_key(j, "artifactLocation");
	json_object(j);
	json_kstr(j, "uri", uri(a, report_path(a, f, o)));
	json_end(j);
	json_key(j, "region");
	json_object(j);
	json_kint(j, "startLine", (long long)p.line);
	json_kint(j, "startColumn", (long long)p.column);
	json_kint(j, "endLine", (long long)p.end_line);
	json_kint(j, "endColumn", (long long)p.end_column + 1); /* SARIF's ends are exclusive */
	if (sql.len)
		text_object(j, "snippet", sql);
	json_end(j);
	json_end(j);
	if (f->object.len) {
		json_key(j, "logicalLocations");
		json_array(j);
		json_object(j);
		json_kstr(j, "fullyQualifiedName", clean_line(a, f->object));
		json_end(j);
		json_end(j);
	}
	json_end(j);
	json_end(j);
}

static void result(
	struct json *j, const struct finding *f, size_t index, const struct report_options *o)
{
	struct arena a = {0};

	json_object(j);
	json_kcstr(j, "ruleId", f->rule->id);
	json_kint(j, "ruleIndex", (long long)index);
	json_kcstr(j, "level", level(f->severity));
	text_object(j, "message", report_sentence(&a, f));
	if (f->file || f->span.src)
		location(j, &a, f, o);
	json_key(j, "partialFingerprints");
	json_object(j);
	json_kcstr(j, "belay/v1", f->fingerprint);
	json_end(j);
	json_key(j, "properties");
	json_object(j);
	json_kbool(j, "certain", f->certain);
	json_kstr(j, "why", clean_text(&a, f->why));
	json_kstr(j, "safe", clean_text(&a, f->safe));
	json_end(j);
	json_end(j);
	arena_done(&a);
}

void report_check_sarif(struct buf *b, const struct verdict *v, const struct report_options *o)
{
	const struct rule **used;
	const struct finding *f;
	struct arena a = {0};
	size_t n = rules_used(&a, v, &used), i = 0;
	struct json j;

	json_init(&j, b);
	json_object(&j);
	json_kcstr(&j, "$schema", SCHEMA);
	json_kcstr(&j, "version", "2.1.0");
	json_key(&j, "runs");
	json_array(&j);
	json_object(&j);
	driver(&j, used, n);
	json_kcstr(&j, "columnKind", "unicodeCodePoints");
	json_key(&j, "results");
	json_array(&j);
	while ((f = report_next(v, &i)))
		result(&j, f, rule_index(used, n, f->rule), o);
	json_end(&j);
	json_end(&j);
	json_end(&j);
	json_end(&j);
	arena_done(&a);
}
