#!/usr/bin/env bash
# Builds what a release consists of, in dist/: the wheel, a tar archive with both programs, the licence texts
# and the documents, and SHA256SUMS. The archive's engine finds a libtorch through LIBTORCH, or in the
# installed torch that its README names.
set -euo pipefail
cd "$(dirname "$0")/.."

version=${1:?usage: scripts/release.sh VERSION}
name=backfire-$version-linux-x86_64
scripts/wheel.sh
rm -rf "dist/$name"
mkdir -p "dist/$name/docs"
install -m 755 python/src/backfire/bin/backfire* "dist/$name/"
cp -r python/src/backfire/licences "dist/$name/licences"
cp LICENSE THIRD_PARTY.md README.md CHANGELOG.md CITATION.cff "dist/$name/"
cp docs/*.md "dist/$name/docs/"
# The same files give the same archive.
tar --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$(git log -1 --format=%ct)" -C dist -cf - "$name" | gzip -n >"dist/$name.tar.gz"
rm -rf "dist/$name"
(cd dist && sha256sum ./*.tar.gz ./*.whl | sed 's,\./,,' >SHA256SUMS)
cat dist/SHA256SUMS
