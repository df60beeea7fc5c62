/* gcc.c - one line per finding, which every editor understands: file:line:col: error: … [rule] */
#include "report/internal.h"

void report_check_gcc(struct buf *b, const struct verdict *v, const struct report_options *o)
{
	const struct finding *f;
	size_t i = 0;

	while ((f = report_next(v, &i))) {
		struct place p = report_place(f);
		struct arena a = {0};

		if (f->file || f->span.src)
			buf_printf(b, "%.*s:%zu:%zu: ", SLICE(report_path(&a, f, o)), p.line,
				p.column);
		buf_printf(b, "%s: %.*s [%s]\n",
			f->severity == SEVERITY_INFO ? "note" : severity_word(f->severity),
			SLICE(report_sentence(&a, f)), f->rule->id);
		arena_done(&a);
	}
}
