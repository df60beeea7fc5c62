/* directive.c - comments that speak to belay. */
#include "sql/directive.h"

static const char *const names[] = {"allow", "allow-file", "batched", "phase", "no-transaction",
	"budget", "window", "verify", NULL};

/* Peers' ignore comments: the marker, and whether rule names follow it. */
static const char *const peers[] = {"squawk-ignore-file", "squawk-ignore", "atlas:nolint",
	"eugene: ignore", "pgfence-ignore", "pgfence: ignore", "migrationpilot-disable",
	"safety-assured", "pgt-ignore", "pglt-ignore", "migration-lint: ignore",
	"pgm-lint:suppress", "pgm-lint:suppress-file", "noqa", NULL};

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
	for (size_t i = 0; peers[i]; i++) {
		size_t n = strlen(peers[i]);

		if (!slice_istarts(body, peers[i]))
			continue;
		if (body.len > n && body.at[n] != ' ' && body.at[n] != ':' && body.at[n] != ',')
			continue;
		d->name = slice_n(body.at, n);
		d->args = slice_trim(slice_from(body, n));
		return true;
	}
	return false;
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
