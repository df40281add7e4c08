package game

import (
	"fmt"
	"strings"

	"backfire/datasets"
)

// Repeats counts the images of a deal whose pixels, before any trigger, equal those of
// another image of it. The owners are the agents and the defender.
type Repeats struct {
	// Contributed are the contributed images of which another owner contributes an equal.
	Contributed int `json:"contributed"`
	// OtherLabel are those of Contributed of which such an equal has another true label.
	OtherLabel int `json:"other_label"`
	// HeldOut are the held-out images of which any owner contributes an equal, so that a
	// model was trained on their pixels.
	HeldOut int `json:"held_out"`
	// HeldOutElsewhere are those of HeldOut of which another owner contributes an equal.
	HeldOutElsewhere int `json:"held_out_elsewhere"`
}

// Repeats counts the images of the deal that equal others. set is the dataset that was
// dealt.
func (d *Deal) Repeats(set *datasets.Set) Repeats {
	equal := set.EqualImages()
	if len(equal) == 0 {
		return Repeats{}
	}
	contributed := equalCounts{}
	for _, share := range d.shares() {
		for _, image := range share.Contributed {
			if first, ok := equal[image]; ok {
				contributed.add(first, share.Owner, int(set.Labels[image]))
			}
		}
	}
	var r Repeats
	for _, share := range d.shares() {
		for _, image := range share.Contributed {
			if first, ok := equal[image]; ok {
				elsewhere, otherLabel := contributed.elsewhere(first, share.Owner, int(set.Labels[image]))
				r.Contributed += min(elsewhere, 1)
				r.OtherLabel += min(otherLabel, 1)
			}
		}
		for _, image := range share.HeldOut {
			if first, ok := equal[image]; ok {
				elsewhere, _ := contributed.elsewhere(first, share.Owner, int(set.Labels[image]))
				r.HeldOut += min(contributed[equalKey{first, anyOwner, anyLabel}], 1)
				r.HeldOutElsewhere += min(elsewhere, 1)
			}
		}
	}
	return r
}

// Values of an equalKey that stand for all owners and all labels.
const (
	anyOwner = Defender - 1
	anyLabel = -1
)

// equalKey selects the images with the pixels of an image of the dataset, by owner and
// label.
type equalKey struct{ first, owner, label int }

// equalCounts holds numbers of images.
type equalCounts map[equalKey]int

// add counts an image of an owner with the pixels of image first.
func (c equalCounts) add(first, owner, label int) {
	c[equalKey{first, anyOwner, anyLabel}]++
	c[equalKey{first, owner, anyLabel}]++
	c[equalKey{first, anyOwner, label}]++
	c[equalKey{first, owner, label}]++
}

// elsewhere returns the number of images with the pixels of image first that others than
// an owner have, and how many of them have another label than the given one.
func (c equalCounts) elsewhere(first, owner, label int) (all, otherLabel int) {
	all = c[equalKey{first, anyOwner, anyLabel}] - c[equalKey{first, owner, anyLabel}]
	return all, all - c[equalKey{first, anyOwner, label}] + c[equalKey{first, owner, label}]
}

// shares returns the shares of all owners, the defender's first.
func (d *Deal) shares() []Share {
	shares := append([]Share{d.Defender}, d.Attackers...)
	return append(shares, d.Honest...)
}

// Most returns the larger one of each count of two deals.
func (r Repeats) Most(other Repeats) Repeats {
	return Repeats{
		Contributed: max(r.Contributed, other.Contributed), OtherLabel: max(r.OtherLabel, other.OtherLabel),
		HeldOut: max(r.HeldOut, other.HeldOut), HeldOutElsewhere: max(r.HeldOutElsewhere, other.HeldOutElsewhere),
	}
}

// Line returns the counts in words; empty if no image equals another.
func (r Repeats) Line() string {
	var parts []string
	if r.Contributed > 0 {
		parts = append(parts, fmt.Sprintf("%d contributed images have the pixels of one that another owner contributes (%d under another label)",
			r.Contributed, r.OtherLabel))
	}
	if r.HeldOut > 0 {
		parts = append(parts, fmt.Sprintf("%d held-out images have the pixels of a contributed one (%d of another owner's)",
			r.HeldOut, r.HeldOutElsewhere))
	}
	return strings.Join(parts, "; ")
}
