/* github.c - workflow commands, which GitHub shows beside the lines of a pull request. */
#include "report/internal.h"
#include "sql/clean.h"

static const char *command(enum severity s)
{
	switch (s) {
	case SEVERITY_OFF:
		return "debug";
	case SEVERITY_INFO:
		return "notice";
	case SEVERITY_WARNING:
		return "warning";
	case SEVERITY_ERROR:
		break;
	}
	return "error";
}

/* Data and properties are escaped as the runner's toolkit does it. */
static void escaped(struct buf *b, struct slice s, bool property)
{
	for (size_t i = 0; i < s.len; i++) {
		char c = s.at[i];

		if (c == '%' || c == '\r' || c == '\n' || (property && (c == ':' || c == ',')))
			buf_printf(b, "%%%02X", (unsigned char)c);
		else
			buf_addc(b, c);
	}
}

void report_check_github(struct buf *b, const struct verdict *v, const struct report_options *o)
{
	const struct finding *f;
	size_t i = 0;

	while ((f = report_next(v, &i))) {
		struct place p = report_place(f);
		struct arena a = {0};

		buf_printf(b, "::%s ", command(f->severity));
		if (f->file || f->span.src) {
			buf_adds(b, "file=");
			escaped(b, report_path(&a, f, o), true);
			buf_printf(b, ",line=%zu,endLine=%zu,", p.line, p.end_line);
			/* The service refuses columns on a range of lines. */
			if (p.line == p.end_line)
				buf_printf(b, "col=%zu,endColumn=%zu,", p.column, p.end_column);
		}
		buf_adds(b, "title=");
		escaped(b, arena_printf(&a, "belay: %s", f->rule->id), true);
		buf_adds(b, "::");
		escaped(b, report_sentence(&a, f), false);
		if (f->safe.len) {
			escaped(b, SL("\nSafe: "), false);
			escaped(b, clean_text(&a, f->safe), false);
		}
		buf_addc(b, '\n');
		arena_done(&a);
	}
}
