package paper

import (
	"slices"

	"backfire/stats"
)

// Place is a published ASR with the number of attackers and of poisoned images behind it.
type Place struct {
	// Source names the publication and the table.
	Source string
	// N is the number of attackers, K the number of poisoned images of each.
	N int
	K float64
	// ASR is the mean over the attackers, in percent.
	ASR float64
}

// poisonedImages is the number of poisoned images of each attacker in the paper at p = 0.2.
// The paper does not state it. Most of its ASRs are multiples of 1/60 whatever N is, so
// that 60 images were held out, 240 contributed and 48 poisoned: the share of one of 100
// attackers in 50,000 images.
const poisonedImages = 48

// usualRate is the poison rate of those games.
const usualRate = 0.2

// laterImages is the number of poisoned images of each attacker in table 1 of the later
// article at its base case p = 0.55, with at most 100 attackers.
const laterImages = 264

// Later cites the article of the same authors whose table 1 has ASRs of 1 and of 100
// attackers.
const Later = "Datta, Shadbolt: Backdoors Stuck At The Frontdoor (arXiv 2201.12211)"

// Places returns the published ASRs without a defense at one poison rate for all: the rows
// of the paper's tables at p = 0.2, and those of table 1 of the later article. The error
// wraps ErrNoFigures.
func Places(dataset string) ([]Place, error) {
	t, err := For(dataset)
	if err != nil {
		return nil, err
	}
	var places []Place
	add := func(source string, k float64, n int, asr []float64) {
		places = append(places, Place{source, n, k, float64(stats.Summarize(asr).Mean)})
	}
	for _, row := range t.Table1.Rows {
		if !slices.ContainsFunc(row.Rates, func(p float64) bool { return p != usualRate }) {
			add("paper, table 1", poisonedImages, len(row.Rates), row.ASR)
		}
	}
	for _, game := range t.Table2.Games {
		add("paper, table 2, one label", poisonedImages, len(game.Same.ASR), game.Same.ASR)
		add("paper, table 2, distinct", poisonedImages, len(game.Different.ASR), game.Different.ASR)
	}
	if row, ok := t.Table3.Row(NoDefense); ok {
		for _, game := range row.Games {
			add("paper, table 3", poisonedImages, game.N, []float64{game.MeanASR})
		}
	}
	later := map[string][2]float64{MNIST: {100.0, 27.5}, CIFAR10: {89.8, 12.1}}[dataset]
	add("later article, table 1", laterImages, 1, later[:1])
	add("later article, table 1", laterImages, 100, later[1:])
	return places, nil
}
