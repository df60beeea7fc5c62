/* digest_test.c - against the published test vectors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/digest.h"

static void test_known_values(void **state)
{
	unsigned char raw[DIGEST_SHA384_BYTES];
	char hex[97];

	(void)state;
	digest_sha256_hex(SL("abc"), hex);
	assert_string_equal(
		hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	digest_sha256_hex(SLICE_NONE, hex);
	assert_string_equal(
		hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	digest_sha1_hex(SL("abc"), hex);
	assert_string_equal(hex, "a9993e364706816aba3e25717850c26c9cd0d89d");
	digest_md5_hex(SL("abc"), hex);
	assert_string_equal(hex, "900150983cd24fb0d6963f7d28e17f72");
	digest_sha384(SL("abc"), raw);
	digest_hex(raw, sizeof raw, hex);
	assert_string_equal(hex, "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded163"
				 "1a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7");
	assert_int_equal(digest_crc32(0, SL("123456789")), 0xcbf43926u);
}

static void test_piece_by_piece(void **state)
{
	struct digest_sha256 d, middle;
	char hex[65];

	(void)state;
	digest_sha256_init(&d);
	digest_sha256_add(&d, SL("a"));
	middle = d;
	digest_sha256_add(&d, SL("bc"));
	digest_sha256_done_hex(&d, hex);
	assert_string_equal(
		hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	digest_sha256_done_hex(&middle, hex);
	assert_string_equal(
		hex, "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb");
	assert_int_equal(digest_crc32(digest_crc32(0, SL("1234")), SL("56789")), 0xcbf43926u);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known_values),
		cmocka_unit_test(test_piece_by_piece),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
