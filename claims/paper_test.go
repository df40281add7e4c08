package claims

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/paper"
	"backfire/stats"
)

// published returns a game with the paper's figures. The paper gives no lifts.
func published(defense string, labels Labels, ids, targets []int, rates, asr []float64, clean float64) Game {
	g := Game{Seed: 1, Defense: defense, Labels: labels, CleanAccuracy: stats.Number(clean / 100)}
	g.Models = []string{fmt.Sprint(defense, labels, ids, targets, rates)}
	for i, id := range ids {
		g.Attackers = append(g.Attackers, Attacker{
			ID: id, Target: targets[i], Rate: rates[i], ASR: stats.Number(asr[i] / 100), Lift: stats.Undefined(), Divergence: stats.Undefined(),
		})
	}
	return g
}

// table1 returns the games of the paper's table 1.
func table1(t paper.Table1) Measurements {
	m := Measurements{Rate: 0.2}
	for id, single := range t.Single {
		m.Games = append(m.Games, published(NoDefense, Same, []int{id}, []int{t.Target}, []float64{0.2}, []float64{single}, 0))
	}
	for _, row := range t.Rows[1:] {
		n := len(row.ASR)
		m.Games = append(m.Games, published(NoDefense, Same, upTo(n), repeat(t.Target, n), row.Rates, row.ASR, 0))
	}
	return m
}

// table2 returns the games of one number of attackers in the paper's table 2. They
// cannot be combined, because the paper's single ASRs of the same attacker differ
// between its columns.
func table2(g paper.Table2Game) Measurements {
	m := Measurements{Rate: 0.2}
	n := len(g.Different.ASR)
	for id, single := range g.Different.Single {
		m.Games = append(m.Games, published(NoDefense, Distinct, []int{id}, g.Different.Targets[id:id+1], []float64{0.2}, []float64{single}, 0))
	}
	m.Games = append(m.Games, published(NoDefense, Distinct, upTo(n), g.Different.Targets, repeat(0.2, n), g.Different.ASR, 0))
	return m
}

// table3 returns the games of the paper's table 3. Every attacker has the mean ASR,
// since the paper gives no single ones.
func table3(t paper.Table3) Measurements {
	m := Measurements{Rate: 0.2}
	defenses := map[paper.Defense]string{
		paper.NoDefense: NoDefense, paper.DataAugmentation: CutMix, paper.AgentAugmentation: AgentAugmentation, paper.AgentIndexing: AgentIndexing,
	}
	for _, row := range t.Rows {
		for _, g := range row.Games {
			m.Games = append(m.Games, published(defenses[row.Defense], Random, upTo(g.N), repeat(2, g.N), repeat(0.2, g.N), repeat(g.MeanASR, g.N), g.CleanAccuracy))
		}
	}
	return m
}

// The paper's own figures are one seed without lifts, so they settle no claim; but
// the statistics are defined on them. The expected values, in points, were computed
// independently of this code.
func TestPaperFigures(t *testing.T) {
	mnist, err := paper.For(paper.MNIST)
	require.NoError(t, err)
	cifar, err := paper.For(paper.CIFAR10)
	require.NoError(t, err)
	for _, tc := range []struct {
		name      string
		games     Measurements
		claim     string
		statistic int
		want      float64
		holds     bool // whether the estimate is on the claimed side of its bound
	}{
		{"table 1 MNIST", table1(mnist.Table1), "C1", 0, -86.030, true},
		{"table 1 CIFAR-10", table1(cifar.Table1), "C1", 0, -78.205, true},
		{"table 3 MNIST", table3(mnist.Table3), "C1", 0, -78.395, true},
		{"table 3 CIFAR-10", table3(cifar.Table3), "C1", 0, -71.627, true},
		{"the one, MNIST", table1(mnist.Table1), "C2", 0, 85.0, true},
		{"the others, MNIST: they gain", table1(mnist.Table1), "C2", 2, 0.85, false},
		{"the one, CIFAR-10", table1(cifar.Table1), "C2", 0, 43.3, true},
		{"the others, CIFAR-10", table1(cifar.Table1), "C2", 2, -9.675, true},
		{"highest, MNIST", table1(mnist.Table1), "C3", 0, 3.1, true},
		{"change, MNIST", table1(mnist.Table1), "C3", 2, -8.5, true},
		{"highest, CIFAR-10", table1(cifar.Table1), "C3", 0, 8.3, true},
		{"change, CIFAR-10", table1(cifar.Table1), "C3", 2, -5.06, true},
		{"N = 2, MNIST", table2(mnist.Table2.Games[0]), "C4", 0, -66.65, true},
		{"N = 4, MNIST", table2(mnist.Table2.Games[1]), "C4", 0, -74.775, true},
		{"N = 2, CIFAR-10", table2(cifar.Table2.Games[0]), "C4", 0, -57.55, true},
		{"N = 4, CIFAR-10", table2(cifar.Table2.Games[1]), "C4", 0, -76.625, true},
		{"MNIST", table3(mnist.Table3), "C5", 0, -15.172, true},
		{"CIFAR-10", table3(cifar.Table3), "C5", 0, -13.18, true},
		{"MNIST", table3(mnist.Table3), "C6", 0, -32.626, true},
		{"further, MNIST", table3(mnist.Table3), "C6", 2, -17.454, true},
		{"MNIST", table3(mnist.Table3), "C7", 0, -32.332, true},
		{"accuracy against CutMix, MNIST", table3(mnist.Table3), "C7", 2, 8.4, true},
		{"accuracy against agent augmentation, MNIST", table3(mnist.Table3), "C7", 3, 9.62, true},
		{"accuracy against CutMix, CIFAR-10", table3(cifar.Table3), "C7", 2, 5.52, true},
		{"accuracy against agent augmentation, CIFAR-10", table3(cifar.Table3), "C7", 3, 9.78, true},
	} {
		t.Run(tc.claim+" "+tc.name, func(t *testing.T) {
			verdicts, err := Judge(tc.games, tc.claim)
			require.NoError(t, err)
			v := verdicts[0]
			require.Equal(t, Inconclusive, v.Outcome)
			require.Equal(t, []uint64{1}, v.Seeds)
			s := v.Statistics[tc.statistic]
			require.InDelta(t, tc.want, 100*float64(s.Estimate), 0.005) // the expected values are given to 0.001
			require.Equal(t, tc.holds, (float64(s.Estimate) < s.Bound) == (s.Side == Below))
			require.False(t, s.Low.Defined())
		})
	}
}

func TestGoldenPaper(t *testing.T) {
	mnist, err := paper.For(paper.MNIST)
	require.NoError(t, err)
	verdicts, err := Judge(table1(mnist.Table1), ForTable(1)...)
	require.NoError(t, err)
	golden(t, "paper.golden", Text(verdicts))
}
