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
	.plan = report_plan_text,
};

static const struct reporter json = {
	.format = "json",
	.says = "for programs; each document names its schema",
	.check = report_check_json,
	.explain = report_explain_json,
	.rehearse = report_rehearse_json,
	.status = report_status_json,
	.review = report_review_json,
	.plan = report_plan_json,
};

static const struct reporter sarif = {
	.format = "sarif",
	.says = "SARIF 2.1.0, for code scanning",
	.check = report_check_sarif,
};

static const struct reporter junit = {
	.format = "junit",
	.says = "JUnit XML, for test reports",
	.check = report_check_junit,
};

static const struct reporter github = {
	.format = "github",
	.says = "annotations of GitHub Actions",
	.check = report_check_github,
};

static const struct reporter gitlab = {
	.format = "gitlab",
	.says = "code quality report of GitLab",
	.check = report_check_gitlab,
};

static const struct reporter gcc = {
	.format = "gcc",
	.says = "file:line:col lines, for editors",
	.check = report_check_gcc,
};

static const struct reporter markdown = {
	.format = "markdown",
	.says = "for a pull request",
	.check = report_check_markdown,
	.review = report_review_markdown,
	.plan = report_plan_markdown,
};

static const struct reporter sql = {
	.format = "sql",
	.says = "a script to run by hand",
	.plan = report_plan_sql,
};

static const struct reporter html = {
	.format = "html",
	.says = "a page to look at, in one file",
	.check = report_check_html,
	.explain = report_explain_html,
	.review = report_review_html,
	.plan = report_plan_html,
};

const struct reporter *const reporters[] = {
	&text, &json, &sarif, &junit, &github, &gitlab, &gcc, &markdown, &html, &sql, NULL};

const struct reporter *reporter_find(struct slice format)
{
	for (size_t i = 0; reporters[i]; i++)
		if (slice_is(format, reporters[i]->format))
			return reporters[i];
	return NULL;
}

bool reporter_has(const struct reporter *r, enum document d)
{
	switch (d) {
	case DOCUMENT_PLAIN:
		return r == &text || r == &json;
	case DOCUMENT_CHECK:
		return r->check;
	case DOCUMENT_EXPLAIN:
		return r->explain;
	case DOCUMENT_REHEARSE:
		return r->rehearse;
	case DOCUMENT_STATUS:
		return r->status;
	case DOCUMENT_REVIEW:
		return r->review;
	case DOCUMENT_PLAN:
		break;
	}
	return r->plan;
}
