/* digest.c - fingerprints of bytes, by nettle and zlib. */
#include "base/digest.h"

#include <limits.h>
#include <nettle/md5.h>
#include <nettle/sha1.h>
#include <zlib.h>

static const unsigned char *bytes_of(struct slice s)
{
	return (const unsigned char *)(s.at ? s.at : "");
}

void digest_hex(const unsigned char *bytes, size_t n, char *out)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < n; i++) {
		*out++ = digits[bytes[i] >> 4];
		*out++ = digits[bytes[i] & 15];
	}
	*out = '\0';
}

void digest_sha256_init(struct digest_sha256 *d)
{
	sha256_init(&d->ctx);
}

void digest_sha256_add(struct digest_sha256 *d, struct slice s)
{
	sha256_update(&d->ctx, s.len, bytes_of(s));
}

void digest_sha256_done(struct digest_sha256 *d, unsigned char out[DIGEST_SHA256_BYTES])
{
	sha256_digest(&d->ctx, DIGEST_SHA256_BYTES, out);
}

void digest_sha256_done_hex(struct digest_sha256 *d, char out[65])
{
	unsigned char raw[DIGEST_SHA256_BYTES];

	digest_sha256_done(d, raw);
	digest_hex(raw, sizeof raw, out);
}

void digest_sha256(struct slice s, unsigned char out[DIGEST_SHA256_BYTES])
{
	struct digest_sha256 d;

	digest_sha256_init(&d);
	digest_sha256_add(&d, s);
	digest_sha256_done(&d, out);
}

void digest_sha256_hex(struct slice s, char out[65])
{
	unsigned char raw[DIGEST_SHA256_BYTES];

	digest_sha256(s, raw);
	digest_hex(raw, sizeof raw, out);
}

void digest_sha384(struct slice s, unsigned char out[DIGEST_SHA384_BYTES])
{
	struct sha384_ctx ctx;

	sha384_init(&ctx);
	sha384_update(&ctx, s.len, bytes_of(s));
	sha384_digest(&ctx, DIGEST_SHA384_BYTES, out);
}

void digest_sha1_hex(struct slice s, char out[41])
{
	unsigned char raw[SHA1_DIGEST_SIZE];
	struct sha1_ctx ctx;

	sha1_init(&ctx);
	sha1_update(&ctx, s.len, bytes_of(s));
	sha1_digest(&ctx, sizeof raw, raw);
	digest_hex(raw, sizeof raw, out);
}

void digest_md5_hex(struct slice s, char out[33])
{
	unsigned char raw[MD5_DIGEST_SIZE];
	struct md5_ctx ctx;

	md5_init(&ctx);
	md5_update(&ctx, s.len, bytes_of(s));
	md5_digest(&ctx, sizeof raw, raw);
	digest_hex(raw, sizeof raw, out);
}

unsigned digest_crc32(unsigned seed, struct slice s)
{
	unsigned long crc = seed;
	const unsigned char *at = bytes_of(s);

	/* zlib counts in unsigned int. */
	while (s.len > UINT_MAX) {
		crc = crc32(crc, at, UINT_MAX);
		at += UINT_MAX;
		s.len -= UINT_MAX;
	}
	return (unsigned)crc32(crc, at, (unsigned)s.len);
}
