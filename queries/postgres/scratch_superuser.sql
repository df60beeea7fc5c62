-- What histories do as superuser and the owner of a scratch database may not: each thing as narrow as it can be said.
-- Made in the template of our own server's databases. The owner may call these as it likes: they take names and
-- flags, never SQL, look nothing up where the owner could have put something, and touch what is no superuser's.
CREATE FUNCTION pg_catalog.belay_theirs(relation oid) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT EXISTS (SELECT FROM pg_class c JOIN pg_roles r ON r.oid = c.relowner
    WHERE c.oid = relation AND c.relkind IN ('r', 'p') AND NOT r.rolsuper)
$$;

-- ALTER TABLE … DISABLE TRIGGER ALL: also the triggers of foreign keys.
CREATE FUNCTION pg_catalog.belay_all_triggers(relation regclass, alone boolean, enable boolean) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF NOT belay_theirs(relation) THEN
    RAISE EXCEPTION 'permission denied for table %', relation USING ERRCODE = '42501';
  END IF;
  EXECUTE format('ALTER TABLE %s %s %s TRIGGER ALL', CASE WHEN alone THEN 'ONLY' END, relation,
    CASE WHEN enable THEN 'ENABLE' ELSE 'DISABLE' END);
END
$$;

-- UPDATE pg_index SET indisready = … for all indexes of a table: the way to fill a column without them.
CREATE FUNCTION pg_catalog.belay_index_flag(relation name, flag text, value boolean) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF flag NOT IN ('indisready', 'indisvalid') OR EXISTS (SELECT FROM pg_class c
      WHERE c.relname = relation AND NOT belay_theirs(c.oid)) THEN
    RAISE EXCEPTION 'permission denied for table pg_index' USING ERRCODE = '42501';
  END IF;
  EXECUTE format('UPDATE pg_index SET %I = $1 WHERE indrelid = (SELECT c.oid FROM pg_class c WHERE c.relname = $2)',
    flag) USING value, relation;
END
$$;

-- COMMENT ON EXTENSION plpgsql, as dumps of older servers have it.
CREATE FUNCTION pg_catalog.belay_extension_comment(extension name, words text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  EXECUTE format('COMMENT ON EXTENSION %I IS %L', extension, words);
END
$$;

-- CREATE PUBLICATION … FOR ALL TABLES. It belongs to the session's role, so that it can be dropped again.
CREATE FUNCTION pg_catalog.belay_publish_all(publication name, publish text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  EXECUTE format('CREATE PUBLICATION %I FOR ALL TABLES', publication)
    || CASE WHEN publish IS NULL THEN '' ELSE format(' WITH (publish = %L)', publish) END;
  UPDATE pg_publication SET pubowner = (SELECT r.oid FROM pg_roles r WHERE r.rolname = session_user)
    WHERE pubname = publication;
END
$$;

-- SET of settings that only a superuser may change and that reach no further than the session.
CREATE FUNCTION pg_catalog.belay_set(which text, value text, for_transaction boolean) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF which NOT IN ('session_replication_role', 'deadlock_timeout', 'lc_messages', 'log_statement',
      'log_min_duration_statement', 'log_lock_waits', 'track_io_timing', 'track_functions') THEN
    RAISE EXCEPTION 'permission denied to set parameter "%"', which USING ERRCODE = '42501';
  END IF;
  RETURN set_config(which, CASE WHEN value IS NULL THEN
    (SELECT s.reset_val FROM pg_settings s WHERE s.name = which) ELSE value END, for_transaction);
END
$$;

-- ALTER … OWNER TO, without the right to make things in that schema, which the owner that a dump names would have.
CREATE FUNCTION pg_catalog.belay_owner(kind text, object oid, new_owner name) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  old oid;
BEGIN
  old := CASE kind
    WHEN 'TABLE' THEN (SELECT c.relowner FROM pg_class c WHERE c.oid = object)
    WHEN 'TYPE' THEN (SELECT t.typowner FROM pg_type t WHERE t.oid = object)
    WHEN 'SCHEMA' THEN (SELECT n.nspowner FROM pg_namespace n WHERE n.oid = object) END;
  IF (SELECT count(*) FROM pg_roles r WHERE (r.oid = old OR r.rolname = new_owner AND r.rolname !~ '^pg_')
      AND NOT r.rolsuper AND pg_has_role(session_user, r.oid, 'MEMBER')) <>
      (CASE WHEN old = (SELECT r.oid FROM pg_roles r WHERE r.rolname = new_owner) THEN 1 ELSE 2 END) THEN
    RAISE EXCEPTION 'permission denied to make % the owner', new_owner USING ERRCODE = '42501';
  END IF;
  EXECUTE format('ALTER %s %s OWNER TO %I', kind, CASE kind WHEN 'TABLE' THEN object::regclass::text
    WHEN 'TYPE' THEN object::regtype::text ELSE object::regnamespace::text END, new_owner);
END
$$;
