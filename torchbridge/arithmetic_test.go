package torchbridge

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

var regen = flag.Bool("regen", false, "write the golden files anew")

// digestsFile has a digest of every list of numbers that the program in
// testdata/arithmetic writes, which is the same on every processor.
const digestsFile = "testdata/arithmetic.txt"

// hostCompiler is the compiler of this processor's programs.
const hostCompiler = "g++"

// stepSources returns the sources of a native step, which need no libtorch; those of the fused kernels of a GPU do.
func stepSources(t testing.TB) []string {
	t.Helper()
	all, err := filepath.Glob("*.cpp")
	require.NoError(t, err)
	return slices.DeleteFunc(all, func(name string) bool {
		return name == "host.cpp" || strings.HasPrefix(name, "shim") || strings.HasPrefix(name, "fused")
	})
}

// compileArithmetic compiles the program in testdata/arithmetic and returns its path. It
// skips a test without the compiler.
func compileArithmetic(t testing.TB, compiler string, flags ...string) string {
	t.Helper()
	if _, err := exec.LookPath(compiler); err != nil {
		t.Skipf("%s is missing", compiler)
	}
	own, err := filepath.Glob("testdata/arithmetic/*.cpp")
	require.NoError(t, err)
	sources, dir := append(stepSources(t), own...), t.TempDir()
	objects, failures := make([]string, len(sources)), make([]error, len(sources))
	var group sync.WaitGroup
	free := make(chan struct{}, runtime.NumCPU())
	for i, source := range sources {
		objects[i] = filepath.Join(dir, strconv.Itoa(i)+".o")
		group.Go(func() {
			free <- struct{}{}
			defer func() { <-free }()
			if out, err := exec.Command(compiler, "-std=c++17", "-O2", "-c", source, "-o", objects[i]).CombinedOutput(); err != nil {
				failures[i] = fmt.Errorf("%s: %w\n%s", source, err, out)
			}
		})
	}
	group.Wait()
	require.NoError(t, errors.Join(failures...))
	program := filepath.Join(dir, "arithmetic")
	out, err := exec.Command(compiler, slices.Concat(flags, objects, []string{"-o", program})...).CombinedOutput()
	require.NoError(t, err, string(out))
	return program
}

// numbers is a list of floats of four bytes.
type numbers struct {
	name string
	bits []byte
}

// runArithmetic runs a program of compileArithmetic and returns the lists that it writes,
// those of one name joined.
func runArithmetic(t *testing.T, command ...string) []numbers {
	t.Helper()
	var stderr bytes.Buffer
	run := exec.Command(command[0], command[1:]...)
	run.Stderr = &stderr
	out, err := run.Output()
	require.NoError(t, err, stderr.String())
	var lists []numbers
	places := map[string]int{}
	for len(out) > 0 {
		header, rest, found := bytes.Cut(out, []byte("\n"))
		require.True(t, found)
		space := bytes.LastIndexByte(header, ' ')
		count, err := strconv.Atoi(string(header[space+1:]))
		require.NoError(t, err)
		name := string(header[:space])
		place, known := places[name]
		if !known {
			place = len(lists)
			places[name] = place
			lists = append(lists, numbers{name: name})
		}
		lists[place].bits = append(lists[place].bits, rest[:4*count]...)
		out = rest[4*count:]
	}
	return lists
}

// digests returns a line for each list.
func digests(lists []numbers) string {
	var text strings.Builder
	for _, l := range lists {
		sum := sha256.Sum256(l.bits)
		fmt.Fprintf(&text, "%s: %d, %x\n", l.name, len(l.bits)/4, sum[:8])
	}
	return text.String()
}

// difference describes the first number of two programs that is not the same; "" if there
// is none.
func difference(want, got []numbers) string {
	if len(want) != len(got) {
		return fmt.Sprintf("%d lists instead of %d", len(got), len(want))
	}
	for i, w := range want {
		g := got[i]
		if w.name != g.name || len(w.bits) != len(g.bits) {
			return fmt.Sprintf("list %d is %q with %d numbers instead of %q with %d", i, g.name, len(g.bits)/4, w.name, len(w.bits)/4)
		}
		for at := 0; at < len(w.bits); at += 4 {
			if !bytes.Equal(w.bits[at:at+4], g.bits[at:at+4]) {
				return fmt.Sprintf("%s: number %d has the bytes % x instead of % x", w.name, at/4, g.bits[at:at+4], w.bits[at:at+4])
			}
		}
	}
	return ""
}

// TestArithmetic: whole trainings and single kernels, compiled without libtorch, give the
// numbers of the golden file with every set of kernels that this processor has. They are
// those of networks in which every normalisation is a pass of its own: in training, on
// batches that a defense changed, a smaller last batch, in prediction, in unlearning and
// from a restored state.
func TestArithmetic(t *testing.T) {
	program := compileArithmetic(t, hostCompiler)
	want := runArithmetic(t, program, "plain")
	for _, set := range arithmetics(t) {
		require.Empty(t, difference(want, runArithmetic(t, program, set)), set)
	}
	byName := map[string][]byte{}
	for _, list := range want {
		byName[list.name] = list.bits
	}
	for _, list := range want {
		if together := strings.Replace(list.name, ", apart", "", 1); together != list.name {
			require.True(t, bytes.Equal(byName[together], list.bits), "%s: normalisation by the next layer gives other numbers", together)
		}
	}
	text := digests(want)
	if *regen {
		require.NoError(t, os.WriteFile(digestsFile, []byte(text), 0o644))
	}
	golden, err := os.ReadFile(digestsFile)
	require.NoError(t, err)
	require.Equal(t, string(golden), text)
}

// TestArithmeticOnArm: the same on an emulated 64-bit Arm processor, with the kernels for
// NEON and with those in plain C++.
func TestArithmeticOnArm(t *testing.T) {
	const compiler = "aarch64-linux-gnu-g++"
	emulator := "qemu-aarch64"
	if _, err := exec.LookPath(emulator); err != nil {
		emulator += "-static"
	}
	for _, program := range []string{compiler, emulator} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("%s is missing (Debian and Ubuntu: apt install g++-aarch64-linux-gnu qemu-user)", program)
		}
	}
	program := compileArithmetic(t, compiler, "-static")
	golden, err := os.ReadFile(digestsFile)
	require.NoError(t, err)
	for _, set := range []string{"neon", "plain"} {
		got := runArithmetic(t, emulator, program, set)
		if digests(got) == string(golden) {
			continue
		}
		want := runArithmetic(t, compileArithmetic(t, hostCompiler), "plain")
		require.Empty(t, difference(want, got), set)
		require.Equal(t, string(golden), digests(got), "%s, which this processor gives, too", set)
	}
}

// TestStepIsNotContracted: every source of the native step keeps the compiler from fusing
// a product with a sum, which GCC does by itself for Arm. The pragma comes before all
// declarations: of a constructor that was declared before it, GCC 12 fuses the body.
func TestStepIsNotContracted(t *testing.T) {
	const pragma = `#pragma GCC optimize("fp-contract=off")`
	for _, source := range append(stepSources(t), "lanes.h", "shim_net.cpp") {
		text, err := os.ReadFile(source)
		require.NoError(t, err)
		before, _, found := strings.Cut(string(text), pragma)
		switch {
		case strings.HasPrefix(source, "kernels_"): // by lanes.h
			require.Contains(t, string(text), `#include "lanes.h"`, source)
		case source == "kernel_set.cpp": // computes nothing
		default:
			require.True(t, found, source)
			require.True(t, source == "shim_net.cpp" || !strings.Contains(before, `#include "`), source)
		}
	}
}

// BenchmarkNormalisedTogether times a step, with 32 images of 3x32x32, as a share of one in
// which every normalisation is a pass of its own.
func BenchmarkNormalisedTogether(b *testing.B) {
	program := compileArithmetic(b, hostCompiler)
	const rounds = 7
	for _, set := range []string{"avx512", "avx2", "neon"} {
		if exec.Command(program, set, "1", "0").Run() != nil {
			continue // not of this processor
		}
		for width, steps := range map[int]int{8: 30, 64: 2} {
			var shares []float64
			for range rounds {
				out, err := exec.Command(program, set, strconv.Itoa(width), strconv.Itoa(steps)).Output()
				require.NoError(b, err)
				var together, apart float64
				_, err = fmt.Sscanf(string(out), "%f ms/step, apart %f", &together, &apart)
				require.NoError(b, err)
				shares = append(shares, together/apart)
			}
			slices.Sort(shares)
			b.Logf("%s, width %d: %.3f [%.3f, %.3f]", set, width, shares[rounds/2], shares[0], shares[rounds-1])
		}
	}
}
