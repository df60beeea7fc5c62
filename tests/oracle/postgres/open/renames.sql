-- A type is renamed in expressions that a server has printed.
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE TABLE moods (m mood DEFAULT 'ok'::mood, CHECK (m <> 'sad'::mood));
ALTER TYPE mood RENAME TO feeling;
