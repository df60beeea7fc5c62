-- LIKE between other columns: its place among them is not kept.
CREATE TABLE src (id serial PRIMARY KEY, v int NOT NULL DEFAULT 7 CHECK (v > 0), w text COLLATE "C");
CREATE TABLE liked_some (extra int, LIKE src INCLUDING DEFAULTS INCLUDING CONSTRAINTS, more int);
