package equilibrium

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

func randomGame(n, s int, rng *rand.Rand) *Game {
	g, err := NewGame(n, s, func(Profile, int) float64 { return rng.Float64() })
	if err != nil {
		panic(err)
	}
	return g
}

func TestScratch(t *testing.T) {
	for _, size := range [][2]int{{3, 3}, {5, 3}, {5, 4}, {10, 4}, {5, 5}} {
		rng := rand.New(rand.NewPCG(1, 2))
		none, total, even, deg := 0, 0, 0, 0
		trials := 300
		for range trials {
			g := randomGame(size[0], size[1], rng)
			r := g.Symmetric()
			if len(r.Equilibria) == 0 {
				none++
			}
			if len(r.Equilibria)%2 == 0 {
				even++
			}
			deg += len(r.Degenerate)
			total += len(r.Equilibria)
		}
		fmt.Println(size, "none", none, "mean", float64(total)/float64(trials), "even", even, "deg", deg)
	}
}

func BenchmarkSym(b *testing.B) {
	for _, size := range [][2]int{{2, 2}, {5, 2}, {5, 3}, {2, 4}, {5, 4}, {5, 5}, {10, 5}, {3, 7}} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			rng := rand.New(rand.NewPCG(1, 2))
			gs := []*Game{}
			for range 50 {
				gs = append(gs, randomGame(size[0], size[1], rng))
			}
			for i := 0; b.Loop(); i++ {
				gs[i%50].Symmetric()
			}
		})
	}
}
