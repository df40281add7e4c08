package config

import (
	"embed"
	"fmt"
	"maps"
	"math"
	"path"
	"slices"
	"strconv"
	"strings"

	"backfire/audit"
	"backfire/audit/design"
)

//go:embed audits/*.yaml
var auditFiles embed.FS

// Audits returns the names of the audits that are part of the program.
func Audits() []string {
	return []string{"paper", "conflict", "conflict-large", "one-label", "own-labels", "scale", "gpu"}
}

// Audit is an audit that was read from a file and checked as a whole.
type Audit struct {
	Spec    audit.Spec
	Source  string   // its origin: "audit paper" or "file my.yaml"
	Preset  string   // the preset that all games start from; empty: none
	Notices []string // as in [Sweep]

	file *auditFile
	x    *expansion
}

// LoadAudit reads an audit, given by one of the names of [Audits] or the path of a file, and resolves the games
// that it plays in any case. Values come from the sources of [LoadSweep], in the same order; the factors stand for
// its points. Everything in the file is checked: that every level can be set and changes the game, that the design
// reaches its resolution, that the seeds suffice for verdicts. Errors wrap [ErrInvalid] and name the place in the
// file, the key, the value and what would work.
func LoadAudit(name string, opts Options) (*Audit, error) {
	text, source, err := auditText(name, opts.Environ)
	if err != nil {
		return nil, err
	}
	file, err := readAudit(text, source)
	if err != nil {
		return nil, err
	}
	x, err := newExpansion(file.sweepFile, opts)
	if err != nil {
		return nil, err
	}
	a := &Audit{Spec: file.spec, Source: source, Preset: x.preset, file: file, x: x}
	a.Spec.FirstSeed, a.Spec.Base = x.base.Config.Seed, map[string]string{}
	for _, e := range file.base {
		a.Spec.Base[e.key] = Format(lookedUp(e.key).valueIn(&x.base.Config))
	}
	if err := a.Spec.Check(); err != nil {
		return nil, invalidf("%s: %w", source, err)
	}
	return a, a.check()
}

// lookedUp returns a key that exists.
func lookedUp(name string) Key {
	key, _ := lookup(name)
	return key
}

// check resolves the games that are played in any case.
func (a *Audit) check() error {
	for _, key := range a.varied() {
		if err := a.x.free(key, a.Source); err != nil {
			return err
		}
	}
	a.fixSeats()
	plays, err := a.Spec.Smallest()
	if err != nil {
		return invalidf("%s: %w", a.Source, err)
	}
	for _, play := range plays {
		if play.Seed != a.Spec.FirstSeed {
			continue
		}
		if _, err := a.Point(play); err != nil {
			return err
		}
	}
	if faults := a.x.effects.faults(); len(faults) > 0 {
		return faults[0]
	}
	a.Notices = noticesOf(a.x.notices.faults())
	return a.levelsDiffer()
}

// varied returns the keys that the audit sets itself.
func (a *Audit) varied() []string {
	keys := map[string]bool{"attackers.counts": true}
	for _, levels := range a.file.factors {
		for _, level := range levels {
			for _, s := range level.settings {
				keys[s.key.Name] = true
			}
		}
	}
	if a.Spec.Phase != nil {
		keys["attackers.p0"] = true
	}
	if a.Spec.Shares != nil {
		keys["trigger.sampling"], keys["trigger.jitter"] = true, true
	}
	return slices.Sorted(maps.Keys(keys))
}

// fixSeats replaces deal.seats = max by the largest number of attackers of all stages, so that a game is the same
// in every stage.
func (a *Audit) fixSeats() {
	largest := max(slices.Max(a.Spec.Primary.Counts), slices.Max(a.Spec.Screening.Counts))
	if a.Spec.Phase != nil {
		largest = max(largest, slices.Max(a.Spec.Phase.Counts))
	}
	if a.Spec.Shares != nil {
		largest = max(largest, slices.Max(a.Spec.Shares.Counts))
	}
	fixed := strconv.Itoa(largest)
	if a.x.base.Config.Deal.Seats == SeatsMax {
		a.x.base.Config.Deal.Seats = fixed
	}
	for _, levels := range a.file.factors {
		for _, level := range levels {
			for i, s := range level.settings {
				if s.key.Name == "deal.seats" && s.value == any(SeatsMax) {
					level.settings[i].value = fixed
				}
			}
		}
	}
}

// levelsDiffer refuses a factor whose levels give the same game.
func (a *Audit) levelsDiffer() error {
	primary := audit.Play{Condition: audit.Condition{Stage: audit.StageScreening, High: a.Spec.PrimaryLevels()}, Seed: a.Spec.FirstSeed, Counts: a.Spec.Screening.Counts}
	for f, factor := range a.Spec.Factors {
		other := primary
		other.High ^= design.Main(f)
		one, err := a.Point(primary)
		if err != nil {
			return err
		}
		two, err := a.Point(other)
		if err != nil {
			return err
		}
		if fingerprint(&one.Config) == fingerprint(&two.Config) {
			return &fault{key: "factors." + factor.Name, where: a.Source, reason: "has two levels that give the same game: give one of them another value"}
		}
	}
	return nil
}

// Point returns the configuration of a play. The keys of the point are the stage, the level of each factor, and in the
// phase diagram the number of poisoned images per attacker and N, in the stage of shares the jitter. Errors are those
// of [LoadSweep].
func (a *Audit) Point(play audit.Play) (Point, error) {
	item := listItem{name: a.Spec.ConditionName(play.Condition)}
	for f, levels := range a.file.factors {
		level := levels[0]
		if play.High&design.Main(f) != 0 {
			level = levels[1]
		}
		item.settings = append(item.settings, level.settings...)
	}
	add := func(key, value string) error {
		s, err := entry{key: key, raw: written{text: value}, where: a.Source}.setting()
		item.settings = append(item.settings, s)
		return err
	}
	var counts []string
	for _, n := range play.Counts {
		counts = append(counts, strconv.Itoa(n))
	}
	if err := add("attackers.counts", strings.Join(counts, ",")); err != nil {
		return Point{}, err
	}
	if play.Poisoned > 0 {
		rate, err := a.rate(item.settings, play)
		if err != nil {
			return Point{}, err
		}
		if err := add("attackers.p0", rate); err != nil {
			return Point{}, err
		}
	}
	if play.Stage == audit.StageShares {
		for _, s := range [][2]string{{"trigger.sampling", "per_agent"}, {"trigger.jitter", audit.JitterText(play.Jitter)}} {
			if err := add(s[0], s[1]); err != nil {
				return Point{}, err
			}
		}
	}
	p, err := a.x.point(play.Seed, item, nil)
	if err != nil {
		return Point{}, err
	}
	p.Keys = map[string]string{"stage": string(play.Stage)}
	for f, factor := range a.Spec.Factors {
		p.Keys[factor.Name] = factor.Level(play.High&design.Main(f) != 0).Name
	}
	if play.Stage == audit.StageShares {
		p.Keys["jitter"] = audit.JitterText(play.Jitter)
	}
	if play.Poisoned > 0 {
		p.Keys["poisoned"], p.Keys["N"] = strconv.Itoa(play.Poisoned), strings.Join(counts, ",")
	}
	return p, nil
}

// rate returns the poison rate with which an attacker of a play of the phase diagram poisons its number of images.
func (a *Audit) rate(settings []sweepSetting, play audit.Play) (string, error) {
	cfg := a.x.base.Config
	for _, s := range settings {
		s.key.setIn(&cfg, s.value)
	}
	refuse := func(format string, args ...any) (string, error) {
		return "", &fault{key: "phase.poisoned", value: play.Poisoned, where: a.Source, reason: fmt.Sprintf(format, args...)}
	}
	if cfg.Pool.Size == 0 {
		return refuse("needs pool.size, from which the poison rate follows")
	}
	if cfg.Data.Contributors != "none" {
		return refuse("needs seats of one size: with data.contributors = %s each contributor has as many images as it has", cfg.Data.Contributors)
	}
	if cfg.Attackers.Mapping == "source_specific" {
		return refuse("with attackers.mapping = %s only images of the source classes are poisoned, however many an attacker has of them", cfg.Attackers.Mapping)
	}
	n := play.Counts[len(play.Counts)-1]
	seats := cfg.Deal.SeatCount(n)
	if seats == 0 {
		seats = n
	}
	contributed, most := cfg.contribution(seats)
	if play.Poisoned > most {
		return refuse("an attacker contributes %d images in a pool of %d with %d seats: at most %d can be poisoned; choose fewer, a larger pool.size or fewer seats",
			contributed, cfg.Pool.Size, seats, most)
	}
	return strconv.FormatFloat(float64(play.Poisoned)/float64(contributed), 'g', -1, 64), nil
}

// contribution returns how many images an attacker contributes, and how many of them it can poison, where the
// pool is dealt to a number of seats.
func (c Config) contribution(seats int) (images, most int) {
	size := (c.Pool.Size - rounded(c.Deal.DefenderShare, c.Pool.Size)) / seats
	images = size - rounded(c.Deal.HeldOut, size)
	if c.Attackers.LabelMode == "dirty" && c.Attackers.Budget != "any" && c.Attackers.Mapping != allToAll {
		return images, images * 85 / 100 // images of the target class, about a tenth, are not poisoned
	}
	return images, images
}

// rounded returns a share of n images as the game rounds it.
func rounded(share float64, n int) int { return int(math.Round(share * float64(n))) }

// Sweep returns the sweep of plays, for the planner.
func (a *Audit) Sweep(plays []audit.Play) (*Sweep, error) {
	if len(plays) > MaxPoints {
		return nil, invalidf("%s: has more than %d points", a.Source, MaxPoints)
	}
	s := &Sweep{Name: a.Spec.Name, Title: a.Spec.Title, Source: a.Source, Preset: a.Preset, Notices: a.Notices, Audit: &a.Spec}
	for _, play := range plays {
		p, err := a.Point(play)
		if err != nil {
			return nil, err
		}
		s.Points = append(s.Points, p)
	}
	return s, nil
}

// auditText returns the text and the source of one of [Audits], or else of a file.
func auditText(name string, environ []string) (text []byte, source string, err error) {
	if slices.Contains(Audits(), name) {
		text, err := auditFiles.ReadFile(path.Join("audits", name+".yaml"))
		if err != nil {
			return nil, "", fmt.Errorf("config: read audit: %w", err)
		}
		return text, "audit " + name, nil
	}
	return fileText("audit", name, environ, nearestOf(name, Audits()))
}
