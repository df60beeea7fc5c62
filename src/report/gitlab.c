/* gitlab.c - GitLab's code quality report. */
#include "report/internal.h"

static const char *severity(enum severity s)
{
	switch (s) {
	case SEVERITY_OFF:
	case SEVERITY_INFO:
		return "info";
	case SEVERITY_WARNING:
		return "minor";
	case SEVERITY_ERROR:
		break;
	}
	return "critical";
}

void report_check_gitlab(struct buf *b, const struct verdict *v, const struct report_options *o)
{
	const struct finding *f;
	struct json j;
	size_t i = 0;

	json_init(&j, b);
	json_array(&j);
	while ((f = report_next(v, &i))) {
		struct place p = report_place(f);
		struct arena a = {0};

		json_object(&j);
		json_kstr(&j, "description", report_sentence(&a, f));
		json_kcstr(&j, "check_name", f->rule->id);
		json_kcstr(&j, "fingerprint", f->fingerprint);
		json_kcstr(&j, "severity", severity(f->severity));
		json_key(&j, "location");
		json_object(&j);
		json_kstr(&j, "path", report_path(&a, f, o));
		json_key(&j, "lines");
		json_object(&j);
		json_kint(&j, "begin", (long long)p.line);
		json_kint(&j, "end", (long long)p.end_line);
		json_end(&j);
		json_end(&j);
		json_end(&j);
		arena_done(&a);
	}
	json_end(&j);
}
