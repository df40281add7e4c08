#!/usr/bin/env bash
# Copies the licence texts of all Go modules in the programs, and of gotch, into a directory:
#
#     scripts/licences.sh DIR
set -euo pipefail
cd "$(dirname "$0")/.."

shopt -s nocaseglob nullglob
to=$(mkdir -p "$1" && cd "$1" && pwd)
{
	CGO_ENABLED=0 go list -deps -f '{{with .Module}}{{.Path}} {{with .Replace}}{{.Dir}}{{else}}{{.Dir}}{{end}}{{end}}' .
	go list -deps -f '{{with .Module}}{{.Path}} {{with .Replace}}{{.Dir}}{{else}}{{.Dir}}{{end}}{{end}}' ./engine/backfire-engine
} | sort -u | while read -r module dir; do
	if [ -z "$module" ] || [ "$module" = backfire ]; then
		continue
	fi
	name=${module//\//_}
	found=
	for file in "$dir"/LICEN[CS]E* "$dir"/COPYING* "$dir"/NOTICE*; do
		if [ -f "$file" ]; then
			found=yes
			install -m 644 "$file" "$to/$name-$(basename "$file")"
		fi
	done
	if [ -z "$found" ]; then
		echo "licences: $module has no licence text in $dir" >&2
		exit 1
	fi
done
cp "$(go env GOROOT)/LICENSE" "$to/go-LICENSE" 2>/dev/null || true
