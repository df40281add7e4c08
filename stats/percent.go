package stats

import "strconv"

// decimalImages is the number of images from which a share has a decimal: with 500,
// its standard error is at most 2.2 points, with fewer a decimal shows chance alone.
const decimalImages = 500

// Percent formats a share in [0, 1] of a number of images in percent, without the
// sign: with one decimal for 500 images or more, otherwise with none, and an
// undefined share as "-".
func Percent(share Number, images int) string {
	if !share.Defined() {
		return "-"
	}
	decimals := 1
	if images < decimalImages {
		decimals = 0
	}
	return strconv.FormatFloat(100*float64(share), 'f', decimals, 64)
}
