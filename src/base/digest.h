/* digest.h - fingerprints of bytes: our own (SHA-256) and the ones other tools keep.
 *
 * Hex output is lower case and NUL-terminated. nettle and zlib do the work; nothing here is meant
 * to keep a secret, only to tell whether bytes are the same. */
#ifndef BELAY_BASE_DIGEST_H
#define BELAY_BASE_DIGEST_H

#include "base/slice.h"

#include <nettle/sha2.h>

enum { DIGEST_SHA256_BYTES = 32, DIGEST_SHA384_BYTES = 48 };

/* Piece by piece: digest_sha256_init(), _add() as often as needed, then _done() or _hex() once.
 * A copy of the struct is a copy of the running state (Atlas reads its sum in between). */
struct digest_sha256 {
	struct sha256_ctx ctx;
};
void digest_sha256_init(struct digest_sha256 *d);
void digest_sha256_add(struct digest_sha256 *d, struct slice s);
void digest_sha256_done(struct digest_sha256 *d, unsigned char out[DIGEST_SHA256_BYTES]);
void digest_sha256_done_hex(struct digest_sha256 *d, char out[65]);

void digest_sha256(struct slice s, unsigned char out[DIGEST_SHA256_BYTES]);
void digest_sha256_hex(struct slice s, char out[65]);
void digest_sha384(struct slice s, unsigned char out[DIGEST_SHA384_BYTES]);
void digest_sha1_hex(struct slice s, char out[41]);
void digest_md5_hex(struct slice s, char out[33]);
/* `seed` is 0, or what the call for the preceding piece returned. */
unsigned digest_crc32(unsigned seed, struct slice s);
/* n bytes as 2n hex digits and a NUL. */
void digest_hex(const unsigned char *bytes, size_t n, char *out);

#endif
