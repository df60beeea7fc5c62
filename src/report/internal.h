/* internal.h - shared inside src/report only: findings as CI services want them. */
#ifndef BELAY_REPORT_INTERNAL_H
#define BELAY_REPORT_INTERNAL_H

#include "report/report.h"

/* The finding's file, seen from where belay was started, cleaned; "" when there is none. */
struct slice report_path(struct arena *a, const struct finding *f, const struct report_options *o);
/* The same of any path. */
struct slice report_path_of(struct arena *a, const char *path, const struct report_options *o);
/* 1:1 for findings of a whole file. */
struct place report_place(const struct finding *f);
/* The statement's first words as they are in the file, cleaned, secrets hidden; empty when the
 * finding is not about SQL. */
struct slice report_sql(struct arena *a, const struct finding *f, enum dialect d);
/* "message (possibly; needs: …)", cleaned, one line. */
struct slice report_sentence(struct arena *a, const struct finding *f);
/* The next finding that is reported, from *i on; NULL at the end. *i moves behind it. */
const struct finding *report_next(const struct verdict *v, size_t *i);

/* Markdown of text that is not ours: it opens no markup and mentions nobody. */
void markdown_prose(struct buf *b, struct slice s);
void markdown_code_span(struct buf *b, struct slice s);
void markdown_code_block(struct buf *b, struct slice s);
/* Text of HTML, or the value of an attribute; a page around it. */
void html_put(struct buf *b, struct slice s);
void html_head(struct buf *b, const char *title);
void html_foot(struct buf *b);

/* A member that is a list of texts. */
void report_names_json(struct json *j, const char *key, struct names n);

#endif
