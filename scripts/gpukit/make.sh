#!/usr/bin/env bash
# Prepares a directory that checks and measures backfire on a GPU machine which has nothing but
# PyTorch 2.11 (make gpu-kit): the programs and tests in one compressed file, and run.sh. It needs
# the libtorch for CUDA (BACKFIRE_VARIANT=cuda make setup), but no GPU. KIT_VARIANT=cpu makes a kit
# of the libtorch for CPUs, to try run.sh.
set -euo pipefail
cd "$(dirname "$0")/../.."

kit=${1:-bin/gpu-kit}
most=60 # MB
wanted=${KIT_VARIANT:-cuda}
variant=$(sed -n 's/.*LibtorchVariant = "\(.*\)"/\1/p' torchbridge/libtorch_flags.go)
if [ "$variant" != "$wanted" ]; then
  echo "gpu-kit: set-up has the libtorch variant $variant: run BACKFIRE_VARIANT=$wanted make setup" >&2
  exit 1
fi
parts=$(mktemp -d)
trap 'rm -rf "$parts"' EXIT
build=$(git describe --always --exclude '*' --abbrev=12 --dirty=+changes 2>/dev/null || echo unknown)
strip="-s -w -X backfire/internal/buildinfo.commit=$build"
CGO_ENABLED=0 go build -ldflags "$strip" -o "$parts/bin/backfire" .
go build -ldflags "$strip" -o "$parts/bin/backfire-engine" ./engine/backfire-engine
go build -ldflags "$strip" -o "$parts/bin/gpu-check" ./scripts/gpucheck
for package in torchbridge engine; do
  mkdir -p "$parts/$package"
  go test -c -ldflags "$strip" -o "$parts/$package/$package.test" "./$package"
  [ ! -d "$package/testdata" ] || cp -r "$package/testdata" "$parts/$package/"
done
rm -rf "$kit"
mkdir -p "$kit"
tar -C "$parts" -czf "$kit/programs.tar.gz" .
cp scripts/gpukit/run.sh "$kit/"
size=$(($(du -sk "$kit" | cut -f1) / 1024))
echo "gpu-kit: $kit, $size MB: copy it to the machine and run $kit/run.sh there"
if [ "$size" -ge "$most" ]; then
  echo "gpu-kit: it must be smaller than $most MB" >&2
  exit 1
fi
