/* belay.h - the public library: judging migrations from another program.
 *
 * Opaque handles; nothing is printed, no signal is taken, the process never exits. Text comes and
 * goes as UTF-8; documents are the JSON that the contract describes. Functions that fail return
 * NULL or false and tell why through belay_error_*.
 *
 *	struct belay *b = belay_new();
 *	belay_set(b, "dialect", "postgres");
 *	if (belay_check_text(b, "-", sql, strlen(sql)))
 *		puts(belay_result(b));
 *	belay_free(b); */
#ifndef BELAY_H
#define BELAY_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

struct belay;

/* "0.1.0" */
const char *belay_version(void);

struct belay *belay_new(void);
void belay_free(struct belay *b); /* NULL is fine */

/* Settings: "dialect" (postgres, mysql, mariadb, sqlite), "server-version", "layout". False for a
 * setting or value that does not exist; belay_error() says which there are. */
bool belay_set(struct belay *b, const char *setting, const char *value);

/* Judges one text, or the migrations of a project folder. True: belay_result() is a check/1
 * document. False: belay_error(). `path` is what findings call the text. */
bool belay_check_text(struct belay *b, const char *path, const char *sql, size_t len);
bool belay_check_project(struct belay *b, const char *folder);
/* An explain/1 document for one text. */
bool belay_explain_text(struct belay *b, const char *path, const char *sql, size_t len);

/* Lent until the next call with the same handle. */
const char *belay_result(const struct belay *b);
/* Of the last check. */
size_t belay_errors(const struct belay *b);
size_t belay_warnings(const struct belay *b);
const char *belay_error(const struct belay *b); /* "" if the last call did not fail */
int belay_error_code(const struct belay *b);    /* the exit code that belay would end with */

#ifdef __cplusplus
}
#endif
#endif
