-- Foreign keys of one table (?1), first one first.
SELECT x.id, x."table", x."from", x."to", lower(x.on_update), lower(x.on_delete)
FROM pragma_foreign_key_list(?1, 'main') AS x
ORDER BY x.id DESC, x.seq
