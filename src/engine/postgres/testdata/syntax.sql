CREATE TABLE t (a int,)

SELEC 1

ALTER TABLE "é" FROBNICATE

CREATE TABLE t (a int

/* nothing */

%
