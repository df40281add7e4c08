package claims_test

import (
	"fmt"

	"backfire/claims"
	"backfire/stats"
)

// Judge decides a claim by games on several seeds. Here CutMix lowers the ASR of a
// single attacker from 90 % to about 50 %.
func ExampleJudge() {
	play := func(seed uint64, defense string, asr stats.Number) claims.Game {
		return claims.Game{
			Seed: seed, Defense: defense, Labels: claims.Same, CleanAccuracy: 0.9,
			Attackers: []claims.Attacker{{ID: 0, Target: 2, Rate: 0.2, ASR: asr, Lift: asr, Divergence: stats.Undefined()}},
			Models:    []string{fmt.Sprint(defense, seed)},
		}
	}
	measurements := claims.Measurements{Rate: 0.2, Primary: []string{"C5"}}
	for seed := range uint64(24) {
		measurements.Games = append(measurements.Games,
			play(seed, claims.NoDefense, 0.9), play(seed, claims.CutMix, 0.48+0.02*stats.Number(seed%3)))
	}
	verdicts, err := claims.Judge(measurements, "C5")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Print(claims.Text(verdicts))
	// Output:
	// C5 CutMix: SUPPORTED
	//   That CutMix lowers the ASR is supported on 24 seeds and 48 models: the change of mean ASR by CutMix is -40.0 points (95 % CI -49.9 to -17.0), below -5.0, and lift agrees.
	//   - change of mean ASR by CutMix is -40.0 points (95 % CI -49.9 to -17.0); supported below -5.0, opposite above +5.0: supported
	//   - change of mean lift by CutMix is -40.0 points (95 % CI -49.9 to -17.0); supported below -5.0, opposite above +5.0: supported
}

// Each table of the paper settles some of the claims.
func ExampleForTable() {
	for table := 1; table <= 3; table++ {
		fmt.Println("table", table, "settles", claims.ForTable(table))
	}
	// Output:
	// table 1 settles [C1 C2 C3 C8]
	// table 2 settles [C4 C8]
	// table 3 settles [C1 C5 C6 C7 C8]
}
