/* io.h - files, and the limits on what is read from them.
 *
 * Whole-file reads into an arena, atomic writes (temporary file, fsync, rename, fsync of the
 * directory), sorted directory listings. Errors name the path. */
#ifndef BELAY_BASE_IO_H
#define BELAY_BASE_IO_H

#include "base/arena.h"
#include "base/err.h"

#include <sys/types.h>

/* A migration larger than this is refused with a sentence that names the limit. */
#define LIMIT_FILE_BYTES ((size_t)2 << 30)

/* Reads a regular file; "-" reads standard input. */
bool io_read(struct arena *a, const char *path, struct slice *out, struct err *err);
/* Only the first `max` bytes: enough to recognise a file. */
bool io_read_head(
	struct arena *a, const char *path, size_t max, struct slice *out, struct err *err);
/* Writes all or nothing: what was there before survives a crash. Mode e.g. 0644, 0600 for data.
 * Links are followed; a device or pipe is written into, never replaced. */
bool io_write(const char *path, struct slice text, mode_t mode, struct err *err);
/* As io_write, but fails when the file exists. */
bool io_write_new(const char *path, struct slice text, mode_t mode, struct err *err);
bool io_is_dir(const char *path);
bool io_is_file(const char *path);
/* Makes the directory and its parents. */
bool io_make_dirs(const char *path, mode_t mode, struct err *err);
/* Names in a directory without "." and "..", sorted by bytes. Missing directory is an error. */
bool io_list(struct arena *a, const char *path, const char ***names, size_t *n, struct err *err);
/* The same with what the directory itself says about each; IO_ASK: links, and where it is silent.
 */
enum io_kind { IO_ASK, IO_FILE, IO_DIR };
struct io_entry {
	const char *name;
	enum io_kind kind;
};
bool io_entries(
	struct arena *a, const char *path, struct io_entry **entries, size_t *n, struct err *err);
/* root/rel; rel alone when it is absolute or root is empty or ".". */
const char *io_join(struct arena *a, const char *root, const char *rel);
const char *io_basename(const char *path);
/* The path below `root` when it is inside, else the path itself. */
const char *io_relative(struct arena *a, const char *root, const char *path);
/* Makes a private directory (0700) below TMPDIR; the caller removes it. */
bool io_temp_dir(struct arena *a, const char *word, const char **out, struct err *err);
/* Removes a directory of ours and everything in it, without following links. */
void io_remove_tree(const char *path);
/* Monotonic milliseconds. */
long long io_now_ms(void);
/* The same, time counted in which the machine slept. */
long long io_passed_ms(void);
/* Writes everything to a descriptor; false on the first error (errno set). */
bool io_write_fd(int fd, struct slice text);

#endif
