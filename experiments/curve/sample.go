package curve

import (
	"backfire/game"
	"backfire/internal/streams"
)

// DefenderShare is how many times as many images of the defender as of an attacker are scored.
const DefenderShare = 5

// Sample returns the positions, ascending, of the probes that a learning curve is scored on. Of
// each attacker they are its given number of held-out images, each with and without its trigger, and
// of the defender DefenderShare times as many; all of those that have fewer, and all with 0. They
// are drawn from the stream "score" of the agent's ID, so that a smaller sample is a part of a larger
// one, and an agent that holds out the same images in two games is scored on the same ones.
func Sample(rules game.Rules, list []game.Probe, images int) []int {
	sources := make([]map[int]bool, 1+len(rules.Attackers)) // that are scored, by owner
	for i := range sources {
		owner, id, most := i-1, game.Defender, DefenderShare*images
		if owner != game.Defender {
			id, most = rules.Attackers[owner].ID, images
		}
		sources[i] = sampledSources(heldOut(list, owner), rules.Seed, id, most)
	}
	var positions []int
	for at, probe := range list {
		if owner := 1 + probe.Owner; owner < len(sources) && sources[owner][probe.Source] {
			positions = append(positions, at)
		}
	}
	return positions
}

// heldOut returns the images that an owner holds out, in the order of its probes.
func heldOut(list []game.Probe, owner int) []int {
	var sources []int
	for _, probe := range list {
		if probe.Owner == owner && probe.Trigger == game.NoTrigger {
			sources = append(sources, probe.Source)
		}
	}
	return sources
}

// sampledSources draws at most so many of an agent's images; all of them with 0.
func sampledSources(sources []int, seed uint64, id, most int) map[int]bool {
	if most > 0 && most < len(sources) {
		streams.New(seed, "score", uint64(id+1)).Shuffle(len(sources), func(i, j int) { sources[i], sources[j] = sources[j], sources[i] })
		sources = sources[:most]
	}
	sampled := make(map[int]bool, len(sources))
	for _, source := range sources {
		sampled[source] = true
	}
	return sampled
}
