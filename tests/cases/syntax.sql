-- postgres
CREATE TABLE t (id bigint PRIMARY KEY);
ALTER TABLE t ADD COLUM a integer b;
SELECT 1;
