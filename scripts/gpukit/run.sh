#!/usr/bin/env bash
# Checks and measures backfire on this machine. It needs PyTorch 2.11 in the python3 of PATH, or in
# BACKFIRE_PYTHON. Everything has a time limit, all of it together KIT_SECONDS (420). The answers
# are in OUT (results beside this file): summary.txt, and per stage a log. Stages that fail do not
# keep the next ones from running; the exit code is then 1. KIT_DEVICE=cpu tries the stages on the
# processor, smaller.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
out=${OUT:-$here/results}
device=${KIT_DEVICE:-cuda}
python=${BACKFIRE_PYTHON:-python3}
end=$((SECONDS + ${KIT_SECONDS:-420}))
failed=0

mkdir -p "$out/work"
: >"$out/summary.txt"
say() { echo "$*" | tee -a "$out/summary.txt"; }

# stage NAME SECONDS COMMAND... runs a command with a limit.
stage() {
  local name=$1 limit=$2 left=$((end - SECONDS)) begun=$SECONDS code
  shift 2
  if [ "$left" -lt 10 ]; then
    say "$name: left out, the time is over"
    failed=1
    return 1
  fi
  [ "$limit" -lt "$left" ] || limit=$left
  timeout -k 10 "$limit" "$@" >"$out/$name.log" 2>&1
  code=$?
  case $code in
    0) say "$name: ok, $((SECONDS - begun)) s" ;;
    124 | 137) say "$name: ended at its limit of $limit s" ;;
    *) say "$name: exit code $code, $((SECONDS - begun)) s: $(tail -n 1 "$out/$name.log")" ;;
  esac
  [ "$code" = 0 ] || failed=1
  return "$code"
}

torch=$(timeout -k 5 120 "$python" -c 'import os, torch; print(os.path.dirname(torch.__file__))') || {
  say "$python has no PyTorch: name one that has with BACKFIRE_PYTHON"
  exit 2
}
export LIBTORCH=$torch BACKFIRE_PYTHON=$python
libraries=$torch/lib
for dir in "$torch"/../nvidia/*/lib; do
  [ ! -d "$dir" ] || libraries=$libraries:$dir
done
export LD_LIBRARY_PATH=$libraries${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
timeout -k 5 60 tar -C "$out/work" -xzf "$here/programs.tar.gz" || exit 2
export PATH=$out/work/bin:$PATH

# First of all: does everything load?
missing=
for program in bin/backfire-engine bin/gpu-check torchbridge/torchbridge.test engine/engine.test; do
  missing+=$(timeout -k 5 30 ldd "$out/work/$program" 2>&1 | grep -E 'not found|not a dynamic' | sed "s|^|$program: |")
done
if [ -n "$missing" ]; then
  say "libraries are missing: $missing"
  exit 2
fi
say "libraries: all found, of $torch"
(nvidia-smi || lscpu) >"$out/machine.log" 2>&1
stage describe 60 backfire doctor --device "$device" --dataset embedded

# tests PACKAGE TESTS runs tests of a package; those that need a GPU are skipped on a processor.
tests() { (cd "$out/work/$1" && "./$1.test" -test.run "$2" -test.timeout 120s -test.v); }
export -f tests
export out
gpu='TestFused|TestFailedRecording|TestGraph|TestRecording|TestCaught|TestShortage'
stage correctness 120 bash -c "RAPID_SEED=1 tests torchbridge '$gpu'"
stage engine 60 bash -c "RAPID_SEED=1 tests engine 'Resum|Kill|Same'"

# The widths of the paper first, many models side by side, and PyTorch's twin.
stage gpu-check 170 gpu-check -limit 160s -steps 100 -widths 64,8 -precisions bf16,tf32,fp32 -out "$out/gpu-check.json"
stage norm 40 gpu-check -limit 35s -steps 100 -widths 64 -models 1,8 -precisions tf32 -norm fused,native,cudnn -no-pytorch -out "$out/norm.json"

# One model of the paper's size for three epochs, with the times of its phases.
size="--set train.epochs=3 --set attackers.counts=1 --set attackers.singles=0"
cell="--preset paper --dataset embedded --set pool.size=10000 --precision bf16"
if [ "$device" = cpu ]; then
  cell="--preset quick --set model.width=4 --set pool.size=1000"
fi
stage paper-cell 90 backfire run $cell $size --device "$device" --store "$out/work/cell" --json
find "$out/work/cell" -name result.json -exec cp {} "$out/paper-cell.json" \; 2>/dev/null

# quick PHASE: a small table, undisturbed or with a killed engine, into a store of its own.
small="--set train.epochs=3 --set attackers.counts=2 --set attackers.singles=0 --set pool.size=2000"
quick() { exec backfire quick $small --device "$device" --store "$out/work/$1" --json; }
killed() {
  backfire quick $small --device "$device" --store "$out/work/killed" --json >"$out/killed.events" 2>&1 &
  local run=$! waited=0
  until grep -q '"event":"epoch"' "$out/killed.events" || [ $((waited += 1)) -gt 300 ]; do sleep 0.2; done
  pkill -9 -P "$run" # its engine
  wait "$run"
}
export small device
export -f quick killed
if stage quick 60 bash -c 'quick undisturbed' && stage kill-9 60 bash -c killed; then
  same=1
  for result in "$out"/work/undisturbed/*/predictions.bin; do
    cmp -s "$result" "$out/work/killed/$(basename "$(dirname "$result")")/predictions.bin" || same=0
  done
  [ "$same" = 1 ] && say "kill-9: the predictions are those of an undisturbed run" || { say "kill-9: the predictions DIFFER"; failed=1; }
  grep -q '"event":"resumed"' "$out/killed.events" || say "kill-9: no model resumed from a checkpoint"
fi

# Memory pressure: another program leaves 3 GB; all models must come to their end all the same.
pressed() {
  "$BACKFIRE_PYTHON" -c '
import sys, time, torch
free, _ = torch.cuda.mem_get_info()
taken = torch.empty(max(0, free - (3 << 30)), dtype=torch.uint8, device="cuda")
print("taken", flush=True)
time.sleep(120)' >"$out/taken.log" 2>&1 &
  local other=$!
  until grep -q taken "$out/taken.log" || ! kill -0 "$other" 2>/dev/null; do sleep 0.2; done
  backfire quick $small --set model.width=64 --workers 8 --device "$device" --store "$out/work/pressed" --json
  local code=$?
  kill "$other" 2>/dev/null
  return "$code"
}
export -f pressed
if [ "$device" != cpu ]; then
  stage memory-pressure 90 bash -c pressed
  grep -o 'from now on [0-9]* of [0-9]*' "$out/memory-pressure.log" | tail -n 1 | tee -a "$out/summary.txt"
fi
say "the answers are in $out"
exit "$failed"
