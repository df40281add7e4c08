package figures

import (
	"encoding/json"
	"math"

	"gonum.org/v1/plot/vg"
)

// noter is told what a reader may point at: its place in the drawing, with y upwards, and its
// value in words.
type noter func(at vg.Point, text string)

// noNote drops what it is told, for drawings without a pointer.
func noNote(vg.Point, string) {}

// mark is a place in a drawing that has a value.
type mark struct {
	at   vg.Point
	text string
}

// mostMarks is the largest number of marks of a drawing. A drawing with more has no marks: they
// would lie too close together to be pointed at, and its table has the values.
const mostMarks = 1500

// marksJSON returns marks as a list of [x, y, text], with y downwards from the top of a drawing of
// a height. The list is empty for more than mostMarks.
func marksJSON(marks []mark, height vg.Length) (string, error) {
	list := make([][3]any, 0, len(marks))
	if len(marks) > mostMarks {
		marks = nil
	}
	tenth := func(x vg.Length) float64 { return math.Round(10*float64(x)) / 10 }
	for _, m := range marks {
		list = append(list, [3]any{tenth(m.at.X), tenth(height - m.at.Y), m.text})
	}
	data, err := json.Marshal(list)
	return string(data), err
}
