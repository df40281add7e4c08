// Package paper holds the figures of the paper's three tables, so that they can
// be printed beside what was measured: "Widen The Backdoor To Let More Attackers
// In" by Datta, Lovisotto, Martinovic and Shadbolt (arXiv 2110.04571).
//
// Attack success rates and accuracies are in percent, as printed, with the
// digits that are printed; poison rates are shares in [0, 1]. Attackers are
// numbered from 0. The paper gives no number of runs and no spread over them.
package paper

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Source is the publication all figures are from.
const Source = "Datta, Lovisotto, Martinovic, Shadbolt: Widen The Backdoor To Let More Attackers In (arXiv 2110.04571)"

// The paper's datasets, by the names of package datasets.
const (
	MNIST   = "mnist"
	CIFAR10 = "cifar10"
)

// ErrNoFigures is wrapped where the paper has no figures for a dataset.
var ErrNoFigures = errors.New("the paper has no figures")

// Datasets returns the names of the datasets with figures.
func Datasets() []string { return []string{MNIST, CIFAR10} }

// Tables are the paper's figures on one dataset.
type Tables struct {
	Dataset string
	Table1  Table1
	Table2  Table2
	Table3  Table3
}

// For returns the figures on a dataset, a copy of the caller's own. An unknown
// dataset gives an error that wraps ErrNoFigures.
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

// Table1 says how the ASR varies with the poison rate: N grows from 1 to 5 at
// p = 0.2, then attacker 0 alone raises p, then everybody does. All attackers
// share one target label.
type Table1 struct {
	Label  string // the shared target label, as printed
	Target int    // its class number
	// Single holds the ASR of each attacker's trigger in the game where it is
	// the only attacker.
	Single []float64
	Rows   []Table1Row
}

// Table1Row is one game of Table1.
type Table1Row struct {
	Rates []float64 // poison rate p of attacker i; their number is N
	ASR   []float64 // of attacker i
}

// Table2 says how the ASR varies with the choice of target labels, at p = 0.2.
//
// Its figures for equal labels do not agree with those of Table1 on CIFAR-10:
// four attackers with label bird have 45.0 to 53.3 % here, 11.6 to 14.1 % there.
type Table2 struct {
	// CleanAccuracy is the defender's accuracy on clean inputs, given once for
	// all columns.
	CleanAccuracy float64
	Games         []Table2Game // N = 2 and N = 4
}

// Table2Game is one number of attackers of Table2, with one target label for
// all and with a label for each.
type Table2Game struct {
	Same, Different Labelling
}

// Labelling is a game with the target labels it was played with.
type Labelling struct {
	// Labels are the target labels as printed. The columns for four attackers
	// carry CIFAR-10's names on MNIST too.
	Labels  []string
	Targets []int // class numbers of Labels, on both datasets
	Single  []float64
	ASR     []float64
}

// Table3 says how defenses change the ASR, by number of attackers at p = 0.2.
// The paper does not state the target labels.
type Table3 struct {
	N    []int
	Rows []Table3Row // in the order of Defenses
}

// Row returns the row of a defense, if the table has it.
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
	// StdASR is the figure behind the +-. The paper calls it nothing; over the
	// attackers alone it would be 0 at N = 1, which it is not with data
	// augmentation.
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
