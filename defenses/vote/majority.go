package vote

import "math"

// Outcome is the answer of a vote about one image, with its certificate.
type Outcome struct {
	// Class is the answer.
	Class int
	// Agents is the certificate: the largest number of agents that could have sent any
	// other images without a change of the answer. It is the number of models that could
	// have voted in any other way, since an agent has a part in one of them. It is smaller
	// than the number of models, unless there is only one class.
	Agents int
}

// MajorityOf returns the outcome of a majority vote. votes holds the class that each model
// predicts, at least one, from 0 to classes-1.
//
// Class y with n_y votes stays ahead of class c after t models changed from y to c as long
// as n_y - t > n_c + t, or, with y < c, equals it. So t may be as large as
// (n_y - n_c - [c < y]) / 2, rounded down, for every other c (Levine and Feizi,
// Cao et al.).
func MajorityOf(votes []uint16, classes int) Outcome {
	counts := make([]int, classes)
	for _, class := range votes {
		counts[class]++
	}
	o := Outcome{Class: most(counts, none), Agents: math.MaxInt}
	for c, n := range counts {
		if c != o.Class {
			o.Agents = min(o.Agents, (counts[o.Class]-n-ahead(c, o.Class))/2)
		}
	}
	o.Agents = min(o.Agents, len(votes))
	return o
}

// none stands for no class.
const none = -1

// most returns the class with the most votes except one, of equals the lowest; none if
// there is no other class.
func most(counts []int, except int) int {
	best := none
	for c, n := range counts {
		if c != except && (best == none || n > counts[best]) {
			best = c
		}
	}
	return best
}

// ahead returns 1 if class a wins against b with as many votes, otherwise 0.
func ahead(a, b int) int {
	if a < b {
		return 1
	}
	return 0
}
