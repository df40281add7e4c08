#!/usr/bin/env bash
# Builds an engine for CUDA, which takes no GPU:
#
#     scripts/cuda-engine.sh FILE
#
# Set-up is for one variant of libtorch, so this works in a copy of the sources in the cache. It fetches
# PyTorch's build for CUDA (3 GB, once), or takes an installed one with LIBTORCH_USE_PYTORCH=1 (its Python must
# be the first one on the search path). BACKFIRE_VERSION and BACKFIRE_COMMIT are those of the programs beside it.
set -euo pipefail
cd "$(dirname "$0")/.."

out=$(realpath "${1:?usage: scripts/cuda-engine.sh FILE}")
cache=${BACKFIRE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/backfire}
source=$cache/cuda-engine
mkdir -p "$source"
# What set-up made there stays, so that a second build takes seconds.
(cd "$source" && find . -mindepth 1 -maxdepth 1 ! -name go.work ! -name go.work.sum ! -name .setup-stamp ! -name torchbridge -exec rm -rf {} +)
git ls-files -z --cached --others --exclude-standard | while IFS= read -r -d '' file; do
	if [ -e "$file" ]; then printf '%s\0' "$file"; fi
done | tar --null -T - -cf - | tar -C "$source" -xf -
BACKFIRE_VARIANT=cuda make -C "$source" ready >&2
ldflags="-X backfire/internal/buildinfo.commit=${BACKFIRE_COMMIT:-}"
if [ -n "${BACKFIRE_VERSION:-}" ]; then
	ldflags="-X backfire/internal/buildinfo.version=$BACKFIRE_VERSION $ldflags"
fi
(cd "$source" && go build -ldflags "$ldflags" -o "$out" ./engine/backfire-engine)
