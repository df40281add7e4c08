package equilibrium

import (
	"math"
	"slices"
	"strconv"
	"strings"
)

// Profile holds the number of players that chose each strategy.
type Profile []int

// Uniform returns the profile in which all players choose one strategy.
func Uniform(players, strategies, strategy int) Profile {
	p := make(Profile, strategies)
	p[strategy] = players
	return p
}

// Players returns the number of players.
func (p Profile) Players() int {
	total := 0
	for _, count := range p {
		total += count
	}
	return total
}

// Support returns the strategies that are played, ascending.
func (p Profile) Support() []int {
	var support []int
	for s, count := range p {
		if count > 0 {
			support = append(support, s)
		}
	}
	return support
}

// Moved returns the profile after one player changed from a strategy to another. The
// profile must have a player of the former.
func (p Profile) Moved(from, to int) Profile {
	moved := slices.Clone(p)
	moved[from]--
	moved[to]++
	return moved
}

// Joined returns the profile after one more player came with a strategy.
func (p Profile) Joined(strategy int) Profile {
	joined := slices.Clone(p)
	joined[strategy]++
	return joined
}

// Mean returns the mean over the players of an attribute of their strategies, such as a
// poison rate. It has a value for each strategy.
func (p Profile) Mean(attribute []float64) float64 {
	sum := 0.0
	for s, count := range p {
		sum += float64(count) * attribute[s]
	}
	return sum / float64(p.Players())
}

// Describe returns a text such as "3 × low, 2 × high", given the strategies' names.
func (p Profile) Describe(names []string) string {
	var parts []string
	for _, s := range p.Support() {
		parts = append(parts, strconv.Itoa(p[s])+" × "+names[s])
	}
	return strings.Join(parts, ", ")
}

// key returns a text that is equal for equal profiles, and for no others.
func (p Profile) key() string {
	text := make([]byte, 0, 3*len(p))
	for _, count := range p {
		text = strconv.AppendInt(text, int64(count), 10)
		text = append(text, ' ')
	}
	return string(text)
}

// Profiles returns every profile of a number of players and strategies in a fixed order:
// the players move from the first strategies to the last ones. For two players and two
// strategies it is (2,0), (1,1), (0,2).
func Profiles(players, strategies int) []Profile {
	if strategies < 1 || players < 0 {
		return nil
	}
	if strategies == 1 {
		return []Profile{{players}}
	}
	var all []Profile
	for first := players; first >= 0; first-- {
		for _, rest := range Profiles(players-first, strategies-1) {
			all = append(all, append(Profile{first}, rest...))
		}
	}
	return all
}

// ProfileCount returns the number of profiles, C(players+strategies-1, players), or
// math.MaxInt if it is larger than that.
func ProfileCount(players, strategies int) int {
	if strategies < 1 || players < 0 {
		return 0
	}
	count := 1.0
	for i := 1; i <= min(players, strategies-1); i++ {
		count *= float64(players+strategies-i) / float64(i)
	}
	if count >= math.MaxInt {
		return math.MaxInt
	}
	return int(math.Round(count))
}

// multinomial returns the number of orders in which the players of a profile can
// choose: players! / product of counts!.
func (p Profile) multinomial() float64 {
	log, _ := math.Lgamma(float64(p.Players() + 1))
	for _, count := range p {
		one, _ := math.Lgamma(float64(count + 1))
		log -= one
	}
	return math.Round(math.Exp(log))
}
