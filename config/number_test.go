package config

import (
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestWholeNumbers(t *testing.T) {
	for text, want := range map[string]uint64{
		"0": 0, "7": 7, "+7": 7, "010": 10, "017": 17, "0000000000000000000000000000008": 8, "09": 9,
		"0x10": 16, "0X1f": 31, "0o17": 15, "0b11": 3, "0xff_ff": 65535,
		"1_000": 1000, "7.0": 7, "7.": 7, "1e3": 1000, "1E3": 1000, "1.5e1": 15, "1.50e+1": 15, "1000e-3": 1, "1_0.0": 10,
		"-0": 0, "-0.0": 0, "+0": 0, "0e99": 0, ".0": 0,
		"18446744073709551615": math.MaxUint64, "9007199254740993.0": 9007199254740993, "9007199254740993e0": 9007199254740993,
		"0." + strings.Repeat("0", 400) + "1e401": 1,
		strings.Repeat("0", 400) + "1":            1,
	} {
		got, err := parseUint(text)
		require.NoError(t, err, text)
		require.Equal(t, want, got, text)
	}
	for _, text := range []string{
		"", "-", "+", ".", "e3", "1e", "-1", "--0", "+-1", "0.5", "1e-3", "1.5", "0.99999999999999999999",
		"18446744073709551616", "1e20", "1e999999999", "1e99999999999999999999", "1e-99999999999999999999", "9" + strings.Repeat("0", 400),
		"0x", "0xg", "0x-1", "0o8", "0b2", "0x1.8", "0x1p3", "0x_1", "_1", "1_", "1__0", "1_.0", "1._0", "1e_3", "1e3_",
		"1:30", "190:20:30", "2021-01-01", ".inf", "inf", "nan", ".nan", "true", "null", "~", "0,3", "30%", "1 000", "\u0661", "\uff11",
	} {
		_, err := parseUint(text)
		require.Error(t, err, text)
	}
	small, err := parseInt("-9223372036854775807")
	require.NoError(t, err)
	require.Equal(t, -math.MaxInt, small)
	_, err = parseInt("9223372036854775808")
	require.Error(t, err)
}

func TestNumbers(t *testing.T) {
	for text, want := range map[string]float64{
		"0.3": 0.3, ".5": 0.5, "5.": 5, "+.5": 0.5, "00.5": 0.5, "010": 10, "0x10": 16, "-0x10": -16, "0o17": 15, "0b11": 3,
		"1_000.5": 1000.5, "1e-3": 0.001, "1E-3": 0.001, "0x1p-2": 0.25, "1e-400": 0, "1e300": 1e300,
		"0.1000000000000000055511151231257827": 0.1, "18446744073709551616": 1 << 64, strings.Repeat("0", 400) + "1": 1,
	} {
		got, err := parseFloat(text)
		require.NoError(t, err, text)
		require.Equal(t, want, got, text)
	}
	for _, text := range []string{"", "1e400", "0x", "0xg", "0x10.5", "1__0", "_1", "1_", "1:30", "2021-01-01", ".inf", ".nan", "0,3", "30%", "true", "~"} {
		_, err := parseFloat(text)
		require.Error(t, err, text)
	}
	for _, text := range []string{"-0", "-0.0", "-0x0", "-0e5"} {
		got, err := parseFloat(text)
		require.NoError(t, err, text)
		require.False(t, math.Signbit(got), "%s is zero, and has its hash", text)
	}
}

// A whole number has one value, whatever the notation.
func TestNotationsOfWholeNumbersAgree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := rapid.OneOf(rapid.Uint64(), rapid.Uint64Range(0, 5000)).Draw(t, "value")
		decimal := strconv.FormatUint(want, 10)
		zeros := strings.Repeat("0", rapid.IntRange(0, 30).Draw(t, "zeros"))
		for _, text := range []string{
			decimal, "+" + decimal, zeros + decimal, decimal + "." + zeros, decimal + zeros + "e-" + strconv.Itoa(len(zeros)),
			"0x" + strconv.FormatUint(want, 16), "0o" + strconv.FormatUint(want, 8), "0b" + strconv.FormatUint(want, 2),
			decimal[:1] + "." + decimal[1:] + "e" + strconv.Itoa(len(decimal)-1),
		} {
			got, err := parseUint(text)
			require.NoError(t, err, text)
			require.Equal(t, want, got, text)
			float, err := parseFloat(text)
			require.NoError(t, err, text)
			require.InEpsilon(t, float64(want)+1, float+1, 1e-15, text)
		}
	})
}
