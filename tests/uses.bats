#!/usr/bin/env bats
# belay uses: where a table or a column is used, in the schema, the application and the server's record.
load helper

setup_file() {
	load helper
	PG_OPTIONS="-c shared_preload_libraries=pg_stat_statements" postgres_start
}

teardown_file() {
	load helper
	postgres_stop
}

items() {
	file migrations/1_items.up.sql <<'SQL'
CREATE TABLE order_items (id int PRIMARY KEY, unit_price numeric CHECK (unit_price > 0), note text,
	total numeric GENERATED ALWAYS AS (unit_price * 2) STORED);
CREATE INDEX items_price ON order_items (unit_price);
CREATE TABLE refunds (id int, item int REFERENCES order_items (id));
CREATE VIEW prices AS SELECT unit_price FROM order_items;
CREATE VIEW ids AS SELECT id FROM order_items;
CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.unit_price := 1; RETURN NEW; END $$;
CREATE TRIGGER t BEFORE INSERT ON order_items FOR EACH ROW EXECUTE FUNCTION stamp();
CREATE FUNCTION turnover() RETURNS numeric LANGUAGE sql AS $$ SELECT sum(unit_price) FROM order_items $$;
SQL
}

@test "other objects that use a column, from the history and from a database" {
	items
	pg_database uses
	for where in "--dialect postgres" "--db $url"; do
		[ "$where" = "--dialect postgres" ] || ends 0 belay up --db "$url"
		ends 0 belay uses order_items.unit_price $where -o json
		[ "$(json '" ".join(sorted(o["how"].split()[0] + ":" + o["object"].split(".")[-1].strip("\"") for o in d["objects"]))' <<<"$output")" = \
			"indexes:items_price is:order_items_unit_price_check is:stamp() is:total names:turnover() reads:prices" ]
		ends 0 belay uses public.order_items.id $where
		says "public.refunds.refunds_item_fkey references it" "view public.ids reads it"
		says_not "prices"
		ends 0 belay uses order_items.note $where
		says "0 objects of the schema"
	done
	ends 2 belay uses order_items.nothing --dialect postgres
	says "there is no table or column"
}

@test "lines of code, as ORMs write the names too" {
	items
	file app/models/order_item.rb <<<$'class OrderItem < Base\n  validates :unit_price\nend'
	file app/list.ts <<<'const sum = orderItems.map(i => i.unitPrice)'
	file app/node_modules/lib.js <<<'order_items unit_price'
	file app/other.py <<<'unit_price = 1  # of something else'
	head -c 1000 /dev/zero >app/image.bin
	ends 0 belay uses order_items.unit_price --dialect postgres --code .
	says "app/models/order_item.rb:2: validates :unit_price" "app/list.ts:1:" "2 lines in 3 files of code"
	says_not "node_modules" "other.py" "migrations/"
	ends 0 belay uses order_items --dialect postgres --code app
	says "models/order_item.rb:1: class OrderItem < Base"
	ends 2 belay uses order_items --dialect postgres --code nowhere
}

@test "queries that the server has counted" {
	items
	pg_database counted
	ends 0 belay up --db "$url"
	ends 0 belay uses order_items.unit_price --db "$url"
	says "keeps no record of queries"
	pg -c 'CREATE EXTENSION pg_stat_statements' -c 'SELECT max(unit_price) FROM order_items' -c 'SELECT note FROM order_items' \
		-c 'SELECT * FROM order_items'
	ends 0 belay uses order_items.unit_price --db "$url"
	says "query, called 1 times: SELECT max(unit_price) FROM order_items" "SELECT * FROM order_items"
	says_not "SELECT note FROM order_items"
}

@test "SQLite" {
	shop
	file migrations/003_more.sql <<'SQL'
-- UP
CREATE INDEX by_email ON customers (email);
CREATE VIEW mails AS SELECT email FROM customers;
CREATE TRIGGER t AFTER UPDATE OF email ON customers BEGIN SELECT NEW.email; END;
SQL
	ends 0 belay uses customers.email --dialect sqlite
	says "by_email indexes it" "mails reads it" "main.customers.t fires on it"
	ends 0 belay up --db sqlite:app.db
	ends 0 belay uses customers.email --db sqlite:app.db
	says "by_email indexes it" "mails reads it"
}
