/* split_test.c - the splitter by example, and the property that joins everything: pieces put
 * together are the text. */
#include "base/arena.h"
#include "base/buf.h"
#include "sql/split.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#define PG DIALECT_POSTGRES
#define MY DIALECT_MYSQL
#define MA DIALECT_MARIADB
#define LITE DIALECT_SQLITE

struct example {
	enum dialect dialect;
	const char *text;
	/* Each piece: its letter (Sql, Meta, Data, deLimiter, Blank), [its body], and flags: ;
	 * ended by its delimiter, ! unclosed, < rows follow, + joined by \; and \ a command inside.
	 * Blank tails are left out. */
	const char *want;
};

/* clang-format off */
static const struct example everywhere[] = {
	{PG, "", ""},
	{PG, " \n", ""},
	{PG, "a", "S[a]"},
	{PG, "a;b", "S[a]; S[b]"},
	{PG, "a;\n b ;\n", "S[a]; S[b];"},
	{PG, ";;a;;", "B[]; B[]; S[a]; B[];"},
	{PG, "/* x; */ a /* y; */ ; -- z;\n", "S[a];"},
	{PG, "a -- b ; c", "S[a]"},
	{PG, "a --", "S[a]"},
	{PG, "\xef\xbb\xbf" "a;b", "S[a]; S[b]"},
	{PG, "a;\r\nb;\r\n", "S[a]; S[b];"},
	{PG, "'a;''b';c", "S['a;''b']; S[c]"},
	{PG, "\"a;\"\"b\";c", "S[\"a;\"\"b\"]; S[c]"},
	{PG, "a \xff\xc3; b", "S[a \xff\xc3]; S[b]"},
	{PG, "'a;b", "S['a;b]!"},
	{PG, "\"a;b", "S[\"a;b]!"},
	{PG, "a /* b;", "S[a /* b;]!"},
};

static const struct example postgres[] = {
	/* dollar quotes */
	{PG, "DO $$ BEGIN a; END $$; b;", "S[DO $$ BEGIN a; END $$]; S[b];"},
	{PG, "f $fn$ a; $$ b; $$ $fn $fnx$ ; $fn$; c", "S[f $fn$ a; $$ b; $$ $fn $fnx$ ; $fn$]; S[c]"},
	{PG, "f $a$ ; $b$ ; $a$; $b$ ; $b$;", "S[f $a$ ; $b$ ; $a$]; S[$b$ ; $b$];"},
	{PG, "select $1;select $2", "S[select $1]; S[select $2]"},
	{PG, "select a$b$c; select d$b$ ;", "S[select a$b$c]; S[select d$b$];"},
	{PG, "select 1$$;$$;", "S[select 1$$;$$];"},
	{PG, "$a$ ; $A$ ; $a$;x", "S[$a$ ; $A$ ; $a$]; S[x]"},
	{PG, "$é$;$é$;x", "S[$é$;$é$]; S[x]"},
	{PG, "$$;", "S[$$;]!"},
	{PG, "$1$;$1$;", "S[$1$]; S[$1$];"},
	/* strings */
	{PG, "'a\\';b", "S['a\\']; S[b]"},
	{PG, "E'a\\';b';c", "S[E'a\\';b']; S[c]"},
	{PG, "e'\\\\';c", "S[e'\\\\']; S[c]"},
	{PG, "xe'a\\';c", "S[xe'a\\']; S[c]"},
	{PG, "U&'\\';c", "S[U&'\\']; S[c]"},
	{PG, "U&\"\\;\";B';';N'\\';c", "S[U&\"\\;\"]; S[B';']; S[N'\\']; S[c]"},
	{PG, "E'a'\n'\\';b';c", "S[E'a'\n'\\';b']; S[c]"},
	{PG, "E'a' '\\';b", "S[E'a' '\\']; S[b]"},
	/* comments */
	{PG, "/* /* ; */ ; */ a; b", "S[a]; S[b]"},
	{PG, "/* /* ; */ a; b", "S[/* /* ; */ a; b]!"},
	{PG, "a --;\r; b", "S[a]; S[b]"},
	{PG, "a-- b'\n;c", "S[a]; S[c]"},
	{PG, "a @--b;\n;c", "S[a @]; S[c]"},
	/* parentheses and bodies */
	{PG, "CREATE RULE r AS ON INSERT TO t DO (a; b); c;", "S[CREATE RULE r AS ON INSERT TO t DO (a; b)]; S[c];"},
	{PG, "(a;b", "S[(a;b]!"},
	{PG, "a);b", "S[a)]; S[b]"},
	{PG, "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC a; b; END; c;", "S[CREATE FUNCTION f() RETURNS int BEGIN ATOMIC a; b; END]; S[c];"},
	{PG, "create or replace procedure p() begin atomic select case when 1 then 2 end; end; c", "S[create or replace procedure p() begin atomic select case when 1 then 2 end; end]; S[c]"},
	{PG, "CREATE FUNCTION f() BEGIN ATOMIC a;", "S[CREATE FUNCTION f() BEGIN ATOMIC a;]!"},
	{PG, "BEGIN; a; END; CREATE TABLE t(x); BEGIN;", "S[BEGIN]; S[a]; S[END]; S[CREATE TABLE t(x)]; S[BEGIN];"},
	{PG, "CREATE FUNCTION case_end() AS $$ begin $$; c", "S[CREATE FUNCTION case_end() AS $$ begin $$]; S[c]"},
	/* psql's commands */
	{PG, "\\set x y\na;", "M[\\set x y]; S[a];"},
	{PG, "\\i other.sql", "M[\\i other.sql];"},
	{PG, "-- c\n  \\i f.sql  \r\na", "M[\\i f.sql]; S[a]"},
	{PG, "\\echo it's\na;", "M[\\echo it's]; S[a];"},
	{PG, "\\echo 'a;b' \\\\ a; b", "M[\\echo 'a;b']; S[a]; S[b]"},
	{PG, "\\! ls \\\\ x\na", "M[\\! ls \\\\ x]; S[a]"},
	{PG, "select 1 \\gset p_\nb;", "S[select 1]; M[\\gset p_]; S[b];"},
	{PG, "select 1\\g\nb;", "S[select 1]; M[\\g]; S[b];"},
	{PG, "a \\; b; c", "S[a];+ S[b]; S[c]"},
	{PG, "(a \\; b); c", "S[(a \\; b)];\\ S[c]"},
	{PG, "a\n\\echo it's; \nb; c", "S[a\n\\echo it's; \nb];\\ S[c]"},
	{PG, "a b \\r\nc;", "M[a b \\r]; S[c];"},
	{PG, "\\.\na", "M[\\.]; S[a]"},
	{PG, "\\if :x\na;\n\\endif\n", "M[\\if :x]; S[a]; M[\\endif];"},
	{PG, "select ':x', :x, :'y;', :\"z\"; b", "S[select ':x', :x, :'y;', :\"z\"]; S[b]"},
	{PG, "'a\\i b;';c", "S['a\\i b;']; S[c]"},
	/* COPY */
	{PG, "COPY t FROM stdin;\n1\t';\nSELECT 1;\n\\.\na;", "S[COPY t FROM stdin];< D[1\t';\nSELECT 1;\n]; S[a];"},
	{PG, "copy t (a, b) from STDIN with (format csv) ; -- c\nx\r\n\\.\r\na", "S[copy t (a, b) from STDIN with (format csv)];< D[x\r\n]; S[a]"},
	{PG, "COPY t FROM stdin;\n\\.\n", "S[COPY t FROM stdin];< D[];"},
	{PG, "COPY t FROM stdin;\nx\n\\.x\n", "S[COPY t FROM stdin];< D[x\n\\.x\n]"},
	{PG, "COPY t FROM stdin;\nx\n\\.", "S[COPY t FROM stdin];< D[x\n];"},
	{PG, "COPY t FROM stdin;", "S[COPY t FROM stdin];<"},
	{PG, "COPY t FROM stdin; a; b\nx\n\\.\nc", "S[COPY t FROM stdin];< S[a]; S[b] D[x\n]; S[c]"},
	{PG, "COPY t FROM stdin \\g\nx\n\\.\nc", "S[COPY t FROM stdin];< M[\\g]; D[x\n]; S[c]"},
	{PG, "\\copy t from stdin csv\nx;y\n\\.\nc", "M[\\copy t from stdin csv]; D[x;y\n]; S[c]"},
	{PG, "\\copy t from pstdin\nx;", "M[\\copy t from pstdin]; S[x];"},
	{PG, "COPY t TO stdout;\na;", "S[COPY t TO stdout]; S[a];"},
	{PG, "COPY (SELECT 1 FROM stdin) TO stdout;\na;", "S[COPY (SELECT 1 FROM stdin) TO stdout]; S[a];"},
	{PG, "COPY t FROM 'stdin';\na;", "S[COPY t FROM 'stdin']; S[a];"},
	{PG, "SELECT copy FROM stdin;\na;", "S[SELECT copy FROM stdin]; S[a];"},
};

static const struct example mysql[] = {
	{MY, "'a\\';b';c", "S['a\\';b']; S[c]"},
	{MY, "\"a\\\";b\";`c;``d`;e", "S[\"a\\\";b\"]; S[`c;``d`]; S[e]"},
	{MY, "`a\\`;b", "S[`a\\`]; S[b]"},
	{MY, "select 1--1;b", "S[select 1--1]; S[b]"},
	{MY, "a -- b;\n;c", "S[a]; S[c]"},
	{MY, "a --\t;\n;c --", "S[a]; S[c]"},
	{MY, "a # b;\n;c", "S[a]; S[c]"},
	{MY, "--foo;\na; --bar\nb;", "S[a]; S[b];"},
	{MY, "--foo\n;a;", "B[]; S[a];"},
	{MY, "a /* /* ; */ ; b", "S[a]; S[b]"},
	{MY, "(a; b)", "S[(a]; S[b)]"},
	{MY, "$$ a; $$", "S[$$ a]; S[$$]"},
	{MY, "@a := 'x;'; b:c;", "S[@a := 'x;']; S[b:c];"},
	/* executable comments */
	{MY, "/*!40101 SET NAMES utf8 */;\na;", "S[/*!40101 SET NAMES utf8 */]; S[a];"},
	{MY, "/*!50001 a; b */; c", "S[/*!50001 a; b */]; S[c]"},
	{MA, "/*M! a; b */; c", "S[/*M! a; b */]; S[c]"},
	{MY, "/*M! a; b */; c", "B[]; S[c]"},
	{MY, "a /*!50001 b 'c*/;' d */ e; f", "S[a /*!50001 b 'c*/;' d */ e]; S[f]"},
	{MY, "/*! a /* b */ c */; d", "S[/*! a /* b */ c */]; S[d]"},
	{MY, "/*! a; b", "S[/*! a; b]!"},
	{MY, "DELIMITER ;;\n/*!50003 CREATE*/ /*!50017 DEFINER=`r`@`l`*/ /*!50003 TRIGGER t BEGIN a; b; END */;;\nDELIMITER ;\nc;",
	 "L[DELIMITER ;;]; S[/*!50003 CREATE*/ /*!50017 DEFINER=`r`@`l`*/ /*!50003 TRIGGER t BEGIN a; b; END */]; L[DELIMITER ;]; S[c];"},
	/* DELIMITER */
	{MY, "DELIMITER //\na; b//\ndelimiter ;\nc;", "L[DELIMITER //]; S[a; b]; L[delimiter ;]; S[c];"},
	{MY, "  DeLiMiTeR   $$  foo\r\nBEGIN a; END$$ b$$", "L[DeLiMiTeR   $$  foo]; S[BEGIN a; END]; S[b];"},
	{MY, "delimiter '//'\na//b", "L[delimiter '//']; S[a]; S[b]"},
	{MY, "delimiter GO\na GO b\n", "L[delimiter GO]; S[a]; S[b]"},
	{MY, "delimiter |\na='|' | b", "L[delimiter |]; S[a='|']; S[b]"},
	{MY, "delimiter //\na=//b", "L[delimiter //]; S[a=]; S[b]"},
	{MY, "delimiter //\n/* // */ a -- //\n//b", "L[delimiter //]; S[a]; S[b]"},
	{MY, "delimiter\na;", "L[delimiter]; S[a];"},
	{MY, "delimiter\n$$\na; b$$\ndelimiter\n;\nc;", "L[delimiter\n$$]; S[a; b]; L[delimiter\n;]; S[c];"},
	{MY, "delimiter\n-- x\na;", "L[delimiter]; S[a];"},
	{MY, "delimiter \\\na;", "L[delimiter \\]; S[a];"},
	{MY, "a; delimiter //\nb//", "S[a]; L[delimiter //]; S[b];"},
	{MY, "select 1 as delimiter from dual;b", "S[select 1 as delimiter from dual]; S[b]"},
	{MY, "CREATE TABLE t (\ndelimiter varchar(1)\n);b", "S[CREATE TABLE t (\ndelimiter varchar(1)\n)]; S[b]"},
	{MY, "delimiters;b", "S[delimiters]; S[b]"},
	{MY, "delimiter 1234567890123456789\na 123456789012345 b", "L[delimiter 1234567890123456789]; S[a]; S[b]"},
	/* the client's commands */
	{MY, "select 1\\G select 2\\g select 3", "S[select 1]; S[select 2]; S[select 3]"},
	{MY, "select \\N; b", "S[select \\N]; S[b]"},
	{MY, "select 1 \\c b;", "M[select 1 \\c]; S[b];"},
	{MY, "use shop\na;", "M[use shop]; S[a];"},
	{MY, "use shop;a;", "S[use shop]; S[a];"},
	{MY, "-- c\nSOURCE x.sql\na;", "M[SOURCE x.sql]; S[a];"},
	{MY, "\\. x.sql\na;", "M[\\. x.sql]; S[a];"},
	{MY, "\\u shop; a;", "M[\\u shop;]; S[a];"},
	{MY, "\\d //\na;b//", "L[\\d //]; S[a;b];"},
	{MY, "exit x\n;b", "S[exit x]; S[b]"},
	{MY, "a\nuse shop\n;b", "S[a\nuse shop]; S[b]"},
	/* routines without DELIMITER */
	{MY, "CREATE PROCEDURE p() BEGIN a; b; END; c;", "S[CREATE PROCEDURE p() BEGIN a; b; END]; S[c];"},
	{MY, "CREATE DEFINER=`r`@`%` PROCEDURE p(IN x INT) BEGIN IF x THEN a; ELSEIF y THEN b; ELSE c; END IF; d; END; e",
	 "S[CREATE DEFINER=`r`@`%` PROCEDURE p(IN x INT) BEGIN IF x THEN a; ELSEIF y THEN b; ELSE c; END IF; d; END]; S[e]"},
	{MY, "CREATE DEFINER = root@localhost TRIGGER t BEFORE INSERT ON x FOR EACH ROW BEGIN a; END; b",
	 "S[CREATE DEFINER = root@localhost TRIGGER t BEFORE INSERT ON x FOR EACH ROW BEGIN a; END]; S[b]"},
	{MY, "CREATE TRIGGER t BEFORE INSERT ON x FOR EACH ROW SET NEW.a = 1; b;", "S[CREATE TRIGGER t BEFORE INSERT ON x FOR EACH ROW SET NEW.a = 1]; S[b];"},
	{MY, "CREATE TRIGGER t AFTER INSERT ON x FOR EACH ROW IF NEW.a THEN b; c; END IF; d;", "S[CREATE TRIGGER t AFTER INSERT ON x FOR EACH ROW IF NEW.a THEN b; c; END IF]; S[d];"},
	{MY, "CREATE FUNCTION f() RETURNS int RETURN IF(a,b,c); d", "S[CREATE FUNCTION f() RETURNS int RETURN IF(a,b,c)]; S[d]"},
	{MY, "CREATE FUNCTION f() RETURNS int RETURN CASE WHEN a THEN b ELSE c END; d", "S[CREATE FUNCTION f() RETURNS int RETURN CASE WHEN a THEN b ELSE c END]; S[d]"},
	{MY, "CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO BEGIN a; END; b", "S[CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO BEGIN a; END]; S[b]"},
	{MY, "CREATE PROCEDURE p() l: LOOP a; LEAVE l; END LOOP l; b", "S[CREATE PROCEDURE p() l: LOOP a; LEAVE l; END LOOP l]; S[b]"},
	{MY, "CREATE PROCEDURE p() BEGIN WHILE a DO b; END WHILE; REPEAT c; UNTIL d END REPEAT; CASE e WHEN 1 THEN f; END CASE; SELECT REPEAT('x', 3); END; g",
	 "S[CREATE PROCEDURE p() BEGIN WHILE a DO b; END WHILE; REPEAT c; UNTIL d END REPEAT; CASE e WHEN 1 THEN f; END CASE; SELECT REPEAT('x', 3); END]; S[g]"},
	{MY, "CREATE PROCEDURE p() BEGIN DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN a; END; SELECT end FROM t; DROP TABLE IF EXISTS t; END; b",
	 "S[CREATE PROCEDURE p() BEGIN DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN a; END; SELECT end FROM t; DROP TABLE IF EXISTS t; END]; S[b]"},
	{MY, "CREATE PROCEDURE p() BEGIN SELECT t.end, (SELECT CASE a WHEN 1 THEN 2 END), CASE WHEN b THEN c END; END; d",
	 "S[CREATE PROCEDURE p() BEGIN SELECT t.end, (SELECT CASE a WHEN 1 THEN 2 END), CASE WHEN b THEN c END; END]; S[d]"},
	{MA, "BEGIN NOT ATOMIC a; FOR i IN 1..3 DO b; END FOR; END; c", "S[BEGIN NOT ATOMIC a; FOR i IN 1..3 DO b; END FOR; END]; S[c]"},
	{MY, "BEGIN; a; COMMIT;", "S[BEGIN]; S[a]; S[COMMIT];"},
	{MY, "CREATE TABLE `trigger` (begin int, `end` int); b", "S[CREATE TABLE `trigger` (begin int, `end` int)]; S[b]"},
	{MY, "CREATE VIEW v AS SELECT 1 AS procedure_begin; b", "S[CREATE VIEW v AS SELECT 1 AS procedure_begin]; S[b]"},
	{MY, "DROP PROCEDURE IF EXISTS p; a", "S[DROP PROCEDURE IF EXISTS p]; S[a]"},
	{MY, "CREATE PROCEDURE p() BEGIN a; b;", "S[CREATE PROCEDURE p() BEGIN a; b;]!"},
};

static const struct example sqlite[] = {
	{LITE, "[a;b];`c;`;\"d;\";'e;\\';f", "S[[a;b]]; S[`c;`]; S[\"d;\"]; S['e;\\']; S[f]"},
	{LITE, "CREATE TRIGGER t AFTER INSERT ON x BEGIN SELECT CASE WHEN 1 THEN 2 END; UPDATE y SET z=1; END; a;",
	 "S[CREATE TRIGGER t AFTER INSERT ON x BEGIN SELECT CASE WHEN 1 THEN 2 END; UPDATE y SET z=1; END]; S[a];"},
	{LITE, "create temporary trigger t begin a; /* ; */ end -- x\n; b", "S[create temporary trigger t begin a; /* ; */ end]; S[b]"},
	{LITE, "CREATE TRIGGER IF NOT EXISTS \"t\" BEGIN a;;END;b", "S[CREATE TRIGGER IF NOT EXISTS \"t\" BEGIN a;;END]; S[b]"},
	{LITE, "EXPLAIN QUERY PLAN CREATE TRIGGER t BEGIN a; END; b", "S[EXPLAIN QUERY PLAN CREATE TRIGGER t BEGIN a; END]; S[b]"},
	{LITE, "CREATE TRIGGER t BEGIN a; END", "S[CREATE TRIGGER t BEGIN a; END]"},
	{LITE, "CREATE TRIGGER t BEGIN a; b", "S[CREATE TRIGGER t BEGIN a; b]!"},
	{LITE, "BEGIN; a; END; CREATE TABLE \"trigger\"(a); b", "S[BEGIN]; S[a]; S[END]; S[CREATE TABLE \"trigger\"(a)]; S[b]"},
	{LITE, "CREATE TABLE trigger_log(a); b;", "S[CREATE TABLE trigger_log(a)]; S[b];"},
	{LITE, "DROP TRIGGER t; a", "S[DROP TRIGGER t]; S[a]"},
	{LITE, "a /* /* ; */ ; b", "S[a]; S[b]"},
	{LITE, "(a; b)", "S[(a]; S[b)]"},
	{LITE, "$$ ; a \\ ; b", "S[$$]; S[a \\]; S[b]"},
	{LITE, ".read x.sql\n# shell's own\na;\n.quit", "M[.read x.sql]; M[# shell's own]; S[a]; M[.quit];"},
	{LITE, "select 1\n.5;", "S[select 1\n.5];"},
	{LITE, "a -- b;\r;\n;c", "S[a]; S[c]"},
};
/* clang-format on */

static void dump_piece(struct buf *b, struct slice text, const struct piece *p)
{
	if (p->kind == PIECE_BLANK && !p->terminated)
		return;
	if (b->len)
		buf_addc(b, ' ');
	buf_addc(b, "SMDLB"[p->kind]);
	buf_addc(b, '[');
	buf_add(b, slice_sub(text, p->body_off, p->body_len));
	buf_addc(b, ']');
	if (p->terminated)
		buf_addc(b, ';');
	if (p->unclosed)
		buf_addc(b, '!');
	if (p->copy_in)
		buf_addc(b, '<');
	if (p->joined)
		buf_addc(b, '+');
	if (p->meta_inside)
		buf_addc(b, '\\');
}

static void dump(struct buf *b, struct splitter *s)
{
	struct piece p;

	while (splitter_next(s, &p))
		dump_piece(b, s->text, &p);
}

static void run(const struct example *e, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct splitter s;
		struct buf b = {0};

		splitter_init(&s, e[i].dialect, slice_of(e[i].text));
		dump(&b, &s);
		if (strcmp(buf_cstr(&b), e[i].want) != 0)
			print_error("%s: %s\n", dialect_name(e[i].dialect), e[i].text);
		assert_string_equal(buf_cstr(&b), e[i].want);
		buf_done(&b);
	}
}

#define RUN(table) run(table, sizeof(table) / sizeof *(table))

static void test_everywhere(void **state)
{
	struct example copy[sizeof everywhere / sizeof *everywhere];

	(void)state;
	for (int d = DIALECT_UNKNOWN; d <= DIALECT_SQLITE; d++) {
		memcpy(copy, everywhere, sizeof copy);
		for (size_t i = 0; i < sizeof copy / sizeof *copy; i++)
			copy[i].dialect = (enum dialect)d;
		RUN(copy);
	}
}

static void test_postgres(void **state)
{
	(void)state;
	RUN(postgres);
}

static void test_mysql(void **state)
{
	(void)state;
	RUN(mysql);
}

static void test_sqlite(void **state)
{
	(void)state;
	RUN(sqlite);
}

static void want(struct splitter s, const char *expected)
{
	struct buf b = {0};

	dump(&b, &s);
	assert_string_equal(buf_cstr(&b), expected);
	buf_done(&b);
}

static void test_options(void **state)
{
	struct splitter s;

	(void)state;
	splitter_init(&s, MY, SL("\"a\\\";b"));
	s.ansi_quotes = true;
	want(s, "S[\"a\\\"]; S[b]");
	splitter_init(&s, MY, SL("'a\\';b"));
	s.no_backslash_escapes = true;
	want(s, "S['a\\']; S[b]");
	splitter_init(&s, PG, SL("'a\\';b';c"));
	s.backslash_strings = true;
	want(s, "S['a\\';b']; S[c]");
	splitter_init(&s, PG, SL("\\set a\nb \\; c;"));
	s.client_commands = false;
	want(s, "S[\\set a\nb \\]; S[c];");
	splitter_init(&s, MY, SL("delimiter //\na;use b\n--c;\n"));
	s.client_commands = false;
	want(s, "S[delimiter //\na]; S[use b\n--c];");
	splitter_init(&s, MY, SL("CREATE PROCEDURE p() BEGIN a; END;"));
	s.compound = false;
	want(s, "S[CREATE PROCEDURE p() BEGIN a]; S[END];");
}

static void test_bytes(void **state)
{
	struct splitter s;
	struct piece p;

	(void)state;
	splitter_init(&s, PG, SL("a\0b;'c\0;';"));
	assert_true(splitter_next(&s, &p) && p.body_len == 3 && p.terminated);
	assert_true(splitter_next(&s, &p) && p.body_len == 5 && p.terminated);
	assert_false(splitter_next(&s, &p));
	splitter_init(&s, PG, SL("a;  -- x\n (b; 'c"));
	assert_true(splitter_next(&s, &p) && p.off == 0 && p.len == 2);
	assert_true(splitter_next(&s, &p) && p.off == 2 && p.body_off == 10);
	assert_true(p.unclosed && p.unclosed_at == 14);
	splitter_init(&s, PG, SL("a;\n(b;\nc"));
	assert_true(splitter_next(&s, &p) && splitter_next(&s, &p));
	assert_true(p.unclosed && p.unclosed_at == 3);
	splitter_init(&s, MY, SL("CREATE PROCEDURE p() BEGIN a;"));
	assert_true(splitter_next(&s, &p) && p.unclosed && p.unclosed_at == 21);
}

/* ---- properties -------------------------------------------------------------------------------
 */

static unsigned long long random_next(unsigned long long *seed)
{
	*seed = *seed * 6364136223846793005ull + 1442695040888963407ull;
	return *seed >> 33;
}

static void check_cover(struct splitter s)
{
	struct piece p;
	size_t at = 0;

	while (splitter_next(&s, &p)) {
		assert_true(p.off == at && p.len > 0);
		assert_true(p.body_off >= p.off && p.body_off + p.body_len <= p.off + p.len);
		if (p.unclosed)
			assert_true(p.unclosed_at < s.text.len);
		at += p.len;
	}
	assert_true(at == s.text.len);
}

/* Texts made of the fragments that matter, in any order. */
static void test_join(void **state)
{
	static const char *const fragments[] = {"'", "\"", "`", "$$", "$a$", ";", ";;", "(", ")",
		"/*", "*/", "/*!50001 ", "/*M! ", "--", "-- ", "#", "\n", "\r\n", "\r", " ", "\\",
		"\\;", "\\g", "\\G", "\\c", "\\.\n", "\\copy t from stdin\n", "copy t from stdin;",
		"delimiter //\n", "//", "delimiter ;\n", "delimiter", "create function f() ",
		"create procedure p() ", "create trigger t ", "begin ", "begin atomic ", "end",
		" end;", "case ", "if a then ", "E'", "U&'", "a", "1", "é", "\xff", "[", "]", ":x",
		".read x\n", "use x\n", "\xef\xbb\xbf"};
	unsigned long long seed = 7;
	struct buf b = {0};

	(void)state;
	for (int round = 0; round < 60000; round++) {
		struct splitter s;
		size_t n = random_next(&seed) % 24;

		buf_clear(&b);
		while (n--)
			buf_adds(&b, fragments[random_next(&seed) %
					       (sizeof fragments / sizeof *fragments)]);
		if (random_next(&seed) % 16 == 0)
			buf_addc(&b, 0);
		splitter_init(&s, (enum dialect)(round % 5), buf_slice(&b));
		s.ansi_quotes = random_next(&seed) % 4 == 0;
		s.no_backslash_escapes = random_next(&seed) % 4 == 0;
		s.backslash_strings = random_next(&seed) % 4 == 0;
		s.client_commands = random_next(&seed) % 4 != 0;
		s.compound = random_next(&seed) % 2;
		check_cover(s);
	}
	buf_done(&b);
}

/* What comes out, put in again with its terminator, comes out the same. */
static void test_again(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof postgres / sizeof *postgres; i++) {
		struct slice text = slice_of(postgres[i].text);
		struct splitter s;
		struct piece p, q;

		splitter_init(&s, PG, text);
		while (splitter_next(&s, &p)) {
			struct splitter again;

			if (p.kind != PIECE_SQL || p.unclosed || p.meta_inside)
				continue;
			splitter_init(&again, PG, slice_sub(text, p.body_off, p.body_len));
			assert_true(splitter_next(&again, &q));
			assert_true(q.body_off == 0 && q.body_len == p.body_len);
			assert_false(splitter_next(&again, &q));
		}
	}
}

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double time_split(enum dialect d, struct slice text, size_t *pieces)
{
	struct splitter s;
	struct piece p;
	double start = seconds();

	*pieces = 0;
	splitter_init(&s, d, text);
	while (splitter_next(&s, &p))
		(*pieces)++;
	return seconds() - start;
}

static struct slice repeated(struct buf *b, const char *unit, size_t size)
{
	buf_clear(b);
	buf_room(b, size + strlen(unit));
	while (b->len < size)
		buf_adds(b, unit);
	return buf_slice(b);
}

/* Texts that would make a careless splitter look again and again at the same bytes. Ten times as
 * much must not take anywhere near a hundred times as long. */
static void test_linear(void **state)
{
	static const char *const units[] = {"a;", "\\x \\\\ ", "\\u x;", "use x ",
		"INSERT INTO t VALUES (1, 'it''s', E'a\\nb');\n", "\\n", "'\\\\", "$a$ ",
		"'a'\n-- x\n", "/*", "(", ";", "-", "--x\n", "a$", "E'a' -- b ", "\\;", "case ",
		"create trigger t begin ", "`", "\\set 'x\n", " \n"};
	struct buf b = {0};
	size_t n;

	(void)state;
	for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
		for (int d = DIALECT_POSTGRES; d <= DIALECT_SQLITE; d++) {
			double small, large;

			small = time_split((enum dialect)d, repeated(&b, units[i], 100000), &n);
			large = time_split((enum dialect)d, repeated(&b, units[i], 1000000), &n);
			if (large > 1.0 && large > 40 * small)
				fail_msg("%s: %g s, then %g s", units[i], small, large);
		}
	}
	buf_done(&b);
}

/* 100 MB of a dump: every statement found, nothing allocated on the way. */
static void test_large(void **state)
{
	static const char unit[] = "-- a row\nINSERT INTO orders (id, note) VALUES (1, 'it''s; "
				   "fine'), (2, $$x;y$$);\n";
	struct buf b = {0};
	struct slice text = repeated(&b, unit, 100 * 1000 * 1000);
	size_t n;
	double took;

	(void)state;
	took = time_split(PG, text, &n);
	print_message("100 MB in %.2f s\n", took);
	assert_int_equal(n, text.len / (sizeof unit - 1) + 1); /* and the last line end */
	assert_true(took < 60);
	buf_done(&b);
}

static void same_tokens(const struct kept_tokens *kept, struct slice body)
{
	struct lexer l;
	struct token t;
	size_t i = 0;

	lexer_init(&l, PG, body);
	do {
		t = lexer_next(&l);
		assert_true(i < kept->n);
		assert_int_equal(kept->at[i].kind, t.kind);
		assert_int_equal(kept->at[i].off, t.off);
		assert_true(slice_eq(kept->at[i].text, t.text));
		i++;
	} while (t.kind != TOKEN_END);
	assert_int_equal(i, kept->n);
}

/* What is kept of a statement is what its reader would find; -1: nothing may be kept. */
static void test_kept(void **state)
{
	static const struct {
		const char *text;
		int whole;
	} cases[] = {
		{"-- first\n CREATE /* x */ TABLE \"T\" (a int DEFAULT 1); ", 1},
		{"SELECT $$a;b$$, E'\\'', 'a'\n'b', U&'x', :name, 1.5e3, $1::int -- end\n;", 1},
		{"\\set a 1\nSELECT 2;", 1},
		{"SELECT 1 \\timing\n + 2;", -1},
		{"SELECT (1, '", 1},
	};
	struct kept_tokens kept = {0};
	struct splitter s;
	struct piece p;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		splitter_init(&s, PG, slice_of(cases[i].text));
		s.keep = &kept;
		while (splitter_next(&s, &p)) {
			if (p.kind != PIECE_SQL)
				continue;
			assert_int_equal(kept.whole, cases[i].whole > 0);
			if (kept.whole)
				same_tokens(&kept, slice_sub(s.text, p.body_off, p.body_len));
		}
	}
	free(kept.at);
}

/* Of a long statement nothing is kept: its rows would take many times their room. */
static void test_kept_is_bounded(void **state)
{
	struct kept_tokens kept = {0};
	struct buf b = {0};
	struct slice text = repeated(&b, "SELECT 1, 2, ", 100 * 1000);
	struct splitter s;
	struct piece p;

	(void)state;
	splitter_init(&s, PG, text);
	s.keep = &kept;
	assert_true(splitter_next(&s, &p));
	assert_false(kept.whole);
	assert_true(kept.room <= 4096);
	free(kept.at);
	buf_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_everywhere),
		cmocka_unit_test(test_postgres),
		cmocka_unit_test(test_mysql),
		cmocka_unit_test(test_sqlite),
		cmocka_unit_test(test_options),
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_join),
		cmocka_unit_test(test_again),
		cmocka_unit_test(test_kept),
		cmocka_unit_test(test_kept_is_bounded),
		cmocka_unit_test(test_linear),
		cmocka_unit_test(test_large),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
