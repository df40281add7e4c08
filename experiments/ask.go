package experiments

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"backfire/defenses/detect"
	"backfire/defenses/features"
	"backfire/game"
	"backfire/stats"
)

// Ask is what a stored model is asked about images.
type Ask struct {
	Images string `json:"images"` // file of their raw values, N*C*H*W
	// Similarity asks how similar the images are to each attacker's contribution
	// by a method of package detect, in place of their classes.
	Similarity detect.Method `json:"similarity,omitempty"`
	// Batch makes all images one query; otherwise each is one.
	Batch bool `json:"batch,omitempty"`
}

// answersFile holds the answers in the job's directory.
const answersFile = "answers.json"

// answersTo is what a model answers to an Ask.
type answersTo struct {
	// Probabilities are by image and class.
	Probabilities [][]float32 `json:"probabilities,omitempty"`
	// Similarities are by query and attacker, comparable within a query.
	Similarities [][]stats.Number `json:"similarities,omitempty"`
}

// ask has a stored model answer.
func (w *Worker) ask(ctx context.Context, job Job) error {
	p := &playing{job: job}
	var err error
	if p.hash, err = job.Cell.Hash(); err != nil {
		return err
	}
	images, err := os.ReadFile(job.Ask.Images)
	if err != nil {
		return fmt.Errorf("experiments: ask: %w", err)
	}
	content, err := readModel(job.Predict)
	if err != nil {
		return err
	}
	for key, into := range map[string]*[]float64{metaMean: &p.norm.Mean, metaStd: &p.norm.Std} {
		if err := json.Unmarshal([]byte(content.Metadata[key]), into); err != nil {
			return fmt.Errorf("experiments: load %s: %s: %w", job.Predict, key, err)
		}
	}
	model, err := w.Engine.NewModel(ModelOptions{
		Cell: job.Cell, Images: job.Cell.Game.PoolSize, // any number will do: nothing is trained
		Mean: p.norm.Mean, Std: p.norm.Std, Device: job.Device, Threads: job.Threads,
	})
	if err != nil {
		return err
	}
	defer model.Close()
	if err := p.load(model, content); err != nil {
		return err
	}
	var answers answersTo
	if job.Ask.Similarity == "" {
		answers.Probabilities, err = classify(model, images, len(job.Cell.Data.Classes))
	} else {
		answers.Similarities, err = w.compare(ctx, p, model, images)
	}
	if err != nil {
		return err
	}
	return writeJSON(filepath.Join(job.Dir, answersFile), answers)
}

// classify gives the probability of each class of each image.
func classify(model TrainedModel, images []uint8, classes int) ([][]float32, error) {
	values, err := model.Probabilities(images)
	if err != nil {
		return nil, err
	}
	return slices.Collect(slices.Chunk(values, classes)), nil
}

// compare gives the similarity of each query to each attacker's contribution, as
// the model sees them: a query has the labels that the model predicts for it.
func (w *Worker) compare(ctx context.Context, p *playing, model TrainedModel, images []uint8) ([][]stats.Number, error) {
	set, err := w.dataset(ctx, p.job)
	if err != nil {
		return nil, err
	}
	if p.game, err = game.New(set, p.job.Cell.Game); err != nil {
		return nil, err
	}
	if err := p.stamp(); err != nil {
		return nil, err
	}
	bank, err := p.bank(model)
	if err != nil {
		return nil, err
	}
	estimator, err := detect.NewEstimator(p.job.Ask.Similarity, bank)
	if err != nil {
		return nil, err
	}
	labels, err := model.Predict(images)
	if err != nil {
		return nil, err
	}
	values, err := model.Features(images)
	if err != nil {
		return nil, err
	}
	all, err := features.New(values, len(values)/len(labels))
	if err != nil {
		return nil, err
	}
	queries := [][]int{make([]int, len(labels))}
	for i := range labels {
		queries[0][i] = i
	}
	if !p.job.Ask.Batch {
		queries = slices.Collect(slices.Chunk(queries[0], 1))
	}
	var similarities [][]stats.Number
	for _, query := range queries {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		sample := detect.Sample{Features: features.Rows(all, query)}
		for _, i := range query {
			sample.Labels = append(sample.Labels, labels[i])
		}
		similarity, err := estimator.Similarity(sample)
		if err != nil {
			return nil, err
		}
		numbers := make([]stats.Number, len(similarity))
		for i, s := range similarity {
			numbers[i] = stats.Number(s)
		}
		similarities = append(similarities, numbers)
	}
	return similarities, nil
}
