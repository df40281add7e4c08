package stats

import (
	"fmt"
	"strconv"
	"strings"
)

// decimalImages is the number of images from which a share has a decimal: with 500,
// its standard error is at most 2.2 points, with fewer a decimal shows chance alone.
const decimalImages = 500

// Percent formats a share in [0, 1] of a number of images in percent, or a difference
// of two such shares in points, without the unit: with one decimal for 500 images or
// more, otherwise with none. An undefined share is "-", and zero has no sign.
func Percent(share Number, images int) string {
	if !share.Defined() {
		return "-"
	}
	decimals := 1
	if images < decimalImages {
		decimals = 0
	}
	text := strconv.FormatFloat(100*float64(share), 'f', decimals, 64)
	if strings.Trim(text, "-0.") == "" {
		return strings.TrimPrefix(text, "-")
	}
	return text
}

// Points formats a difference of shares in points, with its sign and one decimal. An undefined
// one is "-", and zero has no sign.
func Points(difference Number) string {
	if !difference.Defined() {
		return "-"
	}
	text := fmt.Sprintf("%+.1f", 100*float64(difference))
	if strings.Trim(text, "+-0.") == "" {
		return "0.0"
	}
	return text
}
