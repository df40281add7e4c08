package game_test

import (
	"fmt"

	"backfire/datasets"
	"backfire/game"
	"backfire/triggers"
)

// photos returns a dataset of 100 grey images in two classes: dark cats and bright
// dogs.
func photos() (*datasets.Set, error) {
	const n, pixels = 100, 8 * 8
	images, labels := make([]uint8, n*pixels), make([]uint16, n)
	for i := range n {
		labels[i] = uint16(i % 2)
		for p := range pixels {
			images[i*pixels+p] = 50 + 150*uint8(labels[i])
		}
	}
	return datasets.New("photos", images, labels, 1, 8, 8, []string{"cat", "dog"})
}

// twoAttackers returns the rules of a game in which two attackers want cats to be
// taken for dogs.
func twoAttackers() game.Rules {
	attacker := func(id int) game.Attacker {
		return game.Attacker{
			ID: id, Target: 1, PoisonRate: 0.25, LabelMode: game.DirtyLabel,
			Trigger: triggers.Spec{P1: 0.5, P2: 0.5, Range: triggers.PerDimension},
		}
	}
	return game.Rules{
		Seed: 1, DefenderShare: 0.4, HeldOut: 0.2,
		Attackers: []game.Attacker{attacker(0), attacker(1)},
		Sampling:  game.PerAgent, ExcludeTargetClass: true, Denominator: game.Own,
	}
}

// A game deals a dataset among a defender and its attackers. The attackers poison
// part of their contributions to the training set.
func Example() {
	set, err := photos()
	if err != nil {
		fmt.Println(err)
		return
	}
	g, err := game.New(set, twoAttackers())
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("the defender contributes", len(g.Deal().Defender.Contributed), "images")
	for i, share := range g.Deal().Attackers {
		fmt.Println("attacker", i, "contributes", len(share.Contributed), "images")
	}
	poisoned := 0
	for _, row := range g.Training().Rows {
		if row.Trigger != game.NoTrigger {
			poisoned++
			if poisoned == 1 {
				fmt.Println("image", row.Source, "is a", set.Classes[row.Old], "and is trained on as a", set.Classes[row.New])
			}
		}
	}
	fmt.Println(poisoned, "of", len(g.Training().Rows), "images are poisoned")
	// Output:
	// the defender contributes 32 images
	// attacker 0 contributes 24 images
	// attacker 1 contributes 24 images
	// image 46 is a cat and is trained on as a dog
	// 12 of 80 images are poisoned
}

// Score counts a model's predictions for the probes. This model has learnt the
// trigger of attacker 0 and recognises everything else.
func ExampleGame_Score() {
	set, err := photos()
	if err != nil {
		fmt.Println(err)
		return
	}
	g, err := game.New(set, twoAttackers())
	if err != nil {
		fmt.Println(err)
		return
	}
	var predictions []uint16
	for _, probe := range g.Probes().List {
		prediction := probe.Label
		if probe.Trigger == 0 {
			prediction = 1
		}
		predictions = append(predictions, prediction)
	}
	score, err := g.Score(predictions)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("standard accuracy", score.Clean.Value())
	for _, attacker := range score.Attackers {
		fmt.Println("attacker", attacker.ID, "has ASR", attacker.ASR.Value(), "and base rate", attacker.BaseRate.Value())
	}
	// Output:
	// standard accuracy 1
	// attacker 0 has ASR 1 and base rate 0
	// attacker 1 has ASR 0 and base rate 0
}

// Rules that a dataset is too small for are refused with a remedy.
func ExampleRules_Validate() {
	set, err := photos()
	if err != nil {
		fmt.Println(err)
		return
	}
	rules := twoAttackers()
	rules.PoolSize = 4
	fmt.Println(rules.Validate(set))
	// Output:
	// game: bad rules: in a pool of 4 images the defender gets 2 images, too few to contribute some and hold out some: the smallest pool that works for 2 attackers is 11
}
