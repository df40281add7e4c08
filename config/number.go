package config

import (
	"errors"
	"math"
	"strconv"
	"strings"
)

var errNumber = errors.New("is not such a number")

// parseWhole reads a whole number: decimal digits, of which the first may be zeros (010
// is ten); digits behind 0x, 0o or 0b; or a decimal number without a fraction, such as
// 7.0 or 1e3. Single underscores may separate digits.
func parseWhole(text string) (magnitude uint64, negative bool, err error) {
	digits, negative := cutSign(text)
	base, digits := cutBase(digits)
	digits, ok := withoutUnderscores(digits, base)
	if base == 10 {
		digits, ok = wholeDigits(digits, ok)
	}
	if !ok {
		return 0, false, errNumber
	}
	magnitude, err = strconv.ParseUint(digits, base, 64)
	return magnitude, negative && magnitude > 0, err
}

// parseInt reads a whole number that an int can hold.
func parseInt(text string) (int, error) {
	magnitude, negative, err := parseWhole(text)
	switch {
	case err != nil:
		return 0, err
	case magnitude <= math.MaxInt && negative:
		return -int(magnitude), nil
	case magnitude <= math.MaxInt:
		return int(magnitude), nil
	default:
		return 0, errNumber
	}
}

// parseUint reads a whole number that is not negative.
func parseUint(text string) (uint64, error) {
	magnitude, negative, err := parseWhole(text)
	if err == nil && negative {
		err = errNumber
	}
	return magnitude, err
}

// parseFloat reads a number: what [parseWhole] reads, or a decimal or hexadecimal
// number as in Go. Negative zero is zero, as it would otherwise make another cell.
func parseFloat(text string) (float64, error) {
	if base, _ := cutBase(strings.TrimLeft(text, "+-")); base != 10 && !strings.ContainsAny(text, "pP") {
		magnitude, negative, err := parseWhole(text)
		if negative {
			return -float64(magnitude), err
		}
		return float64(magnitude), err
	}
	digits, ok := withoutUnderscores(text, 10)
	if !ok {
		return 0, errNumber
	}
	value, err := strconv.ParseFloat(digits, 64)
	return value + 0, err
}

// cutSign cuts off a sign.
func cutSign(text string) (digits string, negative bool) {
	if digits, negative = strings.CutPrefix(text, "-"); negative {
		return digits, true
	}
	return strings.TrimPrefix(text, "+"), false
}

// cutBase cuts off the prefix of a base, and returns the base.
func cutBase(text string) (base int, digits string) {
	if len(text) > 2 && text[0] == '0' {
		switch text[1] {
		case 'x', 'X':
			return 16, text[2:]
		case 'o', 'O':
			return 8, text[2:]
		case 'b', 'B':
			return 2, text[2:]
		}
	}
	return 10, text
}

// withoutUnderscores removes underscores; ok is false unless each lies between two
// digits of the base.
func withoutUnderscores(text string, base int) (digits string, ok bool) {
	isDigit := func(i int) bool {
		if i < 0 || i >= len(text) {
			return false
		}
		_, err := strconv.ParseUint(text[i:i+1], base, 8)
		return err == nil
	}
	for i := range len(text) {
		if text[i] == '_' && !(isDigit(i-1) && isDigit(i+1)) {
			return "", false
		}
	}
	return strings.ReplaceAll(text, "_", ""), true
}

// wholeDigits returns the digits of a decimal number, such as 1000 for 1e3; ok is false
// if it has a fraction, has too many digits for 64 bits or is not a number.
func wholeDigits(text string, ok bool) (string, bool) {
	mantissa, exponent := text, 0
	if at := strings.IndexAny(text, "eE"); at >= 0 {
		var err error
		if exponent, err = strconv.Atoi(text[at+1:]); err != nil {
			return "", false
		}
		mantissa = text[:at]
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	all := whole + fraction
	if !ok || all == "" || strings.Trim(all, "0123456789") != "" {
		return "", false
	}
	leading := len(all) - len(strings.TrimLeft(all, "0"))
	significant := strings.Trim(all, "0")
	if significant == "" {
		return "0", true
	}
	length := len(whole) - leading + exponent // the digits before the point, from the first that counts
	if length < len(significant) || length > 20 {
		return "", false
	}
	return significant + strings.Repeat("0", length-len(significant)), true
}
