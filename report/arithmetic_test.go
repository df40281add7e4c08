package report

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/experiments/store"
)

// environmentOf returns a function that describes one machine, changed for each cell.
func environmentOf(change func(cell string, e *store.Environment)) func(string) (*store.Environment, error) {
	return func(cell string) (*store.Environment, error) {
		e := &store.Environment{
			Device: "cpu", Threads: 1, CPU: store.CPU{Model: "Some CPU", Cores: 4},
			Engine: store.EngineInfo{Name: "libtorch", Version: "2.11.0", Variant: "cpu", CPUCapability: "AVX512", Kernels: 1},
		}
		change(cell, e)
		return e, nil
	}
}

// Models of different arithmetic in one table are told, with what tells them apart and
// nothing else.
func TestMixedArithmeticIsTold(t *testing.T) {
	s := sweep("mnist", []uint64{1}, fakePoint{name: "a", labels: "same", counts: []int{1, 2, 3}, p: 0.2})
	for name, tc := range map[string]struct {
		change func(cell string, e *store.Environment)
		says   string
	}{
		"one machine": {func(string, *store.Environment) {}, ""},
		"what does not decide": {func(cell string, e *store.Environment) {
			e.Program.Version, e.CPU.Cores = cell, len(cell)
		}, ""},
		"a variable": {func(cell string, e *store.Environment) {
			if strings.HasSuffix(cell, "-2") {
				e.Engine.Arithmetic = []string{"ATEN_CPU_CAPABILITY=avx2"}
			}
		}, "2 models (none of these variables set); 1 model (ATEN_CPU_CAPABILITY=avx2)."},
		"its value": {func(cell string, e *store.Environment) {
			e.Engine.Arithmetic = []string{"MKL_CBWR=" + map[bool]string{true: "AVX2", false: "SSE4_1"}[strings.HasSuffix(cell, "-2")]}
		}, "2 models (MKL_CBWR=SSE4_1); 1 model (MKL_CBWR=AVX2)."},
		"processors": {func(cell string, e *store.Environment) {
			if strings.HasSuffix(cell, "-2") {
				e.CPU.Model, e.Threads = "Other CPU", 2
			}
		}, "2 models (Some CPU, 1 thread); 1 model (Other CPU, 2 threads)."},
		"GPUs": {func(cell string, e *store.Environment) {
			e.Device, e.Engine.GPUs = "cuda:0", []string{"Some GPU"}
			if strings.HasSuffix(cell, "-2") {
				e.Engine.GPUs = []string{"Other GPU"}
			}
		}, "2 models (Some GPU); 1 model (Other GPU)."},
	} {
		t.Run(name, func(t *testing.T) {
			made, err := New(Points, s, "mnist", Options{Environment: environmentOf(tc.change)})
			require.NoError(t, err)
			notes := strings.Join(made.Notes, "\n")
			if tc.says == "" {
				require.NotContains(t, notes, "arithmetic")
				return
			}
			require.Contains(t, notes, "\nMixed arithmetic: ")
			require.Contains(t, notes, tc.says)
		})
	}
	made, err := New(Points, s, "mnist", Options{Environment: func(string) (*store.Environment, error) { return nil, errors.New("not there") }})
	require.NoError(t, err)
	require.NotContains(t, strings.Join(made.Notes, "\n"), "arithmetic")
}
