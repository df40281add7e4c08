// Package equilibrium solves symmetric games of a few strategies, as empirical
// game-theoretic analysis does with payoffs that were measured (Wellman, Tuyls and
// Greenwald, "Empirical Game-Theoretic Analysis: A Survey", Journal of Artificial
// Intelligence Research 82, 2025).
//
// In a symmetric game all players have the same strategies, and a payoff depends on a
// player's own strategy and on how many players chose each. A [Profile] holds these
// numbers; a [Game] has, for each profile, the payoff of each strategy that is played
// in it. [Game.Solve] answers at once what the parts answer one by one: regret
// ([Game.Regret], [Game.MixtureRegret]), dominance ([Game.Dominated],
// [Game.Eliminate]), equilibria ([Game.Pure], [Game.Symmetric], [Game.Replicate],
// [Game.Correlated]), best responses ([Game.Responses], [Game.Sinks]), welfare
// ([Game.Welfare], [Game.Anarchy]) and the kind of the game ([Game.Kind]).
//
// A [Sample] holds a payoff per seed. [Sample.Resample] draws the seeds with replacement
// and solves every resampled game, which tells how far the seeds decide the answers.
// [Outcomes] holds what payoffs are made of, a success, the share that a filter finds and
// a cost, and answers how the equilibria depend on the price of a unit of cost.
//
// Payoffs are plain numbers, and the package knows nothing of attackers. Strategies are
// indices from 0; the names in texts are the caller's.
package equilibrium
