// Package payoffs turns measured games into the payoffs of strategies and has package
// equilibrium solve them: pure functions from the description of a game and from what its
// models measured to equilibria, regrets and prices.
//
// Several symmetric attackers choose one of a few strategies. A profile is the number of
// attackers that chose each. One model is trained for each profile and seed, and every
// strategy of the profile is paid from it: the mean over the attackers that play it of
//
//	u = lift (1 - q) - c k
//
// where k is the number of poisoned images, c the price of one, and q the share of them that
// a named filter finds by the features of the same model. With q = c = 0 this is the bare
// game. docs/game.md describes the file of a game and its answers.
package payoffs
