/* directive.c - comments that speak to belay. */
#include "sql/directive.h"

static const char *const names[] = {"allow", "allow-file", "batched", "phase", "no-transaction",
	"budget", "window", "verify", "destroys", NULL};

/* Peers' ignore comments, longer ones first where one begins with another. What follows a marker is
 * a list of that tool's rules; none = all of them. */
static const struct peer {
	const char *marker, *tool;
	enum directive_scope scope;
} peers[] = {{"squawk-ignore-file", "squawk", SCOPE_FILE},
	{"squawk-ignore-next-statement", "squawk", SCOPE_STATEMENT},
	{"squawk-ignore", "squawk", SCOPE_STATEMENT}, {"atlas:nolint", "atlas", SCOPE_STATEMENT},
	{"nolint", "atlas", SCOPE_STATEMENT}, {"eugene: ignore", "eugene", SCOPE_STATEMENT},
	{"eugene:ignore", "eugene", SCOPE_STATEMENT},
	{"pgfence-ignore", "pgfence", SCOPE_STATEMENT},
	{"pgfence: ignore", "pgfence", SCOPE_STATEMENT},
	{"migrationpilot-disable-file", "migrationpilot", SCOPE_FILE},
	{"migrationpilot-disable-next-line", "migrationpilot", SCOPE_STATEMENT},
	{"migrationpilot-disable", "migrationpilot", SCOPE_STATEMENT},
	{"migration-pilot-disable-file", "migrationpilot", SCOPE_FILE},
	{"migration-pilot-disable", "migrationpilot", SCOPE_STATEMENT},
	{"safety-assured:start", "diesel-guard", SCOPE_BEGIN},
	{"safety-assured:end", "diesel-guard", SCOPE_END},
	{"safety-assured", "diesel-guard", SCOPE_STATEMENT}, {"pgt-ignore-all", "pgls", SCOPE_FILE},
	{"pgt-ignore-start", "pgls", SCOPE_BEGIN}, {"pgt-ignore-end", "pgls", SCOPE_END},
	{"pgt-ignore", "pgls", SCOPE_STATEMENT}, {"pgls-ignore-all", "pgls", SCOPE_FILE},
	{"pgls-ignore-start", "pgls", SCOPE_BEGIN}, {"pgls-ignore-end", "pgls", SCOPE_END},
	{"pgls-ignore", "pgls", SCOPE_STATEMENT}, {"pglt-ignore", "pgls", SCOPE_STATEMENT},
	{"pgm-lint:suppress-file", "pg-migration-lint", SCOPE_FILE},
	{"pgm-lint:suppress", "pg-migration-lint", SCOPE_STATEMENT},
	{"migration-lint: ignore", "migration-lint", SCOPE_STATEMENT},
	{"migration-lint:ignore", "migration-lint", SCOPE_STATEMENT}};

enum { PEERS = sizeof peers / sizeof *peers };

/* The text of one comment line without its marks; false when `line` is not a comment line. */
static bool comment_body(struct slice line, struct slice *body)
{
	struct slice s = slice_trim(line);

	if (slice_starts(s, "--"))
		s = slice_from(s, 2);
	else if (slice_starts(s, "/*"))
		s = slice_from(s, 2);
	else if (slice_starts(s, "#"))
		s = slice_from(s, 1);
	else if (slice_starts(s, "*"))
		s = slice_from(s, 1);
	else
		return false;
	if (slice_ends(s, "*/"))
		s.len -= 2;
	*body = slice_trim(s);
	return true;
}

static struct slice take_word(struct slice *rest)
{
	size_t n = 0;
	struct slice w;

	*rest = slice_trim(*rest);
	while (n < rest->len && rest->at[n] != ' ' && rest->at[n] != '\t')
		n++;
	w = slice_n(rest->at, n);
	*rest = slice_trim(slice_from(*rest, n));
	return w;
}

static struct slice unquote(struct slice s)
{
	s = slice_trim(s);
	if (s.len >= 2 && (s.at[0] == '"' || s.at[0] == '\'') && s.at[s.len - 1] == s.at[0])
		return slice_n(s.at + 1, s.len - 2);
	return s;
}

static void read_allow(struct directive *d)
{
	struct slice rest = d->args;

	d->rule = take_word(&rest);
	if (slice_istarts(rest, "until ")) {
		take_word(&rest);
		d->until = take_word(&rest);
	}
	if (slice_istarts(rest, "because ")) {
		take_word(&rest);
		d->reason = unquote(rest);
	}
}

static bool read_belay(struct slice body, struct directive *d)
{
	struct slice rest;

	if (!slice_istarts(body, "belay:"))
		return false;
	rest = slice_from(body, 6);
	d->name = take_word(&rest);
	d->args = rest;
	if (slice_iis(d->name, "allow") || slice_iis(d->name, "allow-file"))
		read_allow(d);
	return true;
}

static bool read_peer(struct slice body, struct directive *d)
{
	for (size_t i = 0; i < PEERS; i++) {
		size_t n = strlen(peers[i].marker);

		if (!slice_istarts(body, peers[i].marker))
			continue;
		if (body.len > n && body.at[n] != ' ' && body.at[n] != ':' && body.at[n] != ',' &&
			body.at[n] != '\t')
			continue;
		d->name = slice_n(body.at, n);
		d->args = slice_trim(slice_from(body, n));
		return true;
	}
	return false;
}

static const struct peer *peer_of(const struct directive *d)
{
	for (size_t i = 0; i < PEERS; i++)
		if (slice_iis(d->name, peers[i].marker))
			return &peers[i];
	return NULL;
}

enum directive_scope directive_scope(const struct directive *d)
{
	const struct peer *p = directive_is_peer(d) ? peer_of(d) : NULL;

	if (p)
		return p->scope;
	return slice_iis(d->name, "allow-file") ? SCOPE_FILE : SCOPE_STATEMENT;
}

const char *directive_tool(const struct directive *d)
{
	const struct peer *p = directive_is_peer(d) ? peer_of(d) : NULL;

	return p ? p->tool : NULL;
}

static bool is_rule_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '_' || c == '/';
}

bool directive_next_rule(struct slice *args, struct slice *rule)
{
	size_t n = 0;

	while (args->len && strchr(" \t,:", args->at[0]))
		*args = slice_from(*args, 1);
	while (n < args->len && is_rule_char(args->at[n]))
		n++;
	*rule = slice_n(args->at, n);
	/* A reason follows: words behind a colon or a dash, or in brackets. */
	if (n == 0 || args->at[0] == '-')
		return false;
	*args = slice_from(*args, n);
	if (args->len && args->at[0] == ':')
		*args = SLICE_NONE;
	return true;
}

void directives_read(struct arena *a, struct span at, struct directive **v, size_t *n)
{
	struct slice rest = slice_sub(at.src->text, at.off, at.len), line, body;

	while (slice_line(&rest, &line)) {
		struct directive d = {0};

		if (!comment_body(line, &body))
			continue;
		if (!read_belay(body, &d) && !read_peer(body, &d))
			continue;
		d.span = (struct span){at.src, (size_t)(body.at - at.src->text.at), body.len};
		*ARENA_PUSH(a, *v, *n) = d;
	}
}

bool directive_is_peer(const struct directive *d)
{
	for (size_t i = 0; names[i]; i++)
		if (slice_iis(d->name, names[i]))
			return false;
	return !slice_istarts(span_text(d->span), "belay:");
}

static bool is_date(struct slice s)
{
	if (s.len != 10 || s.at[4] != '-' || s.at[7] != '-')
		return false;
	for (size_t i = 0; i < 10; i++)
		if (i != 4 && i != 7 && (s.at[i] < '0' || s.at[i] > '9'))
			return false;
	return true;
}

const char *directive_problem(struct arena *a, const struct directive *d)
{
	bool known = false;

	if (directive_is_peer(d))
		return NULL;
	for (size_t i = 0; names[i]; i++)
		known = known || slice_iis(d->name, names[i]);
	if (!known)
		return arena_printf(a, "unknown directive \"belay:%.*s\"", SLICE(d->name)).at;
	if (slice_iis(d->name, "phase") && !slice_iis(d->args, "expand") &&
		!slice_iis(d->args, "backfill") && !slice_iis(d->args, "contract"))
		return arena_printf(a,
			"belay:phase wants expand, backfill or contract, not \"%.*s\"",
			SLICE(d->args))
			.at;
	if (slice_iis(d->name, "destroys") && slice_empty(d->args))
		return "belay:destroys names no object";
	if (!slice_istarts(d->name, "allow"))
		return NULL;
	if (slice_empty(d->rule))
		return "belay:allow names no rule";
	if (d->until.len && !is_date(d->until))
		return arena_printf(a, "\"%.*s\" is not a date (YYYY-MM-DD)", SLICE(d->until)).at;
	if (slice_empty(d->reason))
		return "belay:allow gives no reason: add because \"…\"";
	return NULL;
}
