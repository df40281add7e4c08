package game

import (
	"encoding/json"
	"math"

	"backfire/stats"
)

// Rate is a share of images: Hits of the Of images counted.
type Rate struct {
	Hits int
	Of   int
}

// Value returns Hits/Of in [0, 1], or NaN for a rate over zero images.
func (r Rate) Value() float64 {
	if r.Of == 0 {
		return math.NaN()
	}
	return float64(r.Hits) / float64(r.Of)
}

// jsonRate is the JSON form of a Rate.
type jsonRate struct {
	Hits int          `json:"hits"`
	Of   int          `json:"of"`
	Rate stats.Number `json:"rate"`
}

// MarshalJSON writes {"hits":37,"of":40,"rate":0.925}; the rate is null if of
// is 0.
func (r Rate) MarshalJSON() ([]byte, error) {
	return json.Marshal(jsonRate{Hits: r.Hits, Of: r.Of, Rate: stats.Number(r.Value())})
}

// UnmarshalJSON reads the form that MarshalJSON writes. It takes the counts and
// ignores the rate beside them.
func (r *Rate) UnmarshalJSON(data []byte) error {
	var v jsonRate
	if err := json.Unmarshal(data, &v); err != nil {
		return err
	}
	*r = Rate{Hits: v.Hits, Of: v.Of}
	return nil
}
