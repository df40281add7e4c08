package equilibria_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/report/equilibria"
	"backfire/report/layout/layouttest"
)

// docs/game.md names the columns of every table as CSV, in their order.
func TestEveryColumnIsDocumented(t *testing.T) {
	t.Parallel()
	d := document(t)
	for _, format := range []equilibria.Format{equilibria.PayoffsCSV, equilibria.PricesCSV, equilibria.TrialsCSV} {
		layouttest.RequireDocumented(t, "../../docs/game.md", string(format), layouttest.Written(t, d, format))
	}
}

// A game has all forms, whole or in part, and its page is whole in itself.
func TestFormsOfAPartOfAGame(t *testing.T) {
	t.Parallel()
	for _, stored := range []int{0, 1, 7, 12, -1} {
		d := documentOf(t, stored)
		layouttest.Check(t, layouttest.Written(t, d, equilibria.Page))
		for _, format := range equilibria.Formats() {
			require.NotEmpty(t, layouttest.Written(t, d, format), format)
		}
	}
}
