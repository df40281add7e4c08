package triggers

// Overlap measures how much of two triggers coincides.
type Overlap struct {
	// Shared is the number of pixels that both triggers mask.
	Shared int `json:"shared"`
	// Equal is the number of shared pixels on which both triggers have the same
	// effect in every channel.
	Equal int `json:"equal"`
	// Union is the number of pixels that at least one of the triggers masks.
	Union int `json:"union"`
	// Jaccard is Shared/Union, in [0, 1].
	Jaccard float64 `json:"jaccard"`
}

// Collides reports whether the two triggers are identical: they mask the same
// pixels, with the same effect on each.
func (o Overlap) Collides() bool { return o.Union > 0 && o.Equal == o.Union }

// Compare measures how much of a and b coincides. Triggers for images of
// different shapes share no pixels.
func Compare(a, b *Trigger) Overlap {
	o := Overlap{Union: a.Pixels() + b.Pixels()}
	if a.Shape != b.Shape {
		return o
	}
	plane := a.Shape.Plane()
	both := a.Box.intersect(b.Box)
	for y := both.Y; y < both.Y+both.H; y++ {
		for x := both.X; x < both.X+both.W; x++ {
			at := y*a.Shape.W + x
			if a.Mask[at] == 0 || b.Mask[at] == 0 {
				continue
			}
			o.Shared++
			same := a.Effect == b.Effect && a.Opacity == b.Opacity && sameShift(a, b, at)
			for v := at; v < len(a.Pattern); v += plane {
				same = same && a.Pattern[v] == b.Pattern[v]
			}
			if same {
				o.Equal++
			}
		}
	}
	o.Union -= o.Shared
	o.Jaccard = float64(o.Shared) / float64(o.Union)
	return o
}

// sameShift reports whether two triggers displace a pixel alike, as those without Shift
// do.
func sameShift(a, b *Trigger, at int) bool {
	if a.Shift == nil || b.Shift == nil {
		return a.Shift == nil && b.Shift == nil
	}
	return a.Shift[2*at] == b.Shift[2*at] && a.Shift[2*at+1] == b.Shift[2*at+1]
}
