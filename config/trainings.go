package config

import (
	"slices"

	"backfire/internal/streams"
)

// exactInJSON is the number of bits of an integer that every reader of JSON reads exactly.
const exactInJSON = 53

// TrainingSeeds returns the seeds of the trainings of every game: TrainingSeed, and
// Seeds.Trainings - 1 further ones, drawn from it. No two of them are equal.
func (c Config) TrainingSeeds() []uint64 {
	first := c.TrainingSeed()
	seeds := []uint64{first}
	for i := uint64(1); len(seeds) < c.Seeds.Trainings; i++ {
		seed := streams.New(first, "training", i).Uint64() >> (64 - exactInJSON)
		if !slices.Contains(seeds, seed) {
			seeds = append(seeds, seed)
		}
	}
	return seeds
}

// Trainings returns a point for each training of the point's games, the point itself if
// there is one. They have one deal and the same triggers: these are verified with the seed
// of the first training.
func (p Point) Trainings() []Point {
	seeds := p.Config.TrainingSeeds()
	if len(seeds) == 1 {
		return []Point{p}
	}
	first := p.Config
	points := make([]Point, len(seeds))
	for i, seed := range seeds {
		points[i] = p
		points[i].Training = i + 1
		points[i].Config.Seeds.Training = &seed
		if i > 0 && p.Verify == nil {
			points[i].Verify = &first
		}
	}
	return points
}

// trainings returns the points, which are sorted by seed, with a point for each training of
// each: all first trainings of a seed, then all second ones, and so on.
func trainings(points []Point) []Point {
	var all []Point
	for len(points) > 0 {
		of := slices.IndexFunc(points, func(p Point) bool { return p.Config.Seed != points[0].Config.Seed })
		if of < 0 {
			of = len(points)
		}
		var each [][]Point
		most := 0
		for _, p := range points[:of] {
			each = append(each, p.Trainings())
			most = max(most, len(each[len(each)-1]))
		}
		for i := range most {
			for _, trained := range each {
				if i < len(trained) {
					all = append(all, trained[i])
				}
			}
		}
		points = points[of:]
	}
	return all
}
