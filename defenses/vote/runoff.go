package vote

// RunOffOf returns the outcome of a run-off election. rankings holds, for each model, all
// classes in descending order of probability; there is at least one model.
//
// The certificate is exact: the smallest number t of models that could change the answer,
// less one. A winner w loses in one of two ways. Two other classes get ahead of it in the
// first round, or another class c reaches the second round and wins it. In the first way,
// nothing is better for the two classes than votes for them alone, and in the second
// nothing better for c than models that rank it first. It remains to choose which models
// change, for which counts are enough. Rezaei et al. bound t from below
// by the two ways apart, and for the second by the larger of the numbers that each round
// takes; the same models may not serve both, so that their bound is at most this number.
func RunOffOf(rankings [][]uint16) Outcome {
	e := newElection(rankings)
	if e.classes == 1 {
		return Outcome{Agents: e.models}
	}
	w := e.winner()
	for t := 1; ; t++ {
		if e.changes(w, t) {
			return Outcome{Class: w, Agents: t - 1}
		}
	}
}

// election holds the counts of a run-off election.
type election struct {
	models, classes int
	rankings        [][]uint16
	rank            [][]int // by model and class
	votes           []int   // of the first round, by class
	rivals          []int   // classes that can be ahead in the first round: all others do no better
}

func newElection(rankings [][]uint16) *election {
	e := &election{models: len(rankings), classes: len(rankings[0]), rankings: rankings}
	e.votes = make([]int, e.classes)
	for _, ranking := range rankings {
		rank := make([]int, e.classes)
		for at, class := range ranking {
			rank[class] = at
		}
		e.rank = append(e.rank, rank)
		e.votes[ranking[0]]++
	}
	const spare = 2 // of the classes without a vote, the two lowest are enough: the winner has votes
	without := 0
	for c, n := range e.votes {
		if n == 0 {
			if without++; without > spare {
				continue
			}
		}
		e.rivals = append(e.rivals, c)
	}
	return e
}

// preferring returns the number of models that rank class a before b.
func (e *election) preferring(a, b int) int {
	n := 0
	for _, rank := range e.rank {
		if rank[a] < rank[b] {
			n++
		}
	}
	return n
}

// winner returns the class that wins the second round.
func (e *election) winner() int {
	first := most(e.votes, none)
	second := most(e.votes, first)
	supporting := e.preferring(first, second)
	if against := e.models - supporting; against > supporting || against == supporting && second < first {
		return second
	}
	return first
}

// changes reports whether t models with any other rankings can make another class than w
// win.
func (e *election) changes(w, t int) bool {
	for i, a := range e.rivals {
		for _, b := range e.rivals[i+1:] {
			if a != w && b != w && e.eliminated(w, a, b, t) {
				return true
			}
		}
	}
	for c := range e.classes {
		if c != w && e.beaten(w, c, t) {
			return true
		}
	}
	return false
}

// eliminated reports whether t models that vote for a or b in place of others can put both
// ahead of w in the first round.
func (e *election) eliminated(w, a, b, t int) bool {
	fromWinner := min(t, e.votes[w])
	fromOthers := min(t-fromWinner, e.models-e.votes[w]-e.votes[a]-e.votes[b])
	gained := fromWinner + fromOthers
	lacking, spare := 0, 0
	for _, c := range []int{a, b} {
		short := e.votes[w] - fromWinner + ahead(w, c) - e.votes[c]
		lacking, spare = lacking+max(0, short), spare+max(0, -short)
	}
	// The models that are left can move votes that one of the two does not need to the other.
	return lacking <= gained+min(t-gained, spare)
}

// beaten reports whether t models that rank c first in place of other classes can take c
// into the second round and make it win against w there.
func (e *election) beaten(w, c, t int) bool {
	if t >= e.models-e.votes[c] {
		return true // all models rank c first
	}
	favouring := make([]int, e.classes) // models that rank w before c, by the class of their vote
	all := 0
	for i, rank := range e.rank {
		if rank[w] < rank[c] {
			favouring[e.rankings[i][0]]++
			all++
		}
	}
	// Every class but w must have less than c in the end. So many of its voters have to
	// change, those first that rank w before c.
	taken, won := 0, 0
	for _, other := range e.rivals {
		if other == w || other == c {
			continue
		}
		take := max(0, e.votes[other]+ahead(other, c)-e.votes[c]-t)
		taken, won = taken+take, won+min(take, favouring[other])
	}
	if taken > t {
		return false
	}
	won += min(t-taken, all-won)
	return 2*all-e.models-2*won+ahead(w, c) <= 0
}
