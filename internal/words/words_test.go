package words

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestPlural(t *testing.T) {
	require.Equal(t, "0 models", Plural(0, "model"))
	require.Equal(t, "1 model", Plural(1, "model"))
	require.Equal(t, "2 models", Plural(2, "model"))
	require.Equal(t, "2 strategies", Plural(2, "strategy"))
}

func TestDuration(t *testing.T) {
	for text, want := range map[string]string{
		"0s": "0 s", "400ms": "0 s", "59.6s": "1 min 0 s", "80s": "1 min 20 s", "2h5m10s": "2 h 5 min", "50h": "2 d 2 h",
	} {
		d, err := time.ParseDuration(text)
		require.NoError(t, err)
		require.Equal(t, want, Duration(d))
	}
	require.Equal(t, 1500*time.Millisecond, Seconds(1.5))
}

func TestClass(t *testing.T) {
	for want, position := range map[string]int{"7": 7, "7 (#8)": 8, "07 (#7)": 7, "Sneaker (#7)": 7, " (#0)": 0} {
		name, _, _ := strings.Cut(want, " (")
		require.Equal(t, want, Class(name, position))
	}
}
