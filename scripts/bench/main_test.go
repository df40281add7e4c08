package main

import (
	"bytes"
	"flag"
	"io"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestOptions(t *testing.T) {
	o, err := parseOptions([]string{"-widths", "4,32", "-rounds", "3", "-threads", "2"}, io.Discard)
	require.NoError(t, err)
	require.Equal(t, options{
		python: "python3", twin: "scripts/bench/twin.py", program: "bin/backfire", widths: []int{4, 32}, rounds: 3, batch: 32, threads: 2, sweepThreads: 1, precision: "fp32",
	}, o)
	for _, args := range [][]string{
		{"-widths", "8,0"},
		{"-widths", ""},
		{"-widths", "8;16"},
		{"-rounds", "0"},
		{"-batch", "1"},
		{"-threads", "0"},
		{"-sweep-threads", "0"},
	} {
		_, err := parseOptions(args, io.Discard)
		require.ErrorContains(t, err, args[0], args)
	}
	var help bytes.Buffer
	_, err = parseOptions([]string{"-h"}, &help)
	require.ErrorIs(t, err, flag.ErrHelp)
	require.Contains(t, help.String(), "-rounds")
}

func TestSpread(t *testing.T) {
	require.Equal(t, "2.0 [1.0, 9.0]", spread([]float64{9, 1, 2}, "%.1f"))
	require.Equal(t, "2.50 [1.00, 4.00]", spread([]float64{4, 1, 3, 2}, "%.2f"))
}

func TestStepArithmetic(t *testing.T) {
	require.InDelta(t, 3.34*32, stepGFLOP(64, 32), 1e-9, "float64")
	require.InDelta(t, stepGFLOP(64, 32)/16, stepGFLOP(16, 32), 1e-9, "float64")
}

func TestSpeedUpsTakeOneVariantForAllRounds(t *testing.T) {
	own := []float64{10, 20, 40}
	lucky := []float64{5, 60, 80} // least in the first round alone
	steady := []float64{20, 30, 60}
	require.Equal(t, []float64{2, 1.5, 1.5}, speedUps(own, [][]float64{lucky, steady}))
}
