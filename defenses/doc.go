// Package defenses is what a defender does: to its data (agent augmentation), to
// its batches (adversarial triggers, CutMix, MixUp, adversarial examples) and to
// its set of models (agent indexing).
//
// A [Policy] is a defender: a name and a [Stack] of defenses. The stack of a
// training is applied in one order, however it is written:
//
//  1. [Augment] changes the training set, once;
//  2. a [Batcher] draws for every batch what happens to it: which rows carry
//     adversarial triggers ([Stamps]), how the batch is mixed (package mix) and
//     which rows become adversarial examples ([Perturbation]);
//  3. package indexing plans which models are trained, on whose images.
//
// Nothing here knows libtorch. A training engine carries out what is drawn, on
// its device; functions of this package and of mix that take images define, on
// the CPU, what carrying it out means. Who a query came from when no index says
// so is guessed by package detect, and how far one agent's images lie from all is
// measured by package divergence, both with the numerics of package features.
//
// Every draw is a function of the game's seed, the purpose, epoch and step
// (package streams), so a defended training is as reproducible as any other, and
// the draws of one defense do not depend on which others are in the stack, but
// for the size of the batches they are given.
package defenses

import "errors"

var (
	// ErrPolicy is wrapped by every refusal of a defender.
	ErrPolicy = errors.New("bad defender")
	// ErrCollision is wrapped where no simulated trigger can be found that
	// collides with nobody's.
	ErrCollision = errors.New("a simulated trigger collides")
)
