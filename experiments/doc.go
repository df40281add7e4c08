// Package experiments holds no code. Its rooms turn a configuration into trained models, stored results and the
// figures of tables:
//
//	cell       what fixes one trained model: identity, defense, segments, attribution, cost
//	curve      learning curves: which images are scored, the rates after epochs, their file
//	store      one directory per result: claims, results, artefacts, environment, notes of runs
//	plan       a configuration becomes games and cells, as far as results decide them
//	worker     trains one cell on an engine, in a worker process
//	runner     hands cells to worker processes, alone or beside runners on other hosts
//	estimate   speed, memory, how many models at a time, how long
//	summary    stored results joined into games: the figures of a table
//	verify     derives stored results once more and compares
//	inference  queries stored models
//
// A room imports only rooms further left:
//
//	cell  <-+         +- plan   -+           +- estimate -+     +- verify    -+
//	        +- store <-          <- runner <-              <-                 <- cli
//	curve <-+         +- worker -+           +- summary  -+     +- inference -+
//
// The engine's program imports worker, and package report imports summary. Only plan reads package config, so
// that the engine links nothing of the command line. golangci-lint holds the arrows (depguard).
//
// # Glossary
//
// The words of the game:
//
//   - agent: a party that contributes images: the defender or an attacker.
//   - pool: the images that are played for. The deal divides it among the agents; each contributes a part of its
//     images and holds out the rest, on which measures are taken.
//   - seat: one of the equal parts of the attackers' share of the pool, one per attacker of a game.
//   - game: one deal with its attackers and one defender, and the models that the defender trains.
//   - single game: the game in which an attacker is alone, without a defense. Its ASR is the single ASR.
//   - twin: the game without a defense on the same deal, with which each defense is compared.
//   - reading: a choice that the paper leaves open, made by a named setting.
//   - probe: one image that the trained model predicts; all measures are counted from these predictions.
//   - query: an image, or several images of one agent, that a defender is asked to classify.
//   - attribution, on disk inquiry: a guess whose images a query resembles, for a defender that is told no agent.
//
// The words of the program:
//
//   - cell: everything that fixes one trained model. The SHA-256 of its canonical JSON names the model.
//   - segment, on disk slice: a part of a training with the same images throughout.
//   - base: the cell whose training saves the state that another one starts from.
//   - point: one configuration of a sweep, for one seed. A sweep is a run over many points.
//   - candidate, on disk draw: one trigger that an attacker drew and that its single game verifies.
//   - plan: the games and cells of a configuration. A worklist holds the cells to train, given known results; a
//     task is one of them.
//   - store: a directory with one directory per result, and the plans and summaries.
//   - artefact: a file that a result has on request only, such as the model's weights.
//   - claim: the right to produce one cell. It is a lease, which at most one process has at a time, over all hosts
//     that share the store.
//   - checkpoint: the state of a training after an epoch, from which it resumes to the same bits. A state is one
//     that several cells start from.
//   - machine: everything that the bits of a training depend on beside its cell.
//   - engine: the program that trains and predicts on libtorch. A worker is one of its processes.
//   - open run: a run that has begun and whose summary does not yet name all its models.
//
// docs/glossary.md has all of them.
package experiments
