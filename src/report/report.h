/* report.h - results on their way out: text for people, JSON for programs.
 *
 * Reporters fill a buffer and know nothing of files, terminals or exit codes; the CLI decides where
 * it goes. `color` adds escape sequences of our own; what came from files is cleaned first. */
#ifndef BELAY_REPORT_REPORT_H
#define BELAY_REPORT_REPORT_H

#include "base/json.h"
#include "lint/explain.h"
#include "lint/lint.h"
#include "plan/outlook.h"
#include "rehearse/rehearse.h"

struct report_options {
	bool color;
	enum dialect dialect;
	int version;
	bool assumed; /* nothing said or showed the dialect */
	/* Where the project is as seen from where belay was started, "" or NULL = right there: what
	 * a CI service reads (SARIF, annotations, …) names files from there. */
	const char *prefix;
	enum severity fail_on; /* what fails the run; SEVERITY_OFF = nothing does */
};

/* A line of source with the span underlined, as rustc and ruff show it:
 *	  --> db/1_x.sql:3:1
 *	   |
 *	 3 | CREATE INDEX i ON orders (a);
 *	   | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^                                                     */
void report_excerpt(struct buf *b, struct span at, bool color);

void report_check_text(struct buf *b, const struct verdict *v, const struct report_options *o);
void report_check_json(struct buf *b, const struct verdict *v, const struct report_options *o);

void report_check_sarif(struct buf *b, const struct verdict *v, const struct report_options *o);
void report_check_junit(struct buf *b, const struct verdict *v, const struct report_options *o);
void report_check_github(struct buf *b, const struct verdict *v, const struct report_options *o);
void report_check_gitlab(struct buf *b, const struct verdict *v, const struct report_options *o);
void report_check_gcc(struct buf *b, const struct verdict *v, const struct report_options *o);
void report_check_markdown(struct buf *b, const struct verdict *v, const struct report_options *o);
void report_check_html(struct buf *b, const struct verdict *v, const struct report_options *o);

void report_explain_text(
	struct buf *b, const struct explained *e, size_t n, const struct report_options *o);
void report_explain_html(
	struct buf *b, const struct explained *e, size_t n, const struct report_options *o);
void report_explain_json(
	struct buf *b, const struct explained *e, size_t n, const struct report_options *o);

void report_rehearse_text(struct buf *b, const struct rehearsal *r, const struct report_options *o);
void report_rehearse_json(struct buf *b, const struct rehearsal *r, const struct report_options *o);

void report_status_text(struct buf *b, const struct project *p, const struct run_state *s,
	const struct report_options *o);
void report_status_json(struct buf *b, const struct project *p, const struct run_state *s,
	const struct report_options *o);

void report_plan_text(struct buf *b, const struct outlook *p, const struct report_options *o);
void report_plan_json(struct buf *b, const struct outlook *p, const struct report_options *o);
void report_plan_markdown(struct buf *b, const struct outlook *p, const struct report_options *o);
void report_plan_html(struct buf *b, const struct outlook *p, const struct report_options *o);
void report_plan_sql(struct buf *b, const struct outlook *p, const struct report_options *o);

void report_error_json(struct buf *b, const struct err *err);
/* {"belay":{"version":…,"schema":NAME} as the first member of an open object. */
void report_head(struct json *j, const char *schema);

/* "differences": […], in an open object. */
void report_differences(struct json *j, const struct catalog_diff *d);

struct review {
	const struct project *project;
	const struct verdict *verdict;
	const struct rehearsal *rehearsal; /* NULL = not rehearsed */
	struct slice rehearsal_skipped;    /* why not */
	struct slice *heads;
	size_t nheads, nmigrations;
	const char *decision; /* block, allow, approve */
};
void report_review_text(struct buf *b, const struct review *r, const struct report_options *o);
void report_review_json(struct buf *b, const struct review *r, const struct report_options *o);
void report_review_markdown(struct buf *b, const struct review *r, const struct report_options *o);
void report_review_html(struct buf *b, const struct review *r, const struct report_options *o);

/* What commands print: the columns of the table below. Commands without a column know text and json
 * only. */
enum document {
	DOCUMENT_PLAIN,
	DOCUMENT_CHECK,
	DOCUMENT_EXPLAIN,
	DOCUMENT_REHEARSE,
	DOCUMENT_STATUS,
	DOCUMENT_REVIEW,
	DOCUMENT_PLAN
};

/* The table of reporters: one row per output format. A document that a format has no form for is
 * NULL there. */
struct reporter {
	const char *format; /* what -o calls it */
	const char *says;   /* for --help */
	void (*check)(struct buf *b, const struct verdict *v, const struct report_options *o);
	void (*explain)(
		struct buf *b, const struct explained *e, size_t n, const struct report_options *o);
	void (*rehearse)(struct buf *b, const struct rehearsal *r, const struct report_options *o);
	void (*status)(struct buf *b, const struct project *p, const struct run_state *s,
		const struct report_options *o);
	void (*review)(struct buf *b, const struct review *r, const struct report_options *o);
	void (*plan)(struct buf *b, const struct outlook *p, const struct report_options *o);
};
extern const struct reporter *const reporters[]; /* ends with NULL */
const struct reporter *reporter_find(struct slice format);
bool reporter_has(const struct reporter *r, enum document d);

/* The escape sequences, empty without color. */
const char *tint(
	bool color, const char *what); /* "error", "warning", "info", "dim", "bold", "ok", "off" */

#endif
