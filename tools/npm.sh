#!/usr/bin/env bash
# npm.sh FOLDER… - what a folder's package-lock.json pins, by hash, without running its scripts.
set -euo pipefail
cd "$(dirname "$0")/.."
for folder; do
	[ -f "$folder/package-lock.json" ] || continue
	stamp=$folder/node_modules/.ready
	[ "$stamp" -nt "$folder/package-lock.json" ] && continue
	(cd "$folder" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error) >&2
	touch "$stamp"
done
