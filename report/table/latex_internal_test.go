package table

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNegativeNumbersHaveMinusSigns(t *testing.T) {
	for text, want := range map[string]string{
		"-1.0":                          "$-$1.0",
		"from -39.1 to -3 (-0.5), -":    "from $-$39.1 to $-$3 ($-$0.5), -",
		"ResNet-18, a--1, image-2, -x ": "ResNet-18, a--1, image-2, -x ",
		"":                              "",
		"± -7 é":                        "± $-$7 é",
	} {
		require.Equal(t, want, minusSigns(text))
	}
}
