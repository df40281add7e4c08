package equilibria_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/report/equilibria"
	"backfire/report/layout/layouttest"
)

// written returns a document in a format.
func written(t *testing.T, d *equilibria.Document, format equilibria.Format) string {
	t.Helper()
	var out strings.Builder
	require.NoError(t, d.Write(&out, format))
	return out.String()
}

// docs/game.md names the columns of every table as CSV, in their order.
func TestEveryColumnIsDocumented(t *testing.T) {
	t.Parallel()
	d := document(t)
	for _, format := range []equilibria.Format{equilibria.PayoffsCSV, equilibria.PricesCSV, equilibria.TrialsCSV} {
		layouttest.RequireDocumented(t, "../../docs/game.md", string(format), written(t, d, format))
	}
}

// A game has all forms, whole or in part, and its page is whole in itself.
func TestFormsOfAPartOfAGame(t *testing.T) {
	t.Parallel()
	for _, stored := range []int{0, 1, 7, 12, -1} {
		d := documentOf(t, stored)
		layouttest.Check(t, written(t, d, equilibria.Page))
		for _, format := range equilibria.Formats() {
			require.NotEmpty(t, written(t, d, format), format)
		}
	}
}
