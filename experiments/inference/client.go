package inference

import (
	"context"
	"errors"
	"fmt"
	"os"
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

// ErrNoModel says that a result is stored without its model.
var ErrNoModel = errors.New("its model is not stored")

// Consultant asks stored models about images, each in a worker process.
type Client struct {
	StoredModels
}

// Game deals the game of a cell again.
func (c *Client) Game(ctx context.Context, cell cell.Cell) (*game.Game, error) {
	set, _, err := c.Images(ctx, cell.Data)
	if err != nil {
		return nil, err
	}
	return game.New(set, cell.Game)
}

// Probabilities asks the model called hash what it gives each class of each image
// (raw values, N*C*H*W): values from 0 to 1 by image and class. The error wraps
// ErrNoModel, ErrNotStored or ErrBroken where the model cannot be asked.
func (c *Client) Probabilities(ctx context.Context, hash string, images []uint8) ([][]float32, error) {
	answers, err := c.send(ctx, hash, images, worker.Query{})
	if err != nil {
		return nil, err
	}
	return answers.Probabilities, nil
}

// Unlearned asks the same of the model of an inquiry after it has unlearned the
// sub-dataset of the attacker with an ID, as the inquiry did. The error is that of
// Probabilities.
func (c *Client) Unlearned(ctx context.Context, hash string, id int, images []uint8) ([][]float32, error) {
	answers, err := c.send(ctx, hash, images, worker.Query{Unlearn: &id})
	if err != nil {
		return nil, err
	}
	return answers.Probabilities, nil
}

// Similarities asks the model called hash how similar each image, or all of them
// together with batch, is to the contribution of each attacker of its cell: by
// query and attacker, comparable within a query; undefined where there is nothing
// to compare. The error is that of Probabilities.
func (c *Client) Similarities(ctx context.Context, hash string, images []uint8, method detect.Method, batch bool) ([][]stats.Number, error) {
	answers, err := c.send(ctx, hash, images, worker.Query{Similarity: method, Batch: batch})
	if err != nil {
		return nil, err
	}
	return answers.Similarities, nil
}

// consult asks a stored model.
func (c *Client) send(ctx context.Context, hash string, images []uint8, ask worker.Query) (worker.Answers, error) {
	record, err := c.Store.Read(hash)
	if err != nil {
		return worker.Answers{}, err
	}
	if !record.Artefacts().Model {
		return worker.Answers{}, fmt.Errorf("experiments: ask %.12s (%s): %w", hash, record.Cell.Title(), ErrNoModel)
	}
	environment, err := record.Environment()
	if err != nil {
		return worker.Answers{}, err
	}
	source := c.Source
	if ask.NeedsDeal() {
		if _, source, err = c.Images(ctx, record.Cell.Data); err != nil {
			return worker.Answers{}, err
		}
	}
	path, err := filepath.Abs(record.File(store.ModelFile))
	if err != nil {
		return worker.Answers{}, fmt.Errorf("experiments: ask %.12s: %w", hash, err)
	}
	dir, err := os.MkdirTemp("", "backfire-ask-")
	if err != nil {
		return worker.Answers{}, fmt.Errorf("experiments: ask %.12s: %w", hash, err)
	}
	defer func() { _ = os.RemoveAll(dir) }() // a temporary directory may stay
	ask.Images = filepath.Join(dir, "images.bin")
	if err := os.WriteFile(ask.Images, images, disk.FileMode); err != nil {
		return worker.Answers{}, fmt.Errorf("experiments: ask %.12s: %w", hash, err)
	}
	if err := c.Ask(ctx, worker.Job{
		Cell: record.Cell, Source: source, Dir: dir, Predict: path, Query: &ask, Threads: environment.Threads,
	}); err != nil {
		return worker.Answers{}, fmt.Errorf("experiments: ask %.12s: %w", hash, err)
	}
	var answers worker.Answers
	if err := jsonfile.Read(filepath.Join(dir, worker.AnswersFile), &answers); err != nil {
		return worker.Answers{}, fmt.Errorf("experiments: ask %.12s: %w", hash, err)
	}
	return answers, nil
}
