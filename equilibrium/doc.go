// Package equilibrium solves symmetric games of a few strategies, as empirical
// game-theoretic analysis does with payoffs that were measured (Wellman, Tuyls and
// Greenwald, "Empirical Game-Theoretic Analysis: A Survey", Journal of Artificial
// Intelligence Research 82, 2025).
//
// In a symmetric game every player has the same strategies, and a payoff depends on a
// player's own strategy and on how many players chose each. A [Profile] holds these
// numbers; a [Game] has, for each profile, the payoff of each strategy that is played
// in it. On top of that stand regret ([Game.Regret], [Game.MixtureRegret]), dominance
// ([Game.Undominated]), equilibria ([Game.Pure], [Game.Symmetric],
// [Game.Correlated]), best responses ([Game.Responses]) and welfare ([Game.Welfare]).
// [Sample] holds a payoff per seed, and [Sample.Resample] tells how far the seeds
// decide the answers.
//
// Payoffs are plain numbers, and the package knows nothing of attackers.
package equilibrium
