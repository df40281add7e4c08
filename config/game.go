package config

import (
	"embed"
	"fmt"
	"math"
	"path"
	"slices"
	"strconv"
	"strings"

	"backfire/equilibrium"
	"backfire/payoffs"
)

//go:embed games/*.yaml
var gameFiles embed.FS

// Games returns the names of the attackers' games that are part of the program.
func Games() []string { return []string{"rates", "labels", "coalition", "sybils", "defender"} }

// Game is an attackers' game that was read from a file and checked as a whole.
type Game struct {
	Spec    payoffs.Spec
	Source  string   // its origin: "game rates" or "file my.yaml"
	Preset  string   // the preset that all profiles start from; empty: none
	Notices []string // as in [Sweep]

	file *gameFile
	x    *expansion
}

// LoadGame reads an attackers' game, given by one of the names of [Games] or the path of a
// file, and resolves every profile of its first seeds. Values come from the sources of
// [LoadSweep], in the same order; the strategies stand for its points. Everything in the
// file is checked. Errors wrap [ErrInvalid] and name the place in the file, the key, the
// value and what would work. Numbers of players and seeds above 0 override those of the file.
func LoadGame(name string, opts Options, players, seeds int) (*Game, error) {
	text, source, err := gameText(name, opts.Environ)
	if err != nil {
		return nil, err
	}
	file, err := readGame(text, source)
	if err != nil {
		return nil, err
	}
	x, err := newExpansion(file.sweepFile, opts)
	if err != nil {
		return nil, err
	}
	g := &Game{Spec: file.spec, Source: source, Preset: x.preset, file: file, x: x}
	if players != 0 {
		g.Spec.Players = players
	}
	if seeds != 0 {
		g.Spec.Seeds = seeds
	}
	g.Spec.FirstSeed, g.Spec.Base = x.base.Config.Seed, map[string]string{}
	g.Spec.P0, _, _ = x.base.Config.Attackers.Strength(0)
	for _, e := range file.base {
		g.Spec.Base[e.key] = Format(lookedUp(e.key).valueIn(&x.base.Config))
	}
	if err := g.Spec.Check(); err != nil {
		return nil, invalidf("%s: %w", source, err)
	}
	return g, g.check()
}

// playerLists are the keys that give attackers other values than their neighbours.
var playerLists = []string{
	"attackers.rates", "attackers.poison_rates", "attackers.trigger_sizes", "attackers.box_sizes", "attackers.pixel_shares", "attackers.kinds",
	"attackers.colluders", "attackers.seats", "attackers.targets",
}

// check refuses settings that do not belong to a symmetric game, and resolves every profile.
func (g *Game) check() error {
	cfg := &g.x.base.Config
	for _, key := range playerLists {
		if value := lookedUp(key).valueIn(cfg); Format(value) != "" {
			return &fault{
				key: key, value: value, where: g.x.where[key],
				reason: "makes attackers differ, but the players of a game are symmetric: what they can choose belongs below strategies (labels of their own: own_labels)",
			}
		}
	}
	seats := g.Spec.Players * g.Spec.BlockSize()
	switch cfg.Deal.Seats {
	case SeatsMax:
		cfg.Deal.Seats = strconv.Itoa(seats)
	case SeatsN:
		if g.Spec.BlockSize() > 1 {
			return &fault{key: "deal.seats", value: SeatsN, where: g.x.where["deal.seats"], reason: "would make the seats larger where owners attack on fewer of them: set max, or a number"}
		}
	}
	// Answers need neither lone attackers nor transfers; a file that wants them says so.
	for _, key := range []string{"attackers.singles", "attackers.transfers"} {
		source := g.x.base.Sources[key]
		if source == "default" || strings.HasPrefix(source, "preset ") {
			lookedUp(key).setIn(cfg, 0)
		}
	}
	if total := g.Spec.Seeds * len(g.Spec.Profiles()); total > MaxPoints {
		return invalidf("%s: has %d points: %d profiles for %d seeds: must be at most %d", g.Source, total, len(g.Spec.Profiles()), g.Spec.Seeds, MaxPoints)
	}
	if uint64(g.Spec.Seeds-1) > math.MaxUint64-g.Spec.FirstSeed {
		return invalidf("%s: %d seeds from %d on: none may be above %d", g.Source, g.Spec.Seeds, g.Spec.FirstSeed, uint64(math.MaxUint64))
	}
	for _, profile := range g.Spec.Profiles() {
		if _, err := g.Point(profile, g.Spec.FirstSeed); err != nil {
			return err
		}
	}
	for _, f := range g.x.effects.faults() {
		if !slices.Contains(gameKeys, f.key) { // a profile may give all players what they have anyway
			return f
		}
	}
	g.Notices = noticesOf(g.x.notices.faults())
	return nil
}

// gameKeys are the keys that the profiles of a game set.
var gameKeys = []string{
	"attackers.counts", "attackers.seats", "attackers.poison_rates", "attackers.box_sizes", "attackers.pixel_shares", "attackers.kinds",
	"attackers.labels", "attackers.targets", "attackers.colluders", "defenders", "artefacts.detection", "artefacts.detectors",
}

// Point returns the configuration of a profile on a seed. Its key "profile" is that of
// payoffs.Key.
func (g *Game) Point(profile equilibrium.Profile, seed uint64) (Point, error) {
	item := listItem{name: profile.Describe(g.Spec.Names())}
	settings := g.settings(g.Spec.Seat(profile, seed))
	for _, key := range gameKeys {
		value, given := settings[key]
		if !given {
			continue
		}
		if err := g.x.free(key, g.Source); err != nil {
			return Point{}, err
		}
		item.settings = append(item.settings, sweepSetting{key: lookedUp(key), value: value, where: g.Source})
	}
	p, err := g.x.point(seed, item, nil)
	if err != nil {
		return Point{}, err
	}
	p.Keys = map[string]string{"profile": payoffs.Key(profile)}
	return p, nil
}

// settings returns the settings of a profile whose players sit on given seats, by key.
func (g *Game) settings(players []payoffs.Player) map[string]any {
	spec, cfg := &g.Spec, g.x.base.Config
	size := spec.Players * spec.BlockSize()
	p0s, p1s, p2s, kinds := make([]float64, size), make([]float64, size), make([]float64, size), make([]string, size)
	labels := make([]string, size)
	for seat := range size {
		p0s[seat], p1s[seat], p2s[seat] = cfg.Attackers.Strength(seat)
		kinds[seat], labels[seat] = cfg.Trigger.Kind, cfg.Attackers.Label
	}
	var seats []int
	var colluders []string
	own := func(one payoffs.Strategy) bool { return one.Labels == payoffs.LabelsOwn }
	for _, player := range players {
		one := spec.Strategies[player.Strategy]
		for _, seat := range player.Seats {
			seats = append(seats, seat)
			p0s[seat] = orElse(one.P0, p0s[seat]) / float64(one.SeatCount())
			p1s[seat], p2s[seat] = orElse(one.P1, p1s[seat]), orElse(one.P2, p2s[seat])
			if one.Kind != "" {
				kinds[seat] = one.Kind
			}
			if own(one) {
				labels[seat] = spec.OwnLabels[player.Block]
			}
			if seat != player.Leader {
				colluders = append(colluders, fmt.Sprintf("%d=%d", seat, player.Leader))
				labels[seat] = labels[player.Leader]
			}
		}
	}
	settings := map[string]any{"attackers.counts": []int{len(seats)}}
	needed := seats[len(seats)-1] + 1
	if needed > len(seats) {
		settings["attackers.seats"] = seats
	}
	give := func(key string, varied func(payoffs.Strategy) bool, value any) {
		if slices.ContainsFunc(spec.Strategies, varied) {
			settings[key] = value
		}
	}
	give("attackers.poison_rates", func(s payoffs.Strategy) bool { return s.P0 != nil || s.SeatCount() > 1 }, p0s[:needed])
	give("attackers.box_sizes", func(s payoffs.Strategy) bool { return s.P1 != nil }, p1s[:needed])
	give("attackers.pixel_shares", func(s payoffs.Strategy) bool { return s.P2 != nil }, p2s[:needed])
	give("attackers.kinds", func(s payoffs.Strategy) bool { return s.Kind != "" }, kinds[:needed])
	give("attackers.labels", own, "list")
	give("attackers.targets", own, labels[:needed])
	if len(colluders) > 0 {
		settings["attackers.colluders"] = colluders
	}
	if len(spec.Defenders) > 0 {
		settings["defenders"] = spec.Defenders
	}
	switch {
	case spec.Detector != "":
		settings["artefacts.detectors"] = []string{spec.Filter}
	case spec.Filter != "":
		settings["artefacts.detection"] = true
	}
	return settings
}

// Sweep returns the sweep of all profiles and seeds, for the planner: seed by seed.
func (g *Game) Sweep() (*Sweep, error) {
	s := &Sweep{Name: g.Spec.Name, Title: g.Spec.Title, Source: g.Source, Preset: g.Preset, Notices: g.Notices, Game: &g.Spec}
	for i := range uint64(g.Spec.Seeds) {
		for _, profile := range g.Spec.Profiles() {
			p, err := g.Point(profile, g.Spec.FirstSeed+i)
			if err != nil {
				return nil, err
			}
			s.Points = append(s.Points, p)
		}
	}
	return s, nil
}

// gameText returns the text and the source of one of [Games], or else of a file.
func gameText(name string, environ []string) (text []byte, source string, err error) {
	if slices.Contains(Games(), name) {
		text, err := gameFiles.ReadFile(path.Join("games", name+".yaml"))
		if err != nil {
			return nil, "", fmt.Errorf("config: read game: %w", err)
		}
		return text, "game " + name, nil
	}
	return fileText("game", name, environ, nearestOf(name, Games()))
}
