// Package paper holds the figures of the paper's three tables, so that they can be
// shown beside measured ones: "Widen The Backdoor To Let More Attackers In" by
// Datta, Lovisotto, Martinovic and Shadbolt (arXiv 2110.04571).
//
// Attack success rates and accuracies are in percent, with the digits printed in
// the paper; poison rates are shares in [0, 1]. Attackers are numbered from 0. The
// paper states neither a number of runs nor a spread over runs.
package paper

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Source cites the publication of the figures.
const Source = "Datta, Lovisotto, Martinovic, Shadbolt: Widen The Backdoor To Let More Attackers In (arXiv 2110.04571)"

// The paper's datasets, by the names of package datasets.
const (
	MNIST   = "mnist"
	CIFAR10 = "cifar10"
)

// ErrNoFigures is wrapped if the paper has no figures for a dataset.
var ErrNoFigures = errors.New("the paper has no figures")

// Datasets returns the names of the datasets with figures.
func Datasets() []string { return []string{MNIST, CIFAR10} }

// Tables holds the paper's figures on one dataset.
type Tables struct {
	Dataset string
	Table1  Table1
	Table2  Table2
	Table3  Table3
}

// For returns a copy of the figures on a dataset. For other datasets it returns an
// error that wraps ErrNoFigures.
func For(dataset string) (Tables, error) {
	switch dataset {
	case MNIST:
		return mnist(), nil
	case CIFAR10:
		return cifar10(), nil
	default:
		return Tables{}, fmt.Errorf("paper: dataset %q: %w; it used %s", dataset, ErrNoFigures, strings.Join(Datasets(), " and "))
	}
}

// Table1 shows the ASR by poison rate: N grows from 1 to 5 at p = 0.2, then
// attacker 0 alone raises p, then all attackers do. All attackers share one target
// label.
type Table1 struct {
	Label  string // the shared target label, as printed
	Target int    // its class number
	// Single holds the ASR of each attacker's trigger in the game where it is
	// the only attacker.
	Single []float64
	Rows   []Table1Row // one for each game, in the paper's order
}

// Table1Row is one game of Table1.
type Table1Row struct {
	Rates []float64 // poison rate p of each attacker; N is their number
	ASR   []float64 // ASR of each attacker
}

// Table2 shows the ASR by choice of target labels, at p = 0.2.
//
// Its figures for equal labels do not agree with those of Table1 on CIFAR-10:
// four attackers with label bird have 45.0 to 53.3 % here, 11.6 to 14.1 % there.
type Table2 struct {
	// CleanAccuracy is the defender's accuracy on clean inputs. The paper gives one
	// for all columns.
	CleanAccuracy float64
	Games         []Table2Game // N = 2 and N = 4
}

// Table2Game is one number of attackers of Table2: with one target label for all,
// and with a different label for each.
type Table2Game struct {
	Same, Different Labelling
}

// Labelling is a game with the attackers' target labels.
type Labelling struct {
	// Labels holds each attacker's target label, as printed. The columns for four
	// attackers have CIFAR-10's names on MNIST too.
	Labels  []string
	Targets []int     // class numbers of Labels, on both datasets
	Single  []float64 // ASR of each attacker in the game where it is alone
	ASR     []float64 // ASR of each attacker
}

// Table3 shows the ASR by defense and number of attackers, at p = 0.2. The paper
// does not state the target labels.
type Table3 struct {
	N    []int
	Rows []Table3Row // in the order of Defenses
}

// Row returns the row of a defense, and whether the table has it.
func (t Table3) Row(defense Defense) (Table3Row, bool) {
	i := slices.IndexFunc(t.Rows, func(row Table3Row) bool { return row.Defense == defense })
	if i < 0 {
		return Table3Row{}, false
	}
	return t.Rows[i], true
}

// Table3Row is one defense of Table3.
type Table3Row struct {
	Defense Defense
	Games   []Table3Game // in the order of Table3.N
}

// Table3Game is one cell of Table3.
type Table3Game struct {
	N       int
	MeanASR float64 // over the attackers
	// StdASR is the figure behind the +-. The paper does not define it. It cannot
	// be the deviation over the attackers alone, which would be 0 at N = 1: with
	// data augmentation it is not.
	StdASR        float64
	CleanAccuracy float64
}

// Defense is a row of Table3.
type Defense string

// The rows of Table3. Data augmentation is CutMix.
const (
	NoDefense         Defense = "none"
	DataAugmentation  Defense = "data_augmentation"
	AgentAugmentation Defense = "agent_augmentation"
	AgentIndexing     Defense = "agent_indexing"
)

// Defenses returns the defenses in the order of Table3's rows.
func Defenses() []Defense {
	return []Defense{NoDefense, DataAugmentation, AgentAugmentation, AgentIndexing}
}
