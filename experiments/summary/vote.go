package summary

import (
	"errors"
	"io/fs"
	"slices"

	"backfire/defenses/vote"
	"backfire/experiments/ballots"
	"backfire/experiments/plan"
	"backfire/experiments/store"
	"backfire/game"
	"backfire/stats"
)

// Vote is the outcome of a vote over groups of agents, with its certificates.
type Vote struct {
	Rule   vote.Rule `json:"rule"`   // by which the defender answers
	Own    bool      `json:"own"`    // the defender's own images are in each training set
	Groups [][]int   `json:"groups"` // IDs of the agents of each group, in the order of the first of GameResult.Models
	// Rules holds the outcome by each rule, in the order of vote.Rules.
	Rules []VoteOutcome `json:"rules"`
	// Control is the same vote without poison; nil if it was not played.
	Control *VoteControl `json:"control,omitempty"`
}

// VoteOutcome is the outcome of a vote by one rule.
type VoteOutcome struct {
	Rule vote.Rule `json:"rule"`
	// CleanAccuracy is over the defender's held-out images, the others over the attackers.
	CleanAccuracy game.Rate     `json:"clean_accuracy"`
	ASR           stats.Summary `json:"asr"`
	Robustness    stats.Summary `json:"robustness"`
	// Certified holds the certified accuracies by number of agents, from 0 to the largest number that certifies
	// any answer.
	Certified []Certified `json:"certified"`
}

// Certified holds the certified accuracies for a number of agents.
type Certified struct {
	// Agents is t: a right answer counts if no t agents could have changed it, whatever they had sent.
	Agents int `json:"agents"`
	// Clean is the share of such answers on the defender's held-out images, Robust that on the attackers' images
	// of their robustness accuracies, which carry a trigger.
	Clean  game.Rate `json:"clean"`
	Robust game.Rate `json:"robust"`
}

// VoteControl compares a vote with the same vote in the same game without poison.
type VoteControl struct {
	Models []string `json:"models"` // of that vote, by hash
	// Attackers is the number of attackers that poison images, Groups the number of groups in which they are. The
	// attack changed so many models.
	Attackers int              `json:"attackers"`
	Groups    int              `json:"groups"`
	Rules     []ControlOutcome `json:"rules"` // in the order of vote.Rules
}

// ControlOutcome is the outcome of a vote without poison by one rule, beside the answers of the vote with it.
type ControlOutcome struct {
	VoteOutcome
	// Changed counts the answers that the attack changed, by the certificate that they have without it.
	Changed []ChangedAnswers `json:"changed"`
	// Broken is the number of answers that the attack changed although their certificate, without poison or with
	// it, is at least VoteControl.Groups. It is 0 unless a certificate is wrong or a training cannot be repeated.
	Broken int `json:"broken"`
}

// ChangedAnswers counts the answers that an attack changed among those with one certificate.
type ChangedAnswers struct {
	Agents int `json:"agents"` // the certificate without poison
	// Clean is over the defender's held-out images, Triggered over the attackers' with their triggers.
	Clean     game.Rate `json:"clean"`
	Triggered game.Rate `json:"triggered"`
}

// By returns the outcome by a rule; nil if the vote has none.
func (v *Vote) By(rule vote.Rule) *VoteOutcome {
	for i := range v.Rules {
		if v.Rules[i].Rule == rule {
			return &v.Rules[i]
		}
	}
	return nil
}

// CertifiedFor returns the certified accuracies for a number of agents; those beyond the largest that certifies any
// answer are 0.
func (o *VoteOutcome) CertifiedFor(agents int) Certified {
	if agents < len(o.Certified) {
		return o.Certified[agents]
	}
	c := o.Certified[0]
	return Certified{Agents: agents, Clean: game.Rate{Of: c.Clean.Of}, Robust: game.Rate{Of: c.Robust.Of}}
}

// ballotBox holds the ballots of the models of a vote.
type ballotBox struct {
	record  *store.Record // of the first model: all play the same game
	ballots []*ballots.Ballots
}

// recordReader reads a stored result by its hash.
type recordReader func(hash string) (*store.Record, error)

// newBallotBox reads the ballots of models. The error wraps fs.ErrNotExist if one of them is stored without them.
func newBallotBox(read recordReader, models []string) (*ballotBox, error) {
	box := &ballotBox{}
	for i, hash := range models {
		record, err := read(hash)
		if err != nil {
			return nil, err
		}
		if record == nil {
			return nil, store.ErrNotStored
		}
		if i == 0 {
			box.record = record
		}
		ballots, err := record.Ballots()
		if err != nil {
			return nil, err
		}
		box.ballots = append(box.ballots, ballots)
	}
	return box, nil
}

// probes describes the probes.
func (b *ballotBox) probes() []game.Probe { return b.ballots[0].Probes }

// count returns the outcome of the vote about each probe.
func (b *ballotBox) count(rule vote.Rule) []vote.Outcome {
	outcomes := make([]vote.Outcome, len(b.probes()))
	rankings := make([][]uint16, len(b.ballots))
	for probe := range outcomes {
		for i, ballots := range b.ballots {
			rankings[i] = ballots.Of(probe)
		}
		outcomes[probe] = vote.Count(rule, rankings)
	}
	return outcomes
}

// measure returns the rates of the answers that no number of agents could have changed, all others counting as
// wrong.
func (b *ballotBox) measure(outcomes []vote.Outcome, agents int) game.Measures {
	list, classes := b.probes(), b.ballots[0].Classes
	predicted := make([]uint16, len(outcomes))
	for i, o := range outcomes {
		if predicted[i] = uint16(o.Class); o.Agents < agents {
			predicted[i] = uint16((int(list[i].Label) + 1) % classes)
		}
	}
	return b.record.Cell.Game.Measure(classes, list, predicted)
}

// outcome returns the figures of outcomes by a rule, and the measures of the answers.
func (b *ballotBox) outcome(rule vote.Rule, outcomes []vote.Outcome) (VoteOutcome, game.Measures) {
	answers := b.measure(outcomes, 0)
	v := VoteOutcome{
		Rule: rule, CleanAccuracy: answers.Clean,
		ASR:        stats.Over(answers.Attackers, func(a game.Success) float64 { return a.ASR.Value() }),
		Robustness: stats.Over(answers.Attackers, func(a game.Success) float64 { return a.Robustness.Value() }),
	}
	for t := range mostAgents(outcomes) + 1 {
		m := b.measure(outcomes, t)
		c := Certified{Agents: t, Clean: m.Clean}
		for _, a := range m.Attackers {
			c.Robust = sum(c.Robust, a.Robustness)
		}
		v.Certified = append(v.Certified, c)
	}
	return v, answers
}

// mostAgents returns the largest certificate.
func mostAgents(outcomes []vote.Outcome) int {
	most := 0
	for _, o := range outcomes {
		most = max(most, o.Agents)
	}
	return most
}

// newVote counts the votes of models by each rule. It also returns the measures by the rule of the planned vote,
// and whether it answers no better than chance. control holds the models of the same vote without poison; empty:
// there are none. The error wraps fs.ErrNotExist if a model is stored without its ballots.
func newVote(read recordReader, planned plan.PlannedVote, models, control []string) (*Vote, game.Measures, bool, error) {
	v := &Vote{Rule: planned.Rule, Own: planned.Own, Groups: planned.Groups}
	box, err := newBallotBox(read, models[:len(v.Groups)])
	if err != nil {
		return nil, game.Measures{}, false, err
	}
	var own game.Measures
	all := map[vote.Rule][]vote.Outcome{}
	for _, rule := range vote.Rules() {
		all[rule] = box.count(rule)
		outcome, measures := box.outcome(rule, all[rule])
		if v.Rules = append(v.Rules, outcome); rule == v.Rule {
			own = measures
		}
	}
	collapsed := own.Clean.Hits <= box.record.Result.Chance.Hits
	if len(control) > 0 {
		v.Control, err = box.control(read, v.Groups, control, all)
	}
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, store.ErrNotStored) {
		err = nil // it is still to be played
	}
	return v, own, collapsed, err
}

// control compares the outcomes of a vote with those of the same vote without poison.
func (b *ballotBox) control(read recordReader, groups [][]int, models []string, attacked map[vote.Rule][]vote.Outcome) (*VoteControl, error) {
	peaceful, err := newBallotBox(read, models[:len(groups)])
	if err != nil {
		return nil, err
	}
	if !slices.Equal(peaceful.probes(), b.probes()) {
		return nil, errors.New("summary: the vote without poison has other probes")
	}
	c := &VoteControl{Models: models}
	hit := map[int]bool{}
	for _, a := range b.record.Cell.Game.Attackers {
		if a.PoisonRate > 0 {
			c.Attackers++
			hit[slices.IndexFunc(groups, func(group []int) bool { return slices.Contains(group, a.ID) })] = true
		}
	}
	c.Groups = len(hit)
	for _, rule := range vote.Rules() {
		clean := peaceful.count(rule)
		outcome, _ := peaceful.outcome(rule, clean)
		o := ControlOutcome{VoteOutcome: outcome}
		for t := range mostAgents(clean) + 1 {
			o.Changed = append(o.Changed, ChangedAnswers{Agents: t})
		}
		for i, probe := range b.probes() {
			at, now := clean[i], attacked[rule][i]
			changed := now.Class != at.Class
			if changed && max(at.Agents, now.Agents) >= c.Groups {
				o.Broken++
			}
			row := &o.Changed[at.Agents]
			switch {
			case probe.Owner == game.Defender:
				count(&row.Clean, changed)
			case probe.Trigger != game.NoTrigger:
				count(&row.Triggered, changed)
			}
		}
		c.Rules = append(c.Rules, o)
	}
	return c, nil
}

// count adds an image to a rate.
func count(r *game.Rate, hit bool) {
	r.Of++
	if hit {
		r.Hits++
	}
}

// vote fills the result of a game whose defender votes.
func (j joiner) vote(row *GameResult, defender plan.PlannedDefender, models []*store.Result) error {
	v, measures, collapsed, err := newVote(j.results.Record, *defender.Vote, defender.Models, defender.Vote.Control)
	if errors.Is(err, fs.ErrNotExist) {
		row.Complete, row.SharedPixels, row.Repeats, row.EpochsTrained = false, 0, nil, nil // stored by a run that asked for no ballots
		return nil
	}
	if err != nil {
		return err
	}
	if row.Cost, err = j.cost(row.Models, models); err != nil {
		return err
	}
	for position, answer := range defender.Answers[:row.N] {
		if err := j.attacker(row, models[answer].Attackers[position], row.Models[answer]); err != nil {
			return err
		}
	}
	row.voted(v, measures, collapsed)
	return nil
}

// voted sets the figures that the answers of a vote give.
func (r *GameResult) voted(v *Vote, answers game.Measures, collapsed bool) {
	r.Vote, r.CleanAccuracy, r.Collapsed = v, answers.Clean, collapsed
	for position, reached := range answers.Attackers {
		a := &r.Attackers[position]
		a.ASR, a.BaseRate, a.Robustness, a.Lift = reached.ASR, reached.BaseRate, reached.Robustness, reached.Lift
		a.Randomness = nil // of one model
	}
}

// deriveVote gives a game the figures of the models that vote.
func deriveVote(s *store.Store, game *GameResult) error {
	if game.Vote == nil {
		return nil
	}
	v := game.Vote
	var control []string
	if v.Control != nil {
		control = v.Control.Models
	}
	again, measures, collapsed, err := newVote(s.Glance, plan.PlannedVote{Rule: v.Rule, Own: v.Own, Groups: v.Groups}, game.Models, control)
	if errors.Is(err, fs.ErrNotExist) {
		return store.ErrNotStored
	}
	if err != nil {
		return err
	}
	game.voted(again, measures, collapsed)
	return nil
}
