// Package words puts quantities into the words that people read: in tables, in the
// progress of a run and in messages. It promises the same words for the same quantity
// everywhere.
package words

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Plural returns a number with a noun in its singular or plural: "1 model", "2 models".
func Plural(n int, noun string) string {
	if n == 1 {
		return fmt.Sprintf("%d %s", n, noun)
	}
	if stem, ok := strings.CutSuffix(noun, "gy"); ok { // strategy
		return fmt.Sprintf("%d %sgies", n, stem)
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// Seconds returns a number of seconds as a duration.
func Seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// Duration returns a length of time in one or two units, rounded to seconds: "42 s",
// "3 min 20 s", "2 h 5 min".
func Duration(d time.Duration) string {
	units := []struct {
		length time.Duration
		name   string
	}{{24 * time.Hour, "d"}, {time.Hour, "h"}, {time.Minute, "min"}, {time.Second, "s"}}
	d = d.Round(time.Second)
	for i, u := range units[:len(units)-1] {
		if d < u.length {
			continue
		}
		smaller := units[i+1]
		return fmt.Sprintf("%d %s %d %s", d/u.length, u.name, d%u.length/smaller.length, smaller.name)
	}
	return fmt.Sprintf("%d s", d/time.Second)
}

// Class returns a class by its name and its position, from 0 on, as settings name it:
// "Sneaker (#7)", "00014 (#14)". A name that is the position stands alone: "7".
func Class(name string, position int) string {
	if name == strconv.Itoa(position) {
		return name
	}
	return fmt.Sprintf("%s (#%d)", name, position)
}
