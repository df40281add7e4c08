#!/usr/bin/env bash
# Checks a release as its user finds it: copies the files of a directory to a clean place, compares the
# checksums, unpacks the archive, looks for what it must hold, and starts both programs from there.
#
#     scripts/check-release.sh DIR
set -euo pipefail
dist=$(realpath "${1:?usage: scripts/check-release.sh DIR}")
root=$(realpath "$(dirname "$0")/..")

fail() {
	echo "check-release: $1" >&2
	exit 1
}

clean=$(mktemp -d)
trap 'rm -rf "$clean"' EXIT
cp "$dist"/SHA256SUMS "$dist"/*.tar.gz "$dist"/*.whl "$clean/"
cd "$clean"
sha256sum --check --strict --quiet SHA256SUMS || fail "a checksum of SHA256SUMS is wrong"
for file in ./*.tar.gz ./*.whl; do
	grep -q " ${file#./}\$" SHA256SUMS || fail "SHA256SUMS lacks ${file#./}"
done

archive=$(ls ./*.tar.gz)
[ "$(echo "$archive" | wc -l)" = 1 ] || fail "there are several archives"
name=$(basename "$archive" .tar.gz)
if tar -tzf "$archive" | grep -v "^$name/"; then
	fail "the archive has files outside $name/"
fi
tar -tvzf "$archive" | awk '{ print $2 }' | sort -u | grep -qx 0/0 || fail "the archive names a user of the machine that built it"
tar -xzf "$archive"
cd "$name"
for file in backfire backfire-engine; do
	[ -x "$file" ] || fail "the archive has no program $file"
done
for file in README.md LICENSE THIRD_PARTY.md CHANGELOG.md CITATION.cff docs/guide.md docs/python.md licences/go-LICENSE; do
	[ -s "$file" ] || fail "the archive has no $file"
done
# A licence text for each Go module in the programs, as these name them before they are stripped.
for program in "$root"/bin/backfire "$root"/bin/backfire-engine; do
	go version -m "$program" | awk '$1 == "dep" { print $2 }' | while read -r module; do
		ls licences/"${module//\//_}"-* >/dev/null 2>&1 || fail "there is no licence text of $module, which is in $program"
	done
done
env -i HOME="$clean" PATH=/usr/bin:/bin ./backfire version >"$clean/version.txt" 2>&1 || true
grep -q '^backfire ' "$clean/version.txt" || fail "./backfire version says: $(cat "$clean/version.txt")"
# Without a libtorch the command line works and says what the engine needs; with one the engine runs.
grep -q 'libtorch' "$clean/version.txt" || fail "./backfire version does not name libtorch: $(cat "$clean/version.txt")"
libtorch=${LIBTORCH:-$(cd "$root" && sed -n 's/.*LibtorchDir = "\(.*\)"/\1/p' torchbridge/libtorch_flags.go)}
if [ -d "$libtorch/lib" ]; then
	env -i HOME="$clean" PATH=/usr/bin:/bin LIBTORCH="$libtorch" ./backfire run --preset quick --attackers 1 --seeds 1 --epochs 1 \
		--pool 400 --set model.width=1 --store "$clean/runs" >"$clean/run.txt" 2>&1 || fail "a game failed: $(tail -n 3 "$clean/run.txt")"
fi
echo "check-release: $name, $(ls licences | wc -l) licence texts, and the wheel: everything holds"
