package cell_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/defenses"
	"backfire/experiments/cell"
	"backfire/internal/hardware"
	"backfire/internal/network"
)

// The engine's own kernels know one network. Every other one is foreign, and so is a program; another arithmetic of
// that network is not native.
func TestNativeCells(t *testing.T) {
	paper := cell.Cell{Model: cell.Model{Architecture: cell.ResNet18}}
	require.True(t, paper.Native())
	require.False(t, paper.Foreign())
	for _, architecture := range network.Architectures() {
		c := paper
		c.Model.Architecture = architecture
		require.Equal(t, architecture != cell.ResNet18, c.Foreign(), architecture)
		require.Equal(t, architecture == cell.ResNet18, c.Native(), architecture)
	}
	for name, change := range map[string]func(c *cell.Cell){
		"large stem": func(c *cell.Cell) { c.Model.Stem = network.StemLarge },
		"module": func(c *cell.Cell) {
			c.Model = cell.Model{Architecture: network.Script, Module: network.Module{SHA256: "ab"}}
		},
		"program": func(c *cell.Cell) {
			c.Defense = &cell.Defense{Stack: defenses.Stack{}.With(defenses.KindExec, &defenses.Exec{})}
		},
	} {
		c := paper
		change(&c)
		require.True(t, c.Foreign(), name)
		require.False(t, c.Native(), name)
	}
	for name, change := range map[string]func(c *cell.Cell){
		"bf16":   func(c *cell.Cell) { c.Training.Precision = hardware.BF16 },
		"direct": func(c *cell.Cell) { c.Training.Kernels = cell.KernelsDirect },
	} {
		c := paper
		change(&c)
		require.False(t, c.Foreign(), name)
		require.False(t, c.Native(), name)
	}
}
