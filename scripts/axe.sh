#!/bin/sh
# Fetches axe-core, with which a test checks the accessibility of pages, by npm: axe.sh VERSION SHA256 DIR.
# Without npm or the network it says so and ends well: the test is skipped then.
set -eu
version=$1 sum=$2 dir=$3
command -v npm >/dev/null || { echo 'no npm here, so no check of accessibility by axe-core'; exit 0; }
mkdir -p "$dir.part"
cd "$dir.part"
npm pack --silent "axe-core@$version" >/dev/null 2>&1 || { echo 'axe-core cannot be fetched, so no check of accessibility by it'; exit 0; }
echo "$sum  axe-core-$version.tgz" | sha256sum --check --quiet -
tar -xzf "axe-core-$version.tgz" package/axe.min.js package/LICENSE
rm "axe-core-$version.tgz"
rm -rf "$dir"
mv "$dir.part" "$dir"
