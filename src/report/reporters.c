/* reporters.c - the table of output formats. */
#include "report/report.h"

static const struct reporter text = {
	.format = "text",
	.says = "for people; coloured on a terminal",
	.check = report_check_text,
	.explain = report_explain_text,
	.rehearse = report_rehearse_text,
	.status = report_status_text,
	.review = report_review_text,
};

static const struct reporter json = {
	.format = "json",
	.says = "for programs; each document names its schema",
	.check = report_check_json,
	.explain = report_explain_json,
	.rehearse = report_rehearse_json,
	.status = report_status_json,
	.review = report_review_json,
};

const struct reporter *const reporters[] = {&text, &json, NULL};

const struct reporter *reporter_find(struct slice format)
{
	for (size_t i = 0; reporters[i]; i++)
		if (slice_is(format, reporters[i]->format))
			return reporters[i];
	return NULL;
}
