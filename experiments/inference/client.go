// Package inference asks stored models about images, as a defender does with the
// queries that it receives.
//
// [Select] finds a stored run, and in it the game and the defender that answers.
// [Client.HeldOut] draws held-out images of the game, [Client.Stamp] puts an
// attacker's trigger on images, and [Client.Answer] chooses the model that answers
// each of them and asks it. A [Client] asks single models, too.
//
// Three promises hold. A model answers in a worker process of its own, so a crash
// of libtorch is an error and not the end of the caller. The store is only read.
// The answer about an image that belongs to a stored result is the one that the
// result was measured with, on the kind of machine that trained it.
package inference

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"backfire/defenses/detect"
	"backfire/experiments/cell"
	"backfire/experiments/store"
	"backfire/experiments/worker"
	"backfire/game"
	"backfire/internal/disk"
	"backfire/internal/jsonfile"
	"backfire/stats"
)

// ErrNoModel is wrapped by the error about a result that is stored without its
// model.
var ErrNoModel = errors.New("its model is not stored")

// Client asks stored models about images, each in a worker process. It is not for
// concurrent use.
type Client struct {
	StoredModels
}

// Game deals the game of a cell, which follows from the cell alone.
func (c *Client) Game(ctx context.Context, cell cell.Cell) (*game.Game, error) {
	set, _, err := c.Images(ctx, cell.Data)
	if err != nil {
		return nil, err
	}
	return game.New(set, cell.Game)
}

// Probabilities returns the probabilities, from 0 to 1, that the model with a hash
// gives each class of each image, by image and class. The images are raw values,
// N*C*H*W of them. The error wraps [ErrNoModel], [store.ErrNotStored] or
// [store.ErrBroken] where the model cannot be asked.
func (c *Client) Probabilities(ctx context.Context, hash string, images []uint8) ([][]float32, error) {
	answers, err := c.send(ctx, hash, images, worker.Query{})
	if err != nil {
		return nil, err
	}
	return answers.Probabilities, nil
}

// Examine returns the probabilities that [Client.Probabilities] returns, and the penultimate features of each
// image, both by image. The error is that of Probabilities.
func (c *Client) Examine(ctx context.Context, hash string, images []uint8) (probabilities, features [][]float32, err error) {
	answers, err := c.send(ctx, hash, images, worker.Query{Features: true})
	if err != nil {
		return nil, nil, err
	}
	return answers.Probabilities, answers.Features, nil
}

// Unlearned returns the probabilities that an attribution's model gives after it has
// unlearned the images of the attacker with an ID, as the attribution unlearned them.
// Images, result and errors are those of [Client.Probabilities].
func (c *Client) Unlearned(ctx context.Context, hash string, id int, images []uint8) ([][]float32, error) {
	answers, err := c.send(ctx, hash, images, worker.Query{Unlearn: &id})
	if err != nil {
		return nil, err
	}
	return answers.Probabilities, nil
}

// Similarities returns the similarity of each image, or with batch of all images
// together, to the contribution of each attacker of the model's cell, by query and
// attacker. Values are comparable within a query; they are undefined where there is
// nothing to compare. Images and errors are those of [Client.Probabilities].
func (c *Client) Similarities(ctx context.Context, hash string, images []uint8, method detect.Method, batch bool) ([][]stats.Number, error) {
	answers, err := c.send(ctx, hash, images, worker.Query{Similarity: method, Batch: batch})
	if err != nil {
		return nil, err
	}
	return answers.Similarities, nil
}

// send sends a query to a stored model and returns its answers.
func (c *Client) send(ctx context.Context, hash string, images []uint8, query worker.Query) (worker.Answers, error) {
	record, err := c.Store.Read(hash)
	if err != nil {
		return worker.Answers{}, err
	}
	fail := func(err error) (worker.Answers, error) {
		return worker.Answers{}, fmt.Errorf("inference: ask %.12s: %w", hash, err)
	}
	if !record.Artefacts().Model {
		return worker.Answers{}, fmt.Errorf("inference: ask %.12s (%s): %w", hash, record.Cell.Title(), ErrNoModel)
	}
	if err := c.Store.CheckModule(record.Cell); err != nil {
		return fail(err)
	}
	environment, err := record.Environment()
	if err != nil {
		return worker.Answers{}, err
	}
	source := c.Source
	if query.NeedsDeal() {
		if _, source, err = c.Images(ctx, record.Cell.Data); err != nil {
			return worker.Answers{}, err
		}
	}
	path, err := filepath.Abs(record.File(store.ModelFile))
	if err != nil {
		return fail(err)
	}
	scratch, err := disk.NewScratch()
	if err != nil {
		return fail(err)
	}
	defer scratch.Close()
	dir := disk.In(scratch.Path())
	if err := dir.WriteFile("images.bin", images); err != nil {
		return fail(err)
	}
	query.Images, query.Source, query.Dir, query.Model = dir.Path("images.bin"), source, dir.Path("."), path
	if err := c.Ask(ctx, func(device string) worker.Request {
		query.Setup = worker.Setup{Cell: record.Cell, Device: device, Threads: environment.Threads, Module: c.Store.ModulePath(record.Cell)}
		return query
	}); err != nil {
		return fail(err)
	}
	var answers worker.Answers
	if err := jsonfile.ReadIn(dir, worker.AnswersFile, &answers); err != nil {
		return fail(err)
	}
	return answers, nil
}
