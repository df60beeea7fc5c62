#!/bin/sh
# Makes a C header of .sql files: each becomes a string named after its file. Comment lines go.
for f in "$@"; do
	printf 'static const char sql_%s[] =\n' "$(basename "$f" .sql)"
	sed -e '/^--/d' -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/^/\t"/' -e 's/$/\\n"/' "$f"
	printf '\t;\n'
done
