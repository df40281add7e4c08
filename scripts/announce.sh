#!/bin/sh
# Runs a command, and prints a line first if the command takes longer than two seconds:
#   scripts/announce.sh "compiling this (about a minute)" go build ./this
set -u

line=$1
shift
# The pause keeps nothing open that a reader of this script's output would wait for.
{ sleep 2 >/dev/null 2>&1 </dev/null && echo "$line" >&2; } &
waiting=$!
trap 'kill "$waiting" 2>/dev/null' INT TERM # the command is interrupted, too, and its exit code returned
"$@"
code=$?
kill "$waiting" 2>/dev/null
exit $code
