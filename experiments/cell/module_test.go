package cell_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/experiments/cell"
	"backfire/internal/enginetest"
	"backfire/internal/hardware"
	"backfire/internal/network"
)

// moduleCell returns a cell whose network is a module.
func moduleCell() cell.Cell {
	c := enginetest.ExampleCell()
	c.Training.Precision = ""
	c.Model = cell.Model{Architecture: network.Script, Module: network.Module{SHA256: strings.Repeat("ab", 32), Values: 5000, Maps: 300, Products: 70000}}
	return c
}

func TestModules(t *testing.T) {
	c := moduleCell()
	require.NoError(t, c.Validate())
	require.Equal(t, int64(20000), c.ModelBytes())
	require.Positive(t, c.Cost())
	require.Empty(t, c.Parameters())
	twice := c
	twice.Model.Module.Products *= 2
	require.InDelta(t, 2, twice.Cost()/c.Cost(), 1e-9)

	text, err := json.Marshal(c)
	require.NoError(t, err)
	parsed, err := cell.Parse(text)
	require.NoError(t, err)
	require.Equal(t, c.Model, parsed.Model)
	for says, change := range map[string]func(c *cell.Cell){
		"SHA-256":   func(c *cell.Cell) { c.Model.Module.SHA256 = "12" },
		"SHA-256 o": func(c *cell.Cell) { c.Model.Architecture = cell.ResNet18 },
		"width":     func(c *cell.Cell) { c.Model.Width = 8 },
		"values":    func(c *cell.Cell) { c.Model.Module.Values = 0 },
		"bf16":      func(c *cell.Cell) { c.Training.Precision = hardware.BF16 },
	} {
		c := moduleCell()
		change(&c)
		require.ErrorIs(t, c.Validate(), cell.ErrPlan, says)
		require.ErrorContains(t, c.Validate(), says)
	}
}

// Cells without a module are spelled as before there were any.
func TestOtherNetworksHaveNoModule(t *testing.T) {
	text, err := json.Marshal(enginetest.ExampleCell())
	require.NoError(t, err)
	require.NotContains(t, string(text), "module")
}
