// Package defenses defines what a defender does against backdoors: to its data, to its
// batches, to the contributed images after a first training (package filter), to the
// trained model (package repair), to queries and answers, and to its set of models
// (package indexing).
//
// A [Policy] is a defender: a name and a [Stack] of defenses. The defenses of a stack
// are always applied in the same order, whatever the order in which they are written.
// Each is described by a [definition.Definition], from which its settings in
// configurations follow; registry.go lists them all. What a defense does is a method of
// its settings:
//
//  1. a [DataChanger] changes the training set, once;
//  2. a [Batcher] draws the changes of every batch: the rows that carry adversarial
//     triggers ([Stamps]), the mixing of images (package mix) and the rows that become
//     adversarial examples ([Perturbation]);
//  3. a [filter.Filter] chooses contributed rows to remove, by a first model;
//  4. a [repair.Repair] changes the trained model;
//  5. an [Answerer] changes what the model is asked, and its answers;
//  6. package indexing plans the models and the images that each is trained on.
//
// The package does not use libtorch. A training engine carries out the drawn
// changes on its device; the functions of this package and of mix that take
// images define the result, on the CPU. Package detect guesses the agent of a
// query without an index, and package divergence measures the distance between
// one agent's images and all; both use the numerics of package features.
//
// Every draw is a function of the game's seed, the purpose, epoch and step
// (package streams), so a defended training is as reproducible as any other. The
// draws of one defense depend on the others in the stack only through the size
// of the batches.
package defenses

import "errors"

var (
	// ErrPolicy is wrapped by every refusal of a defender.
	ErrPolicy = errors.New("bad defender")
	// ErrCollision is wrapped if every trigger drawn for a simulated attacker
	// equals another attacker's.
	ErrCollision = errors.New("a simulated trigger collides")
)
