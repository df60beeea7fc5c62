/* charset.c - character sets, collations and storage engines by the names the servers print. */
#include "engine/mysql/parser.h"

struct charset {
	const char *name, *collation; /* MariaDB up to 11.4, MySQL 5.7 */
	int bytes;
};

/* clang-format off */
static const struct charset charsets[] = {
	{"utf8mb4", "utf8mb4_general_ci",   4},
	{"utf8mb3", "utf8mb3_general_ci",   3},
	{"latin1",  "latin1_swedish_ci",    1},
	{"binary",  "binary",               1},
	{"ascii",   "ascii_general_ci",     1},
	{"armscii8", "armscii8_general_ci", 1},
	{"big5",    "big5_chinese_ci",      2},
	{"cp1250",  "cp1250_general_ci",    1},
	{"cp1251",  "cp1251_general_ci",    1},
	{"cp1256",  "cp1256_general_ci",    1},
	{"cp1257",  "cp1257_general_ci",    1},
	{"cp850",   "cp850_general_ci",     1},
	{"cp852",   "cp852_general_ci",     1},
	{"cp866",   "cp866_general_ci",     1},
	{"cp932",   "cp932_japanese_ci",    2},
	{"dec8",    "dec8_swedish_ci",      1},
	{"eucjpms", "eucjpms_japanese_ci",  3},
	{"euckr",   "euckr_korean_ci",      2},
	{"gb18030", "gb18030_chinese_ci",   4},
	{"gb2312",  "gb2312_chinese_ci",    2},
	{"gbk",     "gbk_chinese_ci",       2},
	{"geostd8", "geostd8_general_ci",   1},
	{"greek",   "greek_general_ci",     1},
	{"hebrew",  "hebrew_general_ci",    1},
	{"hp8",     "hp8_english_ci",       1},
	{"keybcs2", "keybcs2_general_ci",   1},
	{"koi8r",   "koi8r_general_ci",     1},
	{"koi8u",   "koi8u_general_ci",     1},
	{"latin2",  "latin2_general_ci",    1},
	{"latin5",  "latin5_turkish_ci",    1},
	{"latin7",  "latin7_general_ci",    1},
	{"macce",   "macce_general_ci",     1},
	{"macroman", "macroman_general_ci", 1},
	{"sjis",    "sjis_japanese_ci",     2},
	{"swe7",    "swe7_swedish_ci",      1},
	{"tis620",  "tis620_thai_ci",       1},
	{"ucs2",    "ucs2_general_ci",      2},
	{"ujis",    "ujis_japanese_ci",     3},
	{"utf16",   "utf16_general_ci",     4},
	{"utf16le", "utf16le_general_ci",   4},
	{"utf32",   "utf32_general_ci",     4},
};

static const char *const storage_engines[] = {
	"InnoDB", "MyISAM", "MEMORY", "Aria", "ARCHIVE", "CSV", "BLACKHOLE", "MRG_MyISAM", "FEDERATED",
	"ROCKSDB", "Columnstore", "SPIDER", "CONNECT", "SEQUENCE", "S3", "Mroonga", "ndbcluster",
	"TokuDB",
};
/* clang-format on */

static const struct charset *find(struct slice name)
{
	if (slice_iis(name, "utf8"))
		return &charsets[1];
	for (size_t i = 0; i < sizeof charsets / sizeof *charsets; i++)
		if (slice_iis(name, charsets[i].name))
			return &charsets[i];
	return NULL;
}

const char *my_charset_canonical(struct slice name)
{
	const struct charset *c = find(name);

	return c ? c->name : NULL;
}

const char *my_charset_collation(const struct my_dialect *d, struct slice charset)
{
	const struct charset *c = find(charset);

	if (!c)
		return NULL;
	/* The default of the Unicode sets changed: MySQL 8.0, MariaDB 11.5. */
	if (d->dialect == DIALECT_MYSQL && d->version >= 80000 && c == &charsets[0])
		return "utf8mb4_0900_ai_ci";
	if (is_mariadb(d) && d->version >= 110500) {
		if (c == &charsets[0])
			return "utf8mb4_uca1400_ai_ci";
		if (c == &charsets[1])
			return "utf8mb3_uca1400_ai_ci";
	}
	return c->collation;
}

struct slice my_charset_server(const struct my_dialect *d)
{
	return is_mariadb(d) && d->version < 110600 ? SL("latin1") : SL("utf8mb4");
}

int my_charset_bytes(struct slice charset)
{
	const struct charset *c = find(charset);

	return c ? c->bytes : 4;
}

/* utf8_general_ci is stored as utf8mb3_general_ci. */
struct slice my_collation_canonical(struct arena *a, struct slice collation)
{
	struct slice s = my_lower(a, collation);

	if (slice_starts(s, "utf8_"))
		return arena_printf(a, "utf8mb3_%.*s", SLICE(slice_from(s, 5)));
	return s;
}

/* MariaDB's uca1400_… are of whatever Unicode set the column has. */
struct slice my_collation_charset(struct arena *a, struct slice collation)
{
	struct slice s = my_collation_canonical(a, collation);
	size_t cut = slice_chr(s, '_');

	if (slice_starts(s, "uca1400"))
		return SLICE_NONE;
	return cut < s.len ? slice_sub(s, 0, cut) : s;
}

bool my_engine_known(struct slice canonical)
{
	for (size_t i = 0; i < sizeof storage_engines / sizeof *storage_engines; i++)
		if (slice_iis(canonical, storage_engines[i]))
			return true;
	return false;
}

struct slice engine_canonical(struct arena *a, struct slice engine)
{
	if (slice_iis(engine, "heap"))
		return SL("MEMORY");
	if (slice_iis(engine, "merge"))
		return SL("MRG_MyISAM");
	if (slice_iis(engine, "innobase"))
		return SL("InnoDB");
	for (size_t i = 0; i < sizeof storage_engines / sizeof *storage_engines; i++)
		if (slice_iis(engine, storage_engines[i]))
			return slice_of(storage_engines[i]);
	return arena_slice(a, engine);
}
