package claims

// Outcome is the answer of a verdict or a statistic.
type Outcome string

// The outcomes. The margin is the smallest effect that counts as one.
const (
	Supported Outcome = "supported" // beyond the margin on the claimed side
	Opposite  Outcome = "opposite"  // beyond the margin on the other side
	NoEffect  Outcome = "no effect" // within the margin on both sides
	Undecided Outcome = "undecided"
)

// Size is the answer to the question whether an effect is as large as the paper's.
type Size string

// The sizes. The empty Size stands for a question that is not asked.
const (
	AsLarge       Size = "as large"  // at least the paper's effect less its repeatability
	Smaller       Size = "smaller"   // less than that
	SizeUndecided Size = "undecided" // the interval allows both
)

// confidence is the level of the intervals, and 1-confidence the probability of
// one wrong verdict or more among the claims that are judged together.
const confidence = 0.95

// MinSeeds returns the smallest number of seeds by which any of the given number of
// claims is settled that are judged together: the smallest n with 2/2^n at most 5 %
// divided by the claims, since 2/2^n is the smallest p-value that a two-sided paired
// test without assumptions about the distribution can have. It is 6 for one claim and
// 9 for eight.
func MinSeeds(claims int) int {
	n, p := 1, 1.0
	for p > (1-confidence)/float64(max(1, claims)) {
		n, p = n+1, p/2
	}
	return n
}
