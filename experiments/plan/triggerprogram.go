package plan

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"time"

	"backfire/experiments/patterns"
	"backfire/game"
	"backfire/internal/program"
	"backfire/triggers"
)

// anyTrigger stands for the trigger that a program is still to make. The deal does not depend on it.
var anyTrigger = triggers.Spec{P1: 1, P2: 1, Range: triggers.PerDimension}

// stamps reports whether a program has stamped each image of an attacker, so that there is no common trigger.
func stamps(a game.Attacker) bool { return a.Trigger.Stamped != "" }

// askProgram has the program of trigger.command make the triggers of all attackers, with their images in the
// largest game. Colluders have their leader's. The error wraps program.ErrProgram if the program is at fault.
func (p *planner) askProgram(ctx context.Context) error {
	if triggers.Kind(p.cfg.Trigger.Kind) != triggers.Program {
		return nil
	}
	sum, err := program.Sum(p.cfg.Trigger.Command)
	if err != nil {
		return fmt.Errorf("trigger.command: %w", err)
	}
	deal, err := p.cellOf(p.all).Game.Deal(p.set)
	if err != nil {
		return err
	}
	p.set = p.set.WithStamped(patterns.Dir(p.cfg.Store))
	questions := make([]patterns.Question, len(p.all))
	for i, a := range p.all {
		questions[i] = patterns.Question{
			Path: p.cfg.Trigger.Command, SHA256: sum, Version: p.cfg.Trigger.Version, Limit: time.Duration(p.cfg.Trigger.Limit) * time.Second,
			Store: p.cfg.Store, Set: p.set, Seed: p.cfg.TriggerSeed(), Attacker: a.ID, Target: a.TargetLabel(),
			Contributed: deal.Attackers[i].Contributed, HeldOut: deal.Attackers[i].HeldOut,
		}
	}
	answers, err := p.askAll(ctx, questions)
	if err != nil {
		return fmt.Errorf("trigger.command: %w", err)
	}
	for i, a := range p.all {
		from := i
		if a.Colludes != nil {
			from = p.position(*a.Colludes)
		}
		p.all[i].Trigger = answers[from].Spec(questions[from])
	}
	return p.checkAnswers()
}

// askAll asks about all attackers that do not collude, as many at a time as there are processors. An error ends
// the programs that run.
func (p *planner) askAll(ctx context.Context, questions []patterns.Question) ([]patterns.Answer, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	answers, errs := make([]patterns.Answer, len(questions)), make([]error, len(questions))
	free := make(chan struct{}, runtime.NumCPU())
	var group sync.WaitGroup
	for i, question := range questions {
		if p.all[i].Colludes != nil {
			continue
		}
		group.Go(func() {
			free <- struct{}{}
			defer func() { <-free }()
			if errs[i] = ctx.Err(); errs[i] != nil {
				return
			}
			if answers[i], errs[i] = patterns.Ask(ctx, question); errs[i] != nil {
				cancel()
			}
		})
	}
	group.Wait()
	// The first error that is not of the cancellation.
	for _, err := range errs {
		if err != nil && !errors.Is(err, context.Canceled) {
			return nil, err
		}
	}
	return answers, errors.Join(errs...)
}

// checkAnswers refuses answers of two kinds, and stamped images where attackers own other images from game to
// game or share a trigger.
func (p *planner) checkAnswers() error {
	stamped := slices.IndexFunc(p.all, stamps)
	if stamped < 0 {
		return nil
	}
	id := p.all[stamped].ID
	if i := slices.IndexFunc(p.all, func(a game.Attacker) bool { return !stamps(a) }); i >= 0 {
		return fmt.Errorf("trigger.command: %w: it stamped the images of attacker %d and made a pattern for attacker %d: it must answer alike for all", program.ErrProgram, id, p.all[i].ID)
	}
	if p.seats == 0 && p.cfg.Attackers.Largest() > 1 {
		return errors.New("trigger.command: the program stamps images, but with deal.seats = n an attacker owns other images in each game: set deal.seats to max or to a number")
	}
	if i := slices.IndexFunc(p.all, func(a game.Attacker) bool { return a.Colludes != nil }); i >= 0 {
		return fmt.Errorf("attackers.colluders: the program of trigger.command stamps images, so attacker %d has no trigger that it could share", p.all[i].ID)
	}
	return nil
}
