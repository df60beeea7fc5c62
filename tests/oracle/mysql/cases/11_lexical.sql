# a hash comment
CREATE TABLE `we``ird` (`a``b` INT, `c d` INT, /* inline */ `1st` INT -- trailing
);
CREATE TABLE 2nd (a INT, 3rd INT);
CREATE TABLE esc (a VARCHAR(20) DEFAULT 'it\'s', b VARCHAR(20) DEFAULT "dou""ble", c VARCHAR(20) DEFAULT 'tab\there', d VARCHAR(20) DEFAULT 'back\\slash', e VARCHAR(20) DEFAULT 'a' 'b') COMMENT = 'semi;colon';
SET sql_mode = 'ANSI_QUOTES';
CREATE TABLE "ansi" ("col umn" INT DEFAULT 1, s VARCHAR(5) DEFAULT 'x');
SET sql_mode = '';
CREATE TABLE Größe (größe INT, `naïve` TEXT COMMENT 'é');
CREATE TABLE keywords (date DATE, time TIME, status ENUM('on','off'), type INT, value INT, name TEXT, action INT, begin INT, end INT, comment TEXT, engine INT, hash INT, level INT, password TEXT, position INT, first INT, after INT, partitions INT, year YEAR, data BLOB) ;
ALTER TABLE keywords ADD COLUMN columns INT AFTER comment, DROP COLUMN end, RENAME COLUMN begin TO start;
CREATE TABLE CaseTable (Id INT PRIMARY KEY, UPPERCASE INT, KEY Idx (uppercase));
ALTER TABLE CaseTable DROP KEY IDX, ADD COLUMN lowerCase INT;
ALTER TABLE CaseTable MODIFY LOWERCASE BIGINT;
